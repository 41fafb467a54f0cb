# SPDX-License-Identifier: Apache-2.0
"""berthd as it ships: the first process of an image from scratch, nobody in particular, on a root file system that
cannot be written, under a quota, stopped by docker stop."""

import http.server
import json
import os
import re
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from support import proc
from support.http_raw import Raw

IMAGE = "berthd-container-test:latest"
HERE = len(os.sched_getaffinity(0))
IS_V2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
QUOTA = r"cgroup v2 /sys/fs/cgroup/\S*cpu\.max" if IS_V2 else r"cgroup v1 /sys/fs/cgroup/\S*cpu\.cfs_quota_us"
LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)$")
GRACE = 10  # what docker stop gives by default


@pytest.fixture(scope="module")
def image(docker, root, imagegen, tmp_path_factory):
    """The static berthd with a site and posts, whatever variant is tested: another one needs its libraries."""
    folder = tmp_path_factory.mktemp("image")
    program = root / "build" / "static" / "berthd"
    database, archive = folder / "posts.db", folder / "image.tar"
    done = proc.run([program, "--init-db", database])
    assert done.status == 0, done
    words = ("--database", "/srv/posts.db", "--static", "/=/srv/www")
    done = imagegen(
        "build", "--file", f"{program}:/berthd:0755", "--file", f"{database}:/srv/posts.db",
        "--dir", f"{root / 'server' / 'site'}:/srv/www", "--entrypoint", "/berthd",
        *(w for word in words for w in ("--cmd", word)), "--no-tmp", "-o", f"docker-archive:{archive}:{IMAGE}",
    )  # fmt: skip
    assert done.status == 0, done
    docker.load(archive)
    yield IMAGE
    docker.cli("rmi", "--force", IMAGE)


class Container:
    """A running berthd; .line is what it said at its start, .address where it listens on loopback."""

    def __init__(self, docker, image, options, words):
        self.docker = docker
        # The private daemon has no bridge: the container shares this machine's loopback.
        done = docker.cli(
            "run", "--detach", "--read-only", "--network", "host", *options, image,
            "-b", "127.0.0.1:0", "--database", "/srv/posts.db", "--static", "/=/srv/www", *words,
        )  # fmt: skip
        assert done.status == 0, done
        self.id = done.stdout.strip()
        deadline = time.monotonic() + 20
        while not self.output().endswith("\n"):
            assert time.monotonic() < deadline and self.state()["Running"], self.output()
            time.sleep(0.01)
        self.line = self.output().splitlines()[0]
        self.address = ("127.0.0.1", int(LISTENING.search(self.line)[1]))

    def output(self):
        done = self.docker.cli("logs", self.id)
        return done.stdout + done.stderr

    def state(self):
        return json.loads(self.docker.cli("inspect", "--format", "{{json .State}}", self.id).stdout)

    def stop(self):
        """Seconds that docker stop took."""
        began = time.monotonic()
        done = self.docker.cli("stop", "--time", str(GRACE), self.id)
        assert done.status == 0, done
        return time.monotonic() - began

    def remove(self):
        self.docker.cli("rm", "--force", self.id)


@pytest.fixture
def contain(docker, image):
    """contain(*docker_options, words=[...]) -> a Container that has said that it listens."""
    running = []

    def run(*options, words=()):
        container = Container(docker, image, options, words)
        running.append(container)
        return container

    yield run
    for container in running:
        container.remove()


@pytest.mark.parametrize("cpus, workers", [("0.25", "1 worker"), ("0.5", "1 worker"), ("1.5", "2 workers")])
def test_the_start_line_names_the_workers_and_the_quota_they_follow(contain, cpus, workers):
    if float(cpus) > HERE:
        pytest.skip(f"needs {cpus} CPUs")
    container = contain("--cpus", cpus)
    wanted = rf"berthd: {workers} \(event, policy n\) for {re.escape(cpus)} CPUs from {QUOTA}; {LISTENING.pattern}"
    assert re.fullmatch(wanted, container.line), container.line
    pid = container.state()["Pid"]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == int(workers.split()[0])


