# SPDX-License-Identifier: Apache-2.0
"""imagegen build --from: an image that begins with another one."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

import pytest

from support.need import need
from support.oci import Layout, compile_hello, tree_state


@pytest.fixture
def base(imagegen, tmp_path):
    """An image with a program, a user, a variable and a history."""
    (tmp_path / "app").write_text("#!/bin/sh\n")
    done = imagegen(
        "build", "-q", "--file", f"{tmp_path}/app:/usr/bin/app:0755", "--entrypoint", "/usr/bin/app", "--cmd", "serve",
        "--env", "PATH=/usr/bin", "--user", "root", "--label", "a=1", "--port", "80", "--platform", "linux/amd64",
        "-o", f"oci:{tmp_path}/base:1",
    )  # fmt: skip
    assert done.status == 0, done
    return Layout(tmp_path / "base")


def build(imagegen, tmp_path, *args, ref="base:1", **kwargs):
    return imagegen("build", "-q", "--from", f"oci:{tmp_path}/{ref}", *args, "-o", f"oci:{tmp_path}/out", **kwargs)


def names(layout, which):
    descriptor = layout.manifest()["layers"][which]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layout.blob(descriptor)))) as tar:
        return tar.getnames()


def test_layers_stay_and_ours_holds_what_was_given_alone(imagegen, tmp_path, base):
    (tmp_path / "conf").write_text("x")
    done = build(imagegen, tmp_path, "--file", f"{tmp_path}/conf:/etc/app/conf")
    assert done.status == 0, done
    out = Layout(tmp_path / "out")
    old, new = base.manifest("1"), out.manifest()
    assert new["layers"][0] == old["layers"][0] and len(new["layers"]) == 2
    # No folder on the way, no /tmp, no accounts: the base says what those are.
    assert names(out, 1) == ["etc/app/conf"]
    config = out.config()
    assert config["rootfs"]["diff_ids"][:1] == base.config("1")["rootfs"]["diff_ids"]
    assert len(config["rootfs"]["diff_ids"]) == len(config["history"]) == 2
    assert config["config"] == base.config("1")["config"]
    assert new["annotations"] == {"org.opencontainers.image.base.digest": base.descriptor("1")["digest"]}
    assert out.leftovers() == []


def test_the_config_alone_changes_without_files(imagegen, tmp_path, base):
    done = build(
        imagegen, tmp_path, "--env", "A=1", "--label", "a=2", "--label", "b=3", "--cmd", "other", "--port", "81",
        "--user", "7:8", "--annotation", "org.opencontainers.image.base.digest=mine",
    )  # fmt: skip
    assert done.status == 0, done
    out = Layout(tmp_path / "out")
    assert out.manifest()["layers"] == base.manifest("1")["layers"]
    assert out.manifest()["annotations"] == {"org.opencontainers.image.base.digest": "mine"}
    assert out.config()["config"] == {
        "Entrypoint": ["/usr/bin/app"],
        "Cmd": ["other"],
        "Env": ["PATH=/usr/bin", "A=1"],
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}},
        "Labels": {"a": "2", "b": "3"},
        "User": "7:8",
    }


def test_an_entry_point_takes_the_command_of_the_base_away(imagegen, tmp_path, base):
    assert build(imagegen, tmp_path, "--entrypoint", "app").status == 0
    config = Layout(tmp_path / "out").config()["config"]
    assert config["Entrypoint"] == ["app"] and "Cmd" not in config


def test_the_same_again_is_the_same_digest_in_the_same_layout_too(imagegen, tmp_path, base):
    args = ["build", "-q", "--from", f"oci:{tmp_path}/base:1", "--env", "A=1"]
    first = imagegen(*args, "-o", f"oci:{tmp_path}/base:2")
    second = imagegen(*args, "-o", f"oci:{tmp_path}/out")
    assert first.status == 0 and first.stdout == second.stdout
    assert sorted(base.tags()) == ["1", "2"]
    assert base.leftovers() == []
    assert base.layer("1") and base.layer("2")


def rewrite(layout, tag, change):
    """Replaces the manifest of a tag by a changed one, as another tool would have made it."""
    index = layout.index()
    entry = next(e for e in index["manifests"] if e["annotations"]["org.opencontainers.image.ref.name"] == tag)
    manifest = json.loads(layout.blob(entry))
    change(manifest, entry)
    text = json.dumps(manifest).encode()
    entry.update(digest="sha256:" + hashlib.sha256(text).hexdigest(), size=len(text))
    (layout.folder / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")).write_bytes(text)
    (layout.folder / "index.json").write_text(json.dumps(index))


DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def test_the_types_of_docker_become_those_of_oci(imagegen, tmp_path, base):
    def change(manifest, entry):
        manifest["mediaType"] = entry["mediaType"] = DOCKER
        manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
        manifest["layers"][0]["mediaType"] = DOCKER_LAYER

    rewrite(base, "1", change)
    assert build(imagegen, tmp_path, "--env", "A=1").status == 0
    manifest = Layout(tmp_path / "out").manifest()
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def refused(imagegen, tmp_path, words, *args, status=1, **kwargs):
    before = tree_state(tmp_path)
    done = build(imagegen, tmp_path, *args, **kwargs)
    assert done.status == status and done.stderr.count("\n") == 1 and words in done.stderr, done
    assert tree_state(tmp_path) == before


def test_layers_that_lie_elsewhere_are_refused(imagegen, tmp_path, base):
    def change(manifest, entry):
        manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

    rewrite(base, "1", change)
    refused(imagegen, tmp_path, "cannot be built upon")


def test_a_config_for_other_layers_is_refused(imagegen, tmp_path, base):
    rewrite(base, "1", lambda manifest, entry: manifest["layers"].append(manifest["layers"][0]))
    refused(imagegen, tmp_path, "the manifest has 2 layers, the config names 1")


def test_a_damaged_layer_is_refused(imagegen, tmp_path, base):
    path = base.folder / "blobs" / "sha256" / base.manifest("1")["layers"][0]["digest"].removeprefix("sha256:")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    refused(imagegen, tmp_path, "does not match its content")
    path.write_bytes(data[:-1])
    refused(imagegen, tmp_path, "its descriptor says")


def test_what_does_not_fit_together_is_refused(imagegen, tmp_path, base):
    refused(imagegen, tmp_path, "it is an image for linux/amd64", "--platform", "linux/arm64")
    refused(imagegen, tmp_path, "no image has the tag '2'", ref="base:2")
    refused(imagegen, tmp_path, "none", ref="none")
    program = compile_hello(tmp_path)
    data = bytearray(program.read_bytes())
    data[18] = 183  # EM_AARCH64
    program.write_bytes(data)
    refused(imagegen, tmp_path, "is a program for arm64, the base one for amd64",
            "--file", f"{program}:/hello:0755", "--entrypoint", "/hello")  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="umoci unpack without root maps users")
def test_umoci_unpacks_both(imagegen, tmp_path, base):
    need("umoci")
    (tmp_path / "new").write_text("new")
    args = ["--file", f"{tmp_path}/new:/usr/bin/new", "--file", f"{tmp_path}/new:/usr/bin/app"]
    assert build(imagegen, tmp_path, *args).status == 0
    subprocess.run(
        ["umoci", "unpack", "--image", f"{tmp_path}/out:latest", tmp_path / "bundle"], check=True, capture_output=True
    )
    root = tmp_path / "bundle" / "rootfs"
    assert (root / "usr/bin/new").read_text() == (root / "usr/bin/app").read_text() == "new"
    assert (root / "etc/passwd").exists() and (root / "tmp").stat().st_mode & 0o7777 == 0o1777
