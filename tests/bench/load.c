/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A client that counts every request, over keep-alive connections and from one thread.
 *
 *   load [options] PORT PATH       127.0.0.1:PORT
 *     -c N   connections (64)      -d SECONDS  (5)
 *     -r N   requests per second, sent at times that do not depend on the answers; 0 (the default):
 *            each connection asks again as soon as it has its answer
 *     -p     the times are a Poisson process instead of even steps
 *     -t S   an answer that takes longer is lost (30)
 *     -R     a request whose connection broke before the first byte of an answer is sent once more
 *            on a new connection, as RFC 9110, 9.2.2 allows for GET; one line tells when
 *
 * With -r a latency begins when the request was to be sent, not when a connection was free for it:
 * a server that stalls is charged with all that would have been asked meanwhile.  The last line is
 * a JSON object; latencies are in milliseconds.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    HEAD_MAX = 16 * 1024,
    SUB_BITS = 7, /* a bucket is at most 1/128 of its value wide */
    BUCKETS = 40 << SUB_BITS,
    AGAIN_MS = 10, /* after a connection was refused */
    SWEEP_MS = 100 /* between looks at who takes too long */
};

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

enum state { CLOSED, CONNECTING, IDLE, BUSY };

struct conn {
    int fd;
    enum state state;
    bool has_request; /* also while it connects */
    bool again;       /* the request was sent before, on a connection that broke */
    bool head_done, close_after;
    int status;
    int64_t since_ns;      /* when the request was to be sent */
    int64_t connect_at_ns; /* CLOSED: not before */
    uint64_t body_left;
    size_t n;
    struct conn *next; /* among the idle */
    char head[HEAD_MAX];
};

static struct {
    unsigned connections;
    double seconds, rate, timeout_s;
    bool poisson, retry;
    struct sockaddr_in address;
    char request[4096];
    size_t request_n;
} opt = {.connections = 64, .seconds = 5, .timeout_s = 30};

static struct {
    uint64_t sent, answered, bad_status, lost, retried, refused, timeouts, closed_idle, connects;
    uint64_t bucket[BUCKETS], latencies;
    int64_t max_ns;
} count;

static struct conn *conns;
static struct conn *idle_first, **idle_last = &idle_first;
static int64_t *due; /* with -r: all times a request is to be sent */
static size_t n_due, next_due;
static unsigned in_flight;
static int epoll_fd, timer_fd;
static int64_t begin_ns, end_ns;

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- latencies: buckets whose width grows with their value ---- */

static unsigned
bucket_of(uint64_t us)
{
    unsigned shift = 0;

    while (us >> shift >= 2U << SUB_BITS)
        shift++;
    return (shift << SUB_BITS) + (unsigned)(us >> shift);
}

static double
bucket_ms(unsigned bucket)
{
    unsigned shift = bucket >> SUB_BITS > 1 ? (bucket >> SUB_BITS) - 1 : 0;
    uint64_t us = (uint64_t)(bucket - (shift << SUB_BITS)) << shift;

    return ((double)us + (double)((UINT64_C(1) << shift) - 1) / 2) / 1000;
}

static void
take_latency(int64_t ns)
{
    unsigned bucket = bucket_of((uint64_t)(ns > 0 ? ns : 0) / 1000);

    count.bucket[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    count.latencies++;
    if (ns > count.max_ns)
        count.max_ns = ns;
}

static double
quantile_ms(double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)count.latencies);
    uint64_t seen = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += count.bucket[i];
        if (seen >= rank && seen > 0)
            return bucket_ms(i);
    }
    return 0;
}

/* ---- connections ---- */

static void
close_conn(struct conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = CLOSED;
    c->connect_at_ns = 0;
}

static void
go_idle(struct conn *c)
{
    c->state = IDLE;
    c->next = NULL;
    *idle_last = c;
    idle_last = &c->next;
}

/* The one that has waited longest, so that all are used in turn. */
static struct conn *
take_idle(void)
{
    while (idle_first != NULL) {
        struct conn *c = idle_first;

        idle_first = c->next;
        if (idle_first == NULL)
            idle_last = &idle_first;
        if (c->state == IDLE)
            return c;
    }
    return NULL;
}

static void
leave_idle(struct conn *c)
{
    struct conn **at = &idle_first;

    while (*at != NULL && *at != c)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = c->next;
    if (idle_last == &c->next)
        idle_last = at;
}

static void
open_conn(struct conn *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    count.connects++;
    c->state = CONNECTING;
    c->n = 0;
    c->head_done = c->close_after = false;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("epoll_ctl");
    if (connect(c->fd, (struct sockaddr *)&opt.address, sizeof(opt.address)) < 0 &&
        errno != EINPROGRESS) {
        count.refused++;
        close_conn(c);
        c->connect_at_ns = now_ns() + AGAIN_MS * NS_PER_MS;
    }
}

/* A request ends here, answered or not; in the end a lost one has taken at least this long. */
static void
finish_request(struct conn *c)
{
    take_latency(now_ns() - c->since_ns);
    c->has_request = c->again = false;
    in_flight--;
}

