/* SPDX-License-Identifier: Apache-2.0 */

/* Headers of the PROXY protocol: split at every place they must read alike. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/address.h"
#include "server/proxy_protocol.h"

enum { LIMIT = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_protocol whole;
    enum proxy_protocol_result result;
    char text[ADDRESS_TEXT_MAX];

    memset(&whole, 0, sizeof(whole));
    result = proxy_protocol_parse((const char *)data, size, LIMIT, &whole);
    if (result == PROXY_PROTOCOL_DONE) {
        assert(whole.size > 0 && whole.size <= size && whole.size <= LIMIT);
        if (whole.has_source) {
            address_format(&whole.source, text);
            assert(strlen(text) > 0);
        }
    }
    for (size_t n = 0; n < size; n++) {
        struct proxy_protocol part;
        char *copy = malloc(n + 1);
        enum proxy_protocol_result r;

        memcpy(copy, data, n);
        r = proxy_protocol_parse(copy, n, LIMIT, &part);
        free(copy);
        /* Never another answer than the whole's, only an earlier or a later one. */
        assert(r == PROXY_PROTOCOL_MORE || r == result);
        if (r == PROXY_PROTOCOL_DONE)
            assert(part.size == whole.size && part.size == n);
        if (r != PROXY_PROTOCOL_MORE)
            break;
    }
    return 0;
}
