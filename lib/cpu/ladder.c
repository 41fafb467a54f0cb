/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ladder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { RUNGS_FIRST = 16, PRINTABLE_MAX = 8 * 1024 };

/* Printable ASCII stays, the rest is escaped: what a peer or a folder's name holds must not move a
 * terminal's cursor or forge a line.  At most max bytes of s are kept (0: all). */
static char *
printable(struct str s, size_t max)
{
    cleanup_buf struct buf b = BUF_INIT(PRINTABLE_MAX * 4);
    size_t n = max > 0 && s.n > max ? max : s.n;

    if (n > PRINTABLE_MAX)
        n = PRINTABLE_MAX - 3;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\n')
            buf_append_str(&b, "\\n");
        else if (c == '\t')
            buf_append_str(&b, "\\t");
        else if (c < 0x20 || c > 0x7e)
            buf_appendf(&b, "\\x%02x", c);
        else
            buf_append_char(&b, (char)c);
    }
    if (n < s.n)
        buf_append_str(&b, "...");
    return buf_take(&b);
}

struct cpu_rung *
ladder_add(struct ladder *l, enum cpu_source source, bool is_memory, const char *where)
{
    struct cpu_limits *limits = l->limits;
    struct cpu_rung *r;

    /* The array is doubled whenever its size is a power of two from the first on. */
    if (limits->n_rungs == 0)
        limits->rungs = mem_realloc(NULL, RUNGS_FIRST, sizeof(*limits->rungs));
    else if (limits->n_rungs >= RUNGS_FIRST && (limits->n_rungs & (limits->n_rungs - 1)) == 0)
        limits->rungs = mem_realloc(limits->rungs, limits->n_rungs * 2, sizeof(*limits->rungs));
    r = &limits->rungs[limits->n_rungs++];
    *r = (struct cpu_rung){.source = source, .is_memory = is_memory};
    r->where = printable(str_from(where), 0);
    return r;
}

void
ladder_value(struct cpu_rung *r, double value)
{
    r->has_value = true;
    r->value = value;
}

void
ladder_raw(struct cpu_rung *r, struct str raw)
{
    free(r->raw);
    /* Room for the dots, so that the limit holds for the text as it is kept. */
    r->raw = printable(raw, raw.n > LADDER_RAW_MAX ? LADDER_RAW_MAX - 3 : 0);
}

void
ladder_note(struct cpu_rung *r, const char *fmt, ...)
{
    char text[LADDER_NOTE_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    free(r->note);
    r->note = printable(str_from(text), 0);
}

const char *
ladder_env(const struct ladder *l, const char *name)
{
    const char *value = l->opts->getenv != NULL ? l->opts->getenv(name) : getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

bool
ladder_read(const struct ladder *l, const char *path, struct cpu_rung *r, struct buf *out,
            struct str *text)
{
    struct err err = ERR_INIT;

    if (fs_root_read(&l->opts->root, path, out, &err) < 0) {
        /* The error's own text names the fixture's folder in tests; the rung names the file. */
        if (err.sys != 0)
            ladder_note(r, "%s", strerror(err.sys));
        else
            ladder_note(r, "larger than %zu bytes, not read", out->limit);
        return false;
    }
    *text = str_trim(buf_view(out));
    ladder_raw(r, *text);
    return true;
}

static bool
decides(const struct cpu_rung *r, const struct cpu_rung *best)
{
    if (!r->has_value)
        return false;
    if (best == NULL)
        return true;
    return best->source != CPU_SOURCE_EXPLICIT && r->value < best->value;
}

static const struct cpu_rung *
lowest(const struct cpu_limits *limits, bool is_memory)
{
    const struct cpu_rung *best = NULL;

    for (size_t i = 0; i < limits->n_rungs; i++) {
        const struct cpu_rung *r = &limits->rungs[i];

        if (r->is_memory == is_memory && decides(r, best))
            best = r;
    }
    return best;
}

void
ladder_decide(struct cpu_limits *limits)
{
    const struct cpu_rung *cpu = lowest(limits, false);
    const struct cpu_rung *memory = lowest(limits, true);

    if (cpu != NULL) {
        limits->cpus = cpu->value;
        limits->cpus_source = cpu->source;
        limits->cpus_where = mem_strdup(cpu->where);
    }
    if (memory != NULL) {
        limits->memory_bytes = (uint64_t)memory->value;
        limits->memory_source = memory->source;
        limits->memory_where = mem_strdup(memory->where);
    }
    limits->cpus_rung = cpu != NULL ? (size_t)(cpu - limits->rungs) : limits->n_rungs;
    limits->memory_rung = memory != NULL ? (size_t)(memory - limits->rungs) : limits->n_rungs;
}
