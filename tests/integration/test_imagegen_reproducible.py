# SPDX-License-Identifier: Apache-2.0
"""The same content gives the same digest, whoever builds it, where, when and how."""

import gzip
import json
import os
import platform
import random
import shutil
import subprocess

import pytest

from support.oci import Layout

FILES = {
    "run": (b"#!/bin/sh\necho hi\n", True),
    "data/a": (b"a" * 100_000, False),
    "data/b b": (b"", False),
    "data/z/\u00fcn\u00efcode": ("ü".encode() * 50, False),
    "data/" + "long" * 40: (b"long", False),
    "etc/x.conf": (b"x=1\n", False),
}

GOLDEN = "sha256:a64e4cd0aeaa9ac299a0034d953dd9672131f18ccc635e1c63f30c8af6d09f8c"


def make_source(folder, order, umask, mtime):
    """The same tree, made in another order, under another umask, at another time."""
    before = os.umask(umask)
    try:
        for name in order:
            content, program = FILES[name]
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod((0o777 if program else 0o666) & ~umask)
        (folder / "data" / "link").symlink_to("../run")
        os.link(folder / "data" / "a", folder / "data" / "y")
    finally:
        os.umask(before)
    for path in sorted(folder.rglob("*")):
        os.utime(path, (mtime, mtime), follow_symlinks=False)
    return folder


def digest(imagegen, folder, options, env=None, umask=0o022):
    out = folder.parent / "out"
    before = os.umask(umask)
    try:
        done = imagegen("build", "-q", *options, "-o", f"oci:{out}", env=env)
    finally:
        os.umask(before)
    assert done.status == 0, done
    return done.stdout.strip()


def options_for(folder):
    return [
        ["--file", f"{folder}/run:/run"],
        ["--dir", f"{folder}/data:/srv/data"],
        ["--file", f"{folder}/etc/x.conf:/etc/x.conf:0640"],
        ["--env", "B=1"],
        ["--env", "A=2"],
        ["--label", "z=1"],
        ["--label", "y=2"],
        ["--port", "80"],
        ["--port", "443"],
        ["--entrypoint", "/run"],
        ["--platform", "linux/amd64"],
    ]


def flat(groups):
    return [word for group in groups for word in group]


def test_neither_place_nor_order_nor_umask_nor_time_nor_locale_shows(imagegen, tmp_path):
    chosen = random.Random(7)
    digests = set()
    settings = [
        (0o022, 0o022, 1_000_000_000, {"TZ": "UTC", "LC_ALL": "C"}),
        (0o077, 0o077, 1, {"TZ": "America/New_York", "LC_ALL": "C.UTF-8"}),
        (0o002, 0o000, 2_000_000_000.5, {"TZ": "Asia/Kathmandu", "LC_ALL": "de_DE.UTF-8", "HOME": "/"}),
        (0o027, 0o027, 1_700_000_000, {"TZ": ":nonsense", "LC_ALL": "POSIX", "SOURCE_DATE_EPOCH": "0"}),
    ]
    for i, (source_umask, run_umask, mtime, env) in enumerate(settings):
        order = list(FILES)
        chosen.shuffle(order)
        folder = make_source(tmp_path / ("x" * (i + 1)) / "src", order, source_umask, mtime)
        options = options_for(folder)
        chosen.shuffle(options)
        digests.add(digest(imagegen, folder, flat(options), env, run_umask))
    assert len(digests) == 1


def test_the_digest_is_the_one_it_has_always_been(imagegen, tmp_path):
    """A change here changes the digest of every user's image: it wants a line in the change log."""
    folder = make_source(tmp_path / "src", list(FILES), 0o022, 1)
    assert digest(imagegen, folder, flat(options_for(folder))) == GOLDEN


def test_all_targets_give_the_same_image(imagegen, tmp_path):
    folder = make_source(tmp_path / "src", list(FILES), 0o022, 1)
    options = flat(options_for(folder))
    first = digest(imagegen, folder, options)
    done = imagegen("build", "-q", *options, "-o", f"docker-archive:{tmp_path}/a.tar:x")
    again = imagegen("build", "-q", *options, "-o", f"docker-archive:{tmp_path}/b.tar:x", env={"TZ": "Asia/Tokyo"})
    assert first == done.stdout.strip() == again.stdout.strip()
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_every_variant_gives_the_same_image(root, imagegen, tmp_path):
    """glibc and musl, gcc and the sanitizers, with and without optimisation, both processors."""
    folder = make_source(tmp_path / "src", list(FILES), 0o022, 1)
    big = random.Random(3)
    # More than one chunk of the compressor, of all kinds of data.
    with open(folder / "data" / "big", "wb") as f:
        for i in range(60):
            f.write(big.randbytes(50_000) if i % 3 == 0 else bytes(50_000) if i % 3 == 1 else b"some text. " * 4_545)
    options = flat(options_for(folder))
    found = {imagegen.path: digest(imagegen, folder, options)}
    emulator = shutil.which("qemu-aarch64-static")
    for variant in ("static", "debug", "asan", "static-arm64"):
        program = root / "build" / variant / "imagegen"
        foreign = variant.endswith("arm64") and platform.machine() != "aarch64"
        if not program.exists() or program == imagegen.path or (foreign and emulator is None):
            continue
        out = subprocess.run(
            [*([emulator] if foreign else []), program, "build", "-q", *options, "-o", f"oci:{tmp_path}/{variant}"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        found[program] = out.stdout.strip()
    assert len(set(found.values())) == 1, found


def test_source_date_epoch_is_every_time_in_the_image(imagegen, tmp_path):
    folder = make_source(tmp_path / "src", list(FILES), 0o022, 1)
    options = flat(options_for(folder))
    zero = digest(imagegen, folder, options)
    later = digest(imagegen, folder, options, env={"SOURCE_DATE_EPOCH": "1700000000"})
    image = Layout(tmp_path / "out")
    assert later != zero
    assert {m.mtime for m in image.members().values()} == {1_700_000_000}
    assert image.config()["created"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "1.5", "0x10", "99999999999999999999", " 1"])
def test_a_source_date_epoch_that_is_no_time_is_refused(imagegen, tmp_path, epoch):
    (tmp_path / "f").write_text("")
    done = imagegen(
        "build", "--file", f"{tmp_path}/f:/f", "-o", f"oci:{tmp_path}/out", env={"SOURCE_DATE_EPOCH": epoch}
    )
    assert done.status == 2
    assert "SOURCE_DATE_EPOCH" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_layer_is_one_gzip_member_without_time_or_name(imagegen, tmp_path):
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(5_000_000))
    done = imagegen("build", "-q", "--file", f"{tmp_path}/noise:/noise", "-o", f"oci:{tmp_path}/out")
    assert done.status == 0, done
    image = Layout(tmp_path / "out")
    blob = image.blob(image.manifest()["layers"][0])
    assert blob[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
    import zlib

    one = zlib.decompressobj(31)
    assert len(one.decompress(blob)) == len(image.layer())
    assert one.eof and one.unused_data == b""
    if shutil.which("gzip"):
        assert subprocess.run(["gzip", "-t"], input=blob, timeout=60, check=False).returncode == 0
    assert gzip.decompress(blob) == image.layer()


def test_created_by_tells_nothing_of_the_machine(imagegen, tmp_path):
    folder = make_source(tmp_path / "src", list(FILES), 0o022, 1)
    digest(imagegen, folder, flat(options_for(folder)))
    image = Layout(tmp_path / "out")
    text = json.dumps([image.config(), image.manifest(), image.index()])
    assert str(tmp_path) not in text and os.uname().nodename not in text
