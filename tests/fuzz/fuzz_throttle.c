/* SPDX-License-Identifier: Apache-2.0 */

/* A cpu.stat, whatever is in it. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cpu/throttle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct cpu_throttle t = {0};

    /* What was refused has left no trace. */
    if (!cpu_throttle_parse(text, &t) && (t.periods | t.throttled | t.throttled_us) != 0)
        abort();
    return 0;
}