static void
lose_request(struct conn *c, const char *why)
{
    count.lost++;
    if (opt.retry)
        printf("lost %lld %s after %zu bytes\n", (long long)(now_ns() / NS_PER_MS), why, c->n);
    finish_request(c);
}

/* The connection is gone, whatever was under way on it. */
static void
on_broken(struct conn *c, bool connecting)
{
    if (c->state == IDLE) {
        count.closed_idle++;
        leave_idle(c);
    }
    if (c->state == BUSY) {
        if (c->n == 0 && !c->head_done && opt.retry && !c->again) {
            count.retried++;
            c->again = true;
            printf("retried %lld\n", (long long)(now_ns() / NS_PER_MS));
        } else {
            lose_request(c, c->again ? "again" : "broken");
        }
    }
    close_conn(c);
    if (connecting) {
        count.refused++;
        c->connect_at_ns = now_ns() + AGAIN_MS * NS_PER_MS;
    }
}

static void
send_request(struct conn *c)
{
    ssize_t n = send(c->fd, opt.request, opt.request_n, MSG_NOSIGNAL);

    c->state = BUSY;
    c->n = 0;
    c->head_done = false;
    count.sent++;
    /* A request of one packet always fits into a socket without anything under way. */
    if (n != (ssize_t)opt.request_n)
        on_broken(c, false);
}

static void
begin_request(struct conn *c, int64_t since_ns)
{
    c->has_request = true;
    c->again = false;
    c->since_ns = since_ns;
    in_flight++;
    if (c->state == IDLE)
        send_request(c);
}

/* ---- responses ---- */

static bool
parse_head(struct conn *c, const char *end)
{
    const char *length;

    c->head[c->n] = '\0';
    if (strncmp(c->head, "HTTP/1.1 ", 9) != 0)
        return false;
    c->status = (int)strtol(c->head + 9, NULL, 10);
    length = strcasestr(c->head, "\r\nContent-Length:");
    if (length == NULL || length > end)
        return false;
    c->body_left = strtoull(length + strlen("\r\nContent-Length:"), NULL, 10);
    length = strcasestr(c->head, "\r\nConnection: close");
    c->close_after = length != NULL && length < end;
    c->head_done = true;
    return true;
}

/* False: no answer that this client understands. */
static bool
take_bytes(struct conn *c, const char *p, size_t n)
{
    const char *end;
    size_t rest;

    if (c->head_done) {
        c->body_left = n < c->body_left ? c->body_left - n : 0;
        return true;
    }
    if (c->n + n >= HEAD_MAX) {
        n = HEAD_MAX - 1 - c->n;
    }
    memcpy(c->head + c->n, p, n);
    c->n += n;
    end = memmem(c->head, c->n, "\r\n\r\n", 4);
    if (end == NULL)
        return c->n < HEAD_MAX - 1;
    if (!parse_head(c, end))
        return false;
    rest = c->n - (size_t)(end + 4 - c->head);
    c->body_left = rest < c->body_left ? c->body_left - rest : 0;
    return true;
}

static void
on_answer(struct conn *c)
{
    count.answered++;
    if (c->status != 200)
        count.bad_status++;
    finish_request(c);
    if (c->close_after)
        close_conn(c);
    else
        go_idle(c);
}

static void
on_readable(struct conn *c)
{
    static char room[HEAD_MAX / 2]; /* a head's worth: its body is counted, not kept */

    while (c->state == IDLE || c->state == BUSY) {
        ssize_t n = recv(c->fd, room, sizeof(room), 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0 || c->state == IDLE) {
            on_broken(c, false);
            return;
        }
        if (!take_bytes(c, room, (size_t)n)) {
            lose_request(c, "garbled");
            close_conn(c);
            return;
        }
        if (c->head_done && c->body_left == 0)
            on_answer(c);
    }
}

static void
on_event(struct conn *c, uint32_t events)
{
    if (c->state == CLOSED)
        return;
    if (c->state == CONNECTING) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            on_broken(c, true);
            return;
        }
        if ((events & EPOLLOUT) == 0)
            return;
        if (c->has_request)
            send_request(c);
        else
            go_idle(c);
    }
    on_readable(c);
}

/* ---- the run ---- */

static void
make_schedule(void)
{
    double at = 0;

    n_due = (size_t)(opt.rate * opt.seconds);
    due = malloc((n_due + 1) * sizeof(*due));
    if (due == NULL)
        die("malloc");
    srand48(1); /* the same times for every server */
    for (size_t i = 0; i < n_due; i++) {
        due[i] = begin_ns + (int64_t)(at * (double)NS_PER_S);
        at += opt.poisson ? -log(1 - drand48()) / opt.rate : 1 / opt.rate;
    }
}

static void
give_work(int64_t now)
{
    struct conn *c;

    if (opt.rate == 0) {
        while (now < end_ns && (c = take_idle()) != NULL)
            begin_request(c, now);
        return;
    }
    while (next_due < n_due && due[next_due] <= now && (c = take_idle()) != NULL)
        begin_request(c, due[next_due++]);
}

