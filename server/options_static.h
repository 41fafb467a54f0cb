/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_STATIC_H
#define SERVER_OPTIONS_STATIC_H

/* The part of the options that has to do with files: --static and all that changes how they are
 * sent, and --pack. */

#include "base/attr.h"

struct err;
struct options;
struct settings;

int options_static(const struct options *o, struct settings *s, struct err *err) NODISCARD;
void options_static_done(struct settings *s);

/* --pack FOLDER --output FILE */
int options_static_pack(const struct options *o, struct err *err) NODISCARD;

#endif
