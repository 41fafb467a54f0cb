/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

enum { TEXT_MAX = 64 * 1024 };

static struct json_t *
parse(const char *text)
{
    struct err err = ERR_INIT;
    struct json_t *doc = json_parse(str_from(text), "test", &err);

    if (doc == NULL)
        print_error("%s\n", err.msg);
    assert_non_null(doc);
    return doc;
}

static void
canonical_text(const char *text, struct buf *out)
{
    cleanup_json struct json_t *doc = parse(text);
    cleanup_json struct json_t *canonical = canonical_task_def(doc);

    json_write(canonical, JSON_COMPACT, out);
}

static void
check(const char *text, const char *want)
{
    cleanup_buf struct buf once = BUF_INIT(TEXT_MAX);
    cleanup_buf struct buf twice = BUF_INIT(TEXT_MAX);

    canonical_text(text, &once);
    assert_string_equal(buf_cstr(&once), want);
    canonical_text(buf_cstr(&once), &twice);
    assert_string_equal(buf_cstr(&twice), want);
}

/* What Terraform's provider and ECS take for the same as this. */
static const char plain[] =
    "{\"family\":\"f\",\"networkMode\":\"awsvpc\",\"containerDefinitions\":[{\"name\":\"c\","
    "\"image\":\"i\",\"portMappings\":[{\"containerPort\":80,\"hostPort\":80,\"protocol\":\"tcp\"},"
    "{\"containerPort\":443,\"hostPort\":443,\"protocol\":\"tcp\"}],\"essential\":true,"
    "\"environment\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":\"\"}],"
    "\"healthCheck\":{\"command\":[\"CMD\",\"x\"],\"interval\":30,\"timeout\":5,\"retries\":3}}],"
    "\"cpu\":\"1024\",\"memory\":\"2048\"}";

static void
what_is_canonical_stays_as_it_is(void **state)
{
    (void)state;
    check(plain, plain);
}

