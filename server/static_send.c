/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_send.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "server/exchange.h"
#include "server/http_range.h"
#include "server/static_file.h"
#include "server/static_parts.h"

/* The fields that have a say in what is sent. */
enum {
    CHOICES = 1 << HTTP_FIELD_IF_MATCH | 1 << HTTP_FIELD_IF_NONE_MATCH |
              1 << HTTP_FIELD_IF_MODIFIED_SINCE | 1 << HTTP_FIELD_IF_UNMODIFIED_SINCE |
              1 << HTTP_FIELD_RANGE | 1 << HTTP_FIELD_ACCEPT_ENCODING
};

/* A status without the file's content. */
static void
send_status(struct exchange *x, unsigned status, struct str headers)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    r.status = status;
    r.headers = headers;
    exchange_reply(x, &r);
}

/* n bytes of the file from first: out of memory, or by a descriptor of the response's own, since
 * the entry's may be closed before all is sent. */
static void
send_content(struct exchange *x, const struct static_file *f, struct exchange_reply *r,
             struct http_range part)
{
    if (f->bytes != NULL && (part.n <= STATIC_SMALL || f->fd < 0)) {
        r->body = (struct str){f->bytes + part.first, (size_t)part.n};
    } else if (x->request->method != HTTP_HEAD && part.n > 0) {
        r->file = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
        if (r->file < 0) {
            log_warn("a file cannot be sent for the moment: %m");
            exchange_status(x, 503);
            return;
        }
    }
    if (r->body.n == 0) {
        r->file_at = f->at + part.first;
        r->file_bytes = part.n;
    }
    exchange_reply(x, r);
}

static void
send_range(struct exchange *x, const struct static_entry *e, const struct static_file *f,
           struct http_range part)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    buf_clear(x->scratch);
    buf_append(x->scratch, f->headers, f->n_headers);
    buf_appendf(x->scratch, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                part.first, part.first + part.n - 1, f->size);
    r.status = 206;
    r.type = e->type;
    r.headers = buf_view(x->scratch);
    send_content(x, f, &r, part);
}

static void
send_unsatisfiable(struct exchange *x, const struct static_file *f)
{
    buf_clear(x->scratch);
    buf_append(x->scratch, f->headers, f->n_common);
    buf_appendf(x->scratch, "Content-Range: bytes */%" PRIu64 "\r\n", f->size);
    send_status(x, 416, buf_view(x->scratch));
}

static unsigned
count_fields(const struct http_request *r, const char *field)
{
    struct str name, value;
    uint32_t iter = 0;
    unsigned n = 0;

    while (http_parse_next(r, &iter, &name, &value))
        n += str_eq_nocase(name, field) ? 1 : 0;
    return n;
}

/* How many ranges to send, as http_range_parse() says it. */
static int
wanted_ranges(const struct exchange *x, const struct static_file *f,
              const struct http_validators *v, struct http_range *ranges, unsigned max)
{
    const struct http_request *r = x->request;

    if (!http_parse_has(r, HTTP_FIELD_RANGE) || r->method != HTTP_GET ||
        count_fields(r, "range") > 1 || !http_condition_range(r, v, x->now_unix))
        return HTTP_RANGE_NONE;
    return http_range_parse(http_parse_str(r, r->fields[HTTP_FIELD_RANGE]), f->size, ranges, max);
}

static void
send_whole(struct exchange *x, const struct static_file *f)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    r.headers = (struct str){f->lines, f->n_lines};
    r.described = true;
    send_content(x, f, &r, (struct http_range){0, f->size});
}

static void
send_file(struct exchange *x, const struct static_entry *e, const struct static_file *f,
          bool is_plain, unsigned max_ranges)
{
    struct http_validators v = {f->etag, f->modified};
    struct http_range ranges[HTTP_RANGE_MAX];
    unsigned status = http_condition(x->request, &v, x->now_unix);
    int n;

    if (status != 200) {
        send_status(x, status, (struct str){f->headers, f->n_common});
        return;
    }
    n = wanted_ranges(x, f, &v, ranges, max_ranges);
    if (n == HTTP_RANGE_UNSATISFIABLE) {
        send_unsatisfiable(x, f);
    } else if (n == 1) {
        send_range(x, e, f, ranges[0]);
    } else if (n > 1 && is_plain) {
        static_parts_send(x, e->type, f, ranges, (unsigned)n);
    } else {
        /* Several ranges of a coded file as well: nothing says whether its coding would then be
         * that of the parts or of the whole message. */
        send_whole(x, f);
    }
}

static int
choose(const struct exchange *x, const struct static_entry *e)
{
    uint64_t sizes[HTTP_CODING_COUNT];
    struct http_accept accept;

    if (!http_parse_has(x->request, HTTP_FIELD_ACCEPT_ENCODING))
        return HTTP_CODING_IDENTITY;
    for (unsigned i = 0; i < HTTP_CODING_COUNT; i++)
        sizes[i] = e->files[i].size;
    http_accept_codings(x->request, &accept);
    return http_accept_choose(&accept, e->codings, sizes);
}

void
static_send(struct exchange *x, const struct static_entry *e, unsigned max_ranges)
{
    int coding;

    if ((x->request->present & CHOICES) == 0) {
        send_whole(x, &e->files[HTTP_CODING_IDENTITY]);
        return;
    }
    coding = choose(x, e);
    if (coding == HTTP_ACCEPT_NONE)
        send_status(x, 406, STR_LIT("Vary: Accept-Encoding\r\n"));
    else
        send_file(x, e, &e->files[coding], coding == HTTP_CODING_IDENTITY, max_ranges);
}
