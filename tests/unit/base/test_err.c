/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
setting_returns_minus_one_and_keeps_the_text(void **state UNUSED)
{
    struct err err = ERR_INIT;

    assert_int_equal(err_set(&err, ERR_DIGEST, "want %s, got %d", "a", 3), -1);
    assert_int_equal(err.code, ERR_DIGEST);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.msg, "want a, got 3");
}

static void
an_argument_may_be_the_old_text(void **state UNUSED)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_IO, "inside");
    err_set(&err, ERR_NET, "outside: %s", err.msg);
    assert_string_equal(err.msg, "outside: inside");
    err_wrap(&err, "around %s", err.msg);
    assert_string_equal(err.msg, "around outside: inside: outside: inside");
}

static void
wrapping_prepends_and_keeps_the_code(void **state UNUSED)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_LIMIT, "too large");
    assert_int_equal(err_wrap(&err, "layer %d", 3), -1);
    assert_int_equal(err_wrap(&err, "pull"), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(err.msg, "pull: layer 3: too large");
}

static void
the_code_follows_from_errno(void **state UNUSED)
{
    static const struct {
        int sys;
        enum err_code code;
    } cases[] = {
        {ENOENT, ERR_NOT_FOUND},   {ENOTDIR, ERR_NOT_FOUND},
        {EEXIST, ERR_EXISTS},      {EACCES, ERR_DENIED},
        {EPERM, ERR_DENIED},       {EROFS, ERR_DENIED},
        {ETIMEDOUT, ERR_TIMEOUT},  {EFBIG, ERR_LIMIT},
        {ENAMETOOLONG, ERR_LIMIT}, {EIO, ERR_IO},
        {ENOSPC, ERR_IO},          {EMFILE, ERR_IO},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;

        errno = cases[i].sys;
        assert_int_equal(err_sys(&err, "open '%s'", "f"), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.sys, cases[i].sys);
        assert_int_equal(strncmp(err.msg, "open 'f': ", 10), 0);
        assert_string_equal(err.msg + 10, strerror(cases[i].sys));
    }
}

static void
long_texts_are_cut_and_stay_terminated(void **state UNUSED)
{
    struct err err = ERR_INIT;
    char text[3 * ERR_MSG_MAX];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    err_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    errno = ENOENT;
    err_sys(&err, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_int_equal(err.sys, ENOENT);
}

static void
every_code_has_a_name_and_an_exit_status(void **state UNUSED)
{
    for (int code = ERR_NONE; code <= ERR_INTERNAL; code++) {
        struct err err = {.code = (enum err_code)code};
        int want = code == ERR_NONE ? 0 : code == ERR_USAGE ? 2 : code == ERR_TIMEOUT ? 124 : 1;

        assert_int_equal(err_exit_status(&err), want);
        assert_true(strlen(err_code_name((enum err_code)code)) > 0);
        for (int other = ERR_NONE; other < code; other++)
            assert_string_not_equal(err_code_name((enum err_code)other),
                                    err_code_name((enum err_code)code));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_returns_minus_one_and_keeps_the_text),
        cmocka_unit_test(an_argument_may_be_the_old_text),
        cmocka_unit_test(wrapping_prepends_and_keeps_the_code),
        cmocka_unit_test(the_code_follows_from_errno),
        cmocka_unit_test(long_texts_are_cut_and_stay_terminated),
        cmocka_unit_test(every_code_has_a_name_and_an_exit_status),
    };

    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
