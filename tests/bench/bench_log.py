#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a JSON access log to a pipe costs: requests per second with and without it, in pairs, under a CPU quota.

The pipe is read by cat, outside of the quota; `stalled` is a pipe that nobody reads.  nginx with a JSON log to a
pipe, unbuffered and buffered, stands beside it.  Needs root, nginx and wrk.
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402

JSON_FORMAT = (
    """log_format json escape=json '{"time":"$time_iso8601","remote":"$remote_addr","method":"$request_method",' """
    """'"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,' """
    """'"referer":"$http_referer","agent":"$http_user_agent"}';"""
)


class Piped:
    """Standard output into a pipe, with cat at its end, or with nobody who reads."""

    read = True
    reader = kept = None

    def stdout(self):
        out, into = os.pipe()
        if self.read:
            self.reader = subprocess.Popen(["cat"], stdin=out, stdout=subprocess.DEVNULL)
            os.close(out)
        else:
            self.kept = out
        self.into = into
        return into

    def started(self):
        os.close(self.into)

    def stop(self):
        super().stop()
        if self.reader:
            self.reader.wait()
        if self.kept is not None:
            os.close(self.kept)
            self.kept = None


class BerthdLog(Piped, peers.Berthd):
    name = "berthd, log"

    def __init__(self, folder, cpus):
        super().__init__(folder, cpus, flags=["--access-logfile", "-", "--access-logformat", "json"])


class BerthdStalled(BerthdLog):
    name = "berthd, stalled log"
    read = False


class NginxLog(Piped, peers.Nginx):
    name = "nginx, log"
    buffer = ""

    def http(self):
        return f"{JSON_FORMAT} access_log /dev/stdout json{self.buffer};"


class NginxBuffered(NginxLog):
    name = "nginx, buffered log"
    buffer = " buffer=64k flush=1s"


def main():
    options = load.parse(load.arguments(__doc__, pairs=7))
    kinds = [peers.Berthd]
    if "--access-logfile" in peers.berthd_help():
        kinds += [BerthdLog, BerthdStalled]
    else:
        print("bench_log: this berthd has no --access-logfile; only nginx is measured")
    kinds += peers.available((peers.Nginx, NginxLog, NginxBuffered), "bench_log")
    with peers.Scratch() as folder:
        for cpus in options.quota:
            with contextlib.ExitStack() as running:
                servers = [running.enter_context(kind(folder, cpus)) for kind in kinds]
                calls = {
                    s.name: lambda s=s: load.wrk(s.port, "/healthz", options.seconds, options.connections) for s in servers
                }
                results = pairs.rounds(calls, options.pairs, options.warmup)
            pairs.table(f"JSON access log, /healthz, quota {cpus:g}", results, "requests/s", "berthd")
            for name, values in results.items():
                quiet = results[name.split(",")[0]]
                if values is not quiet:
                    print(f"  {name}: {pairs.spread([a / b for a, b in zip(values, quiet)])} of what it does without a log")
            print(flush=True)


if __name__ == "__main__":
    main()
