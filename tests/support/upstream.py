# SPDX-License-Identifier: Apache-2.0
"""An upstream that answers exactly the bytes a test wants, and remembers what it was asked."""

import socket
import threading


class Connection:
    def __init__(self, sock):
        self.socket = sock
        self.buffer = bytearray()
        self.ended = threading.Event()  # the proxy has closed its side

    def more(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        self.buffer += data
        if not data:
            self.ended.set()
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                return None
        end = self.buffer.index(mark) + len(mark)
        part = bytes(self.buffer[:end])
        del self.buffer[:end]
        return part

    def exactly(self, n):
        while len(self.buffer) < n:
            if not self.more():
                break
        part = bytes(self.buffer[:n])
        del self.buffer[:n]
        return part

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


class Request:
    def __init__(self, head, body):
        self.line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        self.fields = [tuple(line.split(": ", 1)) for line in lines]
        self.headers = {name.lower(): value for name, value in self.fields}
        self.body = body


def read_request(connection):
    """The next request with its body, chunks put together; None at the end."""
    head = connection.until(b"\r\n\r\n")
    if head is None:
        return None
    request = Request(head, b"")
    if request.headers.get("transfer-encoding") == "chunked":
        while True:
            line = connection.until(b"\r\n")
            if line is None:
                return None
            size = int(line, 16)
            request.body += connection.exactly(size)
            connection.exactly(2)
            if size == 0:
                break
    else:
        request.body = connection.exactly(int(request.headers.get("content-length", 0)))
    return request


class Upstream:
    """answer(connection, request) is called for each request, in a thread for each connection; it returns the bytes
    to send, or None when it has done all itself and the connection is to be closed."""

    def __init__(self, answer, path=None, reader=read_request, host="127.0.0.1"):
        self.requests = []
        self.connections = []
        self._answer = answer
        self._reader = reader
        self._lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.listener.bind(str(path) if path else (host, 0))
        self.listener.listen(128)
        self.url = f"unix:{path}" if path else "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            with self._lock:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                request = self._reader(connection)
                if request is None:
                    break
                with self._lock:
                    self.requests.append(request)
                data = self._answer(connection, request)
                if data is None:
                    break
                connection.send(data)
        except OSError:
            pass
        connection.close()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in list(self.connections):
            connection.close()
