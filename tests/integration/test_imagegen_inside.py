# SPDX-License-Identifier: Apache-2.0
"""Looking into images: archives as sources, ls, cat, unpack, export, validate, against the tools that make them."""

import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time

import pytest

from support import hostile, proc
from support.need import need
from support.oci import tree_state


def run(*args, **kwargs):
    done = proc.run(args, timeout=120, **kwargs)
    assert done.status == 0, done
    return done.stdout


@pytest.fixture(scope="module")
def layers():
    """Two layers that show every rule."""
    lower = (
        hostile.folder("etc") + hostile.file("etc/keep", b"keep") + hostile.file("etc/gone", b"gone")
        + hostile.folder("opaque") + hostile.file("opaque/old", b"old") + hostile.symlink("link", "etc")
        + hostile.symlink("replaced", "/etc") + hostile.file("a", b"content") + hostile.hardlink("b", "a")
        + hostile.folder("shut", mode=0o500)
    )  # fmt: skip
    upper = (
        hostile.file("etc/.wh.gone") + hostile.file("opaque/.wh..wh..opq") + hostile.file("opaque/new", b"new")
        + hostile.folder("replaced") + hostile.file("replaced/x", b"x") + hostile.file(".wh.a")
        + hostile.file("implied/y", b"y", mode=0o600)
    )  # fmt: skip
    return lower + hostile.END, upper + hostile.END


@pytest.fixture
def image(tmp_path, layers):
    hostile.Maker(tmp_path / "image").image(*layers)
    return tmp_path / "image"


WANT = {
    "b": b"content", "etc/keep": b"keep", "implied/y": b"y", "opaque/new": b"new", "replaced/x": b"x",
}  # fmt: skip
FOLDERS = {"etc", "implied", "opaque", "replaced", "shut"}


def test_ls_shows_what_remains_of_all_layers(imagegen, image):
    done = imagegen("ls", "--json", "-R", f"oci:{image}:v1")
    assert done.status == 0, done
    entries = {e["path"][1:]: e for e in json.loads(done.stdout)}
    assert set(entries) == set(WANT) | FOLDERS | {"link"}
    assert entries["link"]["target"] == "etc" and entries["implied/y"]["mode"] == "0600"
    assert entries["b"]["layer"] == 1 and entries["replaced/x"]["layer"] == 2
    text = imagegen("ls", f"oci:{image}:v1", "/link/").stdout
    assert text.startswith("-rw-r--r--") and text.endswith("/etc/keep\n") and len(text.splitlines()) == 1
    assert " /link -> etc\n" in imagegen("ls", f"oci:{image}:v1", "/link").stdout
    assert imagegen("ls", f"oci:{image}:v1", "/etc/gone").status == 1


def test_cat_follows_links_inside_the_image(imagegen, image):
    for path, want in {**WANT, "/link/keep": b"keep", "link/../b": b"content"}.items():
        assert imagegen("cat", f"oci:{image}:v1", path).stdout == want.decode()
    done = imagegen("cat", f"oci:{image}:v1", "/etc")
    assert done.status == 1 and "is a folder" in done.stderr


def test_unpack_writes_the_same_with_modes_and_links(imagegen, image, tmp_path):
    done = imagegen("unpack", "-q", f"oci:{image}:v1", tmp_path / "root")
    assert done.status == 0 and done.stdout == done.stderr == "", done
    state = tree_state(tmp_path / "root")
    assert state == {
        **{k: hashlib.sha256(v).hexdigest() for k, v in WANT.items()},
        **{k: "folder" for k in FOLDERS},
        "link": "link etc",
    }
    assert (tmp_path / "root/shut").stat().st_mode & 0o7777 == 0o500
    assert (tmp_path / "root/etc").stat().st_mtime == 0
    assert sorted(os.listdir(tmp_path)) == ["image", "root"]


