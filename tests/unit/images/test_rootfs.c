/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/layer_read.h"
#include "images/limits.h"
#include "images/rootfs.h"

enum { OUT_MAX = 4096 };

static int
forward(void *ctx, const struct layer_entry *e, struct err *err)
{
    return rootfs_apply(ctx, e, NULL, err);
}

/* Words "d:path", "f:path", "l:path>target", "h:path>target", "|" between layers; whiteouts are
 * files with their names. */
static int
apply_words(struct rootfs *r, const char *words, struct err *err)
{
    static const char letters[] = "fhlcbdp"; /* enum tar_read_type */
    const struct layer_visitor v = {forward, NULL, r};
    struct limits limits = {0};
    struct layer_rules rules = {&v, &limits};
    cleanup_free char *copy = mem_strdup(words);
    char *save, *word;

    limits_fill(&limits);
    rootfs_begin_layer(r);
    for (word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        struct tar_read_entry e = {.mode = 0644};
        char *target = strchr(word, '>');

        if (word[0] == '|') {
            rootfs_begin_layer(r);
            continue;
        }
        if (target != NULL)
            *target++ = '\0';
        e.type = (enum tar_read_type)(strchr(letters, word[0]) - letters);
        e.path = word + 2;
        e.target = target;
        /* Sizes tell layers apart; whiteouts have none. */
        e.size = e.type == TAR_READ_FILE && strstr(e.path, ".wh.") == NULL ? 10 : 0;
        if (layer_read_entry(&rules, &e, err) < 0)
            return -1;
    }
    rootfs_sort(r);
    return 0;
}

static void
show(const struct rootfs *r, struct buf *out)
{
    struct rootfs_node *root = rootfs_root(r), *n = root;

    while ((n = rootfs_next(root, n)) != NULL) {
        cleanup_free char *path = rootfs_path(n);

        buf_appendf(out, "%s%s%s", out->n > 0 ? " " : "", path,
                    n->inode->type == TAR_READ_FOLDER ? "/" : "");
    }
}

