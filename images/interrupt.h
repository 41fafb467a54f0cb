/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_INTERRUPT_H
#define IMAGES_INTERRUPT_H

/*
 * Ctrl-C and its like as an ordinary failure, so that every way out cleans up behind itself.
 * SIGINT, SIGTERM and SIGHUP only leave a note, which those who stream bytes look for; a second one
 * ends the program at once.
 */

#include "base/attr.h"

struct err;

/* Begins to take notes.  A signal that is ignored (nohup) stays ignored. */
void interrupt_watch(void);

/* 0, or -1 when a signal came since interrupt_watch(). */
int interrupt_check(struct err *err) NODISCARD;

/* Ends taking notes: from here on a signal ends the program at once. */
void interrupt_unwatch(void);

/* A command's work with notes taken: the way a command that leaves something behind is run.  What
 * it did is cleaned up when this returns or the signal ends the program. */
int interrupt_run(int (*work)(const void *opts, int n_operands, char **operands, struct err *err),
                  const void *opts, int n_operands, char **operands, struct err *err) NODISCARD;

/* When everything is cleaned up: ends the program by the signal that came, so that a shell knows;
 * returns when none did. */
void interrupt_end(void);

#endif
