/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_HTTP_PEER_H
#define SUPPORT_HTTP_PEER_H

/*
 * A small HTTP server in a child process, which answers and misbehaves by the path that it is asked
 * for.  It serves one connection at a time until that is closed.  Functions are static, since a
 * unit test is one source file.
 */

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "net/http.h"

enum { HTTP_PEER_REQUEST_MAX = 1024 * 1024 };

struct http_peer {
    pid_t pid;
    char url[64]; /* "http://127.0.0.1:PORT", or "http://localhost" */
    char folder[64];
    char socket[80]; /* path of a unix socket, or "" */
};

struct http_peer_call {
    int fd;
    char *text; /* the raw request */
    size_t n;
    size_t header_n; /* up to the empty line and with it */
    unsigned connection, request;
};

static inline void
http_peer_send(const struct http_peer_call *c, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = send(c->fd, p, n, MSG_NOSIGNAL);

        if (put <= 0)
            return;
        p += put;
        n -= (size_t)put;
    }
}

static inline void
http_peer_say(const struct http_peer_call *c, const char *text)
{
    http_peer_send(c, text, strlen(text));
}

static inline void
http_peer_answer(const struct http_peer_call *c, const char *status, const char *headers,
                 const char *body, size_t body_n)
{
    cleanup_free char *head =
        mem_printf("HTTP/1.1 %s\r\nContent-Length: %zu\r\nX-Connection: %u\r\nX-Request: %u\r\n"
                   "%s\r\n",
                   status, body_n, c->connection, c->request, headers);

    http_peer_say(c, head);
    http_peer_send(c, body, body_n);
}

/* Answers without end, or a few hundred megabytes, which no test should wait for. */
static inline void
http_peer_flood(const struct http_peer_call *c, const char *line)
{
    size_t n = strlen(line);

    for (size_t sent = 0; sent < (size_t)300 * 1024 * 1024; sent += n) {
        if (send(c->fd, line, n, MSG_NOSIGNAL) <= 0)
            return;
    }
}

static inline bool
http_peer_asks(const struct http_peer_call *c, const char *path)
{
    struct str line = {c->text, c->header_n};
    struct str target;

    str_cut(&line, ' ');
    target = str_cut(&line, ' ');
    target = str_cut(&target, '?');
    return str_eq(target, path);
}

/* False when the connection is to be closed. */
static inline bool
http_peer_misbehave(const struct http_peer_call *c)
{
    static const char large[64 * 1024];

    if (http_peer_asks(c, "/hang")) {
        pause();
    } else if (http_peer_asks(c, "/large")) {
        http_peer_answer(c, "200 OK", "", large, sizeof(large));
        return true;
    } else if (http_peer_asks(c, "/endless")) {
        http_peer_say(c, "HTTP/1.1 200 OK\r\n\r\n");
        http_peer_flood(c, "and on and on and on and on and on and on and on\n");
    } else if (http_peer_asks(c, "/truncated")) {
        http_peer_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    } else if (http_peer_asks(c, "/truncated-chunk")) {
        http_peer_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nonly this");
    } else if (http_peer_asks(c, "/headers")) {
        http_peer_say(c, "HTTP/1.1 200 OK\r\n");
        http_peer_flood(c, "X-Padding: and on and on and on and on and on\r\n");
    } else if (http_peer_asks(c, "/interim-flood")) {
        http_peer_flood(c, "HTTP/1.1 100 Continue\r\nX-Padding: and on and on and on\r\n\r\n");
    } else if (http_peer_asks(c, "/garbage")) {
        http_peer_say(c, "220 mail.example.com ESMTP\r\n");
    }
    return false;
}

