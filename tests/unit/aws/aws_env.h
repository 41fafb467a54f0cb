/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AWS_AWS_ENV_H
#define UNIT_AWS_AWS_ENV_H

/* A clean AWS environment for each test: no variables of the developer's, and shared files of the
 * test's own in a folder that aws_env_end() removes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static char aws_env_folder[] = "/tmp/berth-aws-XXXXXX";
static char aws_env_config[64], aws_env_credentials[64];

static inline void
aws_env_clear(void)
{
    for (char **e = environ; *e != NULL;) {
        char name[128];
        size_t n = strcspn(*e, "=");

        if (strncmp(*e, "AWS_", 4) != 0 || n >= sizeof(name)) {
            e++;
            continue;
        }
        memcpy(name, *e, n);
        name[n] = '\0';
        unsetenv(name);
        e = environ;
    }
    unlink(aws_env_config);
    unlink(aws_env_credentials);
    setenv("AWS_CONFIG_FILE", aws_env_config, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", aws_env_credentials, 1);
}

static inline int
aws_env_begin(void **state)
{
    (void)state;
    if (mkdtemp(aws_env_folder) == NULL)
        return -1;
    snprintf(aws_env_config, sizeof(aws_env_config), "%s/config", aws_env_folder);
    snprintf(aws_env_credentials, sizeof(aws_env_credentials), "%s/credentials", aws_env_folder);
    return 0;
}

static inline int
aws_env_each(void **state)
{
    (void)state;
    aws_env_clear();
    return 0;
}

static inline int
aws_env_end(void **state)
{
    (void)state;
    aws_env_clear();
    return rmdir(aws_env_folder);
}

static inline void
aws_env_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

#endif
