/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REF_H
#define IMAGES_REF_H

/*
 * Names of images, as users of docker and skopeo write them:
 *
 *   name, name:tag, host/name:tag, host:port/name@sha256:...   an image in a registry
 *   docker://NAME                                              the same, said explicitly
 *   oci:DIR[:TAG]                                              a layout folder
 *   oci-archive:FILE[:TAG]   docker-archive:FILE[:NAME]        a tar file; "-" is a standard stream
 *   docker-daemon:NAME                                         a Docker daemon's store
 *
 * The grammar of names and tags is distribution-spec 1.1 ("Pulling manifests"), that of digests is
 * image-spec 1.1 descriptor.md, that of a layout's TAG is annotations.md (ref.name).  A digest that
 * was parsed here is safe to be a file's name.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

enum ref_transport {
    REF_REGISTRY,
    REF_OCI,
    REF_OCI_ARCHIVE,
    REF_DOCKER_ARCHIVE,
    REF_DOCKER_DAEMON
};

enum {
    REF_NAME_MAX = 255, /* host and repository together, as most clients and registries limit it */
    REF_TAG_MAX = 128
};

struct ref {
    enum ref_transport transport;
    char *path;       /* folder or file of oci and the archives, else NULL */
    char *host;       /* registry with its port, NULL when the name has none */
    char *repository; /* "library/nginx"; NULL where no name was given */
    char *tag;        /* of the name or of the layout; NULL when not given */
    char *digest;     /* "sha256:..." or NULL */
};

#define REF_INIT                                   \
    {                                              \
        REF_REGISTRY, NULL, NULL, NULL, NULL, NULL \
    }
#define cleanup_ref __attribute__((cleanup(ref_done)))

/* ERR_INVALID with the text, what is wrong in it and how to write it.  out is written on success.
 */
int ref_parse(const char *text, struct ref *out, struct err *err) NODISCARD;
void ref_done(struct ref *ref);

/* "oci", "docker-archive", ...; "docker" for a registry. */
const char *ref_transport_name(enum ref_transport transport);

/* The name as the user knows it, "host/name:tag"; the tag is "latest" when none was given.  The
 * caller frees it; NULL when ref has no name. */
char *ref_tagged_name(const struct ref *ref);

/* The same with Docker's defaults written out: "docker.io/library/name:latest". */
char *ref_full_name(const struct ref *ref);

/* How another tag beside ref is written: "docker://host/name:TAG", "oci:DIR:TAG".  The caller frees
 * it; NULL for kinds that hold no others. */
char *ref_beside(const struct ref *ref, const char *tag);

#endif
