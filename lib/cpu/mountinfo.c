/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/mountinfo.h"

#include "base/buf.h"
#include "base/num.h"

static bool
parse_line(struct str line, struct mountinfo_entry *out)
{
    struct mountinfo_entry e = {0};
    struct str field = {NULL, 0};

    for (int i = 0; i < 3; i++) /* id, parent, device */
        str_cut(&line, ' ');
    e.root = str_cut(&line, ' ');
    e.mount_point = str_cut(&line, ' ');
    str_cut(&line, ' '); /* options of this mount */
    while (line.p != NULL) {
        field = str_cut(&line, ' ');
        if (str_eq(field, "-"))
            break;
    }
    if (!str_eq(field, "-") || line.p == NULL)
        return false;
    e.fs_type = str_cut(&line, ' ');
    str_cut(&line, ' '); /* source */
    e.super_options = line;
    if (!str_starts(e.root, "/") || !str_starts(e.mount_point, "/"))
        return false;
    *out = e;
    return true;
}

bool
mountinfo_next(struct str *text, struct mountinfo_entry *out)
{
    while (text->p != NULL) {
        if (parse_line(str_cut(text, '\n'), out))
            return true;
    }
    return false;
}

bool
mountinfo_has_option(const struct mountinfo_entry *e, const char *name)
{
    struct str rest = e->super_options;

    while (rest.p != NULL) {
        if (str_eq(str_cut(&rest, ','), name))
            return true;
    }
    return false;
}

void
mountinfo_unescape(struct str field, struct buf *out)
{
    for (size_t i = 0; i < field.n; i++) {
        uint64_t code;

        if (field.p[i] == '\\' && field.n - i >= 4 &&
            num_parse_octal((struct str){field.p + i + 1, 3}, 0377, &code)) {
            buf_append_char(out, (char)code);
            i += 3;
        } else {
            buf_append_char(out, field.p[i]);
        }
    }
}
