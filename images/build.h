/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_BUILD_H
#define IMAGES_BUILD_H

/*
 * The work of `imagegen build`: from options as the user wrote them to an image at its target.
 * Everything that can be wrong with the options and the files is found before the target is
 * touched.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/cli.h"

struct buf;
struct err;
struct image;
struct target;

struct build_opts {
    const char *from;               /* the image to begin with (images/base.h), or NULL */
    struct cli_list files, folders; /* images/source.h */
    struct cli_list entrypoint, cmd;
    struct cli_list env, ports, labels, annotations;
    const char *user;     /* images/passwd.h; NULL = nonroot */
    const char *owner;    /* of the files; NULL = 0:0 */
    const char *workdir;  /* absolute, or NULL */
    const char *platform; /* OS/ARCH[/VARIANT], or NULL */
    bool ca_certs;        /* the machine's bundle */
    const char *ca_file;  /* or this one */
    bool no_tmp;
    const char *compression;    /* images/compressor.h; NULL = gzip */
    uint64_t compression_level; /* 0 = the compression's default */
    uint64_t threads;           /* 0 = the CPUs this process may use */
};

/* created is the time of everything in the image.  warnings gets lines about what will probably not
 * work. image is initialised. */
int build_image(const struct build_opts *o, int64_t created, struct target *target,
                struct image *image, struct buf *warnings, struct err *err) NODISCARD;

#endif
