# SPDX-License-Identifier: Apache-2.0
"""imagegen index: one name for images of several platforms."""

import hashlib
import json
import subprocess

import pytest

from support import registry
from support.need import need
from support.oci import Layout, tree_state

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def images(imagegen, tmp_path):
    for arch in ("amd64", "arm64", "arm/v7"):
        (tmp_path / "data").write_text(arch)
        done = imagegen(
            "build", "-q", "--file", f"{tmp_path}/data:/data", "--platform", f"linux/{arch}",
            "-o", f"oci:{tmp_path}/image:{arch.replace('/', '-')}",
        )  # fmt: skip
        assert done.status == 0, done
    return [f"oci:{tmp_path}/image:{tag}" for tag in ("amd64", "arm64", "arm-v7")]


def index_of(imagegen, name):
    return json.loads(imagegen("inspect", "--raw", name).stdout)


def test_the_platforms_are_those_of_the_configs(imagegen, tmp_path, images):
    out = f"oci:{tmp_path}/out:1"
    done = imagegen("index", *images, "--annotation", "a=b", "-o", out)
    assert done.status == 0, done
    index = index_of(imagegen, out)
    assert Layout(tmp_path / "out").descriptor("1")["digest"] == done.stdout.strip()
    assert (index["mediaType"], index["annotations"]) == (INDEX, {"a": "b"})
    assert [entry["platform"] for entry in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux"},
        {"architecture": "arm", "os": "linux", "variant": "v7"},
    ]
    for entry, arch in zip(index["manifests"], ("amd64", "arm64", "arm-v7")):
        assert entry["digest"] == Layout(tmp_path / "image").descriptor(arch)["digest"]
    for platform, arch in (("linux/arm64", "arm64"), ("linux/arm/v7", "arm")):
        shown = json.loads(imagegen("inspect", "--platform", platform, out).stdout)
        assert shown["config"]["architecture"] == arch


def test_the_same_again_is_the_same_digest_and_an_index_gives_its_images(imagegen, tmp_path, images):
    one = imagegen("index", *images, "-o", f"oci:{tmp_path}/one")
    first = imagegen("index", *images[:2], "-o", f"oci:{tmp_path}/first")
    two = imagegen("index", f"oci:{tmp_path}/first", images[2], "-o", f"oci:{tmp_path}/two")
    assert first.status == 0 and one.stdout == two.stdout


def refused(imagegen, tmp_path, words, *args, status=1):
    before = tree_state(tmp_path)
    done = imagegen("index", *args, "-o", f"oci:{tmp_path}/out")
    assert done.status == status and done.stderr.count("\n") == 1 and words in done.stderr, done
    assert tree_state(tmp_path) == before


def test_what_cannot_be_is_refused_and_nothing_is_left(imagegen, tmp_path, images):
    refused(imagegen, tmp_path, "an image for the same platform was named before", images[0], images[1], images[0])
    refused(imagegen, tmp_path, "no image has the tag", images[0], f"oci:{tmp_path}/image:none")
    refused(imagegen, tmp_path, "--annotation", images[0], "--annotation", "x", status=2)
    assert imagegen("index", images[0]).status == 2
    assert imagegen("index", images[0], "-o", f"docker-daemon:{tmp_path.name}").status != 0


def test_an_index_of_nothing_and_configs_of_wrong_types_are_refused(imagegen, tmp_path, images):
    layout = Layout(tmp_path / "image")
    blobs = layout.folder / "blobs" / "sha256"

    def put(value):
        data = json.dumps(value).encode()
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def tag(name, kind, value):
        index = layout.index()
        entry = put(value) | {"mediaType": kind, "annotations": {"org.opencontainers.image.ref.name": name}}
        index["manifests"].append(entry)
        (layout.folder / "index.json").write_text(json.dumps(index))

    tag("empty", INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    for name, value in (("variant", 5), ("os.features", "zz"), ("os.version", [])):
        manifest = layout.manifest("amd64")
        manifest["config"] |= put(layout.config("amd64") | {name: value})
        tag(name, manifest["mediaType"], manifest)
        refused(imagegen, tmp_path, f"/{name}: want", f"oci:{tmp_path}/image:{name}")
    refused(imagegen, tmp_path, "names no image", f"oci:{tmp_path}/image:empty")


def test_skopeo_finds_each_platform_in_a_registry(imagegen, tmp_path, images):
    need("docker-registry", "skopeo")
    server = registry.Registry(tmp_path)
    try:
        name = f"{server.name}/app:1"
        done = imagegen("index", *images, "-o", name)
        assert done.status == 0, done
        for arch in ("amd64", "arm64"):
            out = subprocess.run(
                ["skopeo", "--override-arch", arch, "inspect", "--tls-verify=false", f"docker://{name}"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert json.loads(out.stdout)["Architecture"] == arch
    finally:
        server.stop()
