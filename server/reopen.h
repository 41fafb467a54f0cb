/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REOPEN_H
#define SERVER_REOPEN_H

/* Files that are to be opened anew after USR1, because something has renamed them. */

struct reopen {
    void (*run)(struct reopen *self);
    struct reopen *next;
};

/* The struct stays until the process ends; a worker inherits what the master has added. */
void reopen_add(struct reopen *r);

/* In the master and in every worker, when the signal has come: in the order of adding. */
void reopen_run(void);

#endif
