/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/finding.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "json/json.h"

enum {
    POINTER_MAX = 64 * 1024, /* a document of ours has no longer keys */
    TEXT_MAX = 1024          /* longer texts are cut: they quote the document */
};

void
finding_list_done(struct finding_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->v[i].where);
        free(list->v[i].text);
    }
    free(list->v);
    *list = (struct finding_list){NULL, 0};
}

static void append(struct finding_list *list, char *where, const char *rule, const char *fix,
                   const char *fmt, va_list ap) PRINTF_LIKE(5, 0);

/* Takes where. */
static void
append(struct finding_list *list, char *where, const char *rule, const char *fix, const char *fmt,
       va_list ap)
{
    char text[TEXT_MAX];

    vsnprintf(text, sizeof(text), fmt, ap);
    list->v = mem_realloc(list->v, list->n + 1, sizeof(list->v[0]));
    list->v[list->n++] = (struct finding){where, rule, mem_strdup(text), fix};
}

void
finding_add(struct finding_list *list, const struct json_cur *at, const char *rule, const char *fix,
            const char *fmt, ...)
{
    cleanup_buf struct buf pointer = BUF_INIT(POINTER_MAX);
    va_list ap;

    json_pointer(at, &pointer);
    va_start(ap, fmt);
    append(list, buf_take(&pointer), rule, fix, fmt, ap);
    va_end(ap);
}

void
finding_add_option(struct finding_list *list, const char *option, const char *rule, const char *fix,
                   const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    append(list, mem_strdup(option), rule, fix, fmt, ap);
    va_end(ap);
}
