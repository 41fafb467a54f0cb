/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_log.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/log_file.h"
#include "server/log_writer.h"
#include "server/loop.h"
#include "server/stats.h"
#include "server/timeout.h"

enum {
    FLUSH_MS = 100,        /* how long a line may lie before it is handed over */
    WARN_AGAIN_MS = 10000, /* that lines are dropped */
    CLOSE_MS = 1000
};

struct access_log {
    struct access_format *format;
    struct log_writer *writer;
    const struct settings_access *settings;
    struct loop *loop;
    struct stats_slot *slot;
    struct timeout_list flushes;
    struct timeout flush;
    uint64_t dropped; /* not told of yet */
    int64_t warn_at_ms;
    unsigned pid;
    int64_t offset_us;      /* from monotonic to Unix time */
    int64_t offset_at_unix; /* when that was looked at */
};

static int
compile(const struct settings_access *s, struct access_format **out, struct err *err)
{
    return access_format_new(s->format, out, err) < 0 ? err_wrap(err, "--access-logformat") : 0;
}

static int
open_file(const struct settings_access *s, struct err *err)
{
    int fd = log_file_open(s->file, err);

    return fd < 0 ? err_wrap(err, "--access-logfile") : fd;
}

int
access_log_check(const struct settings_access *s, struct err *err)
{
    struct access_format *format;
    cleanup_fd int fd = -1;

    if (compile(s, &format, err) < 0)
        return -1;
    access_format_free(format);
    if (s->file == NULL)
        return 0;
    fd = open_file(s, err);
    return fd < 0 ? -1 : 0;
}

static void
count_dropped(struct access_log *l, uint64_t n)
{
    l->dropped += n;
    if (l->slot != NULL)
        stats_add(l->slot, STATS_LOG_DROPPED, n);
}

static void
collect_lost(struct access_log *l)
{
    int sys;
    uint64_t lost = log_writer_lost(l->writer, &sys);

    if (lost == 0)
        return;
    count_dropped(l, lost);
    if (l->loop->now_ms < l->warn_at_ms)
        return;
    log_error("access log '%s': %s", l->settings->file, strerror(sys));
}

static void
tell_of_dropped(struct access_log *l)
{
    collect_lost(l);
    if (l->dropped == 0 || l->loop->now_ms < l->warn_at_ms)
        return;
    log_warn("access log '%s': %" PRIu64 " line%s dropped: it is not taken in time",
             l->settings->file, l->dropped, l->dropped == 1 ? " was" : "s were");
    l->dropped = 0;
    l->warn_at_ms = l->loop->now_ms + WARN_AGAIN_MS;
}

static void
on_flush(struct timeout *t, void *ctx)
{
    struct access_log *l = ctx;

    bool pending;

    log_writer_flush(l->writer);
    /* First, so that what becomes of the rest is asked for in any case. */
    pending = log_writer_pending(l->writer);
    tell_of_dropped(l);
    if (l->dropped > 0 || pending)
        timeout_arm(&l->flushes, t, l->loop->now_ms);
}

int
access_log_open(const struct settings_access *s, struct loop *loop, struct stats_slot *slot,
                struct access_log **out, struct err *err)
{
    struct access_log *l;
    int fd;

    *out = NULL;
    if (s->file == NULL)
        return 0;
    fd = open_file(s, err);
    if (fd < 0)
        return -1;
    l = mem_alloc(sizeof(*l));
    l->settings = s;
    l->loop = loop;
    l->slot = slot;
    l->pid = (unsigned)getpid();
    l->offset_at_unix = INT64_MIN;
    l->writer = log_writer_open(fd, s->buffer_bytes, err); /* takes fd, also when it fails */
    if (l->writer == NULL || compile(s, &l->format, err) < 0) {
        access_log_close(l);
        return -1;
    }
    timeout_list_init(&l->flushes, FLUSH_MS, on_flush, l);
    loop_watch(loop, &l->flushes);
    *out = l;
    return 0;
}

/* The wall clock is looked at once a second; between, the monotonic one tells how much later it is.
 */
static int64_t
unix_ms(struct access_log *l, int64_t at_us)
{
    struct timespec t;

    if (l->offset_at_unix != l->loop->now_unix) {
        clock_gettime(CLOCK_REALTIME, &t);
        l->offset_us =
            (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 - clock_monotonic_us(clock_system());
        l->offset_at_unix = l->loop->now_unix;
    }
    return (l->offset_us + at_us) / 1000;
}

void
access_log_write(struct access_log *l, struct access_entry *e, int64_t ended_us)
{
    char *line = log_writer_room(l->writer);

    e->pid = l->pid;
    e->unix_ms = unix_ms(l, ended_us);
    if (line != NULL)
        log_writer_added(l->writer, access_format_line(l->format, e, line));
    else
        count_dropped(l, 1);
    if (l->flush.list == NULL)
        timeout_arm(&l->flushes, &l->flush, l->loop->now_ms);
}

const char *
access_log_wanted(const struct access_log *l, unsigned i)
{
    return access_format_wanted(l->format, i);
}

void
access_log_reopen(struct access_log *l)
{
    struct err err = ERR_INIT;
    int fd = open_file(l->settings, &err);

    if (fd < 0) {
        log_error("%s: going on with the file that is open", err.msg);
        return;
    }
    log_writer_reopen(l->writer, fd);
}

void
access_log_close(struct access_log *l)
{
    if (l == NULL)
        return;
    if (l->writer != NULL) {
        count_dropped(l, log_writer_close(l->writer, CLOSE_MS));
        if (l->dropped > 0)
            log_warn("access log '%s': %" PRIu64 " line%s dropped at the end", l->settings->file,
                     l->dropped, l->dropped == 1 ? " was" : "s were");
    }
    access_format_free(l->format);
    free(l);
}
