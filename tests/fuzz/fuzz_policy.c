/* SPDX-License-Identifier: Apache-2.0 */

/* The input is a policy, a line end, and the bytes of the CPUs and the memory to apply it to. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cpu/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What policy_format() writes is read again as the same policy, up to its nine decimals. */
static void
check_round_trip(const struct policy *p)
{
    struct err err = ERR_INIT;
    struct policy again;
    char text[48];
    double off;

    if (p->kind != POLICY_2N_PLUS_1 && p->factor != 0 && p->factor < 1e-6)
        return;
    policy_format(p, text);
    if (policy_parse(text, &again, &err) < 0 || again.kind != p->kind)
        abort();
    off = again.factor - p->factor;
    if (off > 1e-6 || off < -1e-6)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct {
        double cpus;
        struct policy_memory memory;
    } numbers = {1, {0, 0, 0}};
    struct str rest = {(const char *)data, size};
    struct str line = str_cut(&rest, '\n');
    cleanup_free char *text = mem_strndup(line.p != NULL ? line.p : "", line.n);
    struct err err = ERR_INIT;
    struct policy p;
    bool capped;

    if (policy_parse(text, &p, &err) < 0)
        return err.code == ERR_USAGE ? 0 : (abort(), 0);
    check_round_trip(&p);
    if (rest.p != NULL)
        memcpy(&numbers, rest.p, rest.n < sizeof(numbers) ? rest.n : sizeof(numbers));
    for (int i = 0; i < 2; i++) {
        unsigned workers =
            policy_workers(&p, numbers.cpus, i == 0 ? NULL : &numbers.memory, &capped);

        if (workers < 1 || workers > 65535 || (i == 0 && capped))
            abort();
    }
    return 0;
}
