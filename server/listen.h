/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

/*
 * The listening sockets, opened by the master before it forks.  Every worker has one of its own for
 * each TCP address (SO_REUSEPORT), so that the kernel deals connections out evenly and no worker
 * takes what another could; a worker that is started in a dead one's place takes its sockets over,
 * and what is queued on them.  A unix socket cannot be dealt out: all workers share it.
 */

#include <stdbool.h>

#include "base/attr.h"

struct buf;
struct err;
struct settings;

struct listen_socket {
    int fd;      /* -1 once closed here */
    bool shared; /* with all workers */
};

struct listen_set {
    unsigned workers;
    unsigned n;                    /* addresses */
    struct listen_socket *sockets; /* of worker w and address a: [w * n + a] */
    char **texts;                  /* addresses with their real ports */
    char **paths;                  /* of unix sockets, removed at the end; else NULL */
};

int listen_open(struct listen_set *l, const struct settings *s, unsigned workers,
                struct err *err) NODISCARD;

/* Closes this process's descriptors: all, or all but one worker's. */
void listen_close(struct listen_set *l);
void listen_keep(struct listen_set *l, unsigned worker);

/* For the process that opened them: removes unix sockets' names, frees all. */
void listen_done(struct listen_set *l);

/* "0.0.0.0:8000, unix:/run/berthd.sock" */
void listen_format(const struct listen_set *l, struct buf *out);

/* For all sockets, in whatever process they are open: lets handshakes finish that have begun, and
 * no new one begin, so that the queues can be emptied before they are closed.  Best effort. */
void listen_stop(const struct listen_set *l);

#endif
