/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/image_name.h"

#include "base/mem.h"
#include "base/str.h"

enum { NAME_MAX_BYTES = 255 };

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

char *
image_name(const char *image)
{
    struct str rest = str_from(image);
    struct str name = str_cut(&rest, '@');
    char *out;

    /* A registry's port is cut off with its host, so what is left after a colon is a tag. */
    for (struct str path = name; path.p != NULL;)
        name = str_cut(&path, '/');
    rest = name;
    name = str_cut(&rest, ':');
    if (name.n > NAME_MAX_BYTES)
        name.n = NAME_MAX_BYTES;
    out = mem_strndup(name.p, name.n);
    for (char *c = out; *c != '\0'; c++) {
        if (!is_name_char(*c))
            *c = '-';
    }
    return out;
}
