/* SPDX-License-Identifier: Apache-2.0 */
#include "server/account.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/access_log.h"
#include "server/exchange.h"
#include "server/http_chars.h"
#include "server/http_parse.h"
#include "server/http_response.h"
#include "server/settings.h"
#include "server/stats.h"

/* nginx's number for a connection that ended before there was an answer. */
enum { STATUS_NO_ANSWER = 499 };

int
account_open(struct account *a, const struct settings *s, struct loop *loop,
             struct stats_slot *slot, struct err *err)
{
    *a = (struct account){.slot = slot, .answers_id = s->log.request_id};
    if (request_id_init(&a->ids, err) < 0)
        return -1;
    return access_log_open(&s->log.access, loop, slot, &a->log, err);
}

void
account_close(struct account *a)
{
    access_log_close(a->log);
    a->log = NULL;
}

void
account_reopen(struct account *a)
{
    if (a->log != NULL)
        access_log_reopen(a->log);
}

void
account_connection(struct account *a, bool refused)
{
    if (a->slot == NULL)
        return;
    stats_add(a->slot, STATS_ACCEPTED, 1);
    if (refused)
        stats_add(a->slot, STATS_REFUSED, 1);
}

/* The value of the first line of a name, or an empty one. */
static struct str
find_line(struct str lines, const char *name)
{
    while (lines.p != NULL) {
        struct str line = str_cut(&lines, '\n');
        struct str value = line;

        if (str_eq_nocase(str_cut(&value, ':'), name))
            return http_chars_trim(str_trim(value));
    }
    return (struct str){NULL, 0};
}

struct str
account_id(struct account *a, struct exchange *x)
{
    struct str given = http_parse_str(x->request, x->request->fields[HTTP_FIELD_REQUEST_ID]);

    if (x->id[0] != '\0')
        return (struct str){x->id, sizeof(x->id)};
    if (request_id_is_sane(given))
        return given;
    request_id_make(&a->ids, x->id);
    return (struct str){x->id, sizeof(x->id)};
}

void
account_head(struct account *a, struct exchange *x, struct http_response *head)
{
    /* A server behind this one may have answered with its own. */
    if (find_line(head->headers, "x-request-id").n == 0)
        head->id = account_id(a, x);
}

/* Copies what the log's format names: the buffer is sent before the log is written. */
void
account_written(struct account *a, struct exchange *x, struct str head)
{
    size_t n = 0;
    char *p;

    if (access_log_wanted(a->log, 0) == NULL)
        return;
    for (unsigned i = 0; access_log_wanted(a->log, i) != NULL; i++)
        n += find_line(head, access_log_wanted(a->log, i)).n + 1;
    free(x->logged);
    p = x->logged = mem_alloc(n);
    for (unsigned i = 0; access_log_wanted(a->log, i) != NULL; i++) {
        struct str value = find_line(head, access_log_wanted(a->log, i));

        if (value.n > 0)
            memcpy(p, value.p, value.n);
        p += value.n + 1;
    }
}

static void
count(struct account *a, const struct exchange *x, uint64_t us)
{
    stats_add(a->slot, STATS_REQUESTS, 1);
    stats_add(a->slot, stats_class(x->status), 1);
    stats_add(a->slot, STATS_BYTES_IN, x->request->size + x->received);
    stats_add(a->slot, STATS_BYTES_OUT, x->sent);
    stats_observe(a->slot, us);
}

static void
log_it(struct account *a, struct exchange *x, int64_t ended_us, struct str start_line)
{
    struct str response[ACCESS_RESPONSE_FIELDS_MAX];
    struct access_entry e = {.request = x->request,
                             .start_line = start_line,
                             .peer = x->peer,
                             .response = response,
                             .id = account_id(a, x),
                             .status = x->status,
                             .sent = x->sent,
                             .received = x->received,
                             .duration_us = ended_us - x->begun_us,
                             .upstream_us = x->upstream_us};
    const char *p = x->logged;

    for (unsigned i = 0; access_log_wanted(a->log, i) != NULL; i++) {
        response[i] = str_from(p);
        p = p != NULL ? p + response[i].n + 1 : NULL;
    }
    access_log_write(a->log, &e, ended_us);
}

void
account_finish(struct account *a, struct exchange *x, struct str start_line)
{
    int64_t now_us;

    if (a->slot == NULL && a->log == NULL)
        return;
    now_us = clock_system_us();
    if (x->status == 0)
        x->status = STATUS_NO_ANSWER;
    if (a->slot != NULL)
        count(a, x, (uint64_t)(now_us - x->begun_us));
    if (a->log != NULL)
        log_it(a, x, now_us, start_line);
    free(x->logged);
    x->logged = NULL;
}
