/* SPDX-License-Identifier: Apache-2.0 */

/* https://prometheus.io/docs/instrumenting/exposition_formats/ */

#include <inttypes.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/version.h"
#include "server/metrics.h"

static void
begin(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_whole(struct buf *out, const char *name, const char *type, uint64_t v, const char *help)
{
    begin(out, name, type, help);
    buf_appendf(out, "%s %" PRIu64 "\n", name, v);
}

/* Microseconds as seconds, without a double's noise. */
static void
append_seconds(struct buf *out, uint64_t us)
{
    buf_appendf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void
append_label(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            buf_append_str(out, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, *text);
    }
}

static void
put_counters(const struct metrics *m, struct buf *out)
{
    static const struct {
        const char *name;
        const char *type;
        const char *help;
        enum stats_counter counter;
    } rows[] = {
        {"berthd_requests_total", "counter", "Requests that came to their end.", STATS_REQUESTS},
        {"berthd_received_bytes_total", "counter", "Bytes of requests, heads and bodies.",
         STATS_BYTES_IN},
        {"berthd_sent_bytes_total", "counter", "Bytes of the responses' bodies.", STATS_BYTES_OUT},
        {"berthd_connections", "gauge", "Open connections of clients.", STATS_CONNECTIONS},
        {"berthd_connections_accepted_total", "counter", "Connections accepted, refused ones too.",
         STATS_ACCEPTED},
        {"berthd_connections_refused_total", "counter", "Connections above the ceiling.",
         STATS_REFUSED},
        {"berthd_pool_threads", "gauge", "Threads for what blocks.", STATS_POOL_THREADS},
        {"berthd_pool_busy_threads", "gauge", "Threads at work.", STATS_POOL_BUSY},
        {"berthd_pool_queue", "gauge", "Requests that wait for a thread.", STATS_POOL_QUEUE},
        {"berthd_access_log_dropped_total", "counter",
         "Lines of the access log that were not taken in time.", STATS_LOG_DROPPED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        put_whole(out, rows[i].name, rows[i].type, m->total.counters[rows[i].counter],
                  rows[i].help);
}

static void
put_responses(const struct metrics *m, struct buf *out)
{
    begin(out, "berthd_responses_total", "counter",
          "Responses by class of status; 4xx has clients that left before their answer.");
    for (int c = STATS_1XX; c <= STATS_5XX; c++)
        buf_appendf(out, "berthd_responses_total{class=\"%dxx\"} %" PRIu64 "\n", c - STATS_1XX + 1,
                    m->total.counters[c]);
}

static void
put_histogram(const struct metrics *m, struct buf *out)
{
    uint64_t n = 0;

    begin(out, "berthd_request_duration_seconds", "histogram",
          "From a request's whole head until its response was written.");
    for (size_t i = 0; i < STATS_BUCKETS; i++) {
        char bound[32] = "+Inf";

        n += m->total.buckets[i];
        if (i < STATS_BOUNDS)
            num_format_decimal(stats_bounds_us[i] / 1e6, bound);
        buf_appendf(out, "berthd_request_duration_seconds_bucket{le=\"%s\"} %" PRIu64 "\n", bound,
                    n);
    }
    buf_append_str(out, "berthd_request_duration_seconds_sum ");
    append_seconds(out, m->total.counters[STATS_LATENCY_US]);
    buf_appendf(out, "\nberthd_request_duration_seconds_count %" PRIu64 "\n", n);
}

static void
put_workers(const struct metrics *m, struct buf *out)
{
    begin(out, "berthd_workers", "gauge", "Worker processes by state.");
    buf_appendf(out,
                "berthd_workers{state=\"ready\"} %u\nberthd_workers{state=\"starting\"} %u\n"
                "berthd_workers{state=\"draining\"} %u\n",
                m->ready, m->starting, m->draining);
    put_whole(out, "berthd_workers_wanted", "gauge", m->wanted, "How many there shall be.");
    put_whole(out, "berthd_worker_restarts_total", "counter", m->restarts,
              "Workers that died unasked.");
    put_whole(out, "berthd_reloads_total", "counter", m->reloads, "Reloads by HUP.");
    put_whole(out, "berthd_start_time_seconds", "gauge", (uint64_t)m->started_unix,
              "When the master started, Unix time.");
    put_whole(out, "berthd_memory_private_bytes", "gauge", m->memory_bytes,
              "Memory of master and workers that they share with nobody.");
}

static void
put_cpu(const struct metrics *m, struct buf *out)
{
    char cpus[32];

    num_format_decimal(m->cpus, cpus);
    begin(out, "berthd_cpu_limit", "gauge", "CPUs that may be used, and from where that is known.");
    buf_append_str(out, "berthd_cpu_limit{source=\"");
    append_label(out, m->source);
    buf_appendf(out, "\"} %s\n", cpus);
    if (!m->has_throttle)
        return;
    begin(out, "berthd_cgroup_throttled_seconds_total", "counter",
          "Time that the cgroup's processes were held up by its CPU quota.");
    buf_append_str(out, "berthd_cgroup_throttled_seconds_total ");
    append_seconds(out, m->throttle.throttled_us);
    buf_append_char(out, '\n');
    put_whole(out, "berthd_cgroup_periods_total", "counter", m->throttle.periods,
              "Periods of the quota in which something ran.");
    put_whole(out, "berthd_cgroup_throttled_periods_total", "counter", m->throttle.throttled,
              "Of them those in which the quota was used up.");
}

void
metrics_text(const struct metrics *m, struct buf *out)
{
    begin(out, "berthd_build_info", "gauge", "Version and build; always 1.");
    buf_append_str(out, "berthd_build_info{version=\"" BERTH_VERSION "\",arch=\"" BERTH_ARCH
                        "\",libc=\"" BERTH_LIBC "\"} 1\n");
    put_counters(m, out);
    put_responses(m, out);
    put_histogram(m, out);
    put_workers(m, out);
    put_cpu(m, out);
}
