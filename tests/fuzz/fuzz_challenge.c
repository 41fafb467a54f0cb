/* SPDX-License-Identifier: Apache-2.0 */

/* The input is the value of WWW-Authenticate.  What was understood is text without control
 * characters, and what a malformed value leaves behind is none or a whole challenge. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "images/registry_challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
check_text(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_challenge struct challenge c = CHALLENGE_INIT;
    struct str value = {(const char *)data, size};

    if (!challenge_parse(value, &c))
        must(size > 0);
    must(c.scheme != CHALLENGE_NONE || (c.realm == NULL && c.service == NULL));
    check_text(c.realm);
    check_text(c.service);
    return 0;
}
