/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/dest.h"

static const struct {
    const char *text;
    bool folder;
    const char *inner;
} accepted[] = {
    {"/app", false, "app"},     {"/etc/passwd", false, "etc/passwd"},
    {"/a b\n", false, "a b\n"}, {"/caf\xc3\xa9", false, "caf\xc3\xa9"},
    {"/...", false, "..."},     {"/.hidden", false, ".hidden"},
    {"/wh.x", false, "wh.x"},   {"/", true, ""},
    {"/srv/", true, "srv"},     {"/srv", true, "srv"},
};

static const struct {
    const char *text;
    bool folder;
} refused[] = {
    {"", false},
    {"app", false},
    {"./app", false},
    {"/", false},
    {"/app/", false},
    {"//app", false},
    {"/a//b", false},
    {"/a/../b", false},
    {"/..", false},
    {"/a/.", false},
    {"/./a", false},
    {"/.wh.x", false},
    {"/a/.wh..wh..opq", false},
    {"/\xff", false},
    {"/\xed\xa0\x80", false},
    {"//", true},
    {"", true},
    {"srv", true},
    {"/srv//", true},
    {"/..", true},
};

static void
paths_in_the_image_are_absolute_and_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        cleanup_free char *inner = NULL;
        struct err err = ERR_INIT;

        if (dest_parse(str_from(accepted[i].text), accepted[i].folder, &inner, &err) < 0)
            fail_msg("%s", err.msg);
        assert_string_equal(inner, accepted[i].inner);
    }
}

static void
paths_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char *inner = NULL;
        struct err err = ERR_INIT;

        if (dest_parse(str_from(refused[i].text), refused[i].folder, &inner, &err) == 0)
            fail_msg("'%s' was accepted", refused[i].text);
        assert_null(inner);
    }
}

static void
names_and_paths_have_a_longest(void **state)
{
    cleanup_free char *text = mem_alloc(DEST_PATH_MAX + 3);
    cleanup_free char *inner = NULL;
    struct err err = ERR_INIT;

    (void)state;
    text[0] = '/';
    memset(text + 1, 'n', DEST_NAME_MAX);
    assert_int_equal(dest_parse(str_from(text), false, &inner, &err), 0);
    text[1 + DEST_NAME_MAX] = 'n';
    free(steal_ptr(&inner));
    assert_int_equal(dest_parse(str_from(text), false, &inner, &err), -1);
    for (size_t i = 0; i < DEST_PATH_MAX + 1; i++)
        text[i] = i % 2 == 0 ? '/' : 'd';
    text[DEST_PATH_MAX + 1] = 'x';
    assert_int_equal(dest_parse(str_from(text), false, &inner, &err), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_in_the_image_are_absolute_and_plain),
        cmocka_unit_test(paths_that_lead_elsewhere_are_refused),
        cmocka_unit_test(names_and_paths_have_a_longest),
    };
    return cmocka_run_group_tests_name("images/dest", tests, NULL, NULL);
}
