/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "tests/support/capture.h"

enum { CAUGHT_MAX = 256 * 1024 };

/* Logs one message and gives the whole of standard error. */
static void
logged(struct buf *out, enum log_level level, const char *text)
{
    struct capture c;

    buf_clear(out);
    capture_start(&c, STDERR_FILENO);
    log_at(level, "%s", text);
    capture_stop(&c, out);
}

static void
text_lines_begin_with_the_program_and_mark_their_level(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);

    log_init("prog", LOG_LEVEL_DEBUG, false);
    logged(&got, LOG_LEVEL_ERROR, "a");
    assert_string_equal(buf_cstr(&got), "prog: a\n");
    logged(&got, LOG_LEVEL_WARN, "b");
    assert_string_equal(buf_cstr(&got), "prog: warning: b\n");
    logged(&got, LOG_LEVEL_INFO, "c");
    assert_string_equal(buf_cstr(&got), "prog: c\n");
    logged(&got, LOG_LEVEL_DEBUG, "d");
    assert_string_equal(buf_cstr(&got), "prog: debug: d\n");
}

static void
messages_above_the_level_are_not_written(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);
    struct capture c;

    log_init("prog", LOG_LEVEL_WARN, false);
    assert_int_equal(log_level_get(), LOG_LEVEL_WARN);
    capture_start(&c, STDERR_FILENO);
    log_info("no");
    log_debug("no");
    log_warn("yes %d", 1);
    log_error("yes %d", 2);
    capture_stop(&c, &got);
    assert_string_equal(buf_cstr(&got), "prog: warning: yes 1\nprog: yes 2\n");
}

static void
no_text_can_forge_a_line_or_drive_a_terminal(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);

    log_init("prog", LOG_LEVEL_INFO, false);
    logged(&got, LOG_LEVEL_INFO,
           "GET /\r\nprog: forged\x1b[2J\x7f\tgr\xc3\xbc\xc3\x9f\xc2\x9b\xff");
    assert_string_equal(buf_cstr(&got), "prog: GET /\\x0d\\x0aprog: forged\\x1b[2J\\x7f\\x09gr"
                                        "\xc3\xbc\xc3\x9f\\x9b\\xff\n");
}

static void
json_lines_stay_json_whatever_they_quote(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);

    log_init("prog", LOG_LEVEL_INFO, true);
    logged(&got, LOG_LEVEL_WARN, "say \"hi\" \\ \n\x01\xc2\x9b\xc3\xbc\xff");
    assert_true(str_starts(buf_view(&got), "{\"time\":\"2"));
    assert_true(str_ends(buf_view(&got),
                         "Z\",\"level\":\"warn\",\"program\":\"prog\",\"message\":\"say \\\"hi\\\" "
                         "\\\\ \\u000a\\u0001\\u009b\xc3\xbc\xef\xbf\xbd\"}\n"));
    assert_true(utf8_is_valid(buf_view(&got)));
}

static void
one_message_is_one_line_however_long(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);
    char text[64 * 1024];

    memset(text, '\x01', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (int json = 0; json < 2; json++) {
        log_init("prog", LOG_LEVEL_INFO, json != 0);
        logged(&got, LOG_LEVEL_INFO, text);
        assert_true(got.n > 4000);
        assert_int_equal(str_find(buf_view(&got), '\n'), got.n - 1);
    }
}

static void
errno_survives_and_is_what_percent_m_prints(void **state UNUSED)
{
    cleanup_buf struct buf got = BUF_INIT(CAUGHT_MAX);
    struct capture c;
    int after;

    log_init("prog", LOG_LEVEL_INFO, true);
    capture_start(&c, STDERR_FILENO);
    errno = ENOENT;
    log_info("why: %m");
    after = errno;
    log_debug("not written");
    assert_int_equal(errno, after);
    capture_stop(&c, &got);
    assert_int_equal(after, ENOENT);
    assert_non_null(strstr(buf_cstr(&got), "why: No such file or directory"));
}

static void
a_closed_standard_error_is_survived(void **state UNUSED)
{
    int saved = dup(STDERR_FILENO);

    log_init("prog", LOG_LEVEL_INFO, false);
    close(STDERR_FILENO);
    errno = ENOENT;
    log_error("nobody hears");
    assert_int_equal(errno, ENOENT);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    close(saved);
}

static void
levels_have_the_names_that_users_know(void **state UNUSED)
{
    static const struct {
        const char *name;
        enum log_level want;
    } good[] = {{"error", LOG_LEVEL_ERROR}, {"critical", LOG_LEVEL_ERROR},
                {"warn", LOG_LEVEL_WARN},   {"warning", LOG_LEVEL_WARN},
                {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG}};
    static const char *const bad[] = {"", "INFO", "trace", "info "};
    enum log_level got = LOG_LEVEL_ERROR;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(log_level_parse(good[i].name, &got));
        assert_int_equal(got, good[i].want);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(log_level_parse(bad[i], &got));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines_begin_with_the_program_and_mark_their_level),
        cmocka_unit_test(messages_above_the_level_are_not_written),
        cmocka_unit_test(no_text_can_forge_a_line_or_drive_a_terminal),
        cmocka_unit_test(json_lines_stay_json_whatever_they_quote),
        cmocka_unit_test(one_message_is_one_line_however_long),
        cmocka_unit_test(errno_survives_and_is_what_percent_m_prints),
        cmocka_unit_test(a_closed_standard_error_is_survived),
        cmocka_unit_test(levels_have_the_names_that_users_know),
    };

    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
