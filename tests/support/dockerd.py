# SPDX-License-Identifier: Apache-2.0
"""A Docker daemon for a test session: own socket, own data, no bridge, ended by its pid."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from support import proc

CLIENT = "/usr/bin/docker"


def missing():
    """Why there can be no daemon here, or None."""
    if os.geteuid() != 0:
        return "a private dockerd needs root"
    for program in ("/usr/sbin/dockerd", CLIENT):
        if not Path(program).exists():
            return f"{program} is missing: make test installs docker.io when run as root"
    return None


class Network:
    """A network namespace of the suite's own, in which a daemon may make its bridge and its rules."""

    def __init__(self):
        self.name = f"berth-{secrets.token_hex(4)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        # nsenter, as `ip netns exec` would put a new /sys in front of the control groups.
        self.enter = ["nsenter", f"--net=/var/run/netns/{self.name}"]
        subprocess.run([*self.enter, "ip", "link", "set", "lo", "up"], check=True)

    def remove(self):
        subprocess.run(["ip", "netns", "delete", self.name], check=True)


class Dockerd:
    """network: a Network to live in, with a bridge for published ports; None: no bridge, no rules."""

    def __init__(self, folder, network=None):
        # A socket's path is at most 107 bytes, so it lies in a short folder of its own.
        self._run = Path(tempfile.mkdtemp(prefix="bd"))
        self.socket = self._run / "docker.sock"
        self._folder = Path(folder)
        self._log = (self._folder / "dockerd.log").open("wb")
        self._child = subprocess.Popen(
            [
                *(network.enter if network else []),
                "/usr/sbin/dockerd",
                f"--host=unix://{self.socket}",
                f"--data-root={self._folder / 'data'}",
                f"--exec-root={self._run / 'exec'}",
                f"--pidfile={self._run / 'pid'}",
                # No config file of the machine's, no bridge, no rules in its firewall.
                f"--config-file={self._empty_config()}",
                *([] if network else ["--bridge=none", "--iptables=false", "--ip6tables=false"]),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_until_it_answers()

    def _empty_config(self):
        path = self._run / "daemon.json"
        path.write_text("{}")
        return path

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                break
            if self.socket.exists() and self.cli("version").status == 0:
                return
            time.sleep(0.05)
        log = (self._folder / "dockerd.log").read_text(errors="replace")[-4000:]
        self.stop()
        raise RuntimeError(f"dockerd did not start:\n{log}")

    def cli(self, *args, stdin=None, timeout=120):
        """Debian's docker client against this daemon."""
        return proc.run(
            [CLIENT, *args],
            stdin=stdin,
            env={"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self._run)},
            timeout=timeout,
        )

    def load(self, path):
        done = self.cli("load", "-i", str(path))
        assert done.status == 0, done
        return done

    def stop(self):
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._log.close()
        # dockerd leaves the file on which it had mounted its network namespace.
        subprocess.run(["umount", "--lazy", self._run / "exec/netns/default"], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self._run, ignore_errors=True)
        shutil.rmtree(self._folder / "data", ignore_errors=True)
