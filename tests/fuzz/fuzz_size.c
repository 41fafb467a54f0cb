/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sizes from any text: what is read is in range, is written back and read again as the same, is
 * explained when it is no size of Fargate, and a text of ECS means the same in an option unless it
 * has no unit.
 */

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "ecs/size.h"
#include "ecs/size_text.h"

typedef int (*parse_fn)(struct str text, enum size_text_dialect dialect, uint32_t *value,
                        struct err *err);

static void
require(int condition)
{
    if (!condition)
        abort();
}

static uint32_t
check(parse_fn parse, void (*format)(uint32_t, char[SIZE_TEXT_MAX]), struct str text)
{
    uint32_t values[] = {0, 0, 0};
    char back[SIZE_TEXT_MAX];

    for (int dialect = SIZE_TEXT_ECS; dialect <= SIZE_TEXT_OPTION; dialect++) {
        struct err err = ERR_INIT;
        int result = parse(text, dialect, &values[dialect], &err);

        require((result == 0) == (values[dialect] != 0));
        require((result == 0) == (err.code == ERR_NONE));
        if (result < 0)
            continue;
        require(values[dialect] <= 1000 * 1000 * 1000);
        format(values[dialect], back);
        require(parse(str_from(back), dialect, &values[2], &err) == 0);
        require(values[2] == values[dialect]);
    }
    return values[SIZE_TEXT_OPTION];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str rest = {n > 0 ? (const char *)data : "", n};
    struct str cpu = str_cut(&rest, '/');
    struct size size = {check(size_text_cpu, size_text_vcpu, cpu), 0};

    if (rest.p != NULL)
        size.memory_mib = check(size_text_memory, size_text_gb, rest);
    for (int os = SIZE_LINUX; os <= SIZE_WINDOWS; os++) {
        cleanup_buf struct buf text = BUF_INIT(1024);
        struct err err = ERR_INIT;

        if (size.cpu_units == 0 || size_is_valid(os, size))
            continue;
        size_explain(os, size, &text);
        require(buf_finish(&text, &err) == 0 && text.n > 0);
    }
    return 0;
}
