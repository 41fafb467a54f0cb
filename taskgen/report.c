/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/report.h"

#include "base/attr.h"
#include "base/log.h"
#include "base/str.h"

/* Which option wrote a key of the document. */
static const struct {
    const char *key;
    const char *option;
} writers[] = {
    {"family", "--family"},
    {"name", "--name"},
    {"image", "--image"},
    {"cpu", "--cpu"},
    {"memory", "--memory"},
    {"portMappings", "--port"},
    {"environment", "--env"},
    {"secrets", "--secret"},
    {"tags", "--tag"},
    {"user", "--user"},
    {"readonlyRootFilesystem", "--readonly"},
    {"healthCheck", "--health-cmd"},
    {"stopTimeout", "--stop-timeout"},
    {"awslogs-group", "--log-group"},
    {"awslogs-region", "--log-region"},
    {"awslogs-stream-prefix", "--log-prefix"},
    {"executionRoleArn", "--execution-role"},
    {"taskRoleArn", "--task-role"},
    {"cpuArchitecture", "--arch"},
    {"operatingSystemFamily", "--os"},
    {"sizeInGiB", "--ephemeral-storage"},
};

/* The first key of the pointer that an option wrote: lists stand above what is in them. */
static const char *
option_of(const char *pointer)
{
    struct str rest = str_from(pointer);

    while (rest.p != NULL) {
        struct str key = str_cut(&rest, '/');

        for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
            if (str_eq(key, writers[i].key))
                return writers[i].option;
        }
    }
    return NULL;
}

void
report_findings(const struct finding_list *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *f = &findings->v[i];
        bool is_pointer = f->where[0] != '-';
        const char *option = is_pointer ? option_of(f->where) : f->where;

        log_error("%s: %s%s%s [%s%s%s]", option != NULL ? option : f->where, f->text,
                  f->fix != NULL ? "; " : "", f->fix != NULL ? f->fix : "", f->rule,
                  is_pointer ? " " : "", is_pointer ? f->where : "");
    }
}
