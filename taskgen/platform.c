/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/platform.h"

#include "base/err.h"
#include "base/str.h"

struct platform_name {
    const char *name;
    const char *api;
};

/* Fargate's: older Windows versions exist on EC2 only. */
static const struct platform_name systems[] = {
    {"linux", "LINUX"},
    {"windows", "WINDOWS_SERVER_2022_CORE"},
    {"windows-2019-core", "WINDOWS_SERVER_2019_CORE"},
    {"windows-2019-full", "WINDOWS_SERVER_2019_FULL"},
    {"windows-2022-core", "WINDOWS_SERVER_2022_CORE"},
    {"windows-2022-full", "WINDOWS_SERVER_2022_FULL"},
    {"windows-2025-core", "WINDOWS_SERVER_2025_CORE"},
    {"windows-2025-full", "WINDOWS_SERVER_2025_FULL"},
};

static const struct platform_name architectures[] = {
    {"x86_64", "X86_64"},
    {"amd64", "X86_64"},
    {"arm64", "ARM64"},
    {"aarch64", "ARM64"},
};

static char
plain(char c)
{
    if (c == '_')
        return '-';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_same(const char *a, const char *b)
{
    while (*a != '\0' && plain(*a) == plain(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static const char *
find(const struct platform_name *names, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (is_same(names[i].name, text) || is_same(names[i].api, text))
            return names[i].api;
    }
    return NULL;
}

int
platform_os(const char *text, const char **api, struct err *err)
{
    const char *found = find(systems, ARRAY_LEN(systems), text);

    if (found == NULL)
        return err_set(err, ERR_INVALID,
                       "is no operating system of Fargate; there are linux, windows and "
                       "windows-{2019,2022,2025}-{core,full}");
    *api = found;
    return 0;
}

int
platform_arch(const char *text, const char **api, struct err *err)
{
    const char *found = find(architectures, ARRAY_LEN(architectures), text);

    if (found == NULL)
        return err_set(err, ERR_INVALID,
                       "is no architecture of Fargate; there are x86_64 and arm64");
    *api = found;
    return 0;
}

enum size_os
platform_size_os(const char *api)
{
    return str_starts(str_from(api), "WINDOWS") ? SIZE_WINDOWS : SIZE_LINUX;
}
