/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

/*
 * Allocation that never returns NULL: out of memory ends the program with one line, as there is
 * nothing sensible left to do (a berthd worker is started again by its master).  Sizes that come
 * from input are checked against a limit before they get here (base/buf.h, fs_read()).
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/attr.h"

/* Ends the program as above; for libraries that report out of memory themselves. */
NORETURN void mem_fail(size_t size);

void *mem_alloc(size_t size);                      /* zeroed */
void *mem_realloc(void *p, size_t n, size_t each); /* overflow of n * each ends the program */
char *mem_strdup(const char *s);
char *mem_strndup(const char *p, size_t n); /* n bytes and a NUL */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

static inline void
cleanup_freep(void *p)
{
    int saved = errno;

    free(*(void **)p);
    errno = saved;
}

#define cleanup_free __attribute__((cleanup(cleanup_freep)))

static inline void *
mem_take(void *pp)
{
    void *p = *(void **)pp;

    *(void **)pp = NULL;
    return p;
}

/* Hands a cleanup variable's pointer over to the caller. */
#define steal_ptr(pp) ((__typeof__(*(pp)))mem_take(pp))

/* Overwrites memory that held a secret; the compiler may not leave it out. */
void mem_wipe(void *p, size_t n);

#endif
