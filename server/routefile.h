/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ROUTEFILE_H
#define SERVER_ROUTEFILE_H

/*
 * The file of --routes: which SQL answers which request (docs/routes.md has the format).
 *
 *   GET /api/v1/posts/{id}
 *       param id int 1..
 *       row
 *       sql SELECT id, title FROM posts WHERE id = :id
 *
 * Text in, structures out: no database is asked here.  All that is wrong with a file is found in
 * one run.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/db.h"

struct buf;

enum {
    ROUTEFILE_MAX = 1024 * 1024, /* bytes of a file */
    ROUTEFILE_PARAMS_MAX = 64,   /* of a route */
    ROUTEFILE_WHY_MAX = 128
};

enum routefile_body { ROUTEFILE_BODY_NONE, ROUTEFILE_BODY_JSON, ROUTEFILE_BODY_FORM };

struct routefile_param {
    char *name;
    unsigned line;
    enum db_type type; /* DB_INT, DB_REAL, DB_TEXT or DB_BOOL */
    bool in_path;
    bool is_optional; /* value is the default */
    bool is_used;     /* in the SQL */
    int64_t min, max; /* of an int; of a text's characters */
    double real_min, real_max;
    struct db_value value;
    char *text; /* of the default */
};

struct routefile_route {
    unsigned line, sql_line;
    unsigned method; /* of enum http_method */
    char *path;      /* as written */
    char *mount;     /* the path before its first parameter's slash; all when it has none */
    char *bare;      /* the path without its last slash, where that is all it lacks; or NULL */
    size_t literal;  /* bytes of mount */
    struct routefile_param *params;
    size_t n_params;
    int page_limit, page_offset; /* parameters; -1: the answer is no page */
    unsigned cache_s;
    enum routefile_body body;
    unsigned seen;   /* directives, while it is read */
    bool is_row;     /* one object instead of an array */
    unsigned status; /* of a success */
    char **json;     /* columns whose text is JSON */
    size_t n_json;
    char *sql;       /* with `?` for each use of a parameter */
    unsigned *binds; /* parameter of each `?` */
    size_t n_binds;
};

struct routefile {
    char *name;
    struct routefile_route *v; /* more specific paths first */
    size_t n;
};

/* The number of faults, each a line "name:7: what is wrong" in findings; out is set when there is
 * none. */
unsigned routefile_parse(struct str text, const char *name, struct routefile *out,
                         struct buf *findings) NODISCARD;
void routefile_done(struct routefile *f);
#define cleanup_routefile __attribute__((cleanup(routefile_done)))

/*
 * The route for a method and an unescaped path, with the parts of the path that are parameters, by
 * the parameter's index.  NULL: none; then allowed has the methods that the path has, or is 0.
 */
const struct routefile_route *routefile_match(const struct routefile *f, unsigned method,
                                              struct str path,
                                              struct str values[ROUTEFILE_PARAMS_MAX],
                                              unsigned *allowed);

/* A parameter's value from text; the text stays borrowed.  False with a sentence in why. */
bool routefile_value(const struct routefile_param *p, struct str text, struct db_value *out,
                     char why[ROUTEFILE_WHY_MAX]) NODISCARD;

/* Whether a value of the right type is in the parameter's range. */
bool routefile_in_range(const struct routefile_param *p, const struct db_value *v,
                        char why[ROUTEFILE_WHY_MAX]) NODISCARD;

/* ---- between routefile.c and its other halves ---- */

struct routefile_parser {
    const char *name;
    struct buf *findings;
    unsigned n_findings;
};

void routefile_fault(struct routefile_parser *p, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
struct str routefile_word(struct str *rest); /* the next one; empty at the end */
bool routefile_is_name(struct str s);
/* The index of a parameter, or -1. */
int routefile_param_find(const struct routefile_route *r, struct str name);

/* "id int 1.. = 5": what follows `param`. */
void routefile_param_parse(struct routefile_parser *p, struct routefile_route *r, unsigned line,
                           struct str rest);
void routefile_param_done(struct routefile_param *param);

/* Turns the names of parameters in the statement into placeholders. */
void routefile_sql_compile(struct routefile_parser *p, struct routefile_route *r);

/* Finds what is wrong with a path; sets literal. */
void routefile_path_check(struct routefile_parser *p, struct routefile_route *r);
/* Of sorting: paths that only differ in the names of parameters are equal. */
int routefile_path_compare(const char *a, const char *b);
/* The next segment of a path behind its first slash; p is NULL at the end. */
struct str routefile_path_next(struct str *rest);

#endif
