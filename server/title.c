/* SPDX-License-Identifier: Apache-2.0 */
#include "server/title.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"

/* A process has one command line. */
static struct {
    char *start;
    size_t room;
    char **argv, **environment; /* the copies, which live as long as the process */
} shown;

/* The strings lie one behind the other; a hole would be memory of somebody else. */
static bool
extend(const char *text)
{
    if (text != shown.start + shown.room)
        return false;
    shown.room += strlen(text) + 1;
    return true;
}

/* In one piece of memory: unsetenv() and setenv() drop pointers into it, and nothing is lost. */
static char **
copy(char **from)
{
    size_t n = 0;
    size_t bytes = 0;
    char **to;
    char *text;

    for (; from[n] != NULL; n++)
        bytes += strlen(from[n]) + 1;
    to = mem_alloc((n + 1) * sizeof(*to) + bytes);
    text = (char *)(to + n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(from[i]) + 1;

        to[i] = memcpy(text, from[i], size);
        text += size;
    }
    return to;
}

char **
title_init(int argc, char **argv)
{
    bool whole = true;
    char *slash;

    if (argc < 1)
        return argv;
    shown.start = argv[0];
    for (int i = 0; i < argc && whole; i++)
        whole = extend(argv[i]);
    for (char **e = environ; *e != NULL && whole; e++)
        whole = extend(*e);
    argv = shown.argv = copy(argv);
    environ = shown.environment = copy(environ);
    /* The C library's own, for messages of assert() and the like. */
    program_invocation_name = argv[0];
    slash = strrchr(argv[0], '/');
    program_invocation_short_name = slash != NULL ? slash + 1 : argv[0];
    return argv;
}

void
title_set(const char *comm, const char *fmt, ...)
{
    va_list ap;

    (void)prctl(PR_SET_NAME, comm);
    if (shown.room == 0)
        return;
    /* NULs to the end: the kernel shows what lies between its two marks, whatever it is. */
    memset(shown.start, 0, shown.room);
    va_start(ap, fmt);
    vsnprintf(shown.start, shown.room, fmt, ap);
    va_end(ap);
}
