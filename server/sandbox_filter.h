/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SANDBOX_FILTER_H
#define SERVER_SANDBOX_FILTER_H

/* The list of system calls as a classic BPF program, seccomp(2). */

#include <linux/filter.h>
#include <stddef.h>

enum { SANDBOX_FILTER_MAX = 1024 }; /* instructions */

/* For parts of enum sandbox_part.  Returns the number of instructions, 0 where the architecture is
 * not known. */
size_t sandbox_filter_make(unsigned parts, struct sock_filter out[SANDBOX_FILTER_MAX]);

#endif
