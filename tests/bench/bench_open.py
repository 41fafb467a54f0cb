#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Latency below capacity: the article's table, for berthd and nginx with 1, 2, 3, 5 and 9 workers.

The capacity of each under the quota is measured first (wrk, closed loop).  Then requests arrive at 60 % of the
lower of the two capacities, the same for both, at times of a Poisson process that do not depend on the answers;
latencies begin at the intended time, so that a stall is not left out.  Printed are requests, p50, p99, maximum
and the share of the quota's periods that were throttled.  Needs root and nginx.
"""

import contextlib
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402
import quota  # noqa: E402

WORKERS = (1, 2, 3, 5, 9)


def open_run(server, rate, options):
    with quota.Throttling(server.quota) as throttling:
        result = load.run(
            server.port, peers.JSON, options.seconds, options.connections, rate=rate, poisson=not options.even
        )
    failed = result["lost"] + result["bad_status"] + result["refused"]
    if failed:
        print(f"  {server.name}: {failed} requests failed: {result}", flush=True)
    result["throttled"] = throttling.share
    return result


def row(name, workers, rate, runs):
    def middle(key):
        return statistics.median(run[key] for run in runs)

    p99 = [run["p99"] for run in runs]
    print(
        f"  {name:8} {workers:7} {rate:9,.0f} {sum(run['answered'] for run in runs):9,} {middle('p50'):9.3f} "
        f"{pairs.spread(p99, '{:.3f}'):28} {max(run['max'] for run in runs):9.2f} {middle('throttled') * 100:9.1f} %",
        flush=True,
    )


def compare(folder, cpus, workers, options):
    """Both with so many workers, in pairs; returns the ratios of p99."""
    kinds = [peers.Berthd, *peers.available((peers.Nginx,), "bench_open")]
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(kind(folder, cpus, workers)) for kind in kinds]
        capacity = [load.wrk(s.port, peers.JSON, options.seconds, options.connections) for s in servers]
        rate = options.rate or options.load * min(capacity)
        results = pairs.rounds({s.name: lambda s=s: open_run(s, rate, options) for s in servers}, options.pairs, warmup=0)
    for name, runs in results.items():
        row(name, workers, rate, runs)
    return [a["p99"] / b["p99"] for a, b in zip(results["berthd"], results.get("nginx", []))]


def main():
    parser = load.arguments(__doc__, pairs=5, seconds=5)
    parser.add_argument("--workers", type=int, nargs="+", default=list(WORKERS), help="of both servers (1 2 3 5 9)")
    parser.add_argument("--load", type=float, default=0.6, help="share of the lower capacity (0.6)")
    parser.add_argument("--rate", type=float, help="requests per second instead")
    parser.add_argument("--even", action="store_true", help="even steps instead of a Poisson process")
    options = load.parse(parser)
    if options.quick:
        options.workers = options.workers[:1]
    with peers.Scratch() as folder:
        for cpus in options.quota:
            print(f"open rate, quota {cpus:g}, {options.connections} connections, {options.pairs} rounds of {options.seconds} s")
            print(f"  {'server':8} {'workers':>7} {'rate/s':>9} {'requests':>9} {'p50 ms':>9} {'p99 ms':28} {'max ms':>9} {'throttled':>11}")
            ratios = {n: compare(folder, cpus, n, options) for n in options.workers}
            for workers, values in ratios.items():
                if values:
                    print(f"  {workers} workers: p99 of berthd/nginx {pairs.spread(values)}")
            print(flush=True)


if __name__ == "__main__":
    main()
