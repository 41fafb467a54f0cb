# SPDX-License-Identifier: Apache-2.0
"""Load: wrk for requests per second, our own `load` for open rates and exact counts; and the options all
benchmarks share."""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import quota  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LOAD = ROOT / "build/bench/load"


def wrk(port, path, seconds, connections):
    """Requests per second of a closed loop; any answer but 2xx and any socket error ends the benchmark."""
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"{Path(sys.argv[0]).stem}: wrk saw errors on {path}:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def command(port, path, seconds, connections, rate=0, poisson=False, retry=False, timeout=30):
    flags = ["-c", connections, "-d", seconds, "-r", rate, "-t", timeout]
    flags += ["-p"] * poisson + ["-R"] * retry
    return [str(a) for a in (LOAD, *flags, port, path)]


def run(port, path, seconds, connections, **flags):
    """What `load` counted, as a dictionary; lost or refused requests are for the caller to judge."""
    out = subprocess.run(
        command(port, path, seconds, connections, **flags), stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return json.loads(out.splitlines()[-1])


def arguments(doc, quotas=(0.5,), pairs=7, seconds=3, connections=64):
    """A parser with the common options; --quick is for seeing that everything works, not for numbers."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown = " ".join(f"{q:g}" for q in quotas)
    parser.add_argument("--quota", type=float, nargs="+", default=list(quotas), help=f"CPUs of each server ({shown})")
    parser.add_argument("--pairs", type=int, default=pairs, help=f"rounds in which each is measured ({pairs})")
    parser.add_argument("--seconds", type=float, default=seconds, help=f"of each measurement ({seconds})")
    parser.add_argument("--connections", type=int, default=connections, help=f"of the client ({connections})")
    parser.add_argument("--quick", action="store_true", help="one short round")
    return parser


def parse(parser):
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.seconds, options.quota = 1, 1, options.quota[:1]
    options.warmup = 0 if options.quick else 1
    why_not = quota.missing()
    if why_not:
        sys.exit(f"{Path(sys.argv[0]).stem}: {why_not}")
    for program in (LOAD, Path(os.environ.get("BERTHD", ROOT / "build/static/berthd"))):
        if not program.exists():
            sys.exit(f"{Path(sys.argv[0]).stem}: {program} is not there: make it with 'make static bench-programs'")
    # wrk takes whole seconds.
    options.seconds = max(1, round(options.seconds))
    return options
