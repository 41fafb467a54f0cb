/* SPDX-License-Identifier: Apache-2.0 */
#include "images/listing.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/rootfs.h"
#include "json/json.h"

enum { FLUSH_FROM = 128 * 1024 };

const char *
listing_type(enum tar_read_type type)
{
    static const char *const names[] = {
        [TAR_READ_FILE] = "file", [TAR_READ_HARDLINK] = "hardlink", [TAR_READ_SYMLINK] = "symlink",
        [TAR_READ_CHAR] = "char", [TAR_READ_BLOCK] = "block",       [TAR_READ_FOLDER] = "folder",
        [TAR_READ_FIFO] = "fifo",
    };

    return names[type];
}

void
listing_name(const char *name, struct buf *out)
{
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;

        if (c < 0x20 || c == 0x7F || c == '\\')
            buf_appendf(out, "\\%03o", c);
        else
            buf_append_char(out, *name);
    }
}

static void
put_mode(const struct rootfs_inode *i, struct buf *out)
{
    static const char kinds[] = "--lcbdp";
    char text[] = "rwxrwxrwx";

    for (int bit = 0; bit < 9; bit++)
        if ((i->mode & (0400U >> bit)) == 0)
            text[bit] = '-';
    if ((i->mode & 04000) != 0)
        text[2] = text[2] == 'x' ? 's' : 'S';
    if ((i->mode & 02000) != 0)
        text[5] = text[5] == 'x' ? 's' : 'S';
    if ((i->mode & 01000) != 0)
        text[8] = text[8] == 'x' ? 't' : 'T';
    buf_append_char(out, kinds[i->type]);
    buf_append_str(out, text);
}

static void
put_time(int64_t mtime, struct buf *out)
{
    time_t t = (time_t)mtime;
    char text[64];
    struct tm tm;

    if (gmtime_r(&t, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        buf_append_str(out, text);
    else
        buf_appendf(out, "%lld", (long long)mtime);
}

void
listing_text(const struct rootfs_node *n, struct buf *out)
{
    const struct rootfs_inode *i = n->inode;
    cleanup_free char *path = rootfs_path(n);

    put_mode(i, out);
    buf_appendf(out, " %5u %5u ", i->uid, i->gid);
    if (i->type == TAR_READ_CHAR || i->type == TAR_READ_BLOCK)
        buf_appendf(out, "%7u,%4u ", i->major, i->minor);
    else
        buf_appendf(out, "%12llu ", (unsigned long long)i->size);
    put_time(i->mtime, out);
    buf_append_str(out, " /");
    listing_name(path, out);
    if (i->target != NULL) {
        buf_append_str(out, " -> ");
        listing_name(i->target, out);
    }
    buf_append_char(out, '\n');
}

struct json_t *
listing_json(const struct rootfs_node *n)
{
    const struct rootfs_inode *i = n->inode;
    struct json_t *v = json_new_object();
    cleanup_free char *path = rootfs_path(n);
    cleanup_free char *absolute = mem_printf("/%s", path);
    char mode[16];

    snprintf(mode, sizeof(mode), "%04o", i->mode);
    json_put_str(v, "path", absolute);
    json_put_str(v, "type", listing_type(i->type));
    json_put_str(v, "mode", mode);
    json_put_int(v, "uid", i->uid);
    json_put_int(v, "gid", i->gid);
    json_put_int(v, "size", (int64_t)i->size);
    json_put_int(v, "mtime", i->mtime);
    json_put_str(v, "target", i->target);
    json_put_int(v, "layer", i->layer);
    return v;
}

int
listing_flush(struct buf *out, bool all, struct err *err)
{
    if (buf_finish(out, err) < 0)
        return -1;
    if (out->n == 0 || (!all && out->n < FLUSH_FROM))
        return 0;
    if (fs_write_fd(STDOUT_FILENO, "standard output", out->p, out->n, err) < 0)
        return -1;
    buf_clear(out);
    return 0;
}
