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
static struct json_t *
env_array(const struct json_t *env)
{
    struct json_cur root = json_root(env);
    size_t n = json_size(env);
    char **texts = mem_realloc(NULL, n + 1, sizeof(char *));
    struct json_t *array = json_new_array();
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
    return array;
}

static void
put_unless_empty(struct json_t *object, const char *key, struct json_t *value)
{
    if (json_size(value) > 0)
        json_put(object, key, value);
    else
        json_free(value);
}

static struct json_t *
execution(const struct config *c)
{
    struct json_t *v = json_new_object();

    json_put_str(v, "User", c->user);
    json_put_str(v, "WorkingDir", c->workdir);
    put_unless_empty(v, "Entrypoint", json_clone(c->entrypoint));
    put_unless_empty(v, "Cmd", json_clone(c->cmd));
    put_unless_empty(v, "Env", env_array(c->env));
    put_unless_empty(v, "ExposedPorts", json_clone(c->ports));
    put_unless_empty(v, "Labels", json_clone(c->labels));
    return v;
}

static void
put_layers(struct json_t *doc, const char *created, const struct layer *layers, size_t n)
{
    struct json_t *rootfs = json_new_object();
    struct json_t *diff_ids = json_new_array();
    struct json_t *history = json_new_array();

    for (size_t i = 0; i < n; i++) {
        struct json_t *line = json_new_object();

        /* No version, no paths, no command line: equal content stays equal. */
        json_put_str(line, "created", created);
        json_put_str(line, "created_by", "imagegen build");
        json_push(history, line);
        json_push_str(diff_ids, layers[i].diff_id);
    }
    json_put_str(rootfs, "type", "layers");
    json_put(rootfs, "diff_ids", diff_ids);
    json_put(doc, "rootfs", rootfs);
    json_put(doc, "history", history);
}

int
config_write(const struct config *c, const struct layer *layers, size_t n, struct blob *out,
             struct err *err)
{
    cleanup_json struct json_t *doc = json_new_object();
    cleanup_buf struct buf text = BUF_INIT(CONFIG_SIZE_MAX);
    char created[32];

    clock_format_rfc3339(c->created, created);
    json_put_str(doc, "created", created);
    json_put_str(doc, "os", c->platform.os);
    json_put_str(doc, "architecture", c->platform.arch);
    if (c->platform.variant[0] != '\0')
        json_put_str(doc, "variant", c->platform.variant);
    json_put(doc, "config", execution(c));
    put_layers(doc, created, layers, n);
    json_write(doc, JSON_SORTED, &text);
    return blob_from_text(out, BLOB_CONFIG, &text, err);
}
