/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/exchange.h"
#include "server/static_file.h"

enum { BOUNDARY_MAX = 40, PART_HEAD_MAX = 512 };

struct static_parts {
    int fd;
    uint64_t at, size; /* of the file in fd */
    const char *type;
    char boundary[BOUNDARY_MAX];
    unsigned n, next;
    struct http_range ranges[];
};

/* Long and unforeseeable, so that no file holds it. */
static void
make_boundary(char out[BOUNDARY_MAX])
{
    uint64_t random[2] = {0, 0};

    /* 16 bytes are never cut short, and a kernel that has started up has them. */
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        log_warn("no random boundary: %m");
    snprintf(out, BOUNDARY_MAX, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
}

static void
append_head(struct buf *out, const struct static_parts *p, const struct http_range *r)
{
    buf_appendf(out,
                "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRIu64 "-%" PRIu64
                "/%" PRIu64 "\r\n\r\n",
                p->boundary, p->type, r->first, r->first + r->n - 1, p->size);
}

static void
append_end(struct buf *out, const struct static_parts *p)
{
    buf_appendf(out, "\r\n--%s--\r\n", p->boundary);
}

static uint64_t
length_of(const struct static_parts *p)
{
    cleanup_buf struct buf text = BUF_INIT((size_t)p->n * PART_HEAD_MAX + BOUNDARY_MAX);
    uint64_t n = 0;

    for (unsigned i = 0; i < p->n; i++) {
        append_head(&text, p, &p->ranges[i]);
        n += p->ranges[i].n;
    }
    append_end(&text, p);
    return n + text.n;
}

static void
free_parts(struct exchange *x)
{
    struct static_parts *p = x->local;

    if (p->fd >= 0)
        close(p->fd);
    free(p);
    x->local = NULL;
}

/* The next part, or the end. */
void
static_parts_drain(struct exchange *x)
{
    struct static_parts *p = x->local;
    cleanup_buf struct buf text = BUF_INIT(PART_HEAD_MAX);

    if (p->next == p->n) {
        append_end(&text, p);
        exchange_write(x, buf_view(&text));
        free_parts(x);
        exchange_end(x);
        return;
    }
    append_head(&text, p, &p->ranges[p->next]);
    exchange_write(x, buf_view(&text));
    exchange_file(x, p->fd, p->at + p->ranges[p->next].first, p->ranges[p->next].n);
    p->next++;
}

void
static_parts_abort(struct exchange *x)
{
    if (x->local != NULL)
        free_parts(x);
}

static void
send_from_memory(struct exchange *x, const struct static_file *f, const char *type)
{
    struct static_parts *p = x->local;
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    buf_clear(x->scratch);
    for (unsigned i = 0; i < p->n; i++) {
        append_head(x->scratch, p, &p->ranges[i]);
        buf_append(x->scratch, f->bytes + p->ranges[i].first, (size_t)p->ranges[i].n);
    }
    append_end(x->scratch, p);
    r.status = 206;
    r.type = type;
    r.headers = (struct str){f->headers, f->n_headers};
    r.body = buf_view(x->scratch);
    free_parts(x);
    exchange_reply(x, &r);
}

static void
send_from_file(struct exchange *x, const struct static_file *f, const char *type)
{
    struct static_parts *p = x->local;
    struct exchange_head head = {
        .status = 206,
        .type = type,
        .headers = {f->headers, f->n_headers},
        .has_length = true,
        .length = length_of(p),
    };

    p->fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
    if (p->fd < 0) {
        log_warn("a file cannot be sent for the moment: %m");
        free_parts(x);
        exchange_status(x, 503);
        return;
    }
    exchange_begin(x, &head);
    static_parts_drain(x);
}

void
static_parts_send(struct exchange *x, const char *type, const struct static_file *f,
                  const struct http_range *ranges, unsigned n)
{
    struct static_parts *p = mem_alloc(sizeof(*p) + n * sizeof(*ranges));
    char multipart[BOUNDARY_MAX + 40];

    *p = (struct static_parts){.fd = -1, .at = f->at, .size = f->size, .type = type, .n = n};
    memcpy(p->ranges, ranges, n * sizeof(*ranges));
    make_boundary(p->boundary);
    snprintf(multipart, sizeof(multipart), "multipart/byteranges; boundary=%s", p->boundary);
    x->local = p;
    if (f->bytes != NULL && f->size <= STATIC_SMALL)
        send_from_memory(x, f, multipart);
    else
        send_from_file(x, f, multipart);
}
