/* SPDX-License-Identifier: Apache-2.0 */
#include "ecs/rule.h"

#include "base/attr.h"

enum { NAME_MAX_BYTES = 255, DIGEST_HEX = 64, PORT_MAX = 65535 };
enum { STOP_MIN = 2, STOP_MAX = 120 };

static const char *
name_of(const struct json_cur *item)
{
    const char *text = rule_str(item, "name");

    return text != NULL ? text : "";
}

static bool
has_name_before(const struct json_cur *list, size_t end, const char *text)
{
    for (size_t i = 0; i < end; i++) {
        struct json_cur item = json_item(list, i);
        const char *other = rule_str(&item, "name");

        if (other != NULL && strcmp(other, text) == 0)
            return true;
    }
    return false;
}

static void
name(const struct rule_look *look)
{
    struct json_cur at = json_at(&look->container, "name");
    const char *text = name_of(&look->container);

    if (text[0] == '\0')
        RULE_FINDING(look, &at, "the container has no name");
    else if (!rule_is_word(text, NAME_MAX_BYTES, "-_"))
        RULE_FINDING(look, &at, "'%s' is no container name", text);
    else if (has_name_before(&look->containers, look->container.index, text))
        RULE_FINDING(look, &at, "two containers are named '%s'", text);
}

static bool
is_digest(const char *text)
{
    static const char prefix[] = "sha256:";
    size_t n = sizeof(prefix) - 1;

    return strncmp(text, prefix, n) == 0 && strlen(text + n) == DIGEST_HEX &&
           strspn(text + n, "0123456789abcdef") == DIGEST_HEX;
}

/* Whether the last component of a path has a name, and not only a tag. */
static bool
has_component(const char *text, size_t n)
{
    size_t at = n;

    while (at > 0 && text[at - 1] != '/')
        at--;
    return at < n && text[at] != ':';
}

/* The part before '@' is bounded, the digest has one form. */
static void
image(const struct rule_look *look)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:./#";
    struct json_cur at = json_at(&look->container, "image");
    const char *text = json_str_or(&at, "");
    const char *digest = strchr(text, '@');
    size_t n = digest != NULL ? (size_t)(digest - text) : strlen(text);

    if (text[0] == '\0')
        RULE_FINDING(look, &at, "the container has no image");
    else if (n > NAME_MAX_BYTES)
        RULE_FINDING(look, &at, "the image's name is longer than %d bytes", NAME_MAX_BYTES);
    else if (digest != NULL && !is_digest(digest + 1))
        RULE_FINDING(look, &at, "'%s' ends in no digest", text);
    else if (strspn(text, letters) < n || !has_component(text, n))
        RULE_FINDING(look, &at, "'%s' is no image", text);
}

static void
port_range(const struct rule_look *look)
{
    struct json_cur ports = json_at(&look->container, "portMappings");

    for (size_t i = 0; i < json_len(&ports); i++) {
        struct json_cur mapping = json_item(&ports, i);
        struct json_cur at = json_at(&mapping, "containerPort");
        int64_t port;

        if (rule_int(&mapping, "containerPort", &port) && (port < 1 || port > PORT_MAX))
            RULE_FINDING(look, &at, "%lld is no port", (long long)port);
    }
}

/* Whether a mapping before (container, index), in document order, has the port. */
static bool
has_port_before(const struct rule_look *look, size_t index, int64_t port)
{
    for (size_t c = 0; c <= look->container.index; c++) {
        struct json_cur container = json_item(&look->containers, c);
        struct json_cur ports = json_at(&container, "portMappings");
        size_t end = c == look->container.index ? index : json_len(&ports);

        for (size_t i = 0; i < end; i++) {
            struct json_cur mapping = json_item(&ports, i);
            int64_t other;

            if (rule_int(&mapping, "containerPort", &other) && other == port)
                return true;
        }
    }
    return false;
}

/* Containers of an awsvpc task share one network interface, so a port can be had only once; ECS
 * refuses one port under two protocols as well. */
static void
port_duplicate(const struct rule_look *look)
{
    struct json_cur ports = json_at(&look->container, "portMappings");

    for (size_t i = 0; look->is_fargate && i < json_len(&ports); i++) {
        struct json_cur mapping = json_item(&ports, i);
        int64_t port;

        if (rule_int(&mapping, "containerPort", &port) && has_port_before(look, i, port))
            RULE_FINDING(look, &mapping, "port %lld is mapped twice", (long long)port);
    }
}

static void
environment(const struct rule_look *look)
{
    static const char *const keys[] = {"environment", "secrets"};
    struct json_cur plain = json_at(&look->container, keys[0]);

    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        struct json_cur list = json_at(&look->container, keys[k]);

        for (size_t i = 0; i < json_len(&list); i++) {
            struct json_cur at = json_item(&list, i);
            const char *text = name_of(&at);

            if (text[0] == '\0' || strchr(text, '=') != NULL)
                RULE_FINDING(look, &at, "'%s' is no name of a variable", text);
            else if (has_name_before(&list, i, text))
                RULE_FINDING(look, &at, "the variable %s is set twice", text);
            else if (k == 1 && has_name_before(&plain, json_len(&plain), text))
                RULE_FINDING(look, &at, "%s is both a plain variable and a secret", text);
        }
    }
}

