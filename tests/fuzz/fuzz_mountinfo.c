/* SPDX-License-Identifier: Apache-2.0 */

/* The text is a mountinfo; every path in it is also a cgroup's path below every root in it. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cpu/cgroup_path.h"
#include "cpu/mountinfo.h"

enum { PATH_MAX_BYTES = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is said to follow the root lies within own. */
static void
check_view(struct str own, struct str root)
{
    struct str below;
    unsigned height;

    if (cgroup_path_view(own, root, &below, &height) != CGROUP_PATH_WITHIN)
        return;
    if (below.n > own.n || (below.n > 0 && below.p[0] != '/') || height > below.n)
        abort();
    if (below.n > 0 && (below.p < own.p || below.p + below.n > own.p + own.n))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct str last = STR_LIT("/");
    struct mountinfo_entry e;

    while (mountinfo_next(&text, &e)) {
        cleanup_buf struct buf root = BUF_INIT(PATH_MAX_BYTES);
        cleanup_buf struct buf point = BUF_INIT(PATH_MAX_BYTES);

        mountinfo_has_option(&e, "cpu");
        mountinfo_unescape(e.root, &root);
        mountinfo_unescape(e.mount_point, &point);
        if (root.n > e.root.n || point.n > e.mount_point.n)
            abort();
        check_view(buf_view(&point), buf_view(&root));
        check_view(last, buf_view(&root));
        last = e.mount_point;
    }
    return 0;
}
