/* SPDX-License-Identifier: Apache-2.0 */
#include "images/registry_creds.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/interrupt.h"
#include "json/json.h"

/* creds_from_helper(): a program that keeps passwords. */

enum { HELPER_ANSWER_MAX = 64 * 1024, HELPER_NAME_MAX = 64, POLL_MS = 200, LINGER_MOMENTS = 250 };

extern char **environ;

static bool
is_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return n > 0 && n <= HELPER_NAME_MAX && name[n] == '\0';
}

/* Ours without what is secret to others. */
static char **
environment(void)
{
    static const char *const secret[] = {"IMAGEGEN_CREDS=", "IMAGEGEN_SIGN_KEY="};
    size_t n = 0, kept = 0;
    char **copy;

    while (environ[n] != NULL)
        n++;
    copy = mem_alloc((n + 1) * sizeof(char *));
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], secret[0], strlen(secret[0])) != 0 &&
            strncmp(environ[i], secret[1], strlen(secret[1])) != 0)
            copy[kept++] = environ[i];
    return copy;
}

/* Its end of the socket becomes standard input and output; what it says on standard error could
 * hold anything. */
static int
start(const char *program, int fd, pid_t *pid, struct err *err)
{
    char *const argv[] = {(char *)program, (char *)"get", NULL};
    cleanup_free char **env = environment();
    posix_spawn_file_actions_t acts;
    int rc;

    posix_spawn_file_actions_init(&acts);
    posix_spawn_file_actions_adddup2(&acts, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&acts, fd, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    rc = posix_spawnp(pid, program, &acts, NULL, argv, env);
    posix_spawn_file_actions_destroy(&acts);
    if (rc == 0)
        return 0;
    errno = rc;
    return err_sys(err, "start it, as Docker's config.json says");
}

/* Reads to the end of what it writes. */
static int
listen_to(int fd, struct buf *out, struct err *err)
{
    int64_t end = clock_monotonic_ms(clock_system()) + CREDS_HELPER_SECONDS * 1000;

    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        char *room = buf_room(out, 4096);
        ssize_t n;

        if (room == NULL)
            return err_set(err, ERR_LIMIT, "its answer is larger than %d bytes", HELPER_ANSWER_MAX);
        if (interrupt_check(err) < 0)
            return -1;
        if (clock_monotonic_ms(clock_system()) >= end)
            return err_set(err, ERR_TIMEOUT, "no answer in %d seconds", CREDS_HELPER_SECONDS);
        if (poll(&p, 1, POLL_MS) <= 0)
            continue;
        n = read(fd, room, 4096);
        /* A reset says that it left our line unread; what it wrote has come before. */
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return 0;
        if (n < 0 && errno != EINTR)
            return err_sys(err, "read its answer");
        buf_added(out, n > 0 ? (size_t)n : 0);
    }
}

static int
read_answer(struct str text, int status, struct creds *out, struct err *err)
{
    struct err ignored = ERR_INIT;
    cleanup_json struct json_t *doc = json_parse(text, "answer", &ignored);
    struct json_cur root = json_root(doc);
    struct json_cur user = json_at(&root, "Username");
    struct json_cur password = json_at(&root, "Secret");
    const char *u = json_str_or(&user, ""), *p = json_str_or(&password, "");
    cleanup_free char *pair = NULL;

    /* The protocol's one message that is no failure; it comes on standard output. */
    if (status != 0 && str_starts(text, "credentials not found"))
        return 0;
    if (status != 0)
        return err_set(err, ERR_DENIED, "it failed; run it by hand to see why");
    if (strlen(u) + strlen(p) >= CREDS_PAIR_MAX)
        return err_set(err, ERR_LIMIT, "its answer is longer than %d bytes", CREDS_PAIR_MAX);
    if (u[0] == '\0' || strchr(u, ':') != NULL)
        return err_set(err, ERR_PROTOCOL, "its answer names no user");
    if (strcmp(u, "<token>") == 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "it keeps an identity token, which is not offered; log in with a password");
    pair = mem_printf("%s:%s", u, p);
    secret_set(&out->pair, pair, strlen(pair));
    mem_wipe(pair, strlen(pair));
    return 0;
}

static int
talk(int fd, const char *authority, struct buf *answer, struct err *err)
{
    cleanup_free char *line = mem_printf(
        "%s\n", strcmp(authority, "docker.io") == 0 ? "https://index.docker.io/v1/" : authority);

    /* One that does not read its input is its own affair. */
    (void)!send(fd, line, strlen(line), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    return listen_to(fd, answer, err);
}

/* Its status; one that lingers when it has said everything is ended. */
static int
reap(pid_t pid)
{
    const struct timespec moment = {0, 20L * 1000 * 1000};
    int status = -1;

    for (int i = 0; i < LINGER_MOMENTS; i++) {
        pid_t got = waitpid(pid, &status, WNOHANG);

        if (got == pid)
            return status;
        if (got < 0 && errno != EINTR)
            return -1;
        nanosleep(&moment, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static int
ask(const char *program, const char *authority, struct creds *out, struct err *err)
{
    cleanup_buf struct buf answer = BUF_INIT(HELPER_ANSWER_MAX);
    int pair[2], status = -1, done;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socketpair");
    done = start(program, pair[1], &pid, err);
    close(pair[1]);
    if (done == 0) {
        done = talk(pair[0], authority, &answer, err);
        if (done < 0)
            kill(pid, SIGKILL);
        status = reap(pid);
    }
    close(pair[0]);
    if (done == 0)
        done = read_answer(buf_view(&answer), status, out, err);
    if (answer.n > 0)
        mem_wipe(answer.p, answer.n);
    return done;
}

int
creds_from_helper(const char *name, const char *authority, struct creds *out, struct err *err)
{
    cleanup_free char *program = NULL;

    if (!is_name(name))
        return err_set(err, ERR_INVALID,
                       "Docker's config.json: a credential helper's name is letters, digits, '_' "
                       "and '-'");
    program = mem_printf("docker-credential-%s", name);
    return ask(program, authority, out, err) < 0 ? err_wrap(err, "%s", program) : 0;
}
