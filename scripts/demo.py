#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make demo: from the static programs to a sized, running container, and what it answered.

Everything it makes lies in build/demo/ and is made anew each time; what it starts, it ends.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "demo"
BIN = ROOT / "build" / "static"
IMAGE = "berthd:demo"
CPU_UNITS = 1024
# Keys for the local endpoint only; AWS's own documentation uses them as examples.
EXAMPLE_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


def step(text):
    print(f"\n== {text}", flush=True)


def run(*args, env=None):
    """Runs a program, shows how it was called, returns its output."""
    shown = " ".join(str(a).replace(f"{ROOT}/", "") for a in args)
    print(f"$ {shown}", flush=True)
    done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, env={**os.environ, **(env or {})}, check=False)
    if done.returncode != 0:
        sys.exit(f"demo: `{shown}` ended with status {done.returncode}")
    return done.stdout.decode()


def imagegen_build(to):
    """Builds the demo's image; the same content gives the same digest, wherever it goes."""
    out = run(
        BIN / "imagegen", "build", "--json",
        "--file", f"{BIN / 'berthd'}:/berthd:0755",
        "--file", f"{OUT / 'posts.db'}:/srv/posts.db",
        "--dir", f"{ROOT / 'server' / 'site'}:/srv/www",
        "--entrypoint", "/berthd",
        "--cmd", "--database", "--cmd", "/srv/posts.db", "--cmd", "--static", "--cmd", "/=/srv/www",
        "--port", "8000",
        "-o", to,
    )  # fmt: skip
    return json.loads(out)


def build_image():
    step("an OCI image from the static binary, a small site and a posts database")
    run(BIN / "berthd", "--init-db", OUT / "posts.db")
    image = imagegen_build(f"oci:{OUT / 'image'}:demo")
    print(f"{image['digest']}  {image['size']} bytes")
    return image


def render_task():
    step("its Fargate task definition for 1 vCPU, workers derived from the quota")
    text = run(BIN / "taskgen", "--cpu", CPU_UNITS, "--image", IMAGE)
    (OUT / "task.json").write_text(text)
    print(text, end="")
    return json.loads(text)


class FakeEcs:
    """The test suite's strict ECS endpoint, on a loopback port of the system's choice."""

    def __init__(self):
        self.child = subprocess.Popen(
            ["/usr/bin/python3", str(ROOT / "tests" / "support" / "fake_ecs.py")], stdout=subprocess.PIPE, text=True
        )
        line = self.child.stdout.readline()
        ready = re.match(r"READY (http://\S+)", line)
        if not ready:
            self.stop()
            sys.exit(f"demo: the local ECS endpoint did not start: {line}")
        self.url = ready.group(1)

    def stop(self):
        self.child.terminate()
        self.child.wait()


def register():
    step("registered with an ECS endpoint (a local one, which checks signature and body)")
    endpoint = FakeEcs()
    try:
        arn = run(
            BIN / "taskgen", "register", OUT / "task.json", "--region", "us-east-1", "--endpoint-url", endpoint.url,
            env=EXAMPLE_KEYS,
        ).strip()  # fmt: skip
    finally:
        endpoint.stop()
    print(arn)
    return arn


def docker_answers():
    docker = shutil.which("docker")
    if not docker:
        return False
    done = subprocess.run([docker, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


class Container:
    """The image in Docker, under the task's CPU quota and memory."""

    how = "in Docker"

    def __init__(self, task):
        imagegen_build(f"docker-daemon:{IMAGE}")
        definition = task["containerDefinitions"][0]
        args = ["docker", "run", "--detach", "--publish", "127.0.0.1::8000", "--cpus", str(int(task["cpu"]) / 1024),
                "--memory", f"{task['memory']}m"]  # fmt: skip
        for variable in definition["environment"]:
            args += ["--env", f"{variable['name']}={variable['value']}"]
        self.id = run(*args, IMAGE).strip()

    def address(self):
        return run("docker", "port", self.id, "8000/tcp").splitlines()[0].strip()

    def log(self):
        return subprocess.run(["docker", "logs", self.id], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout

    def stop(self):
        for command in (["stop", self.id], ["rm", "--force", self.id], ["rmi", IMAGE]):
            subprocess.run(["docker", *command], stdout=subprocess.DEVNULL, check=False)


class Plain:
    """The same program, arguments and environment as a process, where no Docker daemon answers."""

    how = "as a plain process (no Docker daemon answers here)"

    def __init__(self, task):
        definition = task["containerDefinitions"][0]
        args = [BIN / "berthd", "--database", OUT / "posts.db", "--static", f"/={ROOT / 'server' / 'site'}", "--bind", "127.0.0.1:0"]
        env = {v["name"]: v["value"] for v in definition["environment"]}
        print("$ " + " ".join([f"{k}={v}" for k, v in env.items()] + [str(a).replace(f"{ROOT}/", "") for a in args]))
        self.output = (OUT / "berthd.log").open("wb")
        self.child = subprocess.Popen([str(a) for a in args], env=env, stderr=self.output)

    def address(self):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            found = re.search(r"listening on (\S+:\d+)", self.log())
            if found:
                return found.group(1)
            time.sleep(0.005)
        sys.exit(f"demo: berthd did not start: {self.log()}")

    def log(self):
        return (OUT / "berthd.log").read_text()

    def stop(self):
        self.child.terminate()
        self.child.wait()
        self.output.close()


def ask(address):
    url = f"http://{address}/api/v1/posts/"
    print(f"$ curl {url}")
    deadline = time.monotonic() + 5
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"demo: {url}: {error}")
            time.sleep(0.005)


def run_image(task):
    kind = Container if docker_answers() else Plain
    step(f"run {kind.how}, with the task's CPU, memory and environment")
    service = kind(task)
    try:
        posts = ask(service.address())
        log = service.log().strip()
    finally:
        service.stop()
    print(json.dumps(posts[0], indent=2))
    print(f"... and {len(posts) - 1} more")
    return kind.how, posts, log.splitlines()[0]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    image = build_image()
    task = render_task()
    arn = register()
    how, posts, workers = run_image(task)
    environment = {v["name"]: v["value"] for v in task["containerDefinitions"][0]["environment"]}
    step("summary")
    print(f"image    {image['digest']}, {image['size']} bytes (build/demo/image)")
    print(f"task     {task['cpu']} CPU units, {task['memory']} MiB, WEB_CONCURRENCY={environment['WEB_CONCURRENCY']} (build/demo/task.json)")
    print(f"arn      {arn} (local endpoint)")
    print(f"server   {workers}")
    print(f"answer   {len(posts)} posts, {how}")


if __name__ == "__main__":
    main()
