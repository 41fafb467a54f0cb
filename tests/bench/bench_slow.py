#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""1,000 clients that dribble their headers, and the latency of a good client beside them.

Each slow client sends one byte of a request's head every half second and never ends it.  The good client sends
200 requests per second over 4 connections; its latencies begin at the intended times.  berthd is measured in
every worker class it has, nginx beside it.  Needs root.
"""

import resource
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import peers  # noqa: E402

SLOW = 1000
STEP_S = 0.5
RATE, GOOD_CONNECTIONS = 200, 4
HEAD = b"GET /data.json HTTP/1.1\r\nHost: slow\r\nX-Dribble: "


class Dribble:
    """with Dribble(port, n): n clients send a byte each STEP_S; one that is closed comes again."""

    def __init__(self, port, n):
        self.port, self.n = port, n
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.all_there = threading.Event()
        self.closed = 0

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        s.sendall(HEAD)
        s.setblocking(False)
        return s

    def step(self, sockets, i):
        try:
            sockets[i].send(b"x")
            if sockets[i].recv(1, socket.MSG_PEEK) is not None:
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self.closed += 1
            sockets[i].close()
            sockets[i] = self.connect()

    def run(self):
        sockets = [self.connect() for _ in range(self.n)]
        self.all_there.set()
        try:
            while not self.stop.is_set():
                begin = time.monotonic()
                for i in range(self.n):
                    self.step(sockets, i)
                    # Spread over the step, not in one burst.
                    ahead = begin + STEP_S * (i + 1) / self.n - time.monotonic()
                    if ahead > 0.002:
                        self.stop.wait(ahead)
        finally:
            for s in sockets:
                s.close()

    def __enter__(self):
        self.thread.start()
        if not self.all_there.wait(60):
            self.__exit__()
            sys.exit("bench_slow: the slow clients could not connect")
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def good_client(server, options):
    return load.run(server.port, peers.JSON, options.seconds, GOOD_CONNECTIONS, rate=RATE, timeout=10)


def measure(name, server, n_slow, options):
    alone = good_client(server, options)
    with Dribble(server.port, n_slow) as dribble:
        beside = good_client(server, options)
    print(
        f"  {name:16} {beside['answered']:6} answered, {beside['lost']} lost; p50 {beside['p50']:.3f} p99 {beside['p99']:.3f} "
        f"max {beside['max']:.3f} ms (alone {alone['p50']:.3f} {alone['p99']:.3f} {alone['max']:.3f}); "
        f"{dribble.closed} slow ones were closed",
        flush=True,
    )


def classes():
    """The worker classes of this berthd; None for one that has no choice."""
    known = peers.berthd_help()
    return ("sync", "threads", "event") if "--worker-class" in known else (None,)


def main():
    parser = load.arguments(__doc__, quotas=(0.5,), seconds=8)
    parser.add_argument("--slow", type=int, default=SLOW, help=f"clients that dribble ({SLOW})")
    options = load.parse(parser)
    n_slow = min(options.slow, 200) if options.quick else options.slow
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with peers.Scratch() as folder:
        for cpus in options.quota:
            print(f"{n_slow} clients that dribble their headers, quota {cpus:g}, one worker; a good client's latency")
            flags = ["--worker-connections", str(2 * n_slow + 100)]
            for name in classes():
                chosen = ["-k", name] if name else []
                with peers.Berthd(folder, cpus, flags=[*flags, *chosen]) as server:
                    measure(f"berthd {name or ''}".strip(), server, n_slow, options)
            for kind in peers.available((peers.Nginx,), "bench_slow"):
                with kind(folder, cpus) as server:
                    measure(server.name, server, n_slow, options)


if __name__ == "__main__":
    main()
