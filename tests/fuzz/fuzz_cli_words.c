/* SPDX-License-Identifier: Apache-2.0 */

/* Text with flags: whatever it is, it becomes words that are no longer than it, or is refused. Each
 * word, quoted again, comes back as the one word it was. */

#include "base/cli_words.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { QUOTED_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_again(const char *word)
{
    cleanup_buf struct buf quoted = BUF_INIT(QUOTED_MAX);
    struct err err = ERR_INIT;
    struct cli_words again;

    buf_append_char(&quoted, '"');
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\')
            buf_append_char(&quoted, '\\');
        buf_append_char(&quoted, *word);
    }
    buf_append_char(&quoted, '"');
    assert(cli_words_parse(buf_cstr(&quoted), "fuzz", &again, &err) == 0);
    assert(again.argc == 2 && again.argv[2] == NULL);
    cli_words_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_strndup((const char *)data, size);
    struct err err = ERR_INIT;
    struct cli_words w;
    size_t total = 0;

    if (cli_words_parse(text, "fuzz", &w, &err) < 0) {
        assert(err.code == ERR_USAGE && err.msg[0] != '\0');
        return 0;
    }
    assert(w.argc >= 1 && w.argv[w.argc] == NULL);
    for (int i = 1; i < w.argc; i++) {
        total += strlen(w.argv[i]);
        check_again(w.argv[i]);
    }
    assert(total <= strlen(text));
    cli_words_done(&w);
    return 0;
}
