/* SPDX-License-Identifier: Apache-2.0 */
#include "images/docker_daemon.h"

#include <assert.h>
#include <stdbool.h>
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
    ANSWER_MAX = 256 * 1024 * 1024,   /* progress, of which one line is kept at a time */
    BEGIN_MAX = 64 * 1024,
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

/* The answer as it comes: JSON objects, one a line.  What kind of answer it is, is known only when
 * the request is over, so a fault is kept until then and what follows it is read and dropped. */
struct answer {
    struct buf begin; /* explains a status other than 200 */
    struct buf line;
    struct err fault; /* of the first line that has one */
};

static void
end_line(struct answer *a)
{
    struct str line = str_trim(buf_view(&a->line));

    if (buf_finish(&a->line, &a->fault) < 0)
        err_wrap(&a->fault, "the daemon's answer");
    else if (line.n > 0 && docker_daemon_check_line(line, &a->fault) < 0)
        assert(a->fault.code != ERR_NONE);
    buf_clear(&a->line);
}

static int
take_answer(void *ctx, const void *p, size_t n, struct err *err)
{
    struct answer *a = ctx;
    struct str rest = {p, n};
    size_t room = BEGIN_MAX - a->begin.n;

    (void)err;
    buf_append(&a->begin, p, n < room ? n : room);
    while (rest.p != NULL && a->fault.code == ERR_NONE) {
        buf_append_view(&a->line, str_cut(&rest, '\n'));
        if (rest.p != NULL)
            end_line(a);
    }
    return 0;
}

struct upload {
    struct docker_archive *archive;
    bool begun; /* the daemon was reached */
};

static ptrdiff_t
give_archive(void *ctx, void *into, size_t room, struct err *err)
{
    struct upload *u = ctx;

    u->begun = true;
    return docker_archive_read(u->archive, into, room, err);
}

int
docker_daemon_check_socket(const char *socket, struct err *err)
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
    struct str text = str_trim(buf_view(&a->begin));
    cleanup_json struct json_t *doc = json_parse(text, "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur message = json_at(&root, "message");

    return err_set(err, ERR_PROTOCOL, "the daemon answered %ld: %s", r->status,
                   json_str_or(&message, "no reason given"));
}

static int
check_answer(struct answer *a, struct err *err)
{
    if (a->fault.code == ERR_NONE)
        end_line(a); /* the last one may lack its line break */
    if (a->fault.code == ERR_NONE)
        return 0;
    *err = a->fault;
    return -1;
}

/* A daemon that fails early closes the connection while it is still being written to. */
static int
broke_off(const struct upload *u, struct err *err)
{
    if (err->code == ERR_NET && u->begun)
        return err_wrap(err, "the daemon broke off, its log says why (journalctl -u docker)");
    return -1;
}

int
docker_daemon_load(struct http_client *client, const char *socket, struct image *image,
                   const struct ref *name, struct err *err)
{
    static const struct http_header headers[] = {{"Content-Type", "application/x-tar"}};
    cleanup_docker_archive struct docker_archive *archive = docker_archive_new(image, name, err);
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    struct answer answer = {BUF_INIT(BEGIN_MAX), BUF_INIT(LINE_MAX_BYTES), ERR_INIT};
    struct upload upload = {archive, false};
    const struct http_request request = {
        .method = "POST",
        .url = "http://localhost/images/load?quiet=1",
        .unix_socket = socket,
        .headers = headers,
        .n_headers = ARRAY_LEN(headers),
        .body_size = -1,
        .body_read = give_archive,
        .body_ctx = &upload,
        .sink = take_answer,
        .sink_ctx = &answer,
        .timeout_ms = LOAD_TIMEOUT_MS,
        .max_body_bytes = ANSWER_MAX,
        .proxy = "",
    };
    int done;

    if (archive == NULL)
        return -1;
    done = http_send(client, &request, &response, err);
    if (done < 0)
        done = broke_off(&upload, err);
    else if (response.status != 200)
        done = refused(&response, &answer, err);
    else
        done = check_answer(&answer, err);
    buf_done(&answer.begin);
    buf_done(&answer.line);
    return done;
}
