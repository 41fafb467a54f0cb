#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The article's endpoint, GET /api/v1/posts/ with 20 posts: berthd against nginx + gunicorn + Django + MariaDB.

berthd is sized by nothing but its quota; the stack is tried with 1, 2, 3, 5 and 9 workers and the best of each
round counts.  berthd reads SQLite (each request runs the query, and with a cache) and, where it can, the same
MariaDB.  The database runs outside of the quota for both.  Needs root and the packages of
scripts/apt-packages/bench.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402
import stack  # noqa: E402

WORKERS = (1, 2, 3, 5, 9)
CACHED = """GET /api/v1/posts/
    cache 60
    sql SELECT id, title, body, author, created FROM posts ORDER BY id LIMIT 100
"""


class Posts(peers.Berthd):
    ready_path = stack.POSTS

    def __init__(self, name, folder, cpus, flags):
        super().__init__(folder, cpus, workers=None, flags=[*flags, "--cpus", f"{cpus:g}"])
        self.name = name


def berthds(folder, cpus, database):
    """One for each way to the posts that this berthd knows."""
    known = peers.berthd_help()
    sqlite = ["--database", f"sqlite:{stack.sqlite_posts(folder)}"]
    found = [Posts("berthd, SQLite", folder, cpus, sqlite)]
    if "--routes" in known:
        routes = folder / "cached.routes"
        routes.write_text(CACHED)
        found.append(Posts("berthd, SQLite, cached", folder, cpus, [*sqlite, "--routes", routes]))
    if database and "mysql:" in known:
        found.append(Posts("berthd, MariaDB", folder, cpus, ["--database", database.url()]))
    return found


def start_all(running, servers):
    """Those that start: a berthd may have been built without MariaDB's connector."""
    started = []
    for server in servers:
        try:
            started.append(running.enter_context(server))
        except RuntimeError as e:
            print(f"bench_posts: {e}; left out", flush=True)
    return started


def report(cpus, results, stacks):
    ours = [name for name in results if name not in stacks]
    pairs.table(f"posts, quota {cpus:g}", results, "requests/s", ours[0])
    if not stacks:
        return
    best = [max(values) for values in zip(*(results[name] for name in stacks))]
    for name in ours:
        ratios = [a / b for a, b in zip(results[name], best)]
        print(f"  {name}/best Django: {pairs.spread(ratios)}")
    print(flush=True)


def measure(folder, cpus, options, database):
    with contextlib.ExitStack() as running:
        ours = start_all(running, berthds(folder, cpus, database))
        theirs = []
        if database:
            counts = options.workers[:1] if options.quick else options.workers
            theirs = [running.enter_context(stack.Django(folder, cpus, n, database)) for n in counts]
        calls = {
            s.name: lambda s=s: load.wrk(s.port, stack.POSTS, options.seconds, options.connections)
            for s in [*ours, *theirs]
        }
        report(cpus, pairs.rounds(calls, options.pairs, options.warmup), [s.name for s in theirs])


def main():
    parser = load.arguments(__doc__, quotas=(0.25, 1.0), pairs=3, seconds=5)
    parser.add_argument("--workers", type=int, nargs="+", default=list(WORKERS), help="of gunicorn, to choose the best from")
    options = load.parse(parser)
    why_not = stack.Django.missing()
    with peers.Scratch() as folder, contextlib.ExitStack() as running:
        if why_not:
            print(f"bench_posts: {why_not}; the stack is left out", flush=True)
        database = None if why_not else running.enter_context(stack.MariaDB(folder))
        for cpus in options.quota:
            measure(folder, cpus, options, database)


if __name__ == "__main__":
    main()
