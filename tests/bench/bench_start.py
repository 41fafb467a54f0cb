#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From the start of a server to its first answer, berthd against nginx, in pairs.

Each pair starts both servers once, asks until one answers, and stops it.  What a loaded machine adds shows
in both.  Needs nginx.
"""

import argparse
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
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_answer(command, port):
    """Milliseconds until the first complete answer with status 200."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begin < 10:
            try:
                with socket.create_connection(("127.0.0.1", port)) as s:
                    s.sendall(REQUEST)
                    answer = s.makefile("rb").read()
            except OSError:
                time.sleep(0.0001)
                continue
            if answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"ok\n"):
                return (time.perf_counter() - begin) * 1000
        sys.exit(f"bench_start: {command[0]} did not answer within 10 s")
    finally:
        child.terminate()
        child.wait()


def berthd(database):
    port = free_port()
    return first_answer(
        [str(ROOT / "build/static/berthd"), "-w", "1", "-b", f"127.0.0.1:{port}", "--database", str(database)], port
    )


def nginx(folder):
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null; user root;
events {{ }}
http {{ access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; location = /healthz {{ return 200 "ok\\n"; }} }} }}
"""
    )
    return first_answer(["nginx", "-c", str(conf), "-p", str(folder)], port)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--quick", action="store_true", help="one pair")
    options = parser.parse_args()
    if options.quick:
        options.pairs = 1
    folder = Path(tempfile.mkdtemp(prefix="bench_start"))
    try:
        database = folder / "posts.db"
        subprocess.run([ROOT / "build/static/berthd", "--init-db", database], check=True, stdout=subprocess.DEVNULL)
        mine, theirs = pairs.measure(lambda: berthd(database), lambda: nginx(folder), options.pairs, warmup=2)
        pairs.report("start to first answer", mine, theirs, "ms", "nginx")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
