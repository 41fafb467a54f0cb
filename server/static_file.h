/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_FILE_H
#define SERVER_STATIC_FILE_H

/*
 * A file ready to be sent, in all codings there are of it, wherever it comes from: a folder
 * (static_folder.h) or an archive (static_pack.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/http_accept.h"
#include "server/http_condition.h"

struct settings_static;

enum {
    STATIC_ETAG_MAX = 96,
    /* Up to here a content is sent from memory: beyond, handing the descriptor to the kernel costs
     * less than carrying the bytes. */
    STATIC_SMALL = 64 * 1024
};

/* One representation. */
struct static_file {
    const char *bytes; /* in memory, or NULL */
    int fd;            /* -1 when it is only in memory */
    uint64_t at, size; /* of the content in fd */
    int64_t modified;  /* Unix seconds, or HTTP_CONDITION_UNDATED */
    char etag[STATIC_ETAG_MAX];
    char *lines; /* ready ones, owned: Content-Type and Content-Length of the whole, then headers */
    size_t n_lines;
    const char *headers; /* in them */
    size_t n_headers;    /* of a response with the content */
    size_t n_common;     /* the first of them, which belong to a 304 as well */
};

struct static_entry {
    const char *type;
    unsigned codings; /* those there are, a bit each; identity always is */
    struct static_file files[HTTP_CODING_COUNT];
};

/* Where an entry stands in the site: what decides about its headers. */
struct static_place {
    const struct settings_static *settings;
    const char *url;      /* of the mount */
    const char *fallback; /* of the mount, or NULL */
};

/* Writes the ready lines of all files of an entry; path is relative to the mount. */
void static_file_headers(struct static_entry *e, const struct static_place *place, struct str path);
size_t static_file_headers_size(const struct static_entry *e);
void static_file_headers_done(struct static_entry *e);

/* The Cache-Control of a URL path, NULL for none: the operator's first rule that matches, else
 * pages are to be asked for again, so that they never name assets of an older version. */
const char *static_file_cache_control(const struct settings_static *s, struct str url_path,
                                      const char *type);

/* Whether a text is what a pattern says, in which '*' stands for any bytes. */
bool static_file_matches(struct str pattern, struct str text) NODISCARD;

#endif
