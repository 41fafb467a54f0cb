/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every folder of tests/cases/cpu is a test: a machine as its files show it, and in `expect` what
 * must come out.  tests/cases/cpu/README.md describes the form.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "cpu/cpu.h"
#include "cpu/throttle.h"
#include "json/json.h"

enum { FILE_MAX = 1024 * 1024, CASES_MAX = 512, ENV_MAX = 8, CHECKS_MAX = 16 };

/* cpu_opts.getenv has no context, so the environment of the running case is here. */
static struct str environment[ENV_MAX];
static size_t n_environment;

static const char *
case_getenv(const char *name)
{
    static char value[8192];

    for (size_t i = 0; i < n_environment; i++) {
        struct str rest = environment[i];

        if (str_eq(str_cut(&rest, '='), name)) {
            snprintf(value, sizeof(value), STR_FMT, STR_ARG(rest));
            return value;
        }
    }
    return NULL;
}

/* The peer: the file `metadata` answers for URLs with /v4/, `metadata-v3` for /v3/. */
struct peer {
    const char *dir;
    const char *failure; /* what asking for v4 ends with instead, or NULL */
    int64_t takes_ms;    /* how long an answer of v4 takes */
    int64_t now_ms;
    unsigned asked;
};

static int
peer_fetch(void *ctx, const char *url, unsigned timeout_ms, struct buf *out, struct err *err)
{
    struct peer *peer = ctx;
    bool is_v4 = strstr(url, "/v4/") != NULL;
    cleanup_free char *path = fs_join(peer->dir, is_v4 ? "metadata" : "metadata-v3");

    assert_true(str_ends(str_from(url), "/task"));
    assert_in_range(timeout_ms, 1, 1000 - (unsigned)peer->now_ms);
    peer->asked++;
    if (is_v4 && peer->takes_ms > 0) {
        peer->now_ms += peer->takes_ms < timeout_ms ? peer->takes_ms : timeout_ms;
        if (peer->takes_ms >= timeout_ms)
            return err_set(err, ERR_TIMEOUT, "no answer within %u ms", timeout_ms);
    }
    if (is_v4 && peer->failure != NULL)
        return err_set(err, ERR_NET, "%s", peer->failure);
    if (!fs_exists(path))
        return err_set(err, ERR_NET, "connection refused");
    return fs_read(path, out, err);
}

static int64_t
peer_monotonic_ns(void *ctx)
{
    struct peer *peer = ctx;

    return peer->now_ms * 1000000;
}

struct expectation {
    struct cpu_opts opts;
    struct peer peer;
    struct buf text;
    char failure[128];
    struct {
        struct str key, value;
    } checks[CHECKS_MAX];
    size_t n_checks;
};

static double
decimal(struct str s)
{
    double v;

    assert_true(num_parse_decimal(s, &v));
    return v;
}

/* One line of `expect`: what the machine is like, or what must come out. */
static void
take_line(struct expectation *e, struct str line)
{
    struct str value = line;
    struct str key = str_cut(&value, ' ');

    if (key.n == 0 || key.p[0] == '#')
        return;
    if (str_eq(key, "affinity")) {
        e->opts.affinity_cpus = (unsigned)decimal(value);
    } else if (str_eq(key, "explicit")) {
        e->opts.explicit_cpus = decimal(value);
    } else if (str_eq(key, "env")) {
        assert_true(n_environment < ENV_MAX);
        environment[n_environment++] = value;
    } else if (str_eq(key, "metadata-fails")) {
        snprintf(e->failure, sizeof(e->failure), STR_FMT, STR_ARG(value));
        e->peer.failure = e->failure;
    } else if (str_eq(key, "metadata-takes-ms")) {
        e->peer.takes_ms = (int64_t)decimal(value);
    } else {
        assert_true(e->n_checks < CHECKS_MAX);
        e->checks[e->n_checks].key = key;
        e->checks[e->n_checks++].value = value;
    }
}

static void
read_expectation(const char *dir, struct expectation *e)
{
    cleanup_free char *path = fs_join(dir, "expect");
    struct err err = ERR_INIT;
    struct str rest;

    n_environment = 0;
    if (fs_read(path, &e->text, &err) < 0)
        fail_msg("%s", err.msg);
    rest = buf_view(&e->text);
    while (rest.p != NULL)
        take_line(e, str_cut(&rest, '\n'));
}

/* Whether a rung's note or raw text holds the words. */
static bool
is_told(const struct cpu_limits *l, bool note, struct str words)
{
    for (size_t i = 0; i < l->n_rungs; i++) {
        const char *text = note ? l->rungs[i].note : l->rungs[i].raw;

        if (text != NULL && memmem(text, strlen(text), words.p, words.n) != NULL)
            return true;
    }
    return false;
}

