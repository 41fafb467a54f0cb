/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tar_pax.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

#define XATTR_PREFIX "SCHILY.xattr."

enum { DIGITS_OF_NANOSECONDS = 9, XATTRS_MAX = 1024 };

void
tar_pax_done(struct tar_pax *p)
{
    free(p->path);
    free(p->target);
    for (size_t i = 0; i < p->n_xattrs; i++) {
        free(p->xattrs[i].name);
        free(p->xattrs[i].value);
    }
    free(p->xattrs);
    *p = (struct tar_pax){0};
}

static int
bad_value(struct str key, struct err *err)
{
    return err_set(err, ERR_INVALID, "an extended header's " STR_FMT " is malformed", STR_ARG(key));
}

/* ---- values ---- */

static int
take_name(char **out, struct str key, struct str value, struct err *err)
{
    if (value.n == 0)
        return err_set(err, ERR_INVALID, "an extended header's " STR_FMT " is empty", STR_ARG(key));
    if (memchr(value.p, '\0', value.n) != NULL)
        return err_set(err, ERR_INVALID, "a NUL in a name");
    if (*out != NULL)
        return err_set(err, ERR_INVALID, "an entry is named twice");
    *out = mem_strndup(value.p, value.n);
    return 0;
}

static int
take_number(uint64_t *out, bool *has, uint64_t max, struct str key, struct str value,
            struct err *err)
{
    if (*has || !num_parse_u64(value, max, out))
        return bad_value(key, err);
    *has = true;
    return 0;
}

/* "-1.5" is half a second after -2. */
static int
take_time(struct tar_pax *p, struct str key, struct str value, struct err *err)
{
    bool negative = value.n > 0 && value.p[0] == '-';
    struct str fraction = value;
    struct str whole = str_cut(&fraction, '.');
    uint32_t ns = 0;

    if (p->has_mtime || !num_parse_i64(whole, -(1LL << 55), 1LL << 55, &p->mtime))
        return bad_value(key, err);
    for (size_t i = 0; i < fraction.n; i++)
        if (fraction.p[i] < '0' || fraction.p[i] > '9')
            return bad_value(key, err);
    for (size_t i = 0; i < DIGITS_OF_NANOSECONDS; i++)
        ns = ns * 10 + (i < fraction.n ? (uint32_t)(fraction.p[i] - '0') : 0);
    if (negative && ns != 0) {
        p->mtime--;
        ns = 1000000000 - ns;
    }
    p->mtime_ns = ns;
    p->has_mtime = true;
    return 0;
}

static int
take_xattr(struct tar_pax *p, struct str name, struct str value, struct err *err)
{
    if (name.n == 0 || memchr(name.p, '\0', name.n) != NULL)
        return err_set(err, ERR_INVALID, "an extended attribute without a proper name");
    if (p->n_xattrs == XATTRS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d extended attributes", XATTRS_MAX);
    for (size_t i = 0; i < p->n_xattrs; i++)
        if (str_eq(name, p->xattrs[i].name))
            return err_set(err, ERR_INVALID, "an extended attribute is given twice");
    p->xattrs = mem_realloc(p->xattrs, p->n_xattrs + 1, sizeof(*p->xattrs));
    p->xattrs[p->n_xattrs++] = (struct tar_xattr){
        mem_strndup(name.p, name.n), mem_strndup(value.n > 0 ? value.p : "", value.n), value.n};
    return 0;
}

/* Keys that nobody needs here (atime, uname, comments, vendors' own) are left alone. */
static int
take_record(struct tar_pax *p, struct str key, struct str value, struct err *err)
{
    if (str_eq(key, "path"))
        return take_name(&p->path, key, value, err);
    if (str_eq(key, "linkpath"))
        return take_name(&p->target, key, value, err);
    if (str_eq(key, "size"))
        return take_number(&p->size, &p->has_size, INT64_MAX, key, value, err);
    if (str_eq(key, "uid"))
        return take_number(&p->uid, &p->has_uid, UINT32_MAX - 1, key, value, err);
    if (str_eq(key, "gid"))
        return take_number(&p->gid, &p->has_gid, UINT32_MAX - 1, key, value, err);
    if (str_eq(key, "mtime"))
        return take_time(p, key, value, err);
    if (str_starts(key, "GNU.sparse."))
        return err_set(err, ERR_UNSUPPORTED, "sparse files in layers are not offered");
    if (str_eq(key, "hdrcharset") && !str_eq(value, "ISO-IR 10646 2000 UTF-8"))
        return err_set(err, ERR_UNSUPPORTED, "names in another character set than UTF-8");
    if (str_starts(key, XATTR_PREFIX)) {
        size_t skip = sizeof(XATTR_PREFIX) - 1;

        return take_xattr(p, (struct str){key.p + skip, key.n - skip}, value, err);
    }
    return 0;
}

/* ---- records ---- */

static int
bad_record(struct err *err)
{
    return err_set(err, ERR_INVALID, "an extended header has a malformed record");
}

/* Cuts the first record off text. */
static int
cut_record(struct str *text, struct str *key, struct str *value, struct err *err)
{
    ptrdiff_t blank = str_find(*text, ' ');
    struct str rest;
    uint64_t n;

    if (blank <= 0 || !num_parse_u64((struct str){text->p, (size_t)blank}, text->n, &n) ||
        n < (size_t)blank + 4 || text->p[n - 1] != '\n')
        return bad_record(err);
    rest = (struct str){text->p + blank + 1, n - (size_t)blank - 2};
    *key = str_cut(&rest, '=');
    if (key->n == 0 || rest.p == NULL)
        return bad_record(err);
    *value = rest;
    *text = (struct str){text->p + n, text->n - n};
    return 0;
}

int
tar_pax_parse(struct tar_pax *p, struct str text, struct err *err)
{
    struct str key = STR_LIT(""), value = STR_LIT("");

    if (p->any)
        return err_set(err, ERR_INVALID, "two extended headers for one entry");
    p->any = true;
    while (text.n > 0)
        if (cut_record(&text, &key, &value, err) < 0 || take_record(p, key, value, err) < 0)
            return -1;
    return 0;
}

int
tar_pax_check_global(struct str text, struct err *err)
{
    struct str key = STR_LIT(""), value = STR_LIT("");

    while (text.n > 0) {
        if (cut_record(&text, &key, &value, err) < 0)
            return -1;
        if (str_eq(key, "path") || str_eq(key, "linkpath") || str_eq(key, "size"))
            return err_set(err, ERR_INVALID, "a global header sets the %.*s of all entries",
                           STR_ARG(key));
    }
    return 0;
}

int
tar_pax_long_name(struct str text, char **out, struct err *err)
{
    if (text.n > 0 && text.p[text.n - 1] == '\0')
        text.n--;
    return take_name(out, STR_LIT("long name"), text, err);
}
