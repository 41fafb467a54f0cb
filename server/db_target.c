/* SPDX-License-Identifier: Apache-2.0 */

/* The text of --database. */

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/db.h"
#include "server/db_mysql.h"
#include "server/http_chars.h"

enum { MYSQL_PORT = 3306, CONNECT_MS = 5000, QUERY_MS = 30000, CONNECT_SECONDS_MAX = 3600 };

/* All that are built in. */
static const struct db_driver *const drivers[] = {
    &db_sqlite,
#ifndef BERTH_SQLITE_ONLY
    &db_mysql,
#endif
};

static const char *const tls_names[] = {
    [DB_TLS_PREFERRED] = "preferred",
    [DB_TLS_DISABLED] = "disabled",
    [DB_TLS_REQUIRED] = "required",
    [DB_TLS_VERIFY_CA] = "verify-ca",
    [DB_TLS_VERIFY_IDENTITY] = "verify-identity",
};

static const struct db_driver *
find_driver(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    }
    return NULL;
}

static int
parse_sqlite(struct str path, bool has_mode, struct db_target *t, struct err *err)
{
    t->driver = find_driver("sqlite");
    t->read_only = true;
    if (has_mode && str_ends(path, "?mode=rw"))
        t->read_only = false;
    if (has_mode && (str_ends(path, "?mode=rw") || str_ends(path, "?mode=ro")))
        path.n -= strlen("?mode=rw");
    if (path.n == 0)
        return err_set(err, ERR_USAGE, "no path: write sqlite:PATH");
    t->path = mem_strndup(path.p, path.n);
    return 0;
}

