/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_DOCKER_DAEMON_H
#define IMAGES_DOCKER_DAEMON_H

/* Hands an image to a Docker daemon: POST /images/load of its Engine API, over its unix socket. */

#include "base/attr.h"
#include "base/str.h"

struct err;
struct http_client;
struct image;
struct ref;

#define DOCKER_DAEMON_SOCKET "/var/run/docker.sock"

/* The socket's path of a DOCKER_HOST ("unix:///run/docker.sock"), or the usual one when host is
 * NULL or empty; borrowed.  Other kinds of hosts are ERR_UNSUPPORTED. */
int docker_daemon_socket(const char *host, const char **out, struct err *err) NODISCARD;

/* Is it there, and may we use it?  To be asked before the work of building an image. */
int docker_daemon_check_socket(const char *socket, struct err *err) NODISCARD;

int docker_daemon_load(struct http_client *client, const char *socket, struct image *image,
                       const struct ref *name, struct err *err) NODISCARD;

/* One line of the daemon's progress: 0, or -1 with its error in words. */
int docker_daemon_check_line(struct str line, struct err *err) NODISCARD;

#endif
