/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_GUNICORN_H
#define SERVER_GUNICORN_H

/*
 * gunicorn's habits: GUNICORN_CMD_ARGS, and what is said about the flags of its that have no
 * meaning here.  Those that have one are in options.c, spelled as there.
 */

struct cli_habits;
struct cli_opt;
struct err;

extern const struct cli_habits gunicorn_habits;

/* The reason and the remedy for one of gunicorn's flags ("--certfile", "-D") or for what looks like
 * an application ("app.wsgi:application"); NULL for every other word. */
const char *gunicorn_refusal(const char *word);

/* Its names of worker classes become ours: gthread is threads, gevent and eventlet are event, which
 * options (a struct options) gets a note about.  Those of Python's own loops are refused: NULL. */
const char *gunicorn_value(const struct cli_opt *opt, const char *text, void *options,
                           struct err *err);

#endif
