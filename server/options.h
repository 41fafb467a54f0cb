/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

/* The command line of berthd: what was written, and the settings that it means. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/cli.h"

struct err;
struct settings;

struct options {
    struct cli_list binds;
    const char *workers;
    const char *policy;
    double cpus;
    struct cli_list statics;
    struct cli_list static_fallbacks, cache_controls;
    uint64_t static_cache; /* s */
    uint64_t static_cache_size, static_cache_files, limit_ranges;
    const char *pack, *output;
    const char *database;
    const char *init_db;
    const char *routes, *database_password_file;
    uint64_t queue_timeout, query_timeout; /* s */
    uint64_t cache_size;
    bool test_functions;
    const char *worker_class;
    uint64_t threads, max_threads;
    uint64_t graceful_timeout, keep_alive, header_timeout, body_timeout, send_timeout; /* s */
    uint64_t worker_connections, backlog;
    uint64_t limit_line, limit_fields, limit_field, limit_head, limit_body, limit_memory, min_rate;
    struct cli_list proxies;
    uint64_t proxy_connect_timeout, proxy_timeout, proxy_tunnel_timeout, proxy_fail_timeout; /* s */
    uint64_t proxy_keepalive, proxy_request_buffer, proxy_buffer, proxy_limit_head, proxy_max_fails;
    const char *forwarded_allow_ips;
    bool proxy_protocol;
    uint64_t timeout, watch_interval, drain_delay; /* s */
    uint64_t max_workers, max_requests, max_requests_jitter;
    bool reuse_port;
    const char *pid_file;
    const char *log_level;
    const char *log_format;

    /* Logs and metrics (options_log.h). */
    const char *access_logfile, *access_logformat, *error_logfile, *emf, *metrics_bind;
    uint64_t access_log_buffer, emf_interval; /* s */
    bool request_id;

    /* The process (options_process.h), and what only asks about the settings. */
    const char *user, *group, *umask, *chdir, *name;
    struct cli_list env;
    bool check_config, print_config, preload, no_sandbox;
    struct cli_origins origins;
    const char *note; /* about what was taken for something else, or NULL */
};

extern const struct cli_opt options_table[];
extern const struct options options_defaults;

/* The settings borrow from the options; options_done() frees what they own. */
int options_settings(const struct options *o, struct settings *out, struct err *err) NODISCARD;
void options_done(struct settings *s);

#endif
