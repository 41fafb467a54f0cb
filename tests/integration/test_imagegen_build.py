# SPDX-License-Identifier: Apache-2.0
"""What imagegen build puts into an image, and what it says of it."""

import hashlib
import json
import os
import socket
import stat
import tarfile

import pytest

from support.oci import Layout, compile_hello, tree_state


@pytest.fixture
def source(tmp_path):
    """A folder with a program, data and links."""
    folder = tmp_path / "src"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "run.sh").write_text("#!/bin/app\n")
    (folder / "run.sh").chmod(0o700)
    (folder / "secret").write_text("s")
    (folder / "secret").chmod(0o400)
    (folder / "sub" / "wide").write_text("w" * 1000)
    (folder / "sub" / "wide").chmod(0o6777)
    (folder / "link").symlink_to("../anything/at all")
    os.link(folder / "sub" / "wide", folder / "sub" / "again")
    return folder


def build(imagegen, tmp_path, *args, **kwargs):
    done = imagegen("build", "-q", *args, "-o", f"oci:{tmp_path / 'out'}", **kwargs)
    assert done.status == 0, done
    return Layout(tmp_path / "out")


def test_the_result_names_every_digest_and_size(imagegen, tmp_path, source):
    done = imagegen("build", "--json", "--dir", f"{source}:/srv", "--cmd", "/srv/run.sh", "-o", f"oci:{tmp_path}/out:v1")
    assert done.status == 0, done
    said = json.loads(done.stdout)
    image = Layout(tmp_path / "out")
    manifest = image.manifest("v1")
    assert said["reference"] == f"oci:{tmp_path}/out:v1"
    assert said["digest"] == image.descriptor("v1")["digest"]
    assert said["config_digest"] == manifest["config"]["digest"]
    assert said["layers"] == [
        {
            "digest": manifest["layers"][0]["digest"],
            "diff_id": image.config("v1")["rootfs"]["diff_ids"][0],
            "size": manifest["layers"][0]["size"],
            "uncompressed_size": len(image.layer("v1")),
        }
    ]
    assert said["size"] == sum(
        d["size"] for d in (image.descriptor("v1"), manifest["config"], manifest["layers"][0])
    )
    assert image.leftovers() == []


def test_without_json_the_result_is_the_manifest_digest_alone(imagegen, tmp_path, source):
    done = imagegen("build", "--file", f"{source}/run.sh:/run.sh", "--cmd", "/run.sh", "-o", f"oci:{tmp_path}/out")
    assert done.stdout == Layout(tmp_path / "out").descriptor()["digest"] + "\n"
    assert "1 layer" in done.stderr


def test_quiet_prints_no_message(imagegen, tmp_path, source):
    done = imagegen("build", "-q", "--file", f"{source}/run.sh:/x", "-o", f"oci:{tmp_path}/out")
    assert done.stderr == ""
    assert done.stdout.startswith("sha256:")


def test_manifest_and_config_follow_the_specification(imagegen, tmp_path, source):
    image = build(
        imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--entrypoint", "/app", "--entrypoint", "-v",
        "--cmd", '["one", "two words"]', "--env", "B=2", "--env", "A=1", "--port", "8000", "--port", "53/udp",
        "--workdir", "/srv/data", "--label", "k=v", "--annotation", "org.opencontainers.image.version=1",
        "--platform", "linux/arm/v7", env={"SOURCE_DATE_EPOCH": "1700000000"},
    )  # fmt: skip
    manifest = image.manifest()
    assert manifest["schemaVersion"] == 2
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    assert manifest["annotations"] == {"org.opencontainers.image.version": "1"}
    config = image.config()
    assert config["config"] == {
        "User": "65532:65532",
        "Entrypoint": ["/app", "-v"],
        "Cmd": ["one", "two words"],
        "Env": ["A=1", "B=2"],
        "ExposedPorts": {"8000/tcp": {}, "53/udp": {}},
        "WorkingDir": "/srv/data",
        "Labels": {"k": "v"},
    }
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm", "v7")
    assert config["created"] == "2023-11-14T22:13:20Z"
    assert config["history"] == [{"created": "2023-11-14T22:13:20Z", "created_by": "imagegen build"}]
    assert config["rootfs"]["type"] == "layers"
    assert all(m.mtime == 1700000000 for m in image.members().values())
    assert image.descriptor()["platform"] == {"architecture": "arm", "os": "linux", "variant": "v7"}
    assert image.members()["srv/data"].isdir()


