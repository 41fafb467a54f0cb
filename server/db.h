/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_H
#define SERVER_DB_H

/*
 * One interface to the databases that routes ask: SQLite (db_sqlite.c) and MariaDB or MySQL
 * (db_mysql.c), the only files that know their libraries' headers.  A connection and its statements
 * belong to one thread at a time; only interrupt() may be called from another.
 *
 * Placeholders of a statement are `?`, in order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

enum db_tls {
    DB_TLS_PREFERRED, /* without it when the server has none */
    DB_TLS_DISABLED,
    DB_TLS_REQUIRED, /* whoever the server is */
    DB_TLS_VERIFY_CA,
    DB_TLS_VERIFY_IDENTITY
};

/* What --database names; made by db_target_parse(), owns its strings. */
struct db_target {
    const struct db_driver *driver; /* NULL: understood, but not built in */
    char *path;                     /* SQLite: the file */
    bool read_only;                 /* SQLite: opened so, unless ?mode=rw says otherwise */
    bool test_functions;            /* SQLite: berth_wait() and berth_spin() are there */
    char *host, *socket, *user, *password, *name; /* MySQL; NULL where not given */
    uint16_t port;                                /* MySQL */
    enum db_tls tls;
    char *tls_ca; /* file with the authorities to trust; NULL: the system's */
    unsigned connect_timeout_ms, query_timeout_ms;
};

/*
 *   PATH, sqlite:PATH[?mode=ro|rw], sqlite:///PATH
 *   mysql://[USER[:PASSWORD]@]HOST[:PORT]/NAME[?tls=...&tls-ca=FILE&socket=PATH
 *       &connect-timeout=SECONDS], the same with mariadb://
 *
 * A password is refused unless secret says that nobody else could read the text.  No error shows
 * it.
 */
int db_target_parse(const char *text, bool secret, struct db_target *out,
                    struct err *err) NODISCARD;
void db_target_done(struct db_target *t); /* wipes the password */
#define cleanup_db_target __attribute__((cleanup(db_target_done)))

/* Takes a password over from elsewhere; the text is copied. */
void db_target_set_password(struct db_target *t, struct str password);

/* What may be shown of it: "sqlite:posts.db", "mysql://app@db.example:3306/blog". */
void db_target_format(const struct db_target *t, char out[256]);

enum db_type {
    DB_NULL,
    DB_INT,
    DB_REAL,
    DB_DECIMAL, /* text that is a JSON number */
    DB_BOOL,    /* i is 0 or 1 */
    DB_TEXT,
    DB_BLOB,
    DB_JSON /* text that is JSON */
};

/* A parameter or a cell; its text is borrowed. */
struct db_value {
    enum db_type type;
    int64_t i;
    double d;
    struct str s;
};

struct db_column {
    struct str name;
    enum db_type type; /* what the statement declares; DB_NULL when it varies */
};

/* Where rows go, during run() only. */
struct db_sink {
    void *ctx;
    /* False: stop, which is no error. */
    bool (*row)(void *ctx, const struct db_value *cells, size_t n);
};

/* What a connection keeps of its database at most; the system's page cache is behind it. */
enum { DB_CACHE_BYTES = 512 * 1024 };

struct db;      /* a connection */
struct db_stmt; /* a prepared statement of it; survives a reconnect (prepared again) */

struct db_driver {
    const char *name; /* "sqlite", "mysql" */
    struct db *(*open)(const struct db_target *t, struct err *err);
    void (*close)(struct db *db); /* after its statements; NULL is fine */
    /* sql has exactly n_params `?`. */
    struct db_stmt *(*prepare)(struct db *db, const char *sql, size_t n_params, struct err *err);
    /* How many; 0 for a statement without result. */
    size_t (*columns)(const struct db_stmt *s, const struct db_column **out);
    void (*finalize)(struct db_stmt *s); /* NULL is fine */
    /* Runs it.  *changed: rows changed by a statement without result.  ERR_TIMEOUT (interrupted, or
     * it took too long), ERR_NET (the connection is lost, and opened again by the next run),
     * ERR_EXISTS (unique or foreign key), ERR_INVALID (the values are wrong), ERR_LIMIT (busy),
     * else ERR_IO. */
    int (*run)(struct db_stmt *s, const struct db_value *params, const struct db_sink *sink,
               int64_t *changed, struct err *err);
    /* From any thread: the running statement ends with ERR_TIMEOUT; nothing when none runs. */
    void (*interrupt)(struct db *db);
};

extern const struct db_driver db_sqlite;

/* A connection; ERR_UNSUPPORTED when the target's kind of database is not built in. */
struct db *db_target_open(const struct db_target *t, struct err *err) NODISCARD;

#endif
