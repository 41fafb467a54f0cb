/* SPDX-License-Identifier: Apache-2.0 */
#include "server/inherit.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"

enum { ACTIVATED_MAX = 1024, HANDED_MAX = 65536 };

unsigned
inherit_activated(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    uint64_t v;

    /* sd_listen_fds(3): variables that were meant for another process are not for us. */
    if (pid == NULL || count == NULL || !num_parse_u64(str_from(pid), INT_MAX, &v) ||
        v != (uint64_t)getpid())
        return 0;
    return num_parse_u64(str_from(count), ACTIVATED_MAX, &v) ? (unsigned)v : 0;
}

void
inherit_forget(void)
{
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

static int
parse_descriptors(struct str list, int **fds, unsigned *n, struct err *err)
{
    cleanup_free int *v = mem_alloc(HANDED_MAX * sizeof(*v));
    unsigned count = 0;

    while (list.n > 0) {
        struct str one = str_cut(&list, ',');
        uint64_t fd;

        if (count == HANDED_MAX || !num_parse_u64(one, INT_MAX, &fd))
            return err_set(err, ERR_INVALID, "'" STR_FMT "' is no descriptor", STR_ARG(one));
        v[count++] = (int)fd;
    }
    if (count == 0)
        return err_set(err, ERR_INVALID, "a line without descriptors");
    *fds = steal_ptr(&v);
    *n = count;
    return 0;
}

int
inherit_find(struct str text, const char *bind, int **fds, unsigned *n, struct err *err)
{
    while (text.n > 0) {
        struct str line = str_cut(&text, '\n');
        struct str list = str_cut(&line, ' ');

        if (str_eq(line, bind))
            return parse_descriptors(list, fds, n, err);
    }
    *fds = NULL;
    *n = 0;
    return 0;
}

bool
inherit_add(struct buf *text, const char *bind, const int *fds, unsigned n)
{
    if (strchr(bind, '\n') != NULL || bind[0] == '\0' || n == 0)
        return false;
    for (unsigned i = 0; i < n; i++)
        buf_appendf(text, "%s%d", i > 0 ? "," : "", fds[i]);
    buf_appendf(text, " %s\n", bind);
    return true;
}
