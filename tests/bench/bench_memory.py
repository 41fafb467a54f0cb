#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Resident memory: berthd's master and one event worker, at rest and with idle keep-alive connections.

Pss counts pages that both processes share once; Rss counts them for each.  nginx with one worker stands beside
it.  Each connection has had one answer before it idles.  Needs root (for the control group and the limit of
descriptors).
"""

import contextlib
import resource
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import peers  # noqa: E402

IDLE = 10_000
SPARE_FILES = 500


def idle_connection(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=30)
    s.sendall(f"GET {peers.JSON} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    got = b""
    while not got.endswith(b'"}'):
        part = s.recv(4096)
        if not part:
            sys.exit(f"bench_memory: a connection was closed after {got!r}")
        got += part
    return s


def measure(server, n_idle):
    before = {field: server.memory_kib(field) for field in ("Rss", "Pss")}
    processes = len(server.pids())
    with contextlib.ExitStack() as open_ones:
        for _ in range(n_idle):
            open_ones.enter_context(idle_connection(server.port))
        after = {field: server.memory_kib(field) for field in ("Rss", "Pss")}
    print(
        f"  {server.name:8} {processes} processes: Rss {before['Rss']:,} KiB, Pss {before['Pss']:,} KiB; with {n_idle:,} idle "
        f"connections Rss +{after['Rss'] - before['Rss']:,} KiB, Pss +{after['Pss'] - before['Pss']:,} KiB, "
        f"{(after['Pss'] - before['Pss']) * 1024 / n_idle:,.0f} bytes each",
        flush=True,
    )


def main():
    parser = load.arguments(__doc__, quotas=(1.0,))
    parser.add_argument("--idle", type=int, default=IDLE, help=f"connections ({IDLE})")
    options = load.parse(parser)
    n_idle = min(options.idle, 500) if options.quick else options.idle
    hard = max(resource.getrlimit(resource.RLIMIT_NOFILE)[1], n_idle + SPARE_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with peers.Scratch() as folder:
        print("resident memory, master and one worker")
        flags = ["--worker-connections", str(n_idle + SPARE_FILES)]
        with peers.Berthd(folder, options.quota[0], flags=flags) as server:
            measure(server, n_idle)
        for kind in peers.available((peers.Nginx,), "bench_memory"):
            with kind(folder, options.quota[0]) as server:
                measure(server, n_idle)


if __name__ == "__main__":
    main()
