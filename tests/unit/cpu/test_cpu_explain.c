/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cpu/cpu.h"
#include "cpu/ladder.h"
#include "json/json.h"

enum { TEXT_MAX = 64 * 1024 };

static struct cpu_rung *
add(struct ladder *l, enum cpu_source source, bool is_memory, const char *where, const char *raw)
{
    struct cpu_rung *r = ladder_add(l, source, is_memory, where);

    if (raw != NULL)
        ladder_raw(r, str_from(raw));
    return r;
}

/* A task of a quarter CPU on two CPUs. */
static struct cpu_limits
quarter_task(void)
{
    static const struct cpu_opts opts;
    struct cpu_limits limits = {0};
    struct ladder l = {&opts, &limits};

    ladder_note(add(&l, CPU_SOURCE_EXPLICIT, false, "BERTH_CPUS", NULL), "not set");
    ladder_value(add(&l, CPU_SOURCE_METADATA, false, "http://h/task", "{\"CPU\":0.25}"), 0.25);
    ladder_value(add(&l, CPU_SOURCE_METADATA, true, "http://h/task", NULL), 536870912);
    ladder_note(add(&l, CPU_SOURCE_CGROUP_V2, false, "/cg/cpu.max", "max 100000"), "no limit");
    ladder_value(add(&l, CPU_SOURCE_AFFINITY, false, "sched_getaffinity", NULL), 2);
    ladder_value(add(&l, CPU_SOURCE_MEMINFO, true, "/proc/meminfo", "MemTotal: 1 kB"),
                 8053063680.0);
    ladder_decide(&limits);
    return limits;
}

static void
the_ladder_is_aligned_and_marks_what_decided(void **state)
{
    cleanup_cpu_limits struct cpu_limits limits = quarter_task();
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);

    (void)state;
    cpu_explain(&limits, &out);
    assert_string_equal(
        buf_cstr(&out),
        "CPUs: 0.25, from ECS task metadata\n"
        "  -        explicit setting   BERTH_CPUS         not set\n"
        "> 0.25     ECS task metadata  http://h/task      \"{\"CPU\":0.25}\"\n"
        "  -        cgroup v2          /cg/cpu.max        \"max 100000\": no limit\n"
        "  2        CPU affinity       sched_getaffinity\n"
        "\n"
        "memory: 512 MiB, from ECS task metadata\n"
        "> 512 MiB  ECS task metadata  http://h/task\n"
        "  7.5 GiB  machine's memory   /proc/meminfo      \"MemTotal: 1 kB\"\n");
}

static void
what_was_read_goes_below_a_place_too_long_for_its_column(void **state)
{
    static const struct cpu_opts opts;
    static const char url[] = "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50/task";
    static const char scope[] = "/sys/fs/cgroup/system.slice/docker-0123456789abcdef.scope/cpu.max";
    cleanup_cpu_limits struct cpu_limits limits = {0};
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);
    struct ladder l = {&opts, &limits};

    (void)state;
    ladder_value(add(&l, CPU_SOURCE_METADATA, false, url, "{\"CPU\":0.25}"), 0.25);
    ladder_note(add(&l, CPU_SOURCE_CGROUP_V2, false, scope, "max 100000"), "no limit");
    ladder_note(add(&l, CPU_SOURCE_CGROUP_V2, false, scope, NULL), "Permission denied");
    ladder_value(add(&l, CPU_SOURCE_AFFINITY, false, scope, NULL), 4);
    ladder_value(add(&l, CPU_SOURCE_ONLINE, false, "/sys/cpu/online", "0-3"), 4);
    ladder_decide(&limits);
    cpu_explain(&limits, &out);
    assert_string_equal(buf_cstr(&out),
                        "CPUs: 0.25, from ECS task metadata\n"
                        "> 0.25  ECS task metadata  "
                        "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50/task\n"
                        "                                            \"{\"CPU\":0.25}\"\n"
                        "  -     cgroup v2          "
                        "/sys/fs/cgroup/system.slice/docker-0123456789abcdef.scope/cpu.max\n"
                        "                                            \"max 100000\": no limit\n"
                        "  -     cgroup v2          "
                        "/sys/fs/cgroup/system.slice/docker-0123456789abcdef.scope/cpu.max\n"
                        "                                            Permission denied\n"
                        "  4     CPU affinity       "
                        "/sys/fs/cgroup/system.slice/docker-0123456789abcdef.scope/cpu.max\n"
                        "  4     online CPUs        /sys/cpu/online  \"0-3\"\n"
                        "\n"
                        "memory: unknown\n");
}

