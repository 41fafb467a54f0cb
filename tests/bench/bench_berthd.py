#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""berthd against nginx under a CPU quota: requests per second, in pairs.

Each server runs with one worker in a control group of its own with the quota; wrk runs outside of it.
Needs root (for the control group), nginx and wrk.
"""

import argparse
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pairs  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PERIOD_US = 100000


class Quota:
    """A control group with a CPU quota, v1 or v2, removed at the end."""

    def __init__(self, cpus):
        v1 = Path("/sys/fs/cgroup/cpu")
        self.path = (v1 if (v1 / "cpu.cfs_quota_us").exists() else Path("/sys/fs/cgroup")) / f"berth-bench-{secrets.token_hex(4)}"
        self.path.mkdir()
        quota = str(int(cpus * PERIOD_US))
        if (self.path / "cpu.cfs_quota_us").exists():
            (self.path / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.path / "cpu.cfs_quota_us").write_text(quota)
        else:
            (self.path / "cpu.max").write_text(f"{quota} {PERIOD_US}")

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        deadline = time.monotonic() + 5
        while True:
            try:
                self.path.rmdir()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def start_berthd(folder, port, quota):
    return subprocess.Popen(
        [str(ROOT / "build/static/berthd"), "-w", "1", "-b", f"127.0.0.1:{port}", "--static", f"/={folder / 'www'}"],
        stderr=subprocess.DEVNULL, preexec_fn=quota.join,
    )  # fmt: skip


def start_nginx(folder, port, quota):
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; types {{ text/plain txt; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; location = /healthz {{ return 200 "ok\\n"; }} }}
}}
"""
    )
    return subprocess.Popen(["nginx", "-c", str(conf), "-p", str(folder)], stderr=subprocess.DEVNULL, preexec_fn=quota.join)


def requests_per_second(port, path, seconds, connections):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"bench_berthd: wrk saw errors on {path}:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quota", type=float, default=0.5, help="CPUs each server may use (0.5)")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of each wrk run (3)")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()

    if os.geteuid() != 0:
        sys.exit("bench_berthd: a control group with a quota needs root")
    folder = Path(tempfile.mkdtemp(prefix="bench_berthd"))
    (folder / "www").mkdir()
    (folder / "www" / "page.txt").write_bytes(b"x" * 16384)
    servers, quotas, ports = [], [], []
    try:
        for begin in (start_berthd, start_nginx):
            quota = Quota(options.quota)
            quotas.append(quota)
            ports.append(free_port())
            servers.append(begin(folder, ports[-1], quota))
            wait_for(ports[-1])
        for title, path in (("/healthz", "/healthz"), ("16 KiB file", "/page.txt")):
            ours, peer = [
                lambda port=port: requests_per_second(port, path, options.seconds, options.connections) for port in ports
            ]
            mine, theirs = pairs.measure(ours, peer, options.pairs)
            pairs.report(f"{title}, quota {options.quota}", mine, theirs, "requests/s", "nginx")
    finally:
        for server in servers:
            server.terminate()
            server.wait()
        for quota in quotas:
            quota.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
