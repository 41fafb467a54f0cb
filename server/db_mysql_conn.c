/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_mysql_conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include <mariadb/errmsg.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "server/db_mysql_err.h"

enum {
    PACKET_MAX =
        64 * 1048576, /* the longest row that is taken from the server, and the longest sent */
    KILL_CONNECT_MS = 2000,
    /* A firewall between us may forget an idle connection after 350 s, and silently. */
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_INTERVAL_S = 10,
    KEEPALIVE_PROBES = 3
};

static const char ca_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

/* A server may ask for any way to log in: not for the password in clear text, nor for the weak hash
 * of old times. */
static const char auth_plugins[] = "mysql_native_password,client_ed25519,caching_sha2_password";

static char *
copy(const char *s)
{
    return s != NULL ? mem_strdup(s) : NULL;
}

struct db *
db_mysql_conn_new(const struct db_target *target)
{
    struct db *db = mem_alloc(sizeof(*db));

    db->target = *target;
    db->target.path = copy(target->path);
    db->target.host = copy(target->host);
    db->target.socket = copy(target->socket);
    db->target.user = copy(target->user);
    db->target.password = copy(target->password);
    db->target.name = copy(target->name);
    db->target.tls_ca = copy(target->tls_ca);
    db->fd = -1;
    pthread_mutex_init(&db->lock, NULL);
    return db;
}

void
db_mysql_conn_free(struct db *db)
{
    if (db == NULL)
        return;
    db_mysql_conn_drop(db);
    pthread_mutex_destroy(&db->lock);
    db_target_done(&db->target);
    free(db);
}

/* The connector counts in seconds; 0 means for ever. */
static void
set_timeout(MYSQL *mysql, enum mysql_option option, unsigned ms)
{
    unsigned seconds = ms / 1000 + (ms % 1000 != 0);

    mysql_options(mysql, option, &seconds);
}

static void
set_tls(MYSQL *mysql, const struct db_target *t)
{
    my_bool yes = 1;

    /* Nobody listens in on a unix socket. */
    if (t->tls == DB_TLS_DISABLED || (t->tls == DB_TLS_PREFERRED && t->socket != NULL))
        return;
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
    mysql_optionsv(mysql, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
    if (t->tls == DB_TLS_VERIFY_CA || t->tls == DB_TLS_VERIFY_IDENTITY)
        mysql_options(mysql, MYSQL_OPT_SSL_CA, t->tls_ca != NULL ? t->tls_ca : ca_bundle);
    if (t->tls == DB_TLS_VERIFY_IDENTITY)
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

static MYSQL *
configure(const struct db_target *t, unsigned connect_ms)
{
    MYSQL *mysql = mysql_init(NULL);
    unsigned no = 0, protocol = t->socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    size_t packet = PACKET_MAX;

    if (mysql == NULL)
        mem_fail(sizeof(MYSQL));
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, auth_plugins);
    mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "berthd");
    set_timeout(mysql, MYSQL_OPT_CONNECT_TIMEOUT, connect_ms);
    /* The server is told to end statements earlier than this. */
    set_timeout(mysql, MYSQL_OPT_READ_TIMEOUT,
                t->query_timeout_ms > 0 ? t->query_timeout_ms + 1000 : 0);
    set_timeout(mysql, MYSQL_OPT_WRITE_TIMEOUT, t->query_timeout_ms);
    set_tls(mysql, t);
    return mysql;
}

static int
connect_err(const struct db_target *t, unsigned number, const char *text, struct err *err)
{
    enum err_code code = db_mysql_err_code(number);

    if (t->socket != NULL)
        return err_set(err, code, "%s: %s (%u)", t->socket, text, number);
    return err_set(err, code, "%s:%u: %s (%u)", t->host, t->port, text, number);
}

/* Connected, encrypted as far as asked for, but with the session as the server makes it. */
static MYSQL *
dial(const struct db_target *t, unsigned connect_ms, struct err *err)
{
    MYSQL *mysql = configure(t, connect_ms);

    /* CLIENT_FOUND_ROWS: what counts is that a row was there, as in SQLite. */
    if (mysql_real_connect(mysql, t->host, t->user, t->password, t->name, t->port, t->socket,
                           CLIENT_FOUND_ROWS) == NULL) {
        connect_err(t, mysql_errno(mysql), mysql_error(mysql), err);
        mysql_close(mysql);
        return NULL;
    }
    /* The connector goes on without it when the server has none. */
    if (t->tls >= DB_TLS_REQUIRED && mysql_get_ssl_cipher(mysql) == NULL) {
        connect_err(t, CR_SSL_CONNECTION_ERROR, "the server offers no TLS", err);
        mysql_close(mysql);
        return NULL;
    }
    return mysql;
}

