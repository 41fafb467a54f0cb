/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

/*
 * A string that must not be seen: keys, tokens, passwords.  The type keeps it out of printf by
 * accident; secret_reveal() is the one way to the text and is easy to search for.  The memory is
 * overwritten before it is freed.
 */

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *text_; /* use secret_reveal() */
    size_t n_;
};

#define SECRET_INIT \
    {               \
        NULL, 0     \
    }

void secret_set(struct secret *s, const char *text, size_t n); /* copies; forgets what was there */
void secret_done(struct secret *s);
bool secret_is_set(const struct secret *s);        /* set and not empty */
const char *secret_reveal(const struct secret *s); /* "" when not set; borrowed */

#define cleanup_secret __attribute__((cleanup(secret_done)))

/* What may be printed: "***" or "(none)". */
const char *secret_mask(const struct secret *s);

#endif
