/* SPDX-License-Identifier: Apache-2.0 */

/* berthd: a pre-fork HTTP/1.1 server that knows how much CPU it has. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cli.h"
#include "base/err.h"
#include "base/log.h"
#include "base/version.h"
#include "server/db.h"
#include "server/db_posts.h"
#include "server/inherit.h"
#include "server/listen.h"
#include "server/master.h"
#include "server/options.h"
#include "server/pidfile.h"
#include "server/route.h"
#include "server/settings.h"
#include "server/sizing.h"
#include "server/upgrade.h"
#include "server/watch.h"

static int
init_db(const char *text, struct err *err)
{
    const char *path;
    int64_t rows;
    bool made;

    if (db_path(text, &path, err) < 0)
        return err_wrap(err, "--init-db");
    if (db_posts_create(path, &made, &rows, err) < 0)
        return err_wrap(err, "--init-db");
    printf("%s: %" PRId64 " posts%s\n", path, rows, made ? "" : ", there already: left as it was");
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
run_master(const struct settings *s, struct routes *routes, struct watch *watch, struct err *err)
{
    struct listen_set listen;
    struct pidfile pidfile;
    const struct master_opts opts = {
        .settings = s, .routes = routes, .listen = &listen, .watch = watch, .pidfile = &pidfile};
    int result;

    if (pidfile_open(&pidfile, s->process.pid_file, upgrade_elder() != 0, err) < 0)
        return -1;
    result = listen_open(&listen, s, upgrade_handed(), err);
    inherit_forget();
    if (result == 0) {
        result = master_run(&opts, err);
        listen_done(&listen);
    }
    pidfile_close(&pidfile);
    return result;
}

static int
serve(const struct options *o, const struct settings *s, struct err *err)
{
    struct sizing_opts ask = {.workers = o->workers,
                              .policy = o->policy,
                              .cpus = o->cpus,
                              .max_workers = s->process.max_workers};
    struct watch watch;
    struct routes routes;
    int result;

    ask.from_environment = o->workers != NULL && o->workers == getenv("WEB_CONCURRENCY");
    if (watch_open(&watch, &ask, err) < 0)
        return -1;
    raise_descriptors(s);
    result = route_init(&routes, s, err);
    if (result == 0)
        result = run_master(s, &routes, &watch, err);
    route_done(&routes);
    watch_close(&watch);
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

    upgrade_begin(argc, argv);
    snprintf(version, sizeof(version), BERTH_VERSION_TEXT("berthd") "%s\n", db_version());
    return cli_main(&program, argc, argv);
}
