/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
mem_fail(size_t size)
{
    fprintf(stderr, "out of memory (%zu bytes)\n", size);
    abort();
}

void *
mem_alloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);

    if (p == NULL)
        mem_fail(size);
    return p;
}

void *
mem_realloc(void *p, size_t n, size_t each)
{
    size_t size;
    void *q;

    if (__builtin_mul_overflow(n, each, &size))
        mem_fail(n);
    q = realloc(p, size > 0 ? size : 1);
    if (q == NULL)
        mem_fail(size);
    return q;
}

char *
mem_strndup(const char *p, size_t n)
{
    char *q = mem_alloc(n + 1);

    if (n > 0)
        memcpy(q, p, n);
    return q;
}

char *
mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *
mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        mem_fail(0);
    text = mem_alloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}

void
mem_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    __asm__ __volatile__("" : : "r"(p) : "memory");
}
