# SPDX-License-Identifier: Apache-2.0
"""A docker-registry of the suite's own on a loopback port that the system chooses, ended by its pid."""

import socket
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    """auth: lines of its configuration that say who may do what."""

    def __init__(self, folder, auth=""):
        port = free_port()
        config = folder / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/storage}}}}\n"
            f'http: {{addr: "127.0.0.1:{port}"}}\n{auth}'
        )
        self.name = f"127.0.0.1:{port}"
        self._child = subprocess.Popen(
            ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait(port)

    def _wait(self, port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError("docker-registry does not start")

    def stop(self):
        self._child.kill()
        self._child.wait()
