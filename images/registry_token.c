/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_token.h"

#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/interrupt.h"
#include "images/registry_request.h"
#include "net/address.h"
#include "json/json.h"

enum { URL_TEXT_MAX = 16 * 1024, HEADER_TEXT_MAX = 16 * 1024 };

void
tokens_done(struct tokens *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->v[i].scope);
        secret_done(&t->v[i].text);
    }
    free(t->v);
    *t = (struct tokens){NULL, 0};
}

const struct token *
token_find(const struct tokens *t, const char *scope)
{
    int64_t now = clock_monotonic_ms(clock_system());

    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].scope, scope) == 0 && t->v[i].end_ms > now)
            return &t->v[i];
    return NULL;
}

static void
keep(struct tokens *t, const char *scope, const char *text, int64_t seconds)
{
    /* Used up before it ends, as it has to travel. */
    int64_t end = clock_monotonic_ms(clock_system()) + seconds * 900;

    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->v[i].scope, scope) != 0)
            continue;
        secret_set(&t->v[i].text, text, strlen(text));
        t->v[i].end_ms = end;
        return;
    }
    t->v = mem_realloc(t->v, t->n + 1, sizeof(*t->v));
    t->v[t->n] = (struct token){mem_strdup(scope), SECRET_INIT, end};
    secret_set(&t->v[t->n++].text, text, strlen(text));
}

/* What stands in the URL; names are looked at when they are resolved. */
static int
check_realm(const struct registry *r, const char *realm, struct err *err)
{
    cleanup_url struct url u = {0};
    enum address_kind kind;

    if (url_parse(realm, &u, err) < 0)
        return -1;
    if (url_same_origin(&u, &r->origin))
        return 0;
    if (strcmp(u.scheme, "https") != 0)
        return err_set(err, ERR_DENIED, "'%s' is not https: no credentials are sent there", u.host);
    if (address_kind_of_host(u.host, &kind))
        return registry_check_peer(r, kind, u.host, err);
    return 0;
}

static int
may_connect(void *ctx, const struct sockaddr *to, struct err *err)
{
    const struct registry *r = ctx;
    char text[ADDRESS_TEXT_MAX];

    address_write(to, text);
    return registry_check_peer(r, address_kind(to), text, err);
}

static char *
token_url(const struct challenge *c, const char *scopes)
{
    struct buf url = BUF_INIT(URL_TEXT_MAX);
    struct str rest = str_from(scopes);
    char sep = strchr(c->realm, '?') != NULL ? '&' : '?';

    buf_append_str(&url, c->realm);
    if (c->service != NULL) {
        buf_appendf(&url, "%cservice=", sep);
        url_encode(str_from(c->service), false, &url);
        sep = '&';
    }
    while (rest.p != NULL) {
        buf_appendf(&url, "%cscope=", sep);
        url_encode(str_cut(&rest, ' '), false, &url);
        sep = '&';
    }
    return buf_take(&url);
}

static int
read_token(struct registry *r, const char *scope, struct str text, struct err *err)
{
    struct err ignored = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(text, "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur token = json_at(&root, "token");
    struct json_cur access = json_at(&root, "access_token");
    struct json_cur expires = json_at(&root, "expires_in");
    const char *t = json_str_or(&token, json_str_or(&access, ""));
    int64_t seconds = TOKEN_LIFE_S;

    if (t[0] == '\0' || t[strcspn(t, "\r\n")] != '\0')
        return err_set(err, ERR_PROTOCOL, "the answer holds no token");
    if (json_get_int(&expires, 1, 7 * 24 * 3600, &seconds, &ignored) < 0)
        seconds = TOKEN_LIFE_S;
    keep(&r->tokens, scope, t, seconds);
    return 0;
}

/* A client of its own: none of its connections was made under another rule. */
static int
ask(struct registry *r, const char *url, const char *authorization, struct http_response *response,
    struct err *err)
{
    cleanup_http_client struct http_client *client = http_client_new();
    const struct http_header headers[] = {{"Authorization", authorization}};
    const struct http_request request = {
        .url = url,
        .headers = headers,
        .n_headers = authorization != NULL ? 1 : 0,
        .may_connect = may_connect,
        .connect_ctx = r,
        .may_go_on = interrupt_check,
        .max_body_bytes = TOKEN_ANSWER_MAX,
        .ca_file = r->opts.ca_file,
        .proxy = r->kinds_seen == 1U << ADDRESS_LOOPBACK ? "" : NULL,
    };

    for (unsigned attempt = 1;; attempt++) {
        int done = http_send(client, &request, response, err);
        bool passing = done < 0 ? err->code == ERR_NET || err->code == ERR_TIMEOUT
                                : response->status == 429 || response->status >= 500;

        if (!passing || attempt == REGISTRY_ATTEMPTS)
            return done;
        if (registry_pause(attempt,
                           done == 0 ? http_response_header(response, "Retry-After")
                                     : (struct str){NULL, 0},
                           err) < 0)
            return -1;
    }
}

static char *
basic(const struct registry *r)
{
    struct buf header = BUF_INIT(HEADER_TEXT_MAX);

    if (!secret_is_set(&r->creds.pair))
        return NULL;
    buf_append_str(&header, "Basic ");
    digest_base64_encode(str_from(secret_reveal(&r->creds.pair)), &header);
    return buf_take(&header);
}

int
token_fetch(struct registry *r, const char *scope, struct err *err)
{
    struct http_response response = HTTP_RESPONSE_INIT;
    cleanup_free char *url = NULL;
    cleanup_free char *authorization = NULL;
    int done;

    if (r->challenge.realm == NULL)
        return err_set(err, ERR_PROTOCOL, "%s asks for a token and does not say from where",
                       r->base);
    if (check_realm(r, r->challenge.realm, err) < 0)
        return err_wrap(err, "the token service that %s names", r->base);
    url = token_url(&r->challenge, scope);
    authorization = basic(r);
    done = ask(r, url, authorization, &response, err);
    if (done == 0 && response.status == 200)
        done = read_token(r, scope, buf_view(&response.body), err);
    else if (done == 0)
        done = registry_refused(r, &response, "the token service", err);
    if (done < 0)
        err_wrap(err, "log in to %s", r->base);
    if (response.body.n > 0)
        mem_wipe(response.body.p, response.body.n);
    if (authorization != NULL)
        mem_wipe(authorization, strlen(authorization));
    http_response_done(&response);
    return done;
}
