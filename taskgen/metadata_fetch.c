/* SPDX-License-Identifier: Apache-2.0 */
#include "taskgen/metadata_fetch.h"

#include "base/buf.h"
#include "base/err.h"
#include "net/http.h"

int
metadata_fetch(void *ctx UNUSED, const char *url, unsigned timeout_ms, struct buf *out,
               struct err *err)
{
    cleanup_http_client struct http_client *client = http_client_new();
    cleanup_http_response struct http_response response = HTTP_RESPONSE_INIT;
    const struct http_request request = {
        .url = url,
        .connect_timeout_ms = timeout_ms,
        .timeout_ms = timeout_ms,
        .max_body_bytes = out->limit,
        .proxy = "",
    };

    if (http_send(client, &request, &response, err) < 0)
        return -1;
    if (response.status != 200)
        return err_set(err, ERR_PROTOCOL, "'%s' answered with status %ld", url, response.status);
    buf_append_view(out, buf_view(&response.body));
    return buf_finish(out, err);
}
