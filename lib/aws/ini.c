/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/ini.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"

/* What is being read: a key continues as long as lines are indented more than it is itself. */
struct parser {
    struct ini *ini;
    struct ini_section *section; /* NULL before the first header */
    struct ini_key *key;         /* the last one that is not held by another, NULL when none */
    size_t key_indent;
    size_t section_room, key_room;
    unsigned line;
};

void
ini_done(struct ini *ini)
{
    for (size_t i = 0; i < ini->n_sections; i++)
        free(ini->sections[i].keys);
    free(ini->sections);
    free(ini->path);
    if (ini->text.p != NULL)
        mem_wipe(ini->text.p, ini->text.cap);
    buf_done(&ini->text);
    *ini = (struct ini)INI_INIT;
}

static int
fail(const struct parser *p, struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID, "%s:%u: %s", p->ini->path, p->line, why);
}

static bool
same(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts a comment: the mark at the start of the line or after a blank. */
static struct str
without_comment(struct str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if ((line.p[i] == '#' || line.p[i] == ';') && (i == 0 || is_blank(line.p[i - 1])))
            return (struct str){line.p, i};
    }
    return line;
}

/* ---- section headers ---- */

/* A word, or a text in single or double quotes; takes it off the front of *s. */
static bool
take_word(struct str *s, struct str *out)
{
    size_t n = 0;

    *s = str_trim(*s);
    if (s->n > 0 && (*s->p == '"' || *s->p == '\'')) {
        struct str rest = {s->p + 1, s->n - 1};
        ptrdiff_t end = str_find(rest, *s->p);

        if (end < 0)
            return false;
        *out = (struct str){rest.p, (size_t)end};
        *s = (struct str){rest.p + end + 1, rest.n - (size_t)end - 1};
        return true;
    }
    while (n < s->n && !is_blank(s->p[n]) && s->p[n] != '"' && s->p[n] != '\'')
        n++;
    *out = (struct str){s->p, n};
    *s = (struct str){s->p + n, s->n - n};
    return true;
}

static int
parse_name(const struct parser *p, struct str inside, struct str *kind, struct str *name,
           struct err *err)
{
    struct str first, second;

    if (!take_word(&inside, &first))
        return fail(p, err, "a quote in the section's name has no end");
    inside = str_trim(inside);
    if (inside.n == 0) {
        *name = first;
    } else {
        if (!take_word(&inside, &second))
            return fail(p, err, "a quote in the section's name has no end");
        *kind = first;
        *name = second;
    }
    if (str_trim(inside).n > 0)
        return fail(p, err, "a section's name with a blank must stand in quotes");
    return name->n > 0 ? 0 : fail(p, err, "the section has no name");
}

static int
add_section(struct parser *p, struct str kind, struct str name, struct err *err)
{
    struct ini *ini = p->ini;

    for (size_t i = 0; i < ini->n_sections; i++) {
        if (same(ini->sections[i].kind, kind) && same(ini->sections[i].name, name))
            return err_set(err, ERR_INVALID, "%s:%u: the section is there already, in line %u",
                           ini->path, p->line, ini->sections[i].line);
    }
    if (ini->n_sections == INI_SECTIONS_MAX)
        return fail(p, err, "too many sections");
    if (ini->n_sections == p->section_room) {
        p->section_room = p->section_room > 0 ? p->section_room * 2 : 8;
        ini->sections = mem_realloc(ini->sections, p->section_room, sizeof(*ini->sections));
    }
    p->section = &ini->sections[ini->n_sections++];
    *p->section = (struct ini_section){.kind = kind, .name = name, .line = p->line};
    p->key = NULL;
    p->key_room = 0;
    return 0;
}

static int
parse_header(struct parser *p, struct str line, struct err *err)
{
    ptrdiff_t end = str_find(line, ']');
    struct str kind = {NULL, 0}, name = {NULL, 0};
    struct str after;

    if (end < 0)
        return fail(p, err, "'[' without ']'");
    after = str_trim(without_comment((struct str){line.p + end + 1, line.n - (size_t)end - 1}));
    if (after.n > 0)
        return fail(p, err, "text after ']'");
    if (parse_name(p, (struct str){line.p + 1, (size_t)end - 1}, &kind, &name, err) < 0)
        return -1;
    return add_section(p, kind, name, err);
}

/* ---- keys ---- */

/* '=' or ':', whichever is first; -1 for none. */
static ptrdiff_t
find_delimiter(struct str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '=' || line.p[i] == ':')
            return (ptrdiff_t)i;
    }
    return -1;
}

