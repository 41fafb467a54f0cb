/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/digest.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/blob.h"
#include "images/interrupt.h"
#include "net/address.h"

enum {
    CALL_TIMEOUT_MS = INT32_MAX, /* a blob takes as long as it takes, as long as bytes move */
    CALL_STALL_MS = 60 * 1000,
    CALL_LAST_MS = 5 * 1000,
    CALL_BODY_MAX = 64 * 1024,  /* of answers that nobody asked for */
    PROGRESS_BYTES = 64 * 1024, /* a download that breaks after fewer gets nowhere */
    CALL_HEADERS_MAX = 4,
    CALL_HEADER_MAX = 72 * 1024
};

/* A request on its way. */
struct flight {
    struct registry *r;
    struct registry_call *call;
    struct http_response *response;
    char *url;
    struct url at;
    uint64_t sent;
    uint64_t position; /* in the content, of the next byte that comes; a body may begin again */
    bool begun;
    bool logged_in;
    bool tokenless; /* the token service was tried often enough */
    unsigned redirects;
};

static bool
is_home(const struct flight *f)
{
    return url_same_origin(&f->at, &f->r->origin);
}

/* Another place than the registry.  Storage on a private network is common, to read from; a service
 * of this machine is not what is meant, nor is changing things there. */
static int
check_elsewhere(const struct flight *f, enum address_kind kind, const char *where, struct err *err)
{
    bool reads = strcmp(f->call->method, "GET") == 0 || strcmp(f->call->method, "HEAD") == 0;

    if (!(kind == ADDRESS_PRIVATE && reads) && registry_check_peer(f->r, kind, where, err) < 0)
        return -1;
    if (strcmp(f->at.scheme, "http") == 0 && kind != ADDRESS_LOOPBACK)
        return err_set(err, ERR_DENIED, "%s is not on this machine: http is not for it", where);
    return 0;
}

/* ---- callbacks ---- */

static int
may_connect(void *ctx, const struct sockaddr *to, struct err *err)
{
    struct flight *f = ctx;
    enum address_kind kind = address_kind(to);
    char text[ADDRESS_TEXT_MAX];

    address_write(to, text);
    if (is_home(f)) {
        if (strcmp(f->at.scheme, "http") == 0 && kind != ADDRESS_LOOPBACK)
            return err_set(err, ERR_DENIED, "%s is not on this machine: http is not for it", text);
        f->r->kinds_seen |= 1U << kind;
        return 0;
    }
    return check_elsewhere(f, kind, text, err);
}

static ptrdiff_t
give(void *ctx, void *into, size_t room, struct err *err)
{
    struct flight *f = ctx;
    ptrdiff_t n;

    if (f->sent == f->call->upload->size)
        return 0;
    n = blob_read(f->call->upload, f->sent, into, room, err);
    if (n > 0)
        f->sent += (uint64_t)n;
    return n;
}

/* Where a part begins, by "bytes 5-9/10". */
static bool
part_begins_at(const struct http_response *response, uint64_t at)
{
    struct str range = http_response_header(response, "Content-Range");
    char want[40];

    snprintf(want, sizeof(want), "bytes %llu-", (unsigned long long)at);
    return range.p != NULL && str_starts(range, want);
}

/* Where in the content the answer's body begins. */
static int
begin_body(struct flight *f, struct err *err)
{
    f->begun = true;
    f->position = f->response->status == 206 ? f->call->received : 0;
    if (f->response->status == 206 && !part_begins_at(f->response, f->call->received))
        return err_set(err, ERR_PROTOCOL, "the part that came is not the one asked for");
    return 0;
}

static int
take(void *ctx, const void *p, size_t n, struct err *err)
{
    struct flight *f = ctx;
    struct registry_call *call = f->call;
    uint64_t known = 0;

    if (f->response->status != 200 && f->response->status != 206) {
        size_t room = CALL_BODY_MAX - f->response->body.n;

        buf_append(&f->response->body, p, n < room ? n : room);
        return 0;
    }
    if (!f->begun && begin_body(f, err) < 0)
        return -1;
    if (f->position < call->received)
        known = call->received - f->position;
    if (known > n)
        known = n;
    f->position += n;
    if (known == n)
        return 0;
    call->received = f->position;
    return sink_write(call->sink, (const char *)p + known, n - (size_t)known, err);
}

