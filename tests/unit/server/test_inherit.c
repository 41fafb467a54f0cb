/* SPDX-License-Identifier: Apache-2.0 */
#include "server/inherit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static void
sockets_are_found_by_the_bind_they_belong_to(void **state)
{
    static const struct {
        const char *text, *bind;
        unsigned n;
        int fds[3];
    } cases[] = {
        {"", ":80", 0, {0}},
        {"3 :80\n", ":80", 1, {3}},
        {"3,4,5 :80\n", ":80", 3, {3, 4, 5}},
        {"3 :80\n9,7 unix:/a b\n", "unix:/a b", 2, {9, 7}},
        {"3 :80\n4 :8", ":8", 1, {4}},
        {"3 :80\n", ":8", 0, {0}},
        {"\n\n3 :80\n", ":80", 1, {3}},
        {"x :81\n3 :80\n", ":80", 1, {3}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free int *fds = NULL;
        struct err err = ERR_INIT;
        unsigned n = 99;

        assert_int_equal(inherit_find(str_from(cases[i].text), cases[i].bind, &fds, &n, &err), 0);
        assert_int_equal(n, cases[i].n);
        for (unsigned j = 0; j < n; j++)
            assert_int_equal(fds[j], cases[i].fds[j]);
    }
}

static void
what_is_no_list_of_descriptors_is_refused(void **state)
{
    static const char *const texts[] = {" :80\n",   "x :80\n",  "-1 :80\n",        "3,,4 :80\n",
                                        ",3 :80\n", "3x :80\n", "2147483648 :80\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err = ERR_INIT;
        int *fds = NULL;
        unsigned n = 0;

        assert_int_equal(inherit_find(str_from(texts[i]), ":80", &fds, &n, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(fds);
    }
}

static void
what_was_added_is_found_again(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(1024);
    cleanup_free int *fds = NULL;
    struct err err = ERR_INIT;
    const int some[] = {12, 3};
    unsigned n;

    (void)state;
    assert_true(inherit_add(&text, "[::1]:0", some, 1));
    assert_true(inherit_add(&text, "unix:a b", some, 2));
    assert_string_equal(buf_cstr(&text), "12 [::1]:0\n12,3 unix:a b\n");
    assert_int_equal(inherit_find(buf_view(&text), "unix:a b", &fds, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_int_equal(fds[1], 3);
}

static void
a_bind_that_would_look_like_two_is_not_added(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(1024);
    const int one = 3;

    (void)state;
    assert_false(inherit_add(&text, "unix:a\n4 :80", &one, 1));
    assert_false(inherit_add(&text, "", &one, 1));
    assert_false(inherit_add(&text, ":80", &one, 0));
    assert_string_equal(buf_cstr(&text), "");
}

static void
only_sockets_that_are_meant_for_this_process_are_taken(void **state)
{
    char own[32];
    const struct {
        const char *pid, *count;
        unsigned expected;
    } cases[] = {
        {own, "2", 2},  {own, "0", 0},   {own, "1024", 1024}, {own, "1025", 0},
        {own, "-1", 0}, {own, "two", 0}, {own, "", 0},        {"1", "2", 0},
        {"", "2", 0},   {NULL, "2", 0},  {own, NULL, 0},
    };

    (void)state;
    snprintf(own, sizeof(own), "%ld", (long)getpid());
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        inherit_forget();
        if (cases[i].pid != NULL)
            setenv("LISTEN_PID", cases[i].pid, 1);
        if (cases[i].count != NULL)
            setenv("LISTEN_FDS", cases[i].count, 1);
        assert_int_equal(inherit_activated(), cases[i].expected);
    }
    inherit_forget();
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_found_by_the_bind_they_belong_to),
        cmocka_unit_test(what_is_no_list_of_descriptors_is_refused),
        cmocka_unit_test(what_was_added_is_found_again),
        cmocka_unit_test(a_bind_that_would_look_like_two_is_not_added),
        cmocka_unit_test(only_sockets_that_are_meant_for_this_process_are_taken),
    };

    return cmocka_run_group_tests_name("server/inherit", tests, NULL, NULL);
}
