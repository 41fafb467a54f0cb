/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/metadata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cpu/ladder.h"
#include "json/json.h"

enum {
    TOTAL_MS = 1000,
    DOCUMENT_MAX = 1024 * 1024, /* a task with ten containers and all their labels is some 30 KiB */
    URI_MAX = 2048
};

static const double CPUS_MAX = 1e6;
static const double MIB = 1024.0 * 1024;
static const double MEMORY_MIB_MAX = 1e12;

/* The two rungs of one document. */
static void
note_both(struct ladder *l, const char *where, struct str raw, const char *note)
{
    for (int i = 0; i < 2; i++) {
        struct cpu_rung *r = ladder_add(l, CPU_SOURCE_METADATA, i == 1, where);

        if (raw.n > 0)
            ladder_raw(r, raw);
        ladder_note(r, "%s", note);
    }
}

/* One number of Limits, in units of unit. */
static bool
take_limit(struct cpu_rung *r, const struct json_cur *limits, const char *key, double max,
           double unit)
{
    struct json_cur place = json_at(limits, key);
    struct err err = ERR_INIT;
    double value;

    if (json_is_null(&place)) {
        ladder_note(r, "the task's Limits say nothing about %s", key);
        return false;
    }
    if (json_get_real(&place, &value, &err) < 0) {
        ladder_note(r, "%s", err.msg);
        return false;
    }
    if (!isfinite(value) || value <= 0 || value > max) {
        ladder_note(r, "%g is no size of a task, ignored", value);
        return false;
    }
    ladder_value(r, value * unit);
    return true;
}

static void
take_limits(struct ladder *l, const char *url, const struct json_cur *limits,
            struct metadata_answer *out)
{
    cleanup_buf struct buf raw = BUF_INIT(DOCUMENT_MAX);
    struct cpu_rung *r;

    json_write(limits->v, JSON_COMPACT, &raw);
    r = ladder_add(l, CPU_SOURCE_METADATA, false, url);
    ladder_raw(r, buf_view(&raw));
    out->cpu = take_limit(r, limits, "CPU", CPUS_MAX, 1);
    r = ladder_add(l, CPU_SOURCE_METADATA, true, url);
    ladder_raw(r, buf_view(&raw));
    out->memory = take_limit(r, limits, "Memory", MEMORY_MIB_MAX, MIB);
}

/* Whether the document was a task's, so that no other version needs to be asked. */
static bool
take_document(struct ladder *l, const char *url, struct str text, struct metadata_answer *out)
{
    struct err err = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(text, "the answer", &err);
    struct json_cur root;
    struct json_cur limits;
    struct json_cur docker_id;

    if (doc == NULL) {
        note_both(l, url, text, err.msg);
        return false;
    }
    root = json_root(doc);
    if (!json_is_object(&root)) {
        note_both(l, url, text, "the answer is no JSON object");
        return false;
    }
    docker_id = json_at(&root, "DockerId");
    if (docker_id.v != NULL) {
        note_both(l, url, text, "a container's document, whose CPU is a weight, not the task's");
        return false;
    }
    limits = json_at(&root, "Limits");
    if (json_is_null(&limits)) {
        note_both(l, url, text, "the answer has no Limits");
        return true;
    }
    if (!json_is_object(&limits)) {
        note_both(l, url, text, "/Limits is no object");
        return true;
    }
    take_limits(l, url, &limits, out);
    return true;
}

/* Of printable ASCII without blanks: a line end in it would be a header of the request. */
static bool
is_url_text(const char *text)
{
    size_t n = 0;

    for (; text[n] != '\0'; n++) {
        if (text[n] <= ' ' || text[n] > '~' || n >= URI_MAX)
            return false;
    }
    return true;
}

/* Whether the variable's endpoint gave a task's document. */
static bool
ask(struct ladder *l, const char *variable, unsigned timeout_ms, struct metadata_answer *out)
{
    cleanup_buf struct buf document = BUF_INIT(DOCUMENT_MAX);
    cleanup_free char *url = NULL;
    const char *uri = ladder_env(l, variable);
    struct err err = ERR_INIT;
    size_t n;

    if (uri == NULL) {
        note_both(l, variable, STR_LIT(""), "not set");
        return false;
    }
    if (!is_url_text(uri)) {
        note_both(l, variable, str_from(uri), "no URL or a very long one, not asked");
        return false;
    }
    n = strlen(uri);
    while (n > 0 && uri[n - 1] == '/')
        n--;
    url = mem_printf("%.*s/task", (int)n, uri);
    if (l->opts->fetch == NULL || timeout_ms == 0) {
        note_both(l, url, STR_LIT(""),
                  timeout_ms == 0 ? "not asked: the second is over" : "not asked: no HTTP here");
        return false;
    }
    if (l->opts->fetch(l->opts->fetch_ctx, url, timeout_ms, &document, &err) < 0) {
        note_both(l, url, STR_LIT(""), err.msg);
        return false;
    }
    return take_document(l, url, buf_view(&document), out);
}

void
metadata_look(struct ladder *l, struct metadata_answer *out)
{
    const struct clock *clock = l->opts->clock != NULL ? l->opts->clock : clock_system();
    int64_t start = clock_monotonic_ms(clock);
    int64_t spent;

    *out = (struct metadata_answer){false, false};
    if (ask(l, "ECS_CONTAINER_METADATA_URI_V4", TOTAL_MS, out))
        return;
    if (ladder_env(l, "ECS_CONTAINER_METADATA_URI") == NULL)
        return;
    spent = clock_monotonic_ms(clock) - start;
    ask(l, "ECS_CONTAINER_METADATA_URI",
        spent >= 0 && spent < TOTAL_MS ? (unsigned)(TOTAL_MS - spent) : 0, out);
}
