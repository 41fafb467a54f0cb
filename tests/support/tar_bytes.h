/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_TAR_BYTES_H
#define SUPPORT_TAR_BYTES_H

/* Tar streams as tests write them: header by header, right or wrong. */

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { TAR_BLOCK = 512 };

static inline void
tar_bytes_header(struct buf *b, const char *name, char type, unsigned size, const char *link)
{
    char h[TAR_BLOCK] = {0};
    unsigned sum = 0;

    snprintf(h, 100, "%s", name);
    snprintf(h + 100, 8, "%07o", 0644);
    snprintf(h + 108, 8, "%07o", 0);
    snprintf(h + 116, 8, "%07o", 0);
    snprintf(h + 124, 12, "%011o", size);
    snprintf(h + 136, 12, "%011o", 0);
    memset(h + 148, ' ', 8);
    h[156] = type;
    snprintf(h + 157, 100, "%s", link);
    memcpy(h + 257, "ustar\00000", 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    buf_append(b, h, TAR_BLOCK);
}

static inline void
tar_bytes_content(struct buf *b, const char *text)
{
    static const char zeros[TAR_BLOCK];
    size_t n = strlen(text);

    buf_append(b, text, n);
    buf_append(b, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK);
}

static inline void
tar_bytes_file(struct buf *b, const char *name, const char *text)
{
    tar_bytes_header(b, name, '0', (unsigned)strlen(text), "");
    tar_bytes_content(b, text);
}

static inline void
tar_bytes_pax(struct buf *b, const char *records)
{
    tar_bytes_header(b, "pax", 'x', (unsigned)strlen(records), "");
    tar_bytes_content(b, records);
}

#endif
