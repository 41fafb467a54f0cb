/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_fetch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/num.h"
#include "server/address.h"
#include "server/http_chars.h"
#include "server/http_chunk.h"
#include "server/http_target.h"

enum { HEAD_MAX = 16 * 1024, PART = 4096, DEFAULT_PORT = 80 };

struct fetch {
    const char *url;
    struct str host; /* as in the URL, with its port */
    struct str path;
    int fd;
    int64_t deadline_ms;
    struct buf *out;
};

static int
wait_for(const struct fetch *f, short events, struct err *err)
{
    struct pollfd p = {.fd = f->fd, .events = events};
    int64_t left = f->deadline_ms - clock_monotonic_ms(clock_system());
    int n = left > 0 ? poll(&p, 1, (int)left) : 0;

    if (n < 0 && errno != EINTR)
        return err_sys(err, "%s: poll", f->url);
    return n == 0 ? err_set(err, ERR_TIMEOUT, "%s: no answer in time", f->url) : 0;
}

static int
parse_url(struct fetch *f, struct err *err)
{
    struct http_target t;
    struct str text = str_from(f->url);

    if (!str_starts(text, "http://") || !http_target_parse(STR_LIT("GET"), text, &t))
        return err_set(err, ERR_INVALID, "'%s' is no http:// URL", f->url);
    f->host = t.host;
    f->path = (struct str){t.path.p, (size_t)(text.p + text.n - t.path.p)};
    return 0;
}

static int
connect_to(struct fetch *f, struct err *err)
{
    struct address a;
    int code = 0;
    socklen_t n = sizeof(code);

    if (!address_of_host(f->host, DEFAULT_PORT, &a))
        return err_set(err, ERR_UNSUPPORTED, "%s: the host must be an address", f->url);
    f->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (f->fd < 0)
        return err_sys(err, "%s: socket", f->url);
    if (connect(f->fd, &a.any, a.size) == 0)
        return 0;
    if (errno == EINPROGRESS) {
        if (wait_for(f, POLLOUT, err) < 0)
            return -1;
        if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &code, &n) == 0 && code == 0)
            return 0;
        errno = code;
    }
    return err_sys(err, "%s: connect", f->url);
}

static int
send_request(const struct fetch *f, struct err *err)
{
    char text[HEAD_MAX];
    size_t at = 0;
    int n = snprintf(text, sizeof(text),
                     "GET %s" STR_FMT " HTTP/1.1\r\nHost: " STR_FMT "\r\nUser-Agent: berthd\r\n"
                     "Accept: */*\r\nConnection: close\r\n\r\n",
                     f->path.n > 0 && f->path.p[0] == '/' ? "" : "/", STR_ARG(f->path),
                     STR_ARG(f->host));

    if (n >= (int)sizeof(text))
        return err_set(err, ERR_LIMIT, "the URL is too long");
    while (at < (size_t)n) {
        ssize_t sent = send(f->fd, text + at, (size_t)n - at, MSG_NOSIGNAL);

        if (sent >= 0)
            at += (size_t)sent;
        else if (errno != EAGAIN && errno != EINTR)
            return err_sys(err, "%s: send", f->url);
        else if (wait_for(f, POLLOUT, err) < 0)
            return -1;
    }
    return 0;
}

/* Bytes read, 0 at the end. */
static ssize_t
receive(const struct fetch *f, char *p, size_t n, struct err *err)
{
    for (;;) {
        ssize_t got = recv(f->fd, p, n, 0);

        if (got >= 0)
            return got;
        if (errno != EAGAIN && errno != EINTR)
            return err_sys(err, "%s: receive", f->url);
        if (wait_for(f, POLLIN, err) < 0)
            return -1;
    }
}

struct answer {
    struct buf *head;
    size_t head_n; /* of the head within what was read */
    bool chunked, has_length;
    uint64_t length;
};

static int
bad(const struct fetch *f, struct err *err)
{
    return err_set(err, ERR_PROTOCOL, "%s: the answer is no HTTP", f->url);
}

