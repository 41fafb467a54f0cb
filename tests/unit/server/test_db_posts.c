/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_posts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "server/db.h"
#include "server/db_sqlite_file.h"
#include "server/posts_seed.h"

static char folder[] = "/tmp/test_db_posts.XXXXXX";

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
    static const char *const names[] = {"a.db", "b.db", "text", "other.db", "bad%3f#?.db"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unlink(names[i]);
    /* Fails when something was left behind. */
    return rmdir(folder);
}

static bool
count(void *ctx, const struct db_value *cells, size_t n)
{
    assert_int_equal(n, 5);
    assert_true(cells[1].s.n > 0 && cells[2].s.n > 0 && cells[3].s.n > 0);
    assert_int_equal(cells[4].s.n, 20);
    ++*(int *)ctx;
    return true;
}

static int
rows_of(const char *path)
{
    cleanup_db_target struct db_target t = {.driver = NULL};
    struct err err = ERR_INIT;
    int n = 0;
    struct db_sink sink = {&n, count};
    struct db_stmt *s;
    struct db *db;
    int64_t changed;

    assert_int_equal(db_target_parse(path, false, &t, &err), 0);
    db = db_target_open(&t, &err);
    s = db_sqlite.prepare(db, "SELECT id, title, body, author, created FROM posts", 0, &err);
    assert_non_null(s);
    assert_int_equal(db_sqlite.run(s, NULL, &sink, &changed, &err), 0);
    db_sqlite.finalize(s);
    db_sqlite.close(db);
    return n;
}

static void
a_new_database_has_the_sample_posts(void **state)
{
    struct err err = ERR_INIT;
    int64_t rows = 0;
    bool made = false;

    (void)state;
    assert_int_equal(db_posts_create("a.db", &made, &rows, &err), 0);
    assert_true(made);
    assert_int_equal(rows, posts_seed_n);
    assert_int_equal(posts_seed_n, 20);
    assert_int_equal(rows_of("a.db"), 20);
}

static void
two_databases_have_the_same_bytes(void **state)
{
    cleanup_buf struct buf a = BUF_INIT(1 << 20);
    cleanup_buf struct buf b = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    int64_t rows;
    bool made;

    (void)state;
    assert_int_equal(db_posts_create("b.db", &made, &rows, &err), 0);
    assert_int_equal(fs_read("a.db", &a, &err), 0);
    assert_int_equal(fs_read("b.db", &b, &err), 0);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
}

static void
what_is_there_already_is_kept(void **state)
{
    struct err err = ERR_INIT;
    struct sqlite3 *db = db_sqlite_file_open("b.db", "rwc", &err);
    int64_t rows = 0;
    bool made = true;

    (void)state;
    assert_non_null(db);
    assert_int_equal(db_sqlite_file_exec(db, "DELETE FROM posts WHERE id > 3", &err), 0);
    db_sqlite_file_close(db);
    assert_int_equal(db_posts_create("b.db", &made, &rows, &err), 0);
    assert_false(made);
    assert_int_equal(rows, 3);
}

static void
a_file_of_another_kind_is_refused_and_untouched(void **state)
{
    struct err err = ERR_INIT;
    cleanup_buf struct buf text = BUF_INIT(64);
    struct sqlite3 *db = db_sqlite_file_open("other.db", "rwc", &err);
    int64_t rows;
    bool made;

    (void)state;
    assert_int_equal(db_sqlite_file_exec(db, "CREATE TABLE posts (id INTEGER)", &err), 0);
    db_sqlite_file_close(db);
    assert_int_equal(fs_write("text", "no database", 11, 0644, &err), 0);
    assert_int_equal(db_posts_create("text", &made, &rows, &err), -1);
    assert_int_equal(err.code, ERR_EXISTS);
    assert_int_equal(fs_read("text", &text, &err), 0);
    assert_string_equal(buf_cstr(&text), "no database");
    assert_int_equal(db_posts_create("other.db", &made, &rows, &err), -1);
    assert_non_null(strstr(err.msg, "other.db"));
    assert_int_equal(db_posts_create("no/such/folder.db", &made, &rows, &err), -1);
}

static void
a_name_is_no_part_of_the_uri(void **state)
{
    struct err err = ERR_INIT;
    int64_t rows;
    bool made;

    (void)state;
    assert_int_equal(db_posts_create("bad%3f#?.db", &made, &rows, &err), 0);
    assert_true(fs_exists("bad%3f#?.db"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_database_has_the_sample_posts),
        cmocka_unit_test(two_databases_have_the_same_bytes),
        cmocka_unit_test(what_is_there_already_is_kept),
        cmocka_unit_test(a_file_of_another_kind_is_refused_and_untouched),
        cmocka_unit_test(a_name_is_no_part_of_the_uri),
    };
    return cmocka_run_group_tests_name("server/db_posts", tests, make_folder, remove_folder);
}
