/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_MYSQL_CELL_H
#define SERVER_DB_MYSQL_CELL_H

/* Values between the connector's binary protocol and ours. */

#include <stdbool.h>

#include <mariadb/mysql.h>

#include "server/db.h"

/* How the connector is asked for a cell of a column. */
enum db_mysql_fetch {
    DB_MYSQL_NOTHING,  /* always NULL */
    DB_MYSQL_SIGNED,   /* a 64-bit integer */
    DB_MYSQL_UNSIGNED, /* DB_DECIMAL when it is too large for DB_INT */
    DB_MYSQL_BITS,     /* an integer of up to 64 bits, sent as bytes */
    DB_MYSQL_FLOAT,    /* becomes the double that is written like it */
    DB_MYSQL_DOUBLE,
    DB_MYSQL_DATE,      /* 2026-11-24 */
    DB_MYSQL_DATETIME,  /* 2026-11-24T18:32:00, with as many decimals as declared */
    DB_MYSQL_TIMESTAMP, /* the same with a Z: the session's zone is UTC */
    DB_MYSQL_TIME,      /* -838:59:59 */
    DB_MYSQL_BYTES      /* text and blobs of any length, read by the caller */
};

struct db_mysql_column {
    enum db_type type;
    enum db_mysql_fetch fetch;
    unsigned decimals; /* of seconds; above 6 when that varies */
};

enum { DB_MYSQL_TEXT_MAX = 96 };

/* What the connector writes one cell to. */
struct db_mysql_cell {
    union {
        int64_t i;
        float f;
        double d;
        unsigned char bits[8];
        MYSQL_TIME time;
    } as;
    unsigned long n; /* bytes there are, also of those that were not read */
    my_bool is_null;
    char text[DB_MYSQL_TEXT_MAX]; /* of what has no form of its own */
};

/* is_json: the server calls the text JSON. */
struct db_mysql_column db_mysql_cell_column(const MYSQL_FIELD *field, bool is_json);

void db_mysql_cell_bind(const struct db_mysql_column *column, struct db_mysql_cell *cell,
                        MYSQL_BIND *bind);

/* The value of a cell that was fetched; bytes is where those of DB_MYSQL_BYTES are.  The value
 * borrows both. */
struct db_value db_mysql_cell_value(const struct db_mysql_column *column,
                                    struct db_mysql_cell *cell, const char *bytes);

/* The parameter borrows the value. */
void db_mysql_cell_param(const struct db_value *value, MYSQL_BIND *bind);

#endif
