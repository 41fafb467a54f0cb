/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/document.h"
#include "images/index.h"
#include "images/manifest.h"
#include "images/registry_request.h"

#define ACCEPT                                                              \
    BLOB_MANIFEST ", " INDEX_MEDIA_TYPE ", " DESCRIPTOR_DOCKER_MANIFEST "," \
                  " " DESCRIPTOR_DOCKER_LIST

static bool
is_known(struct str type)
{
    return str_eq(type, BLOB_MANIFEST) || str_eq(type, INDEX_MEDIA_TYPE) ||
           str_eq(type, DESCRIPTOR_DOCKER_MANIFEST) || str_eq(type, DESCRIPTOR_DOCKER_LIST);
}

/* Content-Type without parameters; a type of no use ("application/json") is none. */
static void
type_of(const struct http_response *response, char out[DESCRIPTOR_TYPE_MAX])
{
    struct str type = http_response_header(response, "Content-Type");
    struct str bare = str_trim(str_cut(&type, ';'));

    snprintf(out, DESCRIPTOR_TYPE_MAX, STR_FMT, is_known(bare) ? (int)bare.n : 0, bare.p);
}

static int
parse(const struct http_response *response, const char *reference, struct document *out,
      struct err *err)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    char type[DESCRIPTOR_TYPE_MAX];

    type_of(response, type);
    if (document_parse(buf_view(&response->body), type, reference, &d, err) < 0)
        return -1;
    if (strchr(reference, ':') != NULL && strcmp(d.descriptor.digest, reference) != 0)
        return err_set(err, ERR_DIGEST, "%s: what came has the digest %s", reference,
                       d.descriptor.digest);
    *out = d;
    d = (struct document)DOCUMENT_INIT;
    return 0;
}

static int
refused(const struct registry *r, const struct http_response *response, const char *reference,
        struct err *err)
{
    cleanup_free char *what = mem_printf("manifest %s", reference);

    return registry_refused(r, response, what, err);
}

int
registry_get_manifest(struct registry *r, const char *reference, struct document *out,
                      struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *path = mem_printf("/v2/%s/manifests/%s", r->repository, reference);
    cleanup_free char *scope = mem_printf("repository:%s:pull", r->repository);
    struct registry_call call = {
        .method = "GET",
        .path = path,
        .scope = scope,
        .accept = ACCEPT,
        .max_body = MANIFEST_SIZE_MAX,
        .follow = true,
    };

    if (registry_send(r, &call, &response, err) < 0)
        return -1;
    if (response.status != 200)
        return refused(r, &response, reference, err);
    if (parse(&response, reference, out, err) == 0)
        return 0;
    registry_hide(r, err);
    return -1;
}

int
registry_put_manifest(struct registry *r, const struct document *d, const char *tag,
                      struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    const char *reference = tag != NULL ? tag : d->descriptor.digest;
    cleanup_free char *path = mem_printf("/v2/%s/manifests/%s", r->repository, reference);
    cleanup_free char *scope = mem_printf("repository:%s:pull,push", r->repository);
    struct registry_call call = {
        .method = "PUT",
        .path = path,
        .scope = scope,
        .content_type = d->descriptor.media_type,
        .body = d->text,
        .body_size = (int64_t)d->descriptor.size,
    };
    struct str digest;

    if (registry_send(r, &call, &response, err) < 0)
        return -1;
    if (response.status != 201)
        return refused(r, &response, reference, err);
    digest = http_response_header(&response, "Docker-Content-Digest");
    if (digest.p != NULL && !str_eq(digest, d->descriptor.digest))
        return err_set(err, ERR_DIGEST, "%s: the registry keeps it as another digest than %s",
                       reference, d->descriptor.digest);
    return 0;
}
