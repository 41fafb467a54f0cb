/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "images/blob.h"
#include "images/config.h"
#include "images/layer.h"
#include "json/json.h"

static struct layer
some_layer(void)
{
    struct layer l = LAYER_INIT;

    memcpy(l.diff_id, "sha256:aa", 10);
    return l;
}

static char *
written(const struct config *c)
{
    struct layer layer = some_layer();
    struct blob blob = BLOB_INIT;
    struct err err = ERR_INIT;

    assert_int_equal(config_write(c, &layer, 1, &blob, &err), 0);
    return blob.data;
}

static void
the_document_is_canonical_and_complete(void **state)
{
    cleanup_config struct config c;
    struct err err = ERR_INIT;
    char *text;

    (void)state;
    config_init(&c);
    c.platform = (struct platform){"linux", "arm", "v7"};
    c.created = 1700000000;
    c.user = "65532:65532";
    c.workdir = "/srv";
    assert_int_equal(config_add_env(&c, "B=2=x", &err), 0);
    assert_int_equal(config_add_env(&c, "A=", &err), 0);
    assert_int_equal(config_add_env(&c, "A-B=1", &err), 0);
    assert_int_equal(config_add_label(&c, "k=v", &err), 0);
    assert_int_equal(config_add_port(&c, "8000", &err), 0);
    assert_int_equal(config_add_port(&c, "53/udp", &err), 0);
    assert_int_equal(config_add_port(&c, "8000/tcp", &err), 0);
    assert_int_equal(config_add_entrypoint(&c, "[\"/app\",\"-x\"]", &err), 0);
    assert_int_equal(config_add_cmd(&c, "one", &err), 0);
    assert_int_equal(config_add_cmd(&c, "[two", &err), -1);
    assert_int_equal(config_add_cmd(&c, "", &err), 0);
    text = written(&c);
    assert_string_equal(
        text,
        "{\"architecture\":\"arm\",\"config\":{\"Cmd\":[\"one\",\"\"],\"Entrypoint\":[\"/app\","
        "\"-x\"],\"Env\":[\"A-B=1\",\"A=\",\"B=2=x\"],\"ExposedPorts\":{\"53/udp\":{},\"8000/tcp\":"
        "{}},\"Labels\":{\"k\":\"v\"},\"User\":\"65532:65532\",\"WorkingDir\":\"/srv\"},"
        "\"created\":\"2023-11-14T22:13:20Z\",\"history\":[{\"created\":\"2023-11-14T22:13:20Z\","
        "\"created_by\":\"imagegen build\"}],\"os\":\"linux\",\"rootfs\":{\"diff_ids\":["
        "\"sha256:aa\"],\"type\":\"layers\"},\"variant\":\"v7\"}");
    free(text);
}

#define BASE                                                                                       \
    "{\"architecture\":\"arm64\",\"config\":{\"Cmd\":[\"sh\"],\"Entrypoint\":[\"/in\"],\"Env\":["  \
    "\"Z=1\",\"PATH=/bin\"],\"ExposedPorts\":{\"1/tcp\":{}},\"Labels\":{\"a\":\"1\",\"b\":\"1\"}," \
    "\"StopSignal\":\"SIGQUIT\",\"User\":\"7\",\"WorkingDir\":\"/"                                 \
    "w\"},\"created\":\"x\",\"history\":[{}"                                                       \
    "],\"os\":\"linux\",\"os.version\":\"1\",\"rootfs\":{\"diff_ids\":[\"sha256:00\"],\"type\":"   \
    "\"layers\"}}"

static char *
written_over(struct config *c, const char *base)
{
    struct layer layers[2] = {some_layer(), some_layer()};
    struct blob blob = BLOB_INIT;
    struct err err = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(str_from(base), "base", &err);

    assert_non_null(doc);
    memcpy(layers[0].diff_id, "sha256:00", 10);
    c->base = doc;
    c->platform = platform_linux("arm64");
    assert_int_equal(config_write(c, layers, 2, &blob, &err), 0);
    return blob.data;
}

static void
what_is_not_given_is_the_bases(void **state)
{
    cleanup_config struct config c;
    char *text;

    (void)state;
    config_init(&c);
    text = written_over(&c, BASE);
    assert_string_equal(
        text,
        "{\"architecture\":\"arm64\",\"config\":{\"Cmd\":[\"sh\"],\"Entrypoint\":[\"/"
        "in\"],\"Env\":["
        "\"Z=1\",\"PATH=/bin\"],\"ExposedPorts\":{\"1/"
        "tcp\":{}},\"Labels\":{\"a\":\"1\",\"b\":\"1\"},"
        "\"StopSignal\":\"SIGQUIT\",\"User\":\"7\",\"WorkingDir\":\"/w\"},\"created\":"
        "\"1970-01-01T00:00:00Z\",\"history\":[{},{\"created\":\"1970-01-01T00:00:00Z\","
        "\"created_by\":\"imagegen build\"}],\"os\":\"linux\",\"os.version\":\"1\",\"rootfs\":{"
        "\"diff_ids\":[\"sha256:00\",\"sha256:aa\"],\"type\":\"layers\"}}");
    free(text);
}

