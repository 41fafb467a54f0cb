/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

enum { READ_TRIES = 1000 }; /* while the master writes two words */

const uint32_t stats_bounds_us[STATS_BOUNDS] = {
    500,    1000,   2500,   5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

static size_t
size_of(unsigned n)
{
    return sizeof(struct stats) + n * sizeof(struct stats_slot);
}

struct stats *
stats_open(unsigned n, struct err *err)
{
    /* The kernel gives pages when they are first touched. */
    void *p = mmap(NULL, size_of(n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct stats *s = p;

    if (p == MAP_FAILED) {
        err_sys(err, "shared memory for %u workers", n);
        return NULL;
    }
    s->n = n;
    s->started_unix = clock_unix(clock_system());
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->wake_fd < 0) {
        err_sys(err, "eventfd");
        munmap(p, size_of(n));
        return NULL;
    }
    return s;
}

void
stats_close(struct stats *s)
{
    if (s == NULL)
        return;
    close(s->wake_fd);
    munmap(s, size_of(s->n));
}

struct stats_slot *
stats_claim(struct stats *s, unsigned seat)
{
    struct stats_slot *slot = NULL;
    unsigned used = s->used;

    for (unsigned i = 0; i < used && slot == NULL; i++) {
        if (s->slots[i].state == STATS_FREE)
            slot = &s->slots[i];
    }
    if (slot == NULL) {
        if (used == s->n)
            return NULL;
        slot = &s->slots[used];
        atomic_store_explicit(&s->used, used + 1, memory_order_release);
    }
    slot->seat = seat;
    slot->generation++;
    slot->order = STATS_STOP;
    slot->deadline_ms = 0;
    slot->heartbeat_ms = 0;
    slot->spent = false;
    slot->state = STATS_STARTING;
    return slot;
}

void
stats_release(struct stats_slot *slot)
{
    for (int i = STATS_FIRST_GAUGE; i < STATS_COUNTERS; i++)
        stats_set(slot, (enum stats_counter)i, 0);
    slot->pid = 0;
    slot->state = STATS_FREE;
}

void
stats_set_cpus(struct stats *s, double cpus, const char *source)
{
    size_t i = 0;

    s->turn++;
    s->cpus = cpus;
    for (; i < STATS_SOURCE_MAX - 1 && source[i] != '\0'; i++)
        s->source[i] = source[i];
    s->source[i] = '\0';
    s->turn++;
}

void
stats_cpus(const struct stats *s, double *cpus, char source[STATS_SOURCE_MAX])
{
    unsigned turn;
    int tries = 0;

    do {
        size_t i = 0;

        turn = s->turn;
        *cpus = s->cpus;
        for (; i < STATS_SOURCE_MAX - 1 && s->source[i] != '\0'; i++)
            source[i] = s->source[i];
        source[i] = '\0';
        /* A master that was killed while it wrote does not hold its workers up. */
    } while ((turn % 2 == 1 || turn != s->turn) && ++tries < READ_TRIES);
}

double
stats_share(const struct stats *s)
{
    unsigned workers = s->workers;

    return s->cpus / (workers > 0 ? workers : 1);
}

void
stats_wake(const struct stats *s)
{
    uint64_t one = 1;
    int saved = errno;

    /* It fails only when the master has not looked for 2^64 - 2 times: then it will. */
    while (write(s->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    errno = saved;
}

void
stats_sum(const struct stats *s, struct stats_total *out)
{
    unsigned used = stats_used(s);

    *out = (struct stats_total){0};
    for (unsigned i = 0; i < used; i++) {
        const struct stats_slot *slot = &s->slots[i];

        if (slot->state == STATS_READY)
            out->ready++;
        for (int c = 0; c < STATS_COUNTERS; c++)
            out->counters[c] += stats_get(slot, (enum stats_counter)c);
        for (int b = 0; b < STATS_BUCKETS; b++)
            out->buckets[b] += atomic_load_explicit(&slot->buckets[b], memory_order_relaxed);
    }
}

void
stats_observe(struct stats_slot *slot, uint64_t us)
{
    _Atomic uint64_t *bucket = slot->buckets;

    /* From the short end: that is where most requests are. */
    for (size_t i = 0; i < STATS_BOUNDS && us > stats_bounds_us[i]; i++)
        bucket++;
    atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    stats_add(slot, STATS_LATENCY_US, us);
}
