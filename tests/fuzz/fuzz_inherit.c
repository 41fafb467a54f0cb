/* SPDX-License-Identifier: Apache-2.0 */

/* The input is a bind, a line end, and the text that describes handed sockets. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/inherit.h"

enum { INPUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found can be written, and is then found again. */
static void
check_round_trip(const char *bind, const int *fds, unsigned n)
{
    cleanup_buf struct buf text = BUF_INIT((size_t)INPUT_MAX * 2);
    cleanup_free int *again = NULL;
    struct err err = ERR_INIT;
    unsigned n_again;

    if (!inherit_add(&text, bind, fds, n))
        return;
    if (inherit_find(buf_view(&text), bind, &again, &n_again, &err) < 0 || n_again != n)
        abort();
    for (unsigned i = 0; i < n; i++) {
        if (fds[i] < 0 || again[i] != fds[i])
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct str line = str_cut(&text, '\n');
    cleanup_free char *bind = mem_strndup(line.p != NULL ? line.p : "", line.n);
    cleanup_free int *fds = NULL;
    struct err err = ERR_INIT;
    unsigned n;

    if (size > INPUT_MAX)
        return 0;
    if (inherit_find(text, bind, &fds, &n, &err) < 0)
        return err.code == ERR_INVALID ? 0 : (abort(), 0);
    assert((n == 0) == (fds == NULL));
    check_round_trip(bind, fds, n);
    return 0;
}
