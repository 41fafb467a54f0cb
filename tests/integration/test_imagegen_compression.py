# SPDX-License-Identifier: Apache-2.0
"""The layer's compression: the same bytes by any number of threads, and what others make of each kind."""

import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess

import pytest

from support import proc
from support.oci import Layout
from support.proc import wait_until_open

MEDIA_TYPES = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "none": "application/vnd.oci.image.layer.v1.tar",
}

# What imagegen gave before it had threads.
GOLDEN = "sha256:c3647e5bc6a6d1191d002df8d61a36759a3f57892f6dbe877f7c1af4dd16e302"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Nine chunks of gzip and three jobs of zstd, the same in every run: files of zeros, of words and of noise."""
    folder = tmp_path_factory.mktemp("tree")
    chosen = random.Random(3)
    words = [chosen.randbytes(chosen.randint(1, 4)).hex().encode() for _ in range(500)]
    for i in range(36):
        content = (bytes(500_000), b" ".join(chosen.choices(words, k=90_000))[:500_000], chosen.randbytes(500_000))
        (folder / f"f{i:02}").write_bytes(content[i % 3])
    return folder


def build(imagegen, tree, out, *options, before=()):
    """The digest of the image, which covers that of the layer."""
    args = [*before, imagegen.path, "build", "-q", "--dir", f"{tree}:/srv", "--platform", "linux/amd64", *options]
    done = proc.run([*args, "-o", f"oci:{out}"], timeout=120)
    assert done.status == 0, done
    return done.stdout.strip()


def layer_path(out):
    digest = Layout(out).manifest()["layers"][0]["digest"]
    return out / "blobs" / "sha256" / digest.removeprefix("sha256:")


def unpacked(kind, path):
    if kind == "gzip":
        return gzip.decompress(path.read_bytes())
    if kind == "none":
        return path.read_bytes()
    if not shutil.which("zstd"):
        pytest.skip("zstd is missing")
    return subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE, check=True, timeout=60).stdout


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_the_number_of_threads_does_not_show(imagegen, tree, tmp_path, kind):
    digests = {
        build(imagegen, tree, tmp_path / "out", "--compression", kind, "--threads", str(n)) for n in (1, 2, 7, 256)
    }
    digests.add(build(imagegen, tree, tmp_path / "out", "--compression", kind))
    if shutil.which("taskset"):
        digests.add(build(imagegen, tree, tmp_path / "out", "--compression", kind, before=["taskset", "-c", "0"]))
    assert len(digests) == 1


def test_gzip_of_many_chunks_is_what_it_has_always_been(imagegen, tree, tmp_path):
    assert build(imagegen, tree, tmp_path / "out") == GOLDEN
    assert build(imagegen, tree, tmp_path / "out", "--compression", "gzip", "--compression-level", "4") == GOLDEN


@pytest.mark.parametrize("kind, level", [("gzip", 1), ("gzip", 4), ("gzip", 12), ("zstd", 1), ("zstd", 3), ("none", 0)])
def test_a_layer_is_what_its_descriptor_says(imagegen, tree, tmp_path, kind, level):
    options = ["--compression-level", str(level)] if level else []
    build(imagegen, tree, tmp_path / "out", "--compression", kind, *options)
    image = Layout(tmp_path / "out")
    layer = image.manifest()["layers"][0]
    assert layer["mediaType"] == MEDIA_TYPES[kind]
    image.blob(layer)  # its size and digest
    tar = unpacked(kind, layer_path(tmp_path / "out"))
    diff_id = "sha256:" + hashlib.sha256(tar).hexdigest()
    assert image.config()["rootfs"]["diff_ids"] == [diff_id]
    assert kind != "none" or layer["digest"] == diff_id
    assert image.leftovers() == []


def test_a_higher_level_gives_a_smaller_layer(imagegen, tree, tmp_path):
    for kind, levels in (("gzip", (1, 4, 9)), ("zstd", (1, 9))):
        sizes = []
        for level in levels:
            build(imagegen, tree, tmp_path / "out", "--compression", kind, "--compression-level", str(level))
            sizes.append(layer_path(tmp_path / "out").stat().st_size)
        assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == len(sizes), (kind, sizes)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_the_tools_of_the_format_take_the_layer(imagegen, tree, tmp_path, kind):
    if not shutil.which(kind):
        pytest.skip(f"{kind} is missing")
    build(imagegen, tree, tmp_path / "out", "--compression", kind)
    with layer_path(tmp_path / "out").open("rb") as layer:
        subprocess.run([kind, "-t"], stdin=layer, check=True, timeout=60)


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_skopeo_decompresses_the_layer(imagegen, tree, tmp_path, kind):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is missing")
    build(imagegen, tree, tmp_path / "out", "--compression", kind)
    done = proc.run(
        ["skopeo", "copy", "--insecure-policy", "--dest-decompress", f"oci:{tmp_path}/out:latest", f"dir:{tmp_path}/x"],
        timeout=120,
    )
    assert done.status == 0, done
    layers = json.loads((tmp_path / "x" / "manifest.json").read_text())["layers"]
    assert [d["digest"] for d in layers] == Layout(tmp_path / "out").config()["rootfs"]["diff_ids"]


@pytest.mark.parametrize(
    "options, why",
    [
        (["--compression", "xz"], "--compression"),
        (["--compression", ""], "--compression"),
        (["--compression-level", "0"], "--compression-level"),
        (["--compression-level", "13"], "--compression-level: '13': gzip has the levels 1 to 12"),
        (["--compression", "gzip", "--compression-level", "19"], "gzip has the levels 1 to 12"),
        (["--compression", "zstd", "--compression-level", "20"], "--compression-level"),
        (["--compression", "none", "--compression-level", "1"], "none has no levels"),
        (["--compression-level", "fast"], "--compression-level"),
        (["--compression-level", "-1"], "--compression-level"),
        (["--threads", "0"], "--threads"),
        (["--threads", "257"], "--threads"),
        (["--threads", "two"], "--threads"),
    ],
)
def test_values_out_of_bounds_are_refused_before_anything_is_made(imagegen, tree, tmp_path, options, why):
    done = imagegen("build", "--dir", f"{tree}:/srv", *options, "-o", f"oci:{tmp_path}/out")
    assert done.status == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and why in done.stderr, done
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_full_disk_ends_all_threads(imagegen, tree, tmp_path, kind):
    """A limit on the size of files stands for the disk, and fails at another write each time."""
    out = tmp_path / "out"
    args = ["build", "-q", "--dir", f"{tree}:/srv", "--compression", kind, "--threads", "4", "-o", f"oci:{out}"]
    for limit in (1, 700, 5000):
        done = proc.run(
            ["sh", "-c", 'ulimit -f "$1"; trap "" XFSZ; shift; exec "$@"', "sh", str(limit), imagegen.path, *args],
            timeout=60,
        )
        assert done.status == 1, done
        assert done.stderr.count("\n") == 1, done
        assert os.listdir(tmp_path) == []


def begin(programs, folder, kind, size):
    """A build of one file of zeros, which is being read when this returns."""
    zeros = folder / "zeros"
    zeros.touch()
    os.truncate(zeros, size)
    args = ["build", "-q", "--file", f"{zeros}:/zeros", "--compression", kind, "--threads", "4"]
    child = subprocess.Popen(
        [programs["imagegen"], *args, "-o", f"oci:{folder}/out"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=proc.environment(None),
    )  # fmt: skip
    assert wait_until_open(child, zeros)
    return child


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_signal_ends_all_threads(programs, tmp_path, kind):
    child = begin(programs, tmp_path, kind, 2_000_000_000)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT
    assert os.listdir(tmp_path) == ["zeros"]


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_a_file_that_changes_ends_all_threads(programs, tmp_path, kind):
    child = begin(programs, tmp_path, kind, 300_000_000)
    os.utime(tmp_path / "zeros", (1, 1))
    _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert b"changed while it was read" in said
    assert os.listdir(tmp_path) == ["zeros"]
