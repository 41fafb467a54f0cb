/* SPDX-License-Identifier: Apache-2.0 */
#include "images/tar.h"

#include <assert.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/tar_read.h"

struct tar {
    struct archive *archive;
    struct archive_entry *entry;
    struct sink sink;
    struct err failure; /* of the sink, while libarchive has no room for it */
    int64_t mtime;
    uint64_t left; /* of the current entry's content */
    locale_t utf8;
};

/*
 * libarchive translates names from the locale's character set into PAX's UTF-8.  Ours are UTF-8
 * already, so it must work under a locale that says so, whatever the user's: else the same files
 * would give other headers elsewhere.  Only this thread, only for the call.
 */
static locale_t
enter(const struct tar *t)
{
    return uselocale(t->utf8);
}

static void
leave(locale_t before)
{
    uselocale(before);
}

/*
 * A failure of the sink is kept from libarchive: it would give up the archive and leak what it
 * holds for it.  It is found again by check() after every call, and until then nothing more is
 * written.
 */
static la_ssize_t
on_write(struct archive *a, void *ctx, const void *p, size_t n)
{
    struct tar *t = ctx;

    (void)a;
    if (t->failure.code == ERR_NONE && sink_write(&t->sink, p, n, &t->failure) < 0)
        assert(t->failure.code != ERR_NONE);
    return (la_ssize_t)n;
}

/* What a call of libarchive came to: the sink's error before its own. */
static int
check(const struct tar *t, bool ok, const char *what, struct err *err)
{
    const char *why;

    if (t->failure.code != ERR_NONE) {
        *err = t->failure;
        return -1;
    }
    if (ok)
        return 0;
    why = archive_error_string(t->archive);
    return err_set(err, ERR_INTERNAL, "tar: %s: %s", what, why != NULL ? why : "unknown error");
}

static int
open_archive(struct tar *t, struct err *err)
{
    if (archive_write_set_format_pax_restricted(t->archive) != ARCHIVE_OK ||
        archive_write_add_filter_none(t->archive) != ARCHIVE_OK ||
        /* No blocking: what follows gathers the bytes itself, and the end is not padded to 10 KiB.
         */
        archive_write_set_bytes_per_block(t->archive, 0) != ARCHIVE_OK ||
        archive_write_open(t->archive, t, NULL, on_write, NULL) != ARCHIVE_OK)
        return check(t, false, "open", err);
    return 0;
}

struct tar *
tar_new(const struct sink *sink, int64_t mtime, struct err *err)
{
    cleanup_tar struct tar *t = mem_alloc(sizeof(*t));

    t->sink = *sink;
    t->mtime = mtime;
    t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    t->archive = archive_write_new();
    t->entry = archive_entry_new();
    if (t->utf8 == (locale_t)0) {
        err_set(err, ERR_UNSUPPORTED, "tar: this system has no C.UTF-8 locale");
        return NULL;
    }
    if (t->archive == NULL || t->entry == NULL) {
        err_set(err, ERR_INTERNAL, "tar: out of memory");
        return NULL;
    }
    if (open_archive(t, err) < 0)
        return NULL;
    return steal_ptr(&t);
}

void
tar_free(struct tar *t)
{
    if (t == NULL)
        return;
    archive_entry_free(t->entry);
    /* Closing an archive that was not finished would write its end. */
    if (t->failure.code == ERR_NONE)
        err_set(&t->failure, ERR_INTERNAL, "tar: given up");
    archive_write_free(t->archive);
    if (t->utf8 != (locale_t)0)
        freelocale(t->utf8);
    free(t);
}

void
tar_freep(struct tar **t)
{
    tar_free(*t);
}

static void
fill(struct tar *t, const struct tar_entry *e)
{
    static const mode_t kinds[] = {
        [TAR_FILE] = S_IFREG,     [TAR_FOLDER] = S_IFDIR, [TAR_SYMLINK] = S_IFLNK,
        [TAR_HARDLINK] = S_IFREG, [TAR_CHAR] = S_IFCHR,   [TAR_BLOCK] = S_IFBLK,
        [TAR_FIFO] = S_IFIFO};

    archive_entry_clear(t->entry);
    archive_entry_set_pathname(t->entry, e->path);
    archive_entry_set_mode(t->entry, kinds[e->type] | (mode_t)e->mode);
    archive_entry_set_uid(t->entry, e->uid);
    archive_entry_set_gid(t->entry, e->gid);
    archive_entry_set_mtime(t->entry, e->mtime != NULL ? *e->mtime : t->mtime, 0);
    archive_entry_set_size(t->entry, e->type == TAR_FILE ? (la_int64_t)e->size : 0);
    if (e->type == TAR_SYMLINK)
        archive_entry_set_symlink(t->entry, e->target);
    if (e->type == TAR_HARDLINK)
        archive_entry_set_hardlink(t->entry, e->target);
    if (e->type == TAR_CHAR || e->type == TAR_BLOCK) {
        archive_entry_set_rdevmajor(t->entry, e->major);
        archive_entry_set_rdevminor(t->entry, e->minor);
    }
    for (size_t i = 0; i < e->n_xattrs; i++)
        archive_entry_xattr_add_entry(t->entry, e->xattrs[i].name, e->xattrs[i].value,
                                      e->xattrs[i].size);
}

int
tar_add(struct tar *t, const struct tar_entry *e, struct err *err)
{
    locale_t before;
    int done;

    if (t->left != 0)
        return err_set(err, ERR_INTERNAL, "tar: the entry before '%s' lacks bytes", e->path);
    before = enter(t);
    fill(t, e);
    done = archive_write_header(t->archive, t->entry);
    leave(before);
    /* Warnings too: "cannot translate" writes another header than the one that was asked for. */
    if (check(t, done == ARCHIVE_OK, e->path, err) < 0)
        return -1;
    t->left = e->type == TAR_FILE ? e->size : 0;
    return 0;
}

int
tar_write(struct tar *t, const void *p, size_t n, struct err *err)
{
    if (n > t->left)
        return err_set(err, ERR_INTERNAL, "tar: more content than announced");
    t->left -= n;
    return check(t, n == 0 || archive_write_data(t->archive, p, n) == (la_ssize_t)n, "content",
                 err);
}

int
tar_finish(struct tar *t, struct err *err)
{
    if (t->left != 0)
        return err_set(err, ERR_INTERNAL, "tar: the last entry lacks bytes");
    return check(t, archive_write_close(t->archive) == ARCHIVE_OK, "close", err);
}

const char *
tar_library_version(void)
{
    return archive_version_string();
}