def test_unpack_takes_an_empty_folder_and_no_other(imagegen, image, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    (tmp_path / "to-empty").symlink_to("empty")
    assert imagegen("unpack", "-q", f"oci:{image}:v1", tmp_path / "full").status == 1
    assert imagegen("unpack", "-q", f"oci:{image}:v1", tmp_path / "to-empty").status == 1
    assert imagegen("unpack", "-q", f"oci:{image}:v1", f"{tmp_path}/full/..").status == 2
    assert os.listdir(tmp_path / "empty") == [] and os.listdir(tmp_path / "full") == ["x"]
    assert imagegen("unpack", "-q", f"oci:{image}:v1", f"{tmp_path}/empty/").status == 0
    assert (tmp_path / "empty/b").read_bytes() == b"content"


def test_export_is_sorted_and_depends_on_the_tree_alone(imagegen, image, tmp_path, layers):
    done = imagegen("export", f"oci:{image}:v1", "-o", tmp_path / "out.tar")
    assert done.status == 0, done
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert [m.name for m in tar] == sorted(set(WANT) | FOLDERS | {"link"}, key=lambda n: n.split("/"))
        assert {m.name: tar.extractfile(m).read() for m in tar if m.isfile()} == WANT
    # The export as an image of one layer exports to the same bytes.
    hostile.Maker(tmp_path / "again").image((tmp_path / "out.tar").read_bytes())
    assert imagegen("export", f"oci:{tmp_path}/again:v1", "-o", tmp_path / "again.tar").status == 0
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "out.tar").read_bytes()


def test_validate_names_every_finding_in_one_run(imagegen, tmp_path):
    m = hostile.Maker(tmp_path / "image")
    good, diff = m.layer(hostile.file("a", b"x") + hostile.END)
    twice = m.layer(hostile.file("b") + hostile.file("b") + hostile.END)
    manifest = m.manifest([({**good, "size": 1}, diff), twice], annotations={"n": 1})
    m.index(manifest)
    m.blob(b"nobody's")
    done = imagegen("validate", f"oci:{tmp_path}/image")
    assert done.status == 3, done
    lines = done.stdout.splitlines()
    assert len(lines) == 4 and lines[3].startswith("note: ") and "nobody refers" in lines[3]
    assert any("/annotations/n" in line for line in lines)
    assert any("more bytes than" in line for line in lines) and any("twice in one layer" in line for line in lines)


def test_ctrl_c_leaves_nothing(imagegen, tmp_path):
    tar = b"".join(hostile.file(f"f{i}", os.urandom(64) * 16000) for i in range(200)) + hostile.END
    hostile.Maker(tmp_path / "image").image(tar)
    program = subprocess.Popen([imagegen.path, "unpack", "-q", f"oci:{tmp_path}/image:v1", tmp_path / "root"])
    while program.poll() is None and not any(n.startswith(".imagegen") for n in os.listdir(tmp_path)):
        time.sleep(0.001)
    program.send_signal(signal.SIGINT)
    assert program.wait(60) in (-signal.SIGINT, 0)
    assert set(os.listdir(tmp_path)) <= {"image", "root"}
    assert program.returncode == 0 or os.listdir(tmp_path) == ["image"]


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_archives_of_skopeo_read_like_their_layout(imagegen, image, tmp_path, kind):
    need("skopeo")
    run("skopeo", "copy", "--quiet", f"oci:{image}:v1", f"{kind}:{tmp_path}/a.tar:name:v1" if kind[0] == "d" else
        f"{kind}:{tmp_path}/a.tar:v1")  # fmt: skip
    want = imagegen("ls", "-R", f"oci:{image}:v1").stdout
    for suffix in ("", ":name:v1" if kind[0] == "d" else ":v1"):
        done = imagegen("ls", "-R", f"{kind}:{tmp_path}/a.tar{suffix}")
        assert done.status == 0 and done.stdout == want, done
        assert imagegen("validate", f"{kind}:{tmp_path}/a.tar{suffix}").status == 0
    assert imagegen("ls", f"{kind}:{tmp_path}/a.tar:other:v2").status == 1


def test_our_own_archive_is_both_kinds(imagegen, tmp_path):
    (tmp_path / "f").write_text("f")
    done = imagegen("build", "-q", "--file", f"{tmp_path}/f:/f:0755", "--entrypoint", "/f", "--platform", "linux/amd64",
                    "-o", f"docker-archive:{tmp_path}/a.tar:name:v1")  # fmt: skip
    assert done.status == 0, done
    digest = done.stdout.strip()
    for source in ("docker-archive:{}:name:v1", "docker-archive:{}", "oci-archive:{}:v1", "oci-archive:{}"):
        name = source.format(tmp_path / "a.tar")
        assert imagegen("cat", name, "/f").stdout == "f"
        assert json.loads(imagegen("inspect", name).stdout)["digest"] == digest
        assert imagegen("validate", name).status == 0


