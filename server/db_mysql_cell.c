/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_mysql_cell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

enum { CHARSET_BINARY = 63, DECIMALS_MAX = 6 };

static struct db_mysql_column
of_text(const MYSQL_FIELD *field, bool is_json)
{
    if (is_json)
        return (struct db_mysql_column){DB_JSON, DB_MYSQL_BYTES, 0};
    return (struct db_mysql_column){field->charsetnr == CHARSET_BINARY ? DB_BLOB : DB_TEXT,
                                    DB_MYSQL_BYTES, 0};
}

struct db_mysql_column
db_mysql_cell_column(const MYSQL_FIELD *field, bool is_json)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return (struct db_mysql_column){
            DB_INT, (field->flags & UNSIGNED_FLAG) != 0 ? DB_MYSQL_UNSIGNED : DB_MYSQL_SIGNED, 0};
    case MYSQL_TYPE_BIT:
        return (struct db_mysql_column){DB_INT, DB_MYSQL_BITS, 0};
    case MYSQL_TYPE_FLOAT:
        return (struct db_mysql_column){DB_REAL, DB_MYSQL_FLOAT, 0};
    case MYSQL_TYPE_DOUBLE:
        return (struct db_mysql_column){DB_REAL, DB_MYSQL_DOUBLE, 0};
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return (struct db_mysql_column){DB_DECIMAL, DB_MYSQL_BYTES, 0};
    case MYSQL_TYPE_DATE:
        return (struct db_mysql_column){DB_TEXT, DB_MYSQL_DATE, 0};
    case MYSQL_TYPE_DATETIME:
        return (struct db_mysql_column){DB_TEXT, DB_MYSQL_DATETIME, field->decimals};
    case MYSQL_TYPE_TIMESTAMP:
        return (struct db_mysql_column){DB_TEXT, DB_MYSQL_TIMESTAMP, field->decimals};
    case MYSQL_TYPE_TIME:
        return (struct db_mysql_column){DB_TEXT, DB_MYSQL_TIME, field->decimals};
    case MYSQL_TYPE_NULL:
        return (struct db_mysql_column){DB_NULL, DB_MYSQL_NOTHING, 0};
    case MYSQL_TYPE_GEOMETRY:
        return (struct db_mysql_column){DB_BLOB, DB_MYSQL_BYTES, 0};
    default:
        return of_text(field, is_json || field->type == MYSQL_TYPE_JSON);
    }
}

void
db_mysql_cell_bind(const struct db_mysql_column *column, struct db_mysql_cell *cell,
                   MYSQL_BIND *bind)
{
    static const enum enum_field_types types[] = {
        [DB_MYSQL_NOTHING] = MYSQL_TYPE_LONGLONG,   [DB_MYSQL_SIGNED] = MYSQL_TYPE_LONGLONG,
        [DB_MYSQL_UNSIGNED] = MYSQL_TYPE_LONGLONG,  [DB_MYSQL_BITS] = MYSQL_TYPE_BLOB,
        [DB_MYSQL_FLOAT] = MYSQL_TYPE_FLOAT,        [DB_MYSQL_DOUBLE] = MYSQL_TYPE_DOUBLE,
        [DB_MYSQL_DATE] = MYSQL_TYPE_DATE,          [DB_MYSQL_DATETIME] = MYSQL_TYPE_DATETIME,
        [DB_MYSQL_TIMESTAMP] = MYSQL_TYPE_DATETIME, [DB_MYSQL_TIME] = MYSQL_TYPE_TIME,
        [DB_MYSQL_BYTES] = MYSQL_TYPE_BLOB,
    };

    *bind = (MYSQL_BIND){.buffer_type = types[column->fetch],
                         .buffer = &cell->as,
                         .buffer_length = sizeof(cell->as),
                         .is_unsigned = column->fetch == DB_MYSQL_UNSIGNED,
                         .length = &cell->n,
                         .is_null = &cell->is_null};
    if (column->fetch == DB_MYSQL_BITS)
        bind->buffer_length = sizeof(cell->as.bits);
    /* Only its length for now. */
    if (column->fetch == DB_MYSQL_BYTES)
        bind->buffer_length = 0;
}

/* What the column declares of a second's fraction. */
static const char *
fraction(const struct db_mysql_column *column, unsigned long micros, char out[16])
{
    unsigned decimals = column->decimals;

    if (decimals > DECIMALS_MAX)
        decimals = micros != 0 ? DECIMALS_MAX : 0;
    snprintf(out, 16, ".%06lu", micros % 1000000);
    out[decimals > 0 ? decimals + 1 : 0] = '\0';
    return out;
}

