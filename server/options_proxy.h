/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_PROXY_H
#define SERVER_OPTIONS_PROXY_H

/* The part of the options that has to do with proxies: those behind us, and whom to believe of
 * those before us. */

#include "base/attr.h"

struct err;
struct options;
struct settings;

int options_proxy(const struct options *o, struct settings *s, struct err *err) NODISCARD;
void options_proxy_done(struct settings *s);

#endif