def test_documents_are_canonical_json(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--cmd", "/app", "--env", "X=ü")
    for descriptor in (image.descriptor(), image.manifest()["config"]):
        text = image.blob(descriptor).decode()
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_layer_has_sorted_entries_of_numeric_root(imagegen, tmp_path, source):
    members = build(imagegen, tmp_path, "--dir", f"{source}:/srv", "--cmd", "/srv/run.sh").members()
    assert list(members) == sorted(members, key=str.encode)
    assert "." not in members and "" not in members
    for m in members.values():
        assert (m.uid, m.gid, m.uname, m.gname, m.mtime) == (0, 0, "", "", 0)


def test_modes_are_made_independent_of_the_umask(imagegen, tmp_path, source):
    members = build(imagegen, tmp_path, "--dir", f"{source}:/srv", "--cmd", "/srv/run.sh").members()
    assert members["srv"].mode == 0o755
    assert members["srv/run.sh"].mode == 0o755
    assert members["srv/secret"].mode == 0o644
    assert members["srv/sub/again"].mode == 0o755  # setuid, setgid and group writing are gone


def test_a_mode_on_the_command_line_is_taken_as_it_is(imagegen, tmp_path, source):
    members = build(
        imagegen, tmp_path, "--file", f"{source}/secret:/a:0600", "--file", f"{source}/secret:/b:4755"
    ).members()
    assert members["a"].mode == 0o600
    assert members["b"].mode == 0o4755


def test_links_are_kept(imagegen, tmp_path, source):
    members = build(imagegen, tmp_path, "--dir", f"{source}:/srv", "--cmd", "/srv/run.sh").members()
    assert members["srv/link"].issym()
    assert members["srv/link"].linkname == "../anything/at all"
    assert members["srv/sub/again"].isreg()
    assert members["srv/sub/wide"].islnk()
    assert members["srv/sub/wide"].linkname == "srv/sub/again"


def test_a_named_file_may_be_a_link_and_is_followed(imagegen, tmp_path, source):
    (tmp_path / "alias").symlink_to(source / "secret")
    image = build(imagegen, tmp_path, "--file", f"{tmp_path}/alias:/x")
    assert image.members()["x"].isreg()
    assert image.file("x") == b"s"


def test_owner_applies_to_the_files_but_not_to_folders_on_the_way(imagegen, tmp_path, source):
    members = build(imagegen, tmp_path, "--file", f"{source}/secret:/a/b/c", "--owner", "5:6").members()
    assert (members["a/b/c"].uid, members["a/b/c"].gid) == (5, 6)
    assert (members["a/b"].uid, members["etc/passwd"].uid, members["tmp"].uid) == (0, 0, 0)


def test_every_image_has_a_nonroot_user_and_tmp(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--entrypoint", "/app")
    assert image.config()["config"]["User"] == "65532:65532"
    assert b"nonroot:x:65532:65532:" in image.file("etc/passwd")
    assert b"root:x:0:0:" in image.file("etc/passwd")
    assert b"nonroot:x:65532:\n" in image.file("etc/group")
    assert image.members()["tmp"].mode == 0o1777


@pytest.mark.parametrize(
    ("user", "config", "line"),
    [
        ("0", "0:0", b"root:x:0:0:"),
        ("root", "0:0", b"root:x:0:0:"),
        ("1000", "1000:1000", b"user:x:1000:1000:"),
        ("1000:7", "1000:7", b"user:x:1000:7:"),
        ("app:1000", "1000:1000", b"app:x:1000:1000:"),
    ],
)
def test_user_can_be_chosen(imagegen, tmp_path, source, user, config, line):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--entrypoint", "/app", "--user", user)
    assert image.config()["config"]["User"] == config
    assert line in image.file("etc/passwd")


def test_files_of_the_user_win_over_ours(imagegen, tmp_path, source):
    (source / "etc").mkdir()
    (source / "etc" / "passwd").write_text("mine\n")
    (source / "tmp").mkdir()
    image = build(imagegen, tmp_path, "--dir", f"{source}:/", "--cmd", "/run.sh")
    assert image.file("etc/passwd") == b"mine\n"
    assert image.members()["tmp"].mode == 0o1777


def test_tmp_can_be_left_out(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--entrypoint", "/app", "--no-tmp")
    assert "tmp" not in image.members()


def test_ca_certificates_come_on_request(imagegen, tmp_path, source):
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/app", "--cmd", "/app", "--ca-file", str(bundle))
    assert image.file("etc/ssl/certs/ca-certificates.crt") == bundle.read_bytes()
    assert image.members()["etc/ssl/certs/ca-certificates.crt"].mode == 0o644


def test_ca_certificates_of_the_machine(imagegen, tmp_path, source):
    machine = "/etc/ssl/certs/ca-certificates.crt"
    done = imagegen(
        "build", "-q", "--file", f"{source}/run.sh:/app", "--cmd", "/app", "--ca-certs", "-o", f"oci:{tmp_path}/out"
    )
    if not os.path.exists(machine):
        assert done.status == 1
        assert "ca-certificates" in done.stderr
        return
    assert done.status == 0, done
    with open(machine, "rb") as f:
        assert Layout(tmp_path / "out").file("etc/ssl/certs/ca-certificates.crt") == f.read()


def test_names_beyond_ascii_and_beyond_100_bytes_survive(imagegen, tmp_path):
    folder = tmp_path / "src"
    deep = folder / ("d" * 200) / ("e" * 200)
    deep.mkdir(parents=True)
    names = ["café", "e\u0301", "日本語", "a\nb", "f" * 255]
    for name in names:
        (deep / name).write_text(name)
    image = build(imagegen, tmp_path, "--dir", f"{folder}:/")
    prefix = "d" * 200 + "/" + "e" * 200 + "/"
    for name in names:
        assert image.file(prefix + name) == name.encode()


def test_the_platform_is_the_programs(imagegen, tmp_path):
    # A header of an ELF program for arm64 and nothing else.
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00\x01\x00\x00\x00" + bytes(40)
    (tmp_path / "app").write_bytes(header)
    image = build(imagegen, tmp_path, "--file", f"{tmp_path}/app:/app:0755", "--entrypoint", "/app")
    assert image.config()["architecture"] == "arm64"
    done = imagegen(
        "build", "--file", f"{tmp_path}/app:/app:0755", "--entrypoint", "/app", "--platform", "linux/amd64",
        "-o", f"oci:{tmp_path}/other",
    )  # fmt: skip
    assert done.status == 2
    assert "'/app' is a program for arm64" in done.stderr
    assert not (tmp_path / "other").exists()


def test_a_dynamic_program_without_its_interpreter_is_warned_about(imagegen, tmp_path):
    app = compile_hello(tmp_path, static=False)
    done = imagegen("build", "--file", f"{app}:/app", "--entrypoint", "/app", "-o", f"oci:{tmp_path}/out")
    assert done.status == 0
    assert "linked dynamically" in done.stderr
    assert "/ld-" in done.stderr


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--entrypoint", "/missing"], "'/missing' is not in the image"),
        (["--entrypoint", "/secret"], "'/secret' is not executable"),
        ([], "neither --entrypoint nor --cmd"),
    ],
)
def test_what_will_not_start_is_warned_about(imagegen, tmp_path, source, args, text):
    done = imagegen("build", "--file", f"{source}/secret:/secret", *args, "-o", f"oci:{tmp_path}/out")
    assert done.status == 0
    assert text in done.stderr


def test_other_tags_of_a_layout_stay_and_the_same_tag_is_replaced(imagegen, tmp_path, source):
    for tag, content in (("a", "1"), ("b", "2"), ("a", "3")):
        (source / "secret").chmod(0o600)
        (source / "secret").write_text(content)
        done = imagegen("build", "-q", "--file", f"{source}/secret:/x", "-o", f"oci:{tmp_path}/out:{tag}")
        assert done.status == 0, done
    image = Layout(tmp_path / "out")
    assert sorted(image.tags()) == ["a", "b"]
    assert image.file("x", "a") == b"3"
    assert image.file("x", "b") == b"2"


def test_unknown_fields_of_an_index_stay(imagegen, tmp_path, source):
    out = tmp_path / "out"
    build(imagegen, tmp_path, "--file", f"{source}/run.sh:/a")
    index = json.loads((out / "index.json").read_text())
    index["annotations"] = {"x": "y"}
    index["manifests"][0]["unknown"] = {"z": [1, 2]}
    index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] = "old"
    (out / "index.json").write_text(json.dumps(index))
    build(imagegen, tmp_path, "--file", f"{source}/secret:/a")
    after = Layout(out).index()
    assert after["annotations"] == {"x": "y"}
    assert after["manifests"][0]["unknown"] == {"z": [1, 2]}
    assert sorted(Layout(out).tags()) == ["latest", "old"]


