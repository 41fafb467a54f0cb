/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_CONFIG_H
#define IMAGES_CONFIG_H

/*
 * The image configuration (image-spec config.md): how a container of the image starts.
 *
 * config_add_*() check one value of the command line each and put it where it belongs; the order in
 * which they come decides nothing, except for the words of entry point and command.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "images/platform.h"

struct blob;
struct buf;
struct err;
struct json_t;
struct layer;

/* Texts NAME -> value or words of a command, kept as JSON until they are written. */
struct config {
    const struct json_t *base; /* the document to inherit from, borrowed, or NULL */
    struct platform platform;
    int64_t created;     /* Unix seconds */
    const char *user;    /* NULL = the base's, or none */
    const char *workdir; /* the same */
    struct json_t *entrypoint, *cmd, *env, *ports, *labels;
};

void config_init(struct config *c);
void config_done(struct config *c);
#define cleanup_config __attribute__((cleanup(config_done)))

int config_add_env(struct config *c, const char *text, struct err *err) NODISCARD; /* NAME=VALUE */
int config_add_label(struct config *c, const char *text, struct err *err) NODISCARD; /* KEY=VALUE */
int config_add_port(struct config *c, const char *text, struct err *err) NODISCARD;  /* N[/PROTO] */

/* One word of the command; a text that begins with '[' is a JSON array of all words instead. */
int config_add_entrypoint(struct config *c, const char *text, struct err *err) NODISCARD;
int config_add_cmd(struct config *c, const char *text, struct err *err) NODISCARD;

/* The first word that a container runs, or NULL. */
const char *config_program(const struct config *c);

/* True when the environment has a PATH. */
bool config_has_path(const struct config *c);

/* The document for n layers, the base's first, each of ours with a line of history.  What is given
 * replaces what the base has, single variables, ports and labels by their names; an entry point
 * takes the base's command away, as it was meant for another program. */
int config_write(const struct config *c, const struct layer *layers, size_t n, struct blob *out,
                 struct err *err) NODISCARD;

#endif