/* A Secrets Manager or SSM ARN, or the name of a parameter in the task's own Region. */
static void
secret(const struct rule_look *look)
{
    struct json_cur secrets = json_at(&look->container, "secrets");

    for (size_t i = 0; i < json_len(&secrets); i++) {
        struct json_cur item = json_item(&secrets, i);
        struct json_cur at = json_at(&item, "valueFrom");
        const char *from = json_str_or(&at, "");
        bool is_arn = str_starts(str_from(from), "arn:");

        if (is_arn ? strstr(from, ":secretsmanager:") == NULL && strstr(from, ":ssm:") == NULL
                   : !rule_is_word(from, 2048, "_.-/"))
            RULE_FINDING(look, &at, "the secret %s does not say where its value is",
                         name_of(&item));
    }
}

static bool
is_private_ecr(const char *text)
{
    const char *host_end = strchr(text, '/');
    const char *ecr = strstr(text, ".dkr.ecr");

    return host_end != NULL && ecr != NULL && ecr < host_end;
}

static void
execution_role(const struct rule_look *look)
{
    struct json_cur at = json_at(&look->task, "executionRoleArn");
    struct json_cur log = json_at(&look->container, "logConfiguration");
    const char *driver = rule_str(&log, "logDriver");
    const char *text = rule_str(&look->container, "image");

    if (!json_is_null(&at))
        return;
    if (rule_is_present(&look->container, "secrets"))
        RULE_FINDING(look, &at, "secrets are read with an execution role, and there is none");
    if (look->is_fargate && driver != NULL && strcmp(driver, "awslogs") == 0)
        RULE_FINDING(look, &at, "awslogs writes with an execution role, and there is none");
    if (look->is_fargate && text != NULL && is_private_ecr(text))
        RULE_FINDING(look, &at, "'%s' is pulled with an execution role, and there is none", text);
}

static void
awslogs(const struct rule_look *look)
{
    static const char *const needed[] = {"awslogs-group", "awslogs-region",
                                         "awslogs-stream-prefix"};
    struct json_cur log = json_at(&look->container, "logConfiguration");
    struct json_cur options = json_at(&log, "options");
    const char *driver = rule_str(&log, "logDriver");

    if (driver == NULL || strcmp(driver, "awslogs") != 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        struct json_cur at = json_at(&options, needed[i]);

        /* The prefix is Fargate's own wish. */
        if (json_str_or(&at, "")[0] == '\0' && (i < 2 || look->is_fargate))
            RULE_FINDING(look, &at, "awslogs needs the option %s", needed[i]);
    }
}

static void
stop_timeout(const struct rule_look *look)
{
    static const char *const keys[] = {"startTimeout", "stopTimeout"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct json_cur at = json_at(&look->container, keys[i]);
        int64_t seconds;

        if (look->is_fargate && rule_int(&look->container, keys[i], &seconds) &&
            (seconds < STOP_MIN || seconds > STOP_MAX))
            RULE_FINDING(look, &at, "a time-out of %lld s cannot be had; it is %d to %d s",
                         (long long)seconds, STOP_MIN, STOP_MAX);
    }
}

static void
windows(const struct rule_look *look)
{
    static const char *const keys[] = {"readonlyRootFilesystem", "privileged", "user",
                                       "linuxParameters", "ulimits"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct json_cur at = json_at(&look->container, keys[i]);

        if (look->os == SIZE_WINDOWS && !json_is_null(&at))
            RULE_FINDING(look, &at, "Windows containers have no %s", keys[i]);
    }
}

const struct rule rule_container_table[] = {
    {"container-name",
     "A container's name has 1 to 255 letters, digits, '-' and '_', and is its own.", NULL, name,
     "use 1 to 255 letters, digits, '-' and '_'"},
    {"image-name", "An image is a name of up to 255 bytes, with a tag or a sha256 digest.", NULL,
     image, "write it as NAME:TAG or NAME@sha256:DIGEST, with 64 lower-case hexadecimal digits"},
    {"port-range", "Ports are 1 to 65535.", NULL, port_range, "use 1 to 65535"},
    {"port-duplicate", "A port is mapped once in the whole task.", NULL, port_duplicate,
     "the containers of a task share one network interface: give each its own port"},
    {"environment-name", "A variable is set once, plainly or from a secret.", NULL, environment,
     "give each variable a name of its own"},
    {"secret-source", "A secret names a Secrets Manager or SSM ARN, or a parameter.", NULL, secret,
     "give the ARN of a Secrets Manager secret or an SSM parameter, or a parameter's name"},
    {"execution-role", "Secrets, awslogs and images of a private ECR need an execution role.", NULL,
     execution_role, "give the role that ECS itself acts with"},
    {"awslogs-options", "awslogs needs a group, a region and, on Fargate, a stream prefix.", NULL,
     awslogs, NULL},
    {"stop-timeout", "Start and stop time-outs are 2 to 120 seconds on Fargate.", NULL,
     stop_timeout, NULL},
    {"windows-container", "Windows containers lack what Linux kernels provide.", NULL, windows,
     "leave it out, or use Linux"},
    {NULL, NULL, NULL, NULL, NULL},
};
