# SPDX-License-Identifier: Apache-2.0
"""Running programs: to their end, or until they have printed that they are ready."""

import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass


@dataclass
class Done:
    status: int
    stdout: str
    stderr: str

    def __str__(self):
        return f"status {self.status}\nstdout:\n{self.stdout}\nstderr:\n{self.stderr}"


def environment(extra):
    """A small, fixed environment: a developer's own settings must not decide a test."""
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(extra or {})
    return {name: value for name, value in env.items() if value is not None}


def run(args, stdin=None, env=None, cwd=None, timeout=60):
    """Runs a program to its end; stdin is text or bytes; output that is no UTF-8 is kept escaped."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [str(a) for a in args],
        input=data if data is not None else b"",
        capture_output=True,
        env=environment(env),
        cwd=cwd,
        timeout=timeout,
        check=False,
    )
    return Done(
        done.returncode,
        done.stdout.decode(errors="backslashreplace"),
        done.stderr.decode(errors="backslashreplace"),
    )


def wait_until_open(child, path):
    """True once the process has the file open, False when it ended before."""
    while child.poll() is None:
        try:
            for fd in os.scandir(f"/proc/{child.pid}/fd"):
                if os.readlink(fd.path) == str(path):
                    return True
        except OSError:
            continue
    return False


class Process:
    """A program in the background.  Its output (both streams) is collected line by line; .match is what
    the ready pattern found."""

    def __init__(self, args, ready=None, env=None, cwd=None, timeout=20):
        self.lines = []
        self.match = None
        self._ready = re.compile(ready) if ready else None
        self._event = threading.Event()
        self._child = subprocess.Popen(
            [str(a) for a in args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(env),
            cwd=cwd,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if self._ready and not (self._event.wait(timeout) and self.match):
            self.stop()
            raise AssertionError(f"{args[0]} did not become ready: {self.output}")

    @property
    def pid(self):
        return self._child.pid

    @property
    def output(self):
        return "".join(self.lines)

    def _read(self):
        for raw in self._child.stdout:
            line = raw.decode(errors="backslashreplace")
            self.lines.append(line)
            if self._ready and not self.match:
                self.match = self._ready.search(line)
                if self.match:
                    self._event.set()
        self._event.set()

    def signal(self, number):
        self._child.send_signal(number)

    def wait(self, timeout=20):
        """The exit status, once it has ended and all its output is read."""
        status = self._child.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self, timeout=10):
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(timeout)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._reader.join(timeout)
        return self._child.returncode
