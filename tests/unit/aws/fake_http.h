/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AWS_FAKE_HTTP_H
#define UNIT_AWS_FAKE_HTTP_H

/* An HTTP client that answers from a list and remembers what it was asked, and a clock that stands
 * still. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/http.h"

struct fake_answer {
    long status; /* 0: the request fails with code */
    enum err_code code;
    const char *headers; /* raw lines, or NULL */
    const char *body;
};

struct fake_http {
    struct http_client client;
    const struct fake_answer *answers;
    size_t n_answers, n_sent;
    char last_url[256];
    char last_headers[2048]; /* "Name: value\n" each */
    char last_body[2048];
};

static inline int
fake_http_send(struct http_client *self, const struct http_request *request,
               struct http_response *response, struct err *err)
{
    struct fake_http *fake = (struct fake_http *)self;
    const struct fake_answer *answer;
    size_t n = 0;

    if (fake->n_sent >= fake->n_answers)
        return err_set(err, ERR_INTERNAL, "more requests than answers");
    answer = &fake->answers[fake->n_sent++];
    snprintf(fake->last_url, sizeof(fake->last_url), "%s", request->url);
    snprintf(fake->last_body, sizeof(fake->last_body), "%.*s", (int)request->body_size,
             (const char *)request->body);
    for (size_t i = 0; i < request->n_headers; i++)
        n += (size_t)snprintf(fake->last_headers + n, sizeof(fake->last_headers) - n, "%s: %s\n",
                              request->headers[i].name, request->headers[i].value);
    if (answer->status == 0)
        return err_set(err, answer->code, "fake: no answer");
    response->status = answer->status;
    if (answer->headers != NULL)
        buf_append_str(&response->headers, answer->headers);
    buf_append_str(&response->body, answer->body);
    return 0;
}

static inline void
fake_http_free(struct http_client *self)
{
    (void)self;
}

#define FAKE_HTTP(list)                                                \
    {                                                                  \
        .client = {fake_http_send, fake_http_free}, .answers = (list), \
        .n_answers = sizeof(list) / sizeof((list)[0])                  \
    }

static inline int64_t
fake_clock_unix(void *ctx)
{
    return *(int64_t *)ctx;
}

/* 2015-08-30T12:36:00Z, the time of the signature vectors. */
enum { FAKE_TIME = 1440938160 };

/* Delays that were asked for. */
struct fake_sleeps {
    uint32_t ms[16];
    size_t n;
};

static inline void
fake_sleep_ms(void *ctx, uint32_t ms)
{
    struct fake_sleeps *sleeps = ctx;

    sleeps->ms[sleeps->n++ % 16] = ms;
}

static inline double
fake_random(void *ctx)
{
    (void)ctx;
    return 0.5;
}

#endif
