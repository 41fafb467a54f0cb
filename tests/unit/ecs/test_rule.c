/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

#define HEAD \
    "{\"family\":\"f\",\"networkMode\":\"awsvpc\",\"requiresCompatibilities\":[\"FARGATE\"]"
#define SIZED(cpu, memory) HEAD ",\"cpu\":\"" cpu "\",\"memory\":\"" memory "\"}"
#define TASK(members)      HEAD ",\"cpu\":\"1024\",\"memory\":\"2048\"," members "}"
#define ROLE               "\"executionRoleArn\":\"r\","
#define CONTAINERS(list)   TASK("\"containerDefinitions\":[" list "]")
#define CONTAINER(members) CONTAINERS("{\"name\":\"c\",\"image\":\"i\"," members "}")
#define IMAGE(name)        CONTAINERS("{\"name\":\"c\",\"image\":\"" name "\"}")
#define WITH_ROLE(members) \
    TASK(ROLE "\"containerDefinitions\":[{\"name\":\"c\",\"image\":\"i\"," members "}]")
#define WINDOWS(members) \
    TASK("\"runtimePlatform\":{\"operatingSystemFamily\":\"WINDOWS_SERVER_2022_CORE\"}," members)
#define TEXT16   "0123456789abcdef"
#define DIGITS64 TEXT16 TEXT16 TEXT16 TEXT16
#define TEXT255  DIGITS64 DIGITS64 DIGITS64 TEXT16 TEXT16 TEXT16 "0123456789abcde"

struct refusal {
    const char *body;
    const char *where;
    const char *rule;
};

static void
findings_of(const char *text, struct finding_list *out)
{
    struct err err = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(str_from(text), "test", &err);

    if (doc == NULL)
        print_error("%s\n%s\n", err.msg, text);
    assert_non_null(doc);
    rule_check(doc, out);
}

static void
print_all(const char *body, const struct finding_list *list)
{
    print_error("%s\n", body);
    for (size_t i = 0; i < list->n; i++)
        print_error("  %s: %s [%s]\n", list->v[i].where, list->v[i].text, list->v[i].rule);
}

static void
what_only_just_passes_has_no_findings(void **state)
{
    static const char *const bodies[] = {
        "{\"family\":\"f\"}",
        "{\"family\":\"" TEXT255 "\"}",
        "{\"family\":\"f\",\"networkMode\":\"bridge\",\"requiresCompatibilities\":[\"EC2\"],"
        "\"cpu\":\"100\"}",
        SIZED(".25 vCPU", "0.5gb"),
        SIZED("32 vcpu", "249856"),
        TASK(
            "\"executionRoleArn\":\"arn:aws-cn:iam::123456789012:role/a/b\",\"taskRoleArn\":\"x\""),
        TASK("\"ephemeralStorage\":{\"sizeInGiB\":21}"),
        TASK("\"ephemeralStorage\":{\"sizeInGiB\":200}"),
        TASK("\"tags\":[{\"key\":\"aws\",\"value\":\"\"},{\"key\":\"a:aws:\"}]"),
        IMAGE("host:5000/a/b_c.d:e#f"),
        IMAGE("b@sha256:" DIGITS64),
        IMAGE(TEXT255 "@sha256:" DIGITS64),
        CONTAINER("\"portMappings\":[{\"containerPort\":1},{\"containerPort\":65535}]"),
        CONTAINER("\"stopTimeout\":2,\"startTimeout\":120"),
        CONTAINER("\"environment\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"a\"}]"),
        WITH_ROLE("\"secrets\":[{\"name\":\"A\",\"valueFrom\":\"arn:aws:ssm:r:1:parameter/x\"}]"),
        WITH_ROLE("\"secrets\":[{\"name\":\"A\",\"valueFrom\":\"/path/to.parameter-x_y\"}]"),
        WITH_ROLE(
            "\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{"
            "\"awslogs-group\":\"g\",\"awslogs-region\":\"r\",\"awslogs-stream-prefix\":\"p\"}}"),
        CONTAINER("\"logConfiguration\":{\"logDriver\":\"awsfirelens\"}"),
        WINDOWS("\"containerDefinitions\":[{\"name\":\"c\",\"image\":\"i\"}]"),
        /* A wrong type is no business of these rules. */
        "{\"family\":\"f\",\"containerDefinitions\":7,\"tags\":\"no\"}",
        CONTAINER("\"portMappings\":{\"containerPort\":0},\"stopTimeout\":\"x\""),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        cleanup_finding_list struct finding_list list = {NULL, 0};

        findings_of(bodies[i], &list);
        if (list.n > 0)
            print_all(bodies[i], &list);
        assert_int_equal(list.n, 0);
    }
}

#define C0 "/containerDefinitions/0"

