/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes in and out of a connection's socket. */

#include <errno.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "server/conn.h"

#include <unistd.h>

enum {
    ROOM_MIN = 1024,
    FILE_PART = 1024 * 1024 /* of a file before other connections get their turn */
};

/* -1: closed; 0: the socket takes no more for now; else bytes sent. */
static ssize_t
sent(struct conn *c, ssize_t n)
{
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    conn_close(c);
    return -1;
}

/* The buffer first; MSG_MORE lets the head travel with the file's first bytes. */
static bool
flush_buffer(struct conn *c)
{
    int more = c->file_left > 0 ? MSG_MORE : 0;
    ssize_t n;

    if (iobuf_n(&c->out) == 0)
        return true;
    n = sent(c, send(c->source.fd, c->out.p + c->out.start, iobuf_n(&c->out), MSG_NOSIGNAL | more));
    if (n < 0)
        return false;
    iobuf_consume(&c->out, (size_t)n);
    if (iobuf_n(&c->out) == 0)
        return true;
    c->moved += (uint64_t)n;
    conn_wait(c, &c->group->send);
    return false;
}

static bool
flush_file(struct conn *c)
{
    size_t part = c->file_left < FILE_PART ? (size_t)c->file_left : FILE_PART;
    off_t at = (off_t)c->file_at;
    ssize_t n = sendfile(c->source.fd, c->file, &at, part);

    if (n == 0) {
        /* The file has shrunk: only a broken connection can say that this is not its end. */
        conn_close(c);
        return false;
    }
    n = sent(c, n);
    if (n < 0)
        return false;
    c->file_at += (uint64_t)n;
    c->file_left -= (uint64_t)n;
    c->moved += (uint64_t)n;
    if (c->file_left > 0) {
        conn_wait(c, &c->group->send);
        /* Whether the socket is full or the part was: only the next attempt tells. */
        if (n > 0)
            loop_defer(c->group->loop, &c->task);
        return false;
    }
    if (!c->file_borrowed)
        close(c->file);
    c->file = -1;
    c->file_borrowed = false;
    return true;
}

bool
conn_flush(struct conn *c)
{
    if (c->state == CONN_CLOSED || !flush_buffer(c))
        return false;
    if (c->file_left > 0 && !flush_file(c))
        return false;
    if (c->timeout.list == &c->group->send)
        timeout_disarm(&c->timeout);
    return true;
}

/* An idle connection holds no buffer.  While a response waits to be sent, that is what is timed. */
static void
wait_for_input(struct conn *c)
{
    struct conn_group *g = c->group;

    if (iobuf_n(&c->out) > 0 || c->file_left > 0)
        return;
    iobuf_release(&c->out);
    if (c->state == CONN_BODY || c->state == CONN_HANDLE) {
        conn_wait(c, &g->body);
    } else if (c->surplus) {
        conn_wait(c, &g->surplus);
    } else if (iobuf_n(&c->in) > 0) {
        conn_wait(c, &g->head);
    } else {
        iobuf_release(&c->in);
        conn_wait(c, c->served ? &g->idle : &g->first);
    }
}

bool
conn_fill(struct conn *c)
{
    char *room;
    size_t space;
    ssize_t n;

    if (!c->readable) {
        wait_for_input(c);
        return false;
    }
    room = iobuf_room(&c->in, ROOM_MIN);
    c->parser.request.base = c->in.p + c->in.start;
    space = iobuf_space(&c->in);
    n = recv(c->source.fd, room, space, 0);
    if (n > 0) {
        c->in.end += (size_t)n;
        c->moved += (uint64_t)n;
        /* Edge-triggered: after a short read the next byte, or the end, is a new event. */
        c->readable = (size_t)n == space || c->peer_closing;
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN) {
        c->readable = false;
        wait_for_input(c);
        return false;
    }
    /* The client will send no more, and what it has sent is answered or is no whole request. */
    c->eof = true;
    conn_close(c);
    return false;
}