static inline bool
http_peer_handle(const struct http_peer_call *c)
{
    if (http_peer_asks(c, "/echo"))
        http_peer_answer(c, "200 OK", "Content-Type: message/http\r\n", c->text, c->n);
    else if (http_peer_asks(c, "/busy"))
        http_peer_answer(c, "503 Service Unavailable", "Retry-After:  7 \r\nretry-after: 9\r\n",
                         "busy", 4);
    else if (http_peer_asks(c, "/redirect"))
        http_peer_answer(c, "302 Found", "Location: /echo\r\n", "", 0);
    else if (http_peer_asks(c, "/interim"))
        http_peer_say(c, "HTTP/1.1 103 Early Hints\r\nLink: early\r\n\r\n"
                         "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Final: yes\r\n\r\nlate");
    else if (http_peer_asks(c, "/length-only"))
        http_peer_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    else if (http_peer_asks(c, "/chunked"))
        http_peer_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n");
    else
        return http_peer_misbehave(c);
    return true;
}

/* Whether a whole request lies there; bodies are delimited by length or by the last chunk. */
static inline bool
http_peer_complete(struct http_peer_call *c)
{
    const char *end = strstr(c->text, "\r\n\r\n");
    const char *length = strcasestr(c->text, "\r\nContent-Length:");
    uint64_t body_n = 0;

    if (end == NULL)
        return false;
    c->header_n = (size_t)(end - c->text) + 4;
    if (length != NULL && length < end) {
        struct str rest = str_from(length + strlen("\r\nContent-Length:"));

        num_parse_u64(str_trim(str_cut(&rest, '\n')), HTTP_PEER_REQUEST_MAX, &body_n);
    }
    if (strcasestr(c->text, "\r\nTransfer-Encoding: chunked") != NULL)
        return strstr(end, "\r\n0\r\n\r\n") != NULL;
    return c->n >= c->header_n + body_n;
}

static inline void
http_peer_connection(int fd, unsigned connection)
{
    struct http_peer_call c = {.fd = fd, .connection = connection};
    bool open = true;

    c.text = mem_alloc(HTTP_PEER_REQUEST_MAX + 1);
    while (open) {
        ssize_t got = recv(fd, c.text + c.n, HTTP_PEER_REQUEST_MAX - c.n, 0);

        if (got <= 0)
            break;
        c.n += (size_t)got;
        c.text[c.n] = '\0';
        if (!http_peer_complete(&c))
            continue;
        c.request++;
        open = http_peer_handle(&c);
        c.n = 0;
    }
    free(c.text);
    close(fd);
}

static inline NORETURN void
http_peer_serve(int listener)
{
    /* It ends with its parent, also when a failed test leaves no time for the teardown. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned connection = 1;; connection++) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            _exit(0);
        http_peer_connection(fd, connection);
    }
}

static inline int
http_peer_fork(struct http_peer *p, int listener, void **state)
{
    if (listen(listener, 16) < 0)
        return -1;
    p->pid = fork();
    if (p->pid == 0)
        http_peer_serve(listener);
    close(listener);
    *state = p;
    return p->pid > 0 ? 0 : -1;
}

/* Setup and teardown for cmocka; *state is the struct http_peer. */
static inline int
http_peer_start(void **state)
{
    struct http_peer *p = mem_alloc(sizeof(*p));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(listener, (struct sockaddr *)&a, n) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) < 0)
        return -1;
    snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
    return http_peer_fork(p, listener, state);
}

static inline int
http_peer_start_unix(void **state)
{
    struct http_peer *p = mem_alloc(sizeof(*p));
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(p->folder, sizeof(p->folder), "/tmp/berth-test-http-XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return -1;
    snprintf(p->socket, sizeof(p->socket), "%s/socket", p->folder);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->socket);
    snprintf(p->url, sizeof(p->url), "http://localhost");
    if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0)
        return -1;
    return http_peer_fork(p, listener, state);
}

static inline int
http_peer_stop(void **state)
{
    struct http_peer *p = *state;

    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    if (p->socket[0] != '\0') {
        unlink(p->socket);
        rmdir(p->folder);
    }
    free(p);
    return 0;
}

/* Sends a request for a path of the peer. */
static inline int
http_peer_ask(struct http_client *client, const struct http_peer *peer, struct http_request request,
              const char *path, struct http_response *response, struct err *err)
{
    cleanup_free char *url = mem_printf("%s%s", peer->url, path);

    request.url = url;
    if (peer->socket[0] != '\0')
        request.unix_socket = peer->socket;
    return http_send(client, &request, response, err);
}

#endif
