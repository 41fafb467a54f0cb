# SPDX-License-Identifier: Apache-2.0
"""The tools that consume images take ours: skopeo, umoci, crun, Docker."""

import json
import os
import shutil
import stat
import subprocess

import pytest

from support import proc
from support.need import need
from support.oci import Layout, compile_hello, tree_state


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    return compile_hello(tmp_path_factory.mktemp("hello"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "a" / "deep" / "folder").mkdir(parents=True)
    (folder / "a" / "index.html").write_text("<h1>café</h1>")
    (folder / "a" / "ünïcode").write_text("u")
    (folder / "long").mkdir()
    (folder / "long" / ("n" * 180)).write_text("long")
    (folder / "link").symlink_to("a/index.html")
    os.link(folder / "a" / "index.html", folder / "a" / "second")
    return folder


@pytest.fixture
def args(hello, site):
    return [
        "build", "-q", "--file", f"{hello}:/bin/hello", "--dir", f"{site}:/srv/www", "--entrypoint", "/bin/hello",
        "--cmd", "one", "--cmd", "two", "--env", "GREETING=good day", "--port", "8000", "--workdir", "/srv/www",
        "--label", "purpose=test",
    ]  # fmt: skip


@pytest.fixture
def layout(imagegen, tmp_path, args):
    done = imagegen(*args, "-o", f"oci:{tmp_path}/image:v1")
    assert done.status == 0, done
    return tmp_path / "image"


@pytest.fixture
def archive(imagegen, tmp_path, args):
    done = imagegen(*args, "-o", f"docker-archive:{tmp_path}/image.tar:hello:v1")
    assert done.status == 0, done
    return tmp_path / "image.tar"


def run(*args, **kwargs):
    done = proc.run(args, timeout=120, **kwargs)
    assert done.status == 0, done
    return done.stdout


def hello_says(uid="65532"):
    return [
        f"uid={uid} gid={uid} cwd=/srv/www",
        "arg /bin/hello",
        "arg one",
        "arg two",
        "GREETING=good day",
        "passwd root:x:0:0:root:/root:/sbin/nologin",
        "passwd nonroot:x:65532:65532:nonroot:/:/sbin/nologin",
        "tmp writable",
    ]


def test_skopeo_inspects_a_layout(layout):
    need("skopeo")
    said = json.loads(run("skopeo", "inspect", f"oci:{layout}:v1"))
    assert said["Digest"] == Layout(layout).descriptor("v1")["digest"]
    assert said["Labels"] == {"purpose": "test"}
    assert said["Env"] == ["GREETING=good day"]
    assert said["Architecture"] == Layout(layout).config("v1")["architecture"]


def test_skopeo_copies_a_layout_without_changing_its_digest(layout, tmp_path):
    need("skopeo")
    run("skopeo", "copy", "--insecure-policy", f"oci:{layout}:v1", f"oci:{tmp_path}/copy:v1")
    copy = Layout(tmp_path / "copy")
    assert copy.descriptor("v1")["digest"] == Layout(layout).descriptor("v1")["digest"]
    assert copy.layer("v1") == Layout(layout).layer("v1")


def test_skopeo_converts_a_layout_to_docker_s_formats(layout, tmp_path):
    need("skopeo")
    run("skopeo", "copy", "--insecure-policy", f"oci:{layout}:v1", f"docker-archive:{tmp_path}/x.tar:a:b")
    run("skopeo", "copy", "--insecure-policy", "--format", "v2s2", f"oci:{layout}:v1", f"dir:{tmp_path}/x")


def test_skopeo_reads_the_archive_both_ways(archive, layout, tmp_path):
    need("skopeo")
    run("skopeo", "copy", "--insecure-policy", f"docker-archive:{archive}", f"oci:{tmp_path}/a:v1")
    run("skopeo", "copy", "--insecure-policy", f"oci-archive:{archive}:v1", f"oci:{tmp_path}/b:v1")
    assert Layout(tmp_path / "a").layer("v1") == Layout(layout).layer("v1")
    assert Layout(tmp_path / "b").descriptor("v1")["digest"] == Layout(layout).descriptor("v1")["digest"]


def expected_rootfs(hello, site, folder):
    """What the image should unpack to, made with cp."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy(hello, folder / "bin" / "hello")
    shutil.copytree(site, folder / "srv" / "www", symlinks=True)
    (folder / "tmp").mkdir()
    (folder / "etc").mkdir()
    (folder / "etc" / "passwd").write_text(
        "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
    )
    (folder / "etc" / "group").write_text("root:x:0:\nnonroot:x:65532:\n")
    return folder


def unpack(layout, tmp_path):
    need("umoci")
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    run("umoci", "unpack", *rootless, "--image", f"{layout}:v1", tmp_path / "bundle")
    return tmp_path / "bundle"


def test_umoci_unpacks_exactly_what_went_in(layout, hello, site, tmp_path):
    rootfs = unpack(layout, tmp_path) / "rootfs"
    assert tree_state(rootfs) == tree_state(expected_rootfs(hello, site, tmp_path / "want"))
    assert stat.S_IMODE((rootfs / "bin" / "hello").stat().st_mode) == 0o755
    assert stat.S_IMODE((rootfs / "tmp").stat().st_mode) == 0o1777
    assert (rootfs / "srv/www/a/index.html").stat().st_ino == (rootfs / "srv/www/a/second").stat().st_ino
    assert (rootfs / "bin" / "hello").stat().st_mtime == 0
    if os.geteuid() == 0:
        assert (rootfs / "bin" / "hello").stat().st_uid == 0


def test_crun_runs_the_unpacked_image(layout, tmp_path):
    need("crun", "unshare")
    if os.geteuid() != 0:
        pytest.skip("a container needs root here")
    bundle = unpack(layout, tmp_path)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["terminal"] = False
    # cgroups are not what is tested; a build machine may not let us have any.
    config["linux"].pop("resources", None)
    config["mounts"] = [m for m in config["mounts"] if m["type"] != "cgroup"]
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"]
    (bundle / "config.json").write_text(json.dumps(config))
    # crun refuses hybrid cgroup mounts even when told to leave cgroups alone: it gets a plain view.
    script = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec crun "$@"'
    said = run(
        "unshare", "--mount", "sh", "-c", script, "crun", "--root", tmp_path / "state", "--cgroup-manager=disabled",
        "run", "--bundle", bundle, f"berth-test-{os.getpid()}",
    )  # fmt: skip
    assert said.splitlines() == hello_says()


def test_ordinary_tar_reads_the_layer_to_its_end(layout, tmp_path):
    image = Layout(layout)
    blob = layout / "blobs" / "sha256" / image.manifest("v1")["layers"][0]["digest"].removeprefix("sha256:")
    done = proc.run(["tar", "tzf", blob])
    assert (done.status, done.stderr) == (0, "")
    assert "bin/hello" in done.stdout.splitlines()


# ---- Docker ----


def docker_run(docker, *args):
    done = docker.cli("run", "--rm", "--network=none", *args)
    assert done.status == 0, done
    return done.stdout.splitlines()


def test_docker_loads_and_runs_the_archive(docker, archive, layout):
    assert "hello:v1" in docker.load(archive).stdout
    inspected = json.loads(docker.cli("image", "inspect", "hello:v1").stdout)[0]
    assert inspected["Id"] == Layout(layout).manifest("v1")["config"]["digest"]
    assert inspected["RepoTags"] == ["hello:v1"]
    assert docker_run(docker, "hello:v1") == hello_says()
    assert docker_run(docker, "--read-only", "--tmpfs", "/tmp", "hello:v1")[-1] == "tmp writable"


def test_an_archive_without_a_name_is_loaded_untagged(docker, imagegen, tmp_path, args):
    done = imagegen(*args, "--label", "untagged=1", "-o", f"docker-archive:{tmp_path}/x.tar")
    assert done.status == 0, done
    loaded = docker.load(tmp_path / "x.tar").stdout
    assert "Loaded image ID: sha256:" in loaded
    image = loaded.split("ID: ")[1].strip()
    assert json.loads(docker.cli("image", "inspect", image).stdout)[0]["RepoTags"] == []


def test_imagegen_hands_an_image_to_the_daemon_itself(docker, imagegen, args, layout):
    env = {"DOCKER_HOST": f"unix://{docker.socket}"}
    done = imagegen(*args, "--json", "-o", "docker-daemon:example.test/team/hello:v2", env=env)
    assert done.status == 0, done
    said = json.loads(done.stdout)
    assert said["digest"] == Layout(layout).descriptor("v1")["digest"]
    inspected = json.loads(docker.cli("image", "inspect", "example.test/team/hello:v2").stdout)[0]
    assert inspected["Id"] == said["config_digest"]
    assert docker_run(docker, "example.test/team/hello:v2") == hello_says()


def test_a_root_image_runs_as_root(docker, imagegen, args):
    env = {"DOCKER_HOST": f"unix://{docker.socket}"}
    done = imagegen(*args, "--user", "root", "-o", "docker-daemon:hello-root", env=env)
    assert done.status == 0, done
    assert docker_run(docker, "hello-root")[0] == "uid=0 gid=0 cwd=/srv/www"


def test_a_large_image_reaches_the_daemon(docker, imagegen, tmp_path, hello):
    (tmp_path / "noise").write_bytes(os.urandom(20_000_000))
    env = {"DOCKER_HOST": f"unix://{docker.socket}", "TMPDIR": str(tmp_path)}
    done = imagegen(
        "build", "-q", "--file", f"{hello}:/hello", "--file", f"{tmp_path}/noise:/noise", "--entrypoint", "/hello",
        "-o", "docker-daemon:large", env=env,
    )  # fmt: skip
    assert done.status == 0, done
    assert docker_run(docker, "large")[0].startswith("uid=65532")
    assert sorted(os.listdir(tmp_path)) == ["noise"]


def test_memory_does_not_grow_with_the_image(imagegen, programs, variant, tmp_path):
    if variant not in ("static", "debug"):
        pytest.skip("a sanitizer's own memory would be measured")

    def peak(megabytes):
        with open(tmp_path / "data", "wb") as f:
            for _ in range(megabytes):
                f.write(os.urandom(4096) * 256)
        args = [programs["imagegen"], "build", "-q", "--file", f"{tmp_path}/data:/data", "-o", f"oci:{tmp_path}/out"]
        child = subprocess.Popen(args, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        return usage.ru_maxrss

    small = peak(16)
    assert peak(256) < small + 4096
