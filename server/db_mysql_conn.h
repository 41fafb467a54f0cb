/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_MYSQL_CONN_H
#define SERVER_DB_MYSQL_CONN_H

/*
 * A connection to MariaDB or MySQL: opening it, losing it, interrupting it from another thread.
 *
 * interrupt() only shuts the socket down, so that whoever calls it is never made to wait; the
 * thread whose statement ends by that tells the server afterwards, over a second connection, to
 * stop it too.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <mariadb/mysql.h>

#include "base/attr.h"
#include "server/db.h"

struct db {
    struct db_target target; /* a copy */
    MYSQL *mysql;            /* NULL while there is no connection */
    unsigned generation; /* how many there were: statements of an older one are prepared again */
    int64_t began_ms;    /* when the run at hand began */

    pthread_mutex_t lock; /* of what interrupt() looks at */
    int fd;               /* -1 while there is no connection */
    bool running, interrupted;
};

/* Not connected yet. */
struct db *db_mysql_conn_new(const struct db_target *target);
void db_mysql_conn_free(struct db *db); /* NULL is fine */

/* Does nothing when there is a connection. */
int db_mysql_conn_open(struct db *db, struct err *err) NODISCARD;
void db_mysql_conn_drop(struct db *db);

/* The server has closed it, or says something unasked, which is how it announces that. */
bool db_mysql_conn_is_stale(const struct db *db);

/* Around each run.  end() drops a connection that was interrupted, though it may have been too
 * late. */
void db_mysql_conn_begin(struct db *db);
void db_mysql_conn_end(struct db *db);
void db_mysql_conn_interrupt(struct db *db);

/* The run at hand ended because of interrupt() or of the target's time-out: sets ERR_TIMEOUT, drops
 * the connection and has the server stop as well.  False when neither was the case. */
bool db_mysql_conn_is_late(struct db *db, struct err *err);

#endif