/* NULL when an escape is broken or hides a NUL. */
static char *
unescape(struct str s)
{
    char *out = mem_alloc(s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int high, low;

        if (s.p[i] != '%') {
            out[n++] = s.p[i];
            continue;
        }
        high = i + 2 < s.n ? http_chars_hex(s.p[i + 1]) : -1;
        low = i + 2 < s.n ? http_chars_hex(s.p[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            mem_wipe(out, n);
            free(out);
            return NULL;
        }
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return out;
}

static int
take(struct str s, const char *what, char **out, struct err *err)
{
    if (s.n == 0)
        return 0;
    free(*out);
    *out = unescape(s);
    if (*out == NULL)
        return err_set(err, ERR_USAGE, "the %s has a broken %% escape", what);
    return 0;
}

static int
parse_user(struct str user, bool secret, struct db_target *t, struct err *err)
{
    struct str password = user;

    user = str_cut(&password, ':');
    if (password.p != NULL && !secret)
        return err_set(err, ERR_USAGE,
                       "a password on the command line can be read by everybody: use "
                       "--database-password-file, BERTHD_DATABASE_PASSWORD or DATABASE_URL");
    if (take(user, "user", &t->user, err) < 0)
        return -1;
    if (password.p != NULL && take(password, "password", &t->password, err) < 0)
        return -1;
    return 0;
}

/* HOST, HOST:PORT, [V6]:PORT */
static int
parse_host(struct str host, struct db_target *t, struct err *err)
{
    struct str port = {NULL, 0};
    uint64_t n;

    if (host.n > 0 && host.p[0] == '[') {
        ptrdiff_t end = str_find(host, ']');

        if (end < 0 || (host.n > (size_t)end + 1 && host.p[end + 1] != ':'))
            return err_set(err, ERR_USAGE, "the host is not valid");
        if (host.n > (size_t)end + 1)
            port = (struct str){host.p + end + 2, host.n - (size_t)end - 2};
        host = (struct str){host.p + 1, (size_t)end - 1};
    } else {
        port = host;
        host = str_cut(&port, ':');
    }
    t->port = MYSQL_PORT;
    if (port.p != NULL) {
        if (!num_parse_u64(port, UINT16_MAX, &n) || n == 0)
            return err_set(err, ERR_USAGE, "the port must be a number from 1 to 65535");
        t->port = (uint16_t)n;
    }
    return take(host, "host", &t->host, err);
}

static int
parse_tls(struct str value, struct db_target *t, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(tls_names); i++) {
        if (str_eq(value, tls_names[i])) {
            t->tls = (enum db_tls)i;
            return 0;
        }
    }
    return err_set(err, ERR_USAGE,
                   "tls=" STR_FMT ": must be disabled, preferred, required, verify-ca or "
                   "verify-identity",
                   STR_ARG(value));
}

static int
parse_option(struct str option, struct db_target *t, struct err *err)
{
    static const char *const names[] = {"tls", "tls-ca", "socket", "connect-timeout", NULL};
    struct str value = option;
    struct str name = str_cut(&value, '=');
    cleanup_free char *word = mem_strndup(name.p, name.n);
    const char *near;
    uint64_t seconds;

    if (str_eq(name, "tls"))
        return parse_tls(value, t, err);
    if (str_eq(name, "tls-ca"))
        return take(value, "tls-ca", &t->tls_ca, err);
    if (str_eq(name, "socket"))
        return take(value, "socket", &t->socket, err);
    if (str_eq(name, "connect-timeout")) {
        if (!num_parse_u64(value, CONNECT_SECONDS_MAX, &seconds) || seconds == 0)
            return err_set(err, ERR_USAGE, "connect-timeout must be from 1 to %d seconds",
                           CONNECT_SECONDS_MAX);
        t->connect_timeout_ms = (unsigned)seconds * 1000;
        return 0;
    }
    near = str_nearest(word, names);
    return err_set(err, ERR_USAGE, "there is no parameter '%s'%s%s%s", word,
                   near != NULL ? ": did you mean '" : "", near != NULL ? near : "",
                   near != NULL ? "'?" : "");
}

/* What follows mysql:// */
static int
parse_mysql(struct str rest, bool secret, struct db_target *t, struct err *err)
{
    struct str options = rest;
    struct str place = str_cut(&options, '?');
    struct str name = place;
    struct str host = str_cut(&name, '/');
    ptrdiff_t at = -1;

    t->driver = find_driver("mysql");
    if (t->driver == NULL)
        return err_set(err, ERR_USAGE, "this build knows sqlite: alone, not mysql://");
    /* The last one: an '@' of a password ought to be escaped, and often is not. */
    for (size_t i = 0; i < host.n; i++)
        at = host.p[i] == '@' ? (ptrdiff_t)i : at;
    if (at >= 0) {
        if (parse_user((struct str){host.p, (size_t)at}, secret, t, err) < 0)
            return -1;
        host = (struct str){host.p + at + 1, host.n - (size_t)at - 1};
    }
    if (parse_host(host, t, err) < 0)
        return -1;
    if (name.n == 0 || memchr(name.p, '/', name.n) != NULL)
        return err_set(err, ERR_USAGE, "write mysql://USER@HOST/NAME with the database's name");
    if (take(name, "name", &t->name, err) < 0)
        return -1;
    while (options.p != NULL) {
        if (parse_option(str_cut(&options, '&'), t, err) < 0)
            return -1;
    }
    if (t->host == NULL && t->socket == NULL)
        return err_set(err, ERR_USAGE, "write mysql://USER@HOST/NAME, or add ?socket=PATH");
    return 0;
}

static int
parse(const char *text, bool secret, struct db_target *t, struct err *err)
{
    const char *scheme = strstr(text, "://");

    if (strncmp(text, "mysql://", 8) == 0)
        return parse_mysql(str_from(text + 8), secret, t, err);
    if (strncmp(text, "mariadb://", 10) == 0)
        return parse_mysql(str_from(text + 10), secret, t, err);
    /* As in the URLs of SQLAlchemy and Django: sqlite:///path. */
    if (strncmp(text, "sqlite:///", 10) == 0)
        return parse_sqlite(str_from(text + 9), true, t, err);
    if (strncmp(text, "sqlite:", 7) == 0)
        return parse_sqlite(str_from(text + 7), true, t, err);
    if (scheme != NULL && memchr(text, '/', (size_t)(scheme - text)) == NULL)
        return err_set(err, ERR_UNSUPPORTED,
                       "%.*s: such databases are not supported: sqlite:PATH and mysql:// are",
                       (int)(scheme - text), text);
    return parse_sqlite(str_from(text), false, t, err);
}

int
db_target_parse(const char *text, bool secret, struct db_target *out, struct err *err)
{
    struct db_target t = {.connect_timeout_ms = CONNECT_MS, .query_timeout_ms = QUERY_MS};

    if (parse(text, secret, &t, err) < 0) {
        db_target_done(&t);
        return -1;
    }
    *out = t;
    return 0;
}

static void
wipe_password(struct db_target *t)
{
    if (t->password != NULL)
        mem_wipe(t->password, strlen(t->password));
    free(t->password);
    t->password = NULL;
}

void
db_target_done(struct db_target *t)
{
    wipe_password(t);
    free(t->path);
    free(t->host);
    free(t->socket);
    free(t->user);
    free(t->name);
    free(t->tls_ca);
    *t = (struct db_target){.driver = NULL};
}

void
db_target_set_password(struct db_target *t, struct str password)
{
    wipe_password(t);
    t->password = mem_strndup(password.p, password.n);
}

void
db_target_format(const struct db_target *t, char out[256])
{
    if (t->path != NULL)
        snprintf(out, 256, "sqlite:%s", t->path);
    else if (t->socket != NULL)
        snprintf(out, 256, "mysql://%s%s%s/%s?socket=%s", t->user != NULL ? t->user : "",
                 t->user != NULL ? "@" : "", t->host != NULL ? t->host : "", t->name, t->socket);
    else
        snprintf(out, 256, "mysql://%s%s%s:%u/%s", t->user != NULL ? t->user : "",
                 t->user != NULL ? "@" : "", t->host, t->port, t->name);
}

struct db *
db_target_open(const struct db_target *t, struct err *err)
{
    if (t->driver == NULL) {
        err_set(err, ERR_UNSUPPORTED, "this berthd is built without MariaDB's connector");
        return NULL;
    }
    return t->driver->open(t, err);
}
