/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_wrap.h"

#include "base/buf.h"

size_t
cli_wrap_columns(struct str text)
{
    size_t columns = 0;

    for (size_t i = 0; i < text.n; i++)
        columns += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return columns;
}

static void
append_blanks(struct buf *out, size_t n)
{
    buf_appendf(out, "%*s", (int)n, "");
}

/* Cuts off the next word; a note in brackets that fits into a line is not torn apart. */
static struct str
next_word(struct str *text)
{
    const char *start = text->p;
    ptrdiff_t end = text->n > 0 && start[0] == '[' ? str_find(*text, ']') : -1;
    struct str tail;

    if (end < 0 || end > CLI_WRAP_WIDTH / 2)
        return str_trim(str_cut(text, ' '));
    text->p += end;
    text->n -= (size_t)end;
    tail = str_cut(text, ' ');
    return (struct str){start, (size_t)(tail.p + tail.n - start)};
}

void
cli_wrap_words(struct str text, size_t at, size_t indent, struct buf *out)
{
    size_t column = at;
    bool line_is_empty = true;

    while (text.p != NULL) {
        struct str word = next_word(&text);
        size_t columns = cli_wrap_columns(word);

        if (word.n == 0)
            continue;
        if (!line_is_empty && column + 1 + columns > CLI_WRAP_WIDTH) {
            buf_append_char(out, '\n');
            append_blanks(out, indent);
            column = indent;
            line_is_empty = true;
        }
        if (!line_is_empty) {
            buf_append_char(out, ' ');
            column++;
        }
        buf_append_view(out, word);
        column += columns;
        line_is_empty = false;
    }
    buf_append_char(out, '\n');
}

/* Writes the paragraph gathered so far, if any, and forgets it. */
static void
flush_paragraph(struct buf *paragraph, struct buf *out)
{
    if (paragraph->n > 0)
        cli_wrap_words(buf_view(paragraph), 0, 0, out);
    buf_clear(paragraph);
}

void
cli_wrap_paragraphs(const char *text, struct buf *out)
{
    cleanup_buf struct buf paragraph = BUF_INIT(out->limit);
    struct str rest = str_from(text);

    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');

        if (line.n > 0 && line.p[0] != ' ') {
            if (paragraph.n > 0)
                buf_append_char(&paragraph, ' ');
            buf_append_view(&paragraph, line);
            continue;
        }
        flush_paragraph(&paragraph, out);
        if (line.n > 0 || rest.p != NULL) {
            buf_append_view(out, line);
            buf_append_char(out, '\n');
        }
    }
    flush_paragraph(&paragraph, out);
}