static void
json_carries_the_same_with_nulls_for_what_is_not_there(void **state)
{
    cleanup_cpu_limits struct cpu_limits limits = quarter_task();
    cleanup_json struct json_t *json = cpu_explain_json(&limits);
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);

    (void)state;
    json_write(json, JSON_COMPACT, &out);
    assert_string_equal(
        buf_cstr(&out),
        "{\"cpus\":0.25,\"source\":\"metadata\",\"where\":\"http://h/task\","
        "\"memory_bytes\":536870912,\"memory_source\":\"metadata\",\"memory_where\":"
        "\"http://h/task\",\"ladder\":["
        "{\"kind\":\"cpu\",\"source\":\"explicit\",\"where\":\"BERTH_CPUS\",\"raw\":null,"
        "\"value\":null,\"note\":\"not set\",\"decides\":false},"
        "{\"kind\":\"cpu\",\"source\":\"metadata\",\"where\":\"http://h/task\",\"raw\":"
        "\"{\\\"CPU\\\":0.25}\",\"value\":0.25,\"note\":null,\"decides\":true},"
        "{\"kind\":\"cpu\",\"source\":\"cgroup-v2\",\"where\":\"/cg/cpu.max\",\"raw\":"
        "\"max 100000\",\"value\":null,\"note\":\"no limit\",\"decides\":false},"
        "{\"kind\":\"cpu\",\"source\":\"affinity\",\"where\":\"sched_getaffinity\",\"raw\":null,"
        "\"value\":2.0,\"note\":null,\"decides\":false},"
        "{\"kind\":\"memory\",\"source\":\"metadata\",\"where\":\"http://h/task\",\"raw\":null,"
        "\"value\":536870912,\"note\":null,\"decides\":true},"
        "{\"kind\":\"memory\",\"source\":\"meminfo\",\"where\":\"/proc/meminfo\",\"raw\":"
        "\"MemTotal: 1 kB\",\"value\":8053063680,\"note\":null,\"decides\":false}]}");
}

static void
nothing_known_is_said_and_is_null(void **state)
{
    struct cpu_limits limits = {0};
    cleanup_json struct json_t *json = cpu_explain_json(&limits);
    cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);

    (void)state;
    cpu_explain(&limits, &out);
    assert_string_equal(buf_cstr(&out), "CPUs: unknown\n\nmemory: unknown\n");
    buf_clear(&out);
    json_write(json, JSON_COMPACT, &out);
    assert_string_equal(buf_cstr(&out),
                        "{\"cpus\":null,\"source\":\"none\",\"where\":null,\"memory_bytes\":null,"
                        "\"memory_source\":\"none\",\"memory_where\":null,\"ladder\":[]}");
}

static void
values_are_short_whatever_their_size(void **state)
{
    const struct {
        double cpus;
        const char *text;
    } table[] = {
        {1.0 / 3, "  0.333333333 "}, {64, "  64 "}, {1e-6, "  1e-06 "}, {9.2e13, "  9.2e+13 "}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        static const struct cpu_opts opts;
        cleanup_cpu_limits struct cpu_limits limits = {0};
        cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);
        struct ladder l = {&opts, &limits};

        ladder_value(ladder_add(&l, CPU_SOURCE_AFFINITY, false, "x"), 1e-9);
        ladder_value(ladder_add(&l, CPU_SOURCE_AFFINITY, false, "x"), table[i].cpus);
        ladder_decide(&limits);
        cpu_explain(&limits, &out);
        if (strstr(buf_cstr(&out), table[i].text) == NULL)
            fail_msg("no '%s' in %s", table[i].text, buf_cstr(&out));
    }
}

static void
text_is_shortened_and_escaped_when_it_is_kept(void **state)
{
    static const struct cpu_opts opts;
    static char long_text[1000];
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct ladder l = {&opts, &limits};
    struct cpu_rung *r = ladder_add(&l, CPU_SOURCE_AFFINITY, false, "a\nb");

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    assert_string_equal(r->where, "a\\nb");
    ladder_raw(r, (struct str){long_text, sizeof(long_text)});
    assert_int_equal(strlen(r->raw), LADDER_RAW_MAX);
    assert_true(str_ends(str_from(r->raw), "x..."));
    ladder_raw(r, (struct str){long_text, LADDER_RAW_MAX});
    assert_int_equal(strlen(r->raw), LADDER_RAW_MAX);
    assert_true(str_ends(str_from(r->raw), "xxx"));
    ladder_raw(r, STR_LIT("\0\x1b\t\xc3\xa9"));
    assert_string_equal(r->raw, "\\x00\\x1b\\t\\xc3\\xa9");
    ladder_note(r, "%s", "one\nline");
    assert_string_equal(r->note, "one\\nline");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ladder_is_aligned_and_marks_what_decided),
        cmocka_unit_test(what_was_read_goes_below_a_place_too_long_for_its_column),
        cmocka_unit_test(json_carries_the_same_with_nulls_for_what_is_not_there),
        cmocka_unit_test(nothing_known_is_said_and_is_null),
        cmocka_unit_test(values_are_short_whatever_their_size),
        cmocka_unit_test(text_is_shortened_and_escaped_when_it_is_kept),
    };
    return cmocka_run_group_tests_name("cpu/cpu_explain", tests, NULL, NULL);
}