static void
layers_are_laid_over_each_other(void **state)
{
    static const struct {
        const char *words, *want;
    } cases[] = {
        {"f:b f:a d:c f:c/x", "a b c/ c/x"},
        {"f:a/b/c", "a/ a/b/ a/b/c"},
        {"f:a f:b | f:.wh.a", "b"},
        {"f:a | f:.wh.a f:a", "a"},
        {"f:a | f:a f:.wh.a", "a"},
        {"f:d/a f:d/b | f:d/.wh..wh..opq f:d/c", "d/ d/c"},
        {"f:d/a f:d/b | f:d/c f:d/.wh..wh..opq", "d/ d/c"},
        {"f:d/a f:d/b | d:d f:d/c f:.wh.d", "d/ d/c"},
        {"f:d/a f:d/e/b | f:d/e/c f:.wh.d", "d/ d/e/ d/e/c"},
        {"f:a | f:.wh..wh..opq f:b", "b"},
        {"f:d/a | f:d", "d"},
        {"f:d | f:.wh.d f:d/a", "d/ d/a"},
        {"f:d | d:d f:d/a", "d/ d/a"},
        {"l:d>/x | d:d f:d/a", "d/ d/a"},
        {"l:d>e | f:d", "d"},
        {"f:a h:b>a | f:.wh.a", "b"},
        {"f:a h:b>/a", "a b"},
        {"f:.wh.x f:y/.wh.z f:q/.wh..wh..opq", ""},
        {"d:. d:./ f:./a", NULL},
        {"d:./ f:./a", "a"},
        {"f:a f:.//a", NULL},
        {"h:a>b f:b", NULL},
        {"f:a | h:a>a", NULL},
        {"l:a>b h:c>a", NULL},
        {"d:a h:c>a", NULL},
        {"l:a>/ f:a/b", "a b"},
        {"d:usr l:bin>usr | f:bin/x", "bin usr/ usr/x"},
        {"l:a>../../o | f:a/x", "a o/ o/x"},
        {"f:u/v/x l:a>/u/./v/.. | f:a/y", "a u/ u/v/ u/v/x u/y"},
        {"f:u/x l:a>u | f:a/.wh.x", "a u/"},
        {"f:u/x l:a>/u | f:a/.wh..wh..opq f:u/y", "a u/ u/y"},
        {"f:u/x l:a>u h:a/y>a/x", "a u/ u/x u/y"},
        {"f:u/x l:a>u f:a/x", NULL},
        {"f:u l:a>u f:a/x", NULL},
        {"l:a>b l:b>a f:a/x", NULL},
        {"f:a/b f:a", NULL},
        {"f:a/b | f:a/c f:a", NULL},
        {"f:a/b f:a d:a", NULL},
        {"f:a/b d:a", "a/ a/b"},
        {"d:a d:a", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
        cleanup_buf struct buf out = BUF_INIT(OUT_MAX);
        struct err err = ERR_INIT;
        int done = apply_words(r, cases[i].words, &err);

        if (done == 0)
            show(r, &out);
        if (cases[i].want == NULL && done == 0)
            fail_msg("accepted: %s", cases[i].words);
        if (cases[i].want != NULL && (done < 0 || strcmp(buf_cstr(&out), cases[i].want) != 0))
            fail_msg("%s: %s, want %s %s", cases[i].words, buf_cstr(&out), cases[i].want, err.msg);
    }
}

static void
links_are_followed_inside_the_image_only(void **state)
{
    static const struct {
        const char *path, *want; /* NULL: nothing there */
    } cases[] = {
        {"/", ""},
        {"", ""},
        {"/up/etc/f", "etc/f"},
        {"up/etc/f", "etc/f"},
        {"/abs/f", "etc/f"},
        {"/../../etc/./f", "etc/f"},
        {"/loop", NULL},
        {"/etc/f/x", NULL},
        {"/etc/f/..", NULL},
        {"/nothing", NULL},
        {"/deep/back", "etc"},
    };
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(
        apply_words(r, "f:etc/f l:abs>/etc l:up>../../.. l:loop>loop l:deep/back>../abs", &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct rootfs_node *n = rootfs_resolve(r, cases[i].path, true);
        cleanup_free char *path = n != NULL ? rootfs_path(n) : NULL;

        if (cases[i].want == NULL)
            assert_null(n);
        else
            assert_string_equal(path, cases[i].want);
    }
    assert_int_equal(rootfs_resolve(r, "/abs", false)->inode->type, TAR_READ_SYMLINK);
}

static void
hidden_bytes_are_counted_when_the_last_name_is_gone(void **state)
{
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(apply_words(r, "f:a h:b>a f:c | f:.wh.a f:c", &err), 0);
    assert_int_equal(rootfs_layer_count(r), 2);
    assert_int_equal(rootfs_layer_get(r, 0)->bytes, 20);
    assert_int_equal(rootfs_layer_get(r, 0)->hidden, 10);
    assert_int_equal(apply_words(r, "f:.wh.b", &err), 0);
    assert_int_equal(rootfs_layer_get(r, 0)->hidden, 20);
}

static void
a_large_folder_stays_findable(void **state)
{
    cleanup_rootfs struct rootfs *r = rootfs_new(NULL);
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char word[32];

        snprintf(word, sizeof(word), "f:d/%d", i);
        assert_int_equal(apply_words(r, word, &err), 0);
    }
    assert_non_null(rootfs_find(r, "d/0"));
    assert_non_null(rootfs_find(r, "d/2999"));
    assert_null(rootfs_find(r, "d/3000"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_laid_over_each_other),
        cmocka_unit_test(links_are_followed_inside_the_image_only),
        cmocka_unit_test(hidden_bytes_are_counted_when_the_last_name_is_gone),
        cmocka_unit_test(a_large_folder_stays_findable),
    };

    return cmocka_run_group_tests_name("images/rootfs", tests, NULL, NULL);
}
