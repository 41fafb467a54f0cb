/* SPDX-License-Identifier: Apache-2.0 */
#include "images/build.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/base.h"
#include "images/build_tree.h"
#include "images/compressor.h"
#include "images/config.h"
#include "images/image.h"
#include "images/layer.h"
#include "images/manifest.h"
#include "images/pairs.h"
#include "images/passwd.h"
#include "images/program.h"
#include "images/target.h"
#include "images/tree.h"
#include "images/tree_resolve.h"
#include "json/json.h"

/* What is wrong in an option's value is wrong with the command line. */
static int
usage(struct err *err, const char *option)
{
    err->code = ERR_USAGE;
    return err_wrap(err, "%s", option);
}

typedef int add_fn(struct config *c, const char *text, struct err *err);

static int
add_each(struct config *c, const struct cli_list *list, add_fn *add, const char *option,
         struct err *err)
{
    for (size_t i = 0; i < list->n; i++)
        if (add(c, list->v[i], err) < 0)
            return usage(err, option);
    return 0;
}

static int
read_options(const struct build_opts *o, struct config *c, struct json_t *annotations,
             struct err *err)
{
    if (add_each(c, &o->entrypoint, config_add_entrypoint, "--entrypoint", err) < 0 ||
        add_each(c, &o->cmd, config_add_cmd, "--cmd", err) < 0 ||
        add_each(c, &o->env, config_add_env, "--env", err) < 0 ||
        add_each(c, &o->ports, config_add_port, "--port", err) < 0 ||
        add_each(c, &o->labels, config_add_label, "--label", err) < 0)
        return -1;
    for (size_t i = 0; i < o->annotations.n; i++)
        if (pairs_add(annotations, o->annotations.v[i], err) < 0)
            return usage(err, "--annotation");
    return 0;
}

static int
read_user(const struct build_opts *o, struct passwd_user *user, struct err *err)
{
    *user = passwd_default();
    if (o->user != NULL && passwd_parse(o->user, user, err) < 0)
        return usage(err, "--user");
    return 0;
}

static int
read_layer_options(const struct build_opts *o, struct layer_opts *layer, struct err *err)
{
    layer->compression = compressor_find(o->compression != NULL ? o->compression : "gzip");
    layer->level = (int)o->compression_level;
    layer->threads = (unsigned)o->threads;
    if (layer->compression == NULL)
        return err_set(err, ERR_USAGE, "--compression: '%s' is not known", o->compression);
    if (compressor_check_level(layer->compression, layer->level, err) < 0)
        return usage(err, "--compression-level");
    return 0;
}

/* Without PATH a runtime cannot find a program by its name. */
static int
check_program_name(const struct config *c, struct err *err)
{
    const char *program = config_program(c);

    if (program != NULL && strchr(program, '/') == NULL && !config_has_path(c))
        return err_set(err, ERR_USAGE,
                       "--entrypoint: '%s': write its absolute path, or set --env PATH=...",
                       program);
    return 0;
}

/* Finds out about the program and, from it, the platform. */
static int
choose_platform(const struct tree *t, const struct platform *asked, struct config *c,
                struct buf *warnings, struct err *err)
{
    const char *path = config_program(c);
    struct program program = {false, NULL};

    if (path == NULL)
        buf_append_str(warnings, "the image has neither --entrypoint nor --cmd: containers of it "
                                 "must be told what to run\n");
    else if (path[0] == '/' && program_check(t, path, &program, warnings, err) < 0)
        return -1;
    return program_platform(&program, path, asked, &c->platform, err);
}

/* What an image is made of, complete and checked. */
struct parts {
    struct base base; /* empty without --from */
    struct tree tree;
    struct config config;
    struct json_t *annotations;
    struct layer_opts layer;
};

static void
parts_init(struct parts *p, int64_t created)
{
    p->base = (struct base)BASE_INIT;
    p->tree = (struct tree)TREE_INIT;
    config_init(&p->config);
    p->config.created = created;
    p->annotations = json_new_object();
    p->layer = (struct layer_opts){.mtime = created};
}

static void
parts_done(struct parts *p)
{
    base_done(&p->base);
    tree_done(&p->tree);
    config_done(&p->config);
    json_free(p->annotations);
}

/* ---- --from ---- */