def test_as_first_process_of_nobody_on_a_read_only_root_it_serves_and_stops(contain):
    """Also with an idle client that keeps its connection, and a request that is on its way."""
    container = contain("--cpus", "0.5", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    status = Path(f"/proc/{container.state()['Pid']}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["NSpid"].split()[-1] == "1"
    assert fields["Uid"].split() == ["65532"] * 4
    with Raw(container.address) as idle, Raw(container.address) as late:
        posts = idle.get("/api/v1/posts/")
        assert posts.status == 200 and json.loads(posts.body)[0]["id"] == 1
        assert idle.get("/").headers["content-type"].startswith("text/html")
        late.send("GET /healthz HTTP/1.1\r\n")
        stopping = threading.Thread(target=container.stop)
        stopping.start()
        assert idle.ended()
        assert late.send("Host: a\r\n\r\n").response().status == 200
        stopping.join()
    state = container.state()
    assert (state["Running"], state["ExitCode"], state["OOMKilled"]) == (False, 0, False)
    assert container.output() == container.line + "\n"


def worker_status(container):
    """/proc/PID/status of the container's one worker, and of its master."""
    pid = container.state()["Pid"]
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (worker, pid):
        lines = Path(f"/proc/{each}/status").read_text().splitlines()
        yield {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def test_workers_give_up_what_docker_left_them(contain):
    container = contain("--user", "65532:65532", "--cap-drop", "ALL", words=("-w", "1"))
    with Raw(container.address) as raw:
        assert raw.get("/api/v1/posts/").status == 200
    worker, master = worker_status(container)
    assert worker["NoNewPrivs"] == ["1"] and master["NoNewPrivs"] == ["0"]
    assert int(worker["Seccomp_filters"][0]) == int(master["Seccomp_filters"][0]) + 1
    assert worker["CapEff"] == worker["CapPrm"] == ["0" * 16]
    assert container.output() == container.line + "\n"


def test_root_hands_over_to_a_number_where_there_is_no_passwd(contain):
    container = contain("--user", "0:0", words=("-w", "1", "--user", "54321"))
    with Raw(container.address) as raw:
        assert raw.get("/").status == 200
    worker, master = worker_status(container)
    assert worker["Uid"] == worker["Gid"] == ["54321"] * 4 and worker["Groups"] == []
    assert worker["CapBnd"] == ["0" * 16]
    assert master["Uid"] == ["0"] * 4
    assert container.output() == container.line + "\n"


def test_what_others_write_to_a_read_only_volume_is_seen(contain, berthd, tmp_path):
    database = tmp_path / "posts.db"
    assert berthd("--init-db", database).status == 0
    tmp_path.chmod(0o755)
    database.chmod(0o644)
    container = contain("--volume", f"{tmp_path}:/data:ro", words=("--database", "/data/posts.db"))
    with Raw(container.address) as raw:
        before = json.loads(raw.get("/api/v1/posts/").body)
        with sqlite3.connect(database) as db:
            db.execute("INSERT INTO posts (title, body, author, created) VALUES ('new', '', '', '')")
        db.close()
        after = json.loads(raw.get("/api/v1/posts/").body)
    assert [p["title"] for p in after] == [p["title"] for p in before] + ["new"]


def test_docker_stop_needs_no_grace_time_when_nothing_is_in_flight(contain):
    container = contain("--cpus", "0.25")
    assert container.stop() < GRACE / 2
    assert container.state()["ExitCode"] == 0


def test_the_workers_and_the_port_of_the_environment_count(contain):
    container = contain("--cpus", "0.5", "--env", "WEB_CONCURRENCY=3", "--env", "PORT=1")
    assert re.fullmatch(rf"berthd: 3 workers \(event, WEB_CONCURRENCY\); {LISTENING.pattern}", container.line)


@pytest.fixture
def agent():
    """What the ECS agent answers to a task of a quarter of a vCPU."""

    class Agent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            # The container's own CPU is in units, and only a weight.
            limits = {"CPU": 0.25, "Memory": 512} if self.path.endswith("/task") else {"CPU": 2048}
            body = json.dumps({"Cluster": "c", "Family": "web", "Limits": limits, "Containers": []}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    server.uri = f"http://127.0.0.1:{server.server_address[1]}/v4/abc-1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_size_of_the_ecs_task_is_the_limit_that_no_file_shows(contain, agent):
    container = contain("--cpu-shares", "2", "--env", f"ECS_CONTAINER_METADATA_URI_V4={agent.uri}")
    wanted = (
        r"berthd: 1 worker \(event, policy n\) for 0\.25 CPUs from ECS task metadata "
        rf"{re.escape(agent.uri)}/task; {LISTENING.pattern}"
    )
    assert re.fullmatch(wanted, container.line), container.line
    with Raw(container.address) as raw:
        assert raw.get().status == 200
    assert container.stop() < GRACE
    assert container.state()["ExitCode"] == 0


def test_a_quota_below_the_size_of_the_ecs_task_decides(contain, agent):
    container = contain("--cpus", "0.2", "--env", f"ECS_CONTAINER_METADATA_URI_V4={agent.uri}")
    assert re.search(rf" for 0\.2 CPUs from {QUOTA}; ", container.line), container.line
