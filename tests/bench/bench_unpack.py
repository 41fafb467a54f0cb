#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""imagegen unpack and validate against umoci unpack, in pairs: 200 MB in 10,000 files, one gzip layer.

On /dev/shm where there is one, so that the disk is not what is measured.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_image  # noqa: E402
import pairs  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Contest:
    """One image, unpacked by both into folders that are removed before every run."""

    def __init__(self, args, folder, tree):
        self.image = f"{folder}/layout:v1"
        self.imagegen, self.umoci = args.imagegen, args.umoci
        self.ours, self.theirs = folder / "ours", folder / "theirs"
        pairs.seconds([args.umoci, "init", "--layout", folder / "layout"])
        for command in (["new", "--image", self.image], ["insert", "--image", self.image, tree, "/tree"]):
            pairs.seconds([args.umoci, *command])

    def run_ours(self):
        shutil.rmtree(self.ours, ignore_errors=True)
        return pairs.seconds([self.imagegen, "unpack", "-q", f"oci:{self.image}", self.ours]) * 1000

    def run_theirs(self):
        shutil.rmtree(self.theirs, ignore_errors=True)
        return pairs.seconds([self.umoci, "unpack", "--rootless", "--image", self.image, self.theirs]) * 1000

    def run_validate(self):
        return pairs.seconds([self.imagegen, "validate", f"oci:{self.image}"]) * 1000

    def report(self, count):
        pairs.report("unpack", *pairs.measure(self.run_ours, self.run_theirs, count), "ms", "umoci")
        pairs.report("validate", *pairs.measure(self.run_validate, self.run_theirs, count), "ms", "umoci unpack")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imagegen", default=ROOT / "build/static/imagegen", type=Path)
    parser.add_argument("--umoci", default=shutil.which("umoci"))
    parser.add_argument("--pairs", default=7, type=int)
    parser.add_argument("--quick", action="store_true", help="one pair, 2 MB in 100 files")
    args = parser.parse_args()
    if not args.imagegen.exists():
        sys.exit(f"bench_unpack: {args.imagegen} is not there: make it with 'make'")
    if args.umoci is None:
        print("bench_unpack: umoci is not installed; left out")
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        tree = bench_image.make_tree(Path(name), *((2, 100) if args.quick else (200, 10_000)))
        Contest(args, Path(name), tree).report(1 if args.quick else args.pairs)


if __name__ == "__main__":
    main()
