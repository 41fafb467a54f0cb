/* SPDX-License-Identifier: Apache-2.0 */
#include "images/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"
#include "images/blob.h"
#include "images/layer.h"
#include "images/pairs.h"
#include "json/json.h"

enum { CONFIG_SIZE_MAX = 8 * 1024 * 1024 };

void
config_init(struct config *c)
{
    memset(c, 0, sizeof(*c));
    c->entrypoint = json_new_array();
    c->cmd = json_new_array();
    c->env = json_new_object();
    c->ports = json_new_object();
    c->labels = json_new_object();
}

void
config_done(struct config *c)
{
    json_free(c->entrypoint);
    json_free(c->cmd);
    json_free(c->env);
    json_free(c->ports);
    json_free(c->labels);
    memset(c, 0, sizeof(*c));
}

int
config_add_env(struct config *c, const char *text, struct err *err)
{
    return pairs_add(c->env, text, err);
}

int
config_add_label(struct config *c, const char *text, struct err *err)
{
    return pairs_add(c->labels, text, err);
}

int
config_add_port(struct config *c, const char *text, struct err *err)
{
    struct str protocol = str_from(text);
    struct str digits = str_cut(&protocol, '/');
    char key[32];
    uint64_t port;

    if (protocol.p == NULL)
        protocol = STR_LIT("tcp");
    if (!num_parse_u64(digits, 65535, &port) || port == 0 ||
        !(str_eq(protocol, "tcp") || str_eq(protocol, "udp") || str_eq(protocol, "sctp")))
        return err_set(err, ERR_INVALID,
                       "'%s': write a number from 1 to 65535, with /udp where it is not TCP", text);
    snprintf(key, sizeof(key), "%u/" STR_FMT, (unsigned)port, STR_ARG(protocol));
    json_put(c->ports, key, json_new_object());
    return 0;
}

static int
add_word(struct json_t *words, const char *text, struct err *err)
{
    if (!utf8_is_valid(str_from(text)))
        return err_set(err, ERR_INVALID, "'%s': it is not UTF-8", text);
    json_push_str(words, text);
    return 0;
}

static int
add_array(struct json_t *words, const char *text, struct err *err)
{
    cleanup_json struct json_t *doc = json_parse(str_from(text), text, err);
    struct json_cur root = json_root(doc);

    if (doc == NULL)
        return -1;
    if (json_size(words) > 0)
        return err_set(err, ERR_INVALID, "'%s': a JSON array stands alone, it is all words", text);
    for (size_t i = 0; i < json_len(&root); i++) {
        struct json_cur item = json_item(&root, i);
        const char *word;

        if (json_get_str(&item, &word, err) < 0)
            return err_wrap(err, "%s", text);
        json_push_str(words, word);
    }
    return 0;
}

static int
add_words(struct json_t *words, const char *text, struct err *err)
{
    return text[0] == '[' ? add_array(words, text, err) : add_word(words, text, err);
}

int
config_add_entrypoint(struct config *c, const char *text, struct err *err)
{
    return add_words(c->entrypoint, text, err);
}

int
config_add_cmd(struct config *c, const char *text, struct err *err)
{
    return add_words(c->cmd, text, err);
}

const char *
config_program(const struct config *c)
{
    struct json_cur words = json_root(json_size(c->entrypoint) > 0 ? c->entrypoint : c->cmd);
    struct json_cur first = json_item(&words, 0);

    return json_str_or(&first, NULL);
}

