/* SPDX-License-Identifier: Apache-2.0 */
#include "images/build_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

enum { FILE_SIZE_MAX = 1024 * 1024, WORD_MAX = 256 * 1024 };

struct build_file {
    const struct cli_cmd *cmd;
    char *folder; /* of the file, with its slash; "" for the present one */
    char **words; /* n of them, [0] is the command's name */
    int n;
    void *under; /* options that the words were parsed to */
    void *out;   /* the caller's, whose lists are ours */
};

/* How an option behaves in a file, where that is not its type's matter. */
static const struct {
    const char *name;
    bool source;  /* begins with a path on this machine */
    bool words;   /* one command, replaced as a whole */
    bool pairs;   /* NAME=VALUE, replaced by name */
    bool refused; /* says something of this run, not of the image */
} special[] = {
    {"file", true, false, false, false},    {"dir", true, false, false, false},
    {"ca-file", true, false, false, false}, {"entrypoint", false, true, false, false},
    {"cmd", false, true, false, false},     {"env", false, false, true, false},
    {"label", false, false, true, false},   {"annotation", false, false, true, false},
    {"output", false, false, false, true},  {"json", false, false, false, true},
    {"quiet", false, false, false, true},   {"build-file", false, false, false, true},
};

static size_t
special_of(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_LEN(special) && strcmp(special[i].name, name) != 0)
        i++;
    return i;
}

#define IS(name, what) (special_of(name) < ARRAY_LEN(special) && special[special_of(name)].what)

void
build_file_done(struct build_file *f)
{
    if (f == NULL)
        return;
    cli_lists_done(f->cmd, f->under);
    cli_lists_done(f->cmd, f->out);
    for (int i = 1; i < f->n; i++)
        free(f->words[i]);
    free(f->words);
    free(f->folder);
    free(f->under);
    free(f);
}

void
build_file_donep(struct build_file **f)
{
    build_file_done(*f);
}

/* ---- the document as words of a command line ---- */

static void
add_word(struct build_file *f, char *word)
{
    f->words = mem_realloc(f->words, (size_t)f->n + 2, sizeof(*f->words));
    f->words[f->n++] = word;
    f->words[f->n] = NULL;
}

static void
add_value(struct build_file *f, const char *name, const char *value)
{
    bool relative = IS(name, source) && value[0] != '/';

    add_word(f, mem_printf("--%s=%s%s", name, relative ? f->folder : "", value));
}

/* All words at once, so that one that looks like JSON stays a word. */
static int
add_command(struct build_file *f, const char *name, const struct json_cur *value, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(WORD_MAX);
    const char *word;

    if (json_need_array(value, err) < 0)
        return -1;
    for (size_t i = 0; i < json_len(value); i++) {
        struct json_cur item = json_item(value, i);

        if (json_get_str(&item, &word, err) < 0)
            return -1;
    }
    json_write(value->v, JSON_COMPACT, &text);
    if (buf_finish(&text, err) < 0)
        return -1;
    add_value(f, name, buf_cstr(&text));
    return 0;
}

static int
add_pairs(struct build_file *f, const char *name, const struct json_cur *object, struct err *err)
{
    struct json_cur value;
    void *iter = NULL;

    while (json_next(object, &iter, &value)) {
        cleanup_free char *pair = NULL;
        const char *text;

        if (json_get_str(&value, &text, err) < 0)
            return -1;
        pair = mem_printf("%s=%s", value.key, text);
        add_value(f, name, pair);
    }
    return 0;
}

/* A port is a number to most people. */
static int
add_text(struct build_file *f, const char *name, const struct json_cur *value, struct err *err)
{
    const char *text;
    char digits[32];
    int64_t n;

    if (json_is_number(value)) {
        if (json_get_int(value, 0, INT64_MAX, &n, err) < 0)
            return -1;
        snprintf(digits, sizeof(digits), "%lld", (long long)n);
        add_value(f, name, digits);
        return 0;
    }
    if (json_get_str(value, &text, err) < 0)
        return -1;
    add_value(f, name, text);
    return 0;
}

static int
add_list(struct build_file *f, const char *name, const struct json_cur *value, struct err *err)
{
    if (IS(name, words))
        return add_command(f, name, value, err);
    if (IS(name, pairs) && json_is_object(value))
        return add_pairs(f, name, value, err);
    if (!json_is_array(value))
        return add_text(f, name, value, err);
    for (size_t i = 0; i < json_len(value); i++) {
        struct json_cur item = json_item(value, i);

        if (add_text(f, name, &item, err) < 0)
            return -1;
    }
    return 0;
}

static int
add_flag(struct build_file *f, const char *name, const struct json_cur *value, struct err *err)
{
    bool on;

    if (json_get_bool(value, &on, err) < 0)
        return -1;
    if (on)
        add_word(f, mem_printf("--%s", name));
    return 0;
}

