/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_EXPORT_H
#define IMAGES_EXPORT_H

/*
 * An image's root file system as one tar: what `docker export` of a container that never ran would
 * be.  Entries are sorted by path, so the bytes depend on the merged tree alone and not on how it
 * is cut into layers.  Times are whole seconds.
 */

#include <stdbool.h>

#include "base/attr.h"

struct err;
struct image_read;
struct limits;
struct sink;

/* Contents wait in a file without a name in tmp; nothing goes to out before every layer is known to
 * be right.  special: device nodes, named pipes, setuid and setgid files are taken, not refused. */
int export_image(const struct image_read *image, const char *tmp, bool special,
                 struct limits *limits, const struct sink *out, struct err *err) NODISCARD;

#endif
