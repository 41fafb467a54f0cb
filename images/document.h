/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DOCUMENT_H
#define IMAGES_DOCUMENT_H

/*
 * A manifest or an index of images as it lies somewhere: its bytes, which are kept to be copied
 * unchanged (image-spec considerations.md), and what they say, checked as far as anybody relies on
 * it.  OCI's types and Docker's schema 2 are known.
 */

#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"
#include "images/descriptor.h"

struct err;
struct json_t;
struct platform;

struct document {
    struct descriptor descriptor; /* media_type is never "" */
    char *text;                   /* descriptor.size bytes */
    struct json_t *json;
};

#define DOCUMENT_INIT                           \
    {                                           \
        {{0}, {0}, 0, {"", "", ""}}, NULL, NULL \
    }
#define cleanup_document __attribute__((cleanup(document_done)))

void document_done(struct document *d);

/* Takes its own copy of text.  type is what came along with it ("" when nothing did), and must not
 * contradict the text: CVE-2021-41190.  name is for errors. */
int document_parse(struct str text, const char *type, const char *name, struct document *out,
                   struct err *err) NODISCARD;

/* Entries of an index, or layers of a manifest. */
size_t document_count(const struct document *d);
int document_item(const struct document *d, size_t i, struct descriptor *out,
                  struct err *err) NODISCARD;

/* Of a manifest. */
int document_config(const struct document *d, struct descriptor *out, struct err *err) NODISCARD;

/* The first entry of an index for that platform: image-index.md.  Without a variant any matches.
 * ERR_NOT_FOUND with the platforms that are there. */
int document_choose(const struct document *index, const struct platform *p, struct descriptor *out,
                    struct err *err) NODISCARD;

#endif