static int
unknown(const struct cli_cmd *cmd, const struct json_cur *value, struct err *err)
{
    const char *names[CLI_OPTIONS_MAX + 1] = {NULL};
    const char *near;

    for (size_t i = 0; cmd->opts[i].name != NULL; i++)
        names[i] = cmd->opts[i].name;
    near = str_nearest(value->key, names);
    return json_err(value, err, "no option of build is called so%s%s%s",
                    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                    near != NULL ? "'?" : "");
}

static int
add_key(struct build_file *f, const struct json_cur *value, struct err *err)
{
    const struct cli_opt *o = f->cmd->opts;

    while (o->name != NULL && strcmp(o->name, value->key) != 0)
        o++;
    if (o->name == NULL)
        return unknown(f->cmd, value, err);
    if (IS(o->name, refused))
        return json_err(value, err, "belongs on the command line");
    switch (o->type) {
    case CLI_FLAG:
        return add_flag(f, o->name, value, err);
    case CLI_LIST:
        return add_list(f, o->name, value, err);
    case CLI_UINT:
    case CLI_STR:
    case CLI_CHOICE:
    case CLI_DECIMAL:
        break;
    }
    return add_text(f, o->name, value, err);
}

static int
read_words(struct build_file *f, const char *path, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(FILE_SIZE_MAX);
    cleanup_json struct json_t *doc = NULL;
    struct json_cur root, value;
    void *iter = NULL;

    if (fs_read(path, &text, err) < 0)
        return -1;
    doc = json_parse(buf_view(&text), path, err);
    if (doc == NULL)
        return -1;
    root = json_root(doc);
    if (json_need_object(&root, err) < 0)
        return err_wrap(err, "%s", path);
    while (json_next(&root, &iter, &value))
        if (add_key(f, &value, err) < 0)
            return err_wrap(err, "%s", path);
    return 0;
}

/* ---- the command line over it ---- */

static bool
has_pair(const struct cli_list *list, const char *pair)
{
    size_t n = strcspn(pair, "=") + 1;

    for (size_t i = 0; i < list->n; i++)
        if (strncmp(list->v[i], pair, n) == 0)
            return true;
    return false;
}

static void
merge_list(const char *name, const struct cli_list *over, const struct cli_list *under,
           struct cli_list *out)
{
    out->v = mem_realloc(NULL, over->n + under->n + 1, sizeof(*out->v));
    for (size_t i = 0; i < under->n; i++) {
        if ((IS(name, words) && over->n > 0) || (IS(name, pairs) && has_pair(over, under->v[i])))
            continue;
        out->v[out->n++] = under->v[i];
    }
    for (size_t i = 0; i < over->n; i++)
        out->v[out->n++] = over->v[i];
}

static size_t
size_of(enum cli_type type)
{
    switch (type) {
    case CLI_FLAG:
        return sizeof(bool);
    case CLI_UINT:
        return sizeof(uint64_t);
    case CLI_DECIMAL:
        return sizeof(double);
    case CLI_STR:
    case CLI_CHOICE:
    case CLI_LIST:
        break;
    }
    return sizeof(const char *);
}

/* Zero is what a value that was not given has. */
static bool
is_given(const char *field, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (field[i] != 0)
            return true;
    return false;
}

static void
merge(const struct cli_cmd *cmd, const char *over, const char *under, char *out)
{
    for (const struct cli_opt *o = cmd->opts; o->name != NULL; o++) {
        size_t n = size_of(o->type);

        if (o->type == CLI_LIST)
            merge_list(o->name, (const struct cli_list *)(const void *)(over + o->offset),
                       (const struct cli_list *)(const void *)(under + o->offset),
                       (struct cli_list *)(void *)(out + o->offset));
        else
            memcpy(out + o->offset, (is_given(over + o->offset, n) ? over : under) + o->offset, n);
    }
}

struct build_file *
build_file_read(const char *path, const struct cli_cmd *cmd, const void *over, void *out,
                struct err *err)
{
    cleanup_build_file struct build_file *f = mem_alloc(sizeof(*f));
    int n_operands;
    char **operands;

    f->cmd = cmd;
    f->out = out;
    f->under = mem_alloc(cmd->opts_size);
    f->folder = mem_strndup(path, (size_t)(fs_basename(path) - path));
    add_word(f, (char *)cmd->name);
    if (read_words(f, path, err) < 0)
        return NULL;
    if (cli_parse(cmd, f->n, f->words, f->under, &n_operands, &operands, err) < 0) {
        err->code = ERR_INVALID; /* the file is wrong, not the command line */
        err_wrap(err, "%s", path);
        return NULL;
    }
    merge(cmd, over, f->under, out);
    return steal_ptr(&f);
}
