/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

/*
 * Which handler answers which path.  A handler is one const struct; those with a path of their own
 * stand in a table in route.c, those that are mounted where the operator says come from the
 * settings.  The most specific route wins: the longest path, and among equals the exact one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct conn_group;
struct err;
struct exchange;
struct loop;
struct pack;
struct pool;
struct proxy_mount;
struct route;
struct settings;
struct stats;
struct stats_slot;

/* What a worker has for its handlers.  All of it lives as long as the worker. */
struct worker_env {
    const struct settings *settings;
    struct loop *loop;
    struct conn_group *group;
    struct pool *pool;         /* threads for what blocks */
    const struct stats *stats; /* shared with the master */
    struct stats_slot *slot;   /* this worker's own */
    unsigned index;            /* of the worker */
};

/* What becomes of a request's body before or while the handler answers.  Its length is limited in
 * any case. */
enum handler_body {
    HANDLER_BODY_DROP,   /* read for nothing */
    HANDLER_BODY_BUFFER, /* x->body, whole, when respond() is called */
    HANDLER_BODY_STREAM  /* respond() is called first, then on_body() for each part */
};

struct handler {
    const char *name;
    const char *path;                         /* exact; NULL when it is mounted */
    unsigned methods;                         /* of enum http_method; OPTIONS is answered for all */
    bool (*wanted)(const struct settings *s); /* NULL: always */
    /* In the master, before workers are forked: what is wrong with the settings shows here. */
    int (*check)(const struct settings *s, struct err *err);
    /* In each worker: sets route->local. */
    int (*open)(struct route *route, const struct worker_env *env, struct err *err);
    void (*close)(struct route *route);
    void (*respond)(struct exchange *x);
    enum handler_body body;
    bool raw_path;      /* takes the path as the client wrote it: an escaped slash is no matter */
    bool aborts_on_eof; /* a client that shuts its side while it waits is taken for gone */
    bool probe;         /* answered even at the ceiling of connections: health must show that */
    /* A part of the body; the last call has last set, and perhaps no bytes.  Not called when the
     * request has no body. */
    void (*on_body)(struct exchange *x, struct str part, bool last);
    /* The client has taken all that was written since exchange_begin(). */
    void (*on_drain)(struct exchange *x);
    /* The client is gone, or was too slow, before the answer was whole.  Needed by every handler
     * that does not answer before respond() returns. */
    void (*on_abort)(struct exchange *x);
};

struct route {
    const struct handler *handler;
    const char *path;
    size_t path_n;
    bool is_prefix;                  /* whole segments: "/a" holds "/a" and "/a/b", not "/ab" */
    int folder;                      /* of a mounted folder, opened by the master; else -1 */
    struct pack *pack;               /* of a mounted archive; else NULL */
    const struct proxy_mount *proxy; /* of a mounted proxy */
    void *local;                     /* the handler's own, in this worker */
};

struct routes {
    struct route *v;
    size_t n;
};

/* Adds one; path is borrowed. */
void route_add(struct routes *r, struct route route);

/* Makes the table and checks every handler. */
int route_init(struct routes *r, const struct settings *s, struct err *err) NODISCARD;
/* Only health, readiness and metrics. */
void route_init_probes(struct routes *r);
void route_done(struct routes *r);

/* In a worker: opens what the handlers need, and closes it. */
int route_open(struct routes *r, const struct worker_env *env, struct err *err) NODISCARD;
void route_close(struct routes *r);

/* NULL when there is none.  rest is what the route's own path leaves. */
const struct route *route_find(const struct routes *r, struct str path, struct str *rest);

/* "Allow: GET, HEAD, OPTIONS\r\n" */
void route_allow(unsigned methods, char out[128]);

#endif
