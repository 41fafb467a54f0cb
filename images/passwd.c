/* SPDX-License-Identifier: Apache-2.0 */
#include "images/passwd.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "images/tree.h"

struct passwd_user
passwd_default(void)
{
    return (struct passwd_user){"nonroot", PASSWD_NONROOT, PASSWD_NONROOT};
}

/* As useradd accepts them; a colon or a line break would forge another account. */
static bool
is_user_name(struct str s)
{
    if (s.n == 0 || s.n > PASSWD_NAME_MAX || (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
            !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return true;
}

static bool
parse_id(struct str s, uint32_t *out)
{
    uint64_t v;

    /* UINT32_MAX means "no such id" to the kernel. */
    if (!num_parse_u64(s, UINT32_MAX - 1, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

static const char *
name_of(uint32_t uid)
{
    return uid == 0 ? "root" : uid == PASSWD_NONROOT ? "nonroot" : "user";
}

static int
bad(const char *text, const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID, "'%s': %s", text, why);
}

int
passwd_parse(const char *text, struct passwd_user *out, struct err *err)
{
    struct passwd_user u = {"", 0, 0};
    struct str rest = str_from(text);
    struct str word = str_cut(&rest, ':');
    bool named = word.n > 0 && (word.p[0] < '0' || word.p[0] > '9');

    if (named) {
        if (!is_user_name(word))
            return bad(text, "a name is at most 32 letters, digits, '_', '-' and '.'", err);
        snprintf(u.name, sizeof(u.name), STR_FMT, STR_ARG(word));
        if (rest.p == NULL && str_eq(word, "root")) {
            *out = u;
            return 0;
        }
        if (rest.p == NULL && str_eq(word, "nonroot")) {
            *out = passwd_default();
            return 0;
        }
        if (rest.p == NULL)
            return bad(text, "its number is not known; write NAME:UID, such as app:1000", err);
        word = str_cut(&rest, ':');
    }
    if (!parse_id(word, &u.uid) || (rest.p != NULL && !parse_id(rest, &u.gid)))
        return bad(text, "write UID, UID:GID, NAME:UID or NAME:UID:GID, such as 1000:1000", err);
    if (rest.p == NULL)
        u.gid = u.uid;
    if (named && strcmp(u.name, "root") == 0 && u.uid != 0)
        return bad(text, "root is number 0", err);
    if (!named)
        snprintf(u.name, sizeof(u.name), "%s", name_of(u.uid));
    *out = u;
    return 0;
}

void
passwd_config_user(const struct passwd_user *u, char out[32])
{
    snprintf(out, 32, "%u:%u", (unsigned)u->uid, (unsigned)u->gid);
}

int
passwd_add(struct tree *t, const struct passwd_user *u, struct err *err)
{
    /* Group root is number 0, also when user root runs with another one. */
    const char *name = strcmp(u->name, "root") == 0 ? "user" : u->name;
    cleanup_free char *user = u->uid == 0 ? mem_strdup("")
                                          : mem_printf("%s:x:%u:%u:%s:/:/sbin/nologin\n", u->name,
                                                       (unsigned)u->uid, (unsigned)u->gid, u->name);
    cleanup_free char *group =
        u->gid == 0 ? mem_strdup("") : mem_printf("%s:x:%u:\n", name, (unsigned)u->gid);
    cleanup_free char *passwd = mem_printf("root:x:0:0:root:/root:/sbin/nologin\n%s", user);
    cleanup_free char *groups = mem_printf("root:x:0:\n%s", group);
    bool has_passwd = tree_find(t, "etc/passwd") != NULL;
    bool has_group = tree_find(t, "etc/group") != NULL;

    if (!has_passwd && tree_add_text(t, "etc/passwd", 0644, passwd, err) < 0)
        return -1;
    if (!has_group && tree_add_text(t, "etc/group", 0644, groups, err) < 0)
        return -1;
    return 0;
}
