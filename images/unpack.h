/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_UNPACK_H
#define IMAGES_UNPACK_H

/*
 * An image's root file system into a folder that is new or empty.  It is made beside it under a
 * name that only its owner can enter, and renamed when everything was checked: the folder is there
 * as a whole or not at all.
 */

#include "base/attr.h"
#include "images/disk.h"

struct err;
struct image_read;
struct limits;

int unpack_image(const struct image_read *image, const char *dir, const struct disk_opts *opts,
                 struct limits *limits, struct err *err) NODISCARD;

#endif
