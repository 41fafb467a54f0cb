/* SPDX-License-Identifier: Apache-2.0 */
#include "images/build.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "images/build_tree.h"
#include "images/config.h"
#include "images/image.h"
#include "images/manifest.h"
#include "images/pairs.h"
#include "images/passwd.h"
#include "images/program.h"
#include "images/target.h"
#include "images/tree.h"
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

static int
write_image(const struct tree *t, const struct config *c, const struct json_t *annotations,
            struct target *target, struct image *image, struct err *err)
{
    cleanup_staged struct staged file = STAGED_INIT;
    cleanup_layer struct layer layer = LAYER_INIT;

    if (target_open(target, err) < 0 || target_stage(target, &file, err) < 0 ||
        layer_write(t, c->created, &file, &layer, err) < 0)
        return -1;
    image->platform = c->platform;
    image->created = c->created;
    image_add_layer(image, &layer);
    if (config_write(c, image->layers, image->n_layers, &image->config, err) < 0 ||
        manifest_write(&image->config, image->layers, image->n_layers, annotations,
                       &image->manifest, err) < 0)
        return -1;
    return target_publish(target, image, err);
}

int
build_image(const struct build_opts *o, int64_t created, struct target *target, struct image *image,
            struct buf *warnings, struct err *err)
{
    cleanup_config struct config config;
    cleanup_tree struct tree tree = TREE_INIT;
    cleanup_json struct json_t *annotations = json_new_object();
    struct passwd_user user;
    struct platform asked;
    char user_text[32];

    config_init(&config);
    config.created = created;
    config.workdir = o->workdir;
    if (read_options(o, &config, annotations, err) < 0 || read_user(o, &user, err) < 0 ||
        check_program_name(&config, err) < 0)
        return -1;
    if (o->platform != NULL && platform_parse(o->platform, &asked, err) < 0)
        return usage(err, "--platform");
    passwd_config_user(&user, user_text);
    config.user = user_text;
    if (build_tree(o, &user, &tree, err) < 0 ||
        choose_platform(&tree, o->platform != NULL ? &asked : NULL, &config, warnings, err) < 0)
        return -1;
    return write_image(&tree, &config, annotations, target, image, err);
}
