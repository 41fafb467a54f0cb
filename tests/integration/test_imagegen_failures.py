# SPDX-License-Identifier: Apache-2.0
"""When something goes wrong: what was there stays, nothing half-made is left, and the line says why."""

import http.server
import json
import os
import random
import signal
import socketserver
import subprocess
import threading
import time

import pytest

from support import proc
from support.oci import Layout, tree_state
from support.proc import wait_until_open


@pytest.fixture
def app(tmp_path):
    path = tmp_path / "app"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def build(imagegen, app, target, *args, **kwargs):
    return imagegen("build", "-q", "--file", f"{app}:/app", "--entrypoint", "/app", *args, "-o", target, **kwargs)


def one_line(done, status=1):
    assert done.status == status, done
    assert done.stdout == ""
    assert done.stderr.startswith("imagegen: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


# ---- targets that are something else ----


def test_a_folder_with_other_content_is_not_touched(imagegen, app, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    before = tree_state(tmp_path)
    assert "is no OCI layout" in one_line(build(imagegen, app, f"oci:{tmp_path}/out"))
    assert tree_state(tmp_path) == before


def test_an_empty_folder_is_taken(imagegen, app, tmp_path):
    (tmp_path / "out").mkdir()
    assert build(imagegen, app, f"oci:{tmp_path}/out").status == 0


def test_a_file_is_no_layout(imagegen, app, tmp_path):
    (tmp_path / "out").write_text("x")
    assert "is a folder" in one_line(build(imagegen, app, f"oci:{tmp_path}/out"))
    assert (tmp_path / "out").read_text() == "x"


def test_a_missing_parent_folder_is_named(imagegen, app, tmp_path):
    assert "none/out" in one_line(build(imagegen, app, f"oci:{tmp_path}/none/out"))
    assert "none" in one_line(build(imagegen, app, f"docker-archive:{tmp_path}/none/x.tar"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index.json", "{"),
        ("index.json", ""),
        ("index.json", "[]"),
        ("index.json", '{"schemaVersion":1,"manifests":[]}'),
        ("index.json", '{"schemaVersion":2}'),
        ("index.json", '{"schemaVersion":2,"manifests":{}}'),
        ("index.json", '{"schemaVersion":2,"manifests":[],"manifests":[]}'),
        ("index.json", '{"schemaVersion":2,"manifests":[],"layers":[]}'),
        ("index.json", '{"schemaVersion":2,"manifests":[{"digest":"sha256:../../x","size":1}]}'),
        ("index.json", '{"schemaVersion":2,"manifests":[{"digest":"sha256:' + "a" * 64 + '","size":-1}]}'),
        ("index.json", '{"schemaVersion":2,"mediaType":"x","manifests":[]}'),
        ("index.json", "[" * 100000),
        ("oci-layout", "{}"),
        ("oci-layout", "nonsense"),
        ("oci-layout", '{"imageLayoutVersion":"2.0.0"}'),
        ("oci-layout", '{"imageLayoutVersion":1}'),
    ],
)
def test_a_damaged_layout_is_refused_and_not_overwritten(imagegen, app, tmp_path, name, content):
    assert build(imagegen, app, f"oci:{tmp_path}/out").status == 0
    (tmp_path / "out" / name).write_text(content)
    before = tree_state(tmp_path)
    assert name in one_line(build(imagegen, app, f"oci:{tmp_path}/out:new"))
    assert tree_state(tmp_path) == before


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_pipe_in_a_layout_does_not_hang(imagegen, app, tmp_path, name):
    out = tmp_path / "out"
    assert build(imagegen, app, f"oci:{out}").status == 0
    (out / name).unlink()
    os.mkfifo(out / name)
    assert f"'{out}/{name}' is no regular file" in one_line(build(imagegen, app, f"oci:{out}"))
    assert "no regular file" in one_line(imagegen("inspect", f"oci:{out}"))


def test_a_layout_without_images_is_said_to_have_none(imagegen, app, tmp_path):
    out = tmp_path / "out"
    assert build(imagegen, app, f"oci:{out}").status == 0
    (out / "index.json").write_text('{"schemaVersion":2,"manifests":[]}')
    assert "no image is there" in one_line(imagegen("inspect", f"oci:{out}"))


def test_an_archive_replaces_a_file_but_no_folder_and_no_device(imagegen, app, tmp_path):
    (tmp_path / "x.tar").write_text("old")
    assert build(imagegen, app, f"docker-archive:{tmp_path}/x.tar:a").status == 0
    assert (tmp_path / "x.tar").stat().st_size > 1000
    (tmp_path / "folder").mkdir()
    assert "no regular file" in one_line(build(imagegen, app, f"docker-archive:{tmp_path}/folder"))
    assert "no regular file" in one_line(build(imagegen, app, "docker-archive:/dev/null"))
    assert sorted(os.listdir(tmp_path)) == ["app", "folder", "x.tar"]


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("oci-archive:x.tar", "not offered"),
        ("ftp://x", "no such transport"),
        ("docker-daemon:App", "lower case"),
        ("docker-daemon:", "empty"),
        ("oci:", "path"),
        ("oci::tag", "path"),
        ("docker-daemon:app@sha256:" + "a" * 64, "no digest yet"),
    ],
)
def test_targets_that_cannot_be_are_refused(imagegen, app, tmp_path, target, text):
    assert text in one_line(build(imagegen, app, target, cwd=tmp_path), status=2)
    assert os.listdir(tmp_path) == ["app"]


def test_without_a_target_nothing_is_built(imagegen, app):
    done = imagegen("build", "--file", f"{app}:/app")
    assert done.status == 2
    assert "--output" in done.stderr


# ---- files that change ----


def test_a_file_that_changes_while_it_is_read_is_an_error(programs, app, tmp_path):
    """40 MB of noise take long enough to be changed in mid-read."""
    big = tmp_path / "big"
    big.write_bytes(random.Random(1).randbytes(40_000_000))
    args = [programs["imagegen"], "build", "-q", "--file", f"{big}:/big", "-o", f"oci:{tmp_path}/out"]
    child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=proc.environment(None))
    opened = wait_until_open(child, big)
    with open(big, "ab") as f:
        f.write(b"more")
    out, err = child.communicate(timeout=60)
    assert opened
    assert child.returncode == 1
    assert b"changed while it was read" in err and b"big" in err
    assert not (tmp_path / "out").exists()


