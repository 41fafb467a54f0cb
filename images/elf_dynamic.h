/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ELF_DYNAMIC_H
#define IMAGES_ELF_DYNAMIC_H

/* What an ELF file's dynamic section says of libraries. */

#include <stdint.h>

#include "base/attr.h"
#include "base/cli.h"

struct err;

struct elf_dynamic {
    struct cli_list needed; /* names; the texts are the file's, in strings */
    const char *search;     /* of RUNPATH, else RPATH: folders with colons; NULL */
    uint64_t kind;          /* processor, width and order: equal for files that fit together */
    char *strings;
};

#define ELF_DYNAMIC_INIT         \
    {                            \
        {NULL, 0}, NULL, 0, NULL \
    }
#define cleanup_elf_dynamic __attribute__((cleanup(elf_dynamic_done)))

/* A file without a dynamic section needs nothing; what is no ELF file has kind 0. */
int elf_dynamic_read(const char *path, struct elf_dynamic *out, struct err *err) NODISCARD;
void elf_dynamic_done(struct elf_dynamic *d);

#endif
