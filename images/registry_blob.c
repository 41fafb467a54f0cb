/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/descriptor.h"
#include "images/registry_request.h"

static char *
scope_to(const struct registry *r, const char *actions)
{
    return mem_printf("repository:%s:%s", r->repository, actions);
}

int
registry_has_blob(struct registry *r, const struct descriptor *d, struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *path = mem_printf("/v2/%s/blobs/%s", r->repository, d->digest);
    cleanup_free char *scope = scope_to(r, "pull,push");
    cleanup_free char *size = mem_printf("%llu", (unsigned long long)d->size);
    struct registry_call call = {.method = "HEAD", .path = path, .scope = scope, .follow = true};
    struct str length;

    if (registry_send(r, &call, &response, err) < 0)
        return -1;
    if (response.status == 404)
        return 0;
    if (response.status != 200)
        return registry_refused(r, &response, d->digest, err);
    length = http_response_header(&response, "Content-Length");
    return length.p == NULL || str_eq(length, size);
}

int
registry_get_blob(struct registry *r, const struct descriptor *d, const struct sink *out,
                  struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *path = mem_printf("/v2/%s/blobs/%s", r->repository, d->digest);
    cleanup_free char *scope = scope_to(r, "pull");
    struct registry_call call = {
        .method = "GET",
        .path = path,
        .scope = scope,
        .sink = out,
        .max_body = d->size,
        .follow = true,
    };

    if (registry_send(r, &call, &response, err) < 0)
        return -1;
    /* 416: the connection broke behind the last byte. */
    if (response.status == 200 || response.status == 206 ||
        (response.status == 416 && call.received == d->size))
        return 0;
    return registry_refused(r, &response, d->digest, err);
}

/* ---- upload ---- */

/* Where the body goes: Location, relative or absolute, with its query. */
static char *
upload_url(const struct registry *r, const char *opened, const struct http_response *response,
           const char *digest, struct err *err)
{
    cleanup_free char *from = mem_printf("%s%s", r->base, opened);
    cleanup_free char *url = NULL;
    struct str location = http_response_header(response, "Location");

    if (location.p == NULL) {
        err_set(err, ERR_PROTOCOL, "%s opened an upload and does not say where", r->base);
        return NULL;
    }
    if (url_resolve(from, location, &url, err) < 0) {
        err_wrap(err, "%s: the Location of an upload", r->base);
        return NULL;
    }
    if (strncmp(r->base, "https:", 6) == 0 && strncmp(url, "https:", 6) != 0) {
        err_set(err, ERR_DENIED, "%s wants the upload by http: its proxy does not tell it of https",
                r->base);
        return NULL;
    }
    return mem_printf("%s%cdigest=%s", url, strchr(url, '?') != NULL ? '&' : '?', digest);
}

static char *
open_upload(struct registry *r, const char *digest, const char *scope, struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *path = mem_printf("/v2/%s/blobs/uploads/", r->repository);
    struct registry_call call = {.method = "POST", .path = path, .scope = scope};

    if (registry_send(r, &call, &response, err) < 0)
        return NULL;
    if (response.status != 202) {
        registry_refused(r, &response, "open an upload", err);
        return NULL;
    }
    return upload_url(r, path, &response, digest, err);
}

/* What is left of an upload that failed; the registry would keep it for days. */
static void
cancel(struct registry *r, const char *url, const char *scope)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    struct registry_call call = {
        .method = "DELETE",
        .url = url,
        .scope = scope,
        .once = true,
        .last = true,
    };
    cleanup_url struct url at = {0};
    struct err ignored = ERR_INIT;

    /* Nobody but the registry itself is told to delete something. */
    if (url_parse(url, &at, &ignored) < 0 || !url_same_origin(&at, &r->origin))
        return;
    if (registry_send(r, &call, &response, &ignored) < 0)
        return;
}

/* 1 when another attempt may do better. */
static int
upload(struct registry *r, const struct blob *b, const char *url, const char *scope,
       struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    struct registry_call call = {
        .method = "PUT",
        .url = url,
        .scope = scope,
        .content_type = "application/octet-stream",
        .upload = b,
        .once = true,
    };

    if (registry_send(r, &call, &response, err) < 0) {
        cancel(r, url, scope);
        return err->code == ERR_NET || err->code == ERR_TIMEOUT ? 1 : -1;
    }
    if (response.status == 201)
        return 0;
    registry_refused(r, &response, b->digest, err);
    cancel(r, url, scope);
    /* 404: the session was lost by a registry that was started anew. */
    return response.status == 404 || response.status == 408 || response.status == 429 ||
                   response.status >= 500
               ? 1
               : -1;
}

int
registry_put_blob(struct registry *r, const struct blob *b, struct err *err)
{
    cleanup_free char *scope = scope_to(r, "pull,push");

    for (unsigned attempt = 1;; attempt++) {
        struct err why = ERR_INIT;
        cleanup_free char *url = open_upload(r, b->digest, scope, &why);
        int more = url != NULL ? upload(r, b, url, scope, &why) : -1;

        if (more == 0)
            return 0;
        if (more < 0 || attempt == REGISTRY_ATTEMPTS) {
            *err = why;
            return -1;
        }
        if (registry_pause(attempt, (struct str){NULL, 0}, err) < 0)
            return -1;
    }
}

int
registry_mount_blob(struct registry *r, const struct descriptor *d, const char *from,
                    struct err *err)
{
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *scope =
        mem_printf("repository:%s:pull,push repository:%s:pull", r->repository, from);
    cleanup_free char *path =
        mem_printf("/v2/%s/blobs/uploads/?mount=%s&from=%s", r->repository, d->digest, from);
    struct registry_call call = {.method = "POST", .path = path, .scope = scope};
    struct err why = ERR_INIT;

    if (registry_send(r, &call, &response, &why) < 0) {
        /* Who may not read the one repository may still write to the other. */
        if (why.code == ERR_DENIED)
            return 0;
        *err = why;
        return -1;
    }
    if (response.status == 202) { /* an upload was opened instead */
        cleanup_free char *url = upload_url(r, path, &response, d->digest, err);

        if (url == NULL)
            return -1;
        cancel(r, url, scope);
    }
    return response.status == 201;
}
