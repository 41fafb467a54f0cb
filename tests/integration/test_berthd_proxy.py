# SPDX-License-Identifier: Apache-2.0
"""berthd before other servers: gunicorn on a unix socket, nginx, and upstreams that misbehave on purpose."""

import base64
import hashlib
import json
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

from support.http_raw import Raw
from support.upstream import Request, Upstream

READY = r"listening on ([^\n]*)"
MIB = 1024 * 1024

APP = '''
import hashlib, json, os

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/chunked":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"%d\\n" % i * 100 for i in range(200))
    if path == "/big":
        n = int(environ["QUERY_STRING"])
        start_response("200 OK", [("Content-Length", str(n))])
        return (b"x" * 65536 for _ in range(n // 65536))
    if path == "/hash":
        digest, n = hashlib.sha256(), 0
        while part := environ["wsgi.input"].read(65536):
            digest.update(part)
            n += len(part)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"%d %s" % (n, digest.hexdigest().encode())]
    if path == "/file":
        name = os.environ["BIG_FILE"]
        start_response("200 OK", [("Content-Length", str(os.path.getsize(name)))])
        return environ["wsgi.file_wrapper"](open(name, "rb"))
    seen = {k: v for k, v in environ.items() if isinstance(v, str) and (k.isupper() or k == "wsgi.url_scheme")}
    body = json.dumps({"environ": seen, "body": environ["wsgi.input"].read().decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                              ("Content-Length", str(len(body)))])
    return [body]
'''


@pytest.fixture
def serve(start, programs):
    """serve(*options) -> (process, (host, port))"""

    def run(*options, workers="1", bind="127.0.0.1:0"):
        process = start([programs["berthd"], "-b", bind, "-w", workers, *options], ready=READY)
        text = process.match.group(1).split(",")[0]
        if text.startswith("unix:"):
            return process, text[5:]
        host, port = text.rsplit(":", 1)
        return process, (host, int(port))

    return run


@pytest.fixture
def upstream():
    """upstream(answer) -> an Upstream that ends with the test."""
    running = []

    def make(answer, **more):
        running.append(Upstream(answer, **more))
        return running[-1]

    yield make
    for one in running:
        one.close()


