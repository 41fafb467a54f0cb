/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_request.h"

#include <string.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

/* registry_refused(): an answer that says no, in one line. */

enum { TEXT_MAX = 300, PAIR_MAX = 2 * CREDS_CONFIG_MAX };

/* A peer that repeats what we sent shall not put it into our output. */
static bool
is_secret_in(const struct registry *r, const char *text)
{
    const char *pair = secret_reveal(&r->creds.pair);
    const char *password = strchr(pair, ':');
    struct buf encoded = BUF_INIT(PAIR_MAX);
    bool found;

    digest_base64_encode(str_from(pair), &encoded);
    found = encoded.n > 0 && strstr(text, buf_cstr(&encoded)) != NULL;
    if (encoded.n > 0)
        mem_wipe(encoded.p, encoded.n);
    buf_done(&encoded);
    if (found)
        return true;
    if (password != NULL && password[1] != '\0' && strstr(text, password + 1) != NULL)
        return true;
    for (size_t i = 0; i < r->tokens.n; i++)
        if (strstr(text, secret_reveal(&r->tokens.v[i].text)) != NULL)
            return true;
    return strstr(text, "Basic ") != NULL || strstr(text, "Bearer ") != NULL;
}

void
registry_hide(const struct registry *r, struct err *err)
{
    if (is_secret_in(r, err->msg))
        err_set(err, err->code, "%s: (the text repeats credentials and is not shown)", r->base);
}

static const char *
remedy(const struct registry *r, long status, const char *code)
{
    if (strcmp(code, "NAME_UNKNOWN") == 0)
        return "; no such repository: check its name, and whether it must be created first";
    if (status == 401 && !secret_is_set(&r->creds.pair))
        return "; set IMAGEGEN_CREDS=USER:PASSWORD or log in with docker login";
    if (status == 401 && r->tokens.n > 0)
        return "; this user may not do that";
    if (status == 401)
        return "; the user or the password is wrong";
    if (status == 403)
        return "; this user may not do that";
    return "";
}

static enum err_code
code_of(long status)
{
    if (status == 401 || status == 403)
        return ERR_DENIED;
    return status == 404 ? ERR_NOT_FOUND : ERR_PROTOCOL;
}

int
registry_refused(const struct registry *r, const struct http_response *response, const char *what,
                 struct err *err)
{
    struct err ignored = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(buf_view(&response->body), "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur errors = json_at(&root, "errors");
    struct json_cur first = json_item(&errors, 0);
    struct json_cur code = json_at(&first, "code");
    struct json_cur message = json_at(&first, "message");
    struct json_cur details = json_at(&root, "details"); /* of token services */
    const char *c = json_str_or(&code, "");
    const char *text = json_str_or(&message, json_str_or(&details, ""));

    if (is_secret_in(r, text) || is_secret_in(r, c)) {
        c = "";
        text = "(the text repeats credentials and is not shown)";
    }
    return err_set(err, code_of(response->status), "%s: the answer was %ld%s%.60s%s%.*s%s", what,
                   response->status, c[0] != '\0' ? " " : "", c, text[0] != '\0' ? ": " : "",
                   TEXT_MAX, text, remedy(r, response->status, c));
}
