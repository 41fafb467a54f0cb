/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_PARTITION_H
#define AWS_PARTITION_H

/*
 * The partitions of AWS: separate clouds, each with its own domain names.  A region tells its
 * partition by the form of its name, so that new regions need no new release.
 */

struct partition {
    const char *name; /* as in ARNs: "aws", "aws-cn" */
    const char *dns_suffix;
    const char *dual_stack_suffix;
    const char *prefixes; /* what its regions begin with, before "-<word>-<number>" */
};

/* Never NULL: a region of an unknown form counts as one of "aws". */
const struct partition *partition_of(const char *region);

#endif
