#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""berthd against nginx as a reverse proxy before a unix socket, under a CPU quota: requests per second, in pairs.

The upstream is a berthd of its own outside of the quota, so that the proxy is what is measured.  Needs root (for
the control group), nginx and wrk.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_berthd  # noqa: E402
import pairs  # noqa: E402

BERTHD = str(bench_berthd.ROOT / "build/static/berthd")


def start_upstream(folder):
    path = folder / "upstream.sock"
    process = subprocess.Popen(
        [BERTHD, "-w", "1", "-b", f"unix:{path}", "--static", f"/={folder / 'www'}"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > deadline:
            sys.exit("bench_proxy: the upstream does not start")
        time.sleep(0.01)
    return process, path


def start_berthd(folder, port, quota, upstream):
    return subprocess.Popen(
        [BERTHD, "-w", "1", "-b", f"127.0.0.1:{port}", "--proxy", f"/api=unix:{upstream}:/"],
        stderr=subprocess.DEVNULL, preexec_fn=quota.join,
    )  # fmt: skip


def start_nginx(folder, port, quota, upstream):
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream app {{ server unix:{upstream}; keepalive 32; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port};
    location /api/ {{ proxy_pass http://app/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; }} }}
}}
"""
    )
    return subprocess.Popen(["nginx", "-c", str(conf), "-p", str(folder)], stderr=subprocess.DEVNULL, preexec_fn=quota.join)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quota", type=float, default=0.5, help="CPUs each proxy may use (0.5)")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of each wrk run (3)")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()

    if os.geteuid() != 0:
        sys.exit("bench_proxy: a control group with a quota needs root")
    folder = Path(tempfile.mkdtemp(prefix="bench_proxy"))
    (folder / "www").mkdir()
    (folder / "www" / "page.txt").write_bytes(b"x" * 16384)
    servers, quotas, ports = [], [], []
    try:
        process, upstream = start_upstream(folder)
        servers.append(process)
        for begin in (start_berthd, start_nginx):
            quota = bench_berthd.Quota(options.quota)
            quotas.append(quota)
            ports.append(bench_berthd.free_port())
            servers.append(begin(folder, ports[-1], quota, upstream))
            bench_berthd.wait_for(ports[-1])
        for title, path in (("small answer", "/api/healthz"), ("16 KiB answer", "/api/page.txt")):
            ours, peer = [
                lambda port=port: bench_berthd.requests_per_second(port, path, options.seconds, options.connections)
                for port in ports
            ]
            mine, theirs = pairs.measure(ours, peer, options.pairs)
            pairs.report(f"proxied, {title}, quota {options.quota}", mine, theirs, "requests/s", "nginx")
    finally:
        for server in servers:
            server.terminate()
            server.wait()
        for quota in quotas:
            quota.remove()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
