/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "server/options.h"
#include "server/settings.h"

enum { TEXT_MAX = 64 * 1024 };

static bool
prints(const struct options *o, const char *line)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);
    char *binds[] = {(char *)":8000"};
    struct settings s = {.binds = binds, .n_binds = 1};
    struct err err = ERR_INIT;

    options_print(o, &s, &out);
    assert_int_equal(buf_finish(&out, &err), 0);
    return strstr(buf_cstr(&out), line) != NULL;
}

static void
passwords_in_urls_are_masked(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"mysql://me:hunter2@db/posts", "mysql://me:***@db/posts"},
        {"mysql://me:hun@ter:2@db/posts", "mysql://me:***@db/posts"},
        {"mysql://:hunter2@db", "mysql://:***@db"},
        {"mysql://me@db:3306/posts", "mysql://me@db:3306/posts"},
        {"mysql://db:3306/a@b", "mysql://db:3306/a@b"},
        {"sqlite:a:b@c", "sqlite:a:b@c"},
        {"http://", "http://"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct options o = options_defaults;
        char line[128];

        o.database = cases[i][0];
        snprintf(line, sizeof(line), "\ndatabase = %s  (from: default)\n", cases[i][1]);
        assert_true(prints(&o, line));
        assert_false(prints(&o, "hunter2"));
    }
}

static void
values_of_variables_are_masked_and_control_characters_escaped(void **state UNUSED)
{
    const char *variables[] = {"A=hunter2", "B=hunter2=3", "C=", "D"};
    struct options o = options_defaults;

    o.env = (struct cli_list){variables, ARRAY_LEN(variables)};
    o.name = "a\nb\x7f";
    assert_true(prints(&o, "\nenv = A=***, B=***, C=***, D=***  (from: default)\n"));
    assert_true(prints(&o, "\nname = a\\x0ab\\x7f  (from: default)\n"));
}

static void
each_kind_of_value_has_a_text(void **state UNUSED)
{
    struct options o = options_defaults;

    o.cpus = 0.25;
    o.min_rate = 0;
    o.preload = true;
    assert_true(prints(&o, "\ncpus = 0.25  (from: default)\n"));
    assert_true(prints(&o, "\npreload = true  (from: default)\n"));
    assert_true(prints(&o, "\nstatic = (none)  (from: default)\n"));
    assert_true(prints(&o, "\nlog-format = text  (from: default)\n"));
    assert_true(prints(&o, " = 0  (from: default)\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_in_urls_are_masked),
        cmocka_unit_test(values_of_variables_are_masked_and_control_characters_escaped),
        cmocka_unit_test(each_kind_of_value_has_a_text),
    };

    return cmocka_run_group_tests_name("server/options_print", tests, NULL, NULL);
}