static void
bodies_that_mean_the_same_become_the_same(void **state)
{
#define FRAME(container)                                                            \
    "{\"memory\":\"2 GB\",\"cpu\":\"1 vCPU\",\"containerDefinitions\":[{" container \
    "}],\"family\":\"f\",\"networkMode\":\"awsvpc\"}"
#define ENVIRONMENT \
    "\"environment\":[{\"name\":\"B\",\"value\":\"\"},{\"value\":\"1\",\"name\":\"A\"}]"
#define HEALTH "\"healthCheck\":{\"command\":[\"CMD\",\"x\"]}"
    static const char *const variants[] = {
        FRAME("\"image\":\"i\",\"name\":\"c\"," ENVIRONMENT "," HEALTH
              ",\"portMappings\":[{\"containerPort\":443},{\"containerPort\":80}]"),
        FRAME("\"image\":\"i\",\"name\":\"c\"," ENVIRONMENT "," HEALTH
              ",\"portMappings\":[{\"containerPort\":80,\"hostPort\":0},"
              "{\"containerPort\":443,\"protocol\":null}],\"command\":[],\"links\":null,"
              "\"essential\":true"),
        FRAME("\"image\":\"i\",\"name\":\"c\"," ENVIRONMENT "," HEALTH
              ",\"portMappings\":[{\"containerPort\":443},null,{},{\"containerPort\":80},"
              "{\"containerPort\":0,\"protocol\":\"\"}],\"essential\":null,\"mountPoints\":[],"
              "\"volumesFrom\":[{}],\"secrets\":[{\"name\":\"\",\"valueFrom\":\"\"}]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(variants); i++)
        check(variants[i], plain);
}

static void
numbers_at_task_level_become_strings_and_odd_texts_stay(void **state)
{
    (void)state;
    check("{\"cpu\":256,\"memory\":512}", "{\"cpu\":\"256\",\"memory\":\"512\"}");
    check("{\"cpu\":\".25 vcpu\",\"memory\":\"0.5GB\"}", "{\"cpu\":\"256\",\"memory\":\"512\"}");
    check("{\"cpu\":\"lots\",\"memory\":true}", "{\"cpu\":\"lots\",\"memory\":true}");
}

static void
lists_with_a_meaningful_order_keep_it(void **state)
{
    (void)state;
    check("{\"containerDefinitions\":[{\"name\":\"b\",\"command\":[\"z\",\"a\"],"
          "\"dependsOn\":[{\"containerName\":\"z\"},{\"containerName\":\"a\"}]},{\"name\":\"a\"}]}",
          "{\"containerDefinitions\":[{\"name\":\"a\",\"essential\":true},{\"name\":\"b\","
          "\"essential\":true,\"command\":[\"z\",\"a\"],"
          "\"dependsOn\":[{\"containerName\":\"z\"},{\"containerName\":\"a\"}]}]}");
}

static void
a_host_port_is_filled_in_under_awsvpc_only(void **state)
{
    (void)state;
    check("{\"networkMode\":\"bridge\",\"containerDefinitions\":[{\"portMappings\":"
          "[{\"containerPort\":80}]}]}",
          "{\"networkMode\":\"bridge\",\"containerDefinitions\":[{\"portMappings\":"
          "[{\"containerPort\":80,\"protocol\":\"tcp\"}],\"essential\":true}]}");
}

static void
keys_of_the_future_stay_behind_the_known_ones(void **state)
{
    (void)state;
    check("{\"zeta\":{\"b\":1,\"a\":[]},\"cpu\":\"256\",\"alpha\":[null,1],\"family\":\"f\",\"n\":"
          "null}",
          "{\"family\":\"f\",\"cpu\":\"256\",\"zeta\":{\"b\":1,\"a\":[]},\"alpha\":[null,1]}");
}

static void
maps_of_the_users_keys_are_sorted(void **state)
{
    (void)state;
    check("{\"containerDefinitions\":[{\"name\":\"a\",\"essential\":false,\"dockerLabels\":"
          "{\"z\":\"1\",\"a\":\"2\",\"m\":null}}]}",
          "{\"containerDefinitions\":[{\"name\":\"a\",\"essential\":false,\"dockerLabels\":"
          "{\"a\":\"2\",\"z\":\"1\"}}]}");
}

static void
wrong_types_are_kept_for_the_rules_to_find(void **state)
{
    (void)state;
    check("[]", "[]");
    check("\"text\"", "\"text\"");
    check("{\"containerDefinitions\":\"none\"}", "{\"containerDefinitions\":\"none\"}");
    check("{\"containerDefinitions\":[\"two\",[3],1]}",
          "{\"containerDefinitions\":[\"two\",[3],1]}");
    check("{\"requiresCompatibilities\":[\"FARGATE\",[3],{\"a\":1},2,true,\"EC2\",1]}",
          "{\"requiresCompatibilities\":[1,2,\"EC2\",\"FARGATE\",[3],{\"a\":1},true]}");
    check("{\"containerDefinitions\":[{\"portMappings\":7,\"essential\":\"yes\"}]}",
          "{\"containerDefinitions\":[{\"portMappings\":7,\"essential\":\"yes\"}]}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_canonical_stays_as_it_is),
        cmocka_unit_test(bodies_that_mean_the_same_become_the_same),
        cmocka_unit_test(numbers_at_task_level_become_strings_and_odd_texts_stay),
        cmocka_unit_test(lists_with_a_meaningful_order_keep_it),
        cmocka_unit_test(a_host_port_is_filled_in_under_awsvpc_only),
        cmocka_unit_test(keys_of_the_future_stay_behind_the_known_ones),
        cmocka_unit_test(maps_of_the_users_keys_are_sorted),
        cmocka_unit_test(wrong_types_are_kept_for_the_rules_to_find),
    };

    return cmocka_run_group_tests_name("ecs/canonical", tests, NULL, NULL);
}
