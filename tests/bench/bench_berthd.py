#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""berthd against nginx under a CPU quota: /healthz and a file of 16 KiB, requests per second, in pairs.

The short form of bench_fixed.py.  Needs root (for the control groups), nginx and wrk.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import load  # noqa: E402
import pairs  # noqa: E402
import peers  # noqa: E402


def main():
    options = load.parse(load.arguments(__doc__))
    with peers.Scratch() as folder:
        for cpus in options.quota:
            with peers.Berthd(folder, cpus) as berthd, peers.Nginx(folder, cpus) as nginx:
                for title, path in (("/healthz", "/healthz"), ("16 KiB file", peers.PAGE)):
                    ours, peer = [
                        lambda s=s: load.wrk(s.port, path, options.seconds, options.connections) for s in (berthd, nginx)
                    ]
                    mine, theirs = pairs.measure(ours, peer, options.pairs, options.warmup)
                    pairs.report(f"{title}, quota {cpus:g}", mine, theirs, "requests/s", "nginx")


if __name__ == "__main__":
    main()
