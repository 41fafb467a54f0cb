/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_LADDER_H
#define CPU_LADDER_H

/*
 * The ladder while it is built: each source adds its rungs in ladder order, and at the end the
 * lowest one decides.  A rung is added before its file is read, so that nothing that was looked at
 * is missing from `--explain`.  Text from outside is made printable here, at the one place through
 * which all of it comes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"
#include "cpu/cpu.h"

enum {
    LADDER_FILE_MAX = 64 * 1024, /* of a file of the kernel's that holds a number or a few */
    LADDER_RAW_MAX = 200,        /* what a rung keeps of the text read */
    LADDER_NOTE_MAX = 400
};

struct ladder {
    const struct cpu_opts *opts;
    struct cpu_limits *limits;
};

/* Adds a rung without a value.  Borrowed until the next one is added. */
struct cpu_rung *ladder_add(struct ladder *l, enum cpu_source source, bool is_memory,
                            const char *where);
void ladder_value(struct cpu_rung *r, double value);
void ladder_raw(struct cpu_rung *r, struct str raw); /* replaces what was kept */
void ladder_note(struct cpu_rung *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A variable of the environment; NULL where it is unset or empty. */
const char *ladder_env(const struct ladder *l, const char *name);

/* Appends a file to out and sets *text to what it holds, without blanks at its ends.  On failure
 * the reason becomes r's note. */
bool ladder_read(const struct ladder *l, const char *path, struct cpu_rung *r, struct buf *out,
                 struct str *text);

/* Fills in the answers of limits from its rungs: explicit wins, else the lowest, of equal ones the
 * first. */
void ladder_decide(struct cpu_limits *limits);

#endif
