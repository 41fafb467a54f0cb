/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_TARGET_H
#define IMAGES_TARGET_H

/*
 * Where a finished image goes, whatever its kind: named first, opened when all input is known to be
 * good, handed the image last.  Until then nothing is at the target, or what was there before.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "images/layout.h"
#include "images/ref.h"

struct err;
struct image;
struct staged;

struct target {
    struct ref ref;
    struct layout layout; /* of oci: */
    char *folder;         /* where blobs are staged; NULL until opened */
    const char *socket;   /* of docker-daemon:, borrowed from the environment */
};

#define TARGET_INIT                       \
    {                                     \
        REF_INIT, LAYOUT_INIT, NULL, NULL \
    }
#define cleanup_target __attribute__((cleanup(target_done)))

/* Only the name is looked at; kinds that are not offered are ERR_UNSUPPORTED. */
int target_name(const char *text, struct target *out, struct err *err) NODISCARD;

int target_open(struct target *t, struct err *err) NODISCARD;

/* A file for a layer's bytes, on the file system where they will stay if they do. */
int target_stage(const struct target *t, struct staged *out, struct err *err) NODISCARD;

int target_publish(struct target *t, struct image *image, struct err *err) NODISCARD;

/* True when the image itself goes to standard output. */
bool target_is_stdout(const struct target *t);

void target_done(struct target *t);

#endif
