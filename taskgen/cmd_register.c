/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/session.h"
#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "ecs/client.h"
#include "ecs/register.h"
#include "net/http.h"
#include "taskgen/cmds.h"
#include "json/json.h"

enum { DOCUMENT_MAX = 1024 * 1024, ANSWER_MAX = 8 * 1024 * 1024, NAMES_MAX = 1024 };

struct register_opts {
    const char *profile, *region, *endpoint_url, *ca_bundle;
    uint64_t timeout;
    bool json, debug;
};

static const struct cli_opt register_opts[] = {
    {"profile", 0, CLI_STR, offsetof(struct register_opts, profile), "NAME",
     "Profile of the shared AWS files; the environment's keys are not used then."},
    {"region", 0, CLI_STR, offsetof(struct register_opts, region), "REGION",
     "Region, instead of AWS_REGION, AWS_DEFAULT_REGION or the profile's."},
    {"endpoint-url", 0, CLI_STR, offsetof(struct register_opts, endpoint_url), "URL",
     "Where ECS is reached, instead of the region's own host."},
    {"ca-bundle", 0, CLI_STR, offsetof(struct register_opts, ca_bundle), "FILE",
     "Certificates (PEM) to trust instead of the system's; also AWS_CA_BUNDLE."},
    {"timeout", 0, CLI_UINT, offsetof(struct register_opts, timeout), "SECONDS",
     "How long one attempt may take (60).", 1, 3600},
    {"json", 0, CLI_FLAG, offsetof(struct register_opts, json), NULL,
     "Print the service's whole answer instead of the ARN."},
    {"debug", 0, CLI_FLAG, offsetof(struct register_opts, debug), NULL,
     "Tell on standard error what is tried; secrets are left out."},
    {NULL}};

static int
read_document(const char *path, struct json_t **out, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    cleanup_buf struct buf dropped = BUF_INIT(NAMES_MAX);
    cleanup_json struct json_t *doc = NULL;

    if (fs_read(path, &text, err) < 0)
        return -1;
    doc = json_parse(buf_view(&text), name, err);
    if (doc == NULL)
        return -1;
    if (register_prepare(doc, out, &dropped, err) < 0)
        return err_wrap(err, "%s", name);
    if (dropped.n > 0)
        log_warn("%s: left out what only answers of ECS have: %s", name, buf_cstr(&dropped));
    return 0;
}

static int
print_revision(const struct client_revision *revision, bool json, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(ANSWER_MAX);

    if (json)
        json_write(revision->answer, JSON_PRETTY, &text);
    else
        buf_appendf(&text, "%s\n", revision->arn);
    if (buf_finish(&text, err) < 0)
        return -1;
    return fs_write_fd(STDOUT_FILENO, "standard output", text.p, text.n, err);
}

static int
register_run(const void *options, int n_operands, char **operands, struct err *err)
{
    const struct register_opts *o = options;
    const char *path = n_operands > 0 ? operands[0] : "-";
    const struct session_opts session_opts = {
        .profile = o->profile,
        .region = o->region,
        .ca_bundle = o->ca_bundle,
        .timeout_ms = (uint32_t)o->timeout * 1000,
    };
    cleanup_http_client struct http_client *http = NULL;
    cleanup_session struct session session = {.profile = PROFILE_INIT, .creds = CREDS_INIT};
    cleanup_client struct client client = {0};
    cleanup_client_revision struct client_revision revision = {0};
    cleanup_json struct json_t *body = NULL;

    if (o->debug)
        log_init("taskgen", LOG_LEVEL_DEBUG, false);
    if (n_operands == 0 && isatty(STDIN_FILENO))
        return err_set(
            err, ERR_USAGE,
            "register: no FILE, and standard input is a terminal; give a FILE, or pipe a "
            "definition in: taskgen --cpu 1024 | taskgen register");
    http = http_client_new();
    if (read_document(path, &body, err) < 0 ||
        session_init(&session, &session_opts, http, err) < 0 ||
        client_init(&client, &session, o->endpoint_url, err) < 0 ||
        client_register(&client, body, &revision, NULL, err) < 0)
        return err_wrap(err, "register");
    return print_revision(&revision, o->json, err);
}

const struct cli_cmd cmd_register = {
    .name = "register",
    .summary = "register a task definition with ECS",
    .operands = "[FILE]",
    .min_operands = 0,
    .max_operands = 1,
    .opts = register_opts,
    .opts_size = sizeof(struct register_opts),
    .run = register_run,
    .details =
        "FILE holds the body of a RegisterTaskDefinition call as JSON, as `taskgen render` prints "
        "it; without FILE, or with '-', it is read from standard input. The ARN of the new "
        "revision is printed.\n\n"
        "Credentials are looked for in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
        "AWS_SESSION_TOKEN), then in the profile of ~/.aws/credentials and ~/.aws/config, as the "
        "AWS CLI does. The endpoint can also come from AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL or "
        "the profile.",
};
