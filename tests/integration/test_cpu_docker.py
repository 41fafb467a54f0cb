# SPDX-License-Identifier: Apache-2.0
"""What `taskgen workers` finds in real containers: Docker's limits, and the shape that ECS makes."""

import http.server
import json
import os
import secrets
import tarfile
import threading
import time
from pathlib import Path

import pytest

MIB = 1024 * 1024
IMAGE = "berth-cpu-test:latest"
HERE = len(os.sched_getaffinity(0))
CGROUP = Path("/sys/fs/cgroup")
IS_V2 = (CGROUP / "cgroup.controllers").exists()
QUOTA_SOURCE = "cgroup-v2" if IS_V2 else "cgroup-v1"
QUOTA_FILE = "cpu.max" if IS_V2 else "cpu.cfs_quota_us"


@pytest.fixture(scope="module")
def image(docker, root, tmp_path_factory):
    """An image from scratch that holds nothing but the static taskgen, whatever variant is tested."""
    program = root / "build" / "static" / "taskgen"
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(program, arcname="taskgen", filter=owned_by_root)
    done = docker.cli("import", str(archive), IMAGE)
    assert done.status == 0, done
    yield IMAGE
    docker.cli("rmi", "--force", IMAGE)


def owned_by_root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755
    return member


@pytest.fixture(scope="module")
def workers(docker, image):
    """workers(*docker_options, args=[...]) -> what `taskgen workers` prints in a container."""

    def run(*options, args=()):
        # The private daemon has no bridge; unless a test says otherwise there is no network at all.
        network = () if "--network" in options else ("--network", "none")
        done = docker.cli(
            "run", "--rm", *network, *options, image, "/taskgen", "workers", "--format", "json", "--explain", *args
        )
        assert done.status == 0, done
        return json.loads(done.stdout)

    return run


def rungs(found, source, kind="cpu"):
    return [r for r in found["ladder"] if r["source"] == source and r["kind"] == kind]


def deciding(found, kind="cpu"):
    (rung,) = [r for r in found["ladder"] if r["kind"] == kind and r["decides"]]
    return rung


@pytest.mark.parametrize("namespace", ["private", "host"])
@pytest.mark.parametrize(
    "cpus, count", [("0.25", 1), ("0.5", 2), ("1", 3), ("1.5", 4), ("2", 5)], ids=lambda v: str(v)
)
def test_the_quota_of_docker_cpus_is_found(workers, cpus, count, namespace):
    if float(cpus) > HERE:
        pytest.skip(f"needs {cpus} CPUs")
    found = workers("--cpus", cpus, "--cgroupns", namespace)
    assert found["cpus"] == float(cpus)
    assert found["source"] == QUOTA_SOURCE
    assert found["where"].endswith("/" + QUOTA_FILE)
    assert found["workers"] == count
    assert deciding(found)["value"] == float(cpus)


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_without_a_limit_the_cpus_decide(workers, namespace):
    found = workers("--cgroupns", namespace)
    assert (found["cpus"], found["source"]) == (HERE, "affinity")
    assert found["workers"] == 2 * HERE + 1
    # The quota was looked at and read, it just sets no limit.
    assert any(r["note"] == "no limit" for r in rungs(found, QUOTA_SOURCE))


def test_a_cpuset_of_one_cpu_is_one_cpu(workers):
    found = workers("--cpuset-cpus", "0")
    assert (found["cpus"], found["source"], found["workers"]) == (1, "affinity", 3)


def test_the_lower_of_cpuset_and_quota_decides(workers):
    found = workers("--cpuset-cpus", "0", "--cpus", "0.5")
    assert (found["cpus"], found["source"]) == (0.5, QUOTA_SOURCE)


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_a_quota_is_divided_by_its_own_period(workers, namespace):
    if HERE < 2:
        pytest.skip("needs 2 CPUs")
    found = workers("--cpu-period", "25000", "--cpu-quota", "40000", "--cgroupns", namespace)
    assert (found["cpus"], found["source"]) == (1.6, QUOTA_SOURCE)
    assert "40000" in deciding(found)["raw"] and "25000" in deciding(found)["raw"]


def test_a_quota_of_all_cpus_is_told_as_the_quota(workers):
    if HERE < 2:
        pytest.skip("needs 2 CPUs")
    found = workers("--cpu-period", "25000", "--cpu-quota", "50000")
    assert (found["cpus"], found["source"]) == (2, QUOTA_SOURCE)


def test_shares_are_no_limit(workers):
    found = workers("--cpu-shares", "2")
    assert (found["cpus"], found["source"]) == (HERE, "affinity")


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_the_memory_limit_is_found_and_caps_the_workers(workers, namespace):
    found = workers("--memory", "64m", "--cgroupns", namespace, args=["--memory-per-worker", "32MiB"])
    assert found["memory_bytes"] == 64 * MIB
    assert found["memory_source"] == QUOTA_SOURCE
    assert found["workers"] == min(2, 2 * HERE + 1)
    assert deciding(found, "memory")["value"] == 64 * MIB


