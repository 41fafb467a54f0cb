/* SPDX-License-Identifier: Apache-2.0 */
#include "server/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"

/* The highest number means "leave it" to the kernel. */
static const uint64_t ID_MAX = UINT32_MAX - 1;

static int
refuse_name(const char *option, const char *name, const char *file, struct err *err)
{
    if (errno != 0 && errno != ENOENT && errno != ESRCH)
        return err_sys(err, "%s '%s'", option, name);
    return err_set(err, ERR_NOT_FOUND, "%s '%s': not in %s: write the number where there is none",
                   option, name, file);
}

static int
find_user(const char *text, struct user *u, struct err *err)
{
    const struct passwd *p;
    uint64_t id;

    errno = 0;
    if (num_parse_u64(str_from(text), ID_MAX, &id)) {
        p = getpwuid((uid_t)id);
        u->uid = (uid_t)id;
        u->gid = p != NULL ? p->pw_gid : (gid_t)id;
        return 0;
    }
    p = getpwnam(text);
    if (p == NULL)
        return refuse_name("--user", text, "/etc/passwd", err);
    u->uid = p->pw_uid;
    u->gid = p->pw_gid;
    return 0;
}

static int
find_group(const char *text, struct user *u, struct err *err)
{
    const struct group *g;
    uint64_t id;

    if (num_parse_u64(str_from(text), ID_MAX, &id)) {
        u->gid = (gid_t)id;
        return 0;
    }
    errno = 0;
    g = getgrnam(text);
    if (g == NULL)
        return refuse_name("--group", text, "/etc/group", err);
    u->gid = g->gr_gid;
    return 0;
}

int
user_find(const char *user, const char *group, struct user *out, struct err *err)
{
    struct user u = {.wanted = user != NULL || group != NULL, .uid = geteuid(), .gid = getegid()};

    if (user != NULL && find_user(user, &u, err) < 0)
        return -1;
    if (group != NULL && find_group(group, &u, err) < 0)
        return -1;
    *out = u;
    return 0;
}

static bool
is_already(const struct user *u)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;

    return getresuid(&ruid, &euid, &suid) == 0 && getresgid(&rgid, &egid, &sgid) == 0 &&
           ruid == u->uid && euid == u->uid && suid == u->uid && rgid == u->gid && egid == u->gid &&
           sgid == u->gid;
}

static bool
may_change(void)
{
    const uint32_t needed = 1U << CAP_SETUID | 1U << CAP_SETGID;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & needed) == needed;
}

int
user_check(const struct user *u, struct err *err)
{
    if (!u->wanted || is_already(u) || may_change())
        return 0;
    return err_set(err, ERR_DENIED,
                   "--user, --group: only root (CAP_SETUID and CAP_SETGID) can become %lu:%lu, and "
                   "this is %lu:%lu",
                   (unsigned long)u->uid, (unsigned long)u->gid, (unsigned long)geteuid(),
                   (unsigned long)getegid());
}

int
user_become(const struct user *u, struct err *err)
{
    if (!u->wanted)
        return 0;
    /* Somebody's groups are only root's to take away; who is already the one keeps them. */
    if (is_already(u) && !may_change())
        return 0;
    if (setgroups(0, NULL) < 0)
        return err_sys(err, "setgroups");
    if (setresgid(u->gid, u->gid, u->gid) < 0)
        return err_sys(err, "setresgid %lu", (unsigned long)u->gid);
    if (setresuid(u->uid, u->uid, u->uid) < 0)
        return err_sys(err, "setresuid %lu", (unsigned long)u->uid);
    if (!is_already(u) || (u->uid != 0 && setuid(0) == 0))
        return err_set(err, ERR_INTERNAL, "the way back to root is still open");
    /* The kernel takes core dumps and the own files in /proc away with the change. */
    (void)prctl(PR_SET_DUMPABLE, 1);
    return 0;
}