def test_a_damaged_blob_of_an_earlier_build_is_replaced(imagegen, tmp_path, source):
    args = ["--file", f"{source}/run.sh:/a", "--cmd", "/a"]
    image = build(imagegen, tmp_path, *args)
    blob = tmp_path / "out" / "blobs" / "sha256" / image.manifest()["layers"][0]["digest"].removeprefix("sha256:")
    blob.write_bytes(b"broken")
    assert build(imagegen, tmp_path, *args).file("a") == b"#!/bin/app\n"


def test_an_archive_is_layout_and_docker_archive_in_one(imagegen, tmp_path, source):
    done = imagegen(
        "build", "-q", "--file", f"{source}/run.sh:/a", "--cmd", "/a", "-o", f"docker-archive:{tmp_path}/x.tar:app:v1"
    )
    assert done.status == 0, done
    with tarfile.open(tmp_path / "x.tar") as tar:
        names = tar.getnames()
        tar.extractall(tmp_path / "x")
    assert names == sorted(names)
    entry = json.loads((tmp_path / "x" / "manifest.json").read_text())
    assert entry[0]["RepoTags"] == ["app:v1"]
    image = Layout(tmp_path / "x")
    assert image.tags() == ["v1"]
    assert image.descriptor("v1")["annotations"]["io.containerd.image.name"] == "docker.io/library/app:v1"
    assert entry[0]["Config"] == "blobs/sha256/" + image.manifest("v1")["config"]["digest"].removeprefix("sha256:")
    assert image.file("a", "v1") == b"#!/bin/app\n"
    assert done.stdout.strip() == image.descriptor("v1")["digest"]


