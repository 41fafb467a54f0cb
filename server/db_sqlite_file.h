/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_SQLITE_FILE_H
#define SERVER_DB_SQLITE_FILE_H

/* Opening SQLite files, for the driver and for the sample posts. */

#include "base/attr.h"

struct err;
struct sqlite3;
struct sqlite3_stmt;

/* NULL on failure.  mode: "ro", the file must be there and is never written; "rw", it must be
 * there; "rwc", it is made when it is not. */
struct sqlite3 *db_sqlite_file_open(const char *path, const char *mode, struct err *err) NODISCARD;
void db_sqlite_file_close(struct sqlite3 *db); /* NULL is fine */
void db_sqlite_file_closep(struct sqlite3 **db);
#define cleanup_db_sqlite_file __attribute__((cleanup(db_sqlite_file_closep)))

/* One or more statements without results. */
int db_sqlite_file_exec(struct sqlite3 *db, const char *sql, struct err *err) NODISCARD;

/* A statement that is kept and run many times; NULL on failure. */
struct sqlite3_stmt *db_sqlite_file_prepare(struct sqlite3 *db, const char *sql,
                                            struct err *err) NODISCARD;
void db_sqlite_file_finalize(struct sqlite3_stmt *s); /* NULL is fine */

/* ERR_IO with what SQLite says. */
int db_sqlite_file_err(struct sqlite3 *db, const char *what, struct err *err);

/* "SQLite 3.40.1" */
const char *db_sqlite_file_version(void);

#endif
