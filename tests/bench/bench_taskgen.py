#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""taskgen --cpu 1024 against the AWS CLI printing the skeleton of the same request, in pairs.

Both are whole processes, start included; neither uses the network.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pairs  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taskgen", default=ROOT / "build/static/taskgen", type=Path)
    parser.add_argument("--aws", default=shutil.which("aws", path="/usr/bin:/usr/local/bin"))
    parser.add_argument("--pairs", default=10, type=int)
    parser.add_argument("--quick", action="store_true", help="one pair")
    args = parser.parse_args()
    if args.quick:
        args.pairs = 1
    if not args.taskgen.exists():
        sys.exit(f"bench_taskgen: {args.taskgen} is not there: make it with 'make'")
    if args.aws is None:
        print("bench_taskgen: the AWS CLI is not installed; left out")
        return
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": "/usr/bin:/bin", "HOME": home}
        skeleton = [args.aws, "ecs", "register-task-definition", "--generate-cli-skeleton"]
        mine, theirs = pairs.measure(
            lambda: pairs.seconds([args.taskgen, "--cpu", "1024"], env=env) * 1000,
            lambda: pairs.seconds(skeleton, env=env) * 1000,
            args.pairs,
        )
    pairs.report("task definition", mine, theirs, "ms", "aws-cli")


if __name__ == "__main__":
    main()
