/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECS_FINDING_H
#define ECS_FINDING_H

/*
 * What a check found wrong in a task definition: where, by which rule, what, and how to mend it.
 * Checks add to a list and go on, so that one run tells everything.
 */

#include <stddef.h>

#include "base/attr.h"

struct json_cur;

struct finding {
    char *where;      /* JSON pointer (RFC 6901) into the document, or the option that was wrong */
    const char *rule; /* the rule's id, "fargate-size"; borrowed, lives as long as the program */
    char *text;       /* what is wrong, one clause */
    const char
        *fix; /* what to do, one clause, or NULL where the text says it; borrowed like rule */
};

struct finding_list {
    struct finding *v;
    size_t n;
};

void finding_list_done(struct finding_list *list);
#define cleanup_finding_list __attribute__((cleanup(finding_list_done)))

/* Adds one at a place, which need not exist in the document. */
void finding_add(struct finding_list *list, const struct json_cur *at, const char *rule,
                 const char *fix, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The same for what never got into a document, such as a value of an option. */
void finding_add_option(struct finding_list *list, const char *option, const char *rule,
                        const char *fix, const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
