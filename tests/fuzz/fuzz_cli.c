/* SPDX-License-Identifier: Apache-2.0 */

/* Command lines: the input is words parted by NUL.  Whatever they are, parsing ends with a result
 * or with an error of the command line, and bounds hold. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/mem.h"

enum { WORDS_MAX = 64 };

struct opts {
    bool flag;
    const char *text;
    uint64_t number;
    double decimal;
    struct cli_list list;
    const char *choice;
};

static const struct cli_opt table[] = {
    {"flag", 'f', CLI_FLAG, offsetof(struct opts, flag), NULL, "Flag.", 0, 0, NULL},
    {"text", 't', CLI_STR, offsetof(struct opts, text), "TEXT", "Text.", 0, 0, NULL},
    {"number", 'n', CLI_UINT, offsetof(struct opts, number), "N", "Number.", 2, 64, NULL},
    {"decimal", 'd', CLI_DECIMAL, offsetof(struct opts, decimal), "D", "Decimal.", 0, 16, NULL},
    {"list", 'l', CLI_LIST, offsetof(struct opts, list), "ITEM", "Item.", 0, 0, NULL},
    {"choice", 'c', CLI_CHOICE, offsetof(struct opts, choice), "text|json", "Choice.", 0, 0, NULL},
    {.name = NULL}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
parse(bool stop_at_operand, int argc, char **argv)
{
    const struct cli_cmd cmd = {.name = "fuzz",
                                .operands = "A B",
                                .max_operands = 8,
                                .stop_at_operand = stop_at_operand,
                                .opts = table,
                                .opts_size = sizeof(struct opts)};
    struct opts o = {0};
    struct err err = ERR_INIT;
    char **operands = NULL;
    int n = -1;

    if (cli_parse(&cmd, argc, argv, &o, &n, &operands, &err) < 0) {
        assert(err.code == ERR_USAGE && err.msg[0] != '\0' && n == -1);
    } else {
        assert(n >= 0 && n <= 8 && operands[n] == NULL);
        assert(o.number == 0 || (o.number >= 2 && o.number <= 64));
        assert(o.decimal >= 0 && o.decimal <= 16);
        assert(o.choice == NULL || strcmp(o.choice, "text") == 0 || strcmp(o.choice, "json") == 0);
    }
    cli_lists_done(&cmd, &o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_strndup((const char *)data, size);

    for (int stop = 0; stop < 2; stop++) {
        /* getopt_long() moves words about, so each run has its own. */
        char *argv[WORDS_MAX + 2] = {(char *)"fuzz"};
        int argc = 1;

        for (size_t at = 0; at < size && argc <= WORDS_MAX; at += strlen(text + at) + 1)
            argv[argc++] = text + at;
        parse(stop != 0, argc, argv);
    }
    return 0;
}
