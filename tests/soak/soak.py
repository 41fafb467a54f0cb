#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Soak: berthd at full load, reloaded and with workers killed all the time; no request may be lost.

Clients that count each request (tests/bench/load.c) ask for posts, a file and the health page.  Every few seconds
the master gets SIGHUP, and in between a random worker gets SIGTERM or SIGKILL.  A request that was in flight in a
worker killed by SIGKILL breaks; RFC 9110, 9.2.2 lets a client send it again, so it may be sent once more on a new
connection, and is counted apart: there may be no more of these than the killed worker had connections.  Anything
else that is not answered with 200 is a loss.  Memory and descriptors may not grow beyond a bound.

Prints a summary; exit status 1 when something was lost or grew.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOAD = ROOT / "build/bench/load"
POSTS, FILE, HEALTH = "/api/v1/posts/", "/page.txt", "/healthz"
# A client notices a broken connection within this time of the kill, also on a busy machine.
NOTICE_MS = 1500
# Of the master, between the first third of the time and the last.
GROWTH_FILES = 16


class Server:
    """A berthd and what its processes look like from outside."""

    def __init__(self, program, folder, workers):
        www = folder / "www"
        www.mkdir()
        (www / FILE[1:]).write_bytes(b"x" * 16384)
        database = folder / "posts.db"
        subprocess.run([program, "--init-db", database], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.lines = []
        self.port = None
        self.child = subprocess.Popen(
            [str(a) for a in (program, "-w", workers, "-b", "127.0.0.1:0", "--static", f"/={www}",
                              "--database", f"sqlite:{database}")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.ready.wait(20) or self.port is None:
            self.child.kill()
            raise RuntimeError("berthd did not start:\n" + "".join(self.lines))

    def read(self):
        for line in self.child.stderr:
            self.lines.append(line)
            match = re.search(r"127\.0\.0\.1:(\d+)", line)
            if match and self.port is None:
                self.port = int(match.group(1))
                self.ready.set()
        self.ready.set()

    def workers(self):
        """Its children that run, by /proc: one that ends meanwhile is left out."""
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z" and int(fields[1]) == self.child.pid:
                found.append(int(entry.name))
        return found

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(60)
            except subprocess.TimeoutExpired:
                self.child.kill()
        status = self.child.wait()
        self.reader.join(10)
        return status


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def sockets(pid):
    """How many sockets a process holds, its listeners among them."""
    n = 0
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            n += os.readlink(entry.path).startswith("socket:")
        except FileNotFoundError:
            pass
    return n


class Client:
    """One `load` process; its lines tell when a request broke, the last one what was counted."""

    def __init__(self, port, path, seconds, connections):
        self.path = path
        self.child = subprocess.Popen(
            [str(a) for a in (LOAD, "-R", "-c", connections, "-d", seconds, "-t", 30, port, path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.output = ""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        self.output = self.child.stdout.read()

    def result(self, timeout):
        try:
            self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.reader.join()
        lines = self.output.splitlines()
        if self.child.wait() != 0 or not lines:
            raise RuntimeError(f"load ended with status {self.child.returncode}:\n{self.output[-2000:]}")
        counts = json.loads(lines[-1])
        # "retried 12345" and "lost 12345 why ...": milliseconds of the monotonic clock.
        return counts, [int(line.split()[1]) for line in lines[:-1] if line.startswith("retried ")], lines[:-1]


class Trouble:
    """Reloads and kills, until the end."""

    def __init__(self, server, options):
        self.server, self.options = server, options
        self.random = random.Random(options.seed)
        self.reloads = self.terms = 0
        self.kills = []  # (milliseconds, connections of the worker)

    def kill(self):
        workers = self.server.workers()
        if not workers:
            return
        pid = self.random.choice(workers)
        try:
            if self.random.random() < 0.5:
                os.kill(pid, signal.SIGTERM)
                self.terms += 1
                return
            # Held still, so that the number of its connections is exact.
            os.kill(pid, signal.SIGSTOP)
            n = sockets(pid)
            self.kills.append([time.monotonic_ns() // 1_000_000, n])
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            pass

    def reload(self):
        self.server.child.send_signal(signal.SIGHUP)
        self.reloads += 1

    def run(self, end, sample):
        """Until `end`; sample() is called about once a second."""
        o = self.options
        begin = time.monotonic()
        due = {self.reload: begin + o.reload, self.kill: begin + o.kill, sample: begin + 1}
        every = {self.reload: lambda: o.reload, self.kill: lambda: self.random.uniform(0.5, 1.5) * o.kill, sample: lambda: 1.0}
        while time.monotonic() < end and self.server.child.poll() is None:
            action = min(due, key=due.get)
            time.sleep(max(0.0, min(due[action], end) - time.monotonic()))
            if time.monotonic() >= end:
                break
            action()
            due[action] = time.monotonic() + every[action]()


class Growth:
    """Samples of memory and descriptors: the master's, and the most that any worker has."""

    def __init__(self, server):
        self.server = server
        self.samples = []

    def sample(self):
        master = self.server.child.pid
        try:
            one = [resident_kib(master), descriptors(master)]
        except OSError:
            return
        workers = []
        for pid in self.server.workers():
            try:
                workers.append((resident_kib(pid), descriptors(pid)))
            except OSError:
                continue
        if workers:
            self.samples.append([*one, max(w[0] for w in workers), max(w[1] for w in workers)])

    def report(self, growth_kib):
        """Lines that tell what grew beyond its bound; the first and the last third are compared."""
        third = max(1, len(self.samples) // 3)
        bad = []
        for i, (what, bound) in enumerate(
            (("master's memory, KiB", growth_kib), ("master's descriptors", GROWTH_FILES),
             ("largest worker's memory, KiB", growth_kib), ("most descriptors of a worker", None))
        ):  # fmt: skip
            first = max((s[i] for s in self.samples[:third]), default=0)
            last = max((s[i] for s in self.samples[-third:]), default=0)
            print(f"  {what}: {first:,} in the first third, {last:,} in the last")
            if bound is not None and last > first + bound:
                bad.append(f"{what}: grew from {first} to {last}")
        return bad


def unexplained(retries, kills):
    """Requests that broke although no SIGKILL explains it: each kill explains as many as it had sockets."""
    left = [list(kill) for kill in kills]
    n = 0
    for at in sorted(retries):
        for kill in left:
            if kill[0] - 1 <= at <= kill[0] + NOTICE_MS and kill[1] > 0:
                kill[1] -= 1
                break
        else:
            n += 1
    return n


def judge(clients, trouble, options):
    bad, retries, total = [], [], {}
    for client in clients:
        counts, times, lines = client.result(options.seconds + 90)
        retries += times
        for key in ("sent", "answered", "lost", "retried", "bad_status", "refused", "timeouts"):
            total[key] = total.get(key, 0) + counts[key]
        print(
            f"  {client.path}: {counts['answered']:,} answered, {counts['rate']:,.0f}/s, p50 {counts['p50']:.2f} "
            f"p99 {counts['p99']:.2f} max {counts['max']:.0f} ms; {counts['retried']} sent again, {counts['lost']} lost, "
            f"{counts['bad_status']} not 200, {counts['refused']} connections refused"
        )
        for line in [line for line in lines if line.startswith("lost ")][:5]:
            print(f"    {line}")
    loss = total["lost"] + total["bad_status"] + total["refused"]
    if loss:
        bad.append(f"{loss} requests were lost")
    strange = unexplained(retries, trouble.kills)
    if strange:
        bad.append(f"{strange} requests broke without a SIGKILL to explain it")
    if total["answered"] == 0:
        bad.append("nothing was answered")
    print(
        f"  all: {total['answered']:,} answered, {total['retried']} of {sum(k[1] for k in trouble.kills)} connections broken by "
        f"{len(trouble.kills)} SIGKILLs had a request to send again; {trouble.terms} SIGTERMs to workers, {trouble.reloads} reloads"
    )
    return bad


def soak(options, folder):
    server = Server(options.berthd, folder, options.workers)
    trouble, growth = Trouble(server, options), Growth(server)
    try:
        each = max(1, options.connections // 3)
        clients = [Client(server.port, path, options.seconds, each) for path in (HEALTH, FILE, POSTS)]
        # The last reload and kill have their effect while the load still runs.
        trouble.run(time.monotonic() + options.seconds * 0.95, growth.sample)
        bad = judge(clients, trouble, options)
        bad += growth.report(options.growth)
        if server.child.poll() is not None:
            bad.append(f"the master ended with status {server.child.returncode}")
    finally:
        status = server.stop()
    if status != 0:
        bad.append(f"berthd ended with status {status}")
    if bad:
        print("last lines of berthd:\n" + "".join(server.lines[-10:]))
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--connections", type=int, default=63, help="of all clients together (63)")
    parser.add_argument("--reload", type=float, default=5, help="seconds between SIGHUPs (5)")
    parser.add_argument("--kill", type=float, default=3, help="mean seconds between kills (3)")
    parser.add_argument("--growth", type=int, default=2048, help="KiB that a process may grow (2048)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--berthd", type=Path, default=ROOT / "build/static/berthd")
    options = parser.parse_args()
    for program in (options.berthd, LOAD):
        if not program.exists():
            sys.exit(f"soak: {program} is not there: make it with 'make static bench-programs'")
    print(f"soak: {options.seconds:g} s, {options.workers} workers, {options.connections} connections", flush=True)
    with tempfile.TemporaryDirectory(prefix="berth-soak-") as name:
        bad = soak(options, Path(name))
    for line in bad:
        print(f"soak: {line}")
    print("soak: failed" if bad else "soak: no request was lost")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
