/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sigv4_uri.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Upper-case digits, as the algorithm demands. */
static void
append_encoded(struct buf *out, char c)
{
    if (is_unreserved(c))
        buf_append_char(out, c);
    else
        buf_appendf(out, "%%%02X", (unsigned)(unsigned char)c);
}

/* Drops empty and "." segments and resolves "..": the service does it, so the signature must. */
static void
append_normal_path(struct buf *out, struct str path)
{
    bool ends_in_slash = path.n == 0;

    while (path.p != NULL && path.n > 0) {
        struct str segment = str_cut(&path, '/');

        ends_in_slash = path.p != NULL && path.n == 0;
        if (segment.n == 0 || str_eq(segment, ".")) {
            ends_in_slash = true;
        } else if (str_eq(segment, "..")) {
            while (out->n > 0 && out->p[--out->n] != '/')
                ;
            ends_in_slash = true;
        } else {
            buf_append_char(out, '/');
            buf_append_view(out, segment);
        }
    }
    if (ends_in_slash || out->n == 0)
        buf_append_char(out, '/');
}

/* The path on the wire is encoded once already and is encoded once more: the services other than S3
 * compute the signature over the encoded path. */
void
sigv4_uri_path(struct buf *out, struct str path)
{
    cleanup_buf struct buf normal = BUF_INIT(SIGV4_TEXT_MAX);

    append_normal_path(&normal, path);
    if (normal.overflow)
        out->overflow = true;
    for (size_t i = 0; i < normal.n; i++) {
        if (normal.p[i] == '/')
            buf_append_char(out, '/');
        else
            append_encoded(out, normal.p[i]);
    }
}

/* ---- query ---- */

struct parameter {
    struct buf name, value; /* encoded */
};

static int
compare_bufs(const struct buf *a, const struct buf *b)
{
    return strcmp(buf_cstr(a), buf_cstr(b));
}

static int
compare_parameters(const void *pa, const void *pb)
{
    const struct parameter *a = pa, *b = pb;
    int by_name = compare_bufs(&a->name, &b->name);

    return by_name != 0 ? by_name : compare_bufs(&a->value, &b->value);
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes and encodes anew, so that "%7e", "%7E" and "~" end alike. */
static void
append_recoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && hex_value(s.p[i + 1]) >= 0 &&
            hex_value(s.p[i + 2]) >= 0) {
            append_encoded(out, (char)(hex_value(s.p[i + 1]) * 16 + hex_value(s.p[i + 2])));
            i += 2;
        } else {
            append_encoded(out, s.p[i]);
        }
    }
}

static int
parse_query(struct str query, struct parameter *list, size_t *n, struct err *err)
{
    while (query.p != NULL && query.n > 0) {
        struct str value = str_cut(&query, '&');
        struct str name = str_cut(&value, '=');

        if (name.n == 0 && value.n == 0)
            continue;
        if (*n == SIGV4_QUERY_MAX)
            return err_set(err, ERR_LIMIT, "sign: more than %d query parameters", SIGV4_QUERY_MAX);
        list[*n] = (struct parameter){BUF_INIT(SIGV4_TEXT_MAX), BUF_INIT(SIGV4_TEXT_MAX)};
        append_recoded(&list[*n].name, name);
        append_recoded(&list[*n].value, value);
        (*n)++;
    }
    return 0;
}

int
sigv4_uri_query(struct buf *out, struct str query, struct err *err)
{
    struct parameter *list = mem_alloc(SIGV4_QUERY_MAX * sizeof(*list));
    size_t n = 0;
    int rc = parse_query(query, list, &n, err);

    if (rc == 0)
        qsort(list, n, sizeof(*list), compare_parameters);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_append_char(out, '&');
        buf_append_view(out, buf_view(&list[i].name));
        buf_append_char(out, '=');
        buf_append_view(out, buf_view(&list[i].value));
        if (list[i].name.overflow || list[i].value.overflow)
            out->overflow = true;
        buf_done(&list[i].name);
        buf_done(&list[i].value);
    }
    free(list);
    return rc;
}
