/* SPDX-License-Identifier: Apache-2.0 */
#include "server/gunicorn.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/str.h"
#include "server/options.h"
#include "server/options_process.h"

#define PYTHON                                                                    \
    "berthd runs no Python: give it to the gunicorn that serves the application " \
    "behind --proxy"
#define TLS    "TLS is the work of the load balancer in front: let it end there"
#define STATSD "counters are for Prometheus to fetch: see /metrics"
#define SYSLOG                                                                                 \
    "logs go to files and to standard output and error: let the platform (awslogs, journald) " \
    "collect them there"
#define LOGGER "the logs' form is chosen by --log-format and --access-logformat"
#define STRICT                                                                           \
    "what two programs may read differently is how requests are smuggled, and answered " \
    "with 400: mend the client"

struct refusal {
    const char *word;
    const char *why;
};

static const struct refusal refusals[] = {
    {"-c", "there is no configuration file: write options, or put them into GUNICORN_CMD_ARGS"},
    {"--config",
     "there is no configuration file: write options, or put them into GUNICORN_CMD_ARGS"},
    {"-v", "write --version"},
    {"--wsgi", PYTHON},
    {"--paste", PYTHON},
    {"--paster", PYTHON},
    {"--paste-global", PYTHON},
    {"--pythonpath", PYTHON},
    {"--reload", PYTHON},
    {"--reload-engine", PYTHON},
    {"--reload-extra-file", PYTHON},
    {"--spew", PYTHON},
    {"-D", "berthd stays in the foreground: let systemd, a container or setsid(1) start it"},
    {"--daemon", "berthd stays in the foreground: let systemd, a container or setsid(1) start it"},
    {"--worker-tmp-dir", "heartbeats are in shared memory, no file is written: leave it out"},
    {"--initgroups", "workers are in one group and no other: name it with --group"},
    {"--no-sendfile", "files that sendfile(2) cannot send are sent without it: leave it out"},
    {"--keyfile", TLS},
    {"--certfile", TLS},
    {"--ca-certs", TLS},
    {"--cert-reqs", TLS},
    {"--ciphers", TLS},
    {"--ssl-version", TLS},
    {"--do-handshake-on-connect", TLS},
    {"--suppress-ragged-eofs", TLS},
    {"--proxy-allow-from", "write the addresses into --forwarded-allow-ips, which counts for both"},
    {"--strip-header-spaces", STRICT},
    {"--tolerate-dangerous-framing", STRICT},
    {"--permit-obsolete-folding", STRICT},
    {"--permit-unconventional-http-method", STRICT},
    {"--permit-unconventional-http-version", STRICT},
    {"--casefold-http-method", STRICT},
    {"--header-map", STRICT},
    {"--forwarder-headers", "the fields of trusted proxies are known: see --forwarded-allow-ips"},
    {"--capture-output", "no code but berthd's own writes to its output: leave it out"},
    {"-R", "no code but berthd's own writes to its output: leave it out"},
    {"--enable-stdio-inheritance", "no code but berthd's own writes to its output: leave it out"},
    {"--logger-class", LOGGER},
    {"--log-config", LOGGER},
    {"--log-config-json", LOGGER},
    {"--log-syslog", SYSLOG},
    {"--log-syslog-to", SYSLOG},
    {"--log-syslog-prefix", SYSLOG},
    {"--log-syslog-facility", SYSLOG},
    {"--disable-redirect-access-to-syslog", SYSLOG},
    {"--statsd-host", STATSD},
    {"--statsd-prefix", STATSD},
    {"--dogstatsd-tags", STATSD},
};

/* "app", "app.wsgi:application", "app:create()": no path, and nothing that is a command. */
static bool
is_application(const char *word)
{
    const char *p = word;

    if (!isalpha((unsigned char)*p) && *p != '_')
        return false;
    while (isalnum((unsigned char)*p) || *p == '_' || *p == '.')
        p++;
    if (*p == ':' && (isalpha((unsigned char)p[1]) || p[1] == '_'))
        return true;
    return *p == '\0' && strchr(word, '.') != NULL;
}

const char *
gunicorn_refusal(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (strcmp(refusals[i].word, word) == 0)
            return refusals[i].why;
    }
    if (!is_application(word))
        return NULL;
    return "berthd runs no Python: let gunicorn serve it on a unix socket, and put berthd in front "
           "with --proxy /=unix:SOCKET";
}

const char *
gunicorn_value(const struct cli_opt *opt, const char *text, void *options, struct err *err)
{
    static const char *const python[] = {"tornado", "gaiohttp", "uvicorn", "gunicorn.workers",
                                         "egg:"};
    struct options *o = options;

    if (strcmp(opt->name, "worker-class") != 0)
        return text;
    if (strcmp(text, "gthread") == 0)
        return "threads";
    if (strcmp(text, "gevent") == 0 || strcmp(text, "eventlet") == 0) {
        o->note = "gunicorn's gevent and eventlet workers are event workers here";
        return "event";
    }
    for (size_t i = 0; i < ARRAY_LEN(python); i++) {
        if (str_starts(str_from(text), python[i])) {
            err_set(err, ERR_USAGE, "--worker-class '%s': %s", text, PYTHON);
            return NULL;
        }
    }
    return text;
}

const struct cli_habits gunicorn_habits = {
    .args_env = "GUNICORN_CMD_ARGS",
    .origins = offsetof(struct options, origins),
    .before_variables = options_process_variables,
    .refusal = gunicorn_refusal,
    .value = gunicorn_value,
};
