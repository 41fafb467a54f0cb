/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/options.h"
#include "server/settings.h"

enum { MODE_ALL = 0777 };

int
options_process_variables(const void *options, struct err *err)
{
    const struct options *o = options;

    for (size_t i = 0; i < o->env.n; i++) {
        struct str rest = str_from(o->env.v[i]);
        struct str name = str_cut(&rest, '=');
        cleanup_free char *text = mem_strndup(name.p, name.n);

        /* The value may be a secret, and stays out of the message. */
        if (name.n == 0 || rest.p == NULL)
            return err_set(err, ERR_USAGE, "--env '%s': write NAME=VALUE", text);
        if (setenv(text, rest.p, 1) < 0)
            return err_sys(err, "--env '%s'", text);
    }
    return 0;
}

static int
parse_umask(const char *text, mode_t *mask, struct err *err)
{
    uint64_t v;

    if (!num_parse_octal(str_from(text), MODE_ALL, &v))
        return err_set(err, ERR_USAGE, "--umask '%s': write it in octal, from 0 to 777", text);
    *mask = (mode_t)v;
    return 0;
}

int
options_process_enter(const struct options *o, struct err *err)
{
    mode_t mask = 0;

    if (o->umask != NULL) {
        if (parse_umask(o->umask, &mask, err) < 0)
            return -1;
        umask(mask);
    }
    if (o->chdir != NULL && chdir(o->chdir) < 0)
        return err_sys(err, "--chdir '%s'", o->chdir);
    return 0;
}

int
options_process_settings(const struct options *o, struct settings *s, struct err *err)
{
    mode_t mask = 0;

    if (o->umask != NULL && parse_umask(o->umask, &mask, err) < 0)
        return -1;
    if (user_find(o->user, o->group, &s->user, err) < 0)
        return -1;
    s->socket_mode = MODE_ALL & ~mask;
    s->sandbox = !o->no_sandbox;
    s->name = o->name != NULL ? mem_printf(" [%s]", o->name) : mem_strdup("");
    return 0;
}
