/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DOCKER_ARCHIVE_H
#define IMAGES_DOCKER_ARCHIVE_H

/*
 * An image as one tar that is an OCI layout and a `docker save` archive at once: blobs/sha256/...,
 * index.json, oci-layout, and a manifest.json whose paths point into blobs.  docker load, podman,
 * containerd and skopeo each read the half they know.  The bytes depend on image and name only.
 *
 * The archive is pulled, piece by piece, so that it can be the body of a request as well as a file.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/image.h"

struct docker_archive;
struct err;
struct ref;
struct staged;

/* image is borrowed.  name gives repository and tag; without one (or without a repository in it)
 * the image is loaded untagged. */
struct docker_archive *docker_archive_new(struct image *image, const struct ref *name,
                                          struct err *err);
void docker_archive_free(struct docker_archive *a);
void docker_archive_freep(struct docker_archive **a);
#define cleanup_docker_archive __attribute__((cleanup(docker_archive_freep)))

/* The next bytes, 0 at the end, -1 with err. */
ptrdiff_t docker_archive_read(struct docker_archive *a, void *into, size_t room, struct err *err);

/* Writes the whole archive to a descriptor; label names it in errors. */
int docker_archive_copy(struct docker_archive *a, int fd, const char *label,
                        struct err *err) NODISCARD;

#endif
