/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ELF_FILE_H
#define IMAGES_ELF_FILE_H

/* An ELF file's header, segments and bytes, of either width and order.  Every offset is checked. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

struct err;

enum { ELF_FILE_HEADER = 64, ELF_FILE_SEGMENT = 56, ELF_FILE_SEGMENTS_MAX = 512 };

struct elf_file {
    int fd;
    const char *path; /* borrowed, for errors */
    bool is_elf;      /* false for scripts and all else */
    bool wide;        /* 64 bit */
    bool big;         /* most significant byte first */
    unsigned char header[ELF_FILE_HEADER];
    unsigned segments;
};

#define ELF_FILE_INIT                         \
    {                                         \
        -1, NULL, false, false, false, {0}, 0 \
    }
#define cleanup_elf_file __attribute__((cleanup(elf_file_close)))

/* A segment: where its bytes lie in the file and in memory. */
struct elf_segment {
    uint32_t type;
    uint64_t offset, address, size; /* of the part that is in the file */
};

/* What is no ELF file at all is no error.  ERR_INVALID for one that contradicts itself. */
int elf_file_open(const char *path, struct elf_file *out, struct err *err) NODISCARD;
void elf_file_close(struct elf_file *f);

int elf_file_segment(const struct elf_file *f, unsigned i, struct elf_segment *out,
                     struct err *err) NODISCARD;

/* Up to n bytes at an offset; a file that ends there gives fewer.  -1 with err. */
ssize_t elf_file_read(const struct elf_file *f, uint64_t offset, void *into, size_t n,
                      struct err *err);

/* An unsigned number of n bytes at p, in the file's order. */
uint64_t elf_file_number(const struct elf_file *f, const unsigned char *p, size_t n);

/* ERR_INVALID "'path': a damaged ELF file: why". */
int elf_file_broken(const struct elf_file *f, struct err *err, const char *why);

#endif
