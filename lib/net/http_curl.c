/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"
#include "net/http.h"
#include "net/url.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/version.h"
#include "net/http_ca.h"
#include "net/http_error.h"
#include "net/http_sigpipe.h"

/* http_client_new(): the client that speaks through libcurl. */

struct curl_client {
    struct http_client base;
    CURL *easy; /* keeps the connections between requests */
};

/* One request on its way. */
struct exchange {
    CURL *easy;
    const struct http_request *request;
    struct http_response *response;
    struct curl_slist *headers;
    const char *ca_file;
    size_t body_max;
    size_t body_received;
    size_t headers_received; /* of interim answers too, which are not kept */
    int64_t body_sent;
    CURLcode setup;
    struct err *err;
    bool failed; /* err says why a callback ended the transfer */
    char text[CURL_ERROR_SIZE];
};

/* curl_easy_setopt() checks its argument's type, so this cannot be a function. */
#define SET(x, option, value)                                        \
    do {                                                             \
        if ((x)->setup == CURLE_OK)                                  \
            (x)->setup = curl_easy_setopt((x)->easy, option, value); \
    } while (0)

/* What callbacks return to end the transfer: any size but the one they were given. */
static size_t
stop(struct exchange *x, size_t given)
{
    x->failed = true;
    return given > 0 ? 0 : 1;
}

static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    struct str line = {p, size * n};

    x->headers_received += line.n;
    if (x->headers_received > HTTP_HEADERS_MAX) {
        err_set(x->err, ERR_LIMIT, "the answer's headers are larger than %d bytes",
                HTTP_HEADERS_MAX);
        return stop(x, line.n);
    }
    if (str_starts(line, "HTTP/"))
        buf_clear(&x->response->headers);
    else if (str_trim(line).n > 0)
        buf_append_view(&x->response->headers, line);
    return line.n;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    const struct http_request *q = x->request;

    n *= size;
    if (x->body_received == 0)
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->response->status);
    if (n > x->body_max - x->body_received) {
        err_set(x->err, ERR_LIMIT, "the answer is larger than %zu bytes", x->body_max);
        return stop(x, n);
    }
    x->body_received += n;
    if (q->sink == NULL)
        buf_append(&x->response->body, p, n);
    else if (n > 0 && q->sink(q->sink_ctx, p, n, x->err) < 0)
        return stop(x, n);
    return n;
}

/* A body that is not as long as announced would leave the peer waiting, or cut off. */
static size_t
on_read(char *into, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    const struct http_request *q = x->request;
    ptrdiff_t got = q->body_read(q->body_ctx, into, size * n, x->err);

    if (got >= 0)
        x->body_sent += got;
    if (got >= 0 && q->body_size >= 0 &&
        (x->body_sent > q->body_size || (got == 0 && x->body_sent < q->body_size)))
        got = err_set(x->err, ERR_INVALID,
                      "the request's body has %lld bytes where %lld were announced",
                      (long long)x->body_sent, (long long)q->body_size);
    if (got < 0) {
        x->failed = true;
        return CURL_READFUNC_ABORT;
    }
    return (size_t)got;
}

static curl_socket_t
on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct exchange *x = ctx;

    (void)purpose;
    /* A name that has a forbidden address as well as a good one is as suspect. */
    if (x->failed || x->request->may_connect(x->request->connect_ctx, &to->addr, x->err) < 0) {
        x->failed = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int
on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct exchange *x = ctx;

    (void)a, (void)b, (void)c, (void)d;
    if (x->failed || x->request->may_go_on(x->err) == 0)
        return 0;
    x->failed = true;
    return 1;
}

static void
add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);

    if (longer == NULL)
        mem_fail(strlen(line));
    x->headers = longer;
}

static void
set_headers(struct exchange *x)
{
    bool has_type = false;

    /* Waiting for 100 Continue costs a second where a peer does not know it. */
    add_header(x, "Expect:");
    for (size_t i = 0; i < x->request->n_headers; i++) {
        const struct http_header *h = &x->request->headers[i];
        /* libcurl takes "Name:" as an order to leave a header out. */
        cleanup_free char *line = h->value[0] != '\0' ? mem_printf("%s: %s", h->name, h->value)
                                                      : mem_printf("%s;", h->name);

        has_type |= str_eq_nocase(str_from(h->name), "Content-Type");
        add_header(x, line);
    }
    if (!has_type)
        add_header(x, "Content-Type:"); /* not the form's type that libcurl assumes */
    SET(x, CURLOPT_HTTPHEADER, x->headers);
}

