/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

/* What the operator decided, checked and in the units the code works with (options.c makes it). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "server/access_log.h"
#include "server/forwarded.h"
#include "server/http_parse.h"
#include "server/pool.h"
#include "server/proxy_config.h"
#include "server/user.h"

struct db_target;
struct routefile;

/* A folder, or an archive made of one (server/pack.h), served under a URL path. */
struct settings_mount {
    char *url; /* starts with '/', ends with none but for "/" itself */
    const char *folder;
    const char *fallback; /* a file of it that answers for pages that are not there, or NULL */
};

/* A Cache-Control for all URL paths that a pattern matches ('*': any bytes). */
struct settings_cache_rule {
    struct str pattern;
    const char *value; /* "": no such field */
};

struct settings_static {
    struct settings_cache_rule *rules; /* the first that matches counts */
    size_t n_rules;
    unsigned ranges;       /* of a request */
    unsigned cache_ms;     /* until a file is looked at again; 0: nothing is kept */
    uint64_t cache_bytes;  /* of a worker */
    unsigned cache_opened; /* files kept open by a worker */
};

/* How the processes behave (master.h). */
struct settings_process {
    unsigned timeout_ms;     /* a worker that is silent for so long is replaced; 0: never */
    unsigned watch_ms;       /* between two looks at the CPU limit; 0: only at the start */
    unsigned drain_delay_ms; /* after a graceful stop began, before connections are refused */
    unsigned max_workers;
    uint64_t max_requests; /* after which a worker is replaced; 0: never */
    uint64_t max_requests_jitter;
    bool reuse_port;
    const char *pid_file; /* or NULL */
};

/* What is told to whom. */
struct settings_log {
    struct settings_access access;
    const char *errors;       /* file for messages, or NULL: standard error */
    bool request_id;          /* answers carry X-Request-Id */
    const char *emf;          /* CloudWatch namespace, or NULL */
    unsigned emf_ms;          /* between two lines */
    const char *metrics_bind; /* or NULL: where everything else is served */
    int metrics_fd;           /* its socket (admin_listen()), or -1 */
};

struct settings {
    struct settings_log log;
    struct settings_process process;
    char **binds; /* addresses as written */
    size_t n_binds;
    int backlog;

    struct http_limits http;
    uint64_t body_bytes;      /* of a request */
    unsigned connections;     /* of a worker */
    unsigned head_timeout_ms; /* from the first byte of a request to the end of its head */
    unsigned body_timeout_ms; /* to the end of its body */
    unsigned send_timeout_ms; /* without progress */
    unsigned keep_alive_ms;   /* before the first request and between requests */
    unsigned graceful_ms;     /* for what is in flight at a graceful stop */
    unsigned min_rate;        /* bytes per second of a body or a response; below it is too slow */
    uint64_t memory_bytes;    /* of a worker's buffers together */

    struct db_target *database; /* or NULL */
    struct routefile *routes;   /* what is asked of it; or NULL */
    const char *routes_path;    /* the file they are in */
    bool routes_builtin;        /* they are ours, and in no file */
    uint64_t cache_bytes;       /* answers that a worker keeps */
    struct pool_opts pool;      /* threads of a worker */
    struct settings_mount *mounts;
    size_t n_mounts;
    struct settings_static files;

    struct proxy_mount *proxies;
    size_t n_proxies;
    struct proxy_settings proxy;
    struct forwarded_trust trust; /* who may say where a request comes from */
    bool proxy_protocol;          /* they say it before the first request */
    struct user user;             /* that the workers become */
    mode_t socket_mode;           /* of unix sockets */
    bool sandbox;                 /* sandbox.h */
    char *name;                   /* for the title: "" or " [NAME]" */
};

#endif
