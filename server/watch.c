/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http_fetch.h"

enum { ASK_AGAIN_MS = 60 * 1000, DOCUMENT_MAX = 1024 * 1024 };

/* One for each URL; there are two at most, of version 4 and 3. */
struct watch_document {
    struct watch_document *next;
    char *url;
    char *text; /* NULL when it could not be had yet */
    struct err err;
    int64_t asked_ms;
};

static struct watch_document *
find_document(struct watch *w, const char *url)
{
    struct watch_document *d = w->documents;

    while (d != NULL && strcmp(d->url, url) != 0)
        d = d->next;
    if (d != NULL)
        return d;
    d = mem_alloc(sizeof(*d));
    d->url = mem_strdup(url);
    d->asked_ms = INT64_MIN;
    d->next = w->documents;
    w->documents = d;
    return d;
}

static void
ask(struct watch_document *d, unsigned timeout_ms)
{
    cleanup_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
    struct err err = ERR_INIT;

    if (http_fetch(NULL, d->url, timeout_ms, &text, &err) < 0) {
        d->err = err;
        log_debug("the limits of the ECS task are %s: %s",
                  d->text != NULL ? "taken as they were" : "not known", err.msg);
        return;
    }
    free(d->text);
    d->text = buf_take(&text);
}

/* Of cpu_fetch_fn. */
static int
fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    struct watch_document *d = find_document(ctx, url);
    int64_t now = clock_monotonic_ms(clock_system());

    if (d->asked_ms == INT64_MIN || now - d->asked_ms >= ASK_AGAIN_MS) {
        d->asked_ms = now;
        ask(d, timeout_ms);
    }
    if (d->text == NULL) {
        *err = d->err;
        return -1;
    }
    buf_append_str(out, d->text);
    return buf_finish(out, err);
}

int
watch_open(struct watch *w, const struct sizing_opts *opts, struct err *err)
{
    *w = (struct watch){.ask = *opts};
    w->ask.fetch = fetch;
    w->ask.fetch_ctx = w;
    if (sizing_find(&w->ask, &w->now, err) < 0) {
        watch_close(w);
        return -1;
    }
    w->ask.quiet = true;
    w->cpus_before = w->now.cpus;
    return 0;
}

static void
drop_documents(struct watch *w)
{
    while (w->documents != NULL) {
        struct watch_document *d = w->documents;

        w->documents = d->next;
        free(d->url);
        free(d->text);
        free(d);
    }
}

void
watch_close(struct watch *w)
{
    drop_documents(w);
    sizing_done(&w->now);
}

/* A number that the operator gave stays; the limits are found for those who read them. */
static int
look(const struct watch *w, struct sizing *out, struct err *err)
{
    if (!w->now.fixed)
        return sizing_find(&w->ask, out, err);
    if (sizing_limits(&w->ask, out, err) < 0)
        return -1;
    out->fixed = true;
    out->workers = w->now.workers;
    return 0;
}

void
watch_look(struct watch *w, uint64_t worker_bytes)
{
    struct err err = ERR_INIT;
    struct sizing now;

    if (worker_bytes > w->ask.worker_bytes)
        w->ask.worker_bytes = worker_bytes;
    if (look(w, &now, &err) < 0) {
        log_debug("the limits are taken as they were: %s", err.msg);
        return;
    }
    w->cpus_before = w->now.cpus;
    sizing_done(&w->now);
    w->now = now;
}

void
watch_forget(struct watch *w)
{
    for (struct watch_document *d = w->documents; d != NULL; d = d->next)
        d->asked_ms = INT64_MIN;
    w->ask.worker_bytes = 0;
}
