#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fixed answers under a CPU quota: a file of 200 bytes of JSON and one of 16 KiB, requests per second.

berthd against nginx, h2o, lighttpd and `floor`, a bare epoll loop that only writes fixed bytes.  Each has one
worker and a control group of its own with the quota; wrk runs outside.  `nginx return` and `berthd /healthz`
answer from memory, for orientation.  CPU time a request is the servers' own, in user space and in the kernel: it
tells the same on a machine that has other work.  Needs root, and the packages of scripts/apt-packages/bench.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402


def one(server, path, options):
    """(requests per second, microseconds of CPU time a request)"""
    before = server.cpu_seconds()
    rate = load.wrk(server.port, path, options.seconds, options.connections)
    return rate, (server.cpu_seconds() - before) * 1e6 / (rate * options.seconds)


def measure(servers, path, options):
    calls = {
        s.name: lambda s=s: one(s, path, options)
        for s in servers
        if path != "/healthz" or s.name in ("berthd", "nginx", "floor")
    }
    return pairs.rounds(calls, options.pairs, options.warmup)


def report(title, results):
    rates, cpu = [{name: [v[i] for v in values] for name, values in results.items()} for i in (0, 1)]
    pairs.table(title, rates, "requests/s", "berthd")
    others = [name for name in rates if name not in ("berthd", "floor")]
    if len(others) > 1:
        best = [max(rates[name][i] for name in others) for i in range(len(rates["berthd"]))]
        ratios = [a / b for a, b in zip(rates["berthd"], best)]
        print(f"  berthd/best of {', '.join(others)}: {pairs.spread(ratios)}\n", flush=True)
    pairs.table(title, cpu, "us of CPU time a request", "berthd")


def main():
    options = load.parse(load.arguments(__doc__, quotas=(0.25, 0.5), pairs=5))
    kinds = peers.available(peers.FIXED, "bench_fixed")
    with peers.Scratch() as folder:
        for cpus in options.quota:
            with contextlib.ExitStack() as stack:
                servers = [stack.enter_context(kind(folder, cpus)) for kind in (peers.Berthd, *kinds)]
                for title, path in (("200 bytes of JSON", peers.JSON), ("16 KiB file", peers.PAGE), ("/healthz", "/healthz")):
                    report(f"{title}, quota {cpus:g}", measure(servers, path, options))


if __name__ == "__main__":
    main()
