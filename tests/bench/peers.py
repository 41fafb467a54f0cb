# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: each started on a free port inside a control group of its own.

    with peers.Nginx(folder, 0.5) as server:
        load.wrk(server.port, peers.JSON, ...)

Every kind serves the folder's site: JSON (200 bytes) and PAGE (16 KiB).  lwan is not packaged by Debian and is
left out.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import quota as quota_module  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# Another build may be measured: BERTHD=/path/to/berthd.
BERTHD = Path(os.environ.get("BERTHD", ROOT / "build/static/berthd"))
FLOOR = ROOT / "build/bench/floor"
JSON, PAGE = "/data.json", "/page.txt"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def site(folder):
    """The folder with the files that all serve."""
    www = Path(folder) / "www"
    www.mkdir(exist_ok=True)
    start = '{"id": 1, "title": "'
    (www / JSON[1:]).write_text(start + "x" * (200 - len(start) - 2) + '"}')
    (www / PAGE[1:]).write_bytes(b"x" * 16384)
    return www


class Scratch:
    """A temporary folder with the site in it: with Scratch() as folder."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="berth-bench-"))
        # Servers that give up root must still be able to read it.
        self.folder.chmod(0o755)
        site(self.folder)
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Program:
    """A program that runs inside a with block; a kind says how it starts and sets child."""

    stop_signal = signal.SIGTERM
    child = None

    def start(self):
        raise NotImplementedError

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(self.stop_signal)
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


class Server(Program):
    """A peer; a kind says its command().  cpus: its quota, None for none.  workers: processes or threads."""

    name = ""
    program = ""
    ready_path = JSON

    def __init__(self, folder, cpus=None, workers=1):
        self.base, self.cpus, self.workers = Path(folder), cpus, workers
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.program}-", dir=folder))
        self.quota = None

    @classmethod
    def missing(cls):
        return None if shutil.which(cls.program) else f"{cls.program} is not installed"

    def command(self):
        raise NotImplementedError

    def environment(self):
        return None

    def stdout(self):
        """Where its standard output goes."""
        return subprocess.DEVNULL

    def started(self):
        """Called when the process is there, before it is known to be ready."""

    def start(self):
        self.quota = quota_module.Quota(self.cpus)
        self.log = self.folder / "stderr"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [str(a) for a in self.command()], stdin=subprocess.DEVNULL, stdout=self.stdout(), stderr=log,
                preexec_fn=self.quota.join, env=self.environment(),
            )  # fmt: skip
        self.started()
        self.wait_ready()

    def wait_ready(self, timeout=60):
        deadline = time.monotonic() + timeout
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready_path}", timeout=30) as answer:
                    answer.read()
                    return
            except urllib.error.HTTPError as e:
                failure = f"{self.ready_path} is answered with {e.code}"
            except OSError as e:
                failure = str(e)
            if time.monotonic() > deadline or self.child.poll() is not None:
                errors = self.log.read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"{self.name} did not start: {failure}\n{errors}")
            time.sleep(0.005)

    def pids(self):
        """The processes of the server, the first one first."""
        members = [int(pid) for pid in (self.quota.path / "cgroup.procs").read_text().split()]
        return sorted(members, key=lambda pid: pid != self.child.pid)

    def memory_kib(self, field="Rss"):
        """Rss or Pss of all processes together."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(f"{field}:"):
                    total += int(line.split()[1])
        return total

    def cpu_seconds(self):
        """What the processes that run have used so far, in user space and in the kernel; all their threads."""
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def stop(self):
        super().stop()
        if self.quota:
            for pid in (self.quota.path / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            self.quota.remove()
            self.quota = None


def berthd_help():
    """To see which flags this berthd has."""
    return subprocess.run([BERTHD, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


class Berthd(Server):
    """berthd; flags are added to its command, workers=None leaves the count to it."""

    name = "berthd"
    program = str(BERTHD)

    def __init__(self, folder, cpus=None, workers=1, flags=(), environment=None):
        self.program = "berthd"
        super().__init__(folder, cpus, workers)
        self.flags, self.extra_environment = list(flags), environment or {}

    def command(self):
        workers = ["-w", self.workers] if self.workers is not None else []
        site_flags = ["--static", f"/={self.base / 'www'}"]
        return [BERTHD, *workers, "-b", f"127.0.0.1:{self.port}", *site_flags, *self.flags]

    def environment(self):
        return {"PATH": os.environ["PATH"], **self.extra_environment}


class Floor(Server):
    name = "floor"
    program = str(FLOOR)

    def __init__(self, folder, cpus=None, workers=1):
        self.program = "floor"
        super().__init__(folder, cpus, workers)

    @classmethod
    def missing(cls):
        return None if FLOOR.exists() else f"{FLOOR} is not there"

    def command(self):
        return [FLOOR, self.port]


class Nginx(Server):
    name = "nginx"
    program = "nginx"

    def locations(self):
        return f"""root {self.base}/www; location = /healthz {{ return 200 "ok\\n"; }}"""

    def http(self):
        """More lines of the http block."""
        return "access_log off;"

    def command(self):
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        conf = self.folder / "nginx.conf"
        conf.write_text(
            f"""daemon off; worker_processes {self.workers}; pid {self.folder}/pid; error_log stderr crit; user root;
worker_rlimit_nofile 20000;
events {{ worker_connections 12000; }}
http {{
  sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 75s;
  types {{ text/plain txt; application/json json; }}
  {self.http()}
  {temporary}
  server {{ listen 127.0.0.1:{self.port} backlog=2048{" reuseport" if self.workers > 1 else ""}; {self.locations()} }}
}}
"""
        )
        return ["nginx", "-c", conf, "-p", self.folder]


class H2o(Server):
    name = "h2o"
    program = "h2o"

    def command(self):
        conf = self.folder / "h2o.conf"
        conf.write_text(
            f"""num-threads: {self.workers}
user: root
pid-file: {self.folder}/pid
error-log: /dev/null
http1-request-timeout: 75
listen: {{ host: 127.0.0.1, port: {self.port} }}
hosts:
  default:
    paths:
      "/": {{ file.dir: {self.base}/www }}
"""
        )
        return ["h2o", "-m", "worker", "-c", conf]


class Lighttpd(Server):
    name = "lighttpd"
    program = "lighttpd"
    stop_signal = signal.SIGINT

    def command(self):
        conf = self.folder / "lighttpd.conf"
        conf.write_text(
            f"""server.document-root = "{self.base}/www"
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorlog = "/dev/null"
server.max-keep-alive-requests = 100000000
server.max-keep-alive-idle = 75
server.max-worker = {self.workers if self.workers > 1 else 0}
server.max-fds = 20000
mimetype.assign = ( ".txt" => "text/plain", ".json" => "application/json" )
"""
        )
        return ["lighttpd", "-D", "-f", conf]


class Upstream:
    """`floor` on a unix socket, without a quota: what is behind a proxy that is measured."""

    def __init__(self, folder):
        self.path = Path(folder) / "upstream"

    def __enter__(self):
        self.child = subprocess.Popen([FLOOR, self.path], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.path.exists():
            if time.monotonic() > deadline or self.child.poll() is not None:
                raise RuntimeError("the upstream did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


FIXED = (Nginx, H2o, Lighttpd, Floor)


def available(kinds, program):
    """Those that are installed; a line tells which are not."""
    found = []
    for kind in kinds:
        why_not = kind.missing()
        if why_not:
            print(f"{program}: {why_not}; left out", flush=True)
        else:
            found.append(kind)
    return found
