#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""imagegen build of 200 MB in 10,000 files against umoci (gzip) and skopeo (zstd), in pairs.

Files like text, programs and logs, and 6 % that cannot be compressed, the same in every run.  Both sides end with
an OCI layout on disk.  umoci makes its gzip layer from the files as imagegen does.  skopeo cannot begin with files:
it copies umoci's finished image and compresses the layer anew, which spares it the walk but costs it the inflating.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pairs  # noqa: E402
from bench_image import layer_bytes  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def text_of(chosen, words, size):
    return b" ".join(chosen.choices(words, k=size // 5))[:size]


def log_of(chosen, words, size):
    """Lines with a rising time, numbers and a few fields that repeat."""
    lines, have, clock = [], 0, chosen.randrange(10**9)
    paths = [b"/" + b"/".join(chosen.choices(words, k=3)) for _ in range(20)]
    while have < size:
        clock += chosen.randrange(2000)
        line = b'10.%d.%d.%d - - [%d] "GET %s HTTP/1.1" %d %d\n' % (
            chosen.randrange(4), chosen.randrange(256), chosen.randrange(256), clock, chosen.choice(paths),
            chosen.choice((200, 200, 200, 304, 404)), chosen.randrange(100_000),
        )  # fmt: skip
        lines.append(line)
        have += len(line)
    return b"".join(lines)[:size]


def program_of(chosen, size):
    """Short instructions of a few kinds with operands that are small more often than not, tables and zeros."""
    kinds = [chosen.randbytes(chosen.randint(1, 4)) for _ in range(60)]
    weights = [1 / (i + 1) for i in range(60)]
    parts = []
    for kind in chosen.choices(kinds, weights, k=size // 4):
        operand = int(chosen.expovariate(1 / 30))
        parts.append(kind + (operand & 0xFF).to_bytes(1, "little") + (bytes(3) if operand % 4 == 0 else b""))
    return b"".join(parts)[:size].ljust(size, b"\0")


def make_tree(folder, megabytes, files):
    chosen = random.Random(1)
    words = [bytes(chosen.choices(b"abcdefghijklmnopqrstuvwxyz", k=chosen.randint(2, 10))) for _ in range(3000)]
    average = megabytes * 1_000_000 // files
    for i in range(files):
        path = folder / "tree" / f"d{i % 100:02}" / f"f{i:05}"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = chosen.randint(average // 4, average * 7 // 4)
        if i % 50 in (7, 23, 41):
            path.write_bytes(chosen.randbytes(size))
        elif i % 3 == 0:
            path.write_bytes(text_of(chosen, words, size))
        elif i % 3 == 1:
            path.write_bytes(program_of(chosen, size))
        else:
            path.write_bytes(log_of(chosen, words, size))
    return folder / "tree"


class Bench:
    def __init__(self, args, folder, tree):
        self.args, self.folder, self.tree = args, folder, tree

    def clear(self, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.folder / name

    def build(self, *options):
        return [
            self.args.imagegen, "build", "-q", "--dir", f"{self.tree}:/srv", "--platform", "linux/amd64", *options,
            "-o", f"oci:{self.folder}/ours:v1",
        ]  # fmt: skip

    def ours(self, *options):
        self.clear("ours")
        return pairs.seconds(self.build(*options))

    def umoci(self):
        image = f"{self.clear('umoci')}:v1"
        return sum(
            pairs.seconds([self.args.umoci, *words])
            for words in (
                ["init", "--layout", self.folder / "umoci"],
                ["new", "--image", image],
                ["insert", "--image", image, self.tree, "/srv"],
            )
        )

    def skopeo(self):
        target = self.clear("skopeo")
        return pairs.seconds(
            [self.args.skopeo, "copy", "--insecure-policy", "--dest-compress-format", "zstd", "--dest-compress",
             f"oci:{self.folder}/umoci:v1", f"oci:{target}:v1"]
        )  # fmt: skip

    def report(self, title, options, peer, peer_name):
        mine, theirs = pairs.measure(lambda: self.ours(*options), peer, self.args.pairs)
        pairs.report(title, mine, theirs, "s", peer_name)
        small, large = (layer_bytes(self.folder / name, "v1") for name in ("ours", peer_name))
        print(f"{title}: layer ours {small:,} bytes, {peer_name} {large:,}, ratio {small / large:.4f}", flush=True)
        self.report_memory(title, options)

    def report_memory(self, title, options):
        """Through time(1): a child of this process would be charged with the memory of its fork."""
        if not Path("/usr/bin/time").exists():
            return
        self.clear("ours")
        command = ["/usr/bin/time", "-f", "%M", *(str(a) for a in self.build(*options))]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
        print(f"{title}: peak memory of imagegen {int(done.stderr.split()[-1]):,} KiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imagegen", default=ROOT / "build/static/imagegen", type=Path)
    parser.add_argument("--umoci", default=shutil.which("umoci"))
    parser.add_argument("--skopeo", default=shutil.which("skopeo"))
    parser.add_argument("--pairs", default=7, type=int)
    parser.add_argument("--tree", type=Path, help="measure this folder instead")
    parser.add_argument("--quick", action="store_true", help="one pair of a tenth of the tree")
    args = parser.parse_args()
    if not args.imagegen.exists():
        sys.exit(f"bench_tree: {args.imagegen} is not there: make it with 'make'")
    if args.umoci is None:
        print("bench_tree: umoci is not installed; left out")
        return
    if args.quick:
        args.pairs = 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = args.tree or make_tree(folder, 20 if args.quick else 200, 1000 if args.quick else 10_000)
        bench = Bench(args, folder, tree.resolve())
        bench.report("gzip level 4", [], bench.umoci, "umoci")
        bench.report("gzip level 1", ["--compression-level", "1"], bench.umoci, "umoci")
        if args.skopeo is None:
            print("bench_tree: skopeo is not installed; zstd left out")
            return
        bench.report("zstd level 3", ["--compression", "zstd"], bench.skopeo, "skopeo")


if __name__ == "__main__":
    main()
