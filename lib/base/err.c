/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
} codes[] = {
    [ERR_NONE] = {"none", 0},
    [ERR_USAGE] = {"usage", 2},
    [ERR_INVALID] = {"invalid", 1},
    [ERR_NOT_FOUND] = {"not-found", 1},
    [ERR_EXISTS] = {"exists", 1},
    [ERR_DENIED] = {"denied", 1},
    [ERR_IO] = {"io", 1},
    [ERR_NET] = {"net", 1},
    [ERR_TIMEOUT] = {"timeout", 124},
    [ERR_PROTOCOL] = {"protocol", 1},
    [ERR_DIGEST] = {"digest", 1},
    [ERR_LIMIT] = {"limit", 1},
    [ERR_UNSUPPORTED] = {"unsupported", 1},
    [ERR_INTERNAL] = {"internal", 1},
};

static enum err_code
code_of_errno(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EFBIG:
    case ENAMETOOLONG:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    char text[ERR_MSG_MAX]; /* an argument may be err->msg itself */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    err->code = code;
    err->sys = 0;
    memcpy(err->msg, text, strlen(text) + 1);
    return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
    int sys = errno;
    size_t used;
    va_list ap;

    err->code = code_of_errno(sys);
    err->sys = sys;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    used = strlen(err->msg);
    snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", strerror(sys));
    return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
    char context[ERR_MSG_MAX];
    char joined[2 * ERR_MSG_MAX + 2];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    snprintf(joined, sizeof(joined), "%s: %s", context, err->msg);
    joined[sizeof(err->msg) - 1] = '\0';
    memcpy(err->msg, joined, strlen(joined) + 1);
    return -1;
}

int
err_exit_status(const struct err *err)
{
    return codes[err->code].exit_status;
}

const char *
err_code_name(enum err_code code)
{
    return codes[code].name;
}
