# SPDX-License-Identifier: Apache-2.0
"""taskgen workers and exec inside something that answers as an ECS task's metadata does."""

import json
import os
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@pytest.fixture
def metadata():
    """metadata(document, status) -> the base URI of a server that answers GET /v4/abc/task with it."""
    servers = []

    def serve(document, status=200):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                found = self.path == "/v4/abc/task"
                self.send_response(status if found else 404)
                self.send_header("Content-Length", str(len(body) if found else 0))
                self.end_headers()
                if found:
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v4/abc"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def explain(taskgen, *args, env):
    done = taskgen("workers", "--explain", "--format", "json", *args, env=env)
    assert done.status == 0, done
    return json.loads(done.stdout)


def test_the_tasks_metadata_decides(taskgen, metadata):
    env = {"ECS_CONTAINER_METADATA_URI_V4": metadata({"Limits": {"CPU": 0.25, "Memory": 512}})}
    found = explain(taskgen, env=env)
    assert (found["workers"], found["policy"], found["cpus"]) == (1, "2n+1", 0.25)
    assert found["source"] == "metadata"
    assert found["where"].endswith("/v4/abc/task")
    assert found["memory_bytes"] == 512 * 1024 * 1024
    assert any(rung["source"] == "metadata" for rung in found["ladder"])
    assert taskgen("workers", env=env).stdout == "1\n"


def test_a_proxy_is_never_asked_for_the_metadata(taskgen, metadata):
    env = {"ECS_CONTAINER_METADATA_URI_V4": metadata({"Limits": {"CPU": 0.5}})}
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        env[name] = "http://127.0.0.1:1"
    found = explain(taskgen, env=env)
    assert (found["source"], found["cpus"], found["workers"]) == ("metadata", 0.5, 2)


@pytest.mark.parametrize("answer", [(b"not json", 200), ({"Limits": {"CPU": 0.25}}, 500), (b"x" * 4_000_000, 200)])
def test_metadata_of_no_use_is_told_and_the_stamp_decides(taskgen, metadata, answer):
    env = {"ECS_CONTAINER_METADATA_URI_V4": metadata(*answer), "BERTH_CPU_UNITS": "512", "BERTH_MEMORY_MIB": "1024"}
    found = explain(taskgen, env=env)
    assert (found["source"], found["cpus"], found["workers"]) == ("stamp", 0.5, 2)
    rung = next(rung for rung in found["ladder"] if rung["source"] == "metadata")
    assert rung.get("note")


def test_the_stamp_of_render_gives_the_workers_of_render(taskgen):
    for cpu in (256, 512, 1024):
        body = json.loads(taskgen("--cpu", cpu).stdout)
        stamped = {entry["name"]: entry["value"] for entry in body["containerDefinitions"][0]["environment"]}
        found = taskgen("workers", env=stamped).stdout.strip()
        assert found == stamped["WEB_CONCURRENCY"]


def test_without_explain_the_ladder_is_left_out(taskgen):
    found = json.loads(taskgen("workers", "--format", "json", "--cpus", "2").stdout)
    assert "ladder" not in found
    assert (found["workers"], found["source"], found["capped_by_memory"]) == (5, "explicit", False)


def test_memory_caps_the_workers(taskgen):
    env = {"BERTH_MEMORY_MIB": "512"}
    done = taskgen(
        "workers", "--cpus", "4", "--memory-per-worker", "100", "--reserve", "112", "--format", "json", env=env
    )
    found = json.loads(done.stdout)
    assert (found["workers"], found["capped_by_memory"]) == (4, True)


def test_explain_ends_with_the_result_and_env_stays_readable_by_a_shell(taskgen):
    text = taskgen("workers", "--explain", "--cpus", "1").stdout.splitlines()
    assert text[0].startswith("CPUs: 1, from ")
    assert text[-1].startswith("3 workers (2n+1 of 1 CPU; ")
    done = taskgen("workers", "--explain", "--format", "env", "--cpus", "1")
    assert [line for line in done.stdout.splitlines() if not line.startswith("#")] == ["WEB_CONCURRENCY=3"]


def test_exec_becomes_the_command(programs):
    args = [programs["taskgen"], "exec", "--cpus", "1", "--", "sh", "-c", "echo $$"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as child:
        out, _ = child.communicate(timeout=30)
        assert out == f"{child.pid}\n"
        assert child.returncode == 0


def test_exec_ends_as_the_command_ends(taskgen):
    assert taskgen("exec", "--cpus", "1", "--", "sh", "-c", "exit 42").status == 42
    assert taskgen("exec", "--cpus", "1", "--", "sh", "-c", "kill -TERM $$").status == -signal.SIGTERM


def test_exec_leaves_standard_input_and_open_files_to_the_command(programs):
    with open(os.devnull, "rb") as extra:
        done = subprocess.run(
            [programs["taskgen"], "exec", "--cpus", "1", "sh", "-c", f"cat; test -e /proc/self/fd/{extra.fileno()}"],
            input=b"hello",
            pass_fds=[extra.fileno()],
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello", b"")


def test_exec_says_nothing_and_leaves_nothing_open(taskgen, metadata):
    env = {"ECS_CONTAINER_METADATA_URI_V4": metadata({"Limits": {"CPU": 0.5}})}
    done = taskgen("exec", "--", "sh", "-c", "echo $WEB_CONCURRENCY $GOMAXPROCS; ls /proc/$$/fd", env=env)
    assert done.stderr == ""
    assert done.stdout.split() == ["2", "1", "0", "1", "2"]
