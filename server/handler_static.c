/* SPDX-License-Identifier: Apache-2.0 */

/* Files of a mounted folder: GET and HEAD, index.html for folders, conditional requests. */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "server/exchange.h"
#include "server/handlers.h"
#include "server/http_date.h"
#include "server/mime.h"
#include "server/static_open.h"

enum {
    ETAG_MAX = 80,
    HEADERS_MAX = 256,
    /* Images built to be reproducible set all their files to one early time, which then tells
     * nothing about a change. */
    FIRST_HONEST_TIME = 24 * 60 * 60
};

static bool
has_honest_time(const struct stat *st)
{
    return st->st_mtim.tv_sec >= FIRST_HONEST_TIME;
}

/* By time and size, so that all tasks of a service agree; without an honest time by what changes
 * when the file is replaced on this machine. */
static void
format_etag(const struct stat *st, char out[ETAG_MAX])
{
    const struct timespec *t = has_honest_time(st) ? &st->st_mtim : &st->st_ctim;

    if (has_honest_time(st))
        snprintf(out, ETAG_MAX, "\"%llx%08lx-%llx\"", (unsigned long long)t->tv_sec,
                 (unsigned long)t->tv_nsec, (unsigned long long)st->st_size);
    else
        snprintf(out, ETAG_MAX, "\"%llx%08lx-%llx-%llx\"", (unsigned long long)t->tv_sec,
                 (unsigned long)t->tv_nsec, (unsigned long long)st->st_size,
                 (unsigned long long)st->st_ino);
}

/* If-None-Match compares weakly (RFC 9110 13.1.2).  The field may come several times. */
static bool
list_has_etag(const struct http_request *r, const char *etag)
{
    struct str name, value;
    uint32_t iter = 0;

    while (http_parse_next(r, &iter, &name, &value)) {
        struct str tag;

        if (!str_eq_nocase(name, "if-none-match"))
            continue;
        while (http_parse_token(&value, &tag)) {
            if (str_eq(tag, "*"))
                return true;
            if (str_starts(tag, "W/"))
                tag = (struct str){tag.p + 2, tag.n - 2};
            if (str_eq(tag, etag))
                return true;
        }
    }
    return false;
}

static bool
is_not_modified(const struct exchange *x, const struct stat *st, const char *etag)
{
    const struct http_request *r = x->request;
    int64_t since;

    if (http_parse_has(r, HTTP_FIELD_IF_NONE_MATCH))
        return list_has_etag(r, etag);
    if (!http_parse_has(r, HTTP_FIELD_IF_MODIFIED_SINCE) || !has_honest_time(st))
        return false;
    return http_date_parse(http_parse_str(r, r->fields[HTTP_FIELD_IF_MODIFIED_SINCE]), x->now_unix,
                           &since) &&
           st->st_mtim.tv_sec <= since;
}

static void
send_file(struct exchange *x, int fd, const struct stat *st, struct str name)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;
    cleanup_buf struct buf headers = BUF_INIT(HEADERS_MAX);
    char etag[ETAG_MAX];
    char date[32];

    format_etag(st, etag);
    buf_appendf(&headers, "ETag: %s\r\n", etag);
    if (has_honest_time(st)) {
        clock_format_http(st->st_mtim.tv_sec, date);
        buf_appendf(&headers, "Last-Modified: %s\r\n", date);
    }
    r.file = fd;
    r.headers = buf_view(&headers);
    if (is_not_modified(x, st, etag)) {
        r.status = 304;
    } else {
        r.type = mime_of(name);
        r.file_bytes = (uint64_t)st->st_size;
    }
    exchange_reply(x, &r);
}

static unsigned
status_of_errno(const char *path)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV: /* a link that leads out of the folder */
    case ENAMETOOLONG:
    case ENXIO: /* a socket, or a FIFO without a writer */
    case ENODEV:
    case EINVAL:
        return 404;
    case EACCES:
        return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
        log_warn("'%s' cannot be opened: %m", path);
        return 503;
    default:
        log_error("'%s' cannot be opened: %m", path);
        return 500;
    }
}

static void
respond(struct exchange *x)
{
    bool is_folder = x->rest.n > 0 && x->rest.p[x->rest.n - 1] == '/';
    cleanup_fd int fd = -1;
    struct stat st;

    if (x->rest.n == 0 && x->path.n > 0) { /* the mount's own name */
        buf_append_view(x->scratch, x->path);
        buf_append_char(x->scratch, '/');
        exchange_redirect(x, buf_view(x->scratch));
        return;
    }
    buf_append(x->scratch, x->rest.p + 1, x->rest.n - 1);
    if (is_folder)
        buf_append_str(x->scratch, "index.html");
    if (!static_open_allowed(buf_view(x->scratch))) {
        exchange_status(x, 404);
        return;
    }
    fd = static_open(x->route->folder, buf_cstr(x->scratch));
    if (fd < 0 || fstat(fd, &st) < 0) {
        exchange_status(x, status_of_errno(buf_cstr(x->scratch)));
    } else if (S_ISREG(st.st_mode)) {
        send_file(x, steal_fd(&fd), &st, buf_view(x->scratch));
    } else if (S_ISDIR(st.st_mode) && !is_folder) {
        buf_clear(x->scratch);
        buf_append_view(x->scratch, x->path);
        buf_append_char(x->scratch, '/');
        exchange_redirect(x, buf_view(x->scratch));
    } else {
        exchange_status(x, 404);
    }
}

const struct handler handler_static = {
    .name = "static",
    .methods = HTTP_GET | HTTP_HEAD,
    .respond = respond,
};
