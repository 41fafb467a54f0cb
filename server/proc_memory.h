/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROC_MEMORY_H
#define SERVER_PROC_MEMORY_H

/* How much memory a process has for itself, by what /proc tells. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* In bytes; 0 when the kernel does not tell. */
uint64_t proc_memory_private(pid_t pid);

/* The texts of smaps_rollup and statm; false when they are something else. */
bool proc_memory_of_rollup(struct str text, uint64_t *bytes);
bool proc_memory_of_statm(struct str text, uint64_t page_size, uint64_t *bytes);

#endif
