/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROXY_CONFIG_H
#define SERVER_PROXY_CONFIG_H

/* What --proxy says: which servers answer for a URL path, and how long they are waited for. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/address.h"

struct err;

/* Which of them were tried is kept in the bits of one number. */
enum { PROXY_SERVERS_MAX = 64 };

struct proxy_server {
    char *name;             /* for logs: "unix:/run/app.sock", "app:8000" */
    char *host;             /* to look up; NULL: address is known */
    struct address address; /* its port, when host is not NULL */
    uint16_t port;
};

struct proxy_mount {
    char *url; /* starts with '/', ends with none but for "/" itself */
    struct proxy_server *servers;
    size_t n;
    char *base; /* takes the place of url in the path; NULL: the path goes on as it came */
};

/* Shared by all mounts. */
struct proxy_settings {
    unsigned connect_timeout_ms;
    unsigned timeout_ms;        /* without progress while the server is waited for */
    unsigned tunnel_timeout_ms; /* a WebSocket without a byte in either direction */
    unsigned keepalive;         /* idle connections of a worker */
    uint64_t request_buffer;    /* bytes of a body that are kept before a server is asked */
    uint64_t buffer;            /* bytes of a response that wait for a slow client */
    uint32_t head_bytes;        /* of a response */
    unsigned max_fails;         /* in a row, before a server is left alone; 0: never */
    unsigned fail_timeout_ms;   /* how long it is */
};

/* "URL=SERVER[,SERVER...]" with SERVER http://HOST[:PORT][/BASE] or [http://]unix:PATH[:/BASE]. */
int proxy_config_parse(const char *text, struct proxy_mount *out, struct err *err) NODISCARD;
void proxy_config_done(struct proxy_mount *m);

#endif
