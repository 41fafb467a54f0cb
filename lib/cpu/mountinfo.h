/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPU_MOUNTINFO_H
#define CPU_MOUNTINFO_H

/*
 * /proc/self/mountinfo (proc(5)), one mount a line:
 *
 *   36 35 98:0 /root /mount/point rw,noatime shared:1 - type source super,options
 *
 * Any number of optional fields stands before the lone "-"; blanks, tabs, newlines and backslashes
 * in paths are octal escapes; super options may hold blanks.  Lines are as long as they are: an
 * overlay with many layers needs more than 64 KiB.
 */

#include <stdbool.h>

#include "base/str.h"

struct buf;

/* Views into the text; root and mount_point are still escaped. */
struct mountinfo_entry {
    struct str root;
    struct str mount_point;
    struct str fs_type;
    struct str super_options;
};

/* Takes the next well-formed line off *text, passing over others; false at the end. */
bool mountinfo_next(struct str *text, struct mountinfo_entry *out);

/* Whether one of the comma-separated super options is name. */
bool mountinfo_has_option(const struct mountinfo_entry *e, const char *name);

/* Appends the path that an escaped field stands for. */
void mountinfo_unescape(struct str field, struct buf *out);

#endif
