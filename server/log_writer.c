/* SPDX-License-Identifier: Apache-2.0 */
#include "server/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum {
    BLOCK = PIPE_BUF,
    BLOCKS_MIN = 4,
    BATCH_MAX = 15,         /* blocks before the thread is woken: what a pipe holds, but one */
    STACK_BYTES = 64 * 1024 /* musl's default is twice that, glibc's 8 MiB */
};

struct block {
    uint32_t n, lines;
};

struct log_writer {
    struct block *blocks;
    char *texts; /* of BLOCK bytes each, and room for a line behind them */
    size_t n, batch;
    size_t told;  /* blocks up to here the thread was woken for */
    uint64_t put; /* lines, ever */
    sem_t work, end;
    pthread_t thread;
    int fd;              /* the thread's, like the next two */
    int gather[2];       /* a pipe of its own, or -1 */
    bool gathers;        /* into fd */
    _Atomic size_t head; /* blocks handed over, ever; this one is being filled */
    _Atomic size_t tail; /* blocks written, ever */
    _Atomic int next_fd; /* -1, or the one to go on with */
    _Atomic bool stop;
    _Atomic uint64_t done; /* lines that were written or lost, ever */
    _Atomic uint64_t lost;
    _Atomic int lost_sys;
};

static char *
text_of(const struct log_writer *w, size_t i)
{
    return w->texts + i % w->n * BLOCK;
}

/* ---- the thread ---- */

static bool
wait_for_room(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    /* Somebody else may have made the pipe non-blocking. */
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static void
write_block(struct log_writer *w, const struct block *b, const char *text)
{
    size_t done = 0;

    while (done < b->n) {
        ssize_t n = write(w->fd, text + done, b->n - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR && !(errno == EAGAIN && wait_for_room(w->fd))) {
            w->lost_sys = errno;
            w->lost += b->lines;
            return;
        }
    }
}

static bool
is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static void
change_file(struct log_writer *w)
{
    int fd = atomic_exchange(&w->next_fd, -1);

    if (fd < 0)
        return;
    close(w->fd);
    w->fd = fd;
    w->gathers = w->gather[0] >= 0 && is_pipe(fd);
}

/* What splice() left behind when it failed. */
static void
empty_gather(const struct log_writer *w)
{
    char waste[256];

    while (read(w->gather[0], waste, sizeof(waste)) > 0)
        ;
}

/* False: nothing was moved, and never will be. */
static bool
move_gathered(struct log_writer *w, size_t n, uint64_t lines)
{
    size_t left = n;

    while (left > 0) {
        ssize_t moved = splice(w->gather[0], NULL, w->fd, NULL, left, 0);

        if (moved > 0) {
            left -= (size_t)moved;
        } else if (errno != EINTR && !(errno == EAGAIN && wait_for_room(w->fd))) {
            empty_gather(w);
            if (left == n && errno != EPIPE)
                return false;
            w->lost_sys = errno;
            w->lost += lines;
            return true;
        }
    }
    return true;
}

/*
 * Several blocks at once into a pipe.  A write() for each would wake the reader for each, which
 * takes longer than the writing; a single one for all could be torn apart by other writers in the
 * middle of a line.  So each block goes into a buffer of a pipe of our own, and splice() moves
 * buffers from pipe to pipe as they are.  Returns how many blocks it was, perhaps none.
 */
static size_t
write_gathered(struct log_writer *w, size_t from, size_t to)
{
    size_t n = 0;
    uint64_t lines = 0;
    size_t i = from;

    for (; i != to && i - from < BATCH_MAX; i++) {
        const struct block *b = &w->blocks[i % w->n];

        /* Less than PIPE_BUF bytes: all or nothing. */
        if (write(w->gather[1], text_of(w, i), b->n) != (ssize_t)b->n)
            break;
        n += b->n;
        lines += b->lines;
    }
    if (!move_gathered(w, n, lines)) {
        w->gathers = false;
        return 0;
    }
    return i - from;
}

static void
write_some(struct log_writer *w, size_t from, size_t to)
{
    size_t n = w->gathers && to - from > 1 ? write_gathered(w, from, to) : 0;

    if (n == 0) {
        write_block(w, &w->blocks[from % w->n], text_of(w, from));
        n = 1;
    }
    for (size_t i = from; i != from + n; i++) {
        struct block *b = &w->blocks[i % w->n];

        w->done += b->lines;
        b->n = b->lines = 0; /* the loop's again, to be filled */
        atomic_store_explicit(&w->tail, i + 1, memory_order_release);
    }
}

static void *
run(void *arg)
{
    struct log_writer *w = arg;

    for (;;) {
        bool stop = w->stop; /* before head is read: what was handed over before it is seen */
        size_t head = atomic_load_explicit(&w->head, memory_order_acquire);

        change_file(w);
        while (w->tail != head) {
            write_some(w, w->tail, head);
            change_file(w);
        }
        if (stop)
            break;
        while (sem_wait(&w->work) < 0 && errno == EINTR)
            ;
    }
    sem_post(&w->end);
    return NULL;
}

/* ---- the loop ---- */

static int
start_thread(struct log_writer *w)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int result;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&w->thread, &attr, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return result;
}

