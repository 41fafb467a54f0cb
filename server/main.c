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
#include "server/admin.h"
#include "server/db.h"
#include "server/db_posts.h"
#include "server/db_sqlite_file.h"
#include "server/gunicorn.h"
#include "server/inherit.h"
#include "server/listen.h"
#include "server/master.h"
#include "server/memory_bound.h"
#include "server/options.h"
#include "server/options_log.h"
#include "server/options_print.h"
#include "server/options_process.h"
#include "server/options_sql.h"
#include "server/options_static.h"
#include "server/pidfile.h"
#include "server/route.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/sizing.h"
#include "server/title.h"
#include "server/upgrade.h"
#include "server/user.h"
#include "server/watch.h"

enum { READY_MAX = 16 * 1024, CONFIG_MAX = 1024 * 1024 };

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
    rlim_t wanted = (rlim_t)s->connections * 2 + 256 + s->files.cache_opened;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("the limit of open files stays low, ignoring: %m");
}

static struct sizing_opts
sizing_of(const struct options *o, const struct settings *s)
{
    return (struct sizing_opts){
        .workers = o->workers,
        .from_environment = o->workers != NULL && o->workers == getenv("WEB_CONCURRENCY"),
        .policy = o->policy,
        .cpus = o->cpus,
        .worker_class = options_sql_class(o),
        .max_workers = s->process.max_workers,
    };
}

static int
check_workers(const struct options *o, const struct settings *s, struct err *err)
{
    struct sizing_opts ask = sizing_of(o, s);
    cleanup_buf struct buf why = BUF_INIT(READY_MAX);
    struct memory_bound bound;
    struct sizing sizing;

    if (sizing_find(&ask, &sizing, err) < 0)
        return -1;
    sizing_describe(&ask, &sizing, &why);
    sizing_done(&sizing);
    buf_append_str(&why, "\n# ");
    bound = memory_bound_of(s);
    memory_bound_format(&bound, &why);
    if (o->print_config)
        printf("# %s\n", buf_cstr(&why));
    return 0;
}

static int
check_user(const struct options *o UNUSED, const struct settings *s, struct err *err)
{
    return user_check(&s->user, err);
}

static int
check_routes(const struct options *o UNUSED, const struct settings *s, struct err *err)
{
    struct routes routes;
    int result = route_init(&routes, s, err);

    route_done(&routes);
    return result;
}

/* --check-config and --print-config: everything that is wrong in one run. */
static int
report(const struct options *o, const struct settings *s)
{
    static int (*const checks[])(const struct options *, const struct settings *,
                                 struct err *) = {check_workers, check_user, check_routes};
    cleanup_buf struct buf text = BUF_INIT(CONFIG_MAX);
    struct err err = ERR_INIT;
    int status = 0;

    if (o->print_config) {
        options_print(o, s, &text);
        fputs(buf_cstr(&text), stdout);
    }
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i](o, s, &err) < 0) {
            log_error("%s", err.msg);
            status = 1;
        }
    }
    if (s->sandbox && sandbox_try(sandbox_parts(s), &err) < 0)
        log_warn("the workers' sandbox: %s", err.msg);
    if (status == 0 && o->check_config)
        puts("berthd: the configuration is fine");
    return status;
}

static int
run_master(struct settings *s, struct routes *routes, struct watch *watch, struct err *err)
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
        title_set("berthd", "berthd: master%s", s->name);
        result = master_run(&opts, err);
        listen_done(&listen);
    }
    pidfile_close(&pidfile);
    return result;
}

static int
serve(const struct options *o, struct settings *s, struct err *err)
{
    struct sizing_opts ask = sizing_of(o, s);
    struct watch watch;
    struct routes routes;
    int result;

    if (user_check(&s->user, err) < 0 || watch_open(&watch, &ask, err) < 0)
        return -1;
    raise_descriptors(s);
    result = route_init(&routes, s, err);
    if (result == 0)
        result = admin_listen(s, upgrade_elder() != 0, &s->log.metrics_fd, err);
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
    if (options_process_enter(o, err) < 0 || options_log_enter(o, err) < 0)
        return -1;
    if (o->init_db != NULL)
        return init_db(o->init_db, err);
    if (o->pack != NULL || o->output != NULL)
        return options_static_pack(o, err);
    if (options_settings(o, &s, err) < 0)
        return -1;
    if (o->note != NULL)
        log_info("%s", o->note);
    result = o->check_config || o->print_config ? report(o, &s) : serve(o, &s, err);
    options_done(&s);
    return result;
}

static const struct cli_cmd berthd = {
    .summary = "HTTP server that starts as many workers as its CPU limit can use",
    .operands = "",
    .opts = options_table,
    .opts_size = sizeof(struct options),
    .defaults = &options_defaults,
    .habits = &gunicorn_habits,
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
    argv = title_init(argc, argv);
    upgrade_begin(argc, argv);
    return cli_main(&program, argc, argv);
}
