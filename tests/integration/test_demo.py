# SPDX-License-Identifier: Apache-2.0
"""make demo, the main job end to end: without a Docker daemon, and with one."""

import json
import os
import re

import pytest

from support import dockerd, proc


def demo(root, enter=(), **env):
    done = proc.run(
        [*enter, "make", "demo"], cwd=root, env={"MAKEFLAGS": "", "HOME": os.environ.get("HOME", "/root"), **env}, timeout=300
    )
    assert done.status == 0, done
    return done.stdout


def check_summary(root, out):
    digest, size = re.search(r"^image +(sha256:[0-9a-f]{64}), (\d+) bytes", out, re.M).groups()
    index = json.loads((root / "build/demo/image/index.json").read_text())
    assert index["manifests"][0]["digest"] == digest
    assert int(size) < 1500000
    assert "task     1024 CPU units, 2048 MiB, WEB_CONCURRENCY=3" in out
    assert re.search(r"^arn      arn:aws:ecs:us-east-1:\d{12}:task-definition/berthd:1 \(local endpoint\)$", out, re.M)
    assert re.search(r"^answer   20 posts, ", out, re.M)


def test_demo_runs_the_image_as_a_process_where_no_docker_daemon_answers(root):
    out = demo(root, DOCKER_HOST="unix:///nonexistent/docker.sock")
    check_summary(root, out)
    assert "as a plain process (no Docker daemon answers here)" in out
    assert re.search(r"^server   .*3 workers .*WEB_CONCURRENCY", out, re.M)


def test_demo_runs_the_image_in_docker_under_the_quota(root, tmp_path):
    why_not = dockerd.missing()
    if why_not:
        pytest.skip(why_not)
    network = dockerd.Network()
    try:
        daemon = dockerd.Dockerd(tmp_path, network)
        try:
            out = demo(root, network.enter, DOCKER_HOST=f"unix://{daemon.socket}")
            check_summary(root, out)
            assert "--cpus 1.0" in out
            assert ", in Docker" in out
            # It cleans up: neither a container nor an image is left.
            assert daemon.cli("ps", "--all", "--quiet").stdout == ""
            assert daemon.cli("images", "--quiet").stdout == ""
        finally:
            daemon.stop()
    finally:
        network.remove()


def test_a_second_demo_gives_the_same_image(root):
    first = re.search(r"^image .*$", demo(root, DOCKER_HOST="unix:///nonexistent/docker.sock"), re.M)
    second = re.search(r"^image .*$", demo(root, DOCKER_HOST="unix:///nonexistent/docker.sock"), re.M)
    assert first.group() == second.group()
