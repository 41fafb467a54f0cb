/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_MEMINFO_H
#define CPU_MEMINFO_H

/* The machine's memory, MemTotal of /proc/meminfo: the ceiling where nothing else limits it. */

struct ladder;

void meminfo_look(struct ladder *l);

#endif
