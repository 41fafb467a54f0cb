/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REQUEST_ID_H
#define SERVER_REQUEST_ID_H

/* The id under which a request is found in the logs of all that it passes: the client's own
 * X-Request-Id when it is sane, else a new one. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct err;

enum { REQUEST_ID_NEW = 32, REQUEST_ID_MAX = 128 };

/* Makes ids that hardly ever repeat.  They are no secrets: who sees some can tell the next ones. */
struct request_id {
    uint64_t state[4];
};

/* In each process, after it was forked: seeded by the kernel. */
int request_id_init(struct request_id *r, struct err *err) NODISCARD;

/* 128 bits as hexadecimal digits, without a NUL. */
void request_id_make(struct request_id *r, char out[REQUEST_ID_NEW]);

/* 1 to REQUEST_ID_MAX letters, digits and any of -_.:;=+/@ */
bool request_id_is_sane(struct str id);

#endif
