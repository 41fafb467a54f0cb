/* SPDX-License-Identifier: Apache-2.0 */

/* berthd: a pre-fork HTTP/1.1 server that knows how much CPU it has. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/cli.h"
#include "base/err.h"
#include "base/log.h"
#include "base/version.h"
#include "server/db.h"
#include "server/db_posts.h"
#include "server/db_sqlite_file.h"
#include "server/listen.h"
#include "server/master.h"
#include "server/options.h"
#include "server/options_sql.h"
#include "server/route.h"
#include "server/settings.h"
#include "server/sizing.h"

enum { READY_MAX = 16 * 1024 };

static int
init_db(const char *text, struct err *err)
{
    cleanup_db_target struct db_target t = {.driver = NULL};
    int64_t rows;
    bool made;

    if (db_target_parse(text, false, &t, err) < 0)
        return err_wrap(err, "--init-db");
    if (t.driver != &db_sqlite)
        return err_set(err, ERR_UNSUPPORTED, "--init-db makes SQLite files: --init-db sqlite:PATH");
    if (db_posts_create(t.path, &made, &rows, err) < 0)
        return err_wrap(err, "--init-db");
    printf("%s: %" PRId64 " posts%s\n", t.path, rows,
           made ? "" : ", there already: left as it was");
    return 0;
}

/* Every connection is a descriptor, and so may be the file it is sent.  What the system allows at
 * most is not ours to raise. */
static void
raise_descriptors(const struct settings *s)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)s->connections * 2 + 256;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("the limit of open files stays low, ignoring: %m");
}

static int
serve(const struct options *o, struct settings *s, struct err *err)
{
    struct sizing_opts ask = {.workers = o->workers,
                              .policy = o->policy,
                              .cpus = o->cpus,
                              .worker_class = options_sql_class(o)};
    cleanup_buf struct buf ready = BUF_INIT(READY_MAX);
    struct listen_set listen;
    struct routes routes;
    unsigned workers;
    int result;

    ask.from_environment = o->workers != NULL && o->workers == getenv("WEB_CONCURRENCY");
    if (sizing_workers(&ask, &workers, &ready, err) < 0)
        return -1;
    if (s->routes != NULL && s->pool.threads == 0)
        s->pool.cpus = sizing_cpus(&ask) / workers;
    raise_descriptors(s);
    if (route_init(&routes, s, err) < 0) {
        route_done(&routes);
        return -1;
    }
    result = listen_open(&listen, s, workers, err);
    if (result == 0) {
        buf_append_str(&ready, "; listening on ");
        listen_format(&listen, &ready);
        result = master_run(s, &routes, &listen, buf_cstr(&ready), err);
        listen_done(&listen);
    }
    route_done(&routes);
    return result;
}

static int
run(const void *opts, int n_operands UNUSED, char **operands UNUSED, struct err *err)
{
    const struct options *o = opts;
    enum log_level level = LOG_LEVEL_INFO;
    struct settings s;
    int result;

    log_level_parse(o->log_level, &level);
    log_init("berthd", level, strcmp(o->log_format, "json") == 0);
    if (o->init_db != NULL)
        return init_db(o->init_db, err);
    if (options_settings(o, &s, err) < 0)
        return -1;
    result = serve(o, &s, err);
    options_done(&s);
    return result;
}

static const struct cli_cmd berthd = {
    .summary = "HTTP server that starts as many workers as its CPU limit can use",
    .operands = "",
    .opts = options_table,
    .opts_size = sizeof(struct options),
    .defaults = &options_defaults,
    .run = run,
};

int
main(int argc, char **argv)
{
    static const struct cli_cmd *const commands[] = {&berthd, NULL};
    char version[128];
    struct cli_program program = {
        .name = "berthd",
        .summary = "a pre-fork HTTP/1.1 server",
        .version = version,
        .commands = commands,
        .fallback = &berthd,
    };

    snprintf(version, sizeof(version), BERTH_VERSION_TEXT("berthd") "%s\n",
             db_sqlite_file_version());
    return cli_main(&program, argc, argv);
}