@pytest.fixture
def gunicorn(start, tmp_path):
    """gunicorn(*options) -> the path of its unix socket"""

    def run(*options, env=None):
        (tmp_path / "app.py").write_text(APP)
        path = tmp_path / "gunicorn.sock"
        start(
            ["gunicorn", "--bind", f"unix:{path}", "--chdir", tmp_path, "--worker-tmp-dir", tmp_path, *options, "app"],
            ready=r"Booting worker", env={**(env or {}), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        return path

    return run


def wait_for(condition, timeout=20):
    """What condition returns once that is true."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)
    return value


def says(process, text):
    """Waits until it has written a text."""
    return wait_for(lambda: text in process.output)


def quiet(process):
    """Ends it: nothing was written about an upstream."""
    assert process.stop() == 0
    assert "upstream" not in process.output


def ok(body=b"ok\n", headers=b""):
    return b"HTTP/1.1 200 OK\r\nDate: x\r\n%sContent-Length: %d\r\n\r\n%s" % (headers, len(body), body)


def always(data):
    return lambda connection, request: data


def worker_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
        return [int(pid) for pid in f.read().split()]


def sockets_of(process):
    """How many sockets the only worker has open."""
    (pid,) = worker_of(process)
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return sum(name.startswith("socket:") for name in names)


def sockets_at_rest(process, address):
    """How many it has without any client."""
    with Raw(address) as raw:
        assert raw.get().status == 200
        return sockets_of(process) - 1


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def read_all(raw):
    """All bytes until the server closes."""
    data = bytearray(raw._rest)
    while part := raw.socket.recv(262144):
        data += part
    return bytes(data)


def dechunk(data):
    """(body, complete) of a chunked body."""
    body = b""
    while b"\r\n" in data:
        size, rest = data.split(b"\r\n", 1)
        n = int(size, 16)
        if n == 0:
            return body, rest == b"\r\n"
        body += rest[:n]
        if rest[n : n + 2] != b"\r\n":
            return body, False
        data = rest[n + 2 :]
    return body, False


# ---- real servers ----


def test_gunicorn_sees_what_it_saw_behind_nginx(serve, gunicorn):
    _, address = serve("--proxy", f"/=unix:{gunicorn()}")
    with Raw(address) as raw:
        raw.send(
            "POST /a%2Fb?c=d HTTP/1.1\r\nHost: site.example\r\nContent-Length: 5\r\nX-Real-IP: 6.6.6.6\r\n"
            "X_Forwarded_For: 6.6.6.6\r\nCookie: k=v\r\n\r\nhello"
        )
        head = read_head(raw)
        body = json.loads(read_n(raw, int(head["content-length"][0])))
        environ = body["environ"]
        assert head["set-cookie"] == ["a=1", "b=2"]
        assert body["body"] == "hello"
        assert environ["RAW_URI"] == "/a%2Fb?c=d"
        assert environ["REQUEST_METHOD"] == "POST"
        assert environ["HTTP_HOST"] == "site.example"
        assert environ["HTTP_COOKIE"] == "k=v"
        assert environ["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
        assert environ["HTTP_X_REAL_IP"] == "6.6.6.6"  # 127.0.0.1 is trusted
        assert environ["wsgi.url_scheme"] == "http"
        raw.send("GET / HTTP/1.1\r\nHost: site.example\r\nX-Forwarded-Proto: https\r\n\r\n")
        head = read_head(raw)
        environ = json.loads(read_n(raw, int(head["content-length"][0])))["environ"]
        assert environ["wsgi.url_scheme"] == "https"


def read_head(raw):
    """{lower-case name: [values]}, and the status as 'status'."""
    while b"\r\n\r\n" not in raw._rest:
        assert raw._more(), bytes(raw._rest)
    end = raw._rest.index(b"\r\n\r\n")
    first, *lines = bytes(raw._rest[:end]).decode("latin-1").split("\r\n")
    del raw._rest[: end + 4]
    head = {"status": int(first.split(" ")[1]), "line": first}
    for line in lines:
        name, value = line.split(": ", 1)
        head.setdefault(name.lower(), []).append(value)
    return head


def read_n(raw, n):
    while len(raw._rest) < n:
        assert raw._more(), "the body is cut"
    data = bytes(raw._rest[:n])
    del raw._rest[:n]
    return data


def test_gunicorns_chunks_reach_clients_of_both_versions(serve, gunicorn):
    _, address = serve("--proxy", f"/=unix:{gunicorn()}")
    expected = b"".join(b"%d\n" % i * 100 for i in range(200))
    with Raw(address) as raw:
        raw.send("GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_head(raw)["transfer-encoding"] == ["chunked"]
        assert dechunk(read_all(raw)) == (expected, True)
    with Raw(address) as raw:
        raw.send("GET /chunked HTTP/1.0\r\n\r\n")
        assert "transfer-encoding" not in read_head(raw)
        assert read_all(raw) == expected


def test_a_slow_client_holds_no_sync_worker(serve, gunicorn):
    """One gunicorn worker; a client that never finishes its body and one that does not read its answer."""
    _, address = serve("--proxy", f"/=unix:{gunicorn('--workers', '1')}")
    with Raw(address) as slow_body, Raw(address) as slow_reader, Raw(address) as good:
        slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
        slow_reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow_reader.send("GET /big?196608 HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(3):
            good.send("GET /hash HTTP/1.1\r\nHost: a\r\n\r\n")
            assert read_head(good)["status"] == 200
            assert b"0 " in bytes(good._rest) or good._more()
            while b"0\r\n\r\n" not in good._rest:
                assert good._more()
            good._rest.clear()
        assert len(read_n(slow_reader, 196608)) == 196608


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_bodies_pass_in_both_directions_in_little_memory(serve, gunicorn, tmp_path, variant, chunked):
    size = (200 if variant == "static" else 40) * MIB
    big = tmp_path / "big"
    part = os.urandom(MIB)
    with open(big, "wb") as f:
        for _ in range(size // MIB):
            f.write(part)
    path = gunicorn(env={"BIG_FILE": str(big)})
    process, address = serve("--proxy", f"/=unix:{path}", "--limit-request-body", str(size))
    digest = hashlib.sha256()
    for _ in range(size // MIB):
        digest.update(part)
    with Raw(address, timeout=60) as raw:
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        raw.send(f"POST /hash HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n")
        for _ in range(size // MIB):
            raw.send(b"%x\r\n%s\r\n" % (MIB, part) if chunked else part)
        if chunked:
            raw.send(b"0\r\n\r\n")
        assert read_head(raw)["status"] == 200
        while not raw._rest.endswith(b"0\r\n\r\n"):
            assert raw._more()
        assert b"%d %s" % (size, digest.hexdigest().encode()) in raw._rest
    with Raw(address, timeout=60) as raw:
        raw.send("GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head = read_head(raw)
        got, n = hashlib.sha256(raw._rest), len(raw._rest)
        while data := raw.socket.recv(MIB):
            got.update(data)
            n += len(data)
        assert int(head["content-length"][0]) == n == size
        assert got.hexdigest() == digest.hexdigest()
    if variant == "static":
        assert resident_kib(worker_of(process)[0]) < 16 * 1024


def test_nginx_as_upstream(serve, start, tmp_path):
    (tmp_path / "www").mkdir()
    (tmp_path / "www/page.txt").write_text("page\n" * 10000)
    sock = tmp_path / "nginx.sock"
    (tmp_path / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {tmp_path}/pid; error_log stderr notice;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {tmp_path}/1; proxy_temp_path {tmp_path}/2; fastcgi_temp_path {tmp_path}/3;
uwsgi_temp_path {tmp_path}/4; scgi_temp_path {tmp_path}/5;
server {{ listen unix:{sock}; root {tmp_path}/www; gzip on; gzip_min_length 1; gzip_types text/plain;
location /who {{ return 200 "$http_x_forwarded_for $http_host $request_uri"; }} }} }}
"""
    )
    if os.geteuid() == 0:
        (tmp_path / "nginx.conf").write_text("user root;\n" + (tmp_path / "nginx.conf").read_text())
    start(["nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path], ready="start worker processes")
    _, address = serve("--proxy", f"/=unix:{sock}", "--forwarded-allow-ips", "*")
    with Raw(address) as raw:
        assert raw.get("/page.txt").body == b"page\n" * 10000
        assert raw.get("/page.txt", headers="Range: bytes=5-8\r\n").body == b"page"
        assert raw.get("/page.txt", method="HEAD").headers["content-length"] == "50000"
        assert raw.get("/none").status == 404
        assert raw.get("/who?a", headers="X-Forwarded-For: 1.2.3.4\r\n").body == b"1.2.3.4, 127.0.0.1 a /who?a"
        tag = raw.get("/page.txt").headers["etag"]
        assert raw.get("/page.txt", headers=f"If-None-Match: {tag}\r\n").status == 304
        assert raw.get("/page.txt").headers["server"].startswith("nginx")


# ---- connections ----


def test_connections_to_the_upstream_are_kept(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}")
    for _ in range(5):
        with Raw(address) as raw:
            for _ in range(20):
                assert raw.get("/").body == b"ok\n"
    assert len(peer.requests) == 100
    assert len(peer.connections) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nDate: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n",
        b"HTTP/1.0 200 OK\r\nDate: x\r\nContent-Length: 3\r\n\r\nok\n",
        b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 3\r\n\r\nok\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ],
    ids=["close", "1.0", "surplus bytes"],
)
def test_connections_that_must_not_be_kept_are_not(serve, upstream, answer):
    peer = upstream(always(answer))
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        for _ in range(3):
            assert raw.get("/").body == b"ok\n"
    assert len(peer.connections) == 3


def test_no_connection_is_kept_when_none_may_be(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}", "--proxy-keepalive", "0")
    with Raw(address) as raw:
        for _ in range(3):
            assert raw.get("/").body == b"ok\n"
    assert len(peer.connections) == 3


def once_then(first, then):
    """Answers the first request of each connection, and the second one in another way."""

    def answer(connection, request):
        connection.asked = getattr(connection, "asked", 0) + 1
        return first if connection.asked == 1 else then

    return answer


def test_a_kept_connection_that_is_closed_is_replaced(serve, upstream):
    """The upstream closes it instead of answering: whoever may be asked again is, and the client sees nothing."""
    peer = upstream(once_then(ok(), None))
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        for method in ("GET", "GET", "HEAD", "OPTIONS", "DELETE"):
            assert raw.get("/", method=method).status == 200
        assert raw.get("/", method="PUT", headers="Content-Length: 0\r\n").status == 200
    quiet(process)


def test_what_may_not_be_asked_twice_is_not(serve, upstream):
    peer = upstream(once_then(ok(), None))
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        assert raw.get("/").status == 200
        raw.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        assert raw.response().status == 502
    assert [r.line.split()[0] for r in peer.requests] == ["GET", "POST"]
    says(process, f"upstream {peer.url.removeprefix('http://')}: ")


def test_a_client_that_leaves_takes_the_upstream_connection_along(serve, upstream):
    waiting = threading.Event()

    def answer(connection, request):
        waiting.set()
        connection.more()

    peer = upstream(answer)
    process, address = serve("--proxy", f"/={peer.url}")
    before = sockets_at_rest(process, address)
    for abort in (False, True):
        waiting.clear()
        with Raw(address) as raw:
            raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert waiting.wait(20)
            if abort:
                raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert peer.connections[-1].ended.wait(20)
    wait_for(lambda: sockets_of(process) == before)
    quiet(process)


def test_pipelined_requests_are_answered_in_order(serve, upstream):
    peer = upstream(lambda c, r: ok(r.line.encode()))
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        raw.send("".join(f"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n" for i in range(50)))
        assert [raw.response().body for _ in range(50)] == [b"GET /%d HTTP/1.1" % i for i in range(50)]


# ---- what goes out ----


def test_only_the_trusted_say_where_a_request_comes_from(serve, upstream):
    peer = upstream(always(ok()))
    headers = (
        "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\n"
        "X-Forwarded-Ssl: on\r\n"
    )
    _, address = serve("--proxy", f"/={peer.url}", "--forwarded-allow-ips", "10.0.0.0/8")
    with Raw(address) as raw:
        raw.get("/", headers=headers)
    _, address = serve("--proxy", f"/={peer.url}", "--forwarded-allow-ips", "127.0.0.0/8")
    with Raw(address) as raw:
        raw.get("/", headers=headers)
    strange, trusted = (r.headers for r in peer.requests)
    assert (strange["x-forwarded-for"], strange["x-forwarded-proto"], strange["x-real-ip"]) == ("127.0.0.1", "http", "127.0.0.1")
    assert strange["forwarded"] == 'for=127.0.0.1;host="a";proto=http'
    assert "x-forwarded-ssl" not in strange
    assert (trusted["x-forwarded-for"], trusted["x-forwarded-proto"]) == ("1.1.1.1, 127.0.0.1", "https")
    assert trusted["forwarded"] == 'for=1.1.1.1, for=127.0.0.1;host="a";proto=http'
    assert trusted["x-forwarded-ssl"] == "on"


def test_one_id_goes_through_all_servers_when_asked_for(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}", "--request-id")
    with Raw(address) as raw:
        answers = [raw.get("/", headers=h) for h in ("", "X-Request-Id: mine-1\r\n", "X-Request-Id: not sane\r\n")]
    made, given, replaced = (r.headers["x-request-id"] for r in peer.requests)
    assert [a.headers["x-request-id"] for a in answers] == [made, given, replaced]
    assert given == "mine-1"
    assert len(made) == len(replaced) == 32 and made != replaced


def test_without_it_the_clients_id_passes_as_it_is(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        raw.get("/")
        raw.get("/", headers="X-Request-Id: mine 1\r\n")
    without, given = (r.headers for r in peer.requests)
    assert "x-request-id" not in without and given["x-request-id"] == "mine 1"


def test_paths_pass_unchanged_or_under_another_base(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve(
        "--proxy", f"/={peer.url}", "--proxy", f"/strip={peer.url}/", "--proxy", f"/app={peer.url}/other/base"
    )
    with Raw(address) as raw:
        for path in ("/x/../y?q", "/a%2fb%20c", "/strip/a%20b?q=1", "/strip", "/app/x/../%2e/y", "/appx", "/app?"):
            raw.get(path)
    assert [r.line.split()[1] for r in peer.requests] == [
        "/x/../y?q", "/a%2fb%20c", "/a%20b?q=1", "/", "/other/base/y", "/appx", "/other/base?",
    ]  # fmt: skip


def test_methods_pass_but_for_trace(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        for method in ("PROPFIND", "PATCH", "OPTIONS", "DELETE"):
            assert raw.get("/", method=method).status == 200
        assert raw.get("/", method="TRACE").status == 405
        assert raw.get("/", method="OPTIONS", headers="Max-Forwards: 0\r\n").status == 204
        assert raw.get("/", method="OPTIONS", headers="Max-Forwards: 2\r\n").status == 200
    assert peer.requests[-1].headers["max-forwards"] == "1"
    assert len(peer.requests) == 5


def test_a_body_is_asked_for_and_framed_anew(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}", "--proxy-request-buffer", "1000")
    with Raw(address) as raw:
        raw.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert b"100 Continue" in raw.socket.recv(1000)
        assert raw.send("abc").response().status == 200
        raw.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0\r\nT: 1\r\n\r\n")
        assert raw.response().status == 200
        big = "".join(f"64\r\n{'x' * 100}\r\n" for _ in range(50))
        raw.send(f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{big}0\r\n\r\n")
        assert raw.response().status == 200
        raw.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{'y' * 5000}")
        assert raw.response().status == 200
        assert raw.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").response().status == 200
    first, second, third, fourth, fifth = peer.requests
    assert (first.body, first.headers["content-length"]) == (b"abc", "3")
    assert "expect" not in first.headers
    assert (second.body, second.headers["content-length"]) == (b"abc", "3")  # it was whole before it went
    assert (third.body, third.headers.get("transfer-encoding")) == (b"x" * 5000, "chunked")
    assert (fourth.body, fourth.headers["content-length"]) == (b"y" * 5000, "5000")
    assert fifth.headers["content-length"] == "0"
    assert len(peer.connections) == 1


def test_an_upstream_that_does_not_read_holds_the_client_back(serve, upstream):
    """A large body must not pile up in the proxy."""
    go = threading.Event()
    size = 64 * MIB

    def reader(connection):
        head = connection.until(b"\r\n\r\n")
        if head is None:
            return None
        go.wait(30)
        connection.exactly(size)
        return Request(head, b"")

    peer = upstream(always(ok()), reader=reader)
    process, address = serve("--proxy", f"/={peer.url}", "--limit-request-body", str(size))
    with Raw(address, timeout=30) as raw:
        raw.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n")
        raw.socket.settimeout(1)
        sent = 0
        try:
            while sent < size:
                sent += raw.socket.send(b"z" * 65536)
        except (socket.timeout, BlockingIOError):
            pass
        assert sent < 32 * MIB, "nothing holds the client back"
        assert resident_kib(worker_of(process)[0]) < 200 * 1024
        go.set()
        raw.socket.settimeout(30)
        while sent < size:
            sent += raw.socket.send(b"z" * min(65536, size - sent))
        assert raw.response().status == 200


# ---- what comes back ----

HOSTILE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "NUL": b"HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n",
    "unasked upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhello",
    "endless interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000,
    "nothing": None,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_is_none_is_a_502(serve, upstream, name):
    def answer(connection, request):
        if HOSTILE[name] is not None:
            connection.send(HOSTILE[name])

    peer = upstream(answer)
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        assert raw.get("/").status == 502
        assert raw.get("/healthz").status == 200  # the client's connection is good
    says(process, f"upstream {peer.url.removeprefix('http://')}: ")


TRUNCATED = {
    "length": b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 10\r\n\r\nabc",
    "chunks": b"HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "broken chunks": b"HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n",
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_an_answer_that_breaks_off_shows(serve, upstream, name):
    def answer(connection, request):
        connection.send(TRUNCATED[name])

    peer = upstream(answer)
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = read_head(raw)
        data = read_all(raw)
        if name == "length":
            assert (head["content-length"], data) == (["10"], b"abc")
        else:
            assert dechunk(data) == (b"abc", False)
    says(process, "upstream")


def test_to_an_old_client_a_break_is_a_reset(serve, upstream):
    """Without chunks the end of the connection would look like the end of the body."""

    def answer(connection, request):
        connection.send(TRUNCATED["chunks"])

    peer = upstream(answer)
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw, pytest.raises(ConnectionResetError):
        read_all(raw.send("GET / HTTP/1.0\r\n\r\n"))


def test_answers_of_every_kind_pass(serve, upstream):
    answers = {
        "/close": b"HTTP/1.1 200 OK\r\nDate: x\r\n\r\nuntil the end",
        "/interim": b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok(b"final"),
        "/none": b"HTTP/1.1 204 Nothing To Say\r\nDate: x\r\nX-Request-Id: 7\r\n\r\n",
        "/odd": b"HTTP/1.1 418 I'm a teapot\r\nDate: x\r\nContent-Length: 0\r\nKeep-Alive: x\r\nX-Accel-Buffering: no\r\n\r\n",
        "/same": b"HTTP/1.1 304 Not Modified\r\nDate: x\r\nETag: a\r\nContent-Length: 500\r\n\r\n",
    }

    def answer(connection, request):
        path = request.line.split()[1]
        if path == "/close":
            connection.send(answers[path])
            return None
        return answers[path]

    peer = upstream(answer)
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        assert raw.get("/interim").body == b"final"
        none = raw.get("/none")
        assert (none.status, none.headers["x-request-id"], "content-length" in none.headers) == (204, "7", False)
        odd = raw.get("/odd")
        assert (odd.status, "keep-alive" in odd.headers, "x-accel-buffering" in odd.headers) == (418, False, False)
        same = raw.get("/same")
        assert (same.status, same.headers["etag"]) == (304, "a")
        assert raw.get("/interim", method="HEAD").headers["content-length"] == "5"
        raw.send("GET /close HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        read_head(raw)
        assert dechunk(read_all(raw)) == (b"until the end", True)


def test_events_are_not_held_back(serve, upstream):
    """Server-sent events: each reaches the client before the next is made."""
    step = threading.Semaphore(0)

    def answer(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: text/event-stream\r\n\r\n")
        for i in range(3):
            connection.send(b"data: %d\n\n" % i)
            step.acquire(timeout=20)

    peer = upstream(answer)
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_head(raw)["content-type"] == ["text/event-stream"]
        for i in range(3):
            while b"data: %d\n\n" % i not in raw._rest:
                assert raw._more()
            step.release()


def test_an_early_answer_to_a_large_body_arrives(serve, upstream):
    """The upstream refuses after the head and closes; the client hears that, not a reset."""

    def answer(connection, request):
        connection.send(b"HTTP/1.1 413 Too Large\r\nDate: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def reader(connection):
        head = connection.until(b"\r\n\r\n")
        return None if head is None else Request(head, b"")

    peer = upstream(answer, reader=reader)
    _, address = serve("--proxy", f"/={peer.url}", "--limit-request-body", str(64 * MIB), "--proxy-request-buffer", "1000")
    with Raw(address) as raw:
        raw.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {8 * MIB}\r\n\r\n")
        try:
            raw.send(b"x" * 8 * MIB)
        except OSError:
            pass
        assert raw.response().status == 413


def test_a_client_that_does_not_read_holds_the_upstream_back(serve, upstream):
    size = 64 * MIB
    sent = []

    def answer(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            connection.send(b"x" * 65536)
            sent.append(65536)
        return b""

    peer = upstream(answer)
    process, address = serve("--proxy", f"/={peer.url}", "--proxy-timeout", "1")
    with Raw(address, timeout=30) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        stalled = 0
        before = -1
        while stalled < 15:  # beyond --proxy-timeout: the upstream is not what is waited for
            stalled = stalled + 1 if len(sent) == before else 0
            before = len(sent)
            time.sleep(0.1)
        assert sum(sent) < 32 * MIB
        head = read_head(raw)
        assert len(read_n(raw, int(head["content-length"][0]))) == size
    quiet(process)


# ---- failures ----


def test_nobody_listening_is_a_502(serve, tmp_path):
    process, address = serve("--proxy", f"/=unix:{tmp_path}/none.sock")
    with Raw(address) as raw:
        assert [raw.get("/").status for _ in range(5)] == [502] * 5
    says(process, f"upstream unix:{tmp_path}/none.sock: No such file or directory (GET /)")


def test_silence_is_a_504(serve, upstream):
    stop = threading.Event()
    peer = upstream(lambda c, r: (stop.wait(30), None)[1])
    process, address = serve("--proxy", f"/={peer.url}", "--proxy-timeout", "1")
    with Raw(address) as raw:
        assert raw.get("/").status == 504
    stop.set()
    says(process, "no progress in time (GET /)")


def test_a_full_queue_is_waited_for_and_then_a_504(serve, tmp_path):
    """A unix socket whose backlog is full refuses connections for the moment."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "full.sock"))
    listener.listen(0)
    fillers = []
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(str(tmp_path / "full.sock"))
        except BlockingIOError:
            s.close()
            break
        fillers.append(s)
    _, address = serve("--proxy", f"/=unix:{tmp_path}/full.sock", "--proxy-connect-timeout", "1")
    with Raw(address) as raw:
        assert raw.get("/").status == 504
    with Raw(address) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(len(fillers)):
            listener.accept()[0].close()
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(ok())
        assert raw.response().status == 200
        connection.close()
    for s in [listener, *fillers]:
        s.close()


def test_requests_go_to_the_server_that_works(serve, upstream, tmp_path):
    peer = upstream(always(ok()))
    process, address = serve("--proxy", f"/=unix:{tmp_path}/none.sock,{peer.url}", "--proxy-max-fails", "2")
    with Raw(address) as raw:
        for _ in range(20):
            raw.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            assert raw.response().status == 200
    assert process.stop() == 0
    assert process.output.count("No such file or directory") == 2
    assert "left alone for 10 s" in process.output
    assert len(peer.requests) == 20


def test_when_all_rest_the_client_is_told_when_to_come_back(serve, tmp_path):
    process, address = serve(
        "--proxy", f"/=unix:{tmp_path}/a,unix:{tmp_path}/b", "--proxy-max-fails", "1", "--proxy-fail-timeout", "30"
    )
    with Raw(address) as raw:
        assert raw.get("/").status == 502
        refused = raw.get("/")
        assert refused.status == 503
        assert 1 <= int(refused.headers["retry-after"]) <= 31
        assert raw.get("/healthz").status == 200
    assert process.stop() == 0
    assert process.output.count("left alone") == 2


def test_a_server_that_rested_is_asked_again(serve, upstream, tmp_path):
    """Its time is over, and it answers now."""
    process, address = serve(
        "--proxy", f"/=unix:{tmp_path}/a,unix:{tmp_path}/b", "--proxy-max-fails", "1", "--proxy-fail-timeout", "1"
    )
    with Raw(address) as raw:
        assert raw.get("/").status == 502
        upstream(always(ok()), path=tmp_path / "a")
        wait_for(lambda: raw.get("/").status == 200)


def test_names_are_looked_up(serve, upstream):
    name = socket.gethostname()
    try:
        address = socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
    except OSError:
        pytest.skip("this machine's own name has no address")
    peer = upstream(always(ok()), host=address)
    _, address = serve("--proxy", f"/=http://{name}:{peer.listener.getsockname()[1]}")
    with Raw(address) as raw:
        assert [raw.get("/").status for _ in range(3)] == [200] * 3


def test_a_name_without_an_address_is_a_502(serve):
    process, address = serve("--proxy", "/=http://no-such-host.invalid:80", "--proxy-connect-timeout", "20")
    with Raw(address, timeout=60) as raw:
        assert raw.get("/").status == 502
        assert raw.get("/healthz").status == 200
    says(process, "upstream no-such-host.invalid:80: ")


def test_wrong_settings_are_refused(berthd):
    for options, text in (
        (["--proxy", "/=a"], "--proxy '/=a'"),
        (["--proxy", "/=unix:a", "--proxy", "/=unix:b"], "given twice"),
        (["--forwarded-allow-ips", "10.0.0.0/40"], "--forwarded-allow-ips"),
    ):
        done = berthd("-b", "127.0.0.1:0", "-w", "1", *options)
        assert done.status == 2 and text in done.stderr, done


# ---- WebSocket ----


def websocket_peer(connection, request):
    if request.headers.get("upgrade") != "websocket":
        return ok(b"no upgrade")
    key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest())
    connection.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\nhello"
    )
    while connection.buffer or connection.more():
        connection.send(bytes(connection.buffer))
        connection.buffer.clear()
    connection.send(b"bye")
    return None


HANDSHAKE = (
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def test_a_websocket_becomes_a_tunnel(serve, upstream):
    peer = upstream(websocket_peer)
    process, address = serve("--proxy", f"/={peer.url}")
    before = sockets_at_rest(process, address)
    with Raw(address) as raw:
        raw.send(HANDSHAKE + "early")
        head = read_head(raw)
        assert head["status"] == 101
        assert head["upgrade"] == ["websocket"]
        assert head["sec-websocket-accept"] == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
        assert read_n(raw, 10) == b"helloearly"
        data = os.urandom(4 * MIB)
        writer = threading.Thread(target=raw.send, args=(data,))
        writer.start()
        assert read_n(raw, len(data)) == data
        writer.join()
        raw.socket.shutdown(socket.SHUT_WR)
        assert read_all(raw) == b"bye"  # the other direction went on
    wait_for(lambda: sockets_of(process) == before)


def test_a_websocket_is_only_what_was_asked_for(serve, upstream):
    peer = upstream(websocket_peer)
    _, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as raw:
        assert raw.get("/chat", headers="Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n").body == b"no upgrade"
    assert "http2-settings" not in peer.requests[0].headers


def test_a_silent_websocket_ends(serve, upstream):
    peer = upstream(websocket_peer)
    _, address = serve("--proxy", f"/={peer.url}", "--proxy-tunnel-timeout", "1")
    with Raw(address) as raw:
        assert read_head(raw.send(HANDSHAKE))["status"] == 101
        assert read_all(raw) == b"hello"
    assert peer.connections[0].ended.wait(20)


def test_websockets_and_answers_are_waited_for_at_a_stop(serve, upstream):
    go = threading.Event()

    def answer(connection, request):
        if "upgrade" in request.headers:
            return websocket_peer(connection, request)
        go.wait(20)
        return ok()

    peer = upstream(answer)
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as socket_, Raw(address) as plain:
        assert read_head(socket_.send(HANDSHAKE))["status"] == 101
        plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: len(peer.requests) == 2)
        process.signal(15)
        assert read_n(socket_, 5) == b"hello"
        assert read_n(socket_.send(b"still there"), 11) == b"still there"
        go.set()
        assert plain.response().body == b"ok\n"
    assert process.wait() == 0


def test_what_is_under_way_at_a_quick_stop_is_cut(serve, upstream):
    peer = upstream(lambda c, r: websocket_peer(c, r) if "upgrade" in r.headers else (c.more(), None)[1])
    process, address = serve("--proxy", f"/={peer.url}")
    with Raw(address) as tunnel, Raw(address) as plain, Raw(address) as body:
        assert read_head(tunnel.send(HANDSHAKE))["status"] == 101
        plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        wait_for(lambda: len(peer.requests) == 2)
        process.signal(2)
        assert process.wait() == 0, process.output


# ---- the PROXY protocol ----

V2 = b"\r\n\r\n\0\r\nQUIT\n"


def test_the_proxy_protocol_gives_the_clients_address(serve, upstream):
    peer = upstream(always(ok()))
    _, address = serve("--proxy", f"/={peer.url}", "--proxy-protocol")
    request = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    for header in (
        b"PROXY TCP4 192.0.2.7 192.0.2.8 5000 80\r\n",
        V2 + b"\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x08\x13\x88\x00\x50",
        b"PROXY UNKNOWN\r\n",
        V2 + b"\x20\x00\x00\x00",
    ):
        with Raw(address) as raw:
            assert raw.send(header + request * 2).response().status == 200
            assert raw.response().status == 200
    with Raw(address) as raw:
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"PROXY TCP6 2001:db8::7 ::1 5000 80\r\n" + request:
            raw.send(bytes([byte]))
        assert raw.response().status == 200
    seen = [r.headers["x-forwarded-for"] for r in peer.requests]
    assert seen == ["192.0.2.7"] * 4 + ["6.6.6.6, 127.0.0.1"] * 4 + ["2001:db8::7"]


def test_who_should_send_the_proxy_protocol_must(serve):
    _, address = serve("--proxy-protocol")
    with Raw(address) as raw:
        assert raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").response().status == 400
        assert raw.ended()
    _, address = serve("--proxy-protocol", "--forwarded-allow-ips", "10.0.0.1")
    with Raw(address) as raw:
        assert raw.get().status == 200
    with Raw(address) as raw:
        assert raw.send("PROXY UNKNOWN\r\n\r\n").response().status == 400


# ---- many at once ----


def test_many_clients_share_few_connections(serve, gunicorn):
    path = gunicorn("--worker-class", "gthread", "--threads", "4")
    _, address = serve("--proxy", f"/=unix:{path}", workers="2")
    out = subprocess.run(
        ["wrk", "-t2", "-c32", "-d2s", f"http://127.0.0.1:{address[1]}/hash"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
