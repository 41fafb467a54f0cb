/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/disk.h"
#include "images/layer_read.h"
#include "images/rootfs.h"

enum { ROUNDS = 300 };

/* A temporary folder with "outside" and "root" in it. */
struct place {
    char path[64];
    int top, root;
};

static struct place
make_place(void)
{
    struct place p = {"/tmp/test-disk-XXXXXX", -1, -1};

    assert_non_null(mkdtemp(p.path));
    p.top = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(p.top, "outside", 0755), 0);
    assert_int_equal(mkdirat(p.top, "root", 0755), 0);
    p.root = openat(p.top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p.root >= 0);
    return p;
}

static void
remove_place(struct place *p)
{
    close(p->root);
    close(p->top);
    disk_remove_tree(AT_FDCWD, p->path);
    assert_false(fs_exists(p->path));
}

static int
apply(struct rootfs *r, const char *path, enum tar_read_type type, const char *link,
      struct err *err)
{
    const struct tar_read_entry raw = {
        .path = path, .type = type, .mode = 0755, .uid = getuid(), .gid = getgid(), .target = link};
    const struct layer_entry e = {.path = path, .kind = LAYER_ENTRY, .link = link, .raw = &raw};

    return rootfs_apply(r, &e, NULL, err);
}

static void
a_folder_that_became_a_symlink_is_not_entered(void **state)
{
    static const bool no_openat2[] = {false, true};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_openat2); i++) {
        struct place p = make_place();
        const struct disk_opts opts = {.no_openat2 = no_openat2[i]};
        struct disk d = disk_begin(p.root, &opts);
        const struct rootfs_observer o = {disk_added, disk_removing, &d};
        cleanup_rootfs struct rootfs *r = rootfs_new(&o);
        struct err err = ERR_INIT;

        rootfs_begin_layer(r);
        assert_int_equal(apply(r, "a/b/x", TAR_READ_FILE, NULL, &err), 0);
        assert_int_equal(apply(r, "c", TAR_READ_FOLDER, NULL, &err), 0);
        assert_int_equal(renameat(p.root, "a/b", p.root, "moved"), 0);
        assert_int_equal(symlinkat("../../outside", p.root, "a/b"), 0);
        assert_int_equal(apply(r, "a/b/y", TAR_READ_FILE, NULL, &err), -1);
        assert_int_equal(faccessat(p.top, "outside/y", F_OK, 0), -1);
        assert_int_equal(disk_finish(&d, r, &err), -1);
        disk_done(&d);
        remove_place(&p);
    }
}

static void
a_hard_link_to_what_became_another_file_is_taken_back(void **state)
{
    struct place p = make_place();
    const struct disk_opts opts = {0};
    struct disk d = disk_begin(p.root, &opts);
    const struct rootfs_observer o = {disk_added, disk_removing, &d};
    cleanup_rootfs struct rootfs *r = rootfs_new(&o);
    struct err err = ERR_INIT;

    (void)state;
    rootfs_begin_layer(r);
    assert_int_equal(apply(r, "a", TAR_READ_FILE, NULL, &err), 0);
    assert_int_equal(renameat(p.root, "a", p.root, "moved"), 0);
    assert_int_equal(symlinkat("/etc/passwd", p.root, "a"), 0);
    assert_int_equal(apply(r, "b", TAR_READ_HARDLINK, "a", &err), -1);
    assert_int_equal(faccessat(p.root, "b", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    disk_done(&d);
    remove_place(&p);
}

/* Swaps root/a for a symbolic link to outside and back, as fast as it can. */
struct swapper {
    int root;
    atomic_bool stop;
};

static void *
swap(void *ctx)
{
    struct swapper *s = ctx;

    while (!atomic_load(&s->stop)) {
        (void)!symlinkat("../outside", s->root, "link");
        (void)!renameat2(s->root, "link", s->root, "a", RENAME_EXCHANGE);
    }
    return NULL;
}

/* The folder that is swapped is there already; only what is below it is made. */
static int
add_no_folder(void *ctx, const struct rootfs_node *n, const struct rootfs_node *linked,
              struct err *err)
{
    return n->inode->type == TAR_READ_FOLDER ? 0 : disk_added(ctx, n, linked, err);
}

static void
nothing_is_written_outside_while_a_folder_is_swapped(void **state)
{
    struct place p = make_place();
    const struct disk_opts opts = {0};
    struct swapper s = {p.root, false};
    struct stat st;
    pthread_t thread;

    (void)state;
    assert_int_equal(mkdirat(p.root, "a", 0755), 0);
    assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct disk d = disk_begin(p.root, &opts);
        const struct rootfs_observer o = {add_no_folder, disk_removing, &d};
        cleanup_rootfs struct rootfs *r = rootfs_new(&o);
        struct err err = ERR_INIT;
        char name[32];

        rootfs_begin_layer(r);
        snprintf(name, sizeof(name), "a/f%d", i);
        (void)!apply(r, name, TAR_READ_FILE, NULL, &err);
        (void)!disk_finish(&d, r, &err);
        disk_done(&d);
    }
    atomic_store(&s.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(fstatat(p.top, "outside", &st, 0), 0);
    assert_int_equal(st.st_nlink, 2);
    assert_int_equal(st.st_mode & 07777, 0755);
    for (int i = 0; i < ROUNDS; i++) {
        char name[64];

        snprintf(name, sizeof(name), "outside/f%d", i);
        assert_int_equal(faccessat(p.top, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
    }
    remove_place(&p);
}

static void
a_deep_tree_with_closed_folders_is_removed(void **state)
{
    struct place p = make_place();
    int at = openat(p.root, ".", O_RDONLY | O_DIRECTORY);

    (void)state;
    for (int i = 0; i < 3000; i++) {
        int next;

        assert_int_equal(mkdirat(at, "d", 0700), 0);
        next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(openat(next, "f", O_WRONLY | O_CREAT, 0600));
        if (i % 100 == 0)
            fchmod(next, 0700);
        close(at);
        at = next;
    }
    fchmod(at, 0);
    close(at);
    remove_place(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_became_a_symlink_is_not_entered),
        cmocka_unit_test(a_hard_link_to_what_became_another_file_is_taken_back),
        cmocka_unit_test(nothing_is_written_outside_while_a_folder_is_swapped),
        cmocka_unit_test(a_deep_tree_with_closed_folders_is_removed),
    };

    return cmocka_run_group_tests_name("images/disk", tests, NULL, NULL);
}