static const struct refusal refusals[] = {
    {"{}", "/family", "family-name"},
    {"{\"family\":\"a.b\"}", "/family", "family-name"},
    {"{\"family\":\"" TEXT255 "x\"}", "/family", "family-name"},
    {"{\"family\":\"f\",\"requiresCompatibilities\":[\"EC2\",\"FARGATE\"],\"cpu\":\"256\","
     "\"memory\":\"512\"}",
     "/networkMode", "fargate-network-mode"},
    {HEAD "}", "/cpu", "fargate-size"},
    {HEAD ",\"cpu\":256,\"memory\":\"512\"}", "/cpu", "fargate-size"},
    {HEAD ",\"cpu\":\"256\"}", "/memory", "fargate-size"},
    {SIZED("1 core", "512"), "/cpu", "fargate-size"},
    {SIZED("256", "512 MiB"), "/memory", "fargate-size"},
    {SIZED("256", "513"), "/memory", "fargate-size"},
    {SIZED("1", "2048"), "/cpu", "fargate-size"},
    {SIZED("300", "none"), "/cpu", "fargate-size"},
    {HEAD ",\"cpu\":\"256\",\"memory\":\"512\",\"runtimePlatform\":{\"operatingSystemFamily\":"
          "\"WINDOWS_SERVER_2019_FULL\"}}",
     "/cpu", "fargate-size"},
    {TASK("\"runtimePlatform\":{\"operatingSystemFamily\":\"WINDOWS_SERVER_2019_FULL\","
          "\"cpuArchitecture\":\"ARM64\"}"),
     "/runtimePlatform/cpuArchitecture", "windows-x86-only"},
    {TASK("\"ephemeralStorage\":{\"sizeInGiB\":20}"), "/ephemeralStorage/sizeInGiB",
     "ephemeral-storage"},
    {TASK("\"ephemeralStorage\":{\"sizeInGiB\":201}"), "/ephemeralStorage/sizeInGiB",
     "ephemeral-storage"},
    {TASK("\"executionRoleArn\":\"arn:aws:iam::1:user/x\""), "/executionRoleArn", "role-arn"},
    {TASK("\"taskRoleArn\":\"a b\""), "/taskRoleArn", "role-arn"},
    {TASK("\"tags\":[{\"key\":\"AWS:x\",\"value\":\"1\"}]"), "/tags/0", "tags"},
    {TASK("\"tags\":[{\"key\":\"\",\"value\":\"1\"}]"), "/tags/0", "tags"},
    {TASK("\"tags\":[{\"key\":\"" DIGITS64 DIGITS64 "x\"}]"), "/tags/0", "tags"},
    {TASK("\"tags\":[{\"key\":\"a\",\"value\":\"" TEXT255 "xx\"}]"), "/tags/0", "tags"},
    {TASK("\"tags\":[{\"key\":\"a\"},{\"key\":\"b\"},{\"key\":\"a\"}]"), "/tags/2", "tags"},
    {CONTAINERS("{\"image\":\"i\"}"), C0 "/name", "container-name"},
    {CONTAINERS("{\"name\":\"a.b\",\"image\":\"i\"}"), C0 "/name", "container-name"},
    {CONTAINERS("{\"name\":\"a\",\"image\":\"i\"},{\"name\":\"a\",\"image\":\"i\"}"),
     "/containerDefinitions/1/name", "container-name"},
    {CONTAINERS("{\"name\":\"c\"}"), C0 "/image", "image-name"},
    {IMAGE("a b"), C0 "/image", "image-name"},
    {IMAGE(":tag"), C0 "/image", "image-name"},
    {IMAGE("host/"), C0 "/image", "image-name"},
    {IMAGE("@sha256:" DIGITS64), C0 "/image", "image-name"},
    {IMAGE("b@sha256:" DIGITS64 "0"), C0 "/image", "image-name"},
    {IMAGE("b@sha512:" DIGITS64), C0 "/image", "image-name"},
    {IMAGE("x" TEXT255), C0 "/image", "image-name"},
    {CONTAINER("\"portMappings\":[{\"containerPort\":0}]"), C0 "/portMappings/0/containerPort",
     "port-range"},
    {CONTAINER("\"portMappings\":[{\"containerPort\":1},{\"containerPort\":65536}]"),
     C0 "/portMappings/1/containerPort", "port-range"},
    {CONTAINER("\"portMappings\":[{\"containerPort\":53},{\"containerPort\":53,"
               "\"protocol\":\"udp\"}]"),
     C0 "/portMappings/1", "port-duplicate"},
    {CONTAINERS("{\"name\":\"a\",\"image\":\"i\",\"portMappings\":[{\"containerPort\":1}]},"
                "{\"name\":\"b\",\"image\":\"i\",\"portMappings\":[{\"containerPort\":1}]}"),
     "/containerDefinitions/1/portMappings/0", "port-duplicate"},
    {CONTAINER("\"environment\":[{\"value\":\"1\"}]"), C0 "/environment/0", "environment-name"},
    {CONTAINER("\"environment\":[{\"name\":\"A=B\"}]"), C0 "/environment/0", "environment-name"},
    {CONTAINER("\"environment\":[{\"name\":\"A\"},{\"name\":\"B\"},{\"name\":\"A\"}]"),
     C0 "/environment/2", "environment-name"},
    {WITH_ROLE("\"environment\":[{\"name\":\"A\"}],\"secrets\":[{\"name\":\"A\","
               "\"valueFrom\":\"a\"}]"),
     C0 "/secrets/0", "environment-name"},
    {WITH_ROLE("\"secrets\":[{\"name\":\"A\"}]"), C0 "/secrets/0/valueFrom", "secret-source"},
    {WITH_ROLE("\"secrets\":[{\"name\":\"A\",\"valueFrom\":\"arn:aws:s3:::b\"}]"),
     C0 "/secrets/0/valueFrom", "secret-source"},
    {CONTAINER("\"secrets\":[{\"name\":\"A\",\"valueFrom\":\"a\"}]"), "/executionRoleArn",
     "execution-role"},
    {IMAGE("1.dkr.ecr.r.amazonaws.com/a"), "/executionRoleArn", "execution-role"},
    {CONTAINER(
         "\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{"
         "\"awslogs-group\":\"g\",\"awslogs-region\":\"r\",\"awslogs-stream-prefix\":\"p\"}}"),
     "/executionRoleArn", "execution-role"},
    {WITH_ROLE("\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{"
               "\"awslogs-group\":\"g\",\"awslogs-region\":\"r\"}}"),
     C0 "/logConfiguration/options/awslogs-stream-prefix", "awslogs-options"},
    {CONTAINER("\"stopTimeout\":1"), C0 "/stopTimeout", "stop-timeout"},
    {CONTAINER("\"startTimeout\":121"), C0 "/startTimeout", "stop-timeout"},
    {WINDOWS("\"containerDefinitions\":[{\"name\":\"c\",\"image\":\"i\",\"user\":\"x\"}]"),
     C0 "/user", "windows-container"},
};

