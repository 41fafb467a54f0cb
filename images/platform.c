/* SPDX-License-Identifier: Apache-2.0 */
#include "images/platform.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/str.h"

static const char *const arches[] = {"386",      "amd64",   "arm",    "arm64",  "loong64",
                                     "mips64le", "mips",    "mips64", "mipsle", "ppc64le",
                                     "ppc64",    "riscv64", "s390x",  NULL};

/* What uname and compilers call them. */
static const struct {
    const char *other;
    const char *arch;
    const char *variant;
} aliases[] = {
    {"x86_64", "amd64", ""},
    {"x86-64", "amd64", ""},
    {"aarch64", "arm64", ""},
    {"i386", "386", ""},
    {"i686", "386", ""},
    {"armv6l", "arm", "v6"},
    {"armv7l", "arm", "v7"},
    {"armhf", "arm", "v7"},
    {"ppc64el", "ppc64le", ""},
    {"mips64el", "mips64le", ""},
    {"loongarch64", "loong64", ""},
};

static void
set_arch(struct platform *p, struct str word)
{
    snprintf(p->arch, sizeof(p->arch), STR_FMT, STR_ARG(word));
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (!str_eq_nocase(word, aliases[i].other))
            continue;
        snprintf(p->arch, sizeof(p->arch), "%s", aliases[i].arch);
        snprintf(p->variant, sizeof(p->variant), "%s", aliases[i].variant);
    }
}

static bool
is_known_arch(const char *arch)
{
    for (size_t i = 0; arches[i] != NULL; i++)
        if (strcmp(arches[i], arch) == 0)
            return true;
    return false;
}

static bool
is_variant(struct str s)
{
    if (s.n == 0 || s.n >= PLATFORM_WORD_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '.')
            return false;
    return true;
}

int
platform_parse(const char *text, struct platform *out, struct err *err)
{
    struct platform p = {"", "", ""};
    struct str rest = str_from(text);
    struct str os = str_cut(&rest, '/');
    struct str arch;

    if (rest.p == NULL)
        return err_set(err, ERR_INVALID, "'%s': write OS/ARCH, such as linux/arm64", text);
    arch = str_cut(&rest, '/');
    if (!str_eq(os, "linux"))
        return err_set(err, ERR_UNSUPPORTED, "'%s': only linux images are made", text);
    snprintf(p.os, sizeof(p.os), "linux");
    if (arch.n < PLATFORM_WORD_MAX)
        set_arch(&p, arch);
    if (!is_known_arch(p.arch)) {
        const char *near = str_nearest(p.arch, arches);

        return err_set(err, ERR_INVALID, "'%s': no such architecture; %s%s", text,
                       near != NULL ? "did you mean linux/" : "try linux/amd64 or linux/arm64",
                       near != NULL ? near : "");
    }
    if (rest.p != NULL) {
        if (!is_variant(rest))
            return err_set(err, ERR_INVALID,
                           "'%s': a variant is lower-case letters and digits, such as v7", text);
        snprintf(p.variant, sizeof(p.variant), STR_FMT, STR_ARG(rest));
    }
    *out = p;
    return 0;
}

int
platform_option(const char *text, struct platform *p, const struct platform **out, struct err *err)
{
    *out = NULL;
    if (text == NULL)
        return 0;
    if (platform_parse(text, p, err) < 0) {
        err->code = ERR_USAGE;
        return err_wrap(err, "--platform");
    }
    *out = p;
    return 0;
}

struct platform
platform_linux(const char *arch)
{
    struct platform p = {"linux", "", ""};

    snprintf(p.arch, sizeof(p.arch), "%s", arch);
    return p;
}

struct platform
platform_host(void)
{
    struct platform p = {"linux", "", ""};
    struct utsname name;

    if (uname(&name) == 0) {
        set_arch(&p, str_from(name.machine));
        if (!is_known_arch(p.arch))
            p.arch[0] = '\0';
    }
    return p;
}

void
platform_format(const struct platform *p, char out[3 * PLATFORM_WORD_MAX])
{
    snprintf(out, 3 * (size_t)PLATFORM_WORD_MAX, "%s/%s%s%s", p->os, p->arch,
             p->variant[0] != '\0' ? "/" : "", p->variant);
}
