/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_PRICE_H
#define ECS_PRICE_H

/*
 * What a Fargate task costs while it runs.  Prices come from one dated table of one region
 * (price_table()); everything that shows a price shows the table's region and date with it.  Money
 * is whole billionths of a US dollar, so that sums are exact until they are printed.
 *
 * AWS's pages were not seen to say whether a unit of the 32 vCPU size costs the same as one of the
 * others; it is taken to.
 */

#include <stdint.h>

#include "ecs/size.h"

enum price_platform { PRICE_LINUX_X86_64, PRICE_LINUX_ARM64, PRICE_WINDOWS };

enum {
    PRICE_NANO = 1000 * 1000 * 1000, /* one dollar */
    PRICE_HOURS_PER_MONTH = 730      /* AWS's own convention: 365 days by 24 hours by 12 months */
};

struct price_rate {
    int64_t vcpu_hour_nano; /* with the licence where there is one */
    int64_t gb_hour_nano;
};

struct price_table {
    const char *region;
    const char *date; /* when the prices were last seen, YYYY-MM */
    const char *source;
    struct price_rate rates[3]; /* by enum price_platform */
};

const struct price_table *price_table(void);

/* On demand, with the 20 GB of storage that every task has. */
int64_t price_hour_nano(const struct price_table *table, enum price_platform platform,
                        struct size size);

#endif
