/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_STORE_KINDS_H
#define IMAGES_STORE_KINDS_H

/* The kinds of stores, for store.c alone.  ref is borrowed for the call; NULL with err. */

struct err;
struct ref;
struct store;

struct store *store_layout_new(const struct ref *ref, struct err *err);

#endif
