/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/address.h"
#include "server/http_range.h"
#include "server/inherit.h"
#include "server/options_log.h"
#include "server/options_process.h"
#include "server/options_proxy.h"
#include "server/options_sql.h"
#include "server/options_static.h"
#include "server/settings.h"
#include "server/sizing.h"

/* The shortest head limit that leaves a line's own limit the one that decides (http_parse.h). */
enum { HEAD_MARGIN = 8, DAY = 24 * 60 * 60 };

#define AT(field) offsetof(struct options, field)

const struct cli_opt options_table[] = {
    {"bind", 'b', CLI_LIST, AT(binds), "ADDRESS",
     "Listen on HOST:PORT, :PORT, [V6]:PORT, unix:PATH or fd://N; may be repeated. Without it on "
     "the "
     "sockets of systemd, else 0.0.0.0:PORT with the variable PORT, else 0.0.0.0:8000.",
     0, 0, NULL},
    {"workers", 'w', CLI_STR, AT(workers), "N",
     "Number of worker processes, or auto, or a policy such as 2n+1.", 0, 0, "WEB_CONCURRENCY"},
    {"policy", 0, CLI_STR, AT(policy), "POLICY",
     "How auto turns CPUs into workers: n (default of event), n+1, 2n+1 (of the other classes), a "
     "factor, or measured:R/D.",
     0, 0, NULL},
    {"cpus", 0, CLI_DECIMAL, AT(cpus), "N", "CPUs to count with instead of those found.", 0, 0,
     NULL},
    {"static", 0, CLI_LIST, AT(statics), "URL=FOLDER",
     "Serve the files of a folder, or of an archive made by --pack, under a URL path; may be "
     "repeated.",
     0, 0, NULL},
    {"static-fallback", 0, CLI_LIST, AT(static_fallbacks), "URL=FILE",
     "A file of --static URL that answers for pages that are not there, for single-page "
     "applications; may be repeated.",
     0, 0, NULL},
    {"cache-control", 0, CLI_LIST, AT(cache_controls), "PATTERN=VALUE",
     "Cache-Control for files whose URL path matches, such as '/assets/*=max-age=31536000, "
     "immutable'; the first that matches counts; may be repeated.",
     0, 0, NULL},
    {"static-cache", 0, CLI_UINT, AT(static_cache), "SECONDS",
     "How long a file is taken to be unchanged; 0: each is looked at for each request.", 0, DAY,
     NULL},
    {"static-cache-size", 0, CLI_UINT, AT(static_cache_size), "BYTES",
     "Memory of a worker for files.", 0, INT64_MAX, NULL},
    {"static-cache-files", 0, CLI_UINT, AT(static_cache_files), "N", "Files a worker keeps open.",
     0, 1000000, NULL},
    {"limit-ranges", 0, CLI_UINT, AT(limit_ranges), "N",
     "Most ranges of one request; for more the whole file is sent.", 0, HTTP_RANGE_MAX, NULL},
    {"pack", 0, CLI_STR, AT(pack), "FOLDER",
     "Make an archive of a folder for --static, written to --output, and exit.", 0, 0, NULL},
    {"output", 'o', CLI_STR, AT(output), "FILE", "Where --pack writes; - is standard output.", 0, 0,
     NULL},
    {"database", 0, CLI_STR, AT(database), "DATABASE",
     "What routes ask: sqlite:PATH, sqlite:PATH?mode=rw, or mysql://USER@HOST/NAME. With --routes "
     "the variable DATABASE_URL does as well.",
     0, 0, NULL},
    {"database-password-file", 0, CLI_STR, AT(database_password_file), "FILE",
     "Where the password of --database is; without it the variable BERTHD_DATABASE_PASSWORD.", 0, 0,
     NULL},
    {"routes", 0, CLI_STR, AT(routes), "FILE",
     "Which SQL answers which request, instead of the posts of /api/v1/posts/.", 0, 0, NULL},
    {"cache-size", 0, CLI_UINT, AT(cache_size), "BYTES",
     "Memory of a worker for answers that are kept; 0: none are.", 0, INT64_MAX, NULL},
    {"worker-class", 'k', CLI_CHOICE, AT(worker_class), "event|threads|sync",
     "How many threads of a worker ask the database: as many as are needed, --threads, or one.", 0,
     0, NULL},
    {"threads", 0, CLI_UINT, AT(threads), "N",
     "Threads of each worker of class threads, which is the default with it.", 1, 1000, NULL},
    {"max-threads", 0, CLI_UINT, AT(max_threads), "N",
     "Most threads of each worker of class event.", 1, 1000, NULL},
    {"queue-timeout", 0, CLI_UINT, AT(queue_timeout), "SECONDS",
     "How long a request may wait for a thread before it is answered with 503.", 1, DAY, NULL},
    {"query-timeout", 0, CLI_UINT, AT(query_timeout), "SECONDS",
     "How long a query may run before it is interrupted and answered with 504.", 1, DAY, NULL},
    {"test-functions", 0, CLI_FLAG, AT(test_functions), NULL,
     "Give SQLite the functions berth_wait(ms) and berth_spin(us), for measuring only.", 0, 0,
     NULL},
    {"init-db", 0, CLI_STR, AT(init_db), "PATH",
     "Make a database with sample posts, unless it is there already, and exit.", 0, 0, NULL},
    {"graceful-timeout", 0, CLI_UINT, AT(graceful_timeout), "SECONDS",
     "Time for requests in flight after SIGTERM.", 0, DAY, NULL},
    {"keep-alive", 0, CLI_UINT, AT(keep_alive), "SECONDS",
     "How long a connection may wait for its first or next request.", 1, DAY, NULL},
    {"header-timeout", 0, CLI_UINT, AT(header_timeout), "SECONDS",
     "Time for a request's head, from its first byte.", 1, DAY, NULL},
    {"body-timeout", 0, CLI_UINT, AT(body_timeout), "SECONDS",
     "How long a request's body may come more slowly than --min-rate.", 1, DAY, NULL},
    {"send-timeout", 0, CLI_UINT, AT(send_timeout), "SECONDS",
     "How long a client may take its response more slowly than --min-rate.", 1, DAY, NULL},
    {"min-rate", 0, CLI_UINT, AT(min_rate), "BYTES",
     "Bytes per second below which a client is too slow; 0: any progress will do.", 0, 1000000000,
     NULL},
    {"worker-connections", 0, CLI_UINT, AT(worker_connections), "N",
     "Connections of a worker; more are answered with 503.", 1, 1000000, NULL},
    {"backlog", 0, CLI_UINT, AT(backlog), "N", "Connections that may wait to be accepted.", 1,
     65535, NULL},
    {"limit-request-line", 0, CLI_UINT, AT(limit_line), "BYTES", "Longest request line.", 64, 65536,
     NULL},
    {"limit-request-fields", 0, CLI_UINT, AT(limit_fields), "N", "Most header fields.", 1, 10000,
     NULL},
    {"limit-request-field_size", 0, CLI_UINT, AT(limit_field), "BYTES", "Longest header field.", 64,
     65536, NULL},
    {"limit-request-head", 0, CLI_UINT, AT(limit_head), "BYTES",
     "Request line and header fields together.", 128, 1048576, NULL},
    {"limit-request-body", 0, CLI_UINT, AT(limit_body), "BYTES", "Longest request body.", 0,
     INT64_MAX, NULL},
    {"limit-memory", 0, CLI_UINT, AT(limit_memory), "BYTES",
     "Buffers of a worker's connections together; beyond it new ones are answered with 503.",
     1048576, INT64_MAX, NULL},
    {"proxy", 0, CLI_LIST, AT(proxies), "URL=SERVER",
     "Pass requests below a URL path on to http://HOST:PORT[/BASE] or unix:PATH, or to one of "
     "several with commas between them; may be repeated.",
     0, 0, NULL},
    {"proxy-connect-timeout", 0, CLI_UINT, AT(proxy_connect_timeout), "SECONDS",
     "Time to connect to a proxied server.", 1, DAY, NULL},
    {"proxy-timeout", 0, CLI_UINT, AT(proxy_timeout), "SECONDS",
     "How long a proxied server may neither answer nor take anything.", 1, DAY, NULL},
    {"proxy-tunnel-timeout", 0, CLI_UINT, AT(proxy_tunnel_timeout), "SECONDS",
     "How long a WebSocket may be silent.", 1, DAY, NULL},
    {"proxy-keepalive", 0, CLI_UINT, AT(proxy_keepalive), "N",
     "Idle connections to proxied servers that a worker keeps.", 0, 65535, NULL},
    {"proxy-request-buffer", 0, CLI_UINT, AT(proxy_request_buffer), "BYTES",
     "Of a request's body that are read before a proxied server is asked.", 0, INT64_MAX, NULL},
    {"proxy-buffer", 0, CLI_UINT, AT(proxy_buffer), "BYTES",
     "Of a response that wait in memory for a slow client.", 0, INT64_MAX, NULL},
    {"proxy-limit-head", 0, CLI_UINT, AT(proxy_limit_head), "BYTES",
     "Status line and header fields of a proxied server's response.", 128, 16777216, NULL},
    {"proxy-max-fails", 0, CLI_UINT, AT(proxy_max_fails), "N",
     "Failures in a row after which one of several servers is left alone; 0: never.", 0, 1000000,
     NULL},
    {"proxy-fail-timeout", 0, CLI_UINT, AT(proxy_fail_timeout), "SECONDS", "For how long it is.", 1,
     DAY, NULL},
    {"forwarded-allow-ips", 0, CLI_STR, AT(forwarded_allow_ips), "LIST",
     "Addresses and networks of load balancers that may say where a request comes from, or *.", 0,
     0, "FORWARDED_ALLOW_IPS"},
    {"proxy-protocol", 0, CLI_FLAG, AT(proxy_protocol), NULL,
     "Connections from them begin with a header of the PROXY protocol, version 1 or 2.", 0, 0,
     NULL},
    {"max-workers", 0, CLI_UINT, AT(max_workers), "N", "Never more workers than this.", 1,
     SIZING_WORKERS_MAX, NULL},
    {"timeout", 't', CLI_UINT, AT(timeout), "SECONDS",
     "A worker whose loop has stood still for so long is killed and replaced; 0: never.", 0, DAY,
     NULL},
    {"max-requests", 0, CLI_UINT, AT(max_requests), "N",
     "Replace a worker after so many requests; 0: never.", 0, INT64_MAX, NULL},
    {"max-requests-jitter", 0, CLI_UINT, AT(max_requests_jitter), "N",
     "Add a random number up to this to each worker's --max-requests.", 0, INT64_MAX, NULL},
    {"watch-interval", 0, CLI_UINT, AT(watch_interval), "SECONDS",
     "How often the CPU and memory limits are looked at again; 0: never.", 0, DAY, NULL},
    {"drain-delay", 0, CLI_UINT, AT(drain_delay), "SECONDS",
     "After SIGTERM, how long connections are still taken; part of --graceful-timeout.", 0, DAY,
     NULL},
    {"reuse-port", 0, CLI_FLAG, AT(reuse_port), NULL,
     "Let other servers listen on the same ports (SO_REUSEPORT).", 0, 0, NULL},
    {"pid", 'p', CLI_STR, AT(pid_file), "FILE", "Write the master's process id to a file.", 0, 0,
     NULL},
    {"log-level", 0, CLI_CHOICE, AT(log_level), "debug|info|warn|warning|error|critical",
     "What is logged to standard error.", 0, 0, NULL},
    {"log-format", 0, CLI_CHOICE, AT(log_format), "text|json", "How it is written.", 0, 0, NULL},
    {"access-logfile", 0, CLI_STR, AT(access_logfile), "FILE",
     "Write a line for each request to a file, or with - to standard output.", 0, 0, NULL},
    {"access-logformat", 0, CLI_STR, AT(access_logformat), "FORMAT",
     "combined (default), common, json, or one with %(NAME)s as for gunicorn.", 0, 0, NULL},
    {"access-log-buffer", 0, CLI_UINT, AT(access_log_buffer), "BYTES",
     "Lines that may wait in each worker; beyond it they are dropped.", 16384, 1073741824, NULL},
    {"error-logfile", 0, CLI_STR, AT(error_logfile), "FILE",
     "Where messages go instead of standard error.", 0, 0, NULL},
    {"log-file", 0, CLI_STR, AT(error_logfile), "FILE", "The same as --error-logfile.", 0, 0, NULL},
    {"request-id", 0, CLI_FLAG, AT(request_id), NULL,
     "Send each request's id back, and on to proxied servers, as X-Request-Id.", 0, 0, NULL},
    {"metrics-bind", 0, CLI_STR, AT(metrics_bind), "ADDRESS",
     "Serve /metrics on this address alone, with /healthz and /readyz.", 0, 0, NULL},
    {"emf", 0, CLI_STR, AT(emf), "NAMESPACE",
     "Write metrics for CloudWatch to standard output, as lines in embedded metric format.", 0, 0,
     NULL},
    {"emf-interval", 0, CLI_UINT, AT(emf_interval), "SECONDS", "Time between two such lines.", 1,
     DAY, NULL},
    {"user", 'u', CLI_STR, AT(user), "USER",
     "Who the workers become once the ports are bound: a name or a number.", 0, 0, NULL},
    {"group", 'g', CLI_STR, AT(group), "GROUP", "Their group, else the user's own.", 0, 0, NULL},
    {"umask", 'm', CLI_STR, AT(umask), "MODE",
     "Octal mask for the modes of files and unix sockets that are made.", 0, 0, NULL},
    {"chdir", 0, CLI_STR, AT(chdir), "FOLDER",
     "Where relative paths start, before anything is opened.", 0, 0, NULL},
    {"name", 'n', CLI_STR, AT(name), "NAME", "Shown by ps: berthd: master [NAME].", 0, 0, NULL},
    {"env", 'e', CLI_LIST, AT(env), "NAME=VALUE",
     "Set an environment variable, as if it had been there; may be repeated.", 0, 0, NULL},
    {"no-sandbox", 0, CLI_FLAG, AT(no_sandbox), NULL,
     "Leave the workers their capabilities and all system calls.", 0, 0, NULL},
    {"check-config", 0, CLI_FLAG, AT(check_config), NULL,
     "Check all that can be checked without binding a port, and exit.", 0, 0, NULL},
    {"print-config", 0, CLI_FLAG, AT(print_config), NULL,
     "Print every setting and where it comes from, check them, and exit.", 0, 0, NULL},
    {"preload", 0, CLI_FLAG, AT(preload), NULL,
     "For gunicorn's habits: what can be loaded before the workers start always is.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct options options_defaults = {
    .graceful_timeout = 25, /* below the 30 s after which ECS kills */
    .keep_alive = 75,       /* longer than a load balancer keeps its side idle */
    .header_timeout = 10,
    .body_timeout = 30,
    .send_timeout = 60,
    .worker_connections = 1000,
    .backlog = 2048,
    .limit_line = 4094,
    .limit_fields = 100,
    .limit_field = 8190,
    .limit_head = 32768,
    .limit_body = 1048576,
    .static_cache = 1,
    .static_cache_size = 8 * 1048576,
    .static_cache_files = 256,
    .limit_ranges = 16,
    .limit_memory = 64 * 1048576,
    .min_rate = 100,
    .proxy_connect_timeout = 5,
    .proxy_timeout = 60,
    .proxy_tunnel_timeout = 600,
    .proxy_keepalive = 32,
    .proxy_request_buffer = 1048576,
    .proxy_buffer = 256 * 1024,
    .proxy_limit_head = 64 * 1024,
    .proxy_max_fails = 3,
    .proxy_fail_timeout = 10,
    .forwarded_allow_ips = "127.0.0.1,::1",
    .max_workers = SIZING_WORKERS_MAX,
    .timeout = 30,
    .watch_interval = 10,
    .max_threads = 64,
    .queue_timeout = 10,
    .query_timeout = 30,
    .cache_size = 8 * 1048576,
    .log_level = "info",
    .access_logformat = "combined",
    .access_log_buffer = 1048576,
    .emf_interval = 60,
    .log_format = "text",
};

static int
set_binds(const struct options *o, struct settings *s, struct err *err)
{
    const char *port = getenv("PORT");
    unsigned activated = o->binds.n > 0 ? 0 : inherit_activated();
    struct address a;

    s->n_binds = o->binds.n > 0 ? o->binds.n : activated > 0 ? activated : 1;
    s->binds = mem_alloc(s->n_binds * sizeof(*s->binds));
    for (size_t i = 0; i < o->binds.n; i++)
        s->binds[i] = mem_strdup(o->binds.v[i]);
    for (unsigned i = 0; i < activated; i++)
        s->binds[i] = mem_printf("fd://%u", INHERIT_ACTIVATED_FIRST + i);
    if (o->binds.n == 0 && activated == 0)
        s->binds[0] = mem_printf("0.0.0.0:%s", port != NULL && port[0] != '\0' ? port : "8000");
    for (size_t i = 0; i < s->n_binds; i++) {
        if (address_parse(s->binds[i], &a, err) < 0)
            return err_wrap(err, o->binds.n > 0 ? "--bind" : "the variable PORT");
    }
    return 0;
}

static int
set_process(const struct options *o, struct settings_process *p, struct err *err)
{
    if (o->drain_delay > 0 && o->drain_delay >= o->graceful_timeout)
        return err_set(err, ERR_USAGE,
                       "--drain-delay must be shorter than --graceful-timeout, of which it is a "
                       "part");
    *p = (struct settings_process){
        .timeout_ms = (unsigned)o->timeout * 1000,
        .watch_ms = (unsigned)o->watch_interval * 1000,
        .drain_delay_ms = (unsigned)o->drain_delay * 1000,
        .max_workers = (unsigned)o->max_workers,
        .max_requests = o->max_requests,
        .max_requests_jitter = o->max_requests_jitter,
        .reuse_port = o->reuse_port,
        .pid_file = o->pid_file,
    };
    return 0;
}

static uint32_t
at_least(uint64_t v, uint64_t least)
{
    return (uint32_t)(v > least ? v : least);
}

int
options_settings(const struct options *o, struct settings *out, struct err *err)
{
    struct settings s = {
        .backlog = (int)o->backlog,
        .http = {.line = (uint32_t)o->limit_line,
                 .fields = (uint32_t)o->limit_fields,
                 .field = (uint32_t)o->limit_field,
                 .head = at_least(o->limit_head, o->limit_line + HEAD_MARGIN)},
        .body_bytes = o->limit_body,
        .connections = (unsigned)o->worker_connections,
        .head_timeout_ms = (unsigned)o->header_timeout * 1000,
        .body_timeout_ms = (unsigned)o->body_timeout * 1000,
        .send_timeout_ms = (unsigned)o->send_timeout * 1000,
        .keep_alive_ms = (unsigned)o->keep_alive * 1000,
        .graceful_ms = (unsigned)o->graceful_timeout * 1000,
        .min_rate = (unsigned)o->min_rate,
        .memory_bytes = o->limit_memory,
    };

    if (options_sql(o, &s, err) < 0 || set_process(o, &s.process, err) < 0 ||
        options_process_settings(o, &s, err) < 0 || options_log_settings(o, &s, err) < 0 ||
        set_binds(o, &s, err) < 0 || options_static(o, &s, err) < 0 ||
        options_proxy(o, &s, err) < 0) {
        options_done(&s);
        return -1;
    }
    *out = s;
    return 0;
}

void
options_done(struct settings *s)
{
    for (size_t i = 0; i < s->n_binds; i++)
        free(s->binds[i]);
    free(s->binds);
    options_static_done(s);
    free(s->name);
    options_sql_done(s);
    options_proxy_done(s);
    *s = (struct settings){.n_binds = 0};
}