def test_a_file_that_lies_about_its_size_is_an_error(imagegen, tmp_path):
    done = imagegen("build", "-q", "--file", "/proc/self/status:/status", "-o", f"oci:{tmp_path}/out")
    assert "changed while it was read" in one_line(done)
    assert os.listdir(tmp_path) == []


# ---- room and rights ----


def in_small_room(programs, tmp_path, size, *args):
    """Runs a build with tmp_path/room on a file system of that size."""
    room = tmp_path / "room"
    room.mkdir()
    script = f'mount -t tmpfs -o size={size} tmpfs "$1" && shift && "$@"; status=$?; ls -A {room}; exit $status'
    return proc.run(["unshare", "--mount", "sh", "-c", script, "sh", room, programs["imagegen"], "build", "-q", *args])


@pytest.mark.parametrize("target", ["oci:{}/out", "docker-archive:{}/x.tar:app"])
def test_a_full_disk_leaves_nothing(programs, app, tmp_path, target):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    (tmp_path / "noise").write_bytes(os.urandom(3_000_000))
    done = in_small_room(
        programs, tmp_path, "2m", "--file", f"{tmp_path}/noise:/noise", "-o", target.format(tmp_path / "room")
    )
    assert done.status == 1, done
    assert "No space left on device" in done.stderr
    assert done.stdout == ""


