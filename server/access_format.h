/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCESS_FORMAT_H
#define SERVER_ACCESS_FORMAT_H

/*
 * The format of the access log: gunicorn's %(name)s atoms and some of our own, or the name of a
 * format, compiled once; a line is made from it without allocation.
 *
 * A format that begins with '{' is JSON: it is checked to be a JSON object, and values are escaped
 * for JSON.  Otherwise quotes, backslashes and every byte but printable ASCII are escaped (\xNN),
 * so that nothing from a client can forge a line or a field.  What is missing is "-"; in JSON ""
 * for text and null for numbers.
 * What stands between %[ and %] is left out when a value in it is missing.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct access_format;
struct address;
struct err;
struct http_request;

/* A line with its newline: what one write() to a pipe leaves in one piece.  A value takes at most
 * half of what is left of it; the rest of the value is cut off. */
enum { ACCESS_LINE_MAX = PIPE_BUF, ACCESS_LINE_ROOM = ACCESS_LINE_MAX + 16 };

/* Fields of the response that a format may name. */
enum { ACCESS_RESPONSE_FIELDS_MAX = 16 };

/* What one line tells of. */
struct access_entry {
    const struct http_request *request; /* perhaps not understood: then its texts are empty */
    struct str start_line;              /* as it came, where the request line was not understood */
    const struct address *peer;
    const struct str *response; /* values of the fields that access_format_wanted() names */
    struct str id;              /* of the request: sane (request_id.h) */
    unsigned status;
    unsigned pid;            /* of the worker */
    uint64_t sent, received; /* bytes of the bodies */
    int64_t duration_us;
    int64_t upstream_us; /* -1: no server was asked */
    int64_t unix_ms;     /* when it ended */
};

/* "combined", "common", "json", or a format.  ERR_USAGE says where it is wrong. */
int access_format_new(const char *text, struct access_format **out, struct err *err) NODISCARD;
void access_format_free(struct access_format *f);

/* The names of the response's fields that it wants, in lower case; NULL behind the last. */
const char *access_format_wanted(const struct access_format *f, unsigned i);

/* Returns the length of the line, at most ACCESS_LINE_MAX. */
size_t access_format_line(struct access_format *f, const struct access_entry *e,
                          char out[ACCESS_LINE_ROOM]);

#endif
