/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GUNICORN_H
#define SERVER_GUNICORN_H

/*
 * gunicorn's habits: GUNICORN_CMD_ARGS, and what is said about the flags of its that have no
 * meaning here.  Those that have one are in options.c, spelled as there.
 */

struct cli_habits;

extern const struct cli_habits gunicorn_habits;

/* The reason and the remedy for one of gunicorn's flags ("--certfile", "-D") or for what looks like
 * an application ("app.wsgi:application"); NULL for every other word. */
const char *gunicorn_refusal(const char *word);

#endif
