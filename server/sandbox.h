/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

/*
 * What a worker gives up before it reads its first request: all capabilities, new privileges by
 * exec, and every system call that its work does not need.  A call outside of the filter fails
 * (EPERM; ENOSYS where the C library then takes an older one), it never ends the worker.
 */

#include <stdbool.h>

#include "base/attr.h"

struct err;
struct settings;

/* What a worker does besides answering from memory and files. */
enum sandbox_part {
    SANDBOX_THREADS = 1 << 0, /* starts threads */
    SANDBOX_SQLITE = 1 << 1,  /* writes and locks database files */
    SANDBOX_NETWORK = 1 << 2  /* connects to others: MariaDB, upstreams, name servers */
};

/* The parts that settings ask for. */
unsigned sandbox_parts(const struct settings *s);

/* For a process that is still root: no program it could ever start gets a capability back. */
void sandbox_bound(void);

/* parts of enum sandbox_part.  Holds for all threads that there are and will be, but for the
 * capabilities, which each thread has of its own: before the first one.  -1 tells what the system
 * does not offer; everything else is in force, and the caller goes on. */
int sandbox_enter(unsigned parts, struct err *err) NODISCARD;

/* What sandbox_enter() would say, tried by a child. */
int sandbox_try(unsigned parts, struct err *err) NODISCARD;

/* False in programs under the sanitizers, which need more calls than any list of ours. */
bool sandbox_has_filter(void);

#endif
