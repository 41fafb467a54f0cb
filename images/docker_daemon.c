/* SPDX-License-Identifier: Apache-2.0 */
#include "images/docker_daemon.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/docker_archive.h"
#include "images/ref.h"
#include "net/http.h"
#include "json/json.h"

enum {
    LOAD_TIMEOUT_MS = 60 * 60 * 1000, /* the daemon unpacks before it answers */
    ANSWER_MAX = 4 * 1024 * 1024,
    LINE_MAX_BYTES = 64 * 1024
};

int
docker_daemon_socket(const char *host, const char **out, struct err *err)
{
    if (host == NULL || host[0] == '\0') {
        *out = DOCKER_DAEMON_SOCKET;
        return 0;
    }
    if (strncmp(host, "unix://", 7) != 0 || host[7] == '\0')
        return err_set(err, ERR_UNSUPPORTED,
                       "DOCKER_HOST '%s': only unix:// sockets are offered; write a "
                       "docker-archive: and load it there",
                       host);
    *out = host + 7;
    return 0;
}

int
docker_daemon_check_line(struct str line, struct err *err)
{
    struct err ignored = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(line, "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur detail = json_at(&root, "errorDetail");
    struct json_cur message = json_at(&detail, "message");
    struct json_cur error = json_at(&root, "error");
    const char *why = json_str_or(&message, json_str_or(&error, NULL));

    if (doc == NULL)
        return err_set(err, ERR_PROTOCOL, "the daemon's answer is no JSON");
    if (why != NULL)
        return err_set(err, ERR_PROTOCOL, "the daemon says: %s", why);
    return 0;
}

/* The answer as it comes: JSON objects, one a line. */
struct answer {
    struct buf line;
};

static int
end_line(struct answer *a, struct err *err)
{
    struct str line = str_trim(buf_view(&a->line));
    int done = line.n > 0 ? docker_daemon_check_line(line, err) : 0;

    buf_clear(&a->line);
    return done;
}

static int
take_answer(void *ctx, const void *p, size_t n, struct err *err)
{
    struct answer *a = ctx;
    struct str rest = {p, n};

    while (rest.p != NULL) {
        struct str piece = str_cut(&rest, '\n');

        buf_append_view(&a->line, piece);
        if (buf_finish(&a->line, err) < 0)
            return err_wrap(err, "the daemon's answer");
        if (rest.p != NULL && end_line(a, err) < 0)
            return -1;
    }
    return 0;
}

static ptrdiff_t
give_archive(void *ctx, void *into, size_t room, struct err *err)
{
    return docker_archive_read(ctx, into, room, err);
}

static int
check_socket(const char *socket, struct err *err)
{
    if (access(socket, R_OK | W_OK) == 0)
        return 0;
    err_sys(err, "Docker's socket '%s'", socket);
    if (err->code == ERR_NOT_FOUND)
        return err_set(err, ERR_NOT_FOUND,
                       "Docker's socket '%s' is not there: is the daemon running?  DOCKER_HOST "
                       "names another",
                       socket);
    if (err->code == ERR_DENIED)
        return err_set(err, ERR_DENIED,
                       "Docker's socket '%s' may not be used by this user: join the group docker "
                       "or write a docker-archive:",
                       socket);
    return -1;
}

static int
refused(const struct http_response *r, const struct answer *a, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct str text = str_trim(buf_view(&a->line));
    cleanup_json struct json_t *doc = json_parse(text, "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur message = json_at(&root, "message");

    return err_set(err, ERR_PROTOCOL, "the daemon answered %ld: %s", r->status,
                   json_str_or(&message, "no reason given"));
}

int
docker_daemon_load(struct http_client *client, const char *socket, struct image *image,
                   const struct ref *name, struct err *err)
{
    static const struct http_header headers[] = {{"Content-Type", "application/x-tar"}};
    cleanup_docker_archive struct docker_archive *archive = NULL;
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    struct answer answer = {BUF_INIT(LINE_MAX_BYTES)};
    struct http_request request = {
        .method = "POST",
        .url = "http://localhost/images/load?quiet=1",
        .unix_socket = socket,
        .headers = headers,
        .n_headers = ARRAY_LEN(headers),
        .body_size = -1,
        .body_read = give_archive,
        .sink = take_answer,
        .sink_ctx = &answer,
        .timeout_ms = LOAD_TIMEOUT_MS,
        .max_body_bytes = ANSWER_MAX,
        .proxy = "",
    };
    int done;

    if (check_socket(socket, err) < 0)
        return -1;
    archive = docker_archive_new(image, name, err);
    if (archive == NULL)
        return -1;
    request.body_ctx = archive;
    done = http_send(client, &request, &response, err);
    if (done == 0 && response.status != 200)
        done = refused(&response, &answer, err);
    else if (done == 0)
        done = end_line(&answer, err);
    buf_done(&answer.line);
    return done;
}
