/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

/* Socket addresses from text and back: "host:port", ":port", "[v6]:port", "unix:path", and "fd://N"
 * for a socket that is open already. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    };
    socklen_t size;
    int fd; /* of fd://N, whose family is AF_UNSPEC; else -1 */
};

/* As -b takes it.  Host names are not looked up: "localhost" is 127.0.0.1, "*" and "" are 0.0.0.0.
 */
int address_parse(const char *text, struct address *out, struct err *err) NODISCARD;

/* host[:port] of a URL. */
bool address_of_host(struct str host, uint16_t port, struct address *out) NODISCARD;

enum { ADDRESS_TEXT_MAX = 128 };

/* As address_parse() takes it. */
void address_format(const struct address *a, char out[ADDRESS_TEXT_MAX]);

#endif
