/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_words.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands between quotes, to *to; returns where the text goes on, or NULL at an open one. */
static const char *
take_quoted(const char *p, char **to)
{
    char quote = *p++;

    while (*p != quote) {
        if (quote == '"' && p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        if (*p == '\0')
            return NULL;
        *(*to)++ = *p++;
    }
    return p + 1;
}

/* One word, to *to with its NUL; returns where the text goes on, or NULL with err set. */
static const char *
take_word(const char *p, char **to, struct err *err)
{
    while (*p != '\0' && !is_blank(*p)) {
        if (*p == '\'' || *p == '"') {
            char quote = *p;

            p = take_quoted(p, to);
            if (p == NULL) {
                err_set(err, ERR_USAGE, "the quote %c is never closed", quote);
                return NULL;
            }
            continue;
        }
        if (*p == '\\' && *++p == '\0') {
            err_set(err, ERR_USAGE, "nothing follows the last backslash");
            return NULL;
        }
        *(*to)++ = *p++;
    }
    *(*to)++ = '\0';
    return p;
}

int
cli_words_parse(const char *text, const char *name, struct cli_words *out, struct err *err)
{
    size_t n = strlen(text);
    struct cli_words w = {.argc = 1};
    char *to;

    if (n > INT_MAX / 2)
        return err_set(err, ERR_USAGE, "longer than %d bytes", INT_MAX / 2);
    /* A word needs a character and a blank at least, and its NUL takes the blank's place. */
    w.argv = mem_realloc(NULL, n / 2 + 3, sizeof(*w.argv));
    w.text_ = mem_alloc(n + 1);
    w.argv[0] = (char *)name;
    to = w.text_;
    for (;;) {
        while (is_blank(*text))
            text++;
        if (*text == '\0')
            break;
        w.argv[w.argc++] = to;
        text = take_word(text, &to, err);
        if (text == NULL) {
            cli_words_done(&w);
            return -1;
        }
    }
    w.argv[w.argc] = NULL;
    *out = w;
    return 0;
}

void
cli_words_done(struct cli_words *w)
{
    free((void *)w->argv);
    free(w->text_);
    *w = (struct cli_words){.argc = 0};
}
