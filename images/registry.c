/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/ref.h"
#include "images/registry_login.h"
#include "images/registry_request.h"
#include "net/address.h"

#define DOCKER_HOST "registry-1.docker.io"

/* Names that Docker's registry goes by in image names. */
static bool
is_docker(const char *host)
{
    return host == NULL || strcmp(host, "docker.io") == 0 || strcmp(host, "index.docker.io") == 0;
}

static bool
is_loopback(const char *authority)
{
    cleanup_free char *text = mem_printf("http://%s/", authority);
    cleanup_url struct url u = {0};
    struct err ignored = ERR_INIT;
    enum address_kind kind;

    return url_parse(text, &u, &ignored) == 0 && address_kind_of_host(u.host, &kind) &&
           kind == ADDRESS_LOOPBACK;
}

char *
registry_repository_of(const struct ref *ref)
{
    /* Official images have a folder that nobody writes. */
    if (is_docker(ref->host) && strchr(ref->repository, '/') == NULL)
        return mem_printf("library/%s", ref->repository);
    return mem_strdup(ref->repository);
}

struct registry *
registry_new(const struct ref *ref, const struct registry_opts *opts, struct err *err)
{
    cleanup_registry struct registry *r = mem_alloc(sizeof(*r));
    const char *host = is_docker(ref->host) ? DOCKER_HOST : ref->host;
    const char *ca = getenv("IMAGEGEN_CA_FILE");
    enum address_kind kind;
    bool plain;

    if (ref->digest != NULL && strncmp(ref->digest, "sha256:", 7) != 0) {
        err_set(err, ERR_UNSUPPORTED, "%s: only sha256 digests are offered", ref->digest);
        return NULL;
    }
    r->opts = *opts;
    if (r->opts.ca_file == NULL && ca != NULL && ca[0] != '\0')
        r->opts.ca_file = ca;
    plain = r->opts.ca_file == NULL && is_loopback(host);
    r->authority = mem_strdup(registry_authority(ref));
    r->base = mem_printf("%s://%s", plain ? "http" : "https", host);
    r->repository = registry_repository_of(ref);
    if (url_parse(r->base, &r->origin, err) < 0) {
        err_wrap(err, "%s", host);
        return NULL;
    }
    /* Behind a proxy nothing else tells where the registry is. */
    if (address_kind_of_host(r->origin.host, &kind))
        r->kinds_seen |= 1U << kind;
    r->client = http_client_new();
    return steal_ptr(&r);
}

void
registry_free(struct registry *r)
{
    if (r == NULL)
        return;
    http_client_free(r->client);
    url_done(&r->origin);
    registry_creds_done(&r->creds);
    challenge_done(&r->challenge);
    tokens_done(&r->tokens);
    free(r->authority);
    free(r->base);
    free(r->repository);
    free(r);
}

void
registry_freep(struct registry **r)
{
    registry_free(*r);
}

const char *
registry_repository(const struct registry *r)
{
    return r->repository;
}

const char *
registry_authority(const struct ref *ref)
{
    return is_docker(ref->host) ? "docker.io" : ref->host;
}

bool
registry_is_at(const struct registry *r, const struct ref *ref)
{
    return strcmp(r->authority, registry_authority(ref)) == 0;
}

int
registry_creds(struct registry *r, struct err *err)
{
    cleanup_http_client struct http_client *http = NULL;

    if (r->creds_read)
        return 0;
    http = http_client_new();
    if (registry_login_find(r->authority, !r->opts.no_env_creds, r->opts.ca_file, http, &r->creds,
                            err) < 0)
        return -1;
    r->creds_read = true;
    return 0;
}

int
registry_check_peer(const struct registry *r, unsigned kind, const char *where, struct err *err)
{
    if (kind == ADDRESS_PUBLIC || (kind != ADDRESS_METADATA && (r->kinds_seen & 1U << kind) != 0))
        return 0;
    return err_set(err, ERR_DENIED, "%s is %s, and the registry is not: refused", where,
                   address_kind_name((enum address_kind)kind));
}
