/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include <curl/curl.h>

void
http_response_done(struct http_response *r)
{
    buf_done(&r->body);
    buf_done(&r->headers);
}

struct str
http_response_header_at(const struct http_response *r, const char *name, size_t i)
{
    struct str rest = buf_view(&r->headers);

    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');
        struct str field = str_cut(&line, ':');

        if (line.p != NULL && str_eq_nocase(field, name) && i-- == 0)
            return str_trim(line);
    }
    return (struct str){NULL, 0};
}

struct str
http_response_header(const struct http_response *r, const char *name)
{
    return http_response_header_at(r, name, 0);
}

void
http_client_free(struct http_client *client)
{
    if (client != NULL)
        client->free(client);
}

void
http_client_freep(struct http_client **client)
{
    http_client_free(*client);
}

int
http_send(struct http_client *client, const struct http_request *request,
          struct http_response *response, struct err *err)
{
    return client->send(client, request, response, err);
}

const char *
http_library_version(void)
{
    return curl_version();
}
