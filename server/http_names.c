/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_names.h"

enum { X_FORWARDED_SIZE = sizeof("x-forwarded-") - 1, X_ACCEL_SIZE = sizeof("x-accel-") - 1 };

#define IS(word) http_name_eq(name.p, (word), sizeof(word) - 1)

/* Families, of which any member may come. */
static enum http_name
family_of(struct str name)
{
    if (name.n == 0 || (name.p[0] | 0x20) != 'x')
        return HTTP_NAME_OTHER;
    if (name.n > X_FORWARDED_SIZE && IS("x-forwarded-"))
        return HTTP_NAME_X_FORWARDED;
    if (name.n > X_ACCEL_SIZE && IS("x-accel-"))
        return HTTP_NAME_ACCEL;
    return HTTP_NAME_OTHER;
}

/* Proxy would become the variable HTTP_PROXY of a CGI program (https://httpoxy.org). */
enum http_name
http_name_of(struct str name)
{
    switch (name.n) {
    case sizeof("te") - 1:
        return IS("te") ? HTTP_NAME_HOP : HTTP_NAME_OTHER;
    case sizeof("host") - 1:
        if (IS("host"))
            return HTTP_NAME_OURS;
        return IS("date") ? HTTP_NAME_DATE : HTTP_NAME_OTHER;
    case sizeof("proxy") - 1:
        return IS("proxy") ? HTTP_NAME_OURS : HTTP_NAME_OTHER;
    case sizeof("server") - 1:
        if (IS("server"))
            return HTTP_NAME_SERVER;
        return IS("expect") ? HTTP_NAME_OURS : HTTP_NAME_OTHER;
    case sizeof("upgrade") - 1:
        if (IS("upgrade"))
            return HTTP_NAME_UPGRADE;
        return IS("trailer") ? HTTP_NAME_HOP : HTTP_NAME_OTHER;
    case sizeof("x-real-ip") - 1:
        if (IS("x-real-ip"))
            return HTTP_NAME_REAL_IP;
        if (IS("forwarded"))
            return HTTP_NAME_FORWARDED;
        break;
    case sizeof("connection") - 1:
        if (IS("connection"))
            return HTTP_NAME_CONNECTION;
        if (IS("keep-alive"))
            return HTTP_NAME_HOP;
        break;
    case sizeof("max-forwards") - 1:
        if (IS("max-forwards"))
            return HTTP_NAME_OURS;
        if (IS("x-request-id"))
            return HTTP_NAME_REQUEST_ID;
        break;
    case sizeof("content-length") - 1:
        if (IS("content-length"))
            return HTTP_NAME_CONTENT_LENGTH;
        if (IS("http2-settings"))
            return HTTP_NAME_HOP;
        break;
    case sizeof("x-forwarded-for") - 1:
        if (IS("x-forwarded-for"))
            return HTTP_NAME_X_FOR;
        break;
    case sizeof("x-forwarded-host") - 1:
        if (IS("x-forwarded-host"))
            return HTTP_NAME_X_HOST;
        if (IS("x-forwarded-port"))
            return HTTP_NAME_X_PORT;
        if (IS("proxy-connection"))
            return HTTP_NAME_HOP;
        break;
    case sizeof("transfer-encoding") - 1:
        if (IS("transfer-encoding"))
            return HTTP_NAME_TRANSFER_ENCODING;
        if (IS("x-forwarded-proto"))
            return HTTP_NAME_X_PROTO;
        break;
    default:
        break;
    }
    return family_of(name);
}
