/* SPDX-License-Identifier: Apache-2.0 */
#include "images/ref.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/ref_grammar.h"

static const struct {
    const char *prefix;
    enum ref_transport transport;
} transports[] = {
    {"docker://", REF_REGISTRY},           {"oci:", REF_OCI},
    {"oci-archive:", REF_OCI_ARCHIVE},     {"docker-archive:", REF_DOCKER_ARCHIVE},
    {"docker-daemon:", REF_DOCKER_DAEMON},
};

static int
bad(struct err *err, const char *text, const char *why)
{
    return err_set(err, ERR_INVALID, "image name '%s': %s", text, why);
}

static int
parse_repository(const char *text, struct str rest, struct ref *out, struct err *err)
{
    ptrdiff_t slash = str_find(rest, '/');
    struct str walk;

    if (rest.n > REF_NAME_MAX)
        return bad(err, text, "longer than 255 characters");
    if (slash >= 0 && ref_grammar_looks_like_host((struct str){rest.p, (size_t)slash})) {
        struct str host = {rest.p, (size_t)slash};

        if (!ref_grammar_is_host(host))
            return bad(err, text, "what stands before the first '/' is no host name");
        out->host = mem_strndup(host.p, host.n);
        rest.p += slash + 1;
        rest.n -= (size_t)slash + 1;
    }
    walk = rest;
    if (walk.n == 0)
        return bad(err, text, "the name is empty");
    while (walk.p != NULL) {
        struct str part = str_cut(&walk, '/');

        if (ref_grammar_has_capitals(part))
            return bad(err, text, "names are lower case; only a tag may have capitals");
        if (!ref_grammar_is_component(part))
            return bad(
                err, text,
                "a name is made of a-z and 0-9, joined by '.', '_', '__' or dashes, and '/'");
    }
    out->repository = mem_strndup(rest.p, rest.n);
    return 0;
}

/* [HOST/]NAME[:TAG][@DIGEST] */
static int
parse_name(const char *text, struct str s, struct ref *out, struct err *err)
{
    ptrdiff_t at = str_find(s, '@');
    size_t colon = s.n;

    if (at >= 0) {
        struct str digest = {s.p + at + 1, s.n - (size_t)at - 1};

        if (!ref_grammar_is_digest(digest))
            return bad(err, text,
                       "what stands after '@' is no digest: sha256: and 64 lower-case digits");
        out->digest = mem_strndup(digest.p, digest.n);
        s.n = (size_t)at;
        colon = s.n;
    }
    /* A colon after the last slash begins the tag; one before it belongs to the host's port. */
    for (size_t i = s.n; i > 0 && s.p[i - 1] != '/'; i--)
        if (s.p[i - 1] == ':')
            colon = i - 1;
    if (colon < s.n) {
        struct str tag = {s.p + colon + 1, s.n - colon - 1};

        if (!ref_grammar_is_tag(tag))
            return bad(err, text,
                       "a tag is 1 to 128 letters, digits, '_', '.' and '-', not '.' or '-' first");
        out->tag = mem_strndup(tag.p, tag.n);
        s.n = colon;
    }
    return parse_repository(text, s, out, err);
}

/* PATH[:TAG-OR-NAME], divided at the first colon as skopeo does. */
static int
parse_path(const char *text, struct str s, struct ref *out, struct err *err)
{
    struct str rest = s;
    struct str path = str_cut(&rest, ':');

    if (path.n == 0)
        return bad(err, text, "a path must follow the transport");
    out->path = mem_strndup(path.p, path.n);
    if (rest.p == NULL)
        return 0;
    if (out->transport == REF_DOCKER_ARCHIVE)
        return parse_name(text, rest, out, err);
    if (!ref_grammar_is_layout_tag(rest))
        return bad(err, text,
                   "a tag in a layout is letters and digits, joined by one of '-._:@/+' each");
    out->tag = mem_strndup(rest.p, rest.n);
    return 0;
}

int
ref_parse(const char *text, struct ref *out, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;
    struct str rest = str_from(text);
    int done;

    if (rest.n == 0)
        return bad(err, text, "the name is empty");
    for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
        if (!str_starts(rest, transports[i].prefix))
            continue;
        ref.transport = transports[i].transport;
        rest.p += strlen(transports[i].prefix);
        rest.n -= strlen(transports[i].prefix);
        break;
    }
    if (ref.transport == REF_REGISTRY && strstr(rest.p, "://") != NULL)
        return bad(err, text,
                   "no such transport: docker://, oci:, oci-archive:, docker-archive: and "
                   "docker-daemon: are known");
    if (ref.transport == REF_REGISTRY || ref.transport == REF_DOCKER_DAEMON)
        done = parse_name(text, rest, &ref, err);
    else
        done = parse_path(text, rest, &ref, err);
    if (done < 0)
        return -1;
    *out = ref;
    ref = (struct ref)REF_INIT;
    return 0;
}

void
ref_done(struct ref *ref)
{
    free(ref->path);
    free(ref->host);
    free(ref->repository);
    free(ref->tag);
    free(ref->digest);
    *ref = (struct ref)REF_INIT;
}

const char *
ref_transport_name(enum ref_transport transport)
{
    switch (transport) {
    case REF_OCI:
        return "oci";
    case REF_OCI_ARCHIVE:
        return "oci-archive";
    case REF_DOCKER_ARCHIVE:
        return "docker-archive";
    case REF_DOCKER_DAEMON:
        return "docker-daemon";
    case REF_REGISTRY:
        break;
    }
    return "docker";
}

char *
ref_tagged_name(const struct ref *ref)
{
    if (ref->repository == NULL)
        return NULL;
    return mem_printf("%s%s%s:%s", ref->host != NULL ? ref->host : "", ref->host != NULL ? "/" : "",
                      ref->repository, ref->tag != NULL ? ref->tag : "latest");
}

char *
ref_full_name(const struct ref *ref)
{
    if (ref->repository == NULL)
        return NULL;
    return mem_printf("%s/%s%s:%s", ref->host != NULL ? ref->host : "docker.io",
                      ref->host == NULL && strchr(ref->repository, '/') == NULL ? "library/" : "",
                      ref->repository, ref->tag != NULL ? ref->tag : "latest");
}

char *
ref_beside(const struct ref *ref, const char *tag)
{
    if (ref->transport == REF_OCI)
        return mem_printf("oci:%s:%s", ref->path, tag);
    if (ref->transport != REF_REGISTRY)
        return NULL;
    return mem_printf("docker://%s%s%s:%s", ref->host != NULL ? ref->host : "",
                      ref->host != NULL ? "/" : "", ref->repository, tag);
}
