/* SPDX-License-Identifier: Apache-2.0 */
#include "images/dest.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static const char *
part_fault(struct str part)
{
    if (part.n == 0)
        return "it has an empty part ('//')";
    if (str_eq(part, ".") || str_eq(part, ".."))
        return "it has a '.' or '..' part; write the path it means";
    if (str_starts(part, ".wh."))
        return "a name that begins with '.wh.' would delete files of lower layers";
    if (part.n > DEST_NAME_MAX)
        return "a part of it is longer than 255 bytes";
    return NULL;
}

static const char *
path_fault(struct str path)
{
    if (path.n > DEST_PATH_MAX)
        return "it is longer than 4095 bytes";
    if (!utf8_is_valid(path))
        return "it is not UTF-8, which names in a layer must be; rename the file";
    while (path.p != NULL) {
        const char *fault = part_fault(str_cut(&path, '/'));

        if (fault != NULL)
            return fault;
    }
    return NULL;
}

int
dest_check(const char *path, struct err *err)
{
    const char *fault = path_fault(str_from(path));

    if (fault != NULL)
        return err_set(err, ERR_INVALID, "'/%s': %s", path, fault);
    return 0;
}

int
dest_parse(struct str text, bool folder, char **out, struct err *err)
{
    struct str path = text;
    const char *fault;

    if (path.n == 0 || path.p[0] != '/')
        return err_set(err, ERR_INVALID, "'" STR_FMT "': a path in the image begins with '/'",
                       STR_ARG(text));
    path.p++;
    path.n--;
    if (path.n == 0 && folder) {
        *out = mem_strdup("");
        return 0;
    }
    if (path.n == 0 || path.p[path.n - 1] == '/') {
        if (!folder)
            return err_set(err, ERR_INVALID,
                           "'" STR_FMT "': that is a folder; write the file's name there too",
                           STR_ARG(text));
        path.n--;
    }
    fault = path_fault(path);
    if (fault != NULL)
        return err_set(err, ERR_INVALID, "'" STR_FMT "': %s", STR_ARG(text), fault);
    *out = mem_strndup(path.p, path.n);
    return 0;
}
