/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SIGV4_URI_H
#define AWS_SIGV4_URI_H

/* The path and the query of a request in the one spelling that a signature is made over. */

#include "base/attr.h"
#include "base/str.h"

struct buf;
struct err;

/* Appends the path, which is as on the wire, normalised and percent-encoded once more. */
void sigv4_uri_path(struct buf *out, struct str path);

/* Appends the parameters, decoded, encoded anew and sorted.  ERR_LIMIT for too many. */
int sigv4_uri_query(struct buf *out, struct str query, struct err *err) NODISCARD;

#endif
