/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/partition.h"

#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

static const struct partition partitions[] = {
    {"aws", "amazonaws.com", "api.aws", "us eu ap sa ca me af il mx"},
    {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn"},
    {"aws-us-gov", "amazonaws.com", "api.aws", "us-gov"},
    {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de"},
    {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso"},
    {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob"},
    {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe"},
    {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof"},
};

/* "-<word>-<number>" */
static bool
is_tail(struct str s)
{
    struct str word;

    if (s.n == 0 || *s.p != '-')
        return false;
    s = (struct str){s.p + 1, s.n - 1};
    word = str_cut(&s, '-');
    if (word.n == 0 || s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

static bool
has_region(const struct partition *p, struct str region)
{
    struct str prefixes = str_from(p->prefixes);

    while (prefixes.p != NULL) {
        struct str prefix = str_cut(&prefixes, ' ');

        if (region.n > prefix.n && memcmp(region.p, prefix.p, prefix.n) == 0 &&
            is_tail((struct str){region.p + prefix.n, region.n - prefix.n}))
            return true;
    }
    return false;
}

const struct partition *
partition_of(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++) {
        if (has_region(&partitions[i], str_from(region)))
            return &partitions[i];
    }
    return &partitions[0];
}