static void
check_text(struct str want, const char *got)
{
    cleanup_free char *text = mem_strndup(want.p, want.n);

    assert_string_equal(got != NULL ? got : "none", text);
}

/* "PERIODS THROTTLED MICROSECONDS FILE", or "none". */
static void
check_throttle(const struct peer *peer, struct str value)
{
    struct fs_root root = {peer->dir};
    cleanup_free char *path = cpu_throttle_find(&root);
    cleanup_free char *got = NULL;
    struct cpu_throttle t;

    if (path != NULL) {
        assert_true(cpu_throttle_read(&root, path, &t));
        got = mem_printf("%llu %llu %llu %s", (unsigned long long)t.periods,
                         (unsigned long long)t.throttled, (unsigned long long)t.throttled_us, path);
    }
    check_text(value, got);
}

static void
check(const struct cpu_limits *l, const struct peer *peer, struct str key, struct str value)
{
    char number[32];

    if (str_eq(key, "cpus")) {
        if (l->cpus - decimal(value) > 1e-9 || decimal(value) - l->cpus > 1e-9)
            fail_msg("%g CPUs instead of " STR_FMT, l->cpus, STR_ARG(value));
    } else if (str_eq(key, "source")) {
        check_text(value, cpu_source_id(l->cpus_source));
    } else if (str_eq(key, "where")) {
        check_text(value, l->cpus_where);
    } else if (str_eq(key, "memory")) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)l->memory_bytes);
        check_text(value, l->memory_bytes > 0 ? number : "none");
    } else if (str_eq(key, "memory-source")) {
        check_text(value, cpu_source_id(l->memory_source));
    } else if (str_eq(key, "memory-where")) {
        check_text(value, l->memory_where);
    } else if (str_eq(key, "asked")) {
        assert_int_equal(peer->asked, (int)decimal(value));
    } else if (str_eq(key, "throttle")) {
        check_throttle(peer, value);
    } else if (str_eq(key, "note") || str_eq(key, "raw")) {
        if (!is_told(l, str_eq(key, "note"), value))
            fail_msg("no rung's " STR_FMT " says '" STR_FMT "'", STR_ARG(key), STR_ARG(value));
    } else {
        fail_msg("expect: unknown word '" STR_FMT "'", STR_ARG(key));
    }
}

/* What holds for every ladder there can be. */
static void
check_invariants(const struct cpu_limits *l)
{
    cleanup_json struct json_t *json = cpu_explain_json(l);
    cleanup_buf struct buf text = BUF_INIT(FILE_MAX);
    cleanup_buf struct buf again = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;

    assert_true(l->cpus > 0);
    assert_true(l->cpus_rung < l->n_rungs);
    for (size_t i = 0; i < l->n_rungs; i++) {
        const struct cpu_rung *r = &l->rungs[i];

        assert_non_null(r->where);
        assert_true(r->has_value || r->note != NULL);
        assert_true(!r->has_value || r->value > 0);
        if (r->has_value && !r->is_memory && l->cpus_source != CPU_SOURCE_EXPLICIT)
            assert_true(l->cpus <= r->value);
        if (r->has_value && r->is_memory)
            assert_true((double)l->memory_bytes <= r->value);
    }
    cpu_explain(l, &text);
    assert_int_equal(buf_finish(&text, &err), 0);
    for (size_t i = 0; i < text.n; i++)
        assert_true(text.p[i] == '\n' || (text.p[i] >= 0x20 && text.p[i] <= 0x7e));
    json_write(json, JSON_COMPACT, &again);
    assert_int_equal(buf_finish(&again, &err), 0);
}

static void
check_refused(const struct expectation *e, const struct err *err)
{
    bool expected = false;

    for (size_t i = 0; i < e->n_checks; i++) {
        if (!str_eq(e->checks[i].key, "error"))
            continue;
        expected = true;
        if (memmem(err->msg, strlen(err->msg), e->checks[i].value.p, e->checks[i].value.n) == NULL)
            fail_msg("the error is '%s'", err->msg);
    }
    if (!expected)
        fail_msg("%s", err->msg);
    assert_int_equal(err->code, ERR_USAGE);
}

