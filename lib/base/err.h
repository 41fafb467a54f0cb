/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * The one error object of Berth.  It lives on the caller's stack and owns nothing, so it works when
 * memory is out and there is nothing to free.  A function that can fail takes `struct err *err`
 * last (never NULL), leaves it untouched on success, and on failure sets it where the cause is
 * known. Callers add context from the inside out with err_wrap(), so that the text reads "what
 * failed: where: why".
 */

#include <stdarg.h>

#include "base/attr.h"

/* What a caller can do about it; exit statuses of the programs come from err_exit_status(). */
enum err_code {
    ERR_NONE = 0,
    ERR_USAGE,       /* the command line is wrong */
    ERR_INVALID,     /* input that breaks its format or a rule */
    ERR_NOT_FOUND,   /* a named thing is not there */
    ERR_EXISTS,      /* it is there already and may not be replaced */
    ERR_DENIED,      /* permissions or credentials */
    ERR_IO,          /* the operating system refused */
    ERR_NET,         /* the peer cannot be reached or the connection broke */
    ERR_TIMEOUT,     /* a limit in time passed */
    ERR_PROTOCOL,    /* the peer answered what its protocol forbids, or an error of its own */
    ERR_DIGEST,      /* content does not match its digest */
    ERR_LIMIT,       /* larger than a limit that protects us */
    ERR_UNSUPPORTED, /* understood, but not offered here */
    ERR_INTERNAL     /* a defect of ours */
};

enum { ERR_MSG_MAX = 1024 };

struct err {
    enum err_code code;
    int sys; /* errno where the operating system was the cause, else 0 */
    char msg[ERR_MSG_MAX];
};

#define ERR_INIT        \
    {                   \
        ERR_NONE, 0, "" \
    }

/* Sets code and text.  Always returns -1, so that failing is one line. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set() with ": strerror(errno)" appended; the code follows from errno (ENOENT is
 * ERR_NOT_FOUND, EACCES is ERR_DENIED, ... else ERR_IO).  Returns -1. */
int err_sys(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Prepends "text: " and keeps the code.  Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The exit status that a program ends with: 2 for ERR_USAGE, 124 for ERR_TIMEOUT, else 1. */
int err_exit_status(const struct err *err);

/* A short lower-case name of a code, such as "not-found", for logs in JSON. */
const char *err_code_name(enum err_code code);

#endif
