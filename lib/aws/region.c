/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/region.h"

#include <stdbool.h>
#include <string.h>

#include "aws/env.h"
#include "aws/profile.h"
#include "base/err.h"
#include "base/str.h"

static const char command_line[] = "--region";

/* A host label of RFC 1123 in lower case, and not a number alone. */
static bool
is_label(struct str s)
{
    bool has_letter = false;

    if (s.n == 0 || s.n >= REGION_SIZE || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = s.p[i] >= 'a' && s.p[i] <= 'z';

        if (!letter && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-')
            return false;
        has_letter = has_letter || letter;
    }
    return has_letter;
}

/* "us-east-1a": a digit before the last letter, which no region has. */
static bool
is_zone(struct str s)
{
    return s.n > 3 && s.p[s.n - 1] >= 'a' && s.p[s.n - 1] <= 'z' && s.p[s.n - 2] >= '0' &&
           s.p[s.n - 2] <= '9' && s.p[s.n - 3] == '-';
}

/* The region ends with its first number: "us-east-1a", and the local zone "us-west-2-lax-1a". */
static int
region_length(struct str zone)
{
    size_t i = 1;

    while (i < zone.n && !(zone.p[i - 1] == '-' && zone.p[i] >= '0' && zone.p[i] <= '9'))
        i++;
    while (i < zone.n && zone.p[i] >= '0' && zone.p[i] <= '9')
        i++;
    return (int)i;
}

static int
take(struct str value, const char *from, char out[REGION_SIZE], struct err *err)
{
    enum err_code code = strcmp(from, command_line) == 0 ? ERR_USAGE : ERR_INVALID;
    int shown = value.n < 80 ? (int)value.n : 80;

    if (!is_label(value))
        return err_set(err, code,
                       "region '%.*s' (%s): want a name such as us-east-1: lower-case letters, "
                       "digits and '-', at most %d",
                       shown, value.p, from, REGION_SIZE - 1);
    if (is_zone(value))
        return err_set(err, code,
                       "region '%.*s' (%s) is an availability zone; its region is '%.*s'", shown,
                       value.p, from, region_length(value), value.p);
    memcpy(out, value.p, value.n);
    out[value.n] = '\0';
    return 0;
}

int
region_choose(const char *given, const struct profile *profile, char out[REGION_SIZE],
              struct err *err)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    struct str configured = profile_get(profile, "region");

    if (given != NULL)
        return take(str_from(given), command_line, out, err);
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *value = env_get(variables[i]);

        if (value != NULL)
            return take(str_from(value), variables[i], out, err);
    }
    if (configured.p != NULL) {
        struct err why = ERR_INIT;

        if (take(configured, "region of the profile", out, &why) == 0)
            return 0;
        *err = why;
        return err_wrap(err, "profile '%.100s'", profile->name);
    }
    return err_set(err, ERR_USAGE,
                   "no region: give --region, set AWS_REGION, or put 'region = ...' into profile "
                   "'%.100s' of '%s'",
                   profile->name,
                   profile->config_path != NULL ? profile->config_path : "~/.aws/config");
}
