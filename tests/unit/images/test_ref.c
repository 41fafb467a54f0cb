/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/ref.h"

#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64

static const struct accepted {
    const char *text;
    enum ref_transport transport;
    const char *path, *host, *repository, *tag, *digest;
} accepted[] = {
    {"nginx", REF_REGISTRY, NULL, NULL, "nginx", NULL, NULL},
    {"nginx:1.25", REF_REGISTRY, NULL, NULL, "nginx", "1.25", NULL},
    {"library/nginx", REF_REGISTRY, NULL, NULL, "library/nginx", NULL, NULL},
    {"localhost/app", REF_REGISTRY, NULL, "localhost", "app", NULL, NULL},
    {"localhost:5000/app", REF_REGISTRY, NULL, "localhost:5000", "app", NULL, NULL},
    {"ghcr.io/a/b_c/d-e--f.g__h:T_1.x-y", REF_REGISTRY, NULL, "ghcr.io", "a/b_c/d-e--f.g__h",
     "T_1.x-y", NULL},
    {"host:65535/n@" SHA256, REF_REGISTRY, NULL, "host:65535", "n", NULL, SHA256},
    {"host.x/n:t@" SHA256, REF_REGISTRY, NULL, "host.x", "n", "t", SHA256},
    {"[::1]:5000/app:t", REF_REGISTRY, NULL, "[::1]:5000", "app", "t", NULL},
    {"UPPER/app", REF_REGISTRY, NULL, "UPPER", "app", NULL, NULL},
    {"docker://nginx:latest", REF_REGISTRY, NULL, NULL, "nginx", "latest", NULL},
    {"oci:dir", REF_OCI, "dir", NULL, NULL, NULL, NULL},
    {"oci:/a/b:v1", REF_OCI, "/a/b", NULL, NULL, "v1", NULL},
    {"oci:d:docker.io/x:1--2@3+4", REF_OCI, "d", NULL, NULL, "docker.io/x:1--2@3+4", NULL},
    {"oci-archive:f.tar:v1", REF_OCI_ARCHIVE, "f.tar", NULL, NULL, "v1", NULL},
    {"docker-archive:f.tar", REF_DOCKER_ARCHIVE, "f.tar", NULL, NULL, NULL, NULL},
    {"docker-archive:-:app:1", REF_DOCKER_ARCHIVE, "-", NULL, "app", "1", NULL},
    {"docker-archive:f.tar:h:1/app:1", REF_DOCKER_ARCHIVE, "f.tar", "h:1", "app", "1", NULL},
    {"docker-daemon:app:1", REF_DOCKER_DAEMON, NULL, NULL, "app", "1", NULL},
    {"app@sha512:" HEX64 HEX64, REF_REGISTRY, NULL, NULL, "app", NULL, "sha512:" HEX64 HEX64},
    {"app@multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", REF_REGISTRY, NULL,
     NULL, "app", NULL, "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"},
};

static const char *const refused[] = {
    "",
    ":",
    ":tag",
    "@",
    "/app",
    "app/",
    "a//b",
    "App",
    "a/B",
    "-app",
    "app-",
    ".app",
    "a..b",
    "a___b",
    "a.-b",
    "app:",
    "app:-x",
    "app:.x",
    "app:t t",
    "app@",
    "app@sha256:abc",
    "app@sha256:" HEX64 "0",
    "app@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
    "app@sha256:../../../../../../../../../../../../../../../../../../../etc/passwd",
    "app@SHA256:" HEX64,
    "app@md5:",
    "app@a..b:00",
    "app@:" HEX64,
    "host:0/app",
    "host:65536/app",
    "host:/app",
    "host:x/app",
    "host:5000/",
    "a b",
    "a\nb",
    "caf\xc3\xa9",
    "-.x/app",
    "x-.y/app",
    "[::1/app",
    "[::1]x/app",
    "[]:5/app",
    "http://x/app",
    "ftp://x",
    "docker://",
    "docker://docker://x",
    "oci:",
    "oci::tag",
    "oci:dir:",
    "oci:dir:-x",
    "oci:dir:x-",
    "oci:dir:a..b",
    "oci:dir:a---b",
    "oci:dir:a b",
    "docker-archive:",
    "docker-archive:f:",
    "docker-archive:f:App",
    "docker-daemon:",
    "docker-daemon:APP",
};

static void
assert_same(const char *got, const char *want)
{
    if (want == NULL)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

static void
names_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        const struct accepted *want = &accepted[i];
        cleanup_ref struct ref ref = REF_INIT;
        struct err err = ERR_INIT;

        if (ref_parse(want->text, &ref, &err) < 0)
            fail_msg("%s: %s", want->text, err.msg);
        assert_int_equal(ref.transport, want->transport);
        assert_same(ref.path, want->path);
        assert_same(ref.host, want->host);
        assert_same(ref.repository, want->repository);
        assert_same(ref.tag, want->tag);
        assert_same(ref.digest, want->digest);
    }
}

static void
names_outside_the_grammar_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        cleanup_ref struct ref ref = REF_INIT;
        struct err err = ERR_INIT;

        if (ref_parse(refused[i], &ref, &err) == 0)
            fail_msg("'%s' was accepted", refused[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_null(ref.repository);
    }
}

static void
a_name_has_at_most_255_characters_and_a_tag_128(void **state)
{
    char name[300], tagged[300];
    struct err err = ERR_INIT;
    struct ref ref = REF_INIT;

    (void)state;
    memset(name, 'a', sizeof(name));
    name[255] = '\0';
    assert_int_equal(ref_parse(name, &ref, &err), 0);
    ref_done(&ref);
    name[255] = 'a';
    name[256] = '\0';
    assert_int_equal(ref_parse(name, &ref, &err), -1);

    memset(tagged, 't', sizeof(tagged));
    memcpy(tagged, "app:", 4);
    tagged[4 + 128] = '\0';
    assert_int_equal(ref_parse(tagged, &ref, &err), 0);
    ref_done(&ref);
    tagged[4 + 128] = 't';
    tagged[4 + 129] = '\0';
    assert_int_equal(ref_parse(tagged, &ref, &err), -1);
}

static void
capitals_in_a_name_are_called_by_their_reason(void **state)
{
    struct ref ref = REF_INIT;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(ref_parse("docker-daemon:My/App", &ref, &err), -1);
    assert_non_null(strstr(err.msg, "lower case"));
}

static void
a_name_is_written_with_its_defaults(void **state)
{
    static const struct {
        const char *text, *tagged, *full;
    } cases[] = {
        {"app", "app:latest", "docker.io/library/app:latest"},
        {"me/app:1", "me/app:1", "docker.io/me/app:1"},
        {"ghcr.io/app", "ghcr.io/app:latest", "ghcr.io/app:latest"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_ref struct ref ref = REF_INIT;
        struct err err = ERR_INIT;
        char *tagged, *full;

        assert_int_equal(ref_parse(cases[i].text, &ref, &err), 0);
        tagged = ref_tagged_name(&ref);
        full = ref_full_name(&ref);
        assert_string_equal(tagged, cases[i].tagged);
        assert_string_equal(full, cases[i].full);
        free(tagged);
        free(full);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_apart),
        cmocka_unit_test(names_outside_the_grammar_are_refused),
        cmocka_unit_test(a_name_has_at_most_255_characters_and_a_tag_128),
        cmocka_unit_test(capitals_in_a_name_are_called_by_their_reason),
        cmocka_unit_test(a_name_is_written_with_its_defaults),
    };
    return cmocka_run_group_tests_name("images/ref", tests, NULL, NULL);
}
