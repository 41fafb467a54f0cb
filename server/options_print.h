/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OPTIONS_PRINT_H
#define SERVER_OPTIONS_PRINT_H

/*
 * --print-config: every option as "name = value  (from: where)".  Secrets are masked: the values of
 * --env, and passwords in URLs.
 */

struct buf;
struct options;
struct settings;

void options_print(const struct options *o, const struct settings *s, struct buf *out);

#endif
