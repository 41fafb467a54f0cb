/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_POSTS_SEED_H
#define SERVER_POSTS_SEED_H

/* The posts that `berthd --init-db` puts into a new database. */

#include <stddef.h>

struct posts_seed {
    const char *title, *body, *author, *created; /* created as RFC 3339 */
};

extern const struct posts_seed posts_seed[];
extern const size_t posts_seed_n;

#endif
