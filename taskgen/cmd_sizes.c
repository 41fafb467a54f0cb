/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/cmds.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/fs.h"
#include "ecs/price.h"
#include "ecs/size.h"
#include "ecs/size_text.h"
#include "taskgen/platform.h"
#include "json/json.h"

enum { OUTPUT_MAX = 1024 * 1024 };

struct sizes_opts {
    const char *cpu;
    const char *os;
    bool json;
};

static const struct cli_opt opts[] = {
    {.name = "cpu",
     .letter = 'c',
     .type = CLI_STR,
     .offset = offsetof(struct sizes_opts, cpu),
     .arg = "UNITS|VCPU",
     .help = "Only the sizes of this CPU."},
    {.name = "os",
     .type = CLI_STR,
     .offset = offsetof(struct sizes_opts, os),
     .arg = "NAME",
     .help = "linux or windows."},
    {.name = "json",
     .type = CLI_FLAG,
     .offset = offsetof(struct sizes_opts, json),
     .help = "One JSON object instead of a table."},
    {.name = NULL},
};

static const struct sizes_opts defaults = {.os = "linux"};

/* What is listed: every size of an operating system, or those of one CPU. */
struct choice {
    enum size_os os;
    uint32_t cpu_units; /* 0: all */
};

static bool
next(const struct choice *choice, struct size *size)
{
    if (choice->cpu_units != 0 && size->cpu_units == 0)
        size->cpu_units = choice->cpu_units;
    return size_next(choice->os, size) &&
           (choice->cpu_units == 0 || size->cpu_units == choice->cpu_units);
}

/* Billionths of a dollar, rounded to places. */
static void
append_dollars(struct buf *out, int width, int places, int64_t nano)
{
    int64_t unit = PRICE_NANO;
    int64_t rounded;

    for (int i = 0; i < places; i++)
        unit /= 10;
    rounded = (nano + unit / 2) / unit;
    unit = PRICE_NANO / unit;
    buf_appendf(out, "%*" PRId64 ".%0*" PRId64, width - places - 1, rounded / unit, places,
                rounded % unit);
}

static void
append_price(struct buf *out, enum price_platform platform, struct size size)
{
    int64_t hour = price_hour_nano(price_table(), platform, size);

    append_dollars(out, 12, 6, hour);
    append_dollars(out, 12, 2, hour * PRICE_HOURS_PER_MONTH);
}

static void
append_table(const struct choice *choice, struct buf *out)
{
    const struct price_table *prices = price_table();
    bool windows = choice->os == SIZE_WINDOWS;

    buf_appendf(out, "%6s  %-10s %8s  %-8s", "CPU", "", "MEMORY", "");
    buf_appendf(out, windows ? "%12s%12s\n" : "%12s%12s%12s%12s\n",
                windows ? "$/HOUR" : "X86 $/HOUR", "$/MONTH", "ARM $/HOUR", "$/MONTH");
    for (struct size s = {0, 0}; next(choice, &s);) {
        char vcpu[SIZE_TEXT_MAX];
        char gb[SIZE_TEXT_MAX];

        size_text_vcpu(s.cpu_units, vcpu);
        size_text_gb(s.memory_mib, gb);
        buf_appendf(out, "%6u  %-10s %8u  %-8s", s.cpu_units, vcpu, s.memory_mib, gb);
        append_price(out, windows ? PRICE_WINDOWS : PRICE_LINUX_X86_64, s);
        if (!windows)
            append_price(out, PRICE_LINUX_ARM64, s);
        buf_append_char(out, '\n');
    }
    buf_appendf(
        out,
        "\nOn demand in %s, US dollars as of %s, with 20 GB of storage%s; a month has %d hours.\n",
        prices->region, prices->date, windows ? " and the licence" : "", PRICE_HOURS_PER_MONTH);
}

static double
dollars(int64_t nano)
{
    return (double)nano / PRICE_NANO;
}

static struct json_t *
price_json(enum price_platform platform, struct size size)
{
    int64_t hour = price_hour_nano(price_table(), platform, size);
    struct json_t *out = json_new_object();

    json_put(out, "hour", json_new_real(dollars(hour)));
    json_put(out, "month", json_new_real(dollars(hour * PRICE_HOURS_PER_MONTH)));
    return out;
}

static struct json_t *
size_json(enum size_os os, struct size size)
{
    struct json_t *out = json_new_object();
    struct json_t *usd = json_new_object();

    json_put_int(out, "cpu", size.cpu_units);
    json_put_int(out, "memory", size.memory_mib);
    json_put(out, "vcpu", json_new_real((double)size.cpu_units / SIZE_UNITS_PER_VCPU));
    json_put(out, "gb", json_new_real((double)size.memory_mib / SIZE_MIB_PER_GB));
    json_put(usd, "X86_64",
             price_json(os == SIZE_WINDOWS ? PRICE_WINDOWS : PRICE_LINUX_X86_64, size));
    if (os == SIZE_LINUX)
        json_put(usd, "ARM64", price_json(PRICE_LINUX_ARM64, size));
    json_put(out, "usd", usd);
    return out;
}

static void
append_json(const struct choice *choice, struct buf *out)
{
    const struct price_table *prices = price_table();
    cleanup_json struct json_t *doc = json_new_object();
    struct json_t *sizes = json_new_array();

    for (struct size s = {0, 0}; next(choice, &s);)
        json_push(sizes, size_json(choice->os, s));
    json_put_str(doc, "os", choice->os == SIZE_WINDOWS ? "windows" : "linux");
    json_put_str(doc, "region", prices->region);
    json_put_str(doc, "prices_as_of", prices->date);
    json_put_str(doc, "prices_source", prices->source);
    json_put_int(doc, "hours_per_month", PRICE_HOURS_PER_MONTH);
    json_put(doc, "sizes", sizes);
    json_write(doc, JSON_PRETTY, out);
}

static int
read_choice(const struct sizes_opts *o, struct choice *out, struct err *err)
{
    cleanup_buf struct buf why = BUF_INIT(1024);
    struct err cause = ERR_INIT;
    const char *api;

    if (platform_os(o->os, &api, &cause) < 0)
        return err_set(err, ERR_USAGE, "--os: '%s' %s", o->os, cause.msg);
    out->os = platform_size_os(api);
    if (o->cpu == NULL)
        return 0;
    if (size_text_cpu(str_from(o->cpu), SIZE_TEXT_OPTION, &out->cpu_units, &cause) < 0)
        return err_set(err, ERR_USAGE, "--cpu: '%s' %s", o->cpu, cause.msg);
    if (size_has_cpu(out->os, out->cpu_units))
        return 0;
    size_explain(out->os, (struct size){out->cpu_units, 0}, &why);
    return err_set(err, ERR_USAGE, "--cpu: %s", buf_cstr(&why));
}

static int
run(const void *data, int n_operands UNUSED, char **operands UNUSED, struct err *err)
{
    const struct sizes_opts *o = data;
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    struct choice choice = {SIZE_LINUX, 0};

    if (read_choice(o, &choice, err) < 0)
        return -1;
    if (o->json)
        append_json(&choice, &out);
    else
        append_table(&choice, &out);
    if (buf_finish(&out, err) < 0)
        return -1;
    return fs_write("-", out.p, out.n, 0, err);
}

const struct cli_cmd cmd_sizes = {
    .name = "sizes",
    .summary = "list the sizes of Fargate with their prices",
    .operands = "",
    .opts = opts,
    .opts_size = sizeof(struct sizes_opts),
    .defaults = &defaults,
    .details = "There are 77 pairs of CPU and memory for Linux and 43 for Windows, and no others.",
    .run = run,
};
