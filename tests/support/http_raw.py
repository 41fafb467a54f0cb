# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand over a socket, for what no HTTP library sends or shows."""

import socket


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # lower-case names
        self.body = body


class Raw:
    """A connection to (host, port) or to the path of a unix socket."""

    def __init__(self, address, timeout=10):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
        self._rest = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def get(self, path="/healthz", headers="", method="GET"):
        self.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
        return self.response(method)

    def _more(self):
        data = self.socket.recv(262144)
        self._rest += data
        return bool(data)

    def response(self, method="GET"):
        """The next response; EOFError when the connection ends before it is whole."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                raise EOFError(f"the connection ended after {bytes(self._rest)!r}")
        end = self._rest.index(b"\r\n\r\n")
        head = bytes(self._rest[:end])
        del self._rest[: end + 4]
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status = first.split(" ")[:2]
        assert version == "HTTP/1.1", first
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} stands twice"
            headers[name.lower()] = value
        assert "date" in headers, "every response has a Date"
        length = 0
        if method != "HEAD" and int(status) not in (204, 304):
            length = int(headers["content-length"])
        while len(self._rest) < length:
            if not self._more():
                raise EOFError(f"the body ended after {len(self._rest)} of {length} bytes")
        body = bytes(self._rest[:length])
        del self._rest[:length]
        return Response(int(status), headers, body)

    def ended(self, timeout=10):
        """Whether the server ends the connection, cleanly and without another byte, within a time."""
        self.socket.settimeout(timeout)
        try:
            return not self._rest and self.socket.recv(1) == b""
        except socket.timeout:
            return False
