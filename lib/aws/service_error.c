/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/service_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "aws/creds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "net/http.h"
#include "json/json.h"

enum {
    MESSAGE_READ_MAX = 64 * 1024, /* of a body that is looked at */
    MASK_MIN = 4                  /* shorter "secrets" would mask ordinary words */
};

/* "com.amazonaws.ecs#ClientException:http://..." -> "ClientException" */
static void
set_code(struct service_error *out, struct str type)
{
    struct str rest = type;
    size_t n = 0;

    (void)str_cut(&rest, '#');
    if (rest.p != NULL)
        type = rest;
    while (n < type.n && n < sizeof(out->code) - 1 && type.p[n] > ' ' && type.p[n] <= '~' &&
           type.p[n] != ':') {
        out->code[n] = type.p[n];
        n++;
    }
    out->code[n] = '\0';
}

/* Replaces every occurrence of the secret by stars of the same length, in place. */
static void
mask(struct buf *text, const struct secret *secret)
{
    const char *needle = secret_reveal(secret);
    size_t n = strlen(needle);
    char *at = text->p;

    if (n < MASK_MIN || text->n == 0)
        return;
    while ((at = memmem(at, text->n - (size_t)(at - text->p), needle, n)) != NULL) {
        memset(at, '*', n);
        at += n;
    }
}

struct str
service_error_masked(struct str text, const struct creds *creds, struct buf *copy)
{
    buf_append(copy, text.p, text.n < copy->limit ? text.n : copy->limit);
    if (creds != NULL) {
        mask(copy, &creds->secret_key);
        mask(copy, &creds->token);
    }
    return buf_view(copy);
}

/* One line: runs of blanks and control characters become one blank. */
static void
set_message(struct service_error *out, struct str text)
{
    size_t n = 0;
    bool pending = false;

    for (size_t i = 0; i < text.n && n < sizeof(out->message) - 2; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= ' ' || c == 0x7f) {
            pending = n > 0;
            continue;
        }
        if (pending)
            out->message[n++] = ' ';
        pending = false;
        out->message[n++] = (char)c;
    }
    out->message[n] = '\0';
}

static void
copy_printable(char *out, size_t size, struct str s)
{
    size_t n = 0;

    while (n < s.n && n < size - 1 && s.p[n] > ' ' && s.p[n] <= '~') {
        out[n] = s.p[n];
        n++;
    }
    out[n] = '\0';
}

/* False when the body is no JSON object. */
static bool
read_json(struct service_error *out, struct str body, const struct creds *creds)
{
    struct err ignored = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(body, "answer", &ignored);
    struct json_cur root, type, message;
    cleanup_buf struct buf code = BUF_INIT(MESSAGE_READ_MAX);
    cleanup_buf struct buf text = BUF_INIT(MESSAGE_READ_MAX);
    const char *found;

    if (doc == NULL)
        return false;
    root = json_root(doc);
    if (!json_is_object(&root))
        return false;
    type = json_at(&root, "__type");
    if (out->code[0] == '\0')
        set_code(out, service_error_masked(str_from(json_str_or(&type, "")), creds, &code));
    message = json_at(&root, "message");
    found = json_str_or(&message, NULL);
    if (found == NULL) {
        message = json_at(&root, "Message");
        found = json_str_or(&message, "");
    }
    /* The mask works on decoded text: a '/' of a key may stand as "\/" in the body. */
    set_message(out, service_error_masked(str_from(found), creds, &text));
    return true;
}

void
service_error_read(const struct http_response *response, const struct creds *creds,
                   struct service_error *out)
{
    struct str body = buf_view(&response->body);
    cleanup_buf struct buf code = BUF_INIT(MESSAGE_READ_MAX);
    cleanup_buf struct buf id = BUF_INIT(MESSAGE_READ_MAX);
    cleanup_buf struct buf text = BUF_INIT(MESSAGE_READ_MAX);

    *out = (struct service_error){.status = response->status};
    set_code(out, service_error_masked(http_response_header(response, "x-amzn-errortype"), creds,
                                       &code));
    copy_printable(
        out->request_id, sizeof(out->request_id),
        service_error_masked(http_response_header(response, "x-amzn-requestid"), creds, &id));
    if (body.n == 0 || read_json(out, body, creds))
        return;
    service_error_masked(body, creds, &text);
    /* A page of a proxy in between: its beginning is enough to recognise it. */
    set_message(out, (struct str){text.p, text.n < 200 ? text.n : 200});
}

/* Whether other credentials, or more permissions, would help. */
static bool
is_denied(const struct service_error *e)
{
    static const char *const codes[] = {
        "AccessDenied",          "AccessDeniedException",
        "ExpiredToken",          "ExpiredTokenException",
        "InvalidClientTokenId",  "InvalidSignatureException",
        "IncompleteSignature",   "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch", "UnrecognizedClientException",
        "OptInRequired",         "InvalidIdentityToken",
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strcmp(e->code, codes[i]) == 0)
            return true;
    }
    return e->status == 401 || e->status == 403;
}

static bool
is_expired(const struct service_error *e)
{
    return strcmp(e->code, "ExpiredToken") == 0 || strcmp(e->code, "ExpiredTokenException") == 0;
}

int
service_error_set(const struct service_error *e, const struct creds *creds, struct err *err)
{
    bool denied = is_denied(e);
    char code[160];
    char where[400] = "";
    char id[160] = "";

    if (e->code[0] != '\0')
        snprintf(code, sizeof(code), "%s", e->code);
    else
        snprintf(code, sizeof(code), "HTTP status %ld", e->status);
    if (e->request_id[0] != '\0')
        snprintf(id, sizeof(id), ", request id %s", e->request_id);
    if (denied && creds != NULL && creds->source != NULL)
        snprintf(where, sizeof(where), "; the credentials come from %s%s", creds->source,
                 is_expired(e) ? " and have expired: get new ones" : "");
    return err_set(err, denied ? ERR_DENIED : ERR_PROTOCOL, "%s: %s (HTTP %ld%s)%s", code,
                   e->message[0] != '\0' ? e->message : "no message", e->status, id, where);
}
