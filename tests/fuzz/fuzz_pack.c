/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An archive of files, as it is and with its size and check made right, so that the fuzzer reaches
 * what lies behind them.  Whatever is accepted must lie within the archive.
 */

#include <assert.h>
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "server/pack.h"
#include "server/static_open.h"

static void
use(const struct pack *p, const char *bytes, size_t size)
{
    uint32_t at;

    for (uint32_t i = 0; i < p->n; i++) {
        const struct pack_file *f = &p->files[i];
        struct str path = {f->path, f->path_n};
        unsigned sum = 0;

        assert(static_open_allowed(path));
        assert(pack_find(p, path, &at) && at == i);
        assert(f->at <= size && f->size <= size - f->at);
        for (uint64_t k = 0; k < f->size; k++)
            sum += (unsigned char)bytes[f->at + k];
        assert(sum <= 255 * f->size);
        for (unsigned k = 0; k < PACK_CODED; k++)
            assert(f->coded[k] <= p->n);
        assert(!pack_has_folder(p, path) || i + 1 < p->n);
    }
}

static void
read_pack(const char *bytes, size_t size)
{
    struct err err = ERR_INIT;
    struct pack *p = pack_parse(bytes, size, &err);

    if (p != NULL)
        use(p, bytes, size);
    else
        assert(err.code != ERR_NONE && err.msg[0] != '\0');
    pack_close(p);
}

static void
put64(char *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof(v));
}

static void
make_right(char *bytes, size_t size)
{
    uint32_t n;
    uint64_t text_n;

    memcpy(&n, bytes + 12, sizeof(n));
    memcpy(&text_n, bytes + 16, sizeof(text_n));
    n = le32toh(n);
    text_n = le64toh(text_n);
    put64(bytes + 24, size);
    if ((uint64_t)n * PACK_RECORD <= size - PACK_HEADER &&
        text_n <= size - PACK_HEADER - (uint64_t)n * PACK_RECORD)
        put64(bytes + 32,
              pack_check(bytes + PACK_HEADER, (size_t)((uint64_t)n * PACK_RECORD + text_n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);

    memcpy(copy + 1, data, size);
    read_pack(copy + 1, size);
    if (size >= PACK_HEADER) {
        make_right(copy + 1, size);
        read_pack(copy + 1, size);
    }
    free(copy);
    return 0;
}