bool
config_has_path(const struct config *c)
{
    struct json_cur env = json_root(c->env);

    return json_at(&env, "PATH").v != NULL;
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ["NAME=VALUE", ...] sorted bytewise, so that the order of options does not show in the digest. */
static void
push_env(const struct json_t *env, struct json_t *array)
{
    struct json_cur root = json_root(env);
    size_t n = json_size(env);
    char **texts = mem_realloc(NULL, n + 1, sizeof(char *));
    struct json_cur value;
    void *iter = NULL;

    for (size_t i = 0; json_next(&root, &iter, &value); i++)
        texts[i] = mem_printf("%s=%s", value.key, json_str_or(&value, ""));
    qsort(texts, n, sizeof(char *), compare_texts);
    for (size_t i = 0; i < n; i++) {
        json_push_str(array, texts[i]);
        free(texts[i]);
    }
    free(texts);
}

/* Those of the base that are not given anew, in its order, then ours. */
static struct json_t *
env_array(const struct config *c, const struct json_cur *base)
{
    struct json_cur before = json_at(base, "Env");
    struct json_cur ours = json_root(c->env);
    struct json_t *array = json_new_array();

    for (size_t i = 0; i < json_len(&before); i++) {
        struct json_cur item = json_item(&before, i);
        const char *text = json_str_or(&item, "");
        cleanup_free char *name = mem_strndup(text, strcspn(text, "="));

        if (json_at(&ours, name).v == NULL)
            json_push_str(array, text);
    }
    push_env(c->env, array);
    return array;
}

/* The base's object of that name with ours over it. */
static struct json_t *
merged(const struct json_t *ours, const struct json_cur *base, const char *key)
{
    struct json_cur before = json_at(base, key);
    struct json_cur root = json_root(ours);
    struct json_t *result = json_is_object(&before) ? json_clone(before.v) : json_new_object();
    struct json_cur value;
    void *iter = NULL;

    while (json_next(&root, &iter, &value))
        json_put(result, value.key, json_clone(value.v));
    return result;
}

static void
put_unless_empty(struct json_t *object, const char *key, struct json_t *value)
{
    if (json_size(value) > 0)
        json_put(object, key, value);
    else
        json_free(value);
}

/* Ours or, where nothing was given, the base's. */
static struct json_t *
command(const struct json_t *ours, const struct json_cur *base, const char *key, bool inherit)
{
    struct json_cur before = json_at(base, key);

    if (json_size(ours) > 0)
        return json_clone(ours);
    return inherit && json_is_array(&before) ? json_clone(before.v) : json_new_array();
}

/* Keys of the base that we know nothing of. */
static void
put_unknown(struct json_t *v, const struct json_cur *base)
{
    static const char *const known[] = {"User", "WorkingDir",   "Entrypoint", "Cmd",
                                        "Env",  "ExposedPorts", "Labels"};
    struct json_cur value;
    void *iter = NULL;

    while (json_is_object(base) && json_next(base, &iter, &value)) {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            is_known |= strcmp(known[i], value.key) == 0;
        if (!is_known)
            json_put(v, value.key, json_clone(value.v));
    }
}

static void
put_word(struct json_t *v, const char *key, const char *ours, const struct json_cur *base)
{
    struct json_cur before = json_at(base, key);

    json_put_str(v, key, ours != NULL ? ours : json_str_or(&before, NULL));
}

static struct json_t *
execution(const struct config *c, const struct json_cur *base)
{
    struct json_t *v = json_new_object();
    bool ours = json_size(c->entrypoint) > 0;

    put_unknown(v, base);
    put_word(v, "User", c->user, base);
    put_word(v, "WorkingDir", c->workdir, base);
    put_unless_empty(v, "Entrypoint", command(c->entrypoint, base, "Entrypoint", true));
    put_unless_empty(v, "Cmd", command(c->cmd, base, "Cmd", !ours));
    put_unless_empty(v, "Env", env_array(c, base));
    put_unless_empty(v, "ExposedPorts", merged(c->ports, base, "ExposedPorts"));
    put_unless_empty(v, "Labels", merged(c->labels, base, "Labels"));
    return v;
}

/* Lines of layers of the base, which are its own. */
static struct json_t *
history(const struct json_cur *base, const char *created, size_t n)
{
    struct json_cur before = json_at(base, "history");
    struct json_t *lines = json_is_array(&before) ? json_clone(before.v) : json_new_array();

    for (size_t i = 0; i < n; i++) {
        struct json_t *line = json_new_object();

        /* No version, no paths, no command line: equal content stays equal. */
        json_put_str(line, "created", created);
        json_put_str(line, "created_by", "imagegen build");
        json_push(lines, line);
    }
    return lines;
}

static struct json_t *
rootfs(const struct layer *layers, size_t n)
{
    struct json_t *v = json_new_object();
    struct json_t *diff_ids = json_new_array();

    for (size_t i = 0; i < n; i++)
        json_push_str(diff_ids, layers[i].diff_id);
    json_put_str(v, "type", "layers");
    json_put(v, "diff_ids", diff_ids);
    return v;
}

/* How many of the layers are the base's. */
static size_t
base_layers(const struct json_cur *base)
{
    struct json_cur fs = json_at(base, "rootfs");
    struct json_cur ids = json_at(&fs, "diff_ids");

    return json_len(&ids);
}

int
config_write(const struct config *c, const struct layer *layers, size_t n, struct blob *out,
             struct err *err)
{
    cleanup_json struct json_t *doc = c->base != NULL ? json_clone(c->base) : json_new_object();
    cleanup_buf struct buf text = BUF_INIT(CONFIG_SIZE_MAX);
    struct json_cur base = json_root(c->base);
    struct json_cur base_config = json_at(&base, "config");
    char created[32];

    clock_format_rfc3339(c->created, created);
    json_put_str(doc, "created", created);
    json_put_str(doc, "os", c->platform.os);
    json_put_str(doc, "architecture", c->platform.arch);
    if (c->platform.variant[0] != '\0')
        json_put_str(doc, "variant", c->platform.variant);
    json_put(doc, "config", execution(c, &base_config));
    json_put(doc, "rootfs", rootfs(layers, n));
    /* A base that tells no history would have one of the wrong length. */
    if (c->base == NULL || json_at(&base, "history").v != NULL)
        json_put(doc, "history", history(&base, created, n - base_layers(&base)));
    json_write(doc, JSON_SORTED, &text);
    return blob_from_text(out, BLOB_CONFIG, &text, err);
}
