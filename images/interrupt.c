/* SPDX-License-Identifier: Apache-2.0 */
#include "images/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "base/err.h"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t came;

static void
take_note(int number)
{
    came = number;
}

static void
handle_by(void (*handler)(int))
{
    struct sigaction how = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&how.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        struct sigaction before;

        if (sigaction(watched[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(watched[i], &how, NULL);
    }
}

void
interrupt_watch(void)
{
    /* No SA_RESTART: whoever waits shall wake up. */
    handle_by(take_note);
}

void
interrupt_unwatch(void)
{
    handle_by(SIG_DFL);
}

int
interrupt_check(struct err *err)
{
    return came == 0 ? 0 : err_set(err, ERR_IO, "interrupted");
}

void
interrupt_end(void)
{
    if (came != 0)
        raise(came); /* its handling is the default again, by SA_RESETHAND */
}

int
interrupt_run(int (*work)(const void *opts, int n_operands, char **operands, struct err *err),
              const void *opts, int n_operands, char **operands, struct err *err)
{
    int done;

    interrupt_watch();
    done = work(opts, n_operands, operands, err);
    interrupt_unwatch();
    if (done < 0)
        interrupt_end();
    return done;
}
