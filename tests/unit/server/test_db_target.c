/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "server/db.h"

static void
sqlite_files_are_named_as_their_users_do(void **state)
{
    static const struct {
        const char *text, *path;
        bool read_only;
    } cases[] = {
        {"a.db", "a.db", true},
        {"/x/a.db", "/x/a.db", true},
        {"sqlite:a.db", "a.db", true},
        {"sqlite:/a.db", "/a.db", true},
        {"sqlite:///x/a.db", "/x/a.db", true},
        {"sqlite:a.db?mode=rw", "a.db", false},
        {"sqlite:a.db?mode=ro", "a.db", true},
        {"sqlite:///a.db?mode=rw", "/a.db", false},
        /* Without the scheme a name is a name. */
        {"a.db?mode=rw", "a.db?mode=rw", true},
        {"bad%3f#?.db", "bad%3f#?.db", true},
        {"./a://b", "./a://b", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_db_target struct db_target t = {.driver = NULL};
        struct err err = ERR_INIT;

        assert_int_equal(db_target_parse(cases[i].text, false, &t, &err), 0);
        assert_string_equal(t.path, cases[i].path);
        assert_int_equal(t.read_only, cases[i].read_only);
        assert_ptr_equal(t.driver, &db_sqlite);
    }
}

static void
mysql_urls_are_taken_apart(void **state)
{
    cleanup_db_target struct db_target t = {.driver = NULL};
    struct err err = ERR_INIT;
    char text[256];

    (void)state;
    assert_int_equal(db_target_parse("mysql://app:s%40cr:et@db.example:3307/blog?tls=verify-ca&"
                                     "tls-ca=/etc/ca.pem&connect-timeout=2",
                                     true, &t, &err),
                     0);
    assert_string_equal(t.user, "app");
    assert_string_equal(t.password, "s@cr:et");
    assert_string_equal(t.host, "db.example");
    assert_int_equal(t.port, 3307);
    assert_string_equal(t.name, "blog");
    assert_int_equal(t.tls, DB_TLS_VERIFY_CA);
    assert_string_equal(t.tls_ca, "/etc/ca.pem");
    assert_int_equal(t.connect_timeout_ms, 2000);
    assert_null(t.path);
    db_target_format(&t, text);
    assert_string_equal(text, "mysql://app@db.example:3307/blog");
    db_target_set_password(&t, STR_LIT("other"));
    assert_string_equal(t.password, "other");
}

static void
parts_of_a_mysql_url_may_be_left_out(void **state)
{
    static const struct {
        const char *text, *user, *host, *socket;
        uint16_t port;
    } cases[] = {
        {"mysql://h/d", NULL, "h", NULL, 3306},
        {"mariadb://u@h/d", "u", "h", NULL, 3306},
        {"mysql://u@[::1]:9/d", "u", "::1", NULL, 9},
        {"mysql://u@[::1]/d", "u", "::1", NULL, 3306},
        {"mysql://u@/d?socket=/run/a%20b.sock", "u", NULL, "/run/a b.sock", 3306},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_db_target struct db_target t = {.driver = NULL};
        struct err err = ERR_INIT;

        assert_int_equal(db_target_parse(cases[i].text, false, &t, &err), 0);
        assert_int_equal(t.port, cases[i].port);
        assert_true(cases[i].user != NULL ? strcmp(t.user, cases[i].user) == 0 : t.user == NULL);
        assert_true(cases[i].host != NULL ? strcmp(t.host, cases[i].host) == 0 : t.host == NULL);
        assert_true(cases[i].socket != NULL ? strcmp(t.socket, cases[i].socket) == 0
                                            : t.socket == NULL);
        assert_string_equal(t.name, "d");
    }
}

static void
what_is_wrong_is_said_and_a_password_is_not(void **state)
{
    static const struct {
        const char *text;
        bool secret;
        enum err_code code;
        const char *why;
    } cases[] = {
        {"", false, ERR_USAGE, "no path"},
        {"sqlite:", false, ERR_USAGE, "no path"},
        {"sqlite:?mode=rw", false, ERR_USAGE, "no path"},
        {"postgres://u:hunter2@h/d", true, ERR_UNSUPPORTED, "postgres: such databases"},
        {"mysql://u:hunter2@h/d", false, ERR_USAGE, "--database-password-file"},
        {"mysql://u:@h/d", false, ERR_USAGE, "--database-password-file"},
        {"mysql://u:hunter2@h", true, ERR_USAGE, "the database's name"},
        {"mysql://u:hunter2@h/", true, ERR_USAGE, "the database's name"},
        {"mysql://u:hunter2@h/a/b", true, ERR_USAGE, "the database's name"},
        {"mysql://u:hunter2@/d", true, ERR_USAGE, "?socket=PATH"},
        {"mysql://u:hunter2%4@h/d", true, ERR_USAGE, "password has a broken"},
        {"mysql://u:hunter2%00@h/d", true, ERR_USAGE, "password has a broken"},
        {"mysql://u:hunter2@h:0/d", true, ERR_USAGE, "port"},
        {"mysql://u:hunter2@h:65536/d", true, ERR_USAGE, "port"},
        {"mysql://u:hunter2@[::1/d", true, ERR_USAGE, "host"},
        {"mysql://u:hunter2@[::1]x/d", true, ERR_USAGE, "host"},
        {"mysql://h/d?tls=maybe", true, ERR_USAGE, "tls=maybe"},
        {"mysql://h/d?tsl=required", true, ERR_USAGE, "did you mean 'tls'?"},
        {"mysql://h/d?connect-timeout=0", true, ERR_USAGE, "connect-timeout"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct db_target t;
        struct err err = ERR_INIT;

        assert_int_equal(db_target_parse(cases[i].text, cases[i].secret, &t, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].why));
        assert_null(strstr(err.msg, "hunter2"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlite_files_are_named_as_their_users_do),
        cmocka_unit_test(mysql_urls_are_taken_apart),
        cmocka_unit_test(parts_of_a_mysql_url_may_be_left_out),
        cmocka_unit_test(what_is_wrong_is_said_and_a_password_is_not),
    };
    return cmocka_run_group_tests_name("server/db_target", tests, NULL, NULL);
}
