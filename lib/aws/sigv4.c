/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "aws/creds.h"
#include "aws/sigv4_uri.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"

enum { SCOPE_MAX = 512, CANONICAL_USUAL = 32 * 1024 };

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
compare_nocase(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;

    for (size_t i = 0; i < n; i++) {
        int difference = (unsigned char)lower(a.p[i]) - (unsigned char)lower(b.p[i]);

        if (difference != 0)
            return difference;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

/* ---- headers ---- */

/* Headers of one name keep the order they were given in, hence an insertion sort.  False when there
 * are too many. */
static bool
sort_headers(const struct sigv4_request *request, const struct sigv4_header **sorted)
{
    if (request->n_headers > SIGV4_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < request->n_headers; i++) {
        size_t at = i;

        while (at > 0 && compare_nocase(sorted[at - 1]->name, request->headers[i].name) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = &request->headers[i];
    }
    return true;
}

static int
refuse_headers(struct err *err)
{
    return err_set(err, ERR_LIMIT, "sign: more than %d headers", SIGV4_HEADERS_MAX);
}

static void
append_lower(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_append_char(out, lower(s.p[i]));
}

/* Without blanks at the ends; runs of blanks inside, folded lines too, become one. */
static void
append_folded(struct buf *out, struct str value)
{
    bool pending = false, any = false;

    for (size_t i = 0; i < value.n; i++) {
        if (is_blank(value.p[i])) {
            pending = any;
            continue;
        }
        if (pending)
            buf_append_char(out, ' ');
        buf_append_char(out, value.p[i]);
        pending = false;
        any = true;
    }
}

static bool
is_same_name(const struct sigv4_header *const *sorted, size_t i)
{
    return i > 0 && compare_nocase(sorted[i - 1]->name, sorted[i]->name) == 0;
}

static void
append_headers(struct buf *out, const struct sigv4_header *const *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_same_name(sorted, i)) {
            buf_append_char(out, ',');
        } else {
            if (i > 0)
                buf_append_char(out, '\n');
            append_lower(out, sorted[i]->name);
            buf_append_char(out, ':');
        }
        append_folded(out, sorted[i]->value);
    }
    if (n > 0)
        buf_append_char(out, '\n');
}

static void
append_names(struct buf *out, const struct sigv4_header *const *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_same_name(sorted, i))
            continue;
        if (i > 0)
            buf_append_char(out, ';');
        append_lower(out, sorted[i]->name);
    }
}

/* ---- the stages ---- */

int
sigv4_signed_headers(const struct sigv4_request *request, struct buf *out, struct err *err)
{
    const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];

    if (!sort_headers(request, sorted))
        return refuse_headers(err);
    append_names(out, sorted, request->n_headers);
    return buf_finish(out, err);
}

int
sigv4_canonical_request(const struct sigv4_request *request, struct buf *out, struct err *err)
{
    const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];
    char hash[DIGEST_SHA256_HEX];

    if (!sort_headers(request, sorted))
        return refuse_headers(err);
    buf_append_view(out, request->method);
    buf_append_char(out, '\n');
    sigv4_uri_path(out, request->path);
    buf_append_char(out, '\n');
    if (request->query.n > 0 && sigv4_uri_query(out, request->query, err) < 0)
        return -1;
    buf_append_char(out, '\n');
    append_headers(out, sorted, request->n_headers);
    buf_append_char(out, '\n');
    append_names(out, sorted, request->n_headers);
    digest_sha256_hex(request->body.p, request->body.n, hash);
    buf_appendf(out, "\n%s", hash);
    return buf_finish(out, err);
}

/* "20150830/us-east-1/ecs/aws4_request" */
static void
append_scope(struct buf *out, const struct sigv4_scope *scope)
{
    char stamp[32];

    clock_format_compact(scope->unix_time, stamp);
    buf_appendf(out, "%.8s/%s/%s/aws4_request", stamp, scope->region, scope->service);
}

void
sigv4_string_to_sign(const struct sigv4_scope *scope, struct str canonical_request, struct buf *out)
{
    char stamp[32];
    char hash[DIGEST_SHA256_HEX];

    clock_format_compact(scope->unix_time, stamp);
    digest_sha256_hex(canonical_request.p, canonical_request.n, hash);
    buf_appendf(out, "AWS4-HMAC-SHA256\n%s\n", stamp);
    append_scope(out, scope);
    buf_appendf(out, "\n%s", hash);
}

static void
hmac_in_place(unsigned char key[DIGEST_SHA256_SIZE], const char *text)
{
    unsigned char next[DIGEST_SHA256_SIZE];

    digest_hmac_sha256(key, DIGEST_SHA256_SIZE, text, strlen(text), next);
    memcpy(key, next, sizeof(next));
    mem_wipe(next, sizeof(next));
}

void
sigv4_signature(const struct sigv4_scope *scope, const struct creds *creds,
                struct str string_to_sign, char out[DIGEST_SHA256_HEX])
{
    unsigned char key[DIGEST_SHA256_SIZE];
    unsigned char raw[DIGEST_SHA256_SIZE];
    char stamp[32];
    char *first = mem_printf("AWS4%s", secret_reveal(&creds->secret_key));

    clock_format_compact(scope->unix_time, stamp);
    stamp[8] = '\0'; /* the day */
    digest_hmac_sha256(first, strlen(first), stamp, 8, key);
    mem_wipe(first, strlen(first));
    free(first);
    hmac_in_place(key, scope->region);
    hmac_in_place(key, scope->service);
    hmac_in_place(key, "aws4_request");
    digest_hmac_sha256(key, sizeof(key), string_to_sign.p, string_to_sign.n, raw);
    mem_wipe(key, sizeof(key));
    hex_encode(raw, sizeof(raw), out);
}

int
sigv4_authorization(const struct sigv4_request *request, const struct sigv4_scope *scope,
                    const struct creds *creds, struct buf *out, struct err *err)
{
    cleanup_buf struct buf canonical = BUF_INIT(SIGV4_TEXT_MAX);
    cleanup_buf struct buf to_sign = BUF_INIT(SCOPE_MAX + 256);
    char signature[DIGEST_SHA256_HEX];
    int rc;

    /* It holds the session token, so it should not move while it grows. */
    buf_room(&canonical, CANONICAL_USUAL);
    rc = sigv4_canonical_request(request, &canonical, err);
    if (rc == 0) {
        sigv4_string_to_sign(scope, buf_view(&canonical), &to_sign);
        rc = buf_finish(&to_sign, err);
    }
    mem_wipe(canonical.p, canonical.n);
    if (rc < 0)
        return -1;
    sigv4_signature(scope, creds, buf_view(&to_sign), signature);
    buf_appendf(out, "AWS4-HMAC-SHA256 Credential=%s/", secret_reveal(&creds->key_id));
    append_scope(out, scope);
    buf_append_str(out, ", SignedHeaders=");
    if (sigv4_signed_headers(request, out, err) < 0)
        return -1;
    buf_appendf(out, ", Signature=%s", signature);
    return buf_finish(out, err);
}
