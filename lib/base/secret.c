/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/mem.h"

void
secret_set(struct secret *s, const char *text, size_t n)
{
    char *copy = mem_strndup(text, n);

    secret_done(s);
    s->text_ = copy;
    s->n_ = n;
}

void
secret_done(struct secret *s)
{
    int saved = errno;

    if (s->text_ != NULL)
        mem_wipe(s->text_, s->n_);
    free(s->text_);
    errno = saved;
    s->text_ = NULL;
    s->n_ = 0;
}

bool
secret_is_set(const struct secret *s)
{
    return s->n_ > 0;
}

const char *
secret_reveal(const struct secret *s)
{
    return s->text_ != NULL ? s->text_ : "";
}

const char *
secret_mask(const struct secret *s)
{
    return secret_is_set(s) ? "***" : "(none)";
}