def test_a_disk_that_fills_up_at_the_archive_leaves_nothing(programs, app, tmp_path):
    """Room for the staged layer, not for the archive beside it."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    (tmp_path / "noise").write_bytes(os.urandom(1_200_000))
    room = tmp_path / "room"
    done = in_small_room(
        programs, tmp_path, "2m", "--file", f"{tmp_path}/noise:/noise", "-o", f"docker-archive:{room}/x.tar"
    )
    assert done.status == 1, done
    assert done.stdout == ""


def test_standard_output_that_is_full_is_an_error(programs, app, tmp_path):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [programs["imagegen"], "build", "-q", "--file", f"{app}:/app", "-o", f"oci:{tmp_path}/out"],
            stdout=full, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"standard output" in done.stderr


# ---- several at once, and killed ones ----


def test_builds_into_one_layout_at_once_all_arrive(programs, tmp_path):
    count = 12
    for i in range(count):
        (tmp_path / f"f{i}").write_text(str(i))
    children = [
        subprocess.Popen(
            [programs["imagegen"], "build", "-q", "--file", f"{tmp_path}/f{i}:/f", "-o", f"oci:{tmp_path}/out:t{i}"],
            stdout=subprocess.DEVNULL,
        )
        for i in range(count)
    ]
    assert [child.wait(60) for child in children] == [0] * count
    image = Layout(tmp_path / "out")
    assert sorted(image.tags()) == sorted(f"t{i}" for i in range(count))
    for i in range(count):
        assert image.file("f", f"t{i}") == str(i).encode()
    assert image.leftovers() == []


def test_a_killed_build_leaves_only_files_the_next_one_removes(programs, imagegen, app, tmp_path):
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(30_000_000))
    assert build(imagegen, app, f"oci:{tmp_path}/out:first").status == 0
    before = Layout(tmp_path / "out").index()
    args = [programs["imagegen"], "build", "-q", "--file", f"{noise}:/noise", "-o", f"oci:{tmp_path}/out:second"]
    child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until_open(child, noise)
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    left = Layout(tmp_path / "out").leftovers()
    assert Layout(tmp_path / "out").index() == before
    assert len(left) == 1 and left[0].startswith(".imagegen-")
    assert build(imagegen, app, f"oci:{tmp_path}/out:third").status == 0
    assert Layout(tmp_path / "out").leftovers() == []
    assert sorted(Layout(tmp_path / "out").tags()) == ["first", "third"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("target", ["oci:{}/out", "docker-archive:{}/x.tar"])
def test_an_interrupted_build_cleans_up_and_ends_by_the_signal(programs, tmp_path, number, target):
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(60_000_000))
    args = [programs["imagegen"], "build", "-q", "--file", f"{noise}:/noise", "-o", target.format(tmp_path)]
    # Under nohup the suite ignores SIGHUP, and its children would.
    child = subprocess.Popen(
        args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)
    )
    assert wait_until_open(child, noise)
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == -number
    assert os.listdir(tmp_path) == ["noise"]


def test_builds_killed_at_any_moment_leave_a_valid_layout(programs, imagegen, app, tmp_path):
    chosen = random.Random(5)
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(2_000_000))
    args = [programs["imagegen"], "build", "-q", "--file", f"{noise}:/noise", "-o", f"oci:{tmp_path}/out:killed"]
    begun = time.monotonic()
    assert subprocess.run(args, stdout=subprocess.DEVNULL, timeout=60, check=False).returncode == 0
    took = time.monotonic() - begun
    for _ in range(25):
        child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # A moment within the build; whether it hits is left to chance, what it leaves is not.
        threading.Event().wait(chosen.random() * took)
        child.send_signal(signal.SIGKILL)
        child.wait(60)
        image = Layout(tmp_path / "out")
        assert len(image.file("noise", "killed")) == 2_000_000
    assert build(imagegen, app, f"oci:{tmp_path}/out:after").status == 0
    assert [name for name in os.listdir(tmp_path / "out") if name.startswith(".imagegen")] == []


def test_a_first_build_killed_half_way_does_not_block_the_next(programs, imagegen, app, tmp_path):
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(30_000_000))
    args = [programs["imagegen"], "build", "-q", "--file", f"{noise}:/noise", "-o", f"oci:{tmp_path}/out"]
    child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until_open(child, noise)
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    assert build(imagegen, app, f"oci:{tmp_path}/out").status == 0
    assert Layout(tmp_path / "out").leftovers() == []


# ---- a daemon that misbehaves ----


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The Engine API's /images/load, answering as it was told."""

    daemon_threads = True

    def __init__(self, path, status, body):
        self.status, self.body, self.received, self.request_line = status, body, b"", ""
        self.complete, self.hold = threading.Event(), None
        super().__init__(str(path), Handler)

    def handle_error(self, request, client_address):
        """Whoever gave up waiting is no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def do_POST(self):
        engine = self.server
        engine.request_line = self.requestline
        engine.content_type = self.headers["Content-Type"]
        while self.headers["Transfer-Encoding"] == "chunked":
            size = int(self.rfile.readline(), 16)
            engine.received += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                break
        engine.complete.set()
        if engine.hold:
            engine.hold.wait(60)
        if engine.status == 0:
            self.connection.close()
            return
        self.send_response(engine.status)
        self.send_header("Content-Length", str(len(engine.body)))
        self.end_headers()
        self.wfile.write(engine.body)


@pytest.fixture
def engine(tmp_path_factory):
    engines = []

    def serve(status, body):
        path = tmp_path_factory.mktemp("e") / "s"
        server = Engine(path, status, body)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        engines.append(server)
        server.env = {"DOCKER_HOST": f"unix://{path}"}
        return server

    yield serve
    for server in engines:
        server.shutdown()
        server.server_close()


def test_the_daemon_receives_the_archive(engine, imagegen, app, tmp_path):
    fake = engine(200, b'{"stream":"Loaded image: app:v1\\n"}\r\n')
    assert build(imagegen, app, "docker-daemon:app:v1", env=fake.env).status == 0
    assert fake.request_line.startswith("POST /images/load")
    assert fake.content_type == "application/x-tar"
    assert build(imagegen, app, f"docker-archive:{tmp_path}/x.tar:app:v1").status == 0
    assert fake.received == (tmp_path / "x.tar").read_bytes()


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, b'{"stream":"x"}\n{"errorDetail":{"message":"no space left on device"},"error":"x"}\n', "no space left"),
        (200, b'{"error":"unsupported media"}', "unsupported media"),
        (200, b"<html>", "no JSON"),
        (500, b'{"message":"open /var/lib/docker: read-only"}', "500: open /var/lib/docker: read-only"),
        (500, b'{"message":"with a line break, as Docker does"}\n', "500: with a line break"),
        (404, b"404 page not found\n", "answered 404"),
        (502, b"<html>\n<body>Bad</body>\n</html>\n", "answered 502"),
        (200, b"x" * 100_000, "answer"),
        (200, b'{"error":"\\u001b[2Jevil"}', "evil"),
        (0, b"", "imagegen: "),
    ],
)
def test_what_the_daemon_refuses_is_said_in_its_words(engine, imagegen, app, status, body, text):
    line = one_line(build(imagegen, app, "docker-daemon:app:v1", env=engine(status, body).env))
    assert text in line
    assert "\x1b" not in line


def test_much_progress_is_no_error(engine, imagegen, app):
    fake = engine(200, b'{"status":"Loading layer","progress":"[=====>    ]"}\r\n' * 100_000)
    assert build(imagegen, app, "docker-daemon:app:v1", env=fake.env).status == 0


def test_a_daemon_that_dies_in_the_middle_is_called_so(engine, imagegen, app):
    line = one_line(build(imagegen, app, "docker-daemon:app:v1", env=engine(0, b"").env))
    assert "the daemon broke off" in line and "journalctl" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_the_daemon_at_once(engine, programs, app, tmp_path, number):
    fake = engine(200, b"")
    fake.hold = threading.Event()
    args = [programs["imagegen"], "build", "-q", "--file", f"{app}:/app", "-o", "docker-daemon:app"]
    child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **fake.env})
    assert fake.complete.wait(60)
    child.send_signal(number)
    child.communicate(timeout=30)
    fake.hold.set()
    assert child.returncode == -number


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "unix:///nowhere/docker.sock"])
def test_the_daemon_is_looked_for_before_the_layer_is_made(imagegen, tmp_path, host):
    """Else a large image is compressed for nothing.  A file that cannot be read whole tells the order."""
    done = imagegen(
        "build", "-q", "--file", "/proc/self/status:/x", "--platform", "linux/amd64",
        "-o", "docker-daemon:app", env={"DOCKER_HOST": host},
    )  # fmt: skip
    assert "changed while" not in one_line(done)


@pytest.mark.parametrize("target", ["docker-daemon:app", "docker-archive:-"])
def test_a_missing_folder_for_temporary_files_is_explained(engine, imagegen, app, target):
    env = {**engine(200, b"").env, "TMPDIR": "/nowhere"}
    line = one_line(build(imagegen, app, target, env=env))
    assert "TMPDIR" in line and "'/nowhere'" in line


def test_a_daemon_that_is_not_there_is_named(imagegen, app, tmp_path):
    env = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    assert "is the daemon running" in one_line(build(imagegen, app, "docker-daemon:app", env=env))
    (tmp_path / "dead.sock").write_text("")
    env = {"DOCKER_HOST": f"unix://{tmp_path}/dead.sock"}
    assert "dead.sock" in one_line(build(imagegen, app, "docker-daemon:app", env=env))


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://x", "unix://", "/var/run/docker.sock"])
def test_other_kinds_of_docker_hosts_are_refused(imagegen, app, host):
    assert "DOCKER_HOST" in one_line(build(imagegen, app, "docker-daemon:app", env={"DOCKER_HOST": host}))


def test_a_proxy_of_the_environment_is_not_asked_for_the_socket(engine, imagegen, app):
    fake = engine(200, json.dumps({"stream": "ok"}).encode())
    env = {**fake.env, **{name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY")}}
    assert build(imagegen, app, "docker-daemon:app", env=env).status == 0
