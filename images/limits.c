/* SPDX-License-Identifier: Apache-2.0 */
#include "images/limits.h"

#include "base/err.h"

static void
fill(uint64_t *field, uint64_t value)
{
    if (*field == 0)
        *field = value;
}

void
limits_fill(struct limits *l)
{
    fill(&l->gib, LIMITS_GIB);
    fill(&l->entries, LIMITS_ENTRIES);
    fill(&l->ratio, LIMITS_RATIO);
    fill(&l->path, LIMITS_PATH);
    fill(&l->pax_kib, LIMITS_PAX_KIB);
    fill(&l->zstd_mib, LIMITS_ZSTD_MIB);
}

int
limits_count_bytes(struct limits *l, uint64_t in, uint64_t out, size_t n, struct err *err)
{
    l->bytes_used += n;
    if (l->bytes_used > l->gib << 30)
        return err_set(err, ERR_LIMIT,
                       "the layers hold more than %llu GiB: --max-size raises the limit",
                       (unsigned long long)l->gib);
    if (out > LIMITS_RATIO_FROM && out / l->ratio > in)
        return err_set(err, ERR_LIMIT,
                       "the layer grows to more than %llu times its compressed size: --max-ratio "
                       "raises the limit",
                       (unsigned long long)l->ratio);
    return 0;
}

int
limits_count_entry(struct limits *l, struct err *err)
{
    if (++l->entries_used > l->entries)
        return err_set(err, ERR_LIMIT,
                       "the layers have more than %llu entries: --max-entries raises the limit",
                       (unsigned long long)l->entries);
    return 0;
}
