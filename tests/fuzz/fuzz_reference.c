/* SPDX-License-Identifier: Apache-2.0 */

/* The input is an image name.  What was accepted must fit the specifications' limits, must not lead
 * out of a folder as a digest, and must mean the same when it is written out and read again. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static bool
is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_parts(const struct ref *ref)
{
    must(ref->digest == NULL || (strchr(ref->digest, '/') == NULL && ref->digest[0] != '.'));
    must(ref->repository == NULL || (ref->repository[0] != '\0' && ref->repository[0] != '/' &&
                                     strstr(ref->repository, "..") == NULL));
    must(ref->repository == NULL || ref->tag == NULL || strlen(ref->tag) <= REF_TAG_MAX);
    must(ref->path == NULL || (ref->path[0] != '\0' && strchr(ref->path, ':') == NULL));
    must(ref->path != NULL || ref->repository != NULL);
}

/* "docker://NAME" of what was understood is understood in the same way. */
static void
check_round_trip(const struct ref *ref)
{
    cleanup_free char *name = ref_tagged_name(ref);
    cleanup_free char *full = ref_full_name(ref);
    cleanup_free char *text = NULL;
    cleanup_ref struct ref again = REF_INIT;
    struct err err = ERR_INIT;

    must((name == NULL) == (ref->repository == NULL) && (full == NULL) == (name == NULL));
    if (name == NULL)
        return;
    text = mem_printf("docker://%s%s%s", name, ref->digest != NULL ? "@" : "",
                      ref->digest != NULL ? ref->digest : "");
    must(ref_parse(text, &again, &err) == 0);
    must(is_same(ref->host, again.host) && is_same(ref->repository, again.repository) &&
         is_same(ref->digest, again.digest));
    must(is_same(ref->tag != NULL ? ref->tag : "latest", again.tag));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_strndup((const char *)data, size);
    cleanup_ref struct ref ref = REF_INIT;
    struct err err = ERR_INIT;

    if (ref_parse(text, &ref, &err) < 0) {
        must(err.code == ERR_INVALID && err.msg[0] != '\0');
        return 0;
    }
    check_parts(&ref);
    check_round_trip(&ref);
    return 0;
}
