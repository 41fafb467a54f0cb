/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_SQL_H
#define SERVER_SQL_H

/*
 * Answers from a database: between the handler, which lives in the loop, and its other halves.
 *
 *   sql_params   from a request to the values of a statement
 *   sql_run      on a thread of the pool: runs the statement and writes its rows as JSON
 *   sql_cache    answers that are kept, and those that several wait for
 *   sql_answer   the responses
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "server/db.h"
#include "server/pool.h"
#include "server/routefile.h"

struct exchange;
struct loop;
struct settings;
struct sql_entry;
struct sql_job;

/* Of a worker: all that its routes share. */
struct sql_service {
    const struct settings *settings;
    const struct routefile *routes;
    struct loop *loop;
    struct pool *pool;
    struct sql_cache *cache;
    struct sql_job *spare;
    unsigned n_spare;
    unsigned users; /* routes that are open */
};

/* Somebody who waits for a job; the exchange's local. */
struct sql_wait {
    struct exchange *x;
    struct sql_job *job;
    struct sql_wait *next;
};

/* A statement that runs, or is to. */
struct sql_job {
    struct pool_job base;
    struct sql_service *service;
    struct sql_job *next_spare;
    struct sql_wait *waits;  /* who has not gone; only in the loop, as began */
    struct sql_wait first;   /* the one who asked */
    struct sql_entry *entry; /* to be filled; NULL: nothing is kept */
    bool began;              /* the response */
    const struct routefile_route *route;
    struct db_value values[ROUTEFILE_PARAMS_MAX]; /* their text is in `text` */
    char *text;
    size_t text_cap;
    size_t part_max; /* the result is posted in parts when it is larger */

    /* The thread's, until it is done. */
    struct buf out;
    bool posted;
    uint64_t rows;
    int64_t changed;
    int result;
    struct err err;
};

enum { SQL_PART = 64 * 1024 };

/* ---- sql_params ---- */

/* Reads what the request gives for the route's parameters into the job.  0, or the status to refuse
 * it with and a sentence in why. */
unsigned sql_params_read(struct sql_job *job, const struct exchange *x,
                         const struct str path_values[ROUTEFILE_PARAMS_MAX],
                         char why[256]) NODISCARD;

/* The values of another job for the same route. */
void sql_params_copy(struct sql_job *to, const struct sql_job *from);

/* "?limit=10&offset=20", with another value for one of them. */
void sql_params_query(const struct sql_job *job, int param, int64_t value, struct buf *out);

/* What tells this question from all others. */
void sql_params_key(const struct sql_job *job, struct buf *out);

/* ---- sql_run ---- */

void sql_run(struct pool_job *base, struct pool_thread *t);
struct pool_local sql_run_local(const struct settings *s);

/* In the master: whether every statement can be prepared; a line for each that cannot. */
unsigned sql_run_check(const struct settings *s, struct buf *findings, struct err *err);

/* ---- sql_answer ---- */

/* JSON by RFC 9457. */
void sql_answer_problem(struct exchange *x, unsigned status, const char *detail, unsigned allowed);

/* What may be done with a path. */
void sql_answer_options(struct exchange *x, unsigned allowed);

/* The status that says what became of a job without a result, and the sentence; 0: it has one. */
unsigned sql_answer_failure(const struct sql_job *job, enum pool_end end, const char **detail);

/* The whole result, now that it is there. */
void sql_answer_result(struct exchange *x, const struct sql_job *job);

/* A kept one, or 304. */
void sql_answer_entry(struct exchange *x, const struct sql_entry *e, int64_t now_ms);

/* "Link: ..." of a page, or nothing. */
void sql_answer_link(const struct sql_job *job, struct buf *out);

#endif
