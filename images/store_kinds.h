/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STORE_KINDS_H
#define IMAGES_STORE_KINDS_H

/* The kinds of stores, for store.c alone.  ref is borrowed for the call; NULL with err. */

struct err;
struct ref;
struct store;
struct tar_index;

struct store *store_layout_new(const struct ref *ref, struct err *err);
struct store *store_oci_archive_new(const struct ref *ref, struct err *err);
struct store *store_docker_archive_new(const struct ref *ref, struct err *err);

/* The tar file of an archive's reference, for the two kinds of archives. */
int store_kinds_open_tar(const struct ref *ref, struct tar_index *out, struct err *err);

#endif
