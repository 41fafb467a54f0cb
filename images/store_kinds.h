/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STORE_KINDS_H
#define IMAGES_STORE_KINDS_H

/* The kinds of stores, for store.c alone.  ref is borrowed for the call; NULL with err. */

#include "base/attr.h"

struct err;
struct ref;
struct registry_opts;
struct store;

struct store *store_layout_new(const struct ref *ref, struct err *err);
struct store *store_registry_new(const struct ref *ref, struct err *err);

/* Once, when s->ref is there; nothing is asked yet. */
int store_registry_connect(struct store *s, const struct registry_opts *opts,
                           struct err *err) NODISCARD;
struct store *store_oci_archive_new(const struct ref *ref, struct err *err);
struct store *store_docker_archive_new(const struct ref *ref, struct err *err);

#endif
