/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_complete.h"

#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/cli.h"

bool
cli_complete_write(const struct cli_program *program, const char *shell, struct buf *out)
{
    static const struct {
        const char *name;
        void (*write)(const struct cli_program *program, struct buf *out);
    } shells[] = {
        {"bash", cli_complete_bash}, {"zsh", cli_complete_zsh}, {"fish", cli_complete_fish}};

    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].write(program, out);
            return true;
        }
    }
    return false;
}

void
cli_complete_append_function(const struct cli_program *program, struct buf *out)
{
    buf_append_char(out, '_');
    for (const char *c = program->name; *c != '\0'; c++)
        buf_append_char(out, *c == '-' || *c == '.' ? '_' : *c);
}
