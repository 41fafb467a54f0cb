#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Proxying to a unix socket under a CPU quota: berthd against nginx, requests per second.

Behind each is the same upstream, `floor`, outside of the quota.  nginx is measured as most set it up (a new
connection to the upstream for each request) and with a pool of keep-alive connections.  Needs root, nginx and wrk.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402


class BerthdProxy(peers.Berthd):
    def __init__(self, folder, cpus, upstream):
        super().__init__(folder, cpus)
        self.upstream = upstream

    def command(self):
        return [peers.BERTHD, "-w", "1", "-b", f"127.0.0.1:{self.port}", "--proxy", f"/=unix:{self.upstream.path}"]


class NginxProxy(peers.Nginx):
    name = "nginx"
    pool = ""

    def __init__(self, folder, cpus, upstream):
        super().__init__(folder, cpus)
        self.upstream = upstream

    def http(self):
        return f"access_log off; upstream app {{ server unix:{self.upstream.path}; {self.pool} }}"

    def locations(self):
        keep = 'proxy_http_version 1.1; proxy_set_header Connection "";' if self.pool else ""
        return f"""location / {{ proxy_pass http://app; {keep} proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}"""


class NginxPool(NginxProxy):
    name = "nginx, keepalive"
    pool = "keepalive 64;"


def main():
    options = load.parse(load.arguments(__doc__, pairs=5))
    if "--proxy " not in peers.berthd_help():
        print("bench_proxy: this berthd has no --proxy; left out")
        return
    with peers.Scratch() as folder, peers.Upstream(folder) as upstream:
        for cpus in options.quota:
            with contextlib.ExitStack() as running:
                kinds = [BerthdProxy, *peers.available((NginxProxy, NginxPool), "bench_proxy")]
                servers = [running.enter_context(kind(folder, cpus, upstream)) for kind in kinds]
                for title, path in (("200 bytes of JSON", peers.JSON), ("16 KiB", peers.PAGE)):
                    calls = {
                        s.name: lambda s=s: load.wrk(s.port, path, options.seconds, options.connections) for s in servers
                    }
                    results = pairs.rounds(calls, options.pairs, options.warmup)
                    pairs.table(f"proxying {title}, quota {cpus:g}", results, "requests/s", "berthd")


if __name__ == "__main__":
    main()
