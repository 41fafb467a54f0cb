/* SPDX-License-Identifier: Apache-2.0 */
#include "images/ref.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/num.h"

static const struct {
    const char *prefix;
    enum ref_transport transport;
} transports[] = {
    {"docker://", REF_REGISTRY},           {"oci:", REF_OCI},
    {"oci-archive:", REF_OCI_ARCHIVE},     {"docker-archive:", REF_DOCKER_ARCHIVE},
    {"docker-daemon:", REF_DOCKER_DAEMON},
};

static bool
is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_word(char c)
{
    return is_lower_or_digit(c) || is_upper(c) || c == '_';
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* : one part of a repository between slashes. */
static bool
is_path_component(struct str s)
{
    size_t i = 0;

    if (s.n == 0 || !is_lower_or_digit(s.p[s.n - 1]))
        return false;
    while (i < s.n) {
        size_t start = i;

        while (i < s.n && is_lower_or_digit(s.p[i]))
            i++;
        if (i == start)
            return false;
        if (i == s.n)
            return true;
        if (s.p[i] == '-') {
            while (i < s.n && s.p[i] == '-')
                i++;
        } else if (s.p[i] == '_') {
            i += i + 1 < s.n && s.p[i + 1] == '_' ? 2 : 1;
        } else if (s.p[i] == '.') {
            i++;
        } else {
            return false;
        }
    }
    return true;
}

/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
static bool
is_tag(struct str s)
{
    if (s.n == 0 || s.n > REF_TAG_MAX || !is_word(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!is_word(s.p[i]) && s.p[i] != '.' && s.p[i] != '-')
            return false;
    return true;
}

/* A host name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
static bool
is_host(struct str s)
{
    struct str name = s;
    ptrdiff_t colon;

    if (s.n > 0 && s.p[0] == '[') {
        ptrdiff_t end = str_find(s, ']');

        if (end < 3)
            return false;
        for (ptrdiff_t i = 1; i < end; i++)
            if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f') &&
                !(s.p[i] >= 'A' && s.p[i] <= 'F') && s.p[i] != ':' && s.p[i] != '.')
                return false;
        s.p += end + 1;
        s.n -= (size_t)end + 1;
        if (s.n == 0)
            return true;
        if (s.p[0] != ':')
            return false;
        name = STR_LIT("in-brackets");
    }
    colon = str_find(s, ':');
    if (colon >= 0) {
        uint64_t port;

        if (name.p == s.p)
            name.n = (size_t)colon;
        if (!num_parse_u64((struct str){s.p + colon + 1, s.n - (size_t)colon - 1}, 65535, &port) ||
            port == 0)
            return false;
    }
    if (name.n == 0)
        return false;
    while (name.p != NULL) {
        struct str label = str_cut(&name, '.');

        if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_word(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

/* As Docker decides it: the first part is a host when no repository could be called that. */
static bool
looks_like_host(struct str first)
{
    if (str_eq(first, "localhost") || str_find(first, '.') >= 0 || str_find(first, ':') >= 0)
        return true;
    for (size_t i = 0; i < first.n; i++)
        if (is_upper(first.p[i]))
            return true;
    return false;
}

bool
ref_is_digest(struct str s)
{
    ptrdiff_t colon = str_find(s, ':');
    struct str algorithm, encoded;
    bool after_separator = true;

    if (colon <= 0)
        return false;
    algorithm = (struct str){s.p, (size_t)colon};
    encoded = (struct str){s.p + colon + 1, s.n - (size_t)colon - 1};
    if (str_eq(algorithm, "sha256"))
        return hex_is_lower(encoded, 64);
    if (str_eq(algorithm, "sha512"))
        return hex_is_lower(encoded, 128);
    for (size_t i = 0; i < algorithm.n; i++) {
        char c = algorithm.p[i];
        bool separator = c == '+' || c == '.' || c == '_' || c == '-';

        if (separator ? after_separator : !is_lower_or_digit(c))
            return false;
        after_separator = separator;
    }
    if (after_separator || encoded.n == 0)
        return false;
    for (size_t i = 0; i < encoded.n; i++)
        if (!is_word(encoded.p[i]) && encoded.p[i] != '=' && encoded.p[i] != '-')
            return false;
    return true;
}

/* annotations.md, org.opencontainers.image.ref.name: alphanumeric words joined by separators. */
static bool
is_layout_tag(struct str s)
{
    bool after_separator = true;

    if (s.n > REF_NAME_MAX + 1 + REF_TAG_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alphanumeric = is_word(c) && c != '_';

        if (c == '-' && i > 1 && s.p[i - 1] == '-' && s.p[i - 2] != '-') {
            after_separator = true; /* "--" is the one double separator */
            continue;
        }
        if (alphanumeric ? false : after_separator || memchr("-._:@/+", c, 7) == NULL)
            return false;
        after_separator = !alphanumeric;
    }
    return !after_separator;
}

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
    if (slash >= 0 && looks_like_host((struct str){rest.p, (size_t)slash})) {
        struct str host = {rest.p, (size_t)slash};

        if (!is_host(host))
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

        for (size_t i = 0; i < part.n; i++)
            if (is_upper(part.p[i]))
                return bad(err, text, "names are lower case; only a tag may have capitals");
        if (!is_path_component(part))
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

        if (!ref_is_digest(digest))
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

        if (!is_tag(tag))
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
    if (!is_layout_tag(rest))
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
