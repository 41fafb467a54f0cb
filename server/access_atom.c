/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_atom.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/clock.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "server/request_id.h"

enum {
    NUMBER_MAX = 20,
    SECONDS_MAX = NUMBER_MAX + 7,
    CLF_MAX = 28,
    ISO_MAX = 24,
    USER_MAX = 192 /* of the decoded credentials is looked at */
};

static void
text_or_none(struct access_line *l, struct str s)
{
    if (s.n == 0)
        access_line_no_text(l);
    else
        access_line_value(l, s);
}

void
access_atom_open(struct access_line *l, const struct access_entry *e UNUSED,
                 const struct access_piece *p UNUSED)
{
    l->mark = l->p;
    l->lacks = false;
}

void
access_atom_close(struct access_line *l, const struct access_entry *e UNUSED,
                  const struct access_piece *p UNUSED)
{
    bool stays = l->forced ? (l->keep >> l->part & 1) != 0 : !l->lacks;

    if (!stays)
        l->p = l->mark;
    l->part++;
}

void
access_atom_value(struct access_line *l, const struct access_entry *e UNUSED,
                  const struct access_piece *p)
{
    text_or_none(l, p->text);
}

void
access_atom_field(struct access_line *l, const struct access_entry *e UNUSED,
                  const struct access_piece *p)
{
    text_or_none(l, *p->value);
}

void
access_atom_secret(struct access_line *l, const struct access_entry *e,
                   const struct access_piece *p)
{
    bool has = p->value != NULL ? p->value->n > 0 : e->response[p->number].n > 0;

    text_or_none(l, has ? STR_LIT("***") : (struct str){NULL, 0});
}

void
access_atom_response(struct access_line *l, const struct access_entry *e,
                     const struct access_piece *p)
{
    text_or_none(l, e->response[p->number]);
}

/* The octets of an IPv4 address: every request has one. */
static void
put_v4(struct access_line *l, const struct in_addr *a)
{
    const uint8_t *octets = (const uint8_t *)&a->s_addr;

    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *l->p++ = '.';
        access_line_number(l, octets[i]);
    }
}

static void
put_remote(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    char text[INET6_ADDRSTRLEN];

    switch (e->peer->any.sa_family) {
    case AF_INET:
        put_v4(l, &e->peer->v4.sin_addr);
        return;
    case AF_INET6:
        if (IN6_IS_ADDR_V4MAPPED(&e->peer->v6.sin6_addr))
            put_v4(l, (const struct in_addr *)&e->peer->v6.sin6_addr.s6_addr[12]);
        else if (inet_ntop(AF_INET6, &e->peer->v6.sin6_addr, text, sizeof(text)) != NULL)
            access_line_raw(l, text, strlen(text));
        return;
    default:
        access_line_no_text(l); /* a unix socket's */
    }
}

static void
put_none(struct access_line *l, const struct access_entry *e UNUSED,
         const struct access_piece *p UNUSED)
{
    access_line_no_text(l);
}

/* What stands before the colon of "Basic dXNlcjpwYXNz" (RFC 7617), never what is behind it. */
static size_t
decode_user(struct str text, char out[USER_MAX])
{
    unsigned bits = 0;
    unsigned n_bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n && n < USER_MAX; i++) {
        int digit = base64_sextet(text.p[i]);

        if (digit < 0)
            return 0;
        bits = (bits << 6 | (unsigned)digit) & 0xffff;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        out[n] = (char)(bits >> n_bits);
        if (out[n] == ':')
            return n;
        n++;
    }
    return 0;
}

static void
put_user(struct access_line *l, const struct access_entry *e UNUSED, const struct access_piece *p)
{
    struct str credentials = *p->value;
    char user[USER_MAX];
    size_t n = 0;

    if (credentials.n > 6 && str_eq_nocase((struct str){credentials.p, 6}, "basic "))
        n = decode_user(str_trim((struct str){credentials.p + 6, credentials.n - 6}), user);
    text_or_none(l, (struct str){user, n});
}

static void
look_at_clock(struct access_times *t, int64_t unix_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct clock_date d;

    if (t->second == unix_ms / 1000)
        return;
    t->second = unix_ms / 1000;
    d = clock_date_utc(t->second);
    snprintf(t->clf, sizeof(t->clf), "[%02d/%.3s/%04d:%02d:%02d:%02d +0000]", d.day % 100,
             months + (size_t)(d.month - 1) * 3, d.year % 10000, d.hour % 100, d.minute % 100,
             d.second % 100);
    clock_format_rfc3339(t->second, t->iso);
}

static void
put_clf(struct access_line *l, const struct access_entry *e, const struct access_piece *p)
{
    look_at_clock(p->times, e->unix_ms);
    access_line_raw(l, p->times->clf, CLF_MAX);
}

static void
put_iso(struct access_line *l, const struct access_entry *e, const struct access_piece *p)
{
    look_at_clock(p->times, e->unix_ms);
    access_line_raw(l, p->times->iso, sizeof("2026-11-24T19:49:11") - 1);
    *l->p++ = '.';
    access_line_digits(l, (uint64_t)(e->unix_ms % 1000), 3);
    *l->p++ = 'Z';
}

static bool
is_understood(const struct http_request *r)
{
    return r->method_text.n > 0;
}

