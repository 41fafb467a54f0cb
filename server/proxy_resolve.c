/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy_resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/address.h"

/* getaddrinfo() keeps answers of the resolver on the stack; musl's default is too small for it. */
enum { STACK_BYTES = 256 * 1024, PORT_TEXT = 6 };

/* A finished job is handed over as its address. */
enum { MESSAGE_SIZE = sizeof(void *) };

struct job {
    char *host;
    char port[PORT_TEXT];
    void *owner;
    int fd; /* the thread's own */
    unsigned n, max;
    struct address *v;
    int error; /* of getaddrinfo() */
};

static void
job_free(struct job *j)
{
    if (j->fd >= 0)
        close(j->fd);
    free(j->host);
    free(j->v);
    free(j);
}

static void
look_up(struct job *j)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;

    j->error = getaddrinfo(j->host, j->port, &hints, &list);
    if (j->error != 0)
        return;
    for (const struct addrinfo *a = list; a != NULL && j->n < j->max; a = a->ai_next) {
        struct address *out = &j->v[j->n];

        if (a->ai_addrlen > sizeof(out->local))
            continue;
        memcpy(&out->any, a->ai_addr, a->ai_addrlen);
        out->size = a->ai_addrlen;
        j->n++;
    }
    freeaddrinfo(list);
}

/* Once it is sent the job belongs to the loop; when that no longer listens, to nobody else. */
static void *
run(void *arg)
{
    struct job *j = arg;
    int fd = j->fd;

    look_up(j);
    j->fd = -1;
    if (send(fd, &j, MESSAGE_SIZE, MSG_NOSIGNAL) != MESSAGE_SIZE)
        job_free(j);
    close(fd);
    return NULL;
}

static void
on_answer(struct loop_source *s, uint32_t events UNUSED)
{
    struct proxy_resolve *r = (struct proxy_resolve *)s;
    struct job *j;

    while (recv(s->fd, &j, MESSAGE_SIZE, 0) == MESSAGE_SIZE) {
        const char *why = j->error != 0 ? gai_strerror(j->error) : "no address of use";

        r->done(j->owner, j->v, j->n, why);
        job_free(j);
    }
}

int
proxy_resolve_init(struct proxy_resolve *r, struct loop *loop,
                   void (*done)(void *owner, const struct address *v, unsigned n, const char *why),
                   struct err *err)
{
    int pair[2];

    *r = (struct proxy_resolve){.source = {on_answer, -1}, .their_fd = -1, .loop = loop};
    r->done = done;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return err_sys(err, "socketpair");
    r->source.fd = pair[0];
    r->their_fd = pair[1];
    if (loop_add(loop, &r->source, EPOLLIN, err) == 0)
        return 0;
    proxy_resolve_done(r);
    return -1;
}

void
proxy_resolve_done(struct proxy_resolve *r)
{
    struct job *j;

    if (r->source.fd < 0)
        return;
    while (recv(r->source.fd, &j, MESSAGE_SIZE, 0) == MESSAGE_SIZE)
        job_free(j);
    close(r->source.fd);
    close(r->their_fd);
    r->source.fd = r->their_fd = -1;
}

/* Signals are the loop's: the thread takes none. */
static bool
start_thread(struct job *j)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    bool started = false;

    if (pthread_attr_init(&attr) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0)
        started = pthread_create(&thread, &attr, run, j) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return started;
}

bool
proxy_resolve_start(struct proxy_resolve *r, const char *host, uint16_t port, unsigned max,
                    void *owner)
{
    struct job *j = mem_alloc(sizeof(*j));

    j->host = mem_strdup(host);
    j->owner = owner;
    j->max = max;
    j->v = mem_alloc(max * sizeof(*j->v));
    j->fd = dup(r->their_fd);
    snprintf(j->port, sizeof(j->port), "%u", port);
    if (j->fd >= 0 && start_thread(j))
        return true;
    job_free(j);
    return false;
}
