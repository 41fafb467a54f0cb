/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ELF_H
#define IMAGES_ELF_H

/*
 * What an image needs to know of a program: which processor it is for and whether it asks for an
 * interpreter (a dynamic linker).  The file is untrusted: every offset in it is checked.
 */

#include <stdbool.h>

#include "base/attr.h"

struct err;

enum { ELF_INTERPRETER_MAX = 256 };

struct elf {
    bool is_elf;      /* false for scripts and all else; then the other fields are empty */
    const char *arch; /* Go's name ("amd64"), NULL for a processor that has none */
    char interpreter[ELF_INTERPRETER_MAX]; /* "/lib64/ld-linux-x86-64.so.2", or "" when static */
};

/* ERR_INVALID for a file that begins as ELF and contradicts itself. */
int elf_read(const char *path, struct elf *out, struct err *err) NODISCARD;

#endif
