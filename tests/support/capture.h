/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_CAPTURE_H
#define SUPPORT_CAPTURE_H

/* What a piece of code writes to standard output or standard error, caught in a memory file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

struct capture {
    int fd;     /* that is caught */
    int saved;  /* where it led before */
    int memory; /* where it leads now */
};

static inline void
capture_start(struct capture *c, int fd)
{
    fflush(NULL);
    c->fd = fd;
    c->saved = dup(fd);
    c->memory = memfd_create("capture", MFD_CLOEXEC);
    assert_true(c->saved >= 0 && c->memory >= 0);
    assert_true(dup2(c->memory, fd) >= 0);
}

/* Appends what was caught. */
static inline void
capture_stop(struct capture *c, struct buf *out)
{
    struct err err = ERR_INIT;

    fflush(NULL);
    assert_true(dup2(c->saved, c->fd) >= 0);
    assert_true(lseek(c->memory, 0, SEEK_SET) == 0);
    assert_int_equal(fs_read_fd(c->memory, "capture", out, &err), 0);
    close(c->saved);
    close(c->memory);
}

#endif
