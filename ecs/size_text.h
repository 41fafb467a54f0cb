/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_SIZE_TEXT_H
#define ECS_SIZE_TEXT_H

/*
 * Spellings of CPU and memory sizes.
 *
 * ECS itself takes whole CPU units ("1024") or vCPUs with their unit ("1 vCPU", ".25vcpu"), whole
 * MiB ("2048") or gigabytes with their unit ("2 GB", "0.5gb"), in any case and with any blanks, and
 * turns them into whole numbers.  On our command line a bare number up to 32 is vCPUs as well, as
 * nobody means 1 CPU unit by `--cpu 1`, and memory may carry MB, MiB and GiB (a GB of ECS is 1024
 * MiB).  Arithmetic is exact: what is no whole number of units is refused, never rounded.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

enum size_text_dialect {
    SIZE_TEXT_ECS,   /* what the API takes: for documents */
    SIZE_TEXT_OPTION /* what our options take besides */
};

/* ERR_INVALID with one clause, without the text itself, that says what is wrong and what is wanted.
 */
int size_text_cpu(struct str text, enum size_text_dialect dialect, uint32_t *units,
                  struct err *err) NODISCARD;
int size_text_memory(struct str text, enum size_text_dialect dialect, uint32_t *mib,
                     struct err *err) NODISCARD;

enum { SIZE_TEXT_MAX = 32 };

/* "0.25 vCPU", "0.5 GB": for people.  Both parsers read them back as the same number. */
void size_text_vcpu(uint32_t units, char out[SIZE_TEXT_MAX]);
void size_text_gb(uint32_t mib, char out[SIZE_TEXT_MAX]);

#endif
