/* SPDX-License-Identifier: Apache-2.0 */
#include "images/ld_conf.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

enum { FILE_SIZE_MAX = 64 * 1024, DEPTH_MAX = 8 };

static int read_file(const char *root, const char *path, int depth, struct cli_list *out,
                     struct err *err);

static int
include(const char *root, struct str pattern, int depth, struct cli_list *out, struct err *err)
{
    /* Relative ones are meant from the file, which is always in /etc. */
    cleanup_free char *text =
        mem_printf("%s%s" STR_FMT, root, pattern.n > 0 && pattern.p[0] == '/' ? "" : "/etc/",
                   STR_ARG(pattern));
    int done = 0;
    glob_t g;

    if (glob(text, 0, NULL, &g) != 0)
        return 0;
    for (size_t i = 0; done == 0 && i < g.gl_pathc; i++)
        done = read_file(root, g.gl_pathv[i], depth + 1, out, err);
    globfree(&g);
    return done;
}

static int
read_line(const char *root, struct str line, int depth, struct cli_list *out, struct err *err)
{
    struct str hash = line;

    line = str_trim(str_cut(&hash, '#'));
    if (line.n > 8 && memcmp(line.p, "include", 7) == 0 && (line.p[7] == ' ' || line.p[7] == '\t'))
        return include(root, str_trim((struct str){line.p + 8, line.n - 8}), depth, out, err);
    if (line.n == 0 || line.p[0] != '/')
        return 0;
    out->v = mem_realloc(out->v, out->n + 1, sizeof(*out->v));
    out->v[out->n++] = mem_strndup(line.p, line.n);
    return 0;
}

static int
read_file(const char *root, const char *path, int depth, struct cli_list *out, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(FILE_SIZE_MAX);
    struct str rest;

    if (depth > DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "'%s': files that include each other", path);
    if (fs_read(path, &text, err) < 0)
        return -1;
    rest = buf_view(&text);
    while (rest.p != NULL)
        if (read_line(root, str_cut(&rest, '\n'), depth, out, err) < 0)
            return -1;
    return 0;
}

int
ld_conf_read(const char *root, struct cli_list *out, struct err *err)
{
    cleanup_free char *path = mem_printf("%s/etc/ld.so.conf", root);

    return fs_exists(path) ? read_file(root, path, 0, out, err) : 0;
}

void
ld_conf_done(struct cli_list *folders)
{
    for (size_t i = 0; i < folders->n; i++)
        free((char *)folders->v[i]);
    free(folders->v);
    *folders = (struct cli_list){NULL, 0};
}