static void
each_refusal_is_one_finding_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        cleanup_finding_list struct finding_list list = {NULL, 0};

        findings_of(refusals[i].body, &list);
        if (list.n != 1)
            print_all(refusals[i].body, &list);
        assert_int_equal(list.n, 1);
        assert_string_equal(list.v[0].where, refusals[i].where);
        assert_string_equal(list.v[0].rule, refusals[i].rule);
    }
}

static void
every_rule_is_broken_by_one_of_the_cases(void **state)
{
    const struct rule *rule;

    (void)state;
    for (size_t i = 0; (rule = rule_get(i)) != NULL; i++) {
        bool found = false;

        for (size_t k = 0; k < ARRAY_LEN(refusals); k++)
            found |= strcmp(refusals[k].rule, rule->id) == 0;
        if (!found)
            print_error("no case breaks %s\n", rule->id);
        assert_true(found);
        assert_true((rule->task == NULL) != (rule->container == NULL));
        assert_true(strlen(rule->summary) > 0);
    }
}

static void
everything_is_found_in_one_run(void **state)
{
    cleanup_finding_list struct finding_list list = {NULL, 0};

    (void)state;
    findings_of("{\"family\":\"a b\",\"requiresCompatibilities\":[\"FARGATE\"],\"cpu\":\"1\","
                "\"containerDefinitions\":[{\"name\":\"x y\",\"stopTimeout\":0}]}",
                &list);
    assert_int_equal(list.n, 6);
}

static void
many_tags_are_one_finding(void **state)
{
    cleanup_finding_list struct finding_list list = {NULL, 0};
    cleanup_buf struct buf body = BUF_INIT(64 * 1024);

    (void)state;
    buf_append_str(&body, "{\"family\":\"f\",\"tags\":[{\"key\":\"a\"}");
    for (int i = 0; i < 50; i++)
        buf_appendf(&body, ",{\"key\":\"a\",\"value\":\"%d\"}", i);
    buf_append_str(&body, "]}");
    findings_of(buf_cstr(&body), &list);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.v[0].where, "/tags");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_just_passes_has_no_findings),
        cmocka_unit_test(each_refusal_is_one_finding_at_its_place),
        cmocka_unit_test(every_rule_is_broken_by_one_of_the_cases),
        cmocka_unit_test(everything_is_found_in_one_run),
        cmocka_unit_test(many_tags_are_one_finding),
    };

    return cmocka_run_group_tests_name("ecs/rule", tests, NULL, NULL);
}
