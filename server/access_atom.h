/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ACCESS_ATOM_H
#define SERVER_ACCESS_ATOM_H

/* The atoms of the access log's formats: between access_format.c, which knows how they are written,
 * and access_atom.c, which knows what they say. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "server/access_format.h"
#include "server/access_line.h"

struct access_piece;

/* Text that is the same for all lines of a second. */
struct access_times {
    int64_t second; /* INT64_MIN: none yet */
    char clf[48];   /* [24/Nov/2026:19:49:11 +0000] */
    char iso[32];   /* 2026-11-24T19:49:11 */
};

typedef void (*access_put_fn)(struct access_line *l, const struct access_entry *e,
                              const struct access_piece *p);

struct access_piece {
    access_put_fn put;       /* NULL: a literal */
    struct str text;         /* of a literal */
    const struct str *value; /* of a field of the request, found before the line is made */
    unsigned number;         /* of a field of the response */
    uint32_t fixed_rest;     /* what this piece and those behind it take, values not counted */
    struct access_times *times;
};

struct access_atom {
    const char *name;
    access_put_fn put;
    uint32_t fixed;    /* most bytes of it that are no value from outside */
    const char *field; /* the value of this field of the request */
};

/* By the name in a format, or by that of a CGI variable (RFC 3875) as WSGI has it; else NULL. */
const struct access_atom *access_atom_find(struct str name);
const struct access_atom *access_atom_variable(struct str name);

void access_atom_open(struct access_line *l, const struct access_entry *e,
                      const struct access_piece *p);
void access_atom_close(struct access_line *l, const struct access_entry *e,
                       const struct access_piece *p);
void access_atom_value(struct access_line *l, const struct access_entry *e,
                       const struct access_piece *p); /* its text, from outside */
void access_atom_field(struct access_line *l, const struct access_entry *e,
                       const struct access_piece *p);
void access_atom_response(struct access_line *l, const struct access_entry *e,
                          const struct access_piece *p);
void access_atom_secret(struct access_line *l, const struct access_entry *e,
                        const struct access_piece *p); /* the value of a field, masked */

#endif
