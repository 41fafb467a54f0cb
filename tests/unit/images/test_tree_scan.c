/* SPDX-License-Identifier: Apache-2.0 */
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
#include "images/source.h"
#include "images/tree.h"
#include "images/tree_scan.h"

/* The folder that each test works in, with one file "f" holding "content". */
static char folder[] = "/tmp/berth-scan-XXXXXX";

static void
put(const char *name, const char *text)
{
    struct err err = ERR_INIT;

    assert_int_equal(fs_write(name, text, strlen(text), 0644, &err), 0);
}

static int
enter(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) < 0)
        return -1;
    put("f", "content");
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    unlink("f");
    if (chdir("/") < 0 || rmdir(folder) < 0)
        return -1;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    return 0;
}

static void
scan_f(struct tree *t)
{
    struct source s = {(char *)"f", (char *)"f", SOURCE_MODE_NONE};
    struct source_owner owner = {0, 0};
    struct err err = ERR_INIT;

    assert_int_equal(tree_scan_file(t, &s, &owner, &err), 0);
}

static int
collect(void *ctx, const void *p, size_t n, struct err *err)
{
    buf_append(ctx, p, n);
    return buf_finish(ctx, err);
}

static int
content(const struct tree *t, struct buf *out, struct err *err)
{
    const struct sink sink = {collect, out};
    cleanup_free char *room = mem_alloc(TREE_SCAN_ROOM);

    return tree_scan_content(&t->v[0], room, &sink, err);
}

static void
a_file_at_rest_is_read_whole(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    cleanup_buf struct buf out = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    scan_f(&t);
    assert_int_equal(content(&t, &out, &err), 0);
    assert_string_equal(out.p, "content");
}

/* One that ends where a read does, and its neighbours. */
static void
any_size_is_read_whole(void **state)
{
    static const size_t sizes[] = {
        0, 1, TREE_SCAN_ROOM - 1, TREE_SCAN_ROOM, TREE_SCAN_ROOM + 1, 2 * TREE_SCAN_ROOM};
    cleanup_free char *text = mem_alloc(2 * TREE_SCAN_ROOM);
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < 2 * TREE_SCAN_ROOM; i++)
        text[i] = (char)(i * 31 >> 4);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        cleanup_tree struct tree t = TREE_INIT;
        cleanup_buf struct buf out = BUF_INIT(2 * TREE_SCAN_ROOM);

        assert_int_equal(fs_write("f", text, sizes[i], 0644, &err), 0);
        scan_f(&t);
        assert_int_equal(content(&t, &out, &err), 0);
        assert_int_equal(out.n, sizes[i]);
        assert_memory_equal(buf_cstr(&out), text, sizes[i]);
    }
}

static void
a_file_that_vanished_is_an_error(void **state)
{
    cleanup_tree struct tree t = TREE_INIT;
    cleanup_buf struct buf out = BUF_INIT(100);
    struct err err = ERR_INIT;

    (void)state;
    scan_f(&t);
    assert_int_equal(unlink("f"), 0);
    assert_int_equal(content(&t, &out, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* Changes "f" after it was scanned; its content must not get through. */
static void
assert_change_is_noticed(void (*change)(void))
{
    cleanup_tree struct tree t = TREE_INIT;
    cleanup_buf struct buf out = BUF_INIT(100);
    struct err err = ERR_INIT;

    scan_f(&t);
    change();
    assert_int_equal(content(&t, &out, &err), -1);
    assert_non_null(strstr(err.msg, "changed while it was read"));
}

static void
grow(void)
{
    put("f", "content and more");
}

static void
shrink(void)
{
    assert_int_equal(truncate("f", 3), 0);
}

static void
replace(void)
{
    put("g", "CONTENT");
    assert_int_equal(rename("g", "f"), 0);
}

static void
become_a_pipe(void)
{
    assert_int_equal(unlink("f"), 0);
    assert_int_equal(mkfifo("f", 0600), 0);
}

static void
become_a_link(void)
{
    assert_int_equal(unlink("f"), 0);
    assert_int_equal(symlink("/etc/passwd", "f"), 0);
}

static void
a_file_that_changed_is_an_error(void **state)
{
    static void (*const changes[])(void) = {grow, shrink, replace, become_a_pipe, become_a_link};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        unlink("f");
        put("f", "content");
        assert_change_is_noticed(changes[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_at_rest_is_read_whole, enter, leave),
        cmocka_unit_test_setup_teardown(any_size_is_read_whole, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_that_vanished_is_an_error, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_that_changed_is_an_error, enter, leave),
    };
    return cmocka_run_group_tests_name("images/tree_scan", tests, NULL, NULL);
}
