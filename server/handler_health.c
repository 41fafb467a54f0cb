/* SPDX-License-Identifier: Apache-2.0 */
#include "server/exchange.h"
#include "server/handlers.h"

/* The process answers: what ECS and load balancers ask. */
static void
respond(struct exchange *x)
{
    struct exchange_reply r = EXCHANGE_REPLY_INIT;

    r.headers = STR_LIT("Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Length: 3\r\n"
                        "Cache-Control: no-store\r\n");
    r.described = true;
    r.body = STR_LIT("ok\n");
    exchange_reply(x, &r);
}

const struct handler handler_health = {
    .name = "health",
    .path = "/healthz",
    .methods = HTTP_GET | HTTP_HEAD,
    .respond = respond,
    .probe = true,
};
