/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/docker_daemon.h"
#include "images/image.h"
#include "images/ref.h"
#include "net/http.h"

/* A daemon that takes the archive in small pieces and gives its answer in smaller ones. */
struct fake_daemon {
    struct http_client client;
    long status;
    const char *answer;
    size_t step;
    uint64_t received;
};

static int
fake_send(struct http_client *self, const struct http_request *request,
          struct http_response *response, struct err *err)
{
    struct fake_daemon *fake = (struct fake_daemon *)self;
    struct str rest = str_from(fake->answer);
    char piece[1000];
    ptrdiff_t n;

    while ((n = request->body_read(request->body_ctx, piece, sizeof(piece), err)) > 0)
        fake->received += (uint64_t)n;
    if (n < 0)
        return -1;
    while (rest.n > 0) {
        size_t step = rest.n < fake->step ? rest.n : fake->step;

        if (request->sink(request->sink_ctx, rest.p, step, err) < 0)
            return -1;
        rest.p += step;
        rest.n -= step;
    }
    response->status = fake->status;
    return 0;
}

static void
fake_free(struct http_client *self)
{
    (void)self;
}

static int
load(long status, const char *answer, size_t step, struct err *err)
{
    struct fake_daemon fake = {{fake_send, fake_free}, status, answer, step, 0};
    cleanup_ref struct ref ref = REF_INIT;
    cleanup_image struct image image;
    cleanup_buf struct buf config = BUF_INIT(10), manifest = BUF_INIT(10);
    int done;

    image_init(&image);
    buf_append_str(&config, "{}");
    buf_append_str(&manifest, "{ }");
    assert_int_equal(blob_from_text(&image.config, BLOB_CONFIG, &config, err), 0);
    assert_int_equal(blob_from_text(&image.manifest, BLOB_MANIFEST, &manifest, err), 0);
    assert_int_equal(ref_parse("docker-daemon:app", &ref, err), 0);
    /* Any path that may be read and written will do as the socket here. */
    done = docker_daemon_load(&fake.client, "/dev/null", &image, &ref, err);
    if (done == 0)
        assert_true(fake.received > 0 && fake.received % 512 == 0);
    return done;
}

static void
an_answer_is_read_line_by_line_however_it_arrives(void **state)
{
    static const char fine[] = "{\"status\":\"Loading layer\"}\r\n\r\n{\"stream\":\"Loaded\\n\"}";
    static const char wrong[] =
        "{\"stream\":\"x\"}\n{\"error\":\"e\",\"errorDetail\":{\"message\":\"no space\"}}\n";

    (void)state;
    for (size_t step = 1; step < sizeof(wrong); step += 7) {
        struct err err = ERR_INIT;

        if (load(200, fine, step, &err) < 0)
            fail_msg("%s", err.msg);
        assert_int_equal(load(200, wrong, step, &err), -1);
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_string_equal(err.msg, "the daemon says: no space");
    }
}

static void
an_error_at_the_very_end_counts(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(load(200, "{\"error\":\"late\"}", 4, &err), -1);
    assert_string_equal(err.msg, "the daemon says: late");
}

static void
a_status_is_explained_by_the_daemons_message(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(load(500, "{\"message\":\"read-only\"}", 100, &err), -1);
    assert_string_equal(err.msg, "the daemon answered 500: read-only");
    assert_int_equal(load(404, "page not found", 100, &err), -1);
    assert_string_equal(err.msg, "the daemon answered 404: no reason given");
    for (size_t step = 1; step < 20; step += 6) {
        assert_int_equal(load(500, "{\"message\":\"no room\"}\n", step, &err), -1);
        assert_string_equal(err.msg, "the daemon answered 500: no room");
        assert_int_equal(load(500, "{\n  \"message\": \"no room\"\n}\n", step, &err), -1);
        assert_string_equal(err.msg, "the daemon answered 500: no room");
        assert_int_equal(load(502, "<html>\n<body>\n", step, &err), -1);
        assert_string_equal(err.msg, "the daemon answered 502: no reason given");
    }
}

static void
only_unix_sockets_are_daemons(void **state)
{
    const char *socket;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(docker_daemon_socket(NULL, &socket, &err), 0);
    assert_string_equal(socket, "/var/run/docker.sock");
    assert_int_equal(docker_daemon_socket("", &socket, &err), 0);
    assert_int_equal(docker_daemon_socket("unix:///x", &socket, &err), 0);
    assert_string_equal(socket, "/x");
    assert_int_equal(docker_daemon_socket("tcp://127.0.0.1:2375", &socket, &err), -1);
    assert_int_equal(err.code, ERR_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read_line_by_line_however_it_arrives),
        cmocka_unit_test(an_error_at_the_very_end_counts),
        cmocka_unit_test(a_status_is_explained_by_the_daemons_message),
        cmocka_unit_test(only_unix_sockets_are_daemons),
    };
    return cmocka_run_group_tests_name("images/docker_daemon", tests, NULL, NULL);
}
