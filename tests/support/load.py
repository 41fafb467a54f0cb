# SPDX-License-Identifier: Apache-2.0
"""Clients that never stop asking, and count: every request that was sent must be answered."""

import threading

from support.http_raw import Raw


class Load:
    """with Load(address) as load: ...; load.lost is [] when nothing was lost.

    Half of the clients keep their connection, the others make one for each request.  A connection that
    cannot be made is lost as well, unless refused=True: then it ends the client, as after a stop."""

    def __init__(self, address, clients=8, path="/healthz", refused=False):
        self.address = address
        self.path = path
        self.refused = refused
        self.lost = []
        self.answered = [0] * clients
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def total(self):
        return sum(self.answered)

    def stop(self):
        self._stop.set()
        self.join()

    def join(self, timeout=60):
        for thread in self._threads:
            thread.join(timeout)
            assert not thread.is_alive(), "a client waits for ever"

    def _client(self, i):
        while not self._stop.is_set():
            try:
                raw = Raw(self.address, timeout=20)
            except OSError as e:
                if not self.refused:
                    self.lost.append(("connect", e))
                return
            with raw:
                try:
                    self._ask(raw, i)
                except (OSError, EOFError) as e:
                    self.lost.append((f"request {self.answered[i] + 1} of client {i}", e))
                    return

    def _ask(self, raw, i):
        while not self._stop.is_set():
            answer = raw.get(self.path, "" if i % 2 else "Connection: close\r\n")
            if answer.status != 200:
                self.lost.append((f"request {self.answered[i] + 1} of client {i}", answer.status))
            self.answered[i] += 1
            if answer.headers.get("connection") == "close":
                return