/* ---- one request ---- */

/* NULL when there is nothing to show. */
static char *
authorization(const struct flight *f)
{
    struct buf out = BUF_INIT(CALL_HEADER_MAX);
    const struct token *token;

    if (!is_home(f))
        return NULL;
    if (f->r->challenge.scheme == CHALLENGE_BASIC && secret_is_set(&f->r->creds.pair)) {
        buf_append_str(&out, "Basic ");
        digest_base64_encode(str_from(secret_reveal(&f->r->creds.pair)), &out);
        return buf_take(&out);
    }
    token = f->r->challenge.scheme == CHALLENGE_BEARER ? token_find(&f->r->tokens, f->call->scope)
                                                       : NULL;
    if (token == NULL)
        return NULL;
    buf_appendf(&out, "Bearer %s", secret_reveal(&token->text));
    return buf_take(&out);
}

static int
send_one(struct flight *f, struct err *err)
{
    const struct registry_call *call = f->call;
    char *auth = authorization(f);
    char range[40];
    struct http_header headers[CALL_HEADERS_MAX];
    struct http_request request = {
        .method = call->method,
        .url = f->url,
        .headers = headers,
        .body = call->body,
        .body_size = call->upload != NULL ? (int64_t)call->upload->size : call->body_size,
        .body_read = call->upload != NULL ? give : NULL,
        .body_ctx = f,
        .sink = call->sink != NULL ? take : NULL,
        .sink_ctx = f,
        .may_connect = may_connect,
        .connect_ctx = f,
        .may_go_on = call->last ? NULL : interrupt_check,
        .timeout_ms = call->last ? CALL_LAST_MS : CALL_TIMEOUT_MS,
        .stall_ms = CALL_STALL_MS,
        .max_body_bytes = call->max_body > CALL_BODY_MAX ? call->max_body : CALL_BODY_MAX,
        .ca_file = f->r->opts.ca_file,
        .proxy = strcmp(f->at.scheme, "http") == 0 ? "" : NULL, /* http is for this machine */
    };
    int done;

    if (auth != NULL)
        headers[request.n_headers++] = (struct http_header){"Authorization", auth};
    if (call->accept != NULL)
        headers[request.n_headers++] = (struct http_header){"Accept", call->accept};
    if (call->content_type != NULL)
        headers[request.n_headers++] = (struct http_header){"Content-Type", call->content_type};
    if (call->received > 0) {
        snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)call->received);
        headers[request.n_headers++] = (struct http_header){"Range", range};
    }
    f->sent = 0;
    f->begun = false;
    done = http_send(f->r->client, &request, f->response, err);
    if (auth != NULL)
        mem_wipe(auth, strlen(auth));
    free(auth);
    f->r->answered |= done == 0;
    return done;
}

/* ---- what follows from an answer ---- */

static int
go_to(struct flight *f, char *url, struct err *err)
{
    enum address_kind kind;

    free(f->url);
    f->url = url;
    url_done(&f->at);
    if (url_parse(url, &f->at, err) < 0)
        return -1;
    /* Behind a proxy only the text tells. */
    if (!is_home(f) && address_kind_of_host(f->at.host, &kind))
        return check_elsewhere(f, kind, f->at.host, err);
    return 0;
}

static int
start(struct flight *f, struct err *err)
{
    const struct registry_call *call = f->call;

    f->redirects = 0;
    return go_to(
        f, call->url != NULL ? mem_strdup(call->url) : mem_printf("%s%s", f->r->base, call->path),
        err);
}

static int
redirect(struct flight *f, struct err *err)
{
    struct str location = http_response_header(f->response, "Location");
    bool was_https = strcmp(f->at.scheme, "https") == 0;
    char *next;

    if (location.p == NULL)
        return err_set(err, ERR_PROTOCOL, "%s: a redirect that leads nowhere", f->r->base);
    if (++f->redirects > REGISTRY_REDIRECTS_MAX)
        return err_set(err, ERR_PROTOCOL, "%s: more than %d redirects", f->r->base,
                       REGISTRY_REDIRECTS_MAX);
    if (url_resolve(f->url, location, &next, err) < 0 || go_to(f, next, err) < 0)
        return err_wrap(err, "%s: a redirect", f->r->base);
    if (was_https && strcmp(f->at.scheme, "https") != 0)
        return err_set(err, ERR_DENIED, "%s: a redirect from https to http is not followed",
                       f->r->base);
    return 0;
}