static int
parse_fields(const struct fetch *f, struct str fields, struct answer *a, struct err *err)
{
    while (fields.n > 0) {
        struct str line = str_trim(str_cut(&fields, '\n'));
        struct str name = str_cut(&line, ':');
        struct str value = http_chars_trim(line);

        if (str_eq_nocase(name, "content-length")) {
            a->has_length = true;
            if (!num_parse_u64(value, INT64_MAX, &a->length))
                return bad(f, err);
        } else if (str_eq_nocase(name, "transfer-encoding")) {
            if (!str_eq_nocase(value, "chunked"))
                return bad(f, err);
            a->chunked = true;
        }
    }
    return 0;
}

static int
read_head(const struct fetch *f, struct answer *a, struct err *err)
{
    const char *end = NULL;
    struct str lines, status;

    while (end == NULL) {
        char *room = buf_room(a->head, PART);
        ssize_t n = room != NULL ? receive(f, room, PART, err) : 0;

        if (n < 0)
            return -1;
        if (n == 0)
            return bad(f, err);
        buf_added(a->head, (size_t)n);
        end = memmem(a->head->p, a->head->n, "\r\n\r\n", 4);
    }
    a->head_n = (size_t)(end - a->head->p) + 4;
    lines = (struct str){a->head->p, a->head_n};
    status = str_trim(str_cut(&lines, '\n'));
    if (status.n < 12 || !str_starts(status, "HTTP/1."))
        return bad(f, err);
    if (memcmp(status.p + 8, " 200", 4) != 0)
        return err_set(err, ERR_PROTOCOL, "%s: answered '" STR_FMT "'", f->url, STR_ARG(status));
    return parse_fields(f, lines, a, err);
}

/* 1: the body is whole; 0: more must come. */
static int
take_body(const struct fetch *f, struct answer *a, struct http_chunk *chunk, struct str part,
          struct err *err)
{
    if (!a->chunked) {
        if (a->has_length && part.n > a->length)
            part.n = (size_t)a->length;
        buf_append_view(f->out, part);
        a->length -= a->has_length ? part.n : 0;
        return a->has_length && a->length == 0;
    }
    for (;;) {
        struct str data = {NULL, 0};
        size_t used = 0;
        int result = http_chunk_decode(chunk, part.p, part.n, &used, &data);

        if (result > HTTP_CHUNK_DATA)
            return bad(f, err);
        buf_append_view(f->out, data);
        part = (struct str){part.p + used, part.n - used};
        if (result != HTTP_CHUNK_DATA)
            return result == HTTP_CHUNK_DONE;
    }
}

static int
read_body(const struct fetch *f, struct answer *a, struct err *err)
{
    struct str part = {a->head->p + a->head_n, a->head->n - a->head_n};
    struct http_chunk chunk;
    char room[PART];

    http_chunk_init(&chunk);
    for (;;) {
        int done = take_body(f, a, &chunk, part, err);
        ssize_t n;

        if (done < 0 || buf_finish(f->out, err) < 0)
            return -1;
        if (done == 1)
            return 0;
        n = receive(f, room, sizeof(room), err);
        if (n < 0)
            return -1;
        if (n == 0)
            return a->chunked || a->has_length
                       ? err_set(err, ERR_PROTOCOL, "%s: the answer ends too early", f->url)
                       : 0;
        part = (struct str){room, (size_t)n};
    }
}

static int
exchange(struct fetch *f, struct err *err)
{
    cleanup_buf struct buf head = BUF_INIT(HEAD_MAX);
    struct answer a = {.head = &head};

    if (connect_to(f, err) < 0 || send_request(f, err) < 0 || read_head(f, &a, err) < 0)
        return -1;
    return read_body(f, &a, err);
}

int
http_fetch(void *ctx UNUSED, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    struct fetch f = {.url = url, .fd = -1, .out = out};
    int result;

    f.deadline_ms = clock_monotonic_ms(clock_system()) + timeout_ms;
    if (parse_url(&f, err) < 0)
        return -1;
    result = exchange(&f, err);
    if (f.fd >= 0)
        close(f.fd);
    return result;
}