static int
set_session(MYSQL *mysql, const struct db_target *t, struct err *err)
{
    unsigned ms = t->query_timeout_ms;
    char sql[160];

    if (mariadb_connection(mysql))
        snprintf(sql, sizeof(sql), "SET time_zone = '+00:00', max_statement_time = %u.%03u",
                 ms / 1000, ms % 1000);
    else
        snprintf(sql, sizeof(sql), "SET time_zone = '+00:00', max_execution_time = %u", ms);
    if (mysql_query(mysql, sql) != 0)
        return connect_err(t, mysql_errno(mysql), mysql_error(mysql), err);
    return 0;
}

static void
keep_alive(int fd)
{
    static const struct {
        int level, option, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
    };

    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        setsockopt(fd, options[i].level, options[i].option, &options[i].value, sizeof(int));
}

int
db_mysql_conn_open(struct db *db, struct err *err)
{
    const struct db_target *t = &db->target;
    MYSQL *mysql;

    if (db->mysql != NULL)
        return 0;
    mysql = dial(t, t->connect_timeout_ms, err);
    if (mysql == NULL)
        return -1;
    if (set_session(mysql, t, err) < 0) {
        mysql_close(mysql);
        return -1;
    }
    if (t->socket == NULL)
        keep_alive((int)mysql_get_socket(mysql));
    db->mysql = mysql;
    db->generation++;
    pthread_mutex_lock(&db->lock);
    db->fd = (int)mysql_get_socket(mysql);
    /* It was too early to find a socket. */
    if (db->running && db->interrupted)
        shutdown(db->fd, SHUT_RDWR);
    pthread_mutex_unlock(&db->lock);
    return 0;
}

void
db_mysql_conn_drop(struct db *db)
{
    if (db->mysql == NULL)
        return;
    pthread_mutex_lock(&db->lock);
    db->fd = -1;
    pthread_mutex_unlock(&db->lock);
    mysql_close(db->mysql);
    db->mysql = NULL;
}

bool
db_mysql_conn_is_stale(const struct db *db)
{
    struct pollfd p = {.fd = db->fd, .events = POLLIN | POLLRDHUP};

    return db->mysql != NULL && poll(&p, 1, 0) > 0;
}

void
db_mysql_conn_begin(struct db *db)
{
    db->began_ms = clock_monotonic_ms(clock_system());
    pthread_mutex_lock(&db->lock);
    db->running = true;
    db->interrupted = false;
    pthread_mutex_unlock(&db->lock);
}

static bool
is_interrupted(struct db *db)
{
    bool interrupted;

    pthread_mutex_lock(&db->lock);
    interrupted = db->interrupted;
    pthread_mutex_unlock(&db->lock);
    return interrupted;
}

void
db_mysql_conn_end(struct db *db)
{
    bool interrupted;

    pthread_mutex_lock(&db->lock);
    db->running = false;
    interrupted = db->interrupted;
    pthread_mutex_unlock(&db->lock);
    if (interrupted)
        db_mysql_conn_drop(db);
}

void
db_mysql_conn_interrupt(struct db *db)
{
    pthread_mutex_lock(&db->lock);
    if (db->running) {
        db->interrupted = true;
        if (db->fd >= 0)
            shutdown(db->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&db->lock);
}

/* As well as it can be done: a server that cannot be reached notices by itself, some day. */
static void
kill_on_server(const struct db_target *t, unsigned long id)
{
    struct err ignored = ERR_INIT;
    unsigned ms = t->connect_timeout_ms;
    MYSQL *mysql = dial(t, ms > 0 && ms < KILL_CONNECT_MS ? ms : KILL_CONNECT_MS, &ignored);
    char sql[40];

    if (mysql == NULL)
        return;
    snprintf(sql, sizeof(sql), "KILL %lu", id);
    mysql_query(mysql, sql);
    mysql_close(mysql);
}

bool
db_mysql_conn_is_late(struct db *db, struct err *err)
{
    int64_t took = clock_monotonic_ms(clock_system()) - db->began_ms;
    unsigned limit = db->target.query_timeout_ms;
    bool interrupted = is_interrupted(db);
    unsigned long id;

    if (!interrupted && (limit == 0 || took < (int64_t)limit))
        return false;
    id = db->mysql != NULL ? mysql_thread_id(db->mysql) : 0;
    db_mysql_conn_drop(db);
    if (id != 0)
        kill_on_server(&db->target, id);
    if (interrupted)
        err_set(err, ERR_TIMEOUT, "interrupted");
    else
        err_set(err, ERR_TIMEOUT, "no answer of the database within %u ms", limit);
    return true;
}
