/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_PROGRAM_H
#define IMAGES_PROGRAM_H

/*
 * The program that a container starts, looked at before the image is made: is it there, may it be
 * executed, for which processor is it, does it need an interpreter that is not in the image.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "images/platform.h"

struct buf;
struct err;
struct tree;

struct program {
    bool is_elf;
    const char *arch; /* Go's name, NULL when it is no ELF file or for an unknown processor */
};

/* path is absolute in the image.  Appends one line to warnings for each thing that will keep it
 * from starting. */
int program_check(const struct tree *t, const char *path, struct program *out, struct buf *warnings,
                  struct err *err) NODISCARD;

/* The platform of the image: the one asked for, which must be the program's; else the program's;
 * else this machine's.  asked may be NULL, and path is where there is no program. */
int program_platform(const struct program *p, const char *path, const struct platform *asked,
                     struct platform *out, struct err *err) NODISCARD;

#endif
