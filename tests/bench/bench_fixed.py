#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fixed answers under a CPU quota: a file of 200 bytes of JSON and one of 16 KiB, requests per second.

berthd against nginx, h2o, lighttpd and `floor`, a bare epoll loop that only writes fixed bytes.  Each has one
worker and a control group of its own with the quota; wrk runs outside.  `nginx return` and `berthd /healthz`
answer from memory, for orientation.  Needs root, and the packages of scripts/apt-packages/bench.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402


def measure(servers, path, options):
    calls = {
        s.name: lambda s=s: load.wrk(s.port, path, options.seconds, options.connections)
        for s in servers
        if path != "/healthz" or s.name in ("berthd", "nginx")
    }
    return pairs.rounds(calls, options.pairs, options.warmup)


def report(title, results):
    pairs.table(title, results, "requests/s", "berthd")
    peers_only = [name for name in results if name not in ("berthd", "floor")]
    if len(peers_only) > 1:
        best = [max(results[name][i] for name in peers_only) for i in range(len(results["berthd"]))]
        ratios = [a / b for a, b in zip(results["berthd"], best)]
        print(f"  berthd/best of {', '.join(peers_only)}: {pairs.spread(ratios)}\n", flush=True)


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
