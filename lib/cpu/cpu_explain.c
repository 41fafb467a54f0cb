/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "json/json.h"

enum {
    VALUE_TEXT_MAX = 40,
    WHERE_COLUMN_MAX = 44 /* what was read goes below a place that is longer */
};

static const double KIB = 1024;

/* "512 MiB" where that is exact, else bytes with one decimal of the unit. */
static void
format_bytes(double bytes, char out[VALUE_TEXT_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;

    while (bytes >= KIB && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= KIB;
        unit++;
    }
    snprintf(out, VALUE_TEXT_MAX, "%.*f %s", bytes == floor(bytes) ? 0 : 1, bytes, units[unit]);
}

static void
format_value(const struct cpu_rung *r, char out[VALUE_TEXT_MAX])
{
    char number[32];

    if (!r->has_value) {
        snprintf(out, VALUE_TEXT_MAX, "-");
    } else if (r->is_memory) {
        format_bytes(r->value, out);
    } else if (r->value >= 0.0001 && r->value < 1e6) {
        num_format_decimal(r->value, number);
        snprintf(out, VALUE_TEXT_MAX, "%s", number);
    } else {
        snprintf(out, VALUE_TEXT_MAX, "%.3g", r->value);
    }
}

struct columns {
    int value, name, where;
};

static int
wider(int width, const char *text, int max)
{
    size_t n = strlen(text);

    return n > (size_t)width && n <= (size_t)max ? (int)n : width;
}

static struct columns
measure(const struct cpu_limits *l)
{
    struct columns c = {0, 0, 0};

    for (size_t i = 0; i < l->n_rungs; i++) {
        char value[VALUE_TEXT_MAX];

        format_value(&l->rungs[i], value);
        c.value = wider(c.value, value, VALUE_TEXT_MAX);
        c.name = wider(c.name, cpu_source_name(l->rungs[i].source), VALUE_TEXT_MAX);
        c.where = wider(c.where, l->rungs[i].where, WHERE_COLUMN_MAX);
    }
    return c;
}

static void
explain_rung(const struct cpu_rung *r, bool decides, struct columns c, struct buf *out)
{
    size_t start = out->n;
    char value[VALUE_TEXT_MAX];
    int indent;

    format_value(r, value);
    buf_appendf(out, "%c %-*s  %-*s  ", decides ? '>' : ' ', c.value, value, c.name,
                cpu_source_name(r->source));
    indent = (int)(out->n - start);
    if (r->raw == NULL && r->note == NULL) {
        buf_appendf(out, "%s\n", r->where);
        return;
    }
    if (strlen(r->where) <= (size_t)c.where)
        buf_appendf(out, "%-*s  ", c.where, r->where);
    else
        buf_appendf(out, "%s\n%*s", r->where, indent + c.where + 2, "");
    if (r->raw != NULL)
        buf_appendf(out, "\"%s\"%s", r->raw, r->note != NULL ? ": " : "");
    buf_appendf(out, "%s\n", r->note != NULL ? r->note : "");
}

static void
explain_kind(const struct cpu_limits *l, bool is_memory, struct columns c, struct buf *out)
{
    size_t decides = is_memory ? l->memory_rung : l->cpus_rung;
    char value[VALUE_TEXT_MAX] = "unknown";

    if (decides < l->n_rungs)
        format_value(&l->rungs[decides], value);
    buf_appendf(out, "%s: %s", is_memory ? "memory" : "CPUs", value);
    if (decides < l->n_rungs)
        buf_appendf(out, ", from %s", cpu_source_name(l->rungs[decides].source));
    buf_append_char(out, '\n');
    for (size_t i = 0; i < l->n_rungs; i++) {
        if (l->rungs[i].is_memory == is_memory)
            explain_rung(&l->rungs[i], i == decides, c, out);
    }
}

void
cpu_explain(const struct cpu_limits *l, struct buf *out)
{
    struct columns c = measure(l);

    explain_kind(l, false, c, out);
    buf_append_char(out, '\n');
    explain_kind(l, true, c, out);
}

static struct json_t *
text_or_null(const char *text)
{
    return text != NULL ? json_new_str(text) : json_new_null();
}

static struct json_t *
value_json(bool has_value, bool is_memory, double value)
{
    if (!has_value)
        return json_new_null();
    return is_memory ? json_new_int((int64_t)value) : json_new_real(value);
}

static void
push_kind(const struct cpu_limits *l, bool is_memory, struct json_t *ladder)
{
    for (size_t i = 0; i < l->n_rungs; i++) {
        const struct cpu_rung *r = &l->rungs[i];
        struct json_t *rung;

        if (r->is_memory != is_memory)
            continue;
        rung = json_new_object();
        json_put_str(rung, "kind", is_memory ? "memory" : "cpu");
        json_put_str(rung, "source", cpu_source_id(r->source));
        json_put_str(rung, "where", r->where);
        json_put(rung, "raw", text_or_null(r->raw));
        json_put(rung, "value", value_json(r->has_value, is_memory, r->value));
        json_put(rung, "note", text_or_null(r->note));
        json_put_bool(rung, "decides", i == (is_memory ? l->memory_rung : l->cpus_rung));
        json_push(ladder, rung);
    }
}

struct json_t *
cpu_explain_json(const struct cpu_limits *l)
{
    struct json_t *out = json_new_object();
    struct json_t *ladder = json_new_array();

    json_put(out, "cpus", value_json(l->cpus > 0, false, l->cpus));
    json_put_str(out, "source", cpu_source_id(l->cpus_source));
    json_put(out, "where", text_or_null(l->cpus_where));
    json_put(out, "memory_bytes", value_json(l->memory_bytes > 0, true, (double)l->memory_bytes));
    json_put_str(out, "memory_source", cpu_source_id(l->memory_source));
    json_put(out, "memory_where", text_or_null(l->memory_where));
    push_kind(l, false, ladder);
    push_kind(l, true, ladder);
    json_put(out, "ladder", ladder);
    return out;
}
