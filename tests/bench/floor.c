/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The floor that a server's speed is compared with: one epoll loop that reads until a head ends and
 * writes fixed bytes.  No parsing, no files, no timeouts: what is left is the kernel's share.
 *
 *   floor PORT|PATH     127.0.0.1:PORT or a unix socket; what a connection asks for first
 * (/page...: 16 KiB, anything else: 200 bytes of JSON) is what each of its requests gets
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 128,
    READ_MAX = 16 * 1024,
    CLIENTS_MAX = 65536,
    BACKLOG = 2048,
    NUMBER_BASE = 10
};

struct response {
    char *p;
    size_t n;
};

struct client {
    const struct response *response; /* NULL: nothing was asked yet */
    unsigned owed;                   /* requests that are not answered */
    unsigned matched;                /* bytes of the blank line seen */
    size_t sent;                     /* of the response that is under way */
    bool blocked;                    /* EPOLLOUT is waited for */
};

static struct client clients[CLIENTS_MAX]; /* by descriptor */
static struct response small, large;

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

/* The fields that a file server sends; the date is as fixed as all the rest. */
static struct response
response_make(const char *type, size_t n_body)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nServer: floor\r\n"
        "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: %s\r\n"
        "Content-Length: %zu\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        "ETag: \"0123456789abcdef-%zx\"\r\nAccept-Ranges: bytes\r\n\r\n";
    struct response r = {NULL, 0};
    size_t room = sizeof(head) + 128 + n_body;
    int n;

    r.p = malloc(room);
    if (r.p == NULL)
        die("malloc");
    n = snprintf(r.p, room, head, type, n_body, n_body);
    memset(r.p + n, 'x', n_body);
    r.n = (size_t)n + n_body;
    return r;
}

static void
poll_for(int epoll, int fd, int op, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(epoll, op, fd, &event) < 0)
        die("epoll_ctl");
}

static void
accept_all(int epoll, int listener)
{
    int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= CLIENTS_MAX) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        clients[fd] = (struct client){.response = NULL};
        poll_for(epoll, fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* Heads that end in what has come. */
static unsigned
count_ends(struct client *c, const char *p, size_t n)
{
    static const char blank[] = "\r\n\r\n";
    unsigned ends = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == blank[c->matched])
            c->matched++;
        else
            c->matched = p[i] == '\r';
        if (c->matched == sizeof(blank) - 1) {
            c->matched = 0;
            ends++;
        }
    }
    return ends;
}

/* False: the connection is to be closed. */
static bool
take_input(int fd, struct client *c)
{
    static char room[READ_MAX];
    ssize_t n = recv(fd, room, sizeof(room), 0);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    if (c->response == NULL)
        c->response = n > 9 && memcmp(room, "GET /page", 9) == 0 ? &large : &small;
    c->owed += count_ends(c, room, (size_t)n);
    return true;
}

static bool
send_owed(int epoll, int fd, struct client *c)
{
    while (c->owed > 0) {
        ssize_t n = send(fd, c->response->p + c->sent, c->response->n - c->sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0)
            break;
        c->sent += (size_t)n;
        if (c->sent == c->response->n) {
            c->sent = 0;
            c->owed--;
        }
    }
    if (c->blocked != (c->owed > 0)) {
        c->blocked = c->owed > 0;
        poll_for(epoll, fd, EPOLL_CTL_MOD, c->blocked ? EPOLLOUT : EPOLLIN);
    }
    return true;
}

static int
listen_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
        die("socket");
    memcpy(a.sun_path, path, strlen(path));
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0)
        die("listen");
    return fd;
}

static int
listen_tcp(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    a.sin_port = htons((unsigned short)strtoul(port, NULL, NUMBER_BASE));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0)
        die("listen");
    return fd;
}

int
main(int argc, char **argv)
{
    struct epoll_event events[EVENTS_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener;

    if (argc != 2) {
        fprintf(stderr, "usage: floor PORT|PATH\n");
        return 2;
    }
    if (epoll < 0)
        die("epoll_create1");
    small = response_make("application/json", 200);
    large = response_make("text/plain", 16 * 1024);
    listener = strchr(argv[1], '/') != NULL ? listen_unix(argv[1]) : listen_tcp(argv[1]);
    poll_for(epoll, listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS_MAX, -1);

        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == listener)
                accept_all(epoll, listener);
            else if (!((events[i].events & EPOLLOUT) != 0 || take_input(fd, &clients[fd])) ||
                     !send_owed(epoll, fd, &clients[fd]))
                close(fd);
        }
    }
}
