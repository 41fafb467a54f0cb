/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_HTTP_ERROR_H
#define NET_HTTP_ERROR_H

/*
 * What went wrong with a request, in words: "GET https://host/path: why; remedy".  Neither user
 * names and passwords of the URL nor its query, which may hold signatures, are ever part of it.
 */

#include "base/attr.h"

struct buf;
struct err;
struct http_request;

/* ERR_INVALID when the URL, the method, a header or a socket's path cannot be sent as it is. */
int http_error_check(const struct http_request *request, struct err *err) NODISCARD;

/* Appends "GET https://host/path". */
void http_error_place(const struct http_request *request, struct buf *out);

/* Sets err from libcurl's result code, its text and the operating system's error number, and
 * returns -1. */
int http_error_set(const struct http_request *request, int curl_code, const char *text, int sys,
                   const char *ca_file, struct err *err);

#endif