static void
put_start_line(struct access_line *l, const struct access_entry *e,
               const struct access_piece *p UNUSED)
{
    const struct http_request *r = e->request;
    struct http_span line = {r->method_text.at, 0};

    if (!is_understood(r)) {
        text_or_none(l, e->start_line);
        return;
    }
    line.n = r->target.at + r->target.n - line.at + (uint32_t)sizeof(" HTTP/1.1") - 1;
    access_line_value(l, http_parse_str(r, line));
}

static void
put_method(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    text_or_none(l, http_parse_str(e->request, e->request->method_text));
}

static void
put_target(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    text_or_none(l, http_parse_str(e->request, e->request->target));
}

static void
put_path(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    text_or_none(l, http_parse_str(e->request, e->request->path));
}

static void
put_query(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_value(l, http_parse_str(e->request, e->request->query));
}

static void
put_protocol(struct access_line *l, const struct access_entry *e,
             const struct access_piece *p UNUSED)
{
    if (!is_understood(e->request)) {
        access_line_no_text(l);
        return;
    }
    ACCESS_LINE_LIT(l, "HTTP/1.");
    *l->p++ = e->request->minor > 0 ? '1' : '0';
}

static void
put_status(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_number(l, e->status);
}

static void
put_sent(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_number(l, e->sent);
}

static void
put_received(struct access_line *l, const struct access_entry *e,
             const struct access_piece *p UNUSED)
{
    access_line_number(l, e->received);
}

static void
put_seconds(struct access_line *l, const struct access_entry *e,
            const struct access_piece *p UNUSED)
{
    access_line_number(l, (uint64_t)e->duration_us / 1000000);
}

static void
put_millis(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_number(l, (uint64_t)e->duration_us / 1000);
}

static void
put_micros(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_number(l, (uint64_t)e->duration_us);
}

static void
put_decimal(struct access_line *l, const struct access_entry *e,
            const struct access_piece *p UNUSED)
{
    access_line_number(l, (uint64_t)e->duration_us / 1000000);
    *l->p++ = '.';
    access_line_digits(l, (uint64_t)e->duration_us % 1000000, 6);
}

static void
put_upstream(struct access_line *l, const struct access_entry *e,
             const struct access_piece *p UNUSED)
{
    if (e->upstream_us < 0)
        access_line_no_number(l);
    else
        access_line_number(l, (uint64_t)e->upstream_us);
}

static void
put_pid(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    access_line_number(l, e->pid);
}

static void
put_pid_in_brackets(struct access_line *l, const struct access_entry *e,
                    const struct access_piece *p)
{
    *l->p++ = '<';
    put_pid(l, e, p);
    *l->p++ = '>';
}

static void
put_id(struct access_line *l, const struct access_entry *e, const struct access_piece *p UNUSED)
{
    if (e->id.n == REQUEST_ID_NEW)
        access_line_raw(l, e->id.p, REQUEST_ID_NEW);
    else if (e->id.n > 0)
        access_line_raw(l, e->id.p, e->id.n);
    else
        access_line_no_text(l);
}

static const struct access_atom atoms[] = {
    /* gunicorn's */
    {"h", put_remote, INET6_ADDRSTRLEN, NULL},
    {"l", put_none, 1, NULL},
    {"u", put_user, 1, "authorization"},
    {"t", put_clf, CLF_MAX, NULL},
    {"r", put_start_line, 1, NULL},
    {"m", put_method, 1, NULL},
    {"U", put_path, 1, NULL},
    {"q", put_query, 0, NULL},
    {"H", put_protocol, sizeof("HTTP/1.1"), NULL},
    {"s", put_status, NUMBER_MAX, NULL},
    {"B", put_sent, NUMBER_MAX, NULL},
    {"b", put_sent, NUMBER_MAX, NULL},
    {"f", access_atom_field, 1, "referer"},
    {"a", access_atom_field, 1, "user-agent"},
    {"T", put_seconds, NUMBER_MAX, NULL},
    {"D", put_micros, NUMBER_MAX, NULL},
    {"M", put_millis, NUMBER_MAX, NULL},
    {"L", put_decimal, SECONDS_MAX, NULL},
    {"p", put_pid_in_brackets, NUMBER_MAX + 2, NULL},
    /* our own */
    {"time", put_iso, ISO_MAX, NULL},
    {"id", put_id, REQUEST_ID_MAX, NULL},
    {"target", put_target, 1, NULL},
    {"received", put_received, NUMBER_MAX, NULL},
    {"upstream_us", put_upstream, NUMBER_MAX, NULL},
    {"pid", put_pid, NUMBER_MAX, NULL},
};

static const struct access_atom variables[] = {
    {"REQUEST_METHOD", put_method, 1, NULL},
    {"RAW_URI", put_target, 1, NULL},
    {"PATH_INFO", put_path, 1, NULL},
    {"QUERY_STRING", put_query, 0, NULL},
    {"SERVER_PROTOCOL", put_protocol, sizeof("HTTP/1.1"), NULL},
    {"REMOTE_ADDR", put_remote, INET6_ADDRSTRLEN, NULL},
    {"CONTENT_TYPE", access_atom_field, 1, "content-type"},
    {"CONTENT_LENGTH", access_atom_field, 1, "content-length"},
};

static const struct access_atom *
find(const struct access_atom *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(name, v[i].name))
            return &v[i];
    }
    return NULL;
}

const struct access_atom *
access_atom_find(struct str name)
{
    return find(atoms, ARRAY_LEN(atoms), name);
}

const struct access_atom *
access_atom_variable(struct str name)
{
    return find(variables, ARRAY_LEN(variables), name);
}
