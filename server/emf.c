/* SPDX-License-Identifier: Apache-2.0 */
#include "server/emf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "server/json_text.h"

enum { LINE_MAX_BYTES = 4096 }; /* what a pipe takes in one piece */

/* ---- the line ---- */

struct metric {
    const char *name;
    const char *unit; /* of CloudWatch's list */
    double value;     /* negative: not known, and left out */
};

static double
grown(const struct metrics *before, const struct metrics *now, enum stats_counter c)
{
    return (double)(now->total.counters[c] - before->total.counters[c]);
}

static double
quantile_ms(const struct metrics *before, const struct metrics *now, double share)
{
    uint64_t buckets[STATS_BUCKETS];
    double us;

    for (size_t i = 0; i < STATS_BUCKETS; i++)
        buckets[i] = now->total.buckets[i] - before->total.buckets[i];
    us = metrics_quantile(buckets, share);
    return us < 0 ? us : us / 1000;
}

static void
append_definitions(const struct metric *v, size_t n, struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        if (v[i].value < 0)
            continue;
        buf_appendf(out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", first ? "" : ",", v[i].name,
                    v[i].unit);
        first = false;
    }
}

static void
append_values(const struct metric *v, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        char number[32];

        if (v[i].value < 0)
            continue;
        num_format_decimal(v[i].value, number);
        buf_appendf(out, ",\"%s\":%s", v[i].name, number);
    }
}

void
emf_line(const char *name, int64_t unix_ms, const struct metrics *before, const struct metrics *now,
         struct buf *out)
{
    uint64_t throttled_us = now->throttle.throttled_us - before->throttle.throttled_us;
    const struct metric v[] = {
        {"Requests", "Count", grown(before, now, STATS_REQUESTS)},
        {"Errors5xx", "Count", grown(before, now, STATS_5XX)},
        {"LatencyP50", "Milliseconds", quantile_ms(before, now, 0.5)},
        {"LatencyP99", "Milliseconds", quantile_ms(before, now, 0.99)},
        {"Connections", "Count", (double)now->total.counters[STATS_CONNECTIONS]},
        {"Workers", "Count", now->ready},
        {"WorkerRestarts", "Count", (double)(now->restarts - before->restarts)},
        {"CpuLimit", "None", now->cpus > 0 ? now->cpus : -1},
        {"CpuThrottled", "Milliseconds", now->has_throttle ? (double)throttled_us / 1000 : -1},
        {"AccessLogDropped", "Count", grown(before, now, STATS_LOG_DROPPED)},
    };

    buf_appendf(out, "{\"_aws\":{\"Timestamp\":%" PRId64 ",\"CloudWatchMetrics\":[{\"Namespace\":",
                unix_ms);
    json_text_string(out, str_from(name));
    buf_append_str(out, ",\"Dimensions\":[[]],\"Metrics\":[");
    append_definitions(v, ARRAY_LEN(v), out);
    buf_append_str(out, "]}]},\"CpuLimitSource\":");
    json_text_string(out, str_from(now->source));
    append_values(v, ARRAY_LEN(v), out);
    buf_append_str(out, "}\n");
}

/* ---- when, and where to ---- */

/* A pipe or a terminal, opened again, is a description of its own, whose flags are nobody else's.
 * What cannot be opened again is a socket, or has no /proc. */
static int
open_output(void)
{
    int fd = open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

void
emf_open(struct emf *e, const char *name, unsigned interval_ms, const struct stats *stats,
         int64_t now_ms)
{
    *e = (struct emf){.name = name, .interval_ms = interval_ms, .fd = -1};
    if (name == NULL)
        return;
    e->fd = open_output();
    if (e->fd < 0)
        log_warn("--emf: standard output: %m");
    e->throttle_path = cpu_throttle_find(&FS_ROOT_SYSTEM);
    e->due_ms = now_ms + interval_ms;
    metrics_read(stats, e->throttle_path, getpid(), &e->before);
}

void
emf_close(struct emf *e)
{
    if (e->fd >= 0)
        close(e->fd);
    free(e->throttle_path);
    *e = (struct emf){.fd = -1};
}

int64_t
emf_next_ms(const struct emf *e)
{
    return e->name != NULL ? e->due_ms : -1;
}

static bool
write_line(int fd, struct str line)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    ssize_t n = send(fd, line.p, line.n, MSG_DONTWAIT | MSG_NOSIGNAL);

    /* No socket: its own flags keep it from waiting, or else that a pipe has room. */
    if (n < 0 && errno == ENOTSOCK && poll(&p, 1, 0) > 0)
        n = write(fd, line.p, line.n);
    return n == (ssize_t)line.n;
}

void
emf_tick(struct emf *e, const struct stats *stats, int64_t now_ms, bool last)
{
    cleanup_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
    struct metrics now;
    struct timespec t;

    if (e->name == NULL || (now_ms < e->due_ms && !last))
        return;
    e->due_ms = now_ms + e->interval_ms;
    clock_gettime(CLOCK_REALTIME, &t);
    metrics_read(stats, e->throttle_path, getpid(), &now);
    emf_line(e->name, (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000, &e->before, &now, &line);
    if (e->fd >= 0 && write_line(e->fd, buf_view(&line)))
        e->before = now;
    else
        log_debug("--emf: a line was not taken: %m");
}
