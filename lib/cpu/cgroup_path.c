/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/cgroup_path.h"

enum { PATH_BYTES_MAX = 4096 }; /* the kernel's PATH_MAX: what it gives is never longer */

static bool
has_controller(struct str list, const char *controller)
{
    while (list.p != NULL) {
        if (str_eq(str_cut(&list, ','), controller))
            return true;
    }
    return false;
}

/* Finds the first line that fits; controller NULL means the unified hierarchy. */
static bool
find_line(struct str text, const char *controller, struct str *path)
{
    while (text.p != NULL) {
        struct str line = str_cut(&text, '\n');
        struct str id = str_cut(&line, ':');
        struct str controllers = str_cut(&line, ':');
        bool fits = controller != NULL ? has_controller(controllers, controller)
                                       : str_eq(id, "0") && controllers.n == 0;

        if (fits && line.p != NULL && str_starts(line, "/")) {
            *path = line;
            return true;
        }
    }
    return false;
}

bool
cgroup_path_v1(struct str text, const char *controller, struct str *path)
{
    return find_line(text, controller, path);
}

bool
cgroup_path_v2(struct str text, struct str *path)
{
    return find_line(text, NULL, path);
}

/* Takes "/.." parts off the front and returns their number; "/" becomes "". */
static unsigned
take_ups(struct str *path)
{
    unsigned ups = 0;

    while (str_starts(*path, "/..") && (path->n == 3 || path->p[3] == '/')) {
        path->p += 3;
        path->n -= 3;
        ups++;
    }
    while (path->n > 0 && path->p[path->n - 1] == '/')
        path->n--;
    return ups;
}

/* The kernel writes clean paths.  Anything else would lead us out of the mount. */
static bool
is_clean(struct str path)
{
    if (path.n > PATH_BYTES_MAX || (path.n > 0 && path.p[0] != '/'))
        return false;
    str_cut(&path, '/');
    while (path.p != NULL) {
        struct str part = str_cut(&path, '/');

        if (part.n == 0 || str_eq(part, ".") || str_eq(part, ".."))
            return false;
    }
    return true;
}

static unsigned
levels(struct str path)
{
    unsigned n = 0;

    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '/';
    return n;
}

enum cgroup_path_view
cgroup_path_view(struct str own, struct str root, struct str *below, unsigned *height)
{
    unsigned own_ups = take_ups(&own);
    unsigned root_ups = take_ups(&root);

    if (!is_clean(own) || !is_clean(root))
        return CGROUP_PATH_HIDDEN;
    if (root_ups > own_ups && root.n == 0) {
        *below = (struct str){"", 0};
        *height = levels(own) + root_ups - own_ups;
        return CGROUP_PATH_ABOVE;
    }
    if (root_ups != own_ups || own.n < root.n ||
        (root.n > 0 && memcmp(own.p, root.p, root.n) != 0) ||
        (own.n > root.n && own.p[root.n] != '/'))
        return CGROUP_PATH_HIDDEN;
    *below = (struct str){own.p + root.n, own.n - root.n};
    *height = levels(*below);
    return CGROUP_PATH_WITHIN;
}
