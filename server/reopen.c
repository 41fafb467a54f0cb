/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reopen.h"

#include <stddef.h>

static struct reopen *first;

void
reopen_add(struct reopen *r)
{
    struct reopen **at = &first;

    while (*at != NULL)
        at = &(*at)->next;
    r->next = NULL;
    *at = r;
}

void
reopen_run(void)
{
    for (struct reopen *r = first; r != NULL; r = r->next)
        r->run(r);
}
