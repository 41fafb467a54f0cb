/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_file.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "server/settings.h"

/* No longer than a command line's argument may be, and the rest short. */
enum { HEADERS_MAX = 256 * 1024, URL_MAX = 1024 * 1024 };

bool
static_file_matches(struct str pattern, struct str text)
{
    /* The last star, and what it has taken so far: no other one need be tried again. */
    size_t star = SIZE_MAX, taken = 0, p = 0, t = 0;

    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.n && pattern.p[p] == text.p[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

const char *
static_file_cache_control(const struct settings_static *s, struct str url_path, const char *type)
{
    for (size_t i = 0; i < s->n_rules; i++) {
        if (static_file_matches(s->rules[i].pattern, url_path))
            return s->rules[i].value[0] != '\0' ? s->rules[i].value : NULL;
    }
    return str_starts(str_from(type), "text/html") ? "no-cache" : NULL;
}

static const char *
cache_control_of(const struct static_entry *e, const struct static_place *place, struct str path)
{
    cleanup_buf struct buf url = BUF_INIT(URL_MAX);

    if (place->url[1] != '\0')
        buf_append_str(&url, place->url);
    buf_append_char(&url, '/');
    buf_append_view(&url, path);
    return static_file_cache_control(place->settings, buf_view(&url), e->type);
}

static void
write_headers(struct static_file *f, const char *type, enum http_coding coding, const char *vary,
              const char *cache_control)
{
    cleanup_buf struct buf out = BUF_INIT(HEADERS_MAX);
    size_t own;
    char date[32];

    buf_appendf(&out, "Content-Type: %s\r\nContent-Length: %" PRIu64 "\r\n", type, f->size);
    own = out.n;
    buf_appendf(&out, "ETag: %s\r\n", f->etag);
    if (f->modified != HTTP_CONDITION_UNDATED) {
        clock_format_http(f->modified, date);
        buf_appendf(&out, "Last-Modified: %s\r\n", date);
    }
    if (vary != NULL)
        buf_appendf(&out, "Vary: %s\r\n", vary);
    if (cache_control != NULL)
        buf_appendf(&out, "Cache-Control: %s\r\n", cache_control);
    buf_append_str(&out, "X-Content-Type-Options: nosniff\r\n");
    f->n_common = out.n - own;
    buf_append_str(&out, "Accept-Ranges: bytes\r\n");
    if (coding != HTTP_CODING_IDENTITY)
        buf_appendf(&out, "Content-Encoding: %s\r\n", http_coding_names[coding]);
    f->n_lines = out.n;
    f->n_headers = out.n - own;
    f->lines = buf_take(&out);
    f->headers = f->lines + own;
}

void
static_file_headers(struct static_entry *e, const struct static_place *place, struct str path)
{
    const char *cache_control = cache_control_of(e, place, path);
    bool coded = e->codings != 1u << HTTP_CODING_IDENTITY;
    /* Whether the fallback answers may depend on what the client says it takes. */
    bool falls = place->fallback != NULL && str_eq(path, place->fallback);
    const char *vary = falls && coded ? "Accept, Accept-Encoding"
                       : falls        ? "Accept"
                       : coded        ? "Accept-Encoding"
                                      : NULL;

    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
        if ((e->codings & 1u << i) != 0)
            write_headers(&e->files[i], e->type, (enum http_coding)i, vary, cache_control);
    }
}

size_t
static_file_headers_size(const struct static_entry *e)
{
    size_t n = 0;

    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++)
        n += e->files[i].n_lines;
    return n;
}

void
static_file_headers_done(struct static_entry *e)
{
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++) {
        free(e->files[i].lines);
        e->files[i].lines = NULL;
        e->files[i].headers = NULL;
    }
}
