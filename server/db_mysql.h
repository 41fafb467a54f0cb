/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_MYSQL_H
#define SERVER_DB_MYSQL_H

/*
 * The driver for MariaDB and MySQL.  Only the files db_mysql*.c know the connector, and nothing of
 * it (nor of OpenSSL) is initialised before the first open().
 *
 * What holds here beyond server/db.h: the session's time zone is UTC and its character set utf8mb4;
 * *changed counts the rows that matched; a connection that was lost is opened again by the next
 * run, and a run that only reads is repeated once by itself when it had given no row yet.
 */

struct db;
struct db_driver;

extern const struct db_driver db_mysql;

/* Whether this connection is encrypted at present; for tests and logs. */
const char *db_mysql_cipher(const struct db *db); /* NULL: it is not; borrowed */

#endif