static void
format_time(const struct db_mysql_column *column, const MYSQL_TIME *t, char text[DB_MYSQL_TEXT_MAX])
{
    char part[16];

    switch (column->fetch) {
    case DB_MYSQL_DATE:
        snprintf(text, DB_MYSQL_TEXT_MAX, "%04u-%02u-%02u", t->year, t->month, t->day);
        return;
    case DB_MYSQL_TIME:
        snprintf(text, DB_MYSQL_TEXT_MAX, "%s%02u:%02u:%02u%s", t->neg ? "-" : "", t->hour,
                 t->minute, t->second, fraction(column, t->second_part, part));
        return;
    default:
        snprintf(text, DB_MYSQL_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%s%s", t->year, t->month,
                 t->day, t->hour, t->minute, t->second, fraction(column, t->second_part, part),
                 column->fetch == DB_MYSQL_TIMESTAMP ? "Z" : "");
        return;
    }
}

/* The shortest decimal that is this float, as the server itself writes it: 0.1 rather than
 * 0.10000000149. */
static double
widen(float f)
{
    char text[32];

    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)f);
        if (strtof(text, NULL) == f)
            return strtod(text, NULL);
    }
    return (double)f;
}

static struct db_value
of_unsigned(uint64_t u, struct db_mysql_cell *cell)
{
    if (u <= INT64_MAX)
        return (struct db_value){.type = DB_INT, .i = (int64_t)u};
    snprintf(cell->text, sizeof(cell->text), "%" PRIu64, u);
    return (struct db_value){.type = DB_DECIMAL, .s = str_from(cell->text)};
}

static uint64_t
bits_of(const struct db_mysql_cell *cell)
{
    uint64_t u = 0;

    for (unsigned long i = 0; i < cell->n && i < sizeof(cell->as.bits); i++)
        u = u << 8 | cell->as.bits[i];
    return u;
}

/* 00012.50 of a ZEROFILL column is no JSON number. */
static struct str
without_zeros(struct str s)
{
    while (s.n > 1 && s.p[0] == '0' && s.p[1] >= '0' && s.p[1] <= '9')
        s = (struct str){s.p + 1, s.n - 1};
    return s;
}

struct db_value
db_mysql_cell_value(const struct db_mysql_column *column, struct db_mysql_cell *cell,
                    const char *bytes)
{
    struct db_value v = {.type = column->type, .s = {bytes, cell->n}};

    if (cell->is_null)
        return (struct db_value){.type = DB_NULL};
    switch (column->fetch) {
    case DB_MYSQL_NOTHING:
        return (struct db_value){.type = DB_NULL};
    case DB_MYSQL_SIGNED:
        return (struct db_value){.type = DB_INT, .i = cell->as.i};
    case DB_MYSQL_UNSIGNED:
        return of_unsigned((uint64_t)cell->as.i, cell);
    case DB_MYSQL_BITS:
        return of_unsigned(bits_of(cell), cell);
    case DB_MYSQL_FLOAT:
        return (struct db_value){.type = DB_REAL, .d = widen(cell->as.f)};
    case DB_MYSQL_DOUBLE:
        return (struct db_value){.type = DB_REAL, .d = cell->as.d};
    case DB_MYSQL_DATE:
    case DB_MYSQL_DATETIME:
    case DB_MYSQL_TIMESTAMP:
    case DB_MYSQL_TIME:
        format_time(column, &cell->as.time, cell->text);
        return (struct db_value){.type = DB_TEXT, .s = str_from(cell->text)};
    case DB_MYSQL_BYTES:
        break;
    }
    if (v.type == DB_DECIMAL)
        v.s = without_zeros(v.s);
    return v;
}

/* The connector reads through a pointer that is not const. */
static void *
writable(const void *p)
{
    union {
        const void *from;
        void *to;
    } u = {.from = p};

    return u.to;
}

void
db_mysql_cell_param(const struct db_value *value, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL};
    switch (value->type) {
    case DB_NULL:
        return;
    case DB_INT:
    case DB_BOOL:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = writable(&value->i);
        return;
    case DB_REAL:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = writable(&value->d);
        return;
    case DB_DECIMAL:
        bind->buffer_type = MYSQL_TYPE_NEWDECIMAL;
        break;
    case DB_BLOB:
        bind->buffer_type = MYSQL_TYPE_BLOB;
        break;
    case DB_TEXT:
    case DB_JSON:
        bind->buffer_type = MYSQL_TYPE_STRING;
        break;
    }
    bind->buffer = writable(value->s.n > 0 ? value->s.p : "");
    bind->buffer_length = value->s.n;
}
