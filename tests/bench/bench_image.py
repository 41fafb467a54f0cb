#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""imagegen build of one static binary against umoci init + new + insert + config, in pairs.

Both start from nothing and end with an OCI layout on disk whose image starts the binary.  --tree adds a
folder of many files, gzip layer as well.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pairs  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARY_BYTES = 1_115_800


def make_binary(folder, source):
    """The first 1.1 MB of a real program: what matters is that it compresses like one."""
    data = Path(source).read_bytes()
    path = folder / "binary"
    path.write_bytes((data * (BINARY_BYTES // len(data) + 1))[:BINARY_BYTES])
    path.chmod(0o755)
    return path


def make_tree(folder, megabytes, files):
    """Text-like, binary-like and incompressible files."""
    chosen = random.Random(1)
    words = [bytes(chosen.choices(b"abcdefghijklmnopqrstuvwxyz", k=chosen.randint(2, 10))) for _ in range(3000)]
    each = megabytes * 1_000_000 // files
    for i in range(files):
        path = folder / "tree" / f"d{i % 100:02}" / f"f{i:05}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if i % 16 == 0:
            path.write_bytes(chosen.randbytes(each))
        else:
            text = b" ".join(chosen.choices(words, k=each // 5))
            path.write_bytes((text + bytes(each))[:each])
    return folder / "tree"


def layer_bytes(layout, tag):
    index = json.loads((layout / "index.json").read_text())
    for entry in index["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == tag:
            manifest = layout / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")
            return sum(layer["size"] for layer in json.loads(manifest.read_text())["layers"])
    raise KeyError(tag)


class Contest:
    """The same content by both, each into a layout of its own that is removed before every run."""

    def __init__(self, args, folder, source, destination):
        self.ours, self.theirs = folder / "ours", folder / "theirs"
        kind = "--dir" if source.is_dir() else "--file"
        self.imagegen = [
            args.imagegen, "build", "-q", kind, f"{source}:{destination}", "--entrypoint", "/app",
            "--platform", "linux/amd64", "-o", f"oci:{self.ours}:v1",
        ]  # fmt: skip
        self.umoci = [
            [args.umoci, "init", "--layout", self.theirs],
            [args.umoci, "new", "--image", f"{self.theirs}:v1"],
            [args.umoci, "insert", "--image", f"{self.theirs}:v1", source, destination],
            [args.umoci, "config", "--image", f"{self.theirs}:v1", "--config.entrypoint", "/app"],
        ]

    def run_ours(self):
        shutil.rmtree(self.ours, ignore_errors=True)
        return pairs.seconds(self.imagegen) * 1000

    def run_theirs(self):
        shutil.rmtree(self.theirs, ignore_errors=True)
        return sum(pairs.seconds(command) for command in self.umoci) * 1000

    def report(self, title, count):
        mine, theirs = pairs.measure(self.run_ours, self.run_theirs, count)
        pairs.report(title, mine, theirs, "ms", "umoci")
        small, large = layer_bytes(self.ours, "v1"), layer_bytes(self.theirs, "v1")
        print(f"{title}: layer ours {small} bytes, umoci {large} bytes, ratio {small / large:.3f}", flush=True)
        self.report_memory(title)

    def report_memory(self, title):
        """Through time(1): a child of this process would be charged with the memory of its fork."""
        if not Path("/usr/bin/time").exists():
            return
        shutil.rmtree(self.ours, ignore_errors=True)
        command = ["/usr/bin/time", "-f", "%M", *(str(a) for a in self.imagegen)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
        print(f"{title}: peak memory of imagegen {done.stderr.split()[-1]} KiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imagegen", default=ROOT / "build/static/imagegen", type=Path)
    parser.add_argument("--umoci", default=shutil.which("umoci"))
    parser.add_argument("--pairs", default=15, type=int)
    parser.add_argument("--binary", default=None, type=Path, help="put this file in, as it is")
    parser.add_argument("--tree", action="store_true", help="also 200 MB in 10,000 files")
    parser.add_argument("--quick", action="store_true", help="one pair")
    args = parser.parse_args()
    if args.quick:
        args.pairs = 1
    if not args.imagegen.exists():
        sys.exit(f"bench_image: {args.imagegen} is not there: make it with 'make'")
    if args.umoci is None:
        print("bench_image: umoci is not installed; left out")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        binary = args.binary or make_binary(folder, args.imagegen)
        Contest(args, folder, binary.resolve(), "/app").report("small image", args.pairs)
        if args.tree:
            Contest(args, folder, make_tree(folder, 200, 10_000), "/srv").report("tree", max(3, args.pairs // 5))


if __name__ == "__main__":
    main()
