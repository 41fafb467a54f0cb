/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_INI_H
#define AWS_INI_H

/*
 * The ini dialect of ~/.aws/config and ~/.aws/credentials, read as the AWS CLI reads it:
 *
 *     [profile dev]            sections: one word, or a kind and a name that may be quoted
 *     region = eu-west-1       keys in any case; '=' or ':'; blanks around both dropped
 *     # or ; at the start of a line, or after a blank, begins a comment
 *     s3 =                     a key without a value, followed by keys indented more, holds them
 *       max_queue_size = 100
 *     long = first             lines that are indented more continue the value, by newlines
 *       second
 *
 * A section or key that is there twice is an error, as it is for the AWS CLI.  The text may hold
 * secrets: all views point into the one copy that ini_done() overwrites.
 */

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

struct err;

enum {
    INI_FILE_MAX = 1024 * 1024,
    INI_LINE_MAX = 16 * 1024,
    INI_SECTIONS_MAX = 4096,
    INI_KEYS_MAX = 1024 /* in one section */
};

struct ini_key {
    struct str parent; /* key that holds this one, or empty */
    struct str name;   /* lower case */
    struct str value;
    unsigned line;
};

struct ini_section {
    struct str kind; /* "profile" of [profile dev]; empty for a section of one word */
    struct str name;
    unsigned line;
    struct ini_key *keys;
    size_t n_keys;
};

struct ini {
    char *path; /* what errors call it */
    struct buf text;
    struct ini_section *sections;
    size_t n_sections;
};

#define INI_INIT                              \
    {                                         \
        NULL, BUF_INIT(INI_FILE_MAX), NULL, 0 \
    }

void ini_done(struct ini *ini);
#define cleanup_ini __attribute__((cleanup(ini_done)))

/* ERR_NOT_FOUND when there is no such file; ERR_INVALID "path:line: why". */
int ini_read(struct ini *ini, const char *path, struct err *err) NODISCARD;

/* The same from memory, which is copied. */
int ini_parse(struct ini *ini, const char *path, struct str text, struct err *err) NODISCARD;

/* NULL when absent. */
const struct ini_section *ini_section(const struct ini *ini, const char *kind, struct str name);
const struct ini_key *ini_key(const struct ini_section *section, const char *parent,
                              const char *name);

#endif
