/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_HTTP_SIGPIPE_H
#define NET_HTTP_SIGPIPE_H

/*
 * A peer that closes a TLS connection while we write makes OpenSSL raise SIGPIPE, whose default
 * action our programs keep for their standard output.  Around libcurl's calls it is held back and
 * thrown away; one that was pending before stays.
 */

#include <signal.h>
#include <stdbool.h>

struct http_sigpipe {
    sigset_t before;
    bool pending;
};

void http_sigpipe_hold(struct http_sigpipe *s);
void http_sigpipe_release(const struct http_sigpipe *s); /* errno survives */

#endif
