/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_creds.h"

#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "json/json.h"

void
registry_creds_done(struct creds *c)
{
    secret_done(&c->pair);
}

/* "https://index.docker.io/v1/" and "registry.example" are keys of the same kind. */
static bool
is_key_of(const char *key, const char *authority)
{
    struct str s = str_from(key);
    ptrdiff_t slash;

    if (str_starts(s, "https://")) {
        s.p += 8;
        s.n -= 8;
    } else if (str_starts(s, "http://")) {
        s.p += 7; /* spoken with loopback hosts only, whoever asks */
        s.n -= 7;
    }
    slash = str_find(s, '/');
    if (slash >= 0)
        s.n = (size_t)slash;
    if (strcmp(authority, "docker.io") == 0 &&
        (str_eq_nocase(s, "index.docker.io") || str_eq_nocase(s, "registry-1.docker.io")))
        return true;
    return str_eq_nocase(s, authority);
}

static bool
find_entry(const struct json_cur *map, const char *authority, struct json_cur *out)
{
    void *iter = NULL;

    *out = json_at(map, authority);
    if (out->v != NULL)
        return true;
    while (json_next(map, &iter, out))
        if (is_key_of(out->key, authority))
            return true;
    return false;
}

static int
read_auth(const struct json_cur *entry, struct creds *out, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(CREDS_CONFIG_MAX);
    struct json_cur auth = json_at(entry, "auth");
    struct json_cur token = json_at(entry, "identitytoken");
    const char *encoded = json_str_or(&auth, "");
    bool good = true;

    if (json_str_or(&token, "")[0] != '\0')
        return err_set(err, ERR_UNSUPPORTED,
                       "an identity token is kept for it, which is not offered; log in with a "
                       "password or set IMAGEGEN_CREDS");
    if (encoded[0] == '\0')
        return 0;
    good = strlen(encoded) <= 2 * CREDS_PAIR_MAX &&
           digest_base64_decode(str_from(encoded), &text) && buf_finish(&text, err) == 0 &&
           str_find(buf_view(&text), ':') > 0 && memchr(text.p, '\0', text.n) == NULL;
    if (good)
        secret_set(&out->pair, text.p, text.n);
    if (text.n > 0)
        mem_wipe(text.p, text.n);
    return good ? 0 : err_set(err, ERR_INVALID, "its auth is no base64 of user:password");
}

int
creds_from_config(const struct json_t *config, const char *authority, struct creds *out,
                  const char **helper, struct err *err)
{
    struct json_cur root = json_root(config);
    struct json_cur helpers = json_at(&root, "credHelpers");
    struct json_cur store = json_at(&root, "credsStore");
    struct json_cur auths = json_at(&root, "auths");
    struct json_cur entry;

    *helper = NULL;
    if (find_entry(&helpers, authority, &entry))
        *helper = json_str_or(&entry, NULL);
    else
        *helper = json_str_or(&store, NULL);
    if (*helper != NULL && (*helper)[0] == '\0')
        *helper = NULL;
    if (*helper != NULL || !find_entry(&auths, authority, &entry))
        return 0;
    return read_auth(&entry, out, err);
}

static char *
config_path(void)
{
    const char *folder = getenv("DOCKER_CONFIG");
    const char *home = getenv("HOME");

    if (folder != NULL && folder[0] != '\0')
        return fs_join(folder, "config.json");
    if (home == NULL || home[0] == '\0')
        return NULL;
    return fs_join(home, ".docker/config.json");
}

/* The parser shows what it stumbled over, which may be a password. */
static struct json_t *
parse(struct str text, const char *path, struct err *err)
{
    struct json_t *config = json_parse(text, path, err);
    char *near = config == NULL ? strstr(err->msg + strlen(path), " near ") : NULL;

    if (near != NULL)
        *near = '\0';
    return config;
}

static int
from_file(const char *path, const char *authority, struct creds *out, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(CREDS_CONFIG_MAX);
    cleanup_json struct json_t *config = NULL;
    const char *helper;

    if (fs_read_regular(path, &text, err) < 0) {
        if (err->code != ERR_NOT_FOUND)
            return -1;
        *err = (struct err)ERR_INIT;
        return 0;
    }
    config = parse(buf_view(&text), path, err);
    if (text.n > 0)
        mem_wipe(text.p, text.n);
    if (config == NULL)
        return -1;
    if (creds_from_config(config, authority, out, &helper, err) < 0)
        return err_wrap(err, "%s: %s", path, authority);
    if (helper == NULL)
        return 0;
    return creds_from_helper(helper, authority, out, err);
}

int
registry_creds_find(const char *authority, bool use_environment, struct creds *out, struct err *err)
{
    const char *pair = use_environment ? getenv("IMAGEGEN_CREDS") : NULL;
    cleanup_free char *path = config_path();

    if (pair != NULL && pair[0] != '\0') {
        if (str_find(str_from(pair), ':') <= 0)
            return err_set(err, ERR_USAGE, "IMAGEGEN_CREDS: want USER:PASSWORD");
        /* The end of a line is easily brought along from a file. */
        if (pair[strcspn(pair, "\r\n")] != '\0' || strlen(pair) > CREDS_PAIR_MAX)
            return err_set(err, ERR_USAGE,
                           "IMAGEGEN_CREDS: USER:PASSWORD is one line of at most %d bytes",
                           CREDS_PAIR_MAX);
        secret_set(&out->pair, pair, strlen(pair));
        return 0;
    }
    return path != NULL ? from_file(path, authority, out, err) : 0;
}
