/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CREW_H
#define SERVER_CREW_H

/*
 * The worker processes: as many seats as are wanted, each with a worker.  One that dies is followed
 * by another, after a growing pause when that happens again and again; one whose loop stands still
 * is killed.  One that is to be replaced (reload, --max-requests) serves until its successor is
 * ready, one seat after the other.  A seat that is given up keeps its sockets until a worker has
 * emptied their queues.
 *
 * Nothing here waits: crew_tick() does what is due, crew_next_ms() tells when that will be.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "server/stats.h"

struct crew_seat;
struct crew_worker;
struct err;
struct listen_set;
struct routes;
struct settings;
struct stats;

struct crew {
    const struct settings *settings;
    struct routes *routes;
    struct listen_set *listen;
    struct stats *stats;
    int signal_fd; /* the master's, which a worker closes */

    struct crew_seat *seats;
    unsigned n_seats;
    struct crew_worker *workers;
    unsigned wanted;
    unsigned generation; /* workers of an earlier one are replaced */
    bool paused;         /* no workers, but the sockets stay open */
    bool shared;         /* another master serves the same sockets */
    bool stopping;
    int64_t checked_ms; /* when heartbeats were looked at */
};

void crew_done(struct crew *c);

/* How many workers there shall be.  On failure it is as many as there are sockets for. */
int crew_want(struct crew *c, unsigned wanted, struct err *err) NODISCARD;

/* How many of those that are wanted are ready. */
unsigned crew_ready(const struct crew *c);
bool crew_is_empty(const struct crew *c);

/* Every worker is followed by one with the routes as they are now. */
void crew_replace(struct crew *c);

/* No workers for a while: what is in flight is answered, connections wait in the queues. */
void crew_pause(struct crew *c);
void crew_resume(struct crew *c);

/* The end: SIGTERM, with what is in flight answered until then, or SIGQUIT. */
void crew_stop(struct crew *c, int number, int64_t deadline_ms);

void crew_signal(const struct crew *c, int number);

/* A child has ended.  False: it was none of these. */
bool crew_reaped(struct crew *c, pid_t pid, int status);

/* Does what is due.  crew_next_ms() is monotonic, or -1 when only a signal or a worker's word can
 * change something. */
void crew_tick(struct crew *c);
int64_t crew_next_ms(const struct crew *c);

/* The most memory that a worker has for itself now, or 0 when none can be measured. */
uint64_t crew_worker_bytes(const struct crew *c);

#endif
