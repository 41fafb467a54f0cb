/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_ELF_NEEDS_H
#define IMAGES_ELF_NEEDS_H

/*
 * Which shared libraries a dynamic program needs, and where they are: what its dynamic linker would
 * load (ld.so(8), System V gABI "Dynamic Linking"), found out without running anything, also for
 * another processor.  The environment does not count.
 *
 * Looked through for each library, in this order: the folders of RUNPATH (else RPATH) of whoever
 * needs it, the caller's folders, those that ld.so.conf of the root names, the usual ones.
 */

#include <stddef.h>

#include "base/attr.h"
#include "base/cli.h"

struct err;

enum { ELF_NEEDS_MAX = 4096 /* libraries of one program */ };

struct elf_need {
    char *name; /* "libc.so.6" */
    char *path; /* on this machine; NULL: not found */
    char *dest; /* where the image must have it */
};

struct elf_needs {
    struct elf_need *v; /* n of them, the interpreter first, in the order they were found */
    size_t n;
};

#define ELF_NEEDS_INIT \
    {                  \
        NULL, 0        \
    }
#define cleanup_elf_needs __attribute__((cleanup(elf_needs_done)))

/* Nothing for a static program.  root is the prefix of the machine's folders, "" for its own.
 * Libraries that are not found are no error here.  ERR_INVALID for damaged files. */
int elf_needs_find(const char *program, const struct cli_list *folders, const char *root,
                   struct elf_needs *out, struct err *err) NODISCARD;
void elf_needs_done(struct elf_needs *n);

#endif
