# SPDX-License-Identifier: Apache-2.0
"""What every integration test gets: the programs of one variant, peers on loopback, a private dockerd.

BERTH_VARIANT chooses build/<variant> (default static).  Everything a test starts ends with it.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support import dockerd as dockerd_module  # noqa: E402
from support import proc  # noqa: E402

# A suite in the background of a shell has SIGINT and SIGQUIT ignored, and would hand that on to every program.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

PROGRAMS = ("berthd", "imagegen", "taskgen")

# About the build and the papers: the same whichever variant's programs are tested, so run once.
if os.environ.get("BERTH_VARIANT", "static") != "static":
    collect_ignore = ["test_build.py", "test_demo.py", "test_deps.py", "test_docs.py"]


def pytest_report_header():
    return f"berth programs: {build_folder()}"


def build_folder():
    return ROOT / "build" / os.environ.get("BERTH_VARIANT", "static")


@pytest.fixture(scope="session")
def variant():
    return os.environ.get("BERTH_VARIANT", "static")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def programs():
    """Name -> path of the programs under test."""
    return {name: build_folder() / name for name in PROGRAMS}


def runner(path):
    def run(*args, stdin=None, env=None, cwd=None, timeout=60):
        return proc.run([path, *args], stdin=stdin, env=env, cwd=cwd, timeout=timeout)

    run.path = path
    return run


@pytest.fixture(scope="session")
def taskgen(programs):
    return runner(programs["taskgen"])


@pytest.fixture(scope="session")
def imagegen(programs):
    return runner(programs["imagegen"])


@pytest.fixture(scope="session")
def berthd(programs):
    return runner(programs["berthd"])


@pytest.fixture
def start():
    """start([...], ready=REGEX, env={...}, cwd=...) -> a process that has printed a matching line."""
    running = []

    def start_process(args, ready=None, env=None, cwd=None, timeout=20):
        process = proc.Process(args, ready=ready, env=env, cwd=cwd, timeout=timeout)
        running.append(process)
        return process

    yield start_process
    for process in reversed(running):
        process.stop()


@pytest.fixture(scope="session")
def docker(tmp_path_factory):
    """A dockerd of the suite's own: docker.socket, docker.cli(*args), docker.load(path)."""
    why_not = dockerd_module.missing()
    if why_not:
        pytest.skip(why_not)
    daemon = dockerd_module.Dockerd(tmp_path_factory.mktemp("dockerd"))
    yield daemon
    daemon.stop()
