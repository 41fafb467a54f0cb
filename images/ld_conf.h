/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_LD_CONF_H
#define IMAGES_LD_CONF_H

/* The folders that /etc/ld.so.conf names (ldconfig(8)): a folder a line, `include` with patterns.
 */

#include "base/attr.h"
#include "base/cli.h"

struct err;

/* Appends copies to out, in order.  root is put before the paths; a machine without the file names
 * no folders.  ERR_LIMIT for files that include each other. */
int ld_conf_read(const char *root, struct cli_list *out, struct err *err) NODISCARD;
void ld_conf_done(struct cli_list *folders);

#endif