static void
set_method(struct exchange *x)
{
    const struct http_request *q = x->request;
    const char *method = q->method != NULL ? q->method : "GET";
    bool head = strcmp(method, "HEAD") == 0;
    bool has_body = q->body != NULL || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                    strcmp(method, "PATCH") == 0;

    if (q->body_read != NULL) {
        SET(x, CURLOPT_UPLOAD, 1L);
        SET(x, CURLOPT_READFUNCTION, on_read);
        SET(x, CURLOPT_READDATA, x);
        SET(x, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_size);
        /* It cannot be read twice, as it would have to be after a kept connection broke. */
        SET(x, CURLOPT_FRESH_CONNECT, 1L);
    } else if (has_body) {
        SET(x, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(q->body != NULL ? q->body_size : 0));
        SET(x, CURLOPT_POSTFIELDS, q->body != NULL ? (const char *)q->body : "");
    } else if (head) {
        SET(x, CURLOPT_NOBODY, 1L);
    }
    if (!head)
        SET(x, CURLOPT_CUSTOMREQUEST, method);
    /* HEAD announces a length that does not follow. */
    if (!head)
        SET(x, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->body_max);
}

/* ---- is there a proxy in between? As libcurl reads the environment ---- */

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *
proxy_for(bool https)
{
    static const char *const names[2][4] = {
        {"http_proxy", "all_proxy", "ALL_PROXY", NULL},
        {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}};

    for (size_t i = 0; i < 4 && names[https][i] != NULL; i++)
        if (variable(names[https][i]) != NULL)
            return variable(names[https][i]);
    return NULL;
}

/* A domain, with or without a dot in front, or an address, which has no tail. */
static bool
is_exempt_by(struct str entry, const char *name)
{
    struct str host = str_from(name), tail = host;
    enum address_kind unused;

    if (address_kind_of_host(name, &unused))
        return str_eq_nocase(entry, name);
    if (entry.n > 0 && entry.p[0] == '.') {
        entry.p++;
        entry.n--;
    }
    if (entry.n == 0 || host.n < entry.n)
        return false;
    tail.p += host.n - entry.n;
    tail.n = entry.n;
    return strncasecmp(tail.p, entry.p, entry.n) == 0 &&
           (host.n == entry.n || host.p[host.n - entry.n - 1] == '.');
}

static bool
is_exempt(const char *host)
{
    const char *list = variable("no_proxy") != NULL ? variable("no_proxy") : variable("NO_PROXY");
    struct str rest = str_from(list != NULL ? list : "");

    if (list != NULL && strcmp(list, "*") == 0)
        return true;
    while (rest.n > 0) {
        size_t n = strcspn(rest.p, ", ");

        if (is_exempt_by((struct str){rest.p, n}, host))
            return true;
        rest.p += n + (n < rest.n);
        rest.n -= n + (n < rest.n);
    }
    return false;
}

/* Networks in no_proxy (10.0.0.0/8) are not understood here: what lies there counts as reached
 * through the proxy, and its address is then not asked about. */
static bool
may_use_proxy(const struct http_request *q)
{
    cleanup_url struct url u = {0};
    struct err ignored = ERR_INIT;

    if (q->proxy != NULL || q->unix_socket != NULL)
        return q->proxy != NULL && q->proxy[0] != '\0';
    if (url_parse(q->url, &u, &ignored) < 0 || u.host == NULL)
        return false;
    return proxy_for(strcmp(u.scheme, "https") == 0) != NULL && !is_exempt(u.host);
}

