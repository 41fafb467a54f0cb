/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_VALIDATE_DOCUMENT_H
#define IMAGES_VALIDATE_DOCUMENT_H

/* What image-spec asks of documents beyond what reading them needs. */

struct document;
struct err;
struct json_t;

/* Is given every finding. */
struct validate_sink {
    void (*finding)(void *ctx, const struct err *e);
    void *ctx;
};

/* Of a manifest or an index: media types of all descriptors, annotations (annotations.md). */
void validate_document(const struct document *d, const struct validate_sink *sink);

/* Of a config: architecture and os (config.md). */
void validate_document_config(const struct json_t *config, const struct validate_sink *sink);

#endif