static void
machine_is_understood(void **state)
{
    const char *dir = *state;
    struct expectation e = {.text = BUF_INIT(FILE_MAX)};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct clock clock = {.monotonic_ns = peer_monotonic_ns, .ctx = &e.peer};
    struct err err = ERR_INIT;

    e.peer.dir = dir;
    e.opts = (struct cpu_opts){.root = {dir},
                               .getenv = case_getenv,
                               .fetch = peer_fetch,
                               .fetch_ctx = &e.peer,
                               .affinity_cpus = 4,
                               .clock = &clock};
    read_expectation(dir, &e);
    if (cpu_detect(&e.opts, &limits, &err) < 0) {
        check_refused(&e, &err);
    } else {
        check_invariants(&limits);
        for (size_t i = 0; i < e.n_checks; i++)
            check(&limits, &e.peer, e.checks[i].key, e.checks[i].value);
    }
    buf_done(&e.text);
}

static int
by_name(const void *a, const void *b)
{
    const struct CMUnitTest *x = a;
    const struct CMUnitTest *y = b;

    return strcmp(x->name, y->name);
}

/* The same machine under a fetcher that is not there. */
static void
without_a_fetcher_the_metadata_is_not_asked(void **state)
{
    struct cpu_opts opts = {.root = {TEST_DIR "/cases/cpu/ecs-metadata-quarter"},
                            .getenv = case_getenv,
                            .affinity_cpus = 2};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct err err = ERR_INIT;

    (void)state;
    environment[0] = str_from("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/x");
    n_environment = 1;
    assert_int_equal(cpu_detect(&opts, &limits, &err), 0);
    assert_true(limits.cpus == 2);
    assert_true(is_told(&limits, true, str_from("not asked")));
}

static void
this_very_machine_has_an_answer(void **state)
{
    struct cpu_opts opts = {.root = FS_ROOT_SYSTEM};
    cleanup_cpu_limits struct cpu_limits limits = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(cpu_detect(&opts, &limits, &err), 0);
    check_invariants(&limits);
    assert_true(limits.memory_bytes > 1024 * 1024);
}

static void
a_number_that_is_none_is_refused_as_an_option(void **state)
{
    const double bad[] = {-1, 1e9, 0.0 / 0.0, 1.0 / 0.0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct cpu_opts opts = {.root = FS_ROOT_SYSTEM, .explicit_cpus = bad[i]};
        struct cpu_limits limits = {0};
        struct err err = ERR_INIT;

        assert_int_equal(cpu_detect(&opts, &limits, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_non_null(strstr(err.msg, "--cpus"));
    }
}

static void
every_source_has_a_name_and_an_id_of_its_own(void **state)
{
    (void)state;
    for (int a = CPU_SOURCE_NONE; a <= CPU_SOURCE_MEMINFO; a++) {
        assert_non_null(cpu_source_name((enum cpu_source)a));
        for (int b = CPU_SOURCE_NONE; b < a; b++) {
            assert_string_not_equal(cpu_source_id((enum cpu_source)a),
                                    cpu_source_id((enum cpu_source)b));
            assert_string_not_equal(cpu_source_name((enum cpu_source)a),
                                    cpu_source_name((enum cpu_source)b));
        }
    }
}

/* One test a folder, in the order of their names. */
static size_t
add_cases(const char *folder, struct CMUnitTest *tests, size_t room)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    size_t n = 0;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        cleanup_free char *dir = fs_join(folder, entry->d_name);
        cleanup_free char *expect = fs_join(dir, "expect");

        if (!fs_exists(expect) || n == room)
            continue;
        tests[n].test_func = machine_is_understood;
        tests[n].initial_state = steal_ptr(&dir);
        tests[n].name = fs_basename(tests[n].initial_state);
        n++;
    }
    if (d != NULL)
        closedir(d);
    qsort(tests, n, sizeof(*tests), by_name);
    return n;
}

int
main(void)
{
    static struct CMUnitTest cases[CASES_MAX];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_fetcher_the_metadata_is_not_asked),
        cmocka_unit_test(this_very_machine_has_an_answer),
        cmocka_unit_test(a_number_that_is_none_is_refused_as_an_option),
        cmocka_unit_test(every_source_has_a_name_and_an_id_of_its_own),
    };
    size_t n = add_cases(TEST_DIR "/cases/cpu", cases, CASES_MAX);
    int failed = _cmocka_run_group_tests("cpu/cases", cases, n, NULL, NULL);

    for (size_t i = 0; i < n; i++)
        free(cases[i].initial_state);
    if (n == 0) {
        fprintf(stderr, "cpu/cases: no case under %s\n", TEST_DIR "/cases/cpu");
        failed = 1;
    }
    return cmocka_run_group_tests_name("cpu/cpu", tests, NULL, NULL) + failed;
}