static void
read_challenges(struct flight *f)
{
    struct str value;

    challenge_done(&f->r->challenge);
    for (size_t i = 0;
         (value = http_response_header_at(f->response, "WWW-Authenticate", i)).p != NULL; i++)
        challenge_parse(value, &f->r->challenge);
}

/* 1 when the request is worth sending again, 0 when the answer stands. */
static int
log_in(struct flight *f, struct err *err)
{
    if (!is_home(f) || f->logged_in)
        return 0;
    f->logged_in = true;
    read_challenges(f);
    if (f->r->challenge.scheme == CHALLENGE_NONE)
        return 0;
    if (registry_creds(f->r, err) < 0)
        return -1;
    if (f->r->challenge.scheme == CHALLENGE_BASIC)
        return secret_is_set(&f->r->creds.pair);
    if (token_fetch(f->r, f->call->scope, err) == 0)
        return 1;
    f->tokenless = true;
    return -1;
}

static bool
is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool
is_passing(long status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

int
registry_pause(unsigned attempt, struct str retry_after, struct err *err)
{
    int64_t ms = (int64_t)250 << (attempt < 8 ? attempt : 8);
    uint64_t seconds = 0;
    int64_t end;

    for (size_t i = 0; i < retry_after.n && seconds <= REGISTRY_WAIT_MAX_S; i++) {
        if (retry_after.p[i] < '0' || retry_after.p[i] > '9')
            break; /* a date, which clocks that differ make worthless */
        seconds = seconds * 10 + (uint64_t)(retry_after.p[i] - '0');
    }
    if ((int64_t)seconds * 1000 > ms)
        ms = (int64_t)seconds * 1000;
    if (ms > REGISTRY_WAIT_MAX_S * 1000)
        ms = REGISTRY_WAIT_MAX_S * 1000;
    end = clock_monotonic_ms(clock_system()) + ms;
    while ((ms = end - clock_monotonic_ms(clock_system())) > 0) {
        struct timespec t = {0, (ms < 200 ? (long)ms : 200L) * 1000000L};

        if (interrupt_check(err) < 0)
            return -1;
        nanosleep(&t, NULL);
    }
    return interrupt_check(err);
}

/* One try with all that belongs to it: redirects and logging in. */
static int
try_once(struct flight *f, struct err *err)
{
    int more;

    f->logged_in = false;
    if (start(f, err) < 0)
        return -1;
    for (;;) {
        if (send_one(f, err) < 0)
            return -1;
        if (f->call->follow && is_redirect(f->response->status)) {
            if (redirect(f, err) < 0)
                return -1;
            continue;
        }
        if (f->response->status != 401)
            return 0;
        more = log_in(f, err);
        if (more <= 0)
            return more;
        if (start(f, err) < 0)
            return -1;
    }
}

/* A host that never answered is misspelt more often than it is busy. */
static unsigned
most(const struct flight *f)
{
    return f->r->answered ? REGISTRY_ATTEMPTS : 2;
}

static int
fly(struct flight *f, struct err *err)
{
    unsigned attempt = 1;

    for (;;) {
        uint64_t before = f->call->received;
        struct err why = ERR_INIT;
        int done = try_once(f, &why);
        bool passing = done < 0 ? why.code == ERR_NET || why.code == ERR_TIMEOUT
                                : is_passing(f->response->status);

        if (f->call->received - before >= PROGRESS_BYTES)
            attempt = 1; /* it gets on */
        if (!passing || f->call->once || f->tokenless || attempt >= most(f)) {
            if (done < 0)
                *err = why;
            return done;
        }
        if (registry_pause(attempt++,
                           done == 0 ? http_response_header(f->response, "Retry-After")
                                     : (struct str){NULL, 0},
                           err) < 0)
            return -1;
    }
}

int
registry_send(struct registry *r, struct registry_call *call, struct http_response *response,
              struct err *err)
{
    struct flight f = {.r = r, .call = call, .response = response};
    int done = fly(&f, err);

    /* The address of a redirect is the peer's text. */
    if (done < 0 && f.redirects > 0)
        registry_hide(r, err);
    free(f.url);
    url_done(&f.at);
    return done;
}
