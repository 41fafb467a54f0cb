/* SPDX-License-Identifier: Apache-2.0 */

/* On real sockets: what is to be shown is what the kernel makes of it. */

#include "server/listen.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/listen_filter.h"
#include "server/settings.h"

enum { CLIENTS = 60, SEATS_MAX = 4 };

static char *binds[] = {"127.0.0.1:0", "[::1]:0"};

static struct settings
settings_for(size_t n)
{
    return (struct settings){.binds = binds, .n_binds = n, .backlog = 512};
}

static int
connect_to(const struct address *a)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &a->any, a->size), 0);
    return fd;
}

static unsigned
accept_all(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    unsigned n = 0;

    while (poll(&p, 1, 50) == 1) {
        int client = accept(fd, NULL, NULL);

        assert_true(client >= 0);
        close(client);
        n++;
    }
    return n;
}

/* How many connections each seat gets. */
static void
count_connections(const struct listen_set *l, unsigned address, unsigned counts[SEATS_MAX])
{
    int clients[CLIENTS];

    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&l->v[address].real);
    for (unsigned s = 0; s < l->seats; s++)
        counts[s] = accept_all(listen_fd(l, address, s));
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

static void
every_seat_gets_its_part(void **state)
{
    const struct settings s = settings_for(2);
    struct err err = ERR_INIT;
    struct listen_set l;
    unsigned counts[SEATS_MAX];

    (void)state;
    assert_int_equal(listen_open(&l, &s, NULL, &err), 0);
    assert_int_equal(l.seats, 1);
    assert_int_equal(listen_grow(&l, 3, &err), 0);
    for (unsigned a = 0; a < 2; a++) {
        count_connections(&l, a, counts);
        assert_int_equal(counts[0] + counts[1] + counts[2], CLIENTS);
        for (int i = 0; i < 3; i++)
            assert_in_range(counts[i], 5, 40);
    }
    listen_done(&l);
}

static void
seats_that_are_not_served_get_nothing_and_may_come_back(void **state)
{
    const struct settings s = settings_for(1);
    struct err err = ERR_INIT;
    struct listen_set l;
    unsigned counts[SEATS_MAX];

    (void)state;
    assert_int_equal(listen_open(&l, &s, NULL, &err), 0);
    assert_int_equal(listen_grow(&l, 4, &err), 0);
    listen_serve(&l, 2);
    count_connections(&l, 0, counts);
    assert_int_equal(counts[0] + counts[1], CLIENTS);
    assert_in_range(counts[0], 15, 45);
    listen_shrink(&l);
    listen_serve(&l, 3);
    count_connections(&l, 0, counts);
    assert_int_equal(counts[0] + counts[1] + counts[2], CLIENTS);
    assert_in_range(counts[2], 5, 40);
    assert_int_equal(listen_grow(&l, 4, &err), 0);
    listen_serve(&l, 4);
    count_connections(&l, 0, counts);
    assert_in_range(counts[3], 3, 35);
    listen_done(&l);
}

static void
a_seat_that_is_given_up_keeps_what_waits(void **state)
{
    const struct settings s = settings_for(1);
    struct err err = ERR_INIT;
    struct listen_set l;
    int clients[CLIENTS];
    unsigned first;

    (void)state;
    assert_int_equal(listen_open(&l, &s, NULL, &err), 0);
    assert_int_equal(listen_grow(&l, 2, &err), 0);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&l.v[0].real);
    listen_serve(&l, 1);
    first = accept_all(listen_fd(&l, 0, 0));
    assert_in_range(first, 10, 50);
    assert_int_equal(accept_all(listen_fd(&l, 0, 1)), CLIENTS - first);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    listen_done(&l);
}

static void
a_closed_socket_takes_no_connection_until_it_is_opened_again(void **state)
{
    const struct settings s = settings_for(1);
    struct err err = ERR_INIT;
    struct listen_set l;
    struct pollfd p = {.events = POLLOUT};

    (void)state;
    assert_int_equal(listen_open(&l, &s, NULL, &err), 0);
    assert_int_equal(listen_filter_close(listen_fd(&l, 0, 0), &err), 0);
    p.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(p.fd, &l.v[0].real.any, l.v[0].real.size), -1);
    assert_int_equal(poll(&p, 1, 100), 0);
    listen_filter_reopen(listen_fd(&l, 0, 0));
    assert_int_equal(poll(&p, 1, 5000), 1); /* the client tries again */
    assert_int_equal(accept_all(listen_fd(&l, 0, 0)), 1);
    close(p.fd);
    listen_done(&l);
}

static void
a_worker_keeps_only_its_own(void **state)
{
    const struct settings s = settings_for(2);
    struct err err = ERR_INIT;
    struct listen_set l;

    (void)state;
    assert_int_equal(listen_open(&l, &s, NULL, &err), 0);
    assert_int_equal(listen_grow(&l, 3, &err), 0);
    listen_keep(&l, 1);
    for (unsigned a = 0; a < 2; a++) {
        assert_int_equal(listen_fd(&l, a, 0), -1);
        assert_true(listen_fd(&l, a, 1) >= 0);
        assert_int_equal(listen_fd(&l, a, 2), -1);
        assert_int_equal(listen_fd(&l, a, 3), -1);
    }
    listen_done(&l);
}

static void
handed_sockets_are_taken_with_their_order(void **state)
{
    const struct settings s = settings_for(2);
    cleanup_buf struct buf text = BUF_INIT(1024);
    struct err err = ERR_INIT;
    struct listen_set elder, l;

    (void)state;
    assert_int_equal(listen_open(&elder, &s, NULL, &err), 0);
    assert_int_equal(listen_grow(&elder, 3, &err), 0);
    buf_appendf(&text, "%d,%d,%d %s\n", elder.v[0].fds[0], elder.v[0].fds[1], elder.v[0].fds[2],
                binds[0]);
    assert_int_equal(listen_open(&l, &s, buf_cstr(&text), &err), 0);
    assert_int_equal(l.seats, 3);
    assert_true(l.keep_names);
    assert_int_equal(listen_fd(&l, 0, 2), elder.v[0].fds[2]);
    assert_int_equal(l.v[0].real.v4.sin_port, elder.v[0].real.v4.sin_port);
    assert_int_equal(l.v[1].n_fds, 3);
    l.v[0].n_fds = 0; /* one owner is enough */
    listen_done(&l);
    listen_done(&elder);
}

static void
what_is_no_listening_socket_is_not_taken(void **state)
{
    const struct settings s = settings_for(1);
    struct err err = ERR_INIT;
    struct listen_set l;
    int fds[2];
    char text[64];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    snprintf(text, sizeof(text), "%d %s\n", fds[0], binds[0]);
    assert_int_equal(listen_open(&l, &s, text, &err), -1);
    assert_non_null(strstr(err.msg, "sockets of the earlier master"));
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_seat_gets_its_part),
        cmocka_unit_test(seats_that_are_not_served_get_nothing_and_may_come_back),
        cmocka_unit_test(a_seat_that_is_given_up_keeps_what_waits),
        cmocka_unit_test(a_closed_socket_takes_no_connection_until_it_is_opened_again),
        cmocka_unit_test(a_worker_keeps_only_its_own),
        cmocka_unit_test(handed_sockets_are_taken_with_their_order),
        cmocka_unit_test(what_is_no_listening_socket_is_not_taken),
    };

    return cmocka_run_group_tests_name("server/listen", tests, NULL, NULL);
}
