/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

/* What is kept of each exchange: counters, a line in the access log, and the id that connects it
 * with what others log. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "server/request_id.h"

struct access_log;
struct conn_group;
struct err;
struct exchange;
struct http_response;
struct iobuf;
struct loop;
struct settings;
struct stats_slot;

/* All zeros: nothing is kept. */
struct account {
    struct stats_slot *slot;
    struct access_log *log;
    struct request_id ids;
    bool answers_id; /* --request-id */
};

int account_open(struct account *a, const struct settings *s, struct loop *loop,
                 struct stats_slot *slot, struct err *err) NODISCARD;
void account_close(struct account *a);

/* For USR1. */
void account_reopen(struct account *a);

/* A connection was accepted, or refused above the ceiling. */
void account_connection(struct account *a, bool refused);

/* The id of a request, made when it is asked for the first time; it lives as long as the request's
 * head. */
struct str account_id(struct account *a, struct exchange *x);

/* A head that is going to be sent: gets the id, when answers_id says that it shall; then, as it was
 * written. */
void account_head(struct account *a, struct exchange *x, struct http_response *head);
void account_written(struct account *a, struct exchange *x, struct str head); /* only with a log */

/* The exchange has come to its end; start_line is for a request that was not understood. */
void account_finish(struct account *a, struct exchange *x, struct str start_line);

#endif
