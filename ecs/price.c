/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/price.h"

/*
 * Per vCPU-hour and GB-hour.  A new price is a new date.  Windows: 0.09148 for the vCPU and 0.046
 * for the licence.
 */
static const struct price_table table_us_east_1 = {
    .region = "us-east-1",
    .date = "2026-06",
    .source = "AWS Fargate's published on-demand prices, seen March to June 2026",
    .rates = {[PRICE_LINUX_X86_64] = {40480000, 4445000},
              [PRICE_LINUX_ARM64] = {32380000, 3560000},
              [PRICE_WINDOWS] = {91480000 + 46000000, 10050000}},
};

const struct price_table *
price_table(void)
{
    return &table_us_east_1;
}

int64_t
price_hour_nano(const struct price_table *table, enum price_platform platform, struct size size)
{
    const struct price_rate *rate = &table->rates[platform];

    /* Both are multiples of 1/4 vCPU and 1/2 GB, so no fraction is lost. */
    return size.cpu_units * rate->vcpu_hour_nano / SIZE_UNITS_PER_VCPU +
           size.memory_mib * rate->gb_hour_nano / SIZE_MIB_PER_GB;
}
