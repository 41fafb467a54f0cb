/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_SQL_H
#define SERVER_OPTIONS_SQL_H

/* The part of the options that has to do with databases: whom to ask, what, and on which threads.
 */

#include "base/attr.h"

struct err;
struct options;
struct routefile;
struct settings;

int options_sql(const struct options *o, struct settings *s, struct err *err) NODISCARD;
void options_sql_done(struct settings *s);

/* The routes of the settings' file as it is now, to be freed as below; NULL when something is wrong
 * with it, all of which but the last is logged. */
struct routefile *options_sql_read(const struct settings *s, struct err *err) NODISCARD;
void options_sql_routes_free(struct routefile *f); /* NULL is fine */

/* "event", "threads" or "sync". */
const char *options_sql_class(const struct options *o);

#endif