def test_an_archive_can_go_to_standard_output(imagegen, programs, tmp_path, source):
    import subprocess

    args = [programs["imagegen"], "build", "-q", "--file", f"{source}/run.sh:/a", "--cmd", "/a"]
    done = subprocess.run([*args, "-o", "docker-archive:-:app"], capture_output=True, timeout=60, check=True)
    assert imagegen(*args[1:], "-o", f"docker-archive:{tmp_path}/x.tar:app").status == 0
    assert done.stdout == (tmp_path / "x.tar").read_bytes()
    assert done.stderr.startswith(b"sha256:")


def test_inspect_shows_manifest_and_config(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/a", "--cmd", "/a")
    done = imagegen("inspect", f"oci:{tmp_path}/out")
    assert done.status == 0, done
    said = json.loads(done.stdout)
    assert said == {
        "digest": image.descriptor()["digest"],
        "manifest": image.manifest(),
        "config": image.config(),
    }
    assert imagegen("inspect", f"oci:{tmp_path}/out:none").status == 1


def test_inspect_notices_a_damaged_config(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/a", "--cmd", "/a")
    digest = image.manifest()["config"]["digest"].removeprefix("sha256:")
    blob = tmp_path / "out" / "blobs" / "sha256" / digest
    blob.write_bytes(blob.read_bytes().replace(b"65532", b"00000"))
    done = imagegen("inspect", f"oci:{tmp_path}/out")
    assert done.status == 1
    assert "does not match its content" in done.stderr


def test_inspect_shows_the_bytes_and_the_config_alone(imagegen, tmp_path, source):
    image = build(imagegen, tmp_path, "--file", f"{source}/run.sh:/a", "--cmd", "/a")
    blob = tmp_path / "out" / "blobs" / "sha256" / image.descriptor()["digest"].removeprefix("sha256:")
    raw = imagegen("inspect", "--raw", f"oci:{tmp_path}/out")
    assert (raw.status, raw.stdout) == (0, blob.read_text())
    config = imagegen("inspect", "--config", f"oci:{tmp_path}/out")
    assert (config.status, json.loads(config.stdout)) == (0, image.config())
    assert imagegen("inspect", "--config", "--raw", f"oci:{tmp_path}/out").status == 2
    assert imagegen("inspect", "--platform", "linux", f"oci:{tmp_path}/out").status == 2


def test_inspect_chooses_the_platform(imagegen, tmp_path, source):
    """An index of two images, made by hand as no command makes one yet."""
    for arch in ("amd64", "arm64"):
        args = ["--file", f"{source}/run.sh:/a", "--cmd", "/a", "--platform", f"linux/{arch}"]
        assert imagegen("build", *args, "-o", f"oci:{tmp_path}/out:{arch}").status == 0
    path = tmp_path / "out" / "index.json"
    index = json.loads(path.read_text())
    for entry in index["manifests"]:
        del entry["annotations"]
    text = json.dumps({"schemaVersion": 2, "mediaType": index["mediaType"], "manifests": index["manifests"]})
    digest = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "out" / "blobs" / "sha256" / digest).write_text(text)
    entry = {"mediaType": index["mediaType"], "digest": f"sha256:{digest}", "size": len(text)}
    path.write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    for arch in ("amd64", "arm64"):
        said = json.loads(imagegen("inspect", "--platform", f"linux/{arch}", f"oci:{tmp_path}/out").stdout)
        assert said["config"]["architecture"] == arch
    assert imagegen("inspect", "--raw", f"oci:{tmp_path}/out").stdout == text
    other = imagegen("inspect", "--platform", "linux/riscv64", f"oci:{tmp_path}/out")
    assert other.status == 1
    assert "no image for linux/riscv64; there are: linux/amd64, linux/arm64" in other.stderr


# ---- what is refused ----


def refused(imagegen, tmp_path, *args, status=1):
    before = tree_state(tmp_path)
    done = imagegen("build", *args, "-o", f"oci:{tmp_path}/out")
    assert done.status == status, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert tree_state(tmp_path) == before, "something was left behind"
    return done.stderr


def test_special_files_are_refused_with_their_path(imagegen, tmp_path, source):
    os.mkfifo(source / "sub" / "pipe")
    assert f"'{source}/sub/pipe' is a named pipe" in refused(imagegen, tmp_path, "--dir", f"{source}:/")
    os.unlink(source / "sub" / "pipe")
    short = os.open(source, os.O_RDONLY)
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"/proc/self/fd/{short}/sock")
        assert "sock' is a socket" in refused(imagegen, tmp_path, "--dir", f"{source}:/")
        listener.close()
    finally:
        os.close(short)
    os.unlink(source / "sock")
    assert "is a device" in refused(imagegen, tmp_path, "--file", "/dev/null:/x")
    if os.geteuid() == 0:
        os.mknod(source / "dev", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        assert f"'{source}/dev' is a device" in refused(imagegen, tmp_path, "--dir", f"{source}:/")


def test_names_that_would_be_whiteouts_are_refused(imagegen, tmp_path, source):
    (source / ".wh.x").write_text("")
    assert ".wh." in refused(imagegen, tmp_path, "--dir", f"{source}:/")


def test_names_that_are_no_utf8_are_refused(imagegen, tmp_path, source):
    with open(os.fsencode(source) + b"/bad\xff", "w"):
        pass
    assert "not UTF-8" in refused(imagegen, tmp_path, "--dir", f"{source}:/")


def test_links_to_names_that_are_no_utf8_are_refused_with_their_path(imagegen, tmp_path, source):
    os.symlink(b"bad\xff", source / "pointer")
    line = refused(imagegen, tmp_path, "--dir", f"{source}:/")
    assert f"'{source}/pointer'" in line and "not UTF-8" in line


def test_an_unreadable_file_is_an_error(imagegen, programs, tmp_path, source):
    if os.geteuid() != 0:
        (source / "secret").chmod(0)
        assert "secret" in refused(imagegen, tmp_path, "--dir", f"{source}:/")
        return
    import subprocess

    # Root reads everything, so somebody else asks.
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/pytest"):
            folder.chmod(0o755)
    app = tmp_path / "imagegen"
    app.write_bytes(programs["imagegen"].read_bytes())
    app.chmod(0o755)
    source.chmod(0o755)
    done = subprocess.run(
        [app, "build", "--file", f"{source}/secret:/x", "-o", f"oci:{tmp_path}/out"],
        capture_output=True, text=True, timeout=60, check=False, user=65534, group=65534, extra_groups=[],
        env={"ASAN_OPTIONS": "detect_leaks=0"},
    )  # fmt: skip
    assert done.returncode == 1, done
    assert "secret" in done.stderr and "Permission denied" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_path_below_a_link_of_the_image_is_refused_in_any_order(imagegen, tmp_path, source):
    (source / "lib").symlink_to("sub")
    for args in (
        ["--dir", f"{source}:/", "--file", f"{source}/secret:/lib/x"],
        ["--file", f"{source}/secret:/lib/x", "--dir", f"{source}:/"],
    ):
        assert "symbolic link to 'sub'" in refused(imagegen, tmp_path, *args)