static void
what_is_given_replaces_by_name_and_takes_the_command_away(void **state)
{
    cleanup_config struct config c;
    struct err err = ERR_INIT;
    char *text;

    (void)state;
    config_init(&c);
    c.user = "0";
    c.workdir = "/new";
    assert_int_equal(config_add_env(&c, "PATH=/new", &err), 0);
    assert_int_equal(config_add_env(&c, "A=2", &err), 0);
    assert_int_equal(config_add_label(&c, "b=2", &err), 0);
    assert_int_equal(config_add_port(&c, "2", &err), 0);
    assert_int_equal(config_add_entrypoint(&c, "/app", &err), 0);
    text = written_over(&c, BASE);
    assert_non_null(strstr(
        text, "\"config\":{\"Entrypoint\":[\"/app\"],\"Env\":[\"Z=1\",\"A=2\",\"PATH=/new\"],"
              "\"ExposedPorts\":{\"1/tcp\":{},\"2/tcp\":{}},\"Labels\":{\"a\":\"1\",\"b\":\"2\"},"
              "\"StopSignal\":\"SIGQUIT\",\"User\":\"0\",\"WorkingDir\":\"/new\"}"));
    free(text);
}

static void
a_base_without_history_stays_without(void **state)
{
    cleanup_config struct config c;
    char *text;

    (void)state;
    config_init(&c);
    text = written_over(&c, "{\"rootfs\":{\"diff_ids\":[\"sha256:00\"],\"type\":\"layers\"}}");
    assert_null(strstr(text, "history"));
    free(text);
}

static void
values_that_are_none_are_refused(void **state)
{
    static const char *const envs[] = {"", "A", "=x", "A=\xff", "TWICE=2"};
    static const char *const ports[] = {"",        "0",      "65536", "-1",      "80/",
                                        "80/http", "80/TCP", "80-90", "80/tcp/", " 80",
                                        "+80",     "0x50",   "80 ",   "tcp/80"};
    static const char *const words[] = {"[", "[1]", "[\"a\",null]", "[\"a\"] x", "\xff"};
    cleanup_config struct config c;
    struct err err = ERR_INIT;

    (void)state;
    config_init(&c);
    assert_int_equal(config_add_env(&c, "TWICE=1", &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(envs); i++)
        if (config_add_env(&c, envs[i], &err) == 0)
            fail_msg("'%s' was accepted", envs[i]);
    for (size_t i = 0; i < ARRAY_LEN(ports); i++)
        if (config_add_port(&c, ports[i], &err) == 0)
            fail_msg("'%s' was accepted", ports[i]);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        cleanup_config struct config fresh;

        config_init(&fresh);
        if (config_add_entrypoint(&fresh, words[i], &err) == 0)
            fail_msg("'%s' was accepted", words[i]);
    }
}

static void
a_json_array_is_all_words_of_a_command(void **state)
{
    cleanup_config struct config c;
    struct err err = ERR_INIT;

    (void)state;
    config_init(&c);
    assert_int_equal(config_add_cmd(&c, "one", &err), 0);
    assert_int_equal(config_add_cmd(&c, "[\"two\"]", &err), -1);
}

static void
the_program_is_the_first_word(void **state)
{
    cleanup_config struct config c;
    struct err err = ERR_INIT;

    (void)state;
    config_init(&c);
    assert_null(config_program(&c));
    assert_int_equal(config_add_cmd(&c, "/cmd", &err), 0);
    assert_string_equal(config_program(&c), "/cmd");
    assert_int_equal(config_add_entrypoint(&c, "/entry", &err), 0);
    assert_string_equal(config_program(&c), "/entry");
    assert_false(config_has_path(&c));
    assert_int_equal(config_add_env(&c, "PATH=/bin", &err), 0);
    assert_true(config_has_path(&c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_canonical_and_complete),
        cmocka_unit_test(what_is_not_given_is_the_bases),
        cmocka_unit_test(what_is_given_replaces_by_name_and_takes_the_command_away),
        cmocka_unit_test(a_base_without_history_stays_without),
        cmocka_unit_test(values_that_are_none_are_refused),
        cmocka_unit_test(a_json_array_is_all_words_of_a_command),
        cmocka_unit_test(the_program_is_the_first_word),
    };
    return cmocka_run_group_tests_name("images/config", tests, NULL, NULL);
}
