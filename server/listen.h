/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

/*
 * The listening sockets, opened by the master before it forks.  A seat is the place of a worker in
 * the crew.  Every seat has a socket of its own for each TCP address (SO_REUSEPORT), so that the
 * kernel deals connections out evenly and no worker takes what another could; a worker that follows
 * another on a seat takes its sockets over, and what is queued on them.  A socket that cannot be
 * dealt out is shared by all seats: unix sockets, and those that were given to us (fd://N,
 * systemd).
 *
 * Seats come and go at the end only: the kernel numbers the sockets of an address in the order in
 * which they began to listen, and a gap would be filled with the last one.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "server/address.h"

struct buf;
struct err;
struct settings;

struct listen_address {
    const char *bind; /* as written */
    struct address real;
    bool shared;    /* one socket, for all seats */
    bool given;     /* by who started us: not ours to remove */
    int *fds;       /* of the seats, or the shared one; -1 once closed here */
    unsigned n_fds; /* that are there */
};

struct listen_set {
    const struct settings *settings;
    unsigned n; /* addresses */
    struct listen_address *v;
    unsigned seats;
    bool spread;     /* the kernel was told which seats are served */
    bool keep_names; /* of unix sockets: another master has them now */
};

/* With one seat, or with as many as handed describes (inherit.h; may be NULL). */
int listen_open(struct listen_set *l, const struct settings *s, const char *handed,
                struct err *err) NODISCARD;

/* Up to so many seats; on failure there are as many as before. */
int listen_grow(struct listen_set *l, unsigned seats, struct err *err) NODISCARD;

/* -1 when it is closed here. */
int listen_fd(const struct listen_set *l, unsigned address, unsigned seat);

/* Only the first n seats get new connections from now on. */
void listen_serve(struct listen_set *l, unsigned n);

/* Closes this process's descriptors: the last seat's, all, or all but one seat's. */
void listen_shrink(struct listen_set *l);
void listen_close(struct listen_set *l);
void listen_keep(struct listen_set *l, unsigned seat);

/* For the process that opened them: removes unix sockets' names, frees all. */
void listen_done(struct listen_set *l);

/* "0.0.0.0:8000, unix:/run/berthd.sock" */
void listen_format(const struct listen_set *l, struct buf *out);

/* Before the end: removes unix sockets' names and lets handshakes finish that have begun, but no
 * new one begin, so that the queues can be emptied before they are closed.  Best effort. */
void listen_stop(struct listen_set *l);

#endif