def test_without_a_memory_limit_the_machine_is_the_ceiling(workers):
    found = workers()
    total = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]) * 1024
    assert found["memory_bytes"] <= total
    if found["memory_source"] == "meminfo":
        assert found["memory_bytes"] == total


def test_an_explicit_number_wins_over_the_quota(workers):
    found = workers("--cpus", "0.5", "--env", "BERTH_CPUS=4")
    assert (found["cpus"], found["source"], found["where"]) == (4, "explicit", "BERTH_CPUS")


# What ECS makes: the task's quota lies on a cgroup above the container's, which is out of its sight,
# the container has shares alone, and the agent answers on a link-local address.


@pytest.fixture
def task_cgroup():
    """A cgroup with the quota of one CPU, as the ECS agent makes one for each task."""
    if IS_V2 or not (CGROUP / "cpu" / "cpu.cfs_quota_us").exists():
        pytest.skip("the test makes the task's cgroup in the v1 cpu hierarchy")
    name = f"ecs-test-{secrets.token_hex(6)}"
    folder = CGROUP / "cpu" / name
    folder.mkdir()
    try:
        (folder / "cpu.cfs_quota_us").write_text("100000")
        yield f"/{name}"
    finally:
        for hierarchy in CGROUP.iterdir():
            remove_cgroup(hierarchy / name)


def remove_cgroup(folder):
    """Removes a cgroup; the kernel may need a moment after the last process in it has ended."""
    deadline = time.monotonic() + 10
    while folder.is_dir():
        for child in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            rmdir(child)
        rmdir(folder)
        if folder.is_dir() and time.monotonic() > deadline:
            raise AssertionError(f"{folder} cannot be removed")


def rmdir(folder):
    try:
        folder.rmdir()
    except OSError:
        pass


class Agent(http.server.BaseHTTPRequestHandler):
    """Answers /v4/<id> with the container's document, /v4/<id>/task with the task's."""

    CONTAINER = {
        "DockerId": "cd189a933e5849daa93386466019ab50-2495160603",
        "Name": "web",
        "DockerName": "web",
        "Image": "berthd:latest",
        "Labels": {"com.amazonaws.ecs.cluster": "default"},
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        # CPU units here, and a weight: 2 is what the agent says where none was asked for.
        "Limits": {"CPU": 2, "Memory": 128},
        "Type": "NORMAL",
    }

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.endswith("/task"):
            status, body = self.server.answer
        else:
            status, body = 200, json.dumps(self.CONTAINER).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def task_document(limits):
    document = {
        "Cluster": "default",
        "TaskARN": "arn:aws:ecs:us-east-1:123456789012:task/default/cd189a933e5849daa93386466019ab50",
        "Family": "web",
        "Revision": "3",
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Containers": [Agent.CONTAINER],
        "LaunchType": "FARGATE",
    }
    if limits is not None:
        document["Limits"] = limits
    return json.dumps(document).encode()


