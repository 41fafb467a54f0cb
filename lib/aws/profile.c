/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/profile.h"

#include <stdlib.h>
#include <string.h>

#include "aws/env.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"

enum { CANDIDATES_MAX = 64 };

void
profile_done(struct profile *p)
{
    free(p->name);
    free(p->config_path);
    free(p->credentials_path);
    ini_done(&p->config);
    ini_done(&p->credentials);
    *p = (struct profile)PROFILE_INIT;
}

/* The variable's path, "~/" being the home folder, else the usual place; NULL without a home. */
static char *
file_path(const char *variable, const char *usual)
{
    const char *path = env_get(variable);
    const char *home = env_get("HOME");

    if (path == NULL)
        path = usual;
    if (strncmp(path, "~/", 2) != 0)
        return mem_strdup(path);
    return home != NULL ? fs_join(home, path + 2) : NULL;
}

static int
read_file(struct ini *ini, const char *path, struct err *err)
{
    struct err why = ERR_INIT;

    if (path == NULL || ini_read(ini, path, &why) == 0)
        return 0;
    if (why.code == ERR_NOT_FOUND)
        return 0;
    *err = why;
    return -1;
}

/* In the config file only the default profile may stand without the word "profile". */
static const struct ini_section *
find_in_config(const struct ini *config, const char *name)
{
    const struct ini_section *found = ini_section(config, "profile", str_from(name));

    if (found == NULL && strcmp(name, "default") == 0)
        found = ini_section(config, "", str_from(name));
    return found;
}

static void
choose(struct profile *p, const char *name)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};

    p->explicit = name != NULL;
    p->chosen_by = name != NULL ? "--profile" : NULL;
    for (size_t i = 0; i < ARRAY_LEN(variables) && name == NULL; i++) {
        name = env_get(variables[i]);
        if (name != NULL)
            p->chosen_by = variables[i];
    }
    p->name = mem_strdup(name != NULL ? name : "default");
}

static size_t
collect_names(const struct ini *ini, const char *kind, char **names, size_t n)
{
    for (size_t i = 0; i < ini->n_sections && n < CANDIDATES_MAX; i++) {
        const struct ini_section *s = &ini->sections[i];

        if (str_eq(s->kind, kind))
            names[n++] = mem_strndup(s->name.p, s->name.n);
    }
    return n;
}

static int
refuse_unknown(const struct profile *p, struct err *err)
{
    char *names[CANDIDATES_MAX + 1] = {NULL};
    size_t n = collect_names(&p->config, "profile", names, 0);
    const char *near;

    n = collect_names(&p->credentials, "", names, n);
    near = str_nearest(p->name, (const char *const *)names);
    err_set(err, ERR_NOT_FOUND, "profile '%.100s' (%s) is neither in '%s' nor in '%s'%s%s%s",
            p->name, p->chosen_by, p->config_path != NULL ? p->config_path : "~/.aws/config",
            p->credentials_path != NULL ? p->credentials_path : "~/.aws/credentials",
            near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
            near != NULL ? "'?" : "");
    while (n > 0)
        free(names[--n]);
    return -1;
}

int
profile_load(struct profile *p, const char *name, struct err *err)
{
    choose(p, name);
    p->config_path = file_path("AWS_CONFIG_FILE", "~/.aws/config");
    p->credentials_path = file_path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    if (read_file(&p->config, p->config_path, err) < 0 ||
        read_file(&p->credentials, p->credentials_path, err) < 0)
        return -1;
    p->in_config = find_in_config(&p->config, p->name);
    p->in_credentials = ini_section(&p->credentials, "", str_from(p->name));
    if (p->chosen_by != NULL && strcmp(p->name, "default") != 0 && p->in_config == NULL &&
        p->in_credentials == NULL)
        return refuse_unknown(p, err);
    return 0;
}

static struct str
value_of(const struct ini_section *section, const char *parent, const char *key)
{
    const struct ini_key *found = section != NULL ? ini_key(section, parent, key) : NULL;

    return found != NULL && found->value.n > 0 ? found->value : (struct str){NULL, 0};
}

struct str
profile_get(const struct profile *p, const char *key)
{
    struct str value = value_of(p->in_credentials, "", key);

    return value.p != NULL ? value : value_of(p->in_config, "", key);
}

struct str
profile_get_nested(const struct profile *p, const char *kind, struct str section,
                   const char *parent, const char *key)
{
    return value_of(ini_section(&p->config, kind, section), parent, key);
}

int
profile_get_bool(const struct profile *p, const char *key, bool otherwise, bool *out,
                 struct err *err)
{
    struct str value = profile_get(p, key);

    if (value.p == NULL)
        *out = otherwise;
    else if (str_eq_nocase(value, "true"))
        *out = true;
    else if (str_eq_nocase(value, "false"))
        *out = false;
    else
        return err_set(err, ERR_INVALID, "profile '%s': %s is '%.*s': want true or false", p->name,
                       key, value.n < 40 ? (int)value.n : 40, value.p);
    return 0;
}