/* CURLOPT_LOW_SPEED_TIME counts whole seconds. */
static void
set_watches(struct exchange *x)
{
    const struct http_request *q = x->request;

    if (q->may_connect != NULL && !may_use_proxy(q)) {
        SET(x, CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(x, CURLOPT_OPENSOCKETDATA, x);
    }
    if (q->may_go_on != NULL) {
        SET(x, CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(x, CURLOPT_XFERINFODATA, x);
        SET(x, CURLOPT_NOPROGRESS, 0L);
    }
    if (q->stall_ms > 0) {
        SET(x, CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(x, CURLOPT_LOW_SPEED_TIME, (long)((q->stall_ms + 999) / 1000));
    }
}

static void
set_peer(struct exchange *x)
{
    const struct http_request *q = x->request;
    const char *proxy = q->unix_socket != NULL ? "" : q->proxy;

    SET(x, CURLOPT_URL, q->url);
    SET(x, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
    SET(x, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(x, CURLOPT_FOLLOWLOCATION, 0L);
    SET(x, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (q->unix_socket != NULL)
        SET(x, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
    if (proxy != NULL)
        SET(x, CURLOPT_PROXY, proxy);
    SET(x, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(x, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(x, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(x, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(x, CURLOPT_CAINFO, x->ca_file);
    SET(x, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(q->connect_timeout_ms > 0 ? q->connect_timeout_ms : HTTP_CONNECT_TIMEOUT_MS));
    SET(x, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ms > 0 ? q->timeout_ms : HTTP_TIMEOUT_MS));
}

static void
set_callbacks(struct exchange *x)
{
    SET(x, CURLOPT_NOSIGNAL, 1L); /* programs of ours own their signals */
    SET(x, CURLOPT_USERAGENT, "berth/" BERTH_VERSION);
    SET(x, CURLOPT_ERRORBUFFER, x->text);
    SET(x, CURLOPT_HEADERFUNCTION, on_header);
    SET(x, CURLOPT_HEADERDATA, x);
    SET(x, CURLOPT_WRITEFUNCTION, on_body);
    SET(x, CURLOPT_WRITEDATA, x);
}

static int
perform(struct exchange *x)
{
    CURLcode rc = x->setup;
    cleanup_buf struct buf place = BUF_INIT(ERR_MSG_MAX / 2);
    struct http_sigpipe sigpipe;
    long sys = 0;

    http_sigpipe_hold(&sigpipe);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(x->easy);
    http_sigpipe_release(&sigpipe);
    if (x->failed) {
        http_error_place(x->request, &place);
        return err_wrap(x->err, "%s", buf_cstr(&place));
    }
    if (rc != CURLE_OK) {
        curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &sys);
        return http_error_set(x->request, (int)rc, x->text, (int)sys, x->ca_file, x->err);
    }
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->response->status);
    return 0;
}

static int
client_send(struct http_client *self, const struct http_request *request,
            struct http_response *response, struct err *err)
{
    struct curl_client *client = (struct curl_client *)self;
    struct exchange x = {
        .easy = client->easy,
        .request = request,
        .response = response,
        .ca_file = http_ca_file(request->ca_file),
        .body_max = request->max_body_bytes > 0 ? request->max_body_bytes : HTTP_BODY_MAX,
        .setup = CURLE_OK,
        .err = err,
    };
    int rc;

    assert(request->body == NULL || request->body_size >= 0);
    if (http_error_check(request, err) < 0)
        return -1;
    response->status = 0;
    buf_clear(&response->body);
    buf_clear(&response->headers);
    response->body.limit = x.body_max;
    response->headers.limit = HTTP_HEADERS_MAX;
    curl_easy_reset(client->easy);
    set_callbacks(&x);
    set_peer(&x);
    set_watches(&x);
    set_method(&x);
    set_headers(&x);
    rc = perform(&x);
    /* Nothing of this request may be reached through the handle any more. */
    curl_easy_reset(client->easy);
    curl_slist_free_all(x.headers);
    return rc;
}

static void
client_free(struct http_client *self)
{
    struct curl_client *client = (struct curl_client *)self;
    struct http_sigpipe sigpipe;

    http_sigpipe_hold(&sigpipe);
    curl_easy_cleanup(client->easy);
    http_sigpipe_release(&sigpipe);
    free(client);
}

static void
init_library(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        mem_fail(0);
}

struct http_client *
http_client_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct curl_client *client = mem_alloc(sizeof(*client));

    pthread_once(&once, init_library);
    client->base = (struct http_client){client_send, client_free};
    client->easy = curl_easy_init();
    if (client->easy == NULL)
        mem_fail(sizeof(*client));
    return &client->base;
}
