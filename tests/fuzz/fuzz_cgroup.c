/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The input is what a machine's files hold, between bytes 0x1e: /proc/self/cgroup,
 * /proc/self/mountinfo, the limit files (all of them the same), /proc/meminfo, the list of online
 * CPUs, and what the ECS endpoint answers.  The whole ladder is built from them.
 */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cpu/cpu.h"
#include "json/json.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Links to one file, so that a run writes five files and not sixteen. */
static const char LIMIT[] = "/limit";

static const char *const limit_files[] = {
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/a/cpu.max",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/a/memory.max",
    "/sys/fs/cgroup/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu.cfs_period_us",
    "/sys/fs/cgroup/a/cpu.cfs_quota_us",
    "/sys/fs/cgroup/a/cpu.cfs_period_us",
    "/sys/fs/cgroup/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory.use_hierarchy",
    "/sys/fs/cgroup/a/memory.limit_in_bytes",
    "/sys/fs/cgroup/a/memory.stat",
};

static char root[64];

static void
remove_root(void)
{
    static const char *const others[] = {LIMIT, "/proc/self/cgroup", "/proc/self/mountinfo",
                                         "/proc/meminfo", "/sys/devices/system/cpu/online"};
    static const char *const folders[] = {"/proc/self",
                                          "/proc",
                                          "/sys/devices/system/cpu",
                                          "/sys/devices/system",
                                          "/sys/devices",
                                          "/sys/fs/cgroup/a",
                                          "/sys/fs/cgroup",
                                          "/sys/fs",
                                          "/sys",
                                          ""};

    for (size_t i = 0; i < ARRAY_LEN(limit_files) + ARRAY_LEN(others); i++) {
        bool is_limit = i < ARRAY_LEN(limit_files);
        cleanup_free char *path = mem_printf(
            "%s%s", root, is_limit ? limit_files[i] : others[i - ARRAY_LEN(limit_files)]);

        unlink(path);
    }
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        cleanup_free char *path = mem_printf("%s%s", root, folders[i]);

        rmdir(path);
    }
}

static void
put(const char *path, struct str text)
{
    cleanup_free char *full = mem_printf("%s%s", root, path);
    FILE *f = fopen(full, "w");

    if (f == NULL || (text.n > 0 && fwrite(text.p, 1, text.n, f) != text.n) || fclose(f) != 0)
        abort();
}

static void
make_root(void)
{
    static const char *const folders[] = {"/proc/self", "/sys/fs/cgroup/a",
                                          "/sys/devices/system/cpu"};
    struct err err = ERR_INIT;

    /* Memory where there is some: the target writes a dozen files each time. */
    snprintf(root, sizeof(root), "%s/berth-fuzz.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(root) == NULL)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        cleanup_free char *path = mem_printf("%s%s", root, folders[i]);

        if (fs_mkdir_all(path, 0755, &err) < 0)
            abort();
    }
    for (size_t i = 0; i < ARRAY_LEN(limit_files); i++) {
        cleanup_free char *link = mem_printf("%s%s", root, limit_files[i]);
        cleanup_free char *target = mem_printf("%s%s", root, LIMIT);

        if (symlink(target, link) < 0)
            abort();
    }
    atexit(remove_root);
}

static const char *
fuzz_getenv(const char *name)
{
    return strcmp(name, "ECS_CONTAINER_METADATA_URI_V4") == 0 ? "http://h/v4/x" : NULL;
}

static int
fuzz_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    const struct str *answer = ctx;

    (void)url;
    (void)timeout_ms;
    buf_append_view(out, *answer);
    return buf_finish(out, err);
}

static void
check(const struct cpu_limits *l)
{
    cleanup_json struct json_t *json = cpu_explain_json(l);
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);

    if (!isfinite(l->cpus) || l->cpus <= 0 || l->cpus > 4 || l->cpus_where == NULL)
        abort();
    cpu_explain(l, &text);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\n' && (text.p[i] < 0x20 || text.p[i] > 0x7e))
            abort();
    }
    json_write(json, JSON_COMPACT, &text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct cpu_opts opts = {
        .root = {root}, .getenv = fuzz_getenv, .fetch = fuzz_fetch, .affinity_cpus = 4};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct err err = ERR_INIT;
    struct str answer;

    if (root[0] == '\0')
        make_root();
    put("/proc/self/cgroup", str_cut(&rest, 0x1e));
    put("/proc/self/mountinfo", str_cut(&rest, 0x1e));
    put(LIMIT, str_cut(&rest, 0x1e));
    put("/proc/meminfo", str_cut(&rest, 0x1e));
    put("/sys/devices/system/cpu/online", str_cut(&rest, 0x1e));
    answer = rest;
    opts.fetch_ctx = &answer;
    if (cpu_detect(&opts, &limits, &err) < 0)
        abort();
    check(&limits);
    return 0;
}
