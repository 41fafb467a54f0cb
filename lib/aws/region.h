/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_REGION_H
#define AWS_REGION_H

/*
 * Which region: the command line, AWS_REGION, AWS_DEFAULT_REGION, the profile.  It becomes a label
 * of a host name, so it is checked as one.
 */

#include "base/attr.h"

struct err;
struct profile;

enum { REGION_SIZE = 64 };

/* given is the command line's, or NULL. */
int region_choose(const char *given, const struct profile *profile, char out[REGION_SIZE],
                  struct err *err) NODISCARD;

#endif