@pytest.fixture
def agent():
    """agent.uri(version), agent.answer = (status, bytes), agent.asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    server.asked = []
    server.answer = (200, task_document({"CPU": 0.25, "Memory": 512}))
    server.uri = lambda version="v4": f"http://127.0.0.1:{server.server_address[1]}/{version}/cd189a93-2495160603"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ecs_options(parent, uri, variable="ECS_CONTAINER_METADATA_URI_V4"):
    return ("--cgroup-parent", parent, "--cpu-shares", "2", "--network", "host", "--env", f"{variable}={uri}")


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_the_quota_of_an_ecs_task_is_out_of_sight_in_its_container(workers, task_cgroup, namespace):
    found = workers("--cgroup-parent", task_cgroup, "--cpu-shares", "2", "--cgroupns", namespace)
    assert (found["cpus"], found["source"]) == (HERE, "affinity")


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_the_memory_limit_of_an_ecs_task_is_told_by_the_kernel(workers, task_cgroup, namespace):
    folder = CGROUP / "memory" / task_cgroup[1:]
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text(str(256 * MIB))
    found = workers("--cgroup-parent", task_cgroup, "--cgroupns", namespace)
    assert (found["memory_bytes"], found["memory_source"]) == (256 * MIB, "cgroup-v1")
    assert found["memory_where"].endswith("/memory.stat")


@pytest.mark.parametrize("namespace", ["private", "host"])
def test_the_metadata_tells_the_limit_that_no_file_shows(workers, task_cgroup, agent, namespace):
    found = workers(*ecs_options(task_cgroup, agent.uri()), "--cgroupns", namespace)
    assert (found["cpus"], found["source"], found["workers"]) == (0.25, "metadata", 1)
    assert found["where"] == agent.uri() + "/task"
    assert (found["memory_bytes"], found["memory_source"]) == (512 * MIB, "metadata")
    assert deciding(found)["raw"] == '{"CPU":0.25,"Memory":512}'
    # One question, and never for the container's own document, whose CPU is another unit.
    assert agent.asked == ["/v4/cd189a93-2495160603/task"]


def test_version_three_is_asked_where_four_is_not_set(workers, task_cgroup, agent):
    found = workers(*ecs_options(task_cgroup, agent.uri("v3"), "ECS_CONTAINER_METADATA_URI"))
    assert (found["cpus"], found["source"]) == (0.25, "metadata")
    assert agent.asked == ["/v3/cd189a93-2495160603/task"]


def test_a_visible_quota_below_the_task_size_decides(workers, task_cgroup, agent):
    agent.answer = (200, task_document({"CPU": 1, "Memory": 2048}))
    found = workers(*ecs_options(task_cgroup, agent.uri()), "--cpus", "0.5", "--memory", "64m")
    assert (found["cpus"], found["source"]) == (0.5, QUOTA_SOURCE)
    assert (found["memory_bytes"], found["memory_source"]) == (64 * MIB, QUOTA_SOURCE)


def test_the_task_size_is_capped_by_the_cpus_there_are(workers, task_cgroup, agent):
    agent.answer = (200, task_document({"CPU": 192, "Memory": 512}))
    found = workers(*ecs_options(task_cgroup, agent.uri()))
    assert (found["cpus"], found["source"]) == (HERE, "affinity")


@pytest.mark.parametrize(
    "answer, note",
    [
        ((500, b"{}"), "500"),
        ((404, b"404 page not found"), "404"),
        ((302, b""), "302"),
        ((200, b"<html><body>502 Bad Gateway</body></html>"), "the answer:1:"),
        ((200, task_document({"CPU": 0.25, "Memory": 512})[:-9]), "the answer:"),
        ((200, task_document(None)), "the answer has no Limits"),
        ((200, json.dumps(Agent.CONTAINER).encode()), "a container's document"),
        ((200, task_document({"CPU": "0.25", "Memory": "512"})), "/Limits/CPU"),
        ((200, b"[" + b" " * (2 * MIB) + b"]"), "1048576"),
    ],
    ids=["500", "404", "redirect", "html", "truncated", "no-limits", "container", "texts", "two-mib"],
)
def test_where_the_agent_fails_the_stamp_of_the_definition_counts(workers, task_cgroup, agent, answer, note):
    agent.answer = answer
    found = workers(
        *ecs_options(task_cgroup, agent.uri()), "--env", "BERTH_CPU_UNITS=512", "--env", "BERTH_MEMORY_MIB=1024"
    )
    assert (found["cpus"], found["source"], found["workers"]) == (0.5, "stamp", 2)
    assert found["memory_bytes"] == 1024 * MIB
    assert any(note in (r["note"] or "") for r in rungs(found, "metadata"))


def test_the_metadata_wins_over_the_stamp_as_run_task_may_override_it(workers, task_cgroup, agent):
    found = workers(*ecs_options(task_cgroup, agent.uri()), "--env", "BERTH_CPU_UNITS=1024")
    assert (found["cpus"], found["source"]) == (0.25, "metadata")


def test_an_agent_that_is_silent_costs_at_most_a_second(taskgen, start):
    """Outside of Docker, where starting a container does not blur the time."""
    silent = start(
        [
            "/usr/bin/python3",
            "-c",
            "import socket\n"
            "s = socket.create_server(('127.0.0.1', 0))\n"
            "print('port', s.getsockname()[1], flush=True)\n"
            "kept = []\n"
            "while True: kept.append(s.accept())\n",
        ],
        ready=r"port (\d+)",
    )
    uri = f"http://127.0.0.1:{silent.match[1]}/v4/x"
    env = {"ECS_CONTAINER_METADATA_URI_V4": uri, "ECS_CONTAINER_METADATA_URI": uri, "BERTH_CPU_UNITS": "256"}
    before = time.monotonic()
    done = taskgen("workers", "--format", "json", "--explain", env=env)
    took = time.monotonic() - before
    assert done.status == 0, done
    found = json.loads(done.stdout)
    assert (found["cpus"], found["source"]) == (0.25, "stamp")
    # That the second is one for both versions is tests/unit/cpu's, with a clock held in the hand.
    assert 0.9 < took < 10


def test_a_number_of_cpus_that_is_none_is_refused(taskgen):
    done = taskgen("workers", env={"BERTH_CPUS": "two"})
    assert done.status == 2
    assert done.stdout == ""
    assert "BERTH_CPUS: 'two' is no number of CPUs" in done.stderr
