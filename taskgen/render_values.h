/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_RENDER_VALUES_H
#define TASKGEN_RENDER_VALUES_H

/*
 * Values of render's options, from text.  What cannot be read becomes a finding that names the
 * option and the text, and counts as not given, so that reading goes on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cli.h"
#include "ecs/finding.h"
#include "ecs/task_def.h"

/* Pairs with room for more behind them; their strings are the array's own. */
struct render_values_pairs {
    struct task_def_pair *v;
    size_t n;
};

void render_values_pairs_done(struct render_values_pairs *pairs);
#define cleanup_render_values_pairs __attribute__((cleanup(render_values_pairs_done)))

/* Adds NAME=VALUE of each. */
void render_values_pairs(const char *option, const struct cli_list *list,
                         struct render_values_pairs *out, struct finding_list *findings);

/* Adds one; both strings are copied. */
void render_values_add_pair(struct render_values_pairs *out, const char *name, const char *value);

/* PORT, PORT/tcp, PORT/udp; "none" alone means that there are none.  The caller frees *out. */
size_t render_values_ports(const struct cli_list *list, struct task_def_port **out,
                           struct finding_list *findings);

/* A whole number; its range is a rule's business.  False when there is none. */
bool render_values_number(const char *option, const char *text, uint32_t *out,
                          struct finding_list *findings);

/* Whether every text is UTF-8, which JSON needs. */
void render_values_utf8(const struct cli_opt *table, const void *opts,
                        struct finding_list *findings);

#endif
