/* SPDX-License-Identifier: Apache-2.0 */
#include "images/ecr.h"

#include <string.h>

#include "aws/aws_json.h"
#include "aws/digest.h"
#include "aws/endpoint.h"
#include "aws/partition.h"
#include "aws/session.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "json/json.h"

enum { ACCOUNT_DIGITS = 12, TOKEN_MAX = 16 * 1024 };

static const char user[] = "AWS:";

static bool
is_account(struct str s)
{
    if (s.n != ACCOUNT_DIGITS)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

bool
ecr_parse_host(const char *host, struct ecr_host *out)
{
    struct str rest = str_from(host);
    struct str account = str_cut(&rest, '.');
    struct str dkr = str_cut(&rest, '.');
    struct str ecr = str_cut(&rest, '.');
    struct str region = str_cut(&rest, '.');
    struct ecr_host h;

    if (rest.p == NULL || !is_account(account) || !str_eq(dkr, "dkr") ||
        !(str_eq(ecr, "ecr") || str_eq(ecr, "ecr-fips")) || region.n == 0 ||
        region.n >= sizeof(h.region))
        return false;
    memcpy(h.region, region.p, region.n);
    h.region[region.n] = '\0';
    if (!str_eq(rest, partition_of(h.region)->dns_suffix))
        return false;
    *out = h;
    return true;
}

/* base64 of "AWS:password". */
static int
read_token(const char *text, struct secret *out, struct err *err)
{
    cleanup_buf struct buf plain = BUF_INIT(TOKEN_MAX);
    bool good = digest_base64_decode(str_from(text), &plain) &&
                str_starts(buf_view(&plain), user) && plain.n > sizeof(user) - 1;

    if (good)
        secret_set(out, plain.p + sizeof(user) - 1, plain.n - (sizeof(user) - 1));
    if (plain.p != NULL)
        mem_wipe(plain.p, plain.n);
    if (!good)
        return err_set(err, ERR_PROTOCOL, "GetAuthorizationToken: the answer holds no token");
    return 0;
}

static int
ask(struct session *session, struct secret *out, struct err *err)
{
    cleanup_endpoint struct endpoint endpoint = {0};
    cleanup_json struct json_t *input = json_new_object();
    cleanup_json struct json_t *answer = NULL;
    struct aws_json_call call = {.service = &endpoint_ecr,
                                 .endpoint = &endpoint,
                                 .target_prefix = "AmazonEC2ContainerRegistry_V20150921",
                                 .operation = "GetAuthorizationToken"};
    struct json_cur root, data, first, token;

    if (endpoint_choose(&endpoint_ecr, NULL, session->region, &session->profile, &endpoint, err) <
            0 ||
        aws_json_send(session, &call, input, &answer, NULL, err) < 0)
        return -1;
    root = json_root(answer);
    data = json_at(&root, "authorizationData");
    first = json_item(&data, 0);
    token = json_at(&first, "authorizationToken");
    return read_token(json_str_or(&token, ""), out, err);
}

int
ecr_password(const struct ecr_host *host, const char *ca_file, struct http_client *http,
             struct secret *out, struct err *err)
{
    const struct session_opts opts = {.region = host->region, .ca_bundle = ca_file};
    cleanup_session struct session session = {.profile = PROFILE_INIT, .creds = CREDS_INIT};

    if (session_init(&session, &opts, http, err) < 0)
        return -1;
    return ask(&session, out, err);
}
