/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_LOG_WRITER_H
#define SERVER_LOG_WRITER_H

/*
 * Lines on their way from a worker's loop to a file, a pipe or a terminal, which may be slow: a
 * thread does the writing.  Lines are collected in blocks of PIPE_BUF bytes, each of which is one
 * write(), so that lines of several processes on one pipe never mix inside a line.  The loop never
 * waits: when all blocks are full, a line is dropped.
 *
 * Blocks are handed over in batches, because waking a thread costs more than writing a line: call
 * log_writer_flush() now and then (and before waiting for long) so that none lies around.
 *
 * Everything but the thread's own work is called by one thread.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct err;
struct log_writer;

/* A line, and the room in which it is made: a little may be touched behind it. */
enum { LOG_WRITER_LINE_MAX = PIPE_BUF, LOG_WRITER_ROOM = LOG_WRITER_LINE_MAX + 16 };

/* Takes the descriptor over; bytes is what may wait at most.  The calling thread's blocked signals
 * are of no matter. */
struct log_writer *log_writer_open(int fd, size_t bytes, struct err *err) NODISCARD;

/* Where the next line can be made, LOG_WRITER_ROOM bytes, or NULL: it has to be dropped.  Then n of
 * them, with the newline, are one. */
char *log_writer_room(struct log_writer *w);
void log_writer_added(struct log_writer *w, size_t n);

/* Hands over what there is. */
void log_writer_flush(struct log_writer *w);

/* Whether lines are still to be handed over or written. */
bool log_writer_pending(const struct log_writer *w);

/* What follows goes to another descriptor, which is taken over. */
void log_writer_reopen(struct log_writer *w, int fd);

/* Lines that could not be written since this was asked last, and the errno of the last of them. */
uint64_t log_writer_lost(struct log_writer *w, int *sys);

/* Hands over the rest and waits until it is written, at most so long.  Returns the lines that were
 * not; then the thread is left behind, for a process that ends. */
uint64_t log_writer_close(struct log_writer *w, unsigned ms);

#endif
