/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CREW_WORKER_H
#define SERVER_CREW_WORKER_H

/* One process of the crew, as the master sees it. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "server/stats.h"

struct crew;
struct err;

struct crew_worker {
    struct crew_worker *next;
    pid_t pid;
    unsigned seat;
    unsigned generation;
    struct stats_slot *slot;
    int64_t started_ms;
    int64_t kill_at_ms; /* 0: nobody has asked it to end */
    int64_t beat_ms;    /* its last heartbeat */
    int64_t silent_ms;  /* for so long it has been the last */
    bool leaving;       /* not its seat's worker any more */
};

/* Forks one for a seat and adds it to the crew's list; NULL on failure. */
struct crew_worker *crew_worker_start(struct crew *c, unsigned seat, struct err *err) NODISCARD;

/* False for NULL. */
bool crew_worker_is_ready(const struct crew_worker *w);

/* Asks it to end, by SIGTERM or SIGQUIT, and sees to it that it has a second after the deadline. */
void crew_worker_order(struct crew_worker *w, enum stats_order what, int number,
                       int64_t deadline_ms);

/* "was killed by signal 9 (Killed)" */
void crew_worker_describe_end(int status, char out[64]);

/* All of the crew: kills those whose loop stands still, and those that do not end in time. */
enum { CREW_WORKER_CHECK_MS = 1000 };
void crew_worker_check_all(struct crew *c);
void crew_worker_kill_overdue(struct crew *c);

#endif
