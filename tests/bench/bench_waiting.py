#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A handler that waits 5 ms and computes for 0.5 ms: berthd without any flag against hand-set workers x threads.

The handler is a route whose SQL waits and computes (`--test-functions`), so it runs on the workers' threads as
every query does.  The best hand-set combination of each round counts.  Needs root.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402
import stack  # noqa: E402

WAIT_MS, SPIN_US = 5, 500
# Around quota x R/D, which is 11 at one CPU, and what the policies say.
BY_HAND = ((1, 4), (1, 8), (1, 16), (1, 32), (2, 8), (2, 16), (2, 32), (3, 1), (5, 4), (9, 1))
ROUTES = f"""GET /wait
    sql SELECT berth_wait({WAIT_MS}), berth_spin({SPIN_US})
"""


class Waiting(peers.Berthd):
    ready_path = "/wait"


def servers(folder, cpus, by_hand):
    routes = folder / "waiting.routes"
    routes.write_text(ROUTES)
    flags = ["--database", f"sqlite:{stack.sqlite_posts(folder)}", "--routes", routes, "--test-functions"]
    found = [Waiting(folder, cpus, workers=None, flags=[*flags, "--cpus", f"{cpus:g}"])]
    for workers, threads in by_hand:
        found.append(Waiting(folder, cpus, workers, [*flags, "-k", "threads", "--threads", str(threads)]))
        found[-1].name = f"{workers} x {threads}"
    return found


def compare(folder, cpus, options):
    by_hand = BY_HAND[2:4] if options.quick else BY_HAND
    with contextlib.ExitStack() as running:
        calls = {}
        for server in servers(folder, cpus, by_hand):
            running.enter_context(server)
            calls[server.name] = lambda s=server: load.wrk(s.port, "/wait", options.seconds, options.connections)
        results = pairs.rounds(calls, options.pairs, options.warmup)
    pairs.table(f"{WAIT_MS} ms of waiting, {SPIN_US / 1000} ms of CPU, quota {cpus:g}", results, "requests/s", "berthd")
    hand = [name for name in results if name != "berthd"]
    best = [max(values) for values in zip(*(results[name] for name in hand))]
    print(f"  berthd without flags/best by hand: {pairs.spread([a / b for a, b in zip(results['berthd'], best)])}\n", flush=True)


def main():
    options = load.parse(load.arguments(__doc__, quotas=(0.25, 0.5, 1.0, 2.0), pairs=3))
    known = peers.berthd_help()
    if "--test-functions" not in known or "--threads" not in known:
        print("bench_waiting: this berthd has no --test-functions or no --threads; left out")
        return
    with peers.Scratch() as folder:
        for cpus in options.quota:
            compare(folder, cpus, options)


if __name__ == "__main__":
    main()