static int
add_key(struct parser *p, struct ini_key key, struct err *err)
{
    struct ini_section *s = p->section;

    for (size_t i = 0; i < s->n_keys; i++) {
        if (same(s->keys[i].parent, key.parent) && same(s->keys[i].name, key.name))
            return err_set(err, ERR_INVALID, "%s:%u: '" STR_FMT "' is there already, in line %u",
                           p->ini->path, p->line, STR_ARG(key.name), s->keys[i].line);
    }
    if (s->n_keys == INI_KEYS_MAX)
        return fail(p, err, "too many keys in one section");
    if (s->n_keys == p->key_room) {
        p->key_room = p->key_room > 0 ? p->key_room * 2 : 8;
        s->keys = mem_realloc(s->keys, p->key_room, sizeof(*s->keys));
    }
    s->keys[s->n_keys++] = key;
    return 0;
}

static int
parse_key(struct parser *p, struct str line, struct str parent, struct err *err)
{
    ptrdiff_t at = find_delimiter(line);
    struct ini_key key = {.parent = parent, .line = p->line};
    char *name;

    if (at < 0)
        return fail(p, err, "want 'key = value'");
    key.name = str_trim((struct str){line.p, (size_t)at});
    key.value = str_trim((struct str){line.p + at + 1, line.n - (size_t)at - 1});
    if (key.name.n == 0)
        return fail(p, err, "no key before the '='");
    /* The text is ours, so names are put into lower case where they stand. */
    name = p->ini->text.p + (key.name.p - p->ini->text.p);
    for (size_t i = 0; i < key.name.n; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] - 'A' + 'a');
    }
    return add_key(p, key, err);
}

/* Moves the line's text to the end of the value, behind a newline: both lie in our own copy, and
 * what is between them is at least the newline. */
static void
continue_value(struct parser *p, struct str line)
{
    struct str *value = &p->key->value;
    char *end = p->ini->text.p + (value->p - p->ini->text.p) + value->n;

    *end = '\n';
    memmove(end + 1, line.p, line.n);
    value->n += 1 + line.n;
}

static int
parse_indented(struct parser *p, struct str line, struct err *err)
{
    size_t parent;

    if (p->key->value.n > 0) {
        continue_value(p, line);
        return 0;
    }
    parent = (size_t)(p->key - p->section->keys);
    if (parse_key(p, line, p->key->name, err) < 0)
        return -1;
    p->key = &p->section->keys[parent]; /* the array may have moved */
    return 0;
}

static int
parse_line(struct parser *p, struct str line, struct err *err)
{
    struct str text = str_trim(without_comment(line));
    size_t indent = 0;

    if (line.n > INI_LINE_MAX)
        return fail(p, err, "the line is too long");
    if (memchr(line.p, '\0', line.n) != NULL)
        return fail(p, err, "a NUL byte: this is not a text file");
    if (text.n == 0)
        return 0;
    while (is_blank(line.p[indent]))
        indent++;
    if (p->key != NULL && indent > p->key_indent)
        return parse_indented(p, text, err);
    if (*text.p == '[')
        return parse_header(p, str_trim(line), err);
    if (p->section == NULL)
        return fail(p, err, "a key before the first [section]");
    if (parse_key(p, text, (struct str){NULL, 0}, err) < 0)
        return -1;
    p->key = &p->section->keys[p->section->n_keys - 1];
    p->key_indent = indent;
    return 0;
}

static int
parse_text(struct ini *ini, struct err *err)
{
    struct parser p = {.ini = ini};
    struct str rest = buf_view(&ini->text);

    if (str_starts(rest, "\xef\xbb\xbf")) { /* editors of Windows begin a file so */
        rest.p += 3;
        rest.n -= 3;
    }
    while (rest.p != NULL && rest.n > 0) {
        struct str line = str_cut(&rest, '\n');

        p.line++;
        if (parse_line(&p, line, err) < 0)
            return -1;
    }
    return 0;
}

int
ini_read(struct ini *ini, const char *path, struct err *err)
{
    ini->path = mem_strdup(path);
    /* All of the room at once: a buffer that moved would leave secrets behind. */
    buf_room(&ini->text, INI_FILE_MAX);
    if (fs_read(path, &ini->text, err) < 0)
        return -1;
    return parse_text(ini, err);
}

int
ini_parse(struct ini *ini, const char *path, struct str text, struct err *err)
{
    ini->path = mem_strdup(path);
    buf_append_view(&ini->text, text);
    if (buf_finish(&ini->text, err) < 0)
        return err_wrap(err, "%s", path);
    return parse_text(ini, err);
}

const struct ini_section *
ini_section(const struct ini *ini, const char *kind, struct str name)
{
    for (size_t i = 0; i < ini->n_sections; i++) {
        if (str_eq(ini->sections[i].kind, kind) && same(ini->sections[i].name, name))
            return &ini->sections[i];
    }
    return NULL;
}

const struct ini_key *
ini_key(const struct ini_section *section, const char *parent, const char *name)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        if (str_eq(section->keys[i].parent, parent) && str_eq(section->keys[i].name, name))
            return &section->keys[i];
    }
    return NULL;
}
