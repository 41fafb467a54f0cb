/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_sigpipe.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static sigset_t
only_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

static bool
is_pending(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigpending(&set);
    return sigismember(&set, SIGPIPE) == 1;
}

void
http_sigpipe_hold(struct http_sigpipe *s)
{
    sigset_t set = only_sigpipe();

    s->pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

void
http_sigpipe_release(const struct http_sigpipe *s)
{
    static const struct timespec now = {0, 0};
    sigset_t set = only_sigpipe();
    int saved = errno;

    while (!s->pending && is_pending() && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    errno = saved;
}
