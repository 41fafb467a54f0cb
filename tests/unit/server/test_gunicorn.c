/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gunicorn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/cli.h"
#include "base/err.h"
#include "server/options.h"

static void
flags_without_a_meaning_have_a_reason(void **state UNUSED)
{
    static const char *const cases[][2] = {
        {"-c", "GUNICORN_CMD_ARGS"},
        {"--certfile", "TLS"},
        {"-D", "foreground"},
        {"--reload", "Python"},
        {"--statsd-host", "/metrics"},
        {"--proxy-allow-from", "--forwarded-allow-ips"},
        {"--log-config", "--log-format"},
        {"--tolerate-dangerous-framing", "400"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *why = gunicorn_refusal(cases[i][0]);

        assert_non_null(why);
        assert_non_null(strstr(why, cases[i][1]));
    }
}

static void
no_option_of_ours_is_refused(void **state UNUSED)
{
    char word[64];

    for (const struct cli_opt *o = options_table; o->name != NULL; o++) {
        snprintf(word, sizeof(word), "--%s", o->name);
        assert_null(gunicorn_refusal(word));
        snprintf(word, sizeof(word), "-%c", o->letter != 0 ? o->letter : '?');
        assert_null(gunicorn_refusal(word));
    }
}

static void
applications_are_told_from_other_words(void **state UNUSED)
{
    static const char *const applications[] = {"app:app", "app.wsgi:application", "app.wsgi",
                                               "_a:_b",   "app:create(debug=1)",  "a1.b2:c3"};
    static const char *const others[] = {"",    "app",  "./app.wsgi", "/srv/app:x", "1.2.3.4:80",
                                         ":80", "app:", "app:80",     "a b",        "--x.y"};

    for (size_t i = 0; i < ARRAY_LEN(applications); i++)
        assert_non_null(strstr(gunicorn_refusal(applications[i]), "--proxy"));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_null(gunicorn_refusal(others[i]));
}

static void
worker_classes_have_our_names(void **state UNUSED)
{
    static const struct {
        const char *theirs, *ours;
        bool noted;
    } cases[] = {
        {"sync", "sync", false},         {"gthread", "threads", false},
        {"threads", "threads", false},   {"gevent", "event", true},
        {"eventlet", "event", true},     {"event", "event", false},
        {"nonsense", "nonsense", false},
    };
    static const char *const refused[] = {"tornado", "uvicorn.workers.UvicornWorker",
                                          "gunicorn.workers.ggevent.GeventWorker"};
    const struct cli_opt class = {.name = "worker-class"};
    const struct cli_opt other = {.name = "name"};
    struct err err = ERR_INIT;
    struct options o;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        o = options_defaults;
        assert_string_equal(gunicorn_value(&class, cases[i].theirs, &o, &err), cases[i].ours);
        assert_int_equal(o.note != NULL, cases[i].noted);
        assert_string_equal(gunicorn_value(&other, cases[i].theirs, &o, &err), cases[i].theirs);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_null(gunicorn_value(&class, refused[i], &o, &err));
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.msg, refused[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_without_a_meaning_have_a_reason),
        cmocka_unit_test(no_option_of_ours_is_refused),
        cmocka_unit_test(applications_are_told_from_other_words),
        cmocka_unit_test(worker_classes_have_our_names),
    };

    return cmocka_run_group_tests_name("server/gunicorn", tests, NULL, NULL);
}
