/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <string.h>

#include "base/mem.h"

char *
path_clean(struct str path)
{
    char *out = mem_alloc(path.n + 1);
    size_t n = 0;

    while (path.p != NULL) {
        struct str part = str_cut(&path, '/');

        if (part.n == 0 || str_eq(part, "."))
            continue;
        if (str_eq(part, "..")) {
            while (n > 0 && out[--n] != '/')
                continue;
            continue;
        }
        if (n > 0)
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    out[n] = '\0';
    return out;
}

struct str
path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    return (struct str){path, slash != NULL ? (size_t)(slash - path) : 0};
}
