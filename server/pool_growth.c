/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pool_growth.h"

enum {
    GAP_US = 25 * 1000,     /* between two ticks: the process stood still */
    GLANCE_US = 8 * 1000,   /* enough to see that the CPU is mostly idle */
    WINDOW_US = 200 * 1000, /* two periods of a CPU quota: bursts and gaps even out */
    TRY_US = 1000 * 1000,   /* between two tries with a CPU that is used up */
    HOLD_US = 5 * 1000 * 1000,
    HOLDS_MAX = 4,   /* doublings of that */
    THREADS_FEW = 8, /* the least where jobs are seen to wait */
    JOBS_FEW = 20    /* too few to compare rates by */
};

/* Times what would just use the CPU up: too few threads cost far more than too many, and when the
 * queries come in bursts, as under a quota, just enough is too few (docs/performance.md). */
static const double SPARE = 4;
static const double USE_LOW = 0.5;
static const double USE_FULL = 0.9;
static const double GAIN_LEAST = 1.03;

void
pool_growth_init(struct pool_growth *g, unsigned max, double cpus)
{
    *g = (struct pool_growth){.wanted = 1, .max = max, .cpus = cpus};
}

static void
open_window(struct pool_growth *g, const struct pool_sample *s)
{
    g->open = true;
    g->gapped = false;
    g->since_us = s->now_us;
    g->cpu_since_us = s->cpu_us;
    g->done_since = s->done;
}

static void
grow(struct pool_growth *g, unsigned more, double rate)
{
    g->before = g->wanted;
    g->rate_before = rate;
    g->wanted = g->max - g->wanted > more ? g->wanted + more : g->max;
}

/* What the last growth has brought, now that a window is full. */
static bool
was_in_vain(const struct pool_growth *g, double rate, uint64_t jobs)
{
    return g->before != 0 && jobs >= JOBS_FEW && rate < g->rate_before * GAIN_LEAST;
}

static void
grow_for_waiting(struct pool_growth *g, unsigned more, double rate)
{
    grow(g, g->wanted + more < THREADS_FEW ? THREADS_FEW - g->wanted : more, rate);
}

static void
judge(struct pool_growth *g, const struct pool_sample *s, double use, double rate)
{
    if (was_in_vain(g, rate, s->done - g->done_since)) {
        g->wanted = g->before;
        g->before = 0;
        g->hold_until_us = s->now_us + ((int64_t)HOLD_US << g->holds);
        g->holds += g->holds < HOLDS_MAX ? 1 : 0;
        return;
    }
    if (g->before != 0)
        g->holds = 0;
    g->before = 0;
    if (s->now_us < g->hold_until_us)
        return;
    if (use < USE_FULL) {
        grow_for_waiting(g, (unsigned)(g->wanted * (SPARE / use - 1)) + 1, rate);
    } else {
        grow(g, (g->wanted + 1) / 2, rate);
        g->hold_until_us = s->now_us + TRY_US;
    }
}

unsigned
pool_growth_tick(struct pool_growth *g, const struct pool_sample *s)
{
    int64_t time = s->now_us - g->since_us;
    double use, rate;

    g->gapped |= s->now_us - g->last_us > GAP_US;
    g->last_us = s->now_us;
    if (!s->pressed || !g->open) {
        g->open = false;
        if (s->pressed)
            open_window(g, s);
        return g->wanted;
    }
    if (time < GLANCE_US || g->wanted >= g->max)
        return g->wanted;
    use = (double)(s->cpu_us - g->cpu_since_us) / ((double)time * g->cpus);
    rate = (double)(s->done - g->done_since) / (double)time;
    /* Many short jobs need no hurry, and a neighbour that takes the CPU away makes it look idle. */
    if (use < USE_LOW && s->done - g->done_since < JOBS_FEW && !g->gapped &&
        s->now_us >= g->hold_until_us)
        grow(g, g->wanted, 0);
    else if (time >= WINDOW_US)
        judge(g, s, use, rate);
    else
        return g->wanted;
    open_window(g, s);
    return g->wanted;
}

void
pool_growth_shrink(struct pool_growth *g)
{
    g->wanted -= g->wanted > 1 ? 1 : 0;
    g->before = 0;
}