def docker_archive(layers, links=()):
    """What docker save wrote before version 25: ID/layer.tar, and links between equal layers."""
    diffs = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diffs}})
    listed = [{"Config": "c.json", "RepoTags": ["old:v1"], "Layers": [f"{i}/layer.tar" for i in range(len(layers))]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (
            ("c.json", config.encode()), ("manifest.json", json.dumps(listed).encode()),
            *((f"{i}/layer.tar", layer) for i, layer in enumerate(layers)),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name in dict(links):
                info.type, info.size, info.linkname = tarfile.SYMTYPE, 0, dict(links)[name]
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_the_old_format_of_docker_save_with_links_between_layers(imagegen, tmp_path):
    layer = hostile.file("a", b"x") + hostile.END
    (tmp_path / "a.tar").write_bytes(docker_archive([layer, layer], [("1/layer.tar", "../0/layer.tar")]))
    for name in (f"docker-archive:{tmp_path}/a.tar", f"docker-archive:{tmp_path}/a.tar:old:v1"):
        assert imagegen("cat", name, "a").stdout == "x"
    first = imagegen("inspect", "--raw", f"docker-archive:{tmp_path}/a.tar").stdout
    assert json.loads(first)["layers"][0]["mediaType"].endswith(".tar")
    assert imagegen("inspect", "--raw", f"docker-archive:{tmp_path}/a.tar").stdout == first


@pytest.mark.parametrize(
    "make, why",
    [
        (lambda layer: docker_archive([layer], [("0/layer.tar", "../../../etc/passwd")]), "has no '0/layer.tar'"),
        (lambda layer: docker_archive([layer]).replace(b"0/layer.tar\0", b"../ayer.tar\0", 1), "checksum"),
        (lambda layer: b"\x1f\x8b" + bytes(600), "gzip -d"),
        (lambda layer: docker_archive([layer])[:3000], "cut short"),
    ],
)
def test_archives_that_want_to_do_harm(imagegen, tmp_path, make, why):
    (tmp_path / "a.tar").write_bytes(make(hostile.file("a", b"x") + hostile.END))
    done = imagegen("ls", f"docker-archive:{tmp_path}/a.tar")
    assert done.status == 1 and why in done.stderr and len(done.stderr.splitlines()) == 1, done


def test_umoci_and_gnu_tar_unpack_to_the_same(imagegen, image, tmp_path):
    need("umoci", "tar")
    assert imagegen("unpack", "-q", f"oci:{image}:v1", tmp_path / "ours").status == 0
    run("umoci", "unpack", "--rootless", "--image", f"{image}:v1", tmp_path / "umoci")
    assert tree_state(tmp_path / "ours") == tree_state(tmp_path / "umoci/rootfs")
    (tmp_path / "tar").mkdir()
    assert imagegen("export", f"oci:{image}:v1", "-o", tmp_path / "out.tar").status == 0
    run("tar", "-xf", tmp_path / "out.tar", "-C", tmp_path / "tar")
    assert tree_state(tmp_path / "ours") == tree_state(tmp_path / "tar")


def test_zstd_and_several_gzip_members(imagegen, tmp_path):
    need("zstd")
    m = hostile.Maker(tmp_path / "image")
    tar = hostile.file("a", b"x" * 100000) + hostile.END
    half = len(tar) // 2
    gz = hostile.gzip.compress(tar[:half]) + hostile.gzip.compress(tar[half:])
    (tmp_path / "t").write_bytes(tar)
    run("zstd", "-q", tmp_path / "t", "-o", tmp_path / "t.zst")
    zs = (tmp_path / "t.zst").read_bytes()
    m.index(m.manifest([m.layer(tar, gz), m.layer(tar, zs, "+zstd")]))
    assert imagegen("validate", f"oci:{tmp_path}/image:v1").status == 0
    assert imagegen("cat", f"oci:{tmp_path}/image:v1", "a").stdout == "x" * 100000
