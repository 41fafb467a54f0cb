/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/render_values.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"

static const char rule_id[] = "option";

void
render_values_pairs_done(struct render_values_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        free((char *)pairs->v[i].name);
        free((char *)pairs->v[i].value);
    }
    free(pairs->v);
    *pairs = (struct render_values_pairs){NULL, 0};
}

static void
add(struct render_values_pairs *out, char *name, char *value)
{
    out->v = mem_realloc(out->v, out->n + 1, sizeof(out->v[0]));
    out->v[out->n++] = (struct task_def_pair){name, value};
}

void
render_values_add_pair(struct render_values_pairs *out, const char *name, const char *value)
{
    add(out, mem_strdup(name), mem_strdup(value));
}

void
render_values_pairs(const char *option, const struct cli_list *list,
                    struct render_values_pairs *out, struct finding_list *findings)
{
    for (size_t i = 0; i < list->n; i++) {
        struct str value = str_from(list->v[i]);
        struct str name = str_cut(&value, '=');

        /* What has no name, or no '=', may be a secret that lost its name: its number tells. */
        if (value.p == NULL || name.n == 0)
            finding_add_option(findings, option, rule_id, "write it as NAME=VALUE",
                               "number %zu has no %s", i + 1, value.p == NULL ? "'='" : "name");
        else
            add(out, mem_strndup(name.p, name.n), mem_strndup(value.p, value.n));
    }
}

static bool
parse_port(struct str text, struct task_def_port *out)
{
    struct str protocol = text;
    struct str number = str_cut(&protocol, '/');
    uint64_t port;

    if (!num_parse_u64(number, UINT32_MAX, &port))
        return false;
    if (protocol.p == NULL || str_eq_nocase(protocol, "tcp"))
        out->protocol = "tcp";
    else if (str_eq_nocase(protocol, "udp"))
        out->protocol = "udp";
    else
        return false;
    out->port = (uint32_t)port;
    return true;
}

size_t
render_values_ports(const struct cli_list *list, struct task_def_port **out,
                    struct finding_list *findings)
{
    struct task_def_port *ports = mem_realloc(NULL, list->n + 1, sizeof(*ports));
    size_t n = 0;

    *out = ports;
    if (list->n == 1 && strcmp(list->v[0], "none") == 0)
        return 0;
    for (size_t i = 0; i < list->n; i++) {
        if (parse_port(str_from(list->v[i]), &ports[n]))
            n++;
        else
            finding_add_option(findings, "--port", rule_id,
                               "write PORT, PORT/tcp or PORT/udp, or 'none' alone",
                               "'%s' is no port", list->v[i]);
    }
    return n;
}

bool
render_values_number(const char *option, const char *text, uint32_t *out,
                     struct finding_list *findings)
{
    uint64_t value;

    if (text == NULL)
        return false;
    if (!num_parse_u64(str_from(text), INT32_MAX, &value)) {
        finding_add_option(findings, option, rule_id, NULL,
                           "'%s' is no whole number, or far too large", text);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static void
check_utf8(const char *option, const char *text, struct finding_list *findings)
{
    cleanup_free char *where = mem_printf("--%s", option);

    if (text != NULL && !utf8_is_valid(str_from(text)))
        finding_add_option(findings, where, rule_id, "use UTF-8", "the text is not UTF-8");
}

void
render_values_utf8(const struct cli_opt *table, const void *opts, struct finding_list *findings)
{
    for (const struct cli_opt *o = table; o->name != NULL; o++) {
        const void *field = (const char *)opts + o->offset;

        if (o->type == CLI_STR)
            check_utf8(o->name, *(const char *const *)field, findings);
        for (size_t i = 0; o->type == CLI_LIST && i < ((const struct cli_list *)field)->n; i++)
            check_utf8(o->name, ((const struct cli_list *)field)->v[i], findings);
    }
}
