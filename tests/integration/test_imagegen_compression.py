# SPDX-License-Identifier: Apache-2.0
"""gzip, zstd or none: what is in a layer is the same, and its bytes never depend on the number of threads."""

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import tarfile

import pytest

from support import proc
from support.need import need
from support.oci import Layout, compile_hello
from support.proc import wait_until_open

MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar"
SUFFIX = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}
KINDS = sorted(SUFFIX)

# What imagegen gave before it had threads.
GOLDEN = "sha256:c26037a8b094e002a1f373ba96d8e3162d68a867f70b2ec35b997ce025dffdfc"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Some chunks of every compressor, of all kinds of data."""
    folder = tmp_path_factory.mktemp("source")
    chosen = random.Random(11)
    for i in range(40):
        words = b"".join(b"%d words, " % (chosen.random() * 1e6) for _ in range(22_000))
        (folder / f"f{i:02}").write_bytes(chosen.randbytes(150_000) if i % 5 == 0 else words)
    return folder


def content(source):
    return ["--dir", f"{source}:/srv", "--platform", "linux/amd64"]


def build(imagegen, source, out, *options, **kwargs):
    done = imagegen("build", "-q", *content(source), *options, "-o", f"oci:{out}", **kwargs)
    assert done.status == 0, done
    return done.stdout.strip()


def blob_path(out):
    layer = Layout(out).manifest()["layers"][0]
    return out / "blobs" / "sha256" / layer["digest"].removeprefix("sha256:")


def decompressed(kind, path):
    if kind == "zstd":
        need("zstd")
        return subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE, timeout=60, check=True).stdout
    data = path.read_bytes()
    return gzip.decompress(data) if kind == "gzip" else data


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_does_not_show(imagegen, source, tmp_path, kind):
    first = build(imagegen, source, tmp_path / "1", "--compression", kind, "--threads", "1")
    for threads in ("2", "7"):
        assert build(imagegen, source, tmp_path / threads, "--compression", kind, "--threads", threads) == first
    assert build(imagegen, source, tmp_path / "default", "--compression", kind) == first
    need("taskset")
    pinned = proc.run(
        ["taskset", "-c", str(min(os.sched_getaffinity(0))), imagegen.path, "build", "-q", *content(source),
         "--compression", kind, "-o", f"oci:{tmp_path}/pinned"]
    )  # fmt: skip
    assert pinned.status == 0, pinned
    assert pinned.stdout.strip() == first


@pytest.mark.parametrize("kind", KINDS)
def test_the_layer_is_what_its_media_type_says(imagegen, source, tmp_path, kind):
    build(imagegen, source, tmp_path / "out", "--compression", kind)
    image = Layout(tmp_path / "out")
    layer = image.manifest()["layers"][0]
    assert layer["mediaType"] == MEDIA_TYPE + SUFFIX[kind]
    tar = decompressed(kind, blob_path(tmp_path / "out"))
    assert "sha256:" + hashlib.sha256(tar).hexdigest() == image.config()["rootfs"]["diff_ids"][0]
    assert image.blob(layer)
    if kind == "none":
        assert layer["digest"] == image.config()["rootfs"]["diff_ids"][0]
    assert image.leftovers() == []


def test_gzip_of_many_chunks_is_what_it_has_always_been(imagegen, source, tmp_path):
    assert build(imagegen, source, tmp_path / "out") == GOLDEN


@pytest.mark.parametrize(("kind", "level"), [("gzip", 1), ("gzip", 10), ("gzip", 12), ("zstd", 1), ("zstd", 12)])
def test_other_levels_hold_the_same_tar(imagegen, source, tmp_path, kind, level):
    build(imagegen, source, tmp_path / "out", "--compression", kind, "--compression-level", str(level))
    tar = decompressed(kind, blob_path(tmp_path / "out"))
    assert "sha256:" + hashlib.sha256(tar).hexdigest() == Layout(tmp_path / "out").config()["rootfs"]["diff_ids"][0]


def test_all_kinds_hold_the_same_tar(imagegen, source, tmp_path):
    diff_ids = set()
    for kind in KINDS:
        build(imagegen, source, tmp_path / kind, "--compression", kind)
        diff_ids.add(Layout(tmp_path / kind).config()["rootfs"]["diff_ids"][0])
    assert len(diff_ids) == 1


def test_the_default_is_gzip_at_level_4(imagegen, source, tmp_path):
    plain = build(imagegen, source, tmp_path / "a")
    assert build(imagegen, source, tmp_path / "b", "--compression", "gzip", "--compression-level", "4") == plain
    assert build(imagegen, source, tmp_path / "c", "--compression-level", "1") != plain


def test_the_default_of_zstd_is_level_3(imagegen, source, tmp_path):
    zstd = ["--compression", "zstd", "--compression-level"]
    plain = build(imagegen, source, tmp_path / "a", "--compression", "zstd")
    assert build(imagegen, source, tmp_path / "b", *zstd, "3") == plain
    build(imagegen, source, tmp_path / "c", *zstd, "9")
    assert blob_path(tmp_path / "c").stat().st_size < blob_path(tmp_path / "a").stat().st_size


def test_a_higher_level_is_smaller(imagegen, source, tmp_path):
    sizes = []
    for level in ("1", "4", "9"):
        build(imagegen, source, tmp_path / level, "--compression-level", level)
        sizes.append(blob_path(tmp_path / level).stat().st_size)
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--compression", "xz"], "--compression: 'xz' is none of gzip|zstd|none"),
        (["--compression", ""], "--compression"),
        (["--compression-level", "0"], "--compression-level: '0' is not a whole number from 1 to 19"),
        (["--compression-level", "20"], "--compression-level: '20' is not a whole number from 1 to 19"),
        (["--compression-level", "fast"], "--compression-level: 'fast' is not a whole number from 1 to 19"),
        (["--compression-level", "13"], "--compression-level: '13': gzip has the levels 1 to 12"),
        (["--compression", "none", "--compression-level", "1"], "--compression-level: '1': none has no levels"),
        (["--threads", "0"], "--threads: '0' is not a whole number from 1 to 256"),
        (["--threads", "257"], "--threads: '257' is not a whole number from 1 to 256"),
        (["--threads", "-1"], "--threads: '-1' is not a whole number from 1 to 256"),
    ],
)
def test_values_that_cannot_be_are_refused(imagegen, tmp_path, options, text):
    (tmp_path / "f").write_text("")
    done = imagegen("build", "--file", f"{tmp_path}/f:/f", *options, "-o", f"oci:{tmp_path}/out")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("imagegen: ") and done.stderr.count("\n") == 1
    assert text in done.stderr
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_the_tool_s_own_check_passes(imagegen, source, tmp_path, kind):
    need(kind)
    build(imagegen, source, tmp_path / "out", "--compression", kind)
    with open(blob_path(tmp_path / "out"), "rb") as blob:
        done = subprocess.run([kind, "-t"], stdin=blob, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    if kind == "zstd":
        listed = proc.run(["zstd", "-lv", blob_path(tmp_path / "out").rename(tmp_path / "x.zst")])
        assert "Check: XXH64" in listed.stdout


# ---- peers ----


@pytest.mark.parametrize("kind", KINDS)
def test_skopeo_copies_it_without_changing_its_digest(imagegen, source, tmp_path, kind):
    need("skopeo")
    build(imagegen, source, tmp_path / "out", "--compression", kind)
    # skopeo would compress what is not.
    keep = ["--preserve-digests"] if kind == "none" else []
    copy = [f"oci:{tmp_path}/out:latest", f"oci:{tmp_path}/copy:latest"]
    done = proc.run(["skopeo", "copy", "--insecure-policy", *keep, *copy], timeout=120)
    assert done.status == 0, done
    assert Layout(tmp_path / "copy").descriptor()["digest"] == Layout(tmp_path / "out").descriptor()["digest"]


@pytest.mark.parametrize("kind", KINDS)
def test_umoci_unpacks_it(imagegen, source, tmp_path, kind):
    need("umoci")
    build(imagegen, source, tmp_path / "out", "--compression", kind)
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    done = proc.run(
        ["umoci", "unpack", *rootless, "--image", f"{tmp_path}/out:latest", tmp_path / "bundle"], timeout=120
    )
    if kind == "zstd" and "blob is not correct mediatype" in done.stderr:
        pytest.skip("this umoci does not know zstd")
    assert done.status == 0, done
    for path in source.iterdir():
        assert (tmp_path / "bundle/rootfs/srv" / path.name).read_bytes() == path.read_bytes()


def test_tar_unpacks_zstd(imagegen, source, tmp_path):
    need("tar", "zstd")
    build(imagegen, source, tmp_path / "out", "--compression", "zstd")
    done = proc.run(["tar", "-tf", blob_path(tmp_path / "out"), "--zstd"])
    assert (done.status, done.stderr) == (0, "")
    assert "srv/f00" in done.stdout.splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_docker_loads_and_runs_it(docker, imagegen, source, tmp_path, kind):
    hello = compile_hello(tmp_path)
    options = [
        "build", "-q", "--file", f"{hello}:/hello", "--dir", f"{source}:/srv", "--entrypoint", "/hello",
        "--compression", kind,
    ]  # fmt: skip
    done = imagegen(*options, "-o", f"docker-archive:{tmp_path}/x.tar:{kind}-layer:v1")
    assert done.status == 0, done
    assert f"{kind}-layer:v1" in docker.load(tmp_path / "x.tar").stdout
    ran = docker.cli("run", "--rm", "--network=none", f"{kind}-layer:v1")
    assert ran.status == 0, ran
    env = {"DOCKER_HOST": f"unix://{docker.socket}"}
    done = imagegen(*options, "--json", "-o", f"docker-daemon:{kind}-sent:v1", env=env)
    assert done.status == 0, done
    inspected = json.loads(docker.cli("image", "inspect", f"{kind}-sent:v1").stdout)[0]
    assert inspected["Id"] == json.loads(done.stdout)["config_digest"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_archive_names_the_same_layer(imagegen, source, tmp_path, kind):
    digest = build(imagegen, source, tmp_path / "out", "--compression", kind)
    target = f"docker-archive:{tmp_path}/x.tar:a"
    done = imagegen("build", "-q", *content(source), "--compression", kind, "-o", target)
    assert done.stdout.strip() == digest
    with tarfile.open(tmp_path / "x.tar") as tar:
        layer = json.load(tar.extractfile("manifest.json"))[0]["Layers"][0]
        assert tar.extractfile(layer).read() == blob_path(tmp_path / "out").read_bytes()


# ---- ends ----


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", ["1", "5"])
def test_a_full_disk_ends_all_threads_and_leaves_nothing(programs, tmp_path, kind, threads):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    need("unshare")
    (tmp_path / "noise").write_bytes(os.urandom(30_000_000))
    room = tmp_path / "room"
    room.mkdir()
    script = f'mount -t tmpfs -o size=6m tmpfs "$1" && shift && "$@"; status=$?; ls -A {room}; exit $status'
    done = proc.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", room, programs["imagegen"], "build", "-q",
         "--file", f"{tmp_path}/noise:/noise", "--compression", kind, "--threads", threads, "-o", f"oci:{room}/out"]
    )  # fmt: skip
    assert done.status == 1, done
    assert "No space left on device" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_ends_all_threads_and_leaves_nothing(programs, tmp_path, kind):
    """The file is a sparse one that would take minutes, so the signal comes in the middle."""
    sparse = tmp_path / "sparse"
    with open(sparse, "wb") as f:
        f.truncate(500 * 10**9)
    args = [programs["imagegen"], "build", "-q", "--file", f"{sparse}:/sparse", "--compression", kind, "--threads", "4"]
    child = subprocess.Popen([*args, "-o", f"oci:{tmp_path}/out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not list(tmp_path.glob("out/.imagegen-*")):
        assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGTERM
    assert os.listdir(tmp_path) == ["sparse"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_ends_all_threads_and_leaves_nothing(programs, tmp_path, kind):
    zeros = tmp_path / "zeros"
    zeros.touch()
    os.truncate(zeros, 300_000_000)
    args = [programs["imagegen"], "build", "-q", "--file", f"{zeros}:/zeros", "--compression", kind, "--threads", "4"]
    child = subprocess.Popen([*args, "-o", f"oci:{tmp_path}/out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert wait_until_open(child, zeros)
    os.utime(zeros, (1, 1))
    _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert b"changed while it was read" in said
    assert os.listdir(tmp_path) == ["zeros"]
