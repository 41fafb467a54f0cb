/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REGISTRY_REQUEST_H
#define IMAGES_REGISTRY_REQUEST_H

/* One request to a registry; for images/registry*.c alone. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/registry.h"
#include "images/registry_challenge.h"
#include "images/registry_creds.h"
#include "images/registry_token.h"
#include "net/url.h"

struct registry {
    struct http_client *client;
    struct registry_opts opts;
    char *authority; /* as the user wrote it; "docker.io" */
    char *base;      /* "https://registry-1.docker.io" */
    struct url origin;
    char *repository;
    unsigned kinds_seen; /* 1 << enum address_kind of where the registry itself was reached */
    bool answered;       /* it was there at least once */
    bool creds_read;
    struct creds creds;
    struct challenge challenge; /* the last one */
    struct tokens tokens;
};

struct registry_call {
    const char *method;
    const char *path;  /* below the base, "/v2/..." */
    const char *url;   /* absolute, instead of path */
    const char *scope; /* of the token: "repository:NAME:pull", several divided by blanks */
    const char *accept, *content_type; /* or NULL */
    const void *body;                  /* or NULL */
    int64_t body_size;
    const struct blob *upload; /* streamed as the body instead, or NULL */
    const struct sink *sink;   /* for the body of a 200; NULL: into the response */
    size_t max_body;
    bool follow; /* redirects */
    bool once;   /* no retry but after logging in */
    bool last;   /* also when interrupted, and soon over */

    /* Its own. */
    uint64_t received; /* bytes that the sink has got */
};

/* 0 with any answer, after redirects, log-in and retries; also one that says no. */
int registry_send(struct registry *r, struct registry_call *call, struct http_response *response,
                  struct err *err) NODISCARD;

/* Sets err from an answer that says no: "what: 403 DENIED: text; remedy".  Returns -1. */
int registry_refused(const struct registry *r, const struct http_response *response,
                     const char *what, struct err *err);

/* Leaves the text of an error away when it repeats what is secret: parts of it are the peer's. */
void registry_hide(const struct registry *r, struct err *err);

/* The credentials, read when first asked for. */
int registry_creds(struct registry *r, struct err *err) NODISCARD;

/* ERR_DENIED when a peer that the registry named must not be connected to. */
int registry_check_peer(const struct registry *r, unsigned kind, const char *where,
                        struct err *err) NODISCARD;

/* Before attempt number `attempt` (1 = the first retry): sleeps, as long as Retry-After says when
 * that is bearable.  -1 when interrupted. */
int registry_pause(unsigned attempt, struct str retry_after, struct err *err) NODISCARD;

#endif
