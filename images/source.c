/* SPDX-License-Identifier: Apache-2.0 */
#include "images/source.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "images/dest.h"

enum { MODE_DIGITS_MIN = 3, MODE_DIGITS_MAX = 4 };

/* Divides at the last ":/"; false when there is none or nothing before it. */
static bool
divide(const char *text, struct str *src, struct str *rest)
{
    struct str all = str_from(text);

    for (size_t i = all.n; i > 2; i--) {
        if (all.p[i - 2] != ':' || all.p[i - 1] != '/')
            continue;
        *src = (struct str){all.p, i - 2};
        *rest = (struct str){all.p + i - 1, all.n - i + 1};
        return true;
    }
    return false;
}

static struct source
take(struct source *s)
{
    struct source taken = *s;

    *s = (struct source)SOURCE_INIT;
    return taken;
}

static int
parse_mode(const char *text, struct str digits, int *out, struct err *err)
{
    uint64_t mode;

    if (digits.n < MODE_DIGITS_MIN || digits.n > MODE_DIGITS_MAX ||
        !num_parse_octal(digits, 07777, &mode))
        return err_set(err, ERR_INVALID,
                       "'%s': the mode '" STR_FMT
                       "' is not three or four octal digits, such as 0755",
                       text, STR_ARG(digits));
    *out = (int)mode;
    return 0;
}

int
source_parse_file(const char *text, struct source *out, struct err *err)
{
    cleanup_source struct source s = SOURCE_INIT;
    struct str src, rest, dest;

    if (!divide(text, &src, &rest))
        return err_set(err, ERR_INVALID,
                       "'%s': write SRC:DEST or SRC:DEST:MODE, with a DEST that begins with '/'",
                       text);
    dest = str_cut(&rest, ':');
    if (rest.p != NULL && parse_mode(text, rest, &s.mode, err) < 0)
        return -1;
    if (dest_parse(dest, false, &s.dest, err) < 0)
        return err_wrap(err, "'%s'", text);
    s.path = mem_strndup(src.p, src.n);
    *out = take(&s);
    return 0;
}

int
source_parse_folder(const char *text, struct source *out, struct err *err)
{
    cleanup_source struct source s = SOURCE_INIT;
    struct str src, dest;

    if (!divide(text, &src, &dest))
        return err_set(err, ERR_INVALID, "'%s': write SRC:DEST, with a DEST that begins with '/'",
                       text);
    if (str_find(dest, ':') >= 0)
        return err_set(err, ERR_INVALID,
                       "'%s': a folder takes no mode; its files keep whether they are programs",
                       text);
    if (dest_parse(dest, true, &s.dest, err) < 0)
        return err_wrap(err, "'%s'", text);
    s.path = mem_strndup(src.p, src.n);
    *out = take(&s);
    return 0;
}

void
source_done(struct source *s)
{
    free(s->path);
    free(s->dest);
    *s = (struct source)SOURCE_INIT;
}

int
source_parse_owner(const char *text, struct source_owner *out, struct err *err)
{
    struct str gid = str_from(text);
    struct str uid = str_cut(&gid, ':');
    uint64_t u, g;

    /* UINT32_MAX means "no such id" to the kernel. */
    if (!num_parse_u64(uid, UINT32_MAX - 1, &u) ||
        !num_parse_u64(gid.p != NULL ? gid : uid, UINT32_MAX - 1, &g))
        return err_set(err, ERR_INVALID, "'%s': write numbers, UID:GID, such as 0:0", text);
    *out = (struct source_owner){(uint32_t)u, (uint32_t)g};
    return 0;
}