static void
release(struct log_writer *w)
{
    sem_destroy(&w->work);
    sem_destroy(&w->end);
    if (w->next_fd >= 0)
        close(w->next_fd);
    close(w->fd);
    for (int i = 0; i < 2; i++) {
        if (w->gather[i] >= 0)
            close(w->gather[i]);
    }
    free(w->blocks);
    free(w->texts);
    free(w);
}

struct log_writer *
log_writer_open(int fd, size_t bytes, struct err *err)
{
    struct log_writer *w = mem_alloc(sizeof(*w));

    w->fd = fd;
    w->next_fd = -1;
    /* Without it everything works as well. */
    if (pipe2(w->gather, O_CLOEXEC | O_NONBLOCK) < 0)
        w->gather[0] = w->gather[1] = -1;
    w->gathers = w->gather[0] >= 0 && is_pipe(fd);
    w->n = bytes / BLOCK < BLOCKS_MIN ? BLOCKS_MIN : bytes / BLOCK;
    w->batch = w->n / 4 < BATCH_MAX ? w->n / 4 : BATCH_MAX;
    w->blocks = mem_alloc(w->n * sizeof(*w->blocks));
    /* The kernel gives its pages as they are used for the first time. */
    w->texts = mem_alloc(w->n * BLOCK + LOG_WRITER_ROOM);
    sem_init(&w->work, 0, 0);
    sem_init(&w->end, 0, 0);
    errno = start_thread(w);
    if (errno != 0) {
        err_sys(err, "the thread that writes the log");
        release(w);
        return NULL;
    }
    return w;
}

static void
wake(struct log_writer *w)
{
    w->told = atomic_load_explicit(&w->head, memory_order_relaxed);
    sem_post(&w->work);
}

static void
hand_over(struct log_writer *w)
{
    size_t head = atomic_load_explicit(&w->head, memory_order_relaxed) + 1;

    atomic_store_explicit(&w->head, head, memory_order_release);
    if (head - w->told >= w->batch)
        wake(w);
}

/* A line begins in the block that is being filled and may reach into the one behind it, which must
 * be free therefore; behind the last one there is room as well. */
char *
log_writer_room(struct log_writer *w)
{
    size_t head = atomic_load_explicit(&w->head, memory_order_relaxed);

    if (head + 1 - atomic_load_explicit(&w->tail, memory_order_acquire) >= w->n)
        return NULL;
    return text_of(w, head) + w->blocks[head % w->n].n;
}

void
log_writer_added(struct log_writer *w, size_t n)
{
    size_t head = atomic_load_explicit(&w->head, memory_order_relaxed);
    struct block *b = &w->blocks[head % w->n];

    if (b->n + n > BLOCK) {
        const char *line = text_of(w, head) + b->n;

        hand_over(w);
        b = &w->blocks[(head + 1) % w->n];
        memmove(text_of(w, head + 1), line, n);
    }
    b->n += (uint32_t)n;
    b->lines++;
    w->put++;
}

bool
log_writer_pending(const struct log_writer *w)
{
    return w->put != w->done;
}

void
log_writer_flush(struct log_writer *w)
{
    /* Where all blocks wait already, the one that would be next is the first of them. */
    if (w->head - w->tail < w->n && w->blocks[w->head % w->n].n > 0)
        hand_over(w);
    if (w->told != w->head)
        wake(w);
}

void
log_writer_reopen(struct log_writer *w, int fd)
{
    int before = atomic_exchange(&w->next_fd, fd);

    if (before >= 0)
        close(before);
    sem_post(&w->work);
}

uint64_t
log_writer_lost(struct log_writer *w, int *sys)
{
    uint64_t lost = atomic_exchange(&w->lost, 0);

    *sys = w->lost_sys;
    return lost;
}

static bool
has_ended(struct log_writer *w, unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (sem_timedwait(&w->end, &until) < 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

uint64_t
log_writer_close(struct log_writer *w, unsigned ms)
{
    bool ended;
    uint64_t left;

    log_writer_flush(w);
    w->stop = true;
    sem_post(&w->work);
    ended = has_ended(w, ms);
    left = w->put - w->done + w->lost;
    if (ended) {
        pthread_join(w->thread, NULL);
        release(w);
    }
    return left;
}
