/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_static.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/http_chars.h"
#include "server/http_target.h"
#include "server/options.h"
#include "server/pack_write.h"
#include "server/settings.h"
#include "server/static_open.h"

/* The path of "URL=REST" as requests are compared with it, which the caller frees; NULL and err
 * when it is none. */
static char *
parse_url(const char *option, const char *text, const char *form, const char **rest,
          struct err *err)
{
    struct str tail = str_from(text);
    struct str head = str_cut(&tail, '=');
    cleanup_free char *room = mem_alloc(head.n + 1);
    struct str path;

    *rest = "";
    if (tail.n == 0 || head.n == 0 || head.p[0] != '/') {
        err_set(err, ERR_USAGE, "%s '%s': write %s", option, text, form);
        return NULL;
    }
    if (http_target_path(head, room, &path) != HTTP_PATH_OK) {
        err_set(err, ERR_USAGE, "%s '%s': the URL path is not valid", option, text);
        return NULL;
    }
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    *rest = tail.p;
    return mem_strndup(path.p, path.n);
}

static int
set_mounts(const struct cli_list *statics, struct settings *s, struct err *err)
{
    s->mounts = mem_alloc((statics->n + 1) * sizeof(*s->mounts));
    for (size_t i = 0; i < statics->n; i++) {
        struct settings_mount *m = &s->mounts[i];

        m->url =
            parse_url("--static", statics->v[i], "URL=FOLDER, such as /=site", &m->folder, err);
        if (m->url == NULL)
            return -1;
        s->n_mounts++;
    }
    return 0;
}

static int
set_fallback(const char *text, struct settings *s, struct err *err)
{
    const char *file = "";
    cleanup_free char *url =
        parse_url("--static-fallback", text, "URL=FILE, such as /=index.html", &file, err);

    if (url == NULL)
        return -1;
    file += file[0] == '/' ? 1 : 0;
    if (!static_open_allowed(str_from(file)))
        return err_set(err, ERR_USAGE,
                       "--static-fallback '%s': '%s' is a name that is never served", text, file);
    for (size_t i = 0; i < s->n_mounts; i++) {
        if (strcmp(s->mounts[i].url, url) != 0)
            continue;
        if (s->mounts[i].fallback != NULL)
            return err_set(err, ERR_USAGE, "--static-fallback %s=... is given twice", url);
        s->mounts[i].fallback = file;
        return 0;
    }
    return err_set(err, ERR_USAGE, "--static-fallback '%s': there is no --static %s=...", text,
                   url);
}

static int
set_rule(const char *text, struct settings_cache_rule *rule, struct err *err)
{
    struct str value = str_from(text);

    rule->pattern = str_cut(&value, '=');
    if (rule->pattern.n == 0 || rule->pattern.p[0] != '/' || value.p == NULL)
        return err_set(err, ERR_USAGE,
                       "--cache-control '%s': write PATTERN=VALUE, such as /assets/*=max-age=3600",
                       text);
    if (!http_chars_all(value, HTTP_CHAR_VALUE))
        return err_set(err, ERR_USAGE, "--cache-control '%s': the value is no header field's",
                       text);
    rule->value = value.p;
    return 0;
}

int
options_static(const struct options *o, struct settings *s, struct err *err)
{
    struct settings_static *f = &s->files;

    *f = (struct settings_static){.ranges = (unsigned)o->limit_ranges,
                                  .cache_ms = (unsigned)o->static_cache * 1000,
                                  .cache_bytes = o->static_cache_size,
                                  .cache_opened = (unsigned)o->static_cache_files};
    if (set_mounts(&o->statics, s, err) < 0)
        return -1;
    for (size_t i = 0; i < o->static_fallbacks.n; i++) {
        if (set_fallback(o->static_fallbacks.v[i], s, err) < 0)
            return -1;
    }
    f->rules = mem_alloc((o->cache_controls.n + 1) * sizeof(*f->rules));
    for (; f->n_rules < o->cache_controls.n; f->n_rules++) {
        if (set_rule(o->cache_controls.v[f->n_rules], &f->rules[f->n_rules], err) < 0)
            return -1;
    }
    return 0;
}

void
options_static_done(struct settings *s)
{
    for (size_t i = 0; i < s->n_mounts; i++)
        free(s->mounts[i].url);
    free(s->mounts);
    free(s->files.rules);
}

int
options_static_pack(const struct options *o, struct err *err)
{
    struct pack_made made;

    if (o->pack == NULL || o->output == NULL)
        return err_set(err, ERR_USAGE,
                       "--pack and --output belong together: --pack FOLDER --output FILE");
    if (pack_write(o->pack, o->output, &made, err) < 0)
        return err_wrap(err, "--pack");
    if (strcmp(o->output, "-") != 0)
        printf("%s: %" PRIu64 " file%s, %" PRIu64 " bytes\n", o->output, made.files,
               made.files == 1 ? "" : "s", made.bytes);
    return 0;
}
