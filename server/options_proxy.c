/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options_proxy.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/options.h"
#include "server/settings.h"

int
options_proxy(const struct options *o, struct settings *s, struct err *err)
{
    s->proxy = (struct proxy_settings){
        .connect_timeout_ms = (unsigned)o->proxy_connect_timeout * 1000,
        .timeout_ms = (unsigned)o->proxy_timeout * 1000,
        .tunnel_timeout_ms = (unsigned)o->proxy_tunnel_timeout * 1000,
        .keepalive = (unsigned)o->proxy_keepalive,
        .request_buffer = o->proxy_request_buffer,
        .buffer = o->proxy_buffer,
        .head_bytes = (uint32_t)o->proxy_limit_head,
        .max_fails = (unsigned)o->proxy_max_fails,
        .fail_timeout_ms = (unsigned)o->proxy_fail_timeout * 1000,
    };
    s->proxy_protocol = o->proxy_protocol;
    if (forwarded_trust_parse(o->forwarded_allow_ips, &s->trust, err) < 0)
        return err_wrap(err, "--forwarded-allow-ips");
    s->proxies = mem_alloc((o->proxies.n + 1) * sizeof(*s->proxies));
    for (size_t i = 0; i < o->proxies.n; i++) {
        if (proxy_config_parse(o->proxies.v[i], &s->proxies[i], err) < 0)
            return -1;
        s->n_proxies++;
    }
    return 0;
}

void
options_proxy_done(struct settings *s)
{
    for (size_t i = 0; i < s->n_proxies; i++)
        proxy_config_done(&s->proxies[i]);
    free(s->proxies);
    forwarded_trust_done(&s->trust);
}
