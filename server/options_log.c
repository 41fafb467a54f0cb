/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_log.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "server/address.h"
#include "server/log_file.h"
#include "server/options.h"
#include "server/reopen.h"
#include "server/settings.h"

enum { NAMESPACE_MAX = 255 };

/* One list of logs a process: what USR1 has to do is known by then. */
static struct {
    struct reopen reopen;
    const char *access, *errors;
    struct user user;
} logs;

static void
own(const char *path)
{
    struct err err = ERR_INIT;

    if (log_file_own(path, &logs.user, &err) < 0)
        log_warn("%s: the workers may fail to open it anew", err.msg);
}

/* In a worker, which is nobody special any more, this only opens the messages' file; the access log
 * it opens by itself. */
static void
reopen_logs(struct reopen *self UNUSED)
{
    struct err err = ERR_INIT;

    own(logs.access);
    own(logs.errors);
    if (log_file_errors(logs.errors, &err) < 0)
        log_error("--error-logfile: %s: going on with the file that is open", err.msg);
}

int
options_log_enter(const struct options *o, struct err *err)
{
    if (log_file_errors(o->error_logfile, err) < 0)
        return err_wrap(err, "--error-logfile");
    logs.reopen.run = reopen_logs;
    logs.errors = o->error_logfile;
    reopen_add(&logs.reopen);
    return 0;
}

/* What CloudWatch takes for the name of a namespace. */
static int
check_namespace(const char *name, struct err *err)
{
    static const char others[] = ".-_/#:";
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (!(name[i] >= '0' && name[i] <= '9') && !(name[i] >= 'a' && name[i] <= 'z') &&
            !(name[i] >= 'A' && name[i] <= 'Z') && strchr(others, name[i]) == NULL)
            return err_set(err, ERR_USAGE, "--emf: letters, digits and any of %s", others);
    }
    if (n == 0 || n > NAMESPACE_MAX || strncmp(name, "AWS/", 4) == 0)
        return err_set(err, ERR_USAGE,
                       "--emf: a namespace of 1 to %d characters, not one of AWS's own",
                       NAMESPACE_MAX);
    return 0;
}

int
options_log_settings(const struct options *o, struct settings *s, struct err *err)
{
    struct address a;

    s->log = (struct settings_log){
        .access = {.file = o->access_logfile,
                   .format = o->access_logformat,
                   .buffer_bytes = o->access_log_buffer},
        .errors = o->error_logfile,
        .request_id = o->request_id,
        .emf = o->emf,
        .emf_ms = (unsigned)o->emf_interval * 1000,
        .metrics_bind = o->metrics_bind,
        .metrics_fd = -1,
    };
    if (access_log_check(&s->log.access, err) < 0 ||
        (o->emf != NULL && check_namespace(o->emf, err) < 0))
        return -1;
    if (o->metrics_bind != NULL && address_parse(o->metrics_bind, &a, err) < 0)
        return err_wrap(err, "--metrics-bind");
    if (o->metrics_bind != NULL && a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6)
        return err_set(err, ERR_USAGE, "--metrics-bind '%s': write HOST:PORT", o->metrics_bind);
    logs.access = o->access_logfile;
    logs.user = s->user;
    own(logs.access);
    own(logs.errors);
    return 0;
}