/* image-spec annotations.md, unless the user has said otherwise. */
static void
annotate_base(struct parts *p)
{
    static const char name_key[] = "org.opencontainers.image.base.name";
    static const char digest_key[] = "org.opencontainers.image.base.digest";
    struct json_cur root = json_root(p->annotations);

    if (json_at(&root, digest_key).v == NULL)
        json_put_str(p->annotations, digest_key, p->base.digest);
    if (json_at(&root, name_key).v == NULL)
        json_put_str(p->annotations, name_key, p->base.name);
}

/* A program of ours must be one for the base's processor; one of the base's own is its business. */
static int
check_program_on_base(const struct parts *p, struct buf *warnings, struct err *err)
{
    const char *path = config_program(&p->config);
    struct program program = {false, NULL};

    if (path == NULL || path[0] != '/' || tree_resolve(&p->tree, path) == NULL)
        return 0;
    if (program_check(&p->tree, path, &program, warnings, err) < 0)
        return -1;
    if (program.arch != NULL && strcmp(program.arch, p->config.platform.arch) != 0)
        return err_set(err, ERR_INVALID, "'%s' is a program for %s, the base one for %s", path,
                       program.arch, p->config.platform.arch);
    return 0;
}

/* The target is opened for its folder: the base's layers go there at once. */
static int
begin_with(const char *from, const struct platform *asked, struct target *target, struct parts *p,
           struct err *err)
{
    const struct platform *is = &p->base.platform;
    char text[3 * PLATFORM_WORD_MAX];

    if (target_open(target, err) < 0 || base_read(from, asked, target, &p->base, err) < 0)
        return err_wrap(err, "--from");
    platform_format(is, text);
    if (asked != NULL && (strcmp(asked->os, is->os) != 0 || strcmp(asked->arch, is->arch) != 0))
        return err_set(err, ERR_INVALID, "--from: %s: it is an image for %s", from, text);
    p->config.platform = *is;
    p->config.base = p->base.config;
    annotate_base(p);
    return 0;
}

/* ---- the image ---- */

static int
add_layer(const struct parts *p, const struct target *target, struct image *image, struct err *err)
{
    cleanup_staged struct staged file = STAGED_INIT;
    cleanup_layer struct layer layer = LAYER_INIT;

    if (target_stage(target, &file, err) < 0 ||
        layer_write(&p->tree, &p->layer, &file, &layer, err) < 0)
        return -1;
    image_add_layer(image, &layer);
    return 0;
}

static int
write_image(struct parts *p, struct target *target, struct image *image, struct err *err)
{
    bool based = p->base.config != NULL;

    if (!based && target_open(target, err) < 0)
        return -1;
    for (size_t i = 0; i < p->base.n_layers; i++)
        image_add_layer(image, &p->base.layers[i]);
    /* A base whose config alone changes needs no layer that says nothing. */
    if ((!based || p->tree.n > 0) && add_layer(p, target, image, err) < 0)
        return -1;
    image->platform = p->config.platform;
    image->created = p->config.created;
    if (config_write(&p->config, image->layers, image->n_layers, &image->config, err) < 0 ||
        manifest_write(&image->config, image->layers, image->n_layers, p->annotations,
                       &image->manifest, err) < 0)
        return -1;
    return target_publish(target, image, err);
}

static int
read_all_options(const struct build_opts *o, struct parts *p, struct passwd_user *user,
                 struct err *err)
{
    p->config.workdir = o->workdir;
    if (read_options(o, &p->config, p->annotations, err) < 0 || read_user(o, user, err) < 0 ||
        read_layer_options(o, &p->layer, err) < 0)
        return -1;
    return o->from != NULL ? 0 : check_program_name(&p->config, err);
}

int
build_image(const struct build_opts *o, int64_t created, struct target *target, struct image *image,
            struct buf *warnings, struct err *err)
{
    __attribute__((cleanup(parts_done))) struct parts p;
    struct passwd_user user;
    const struct platform *asked;
    struct platform platform;
    char user_text[32];

    parts_init(&p, created);
    if (read_all_options(o, &p, &user, err) < 0)
        return -1;
    if (platform_option(o->platform, &platform, &asked, err) < 0)
        return -1;
    passwd_config_user(&user, user_text);
    p.config.user = o->from != NULL && o->user == NULL ? NULL : user_text;
    if (build_tree(o, &user, &p.tree, err) < 0)
        return -1;
    if (o->from != NULL ? begin_with(o->from, asked, target, &p, err) < 0 ||
                              check_program_on_base(&p, warnings, err) < 0
                        : choose_platform(&p.tree, asked, &p.config, warnings, err) < 0)
        return -1;
    return write_image(&p, target, image, err);
}
