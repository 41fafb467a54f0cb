/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/env.h"
#include "aws/partition.h"
#include "aws/profile.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum { URL_MAX = 2048 };

static const char command_line[] = "--endpoint-url";

const struct endpoint_service endpoint_ecs = {
    .id = "ecs",
    .variable = "AWS_ENDPOINT_URL_ECS",
    .signing_name = "ecs",
    .host = "ecs",
    .fips_host = "ecs-fips",
};

const struct endpoint_service endpoint_ecr = {
    .id = "ecr",
    .variable = "AWS_ENDPOINT_URL_ECR",
    .signing_name = "ecr",
    .host = "api.ecr",
    .fips_host = "ecr-fips",
};

/* A configured endpoint before it is checked. */
struct candidate {
    char *text;       /* NULL for none */
    const char *from; /* borrowed */
};

void
endpoint_done(struct endpoint *e)
{
    free(e->url);
    url_done(&e->parts);
    free(e->host_header);
    free(e->path);
    *e = (struct endpoint){0};
}

static bool
take_view(struct candidate *out, struct str value, const char *from)
{
    if (value.p == NULL)
        return false;
    out->text = mem_strndup(value.p, value.n);
    out->from = from;
    return true;
}

static int
is_ignored(const struct profile *profile, bool *out, struct err *err)
{
    bool by_profile;

    if (profile_get_bool(profile, "ignore_configured_endpoint_urls", false, &by_profile, err) < 0)
        return -1;
    return env_get_bool("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", by_profile, out, err);
}

static int
find_configured(const struct endpoint_service *service, const char *given,
                const struct profile *profile, struct candidate *out, struct err *err)
{
    struct str services = profile_get(profile, "services");
    bool ignored;

    if (given != NULL) {
        take_view(out, str_from(given), command_line);
        return 0;
    }
    if (is_ignored(profile, &ignored, err) < 0)
        return -1;
    if (ignored || take_view(out, str_from(env_get(service->variable)), service->variable))
        return 0;
    if (take_view(out, str_from(env_get("AWS_ENDPOINT_URL")), "AWS_ENDPOINT_URL"))
        return 0;
    /* Going on to AWS itself instead of what was meant would be worse than stopping. */
    if (services.p != NULL && ini_section(&profile->config, "services", services) == NULL)
        return err_set(err, ERR_INVALID, "profile '%.100s': there is no [services %.*s] in '%s'",
                       profile->name, services.n < 100 ? (int)services.n : 100, services.p,
                       profile->config_path);
    if (services.p != NULL &&
        take_view(out,
                  profile_get_nested(profile, "services", services, service->id, "endpoint_url"),
                  "the services section of the profile"))
        return 0;
    take_view(out, profile_get(profile, "endpoint_url"), "endpoint_url of the profile");
    return 0;
}

/* "localhost", 127.0.0.0/8 and ::1 are this machine. */
static bool
is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (str_eq_nocase(str_from(host), "localhost"))
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int
check_text(const char *text, const char *from, struct err *err)
{
    struct str s = str_from(text);

    if (s.n > URL_MAX)
        return err_set(err, ERR_INVALID, "endpoint (%s): longer than %d characters", from, URL_MAX);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return err_set(err, ERR_INVALID,
                           "endpoint (%s): holds a blank or a character that is "
                           "not ASCII",
                           from);
    }
    /* What stands before an '@' may be a password, so the text is not shown. */
    if (str_find(s, '@') >= 0)
        return err_set(err, ERR_INVALID, "endpoint (%s): may hold no user name or '@'", from);
    if (str_find(s, '?') >= 0 || str_find(s, '#') >= 0)
        return err_set(err, ERR_INVALID, "endpoint '%.200s' (%s): may hold no '?' or '#'", text,
                       from);
    if (!str_starts(s, "http://") && !str_starts(s, "https://"))
        return err_set(err, ERR_INVALID, "endpoint '%.200s' (%s): want https://HOST[:PORT]", text,
                       from);
    return 0;
}

static int
parse_url(const char *text, const char *from, struct url *out, struct err *err)
{
    if (check_text(text, from, err) < 0)
        return -1;
    if (url_parse(text, out, err) < 0)
        return err_wrap(err, "endpoint '%.200s' (%s)", text, from);
    if (strcmp(out->scheme, "http") == 0 && !is_loopback(out->host))
        return err_set(err, ERR_INVALID,
                       "endpoint '%.200s' (%s): plain http is for this machine only (localhost, "
                       "127.0.0.1, [::1]); use https",
                       text, from);
    return 0;
}

static size_t
length_without_slashes(const char *s)
{
    size_t n = strlen(s);

    while (n > 0 && s[n - 1] == '/')
        n--;
    return n;
}

/* Takes the parts over. */
static void
fill(struct endpoint *out, const char *text, const char *from, struct url parts)
{
    *out = (struct endpoint){
        .url = mem_strndup(text, length_without_slashes(text)),
        .parts = parts,
        .host_header = url_host_header(&parts),
        .path = mem_printf("%.*s/", (int)length_without_slashes(parts.path), parts.path),
        .from = from,
    };
}

static int
make(struct endpoint *out, const char *text, const char *from, struct err *err)
{
    struct url parts = {0};

    if (parse_url(text, from, &parts, err) < 0) {
        url_done(&parts);
        if (strcmp(from, command_line) == 0)
            err->code = ERR_USAGE;
        return -1;
    }
    fill(out, text, from, parts);
    return 0;
}

static int
read_flags(const struct profile *profile, bool *fips, bool *dual_stack, struct err *err)
{
    bool by_profile;

    if (profile_get_bool(profile, "use_fips_endpoint", false, &by_profile, err) < 0 ||
        env_get_bool("AWS_USE_FIPS_ENDPOINT", by_profile, fips, err) < 0 ||
        profile_get_bool(profile, "use_dualstack_endpoint", false, &by_profile, err) < 0)
        return -1;
    return env_get_bool("AWS_USE_DUALSTACK_ENDPOINT", by_profile, dual_stack, err);
}

int
endpoint_choose(const struct endpoint_service *service, const char *given, const char *region,
                const struct profile *profile, struct endpoint *out, struct err *err)
{
    const struct partition *partition = partition_of(region);
    struct candidate configured = {NULL, NULL};
    cleanup_free char *text = NULL;
    bool fips, dual_stack;

    if (read_flags(profile, &fips, &dual_stack, err) < 0 ||
        find_configured(service, given, profile, &configured, err) < 0)
        return -1;
    text = configured.text;
    if (text != NULL && (fips || dual_stack))
        return err_set(err, ERR_INVALID,
                       "endpoint (%s): a configured endpoint and %s exclude one another; unset one",
                       configured.from,
                       fips ? "FIPS (AWS_USE_FIPS_ENDPOINT, use_fips_endpoint)"
                            : "dual stack (AWS_USE_DUALSTACK_ENDPOINT, use_dualstack_endpoint)");
    if (text != NULL)
        return make(out, text, configured.from, err);
    text = mem_printf("https://%s.%s.%s", fips ? service->fips_host : service->host, region,
                      dual_stack ? partition->dual_stack_suffix : partition->dns_suffix);
    return make(out, text, "region", err);
}
