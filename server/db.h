/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_H
#define SERVER_DB_H

/* The fence around SQLite: only the files db*.c know it. */

#include <stdbool.h>

#include "base/attr.h"

struct err;
struct sqlite3;
struct sqlite3_stmt;

/* "PATH" of "sqlite:PATH" or "PATH"; ERR_UNSUPPORTED for another kind of database. */
int db_path(const char *database, const char **path, struct err *err) NODISCARD;

/* NULL on failure.  Read-only: the file must be there and is never written. */
struct sqlite3 *db_open(const char *path, bool read_only, struct err *err) NODISCARD;
void db_close(struct sqlite3 *db); /* NULL is fine */
void db_closep(struct sqlite3 **db);
#define cleanup_db __attribute__((cleanup(db_closep)))

/* One or more statements without results. */
int db_exec(struct sqlite3 *db, const char *sql, struct err *err) NODISCARD;

/* A statement that is kept and run many times; NULL on failure. */
struct sqlite3_stmt *db_prepare(struct sqlite3 *db, const char *sql, struct err *err) NODISCARD;
void db_finalize(struct sqlite3_stmt *s); /* NULL is fine */

/* ERR_IO with what SQLite says. */
int db_err(struct sqlite3 *db, const char *what, struct err *err);

/* "SQLite 3.40.1" */
const char *db_version(void);

#endif