static void
sweep(int64_t now, bool timeouts)
{
    for (unsigned i = 0; i < opt.connections; i++) {
        struct conn *c = &conns[i];

        if (timeouts && c->has_request &&
            now - c->since_ns > (int64_t)(opt.timeout_s * (double)NS_PER_S)) {
            count.timeouts++;
            lose_request(c, "timeout");
            close_conn(c);
        }
        if (c->state == CLOSED && c->connect_at_ns <= now &&
            (now < end_ns || c->has_request || next_due < n_due))
            open_conn(c);
    }
}

/* What no connection was free for in all this time. */
static void
give_up(int64_t now)
{
    for (; next_due < n_due; next_due++) {
        take_latency(now - due[next_due]);
        count.lost++;
    }
}

static void
arm_timer(void)
{
    struct itimerspec t = {.it_value = {0, 0}};

    if (next_due < n_due)
        t.it_value = (struct timespec){due[next_due] / NS_PER_S, due[next_due] % NS_PER_S};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
run(void)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t swept = 0, armed = -1;

    for (;;) {
        int64_t now = now_ns();
        int n;

        give_work(now);
        sweep(now, now - swept > SWEEP_MS * NS_PER_MS);
        if (now - swept > SWEEP_MS * NS_PER_MS)
            swept = now;
        if (now > end_ns + (int64_t)(opt.timeout_s * (double)NS_PER_S))
            give_up(now);
        if (now >= end_ns && in_flight == 0 && next_due >= n_due)
            return;
        if (opt.rate > 0 && armed != (int64_t)next_due && idle_first != NULL) {
            armed = (int64_t)next_due;
            arm_timer();
        }
        n = epoll_wait(epoll_fd, events, EVENTS_MAX, AGAIN_MS);
        for (int i = 0; i < n; i++) {
            uint64_t ticks;

            if (events[i].data.ptr != NULL)
                on_event(events[i].data.ptr, events[i].events);
            else if (read(timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
                die("timerfd");
        }
    }
}

static void
prepare(void)
{
    struct rlimit files;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_TIMERSLACK, 1UL);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    conns = calloc(opt.connections, sizeof(*conns));
    if (epoll_fd < 0 || timer_fd < 0 || conns == NULL)
        die("load");
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) < 0)
        die("epoll_ctl");
    begin_ns = now_ns();
    end_ns = begin_ns + (int64_t)(opt.seconds * (double)NS_PER_S);
    if (opt.rate > 0)
        make_schedule();
    for (unsigned i = 0; i < opt.connections; i++) {
        conns[i].fd = -1;
        conns[i].state = CLOSED;
    }
}

static bool
parse_options(int argc, char **argv)
{
    int o, n;

    while ((o = getopt(argc, argv, "c:d:r:pt:R")) != -1) {
        if (o == 'c')
            opt.connections = (unsigned)strtoul(optarg, NULL, 10);
        else if (o == 'd')
            opt.seconds = strtod(optarg, NULL);
        else if (o == 'r')
            opt.rate = strtod(optarg, NULL);
        else if (o == 'p')
            opt.poisson = true;
        else if (o == 't')
            opt.timeout_s = strtod(optarg, NULL);
        else if (o == 'R')
            opt.retry = true;
        else
            return false;
    }
    if (argc - optind != 2 || opt.connections == 0)
        return false;
    opt.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    opt.address.sin_port = htons((unsigned short)strtoul(argv[optind], NULL, 10));
    n = snprintf(opt.request, sizeof(opt.request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n",
                 argv[optind + 1], argv[optind]);
    opt.request_n = (size_t)n;
    return n > 0 && opt.request_n < sizeof(opt.request);
}

int
main(int argc, char **argv)
{
    double took;

    if (!parse_options(argc, argv)) {
        fprintf(stderr,
                "usage: load [-c N] [-d SECONDS] [-r RATE] [-p] [-t SECONDS] [-R] PORT PATH\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    run();
    took = (double)(now_ns() - begin_ns) / (double)NS_PER_S;
    printf(
        "{\"seconds\": %.3f, \"rate\": %.1f, \"sent\": %llu, \"answered\": %llu, \"lost\": %llu, "
        "\"retried\": %llu, \"bad_status\": %llu, \"refused\": %llu, \"timeouts\": %llu, "
        "\"closed_idle\": %llu, \"connects\": %llu, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, "
        "\"p999\": %.3f, \"max\": %.3f}\n",
        took, (double)count.answered / took, (unsigned long long)count.sent,
        (unsigned long long)count.answered, (unsigned long long)count.lost,
        (unsigned long long)count.retried, (unsigned long long)count.bad_status,
        (unsigned long long)count.refused, (unsigned long long)count.timeouts,
        (unsigned long long)count.closed_idle, (unsigned long long)count.connects, quantile_ms(0.5),
        quantile_ms(0.9), quantile_ms(0.99), quantile_ms(0.999),
        (double)count.max_ns / (double)NS_PER_MS);
    return 0;
}
