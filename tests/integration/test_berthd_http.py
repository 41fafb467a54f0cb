# SPDX-License-Identifier: Apache-2.0
"""How berthd reads requests: over real sockets, byte by byte where it matters."""

import codecs
import http.client
import re
import select
import socket
import subprocess
import time
from pathlib import Path

import pytest

from support.http_raw import Raw

CASES = Path(__file__).resolve().parents[1] / "cases/server/requests.txt"
READY = r"listening on ([^\n]*)"


def read_cases():
    for line in CASES.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            expected, text = re.match(r"([\d ]+(?:close)?)\s+(.*)", line).groups()
            words = expected.split()
            yield pytest.param(
                codecs.escape_decode(text)[0],
                [int(w) for w in words if w != "close"],
                "close" in words,
                id=f"{expected.strip()} {text[:60]}",
            )


@pytest.fixture(scope="module")
def site(tmp_path_factory, berthd):
    folder = tmp_path_factory.mktemp("site")
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text("<p>hello\n")
    (folder / "www/.hidden").write_text("secret\n")
    (folder / "www/big").write_bytes(b"0123456789abcdef" * 65536)
    done = berthd("--init-db", folder / "posts.db")
    assert done.status == 0, done
    return folder


@pytest.fixture
def serve(start, programs, site):
    """serve(*options) -> (process, (host, port)); at the end nothing but the start line may have been
    written."""
    running = []

    def run(*options, workers="2", quiet=True):
        process = start(
            [programs["berthd"], "-b", "127.0.0.1:0", "-w", workers, "--static", f"/={site / 'www'}",
             "--database", f"sqlite:{site / 'posts.db'}", *options],
            ready=READY,
        )  # fmt: skip
        running.append((process, quiet))
        host, port = process.match.group(1).split(",")[0].rsplit(":", 1)
        return process, (host, int(port))

    yield run
    for process, quiet in running:
        assert process.stop() == 0
        if quiet:
            assert process.output.count("\n") == 1, process.output


@pytest.fixture(scope="module")
def shared(programs, site):
    """One server for all cases of the table."""
    from support import proc

    process = proc.Process(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "2", "--static", f"/={site / 'www'}", "--database", site / "posts.db"],
        ready=READY,
    )
    host, port = process.match.group(1).rsplit(":", 1)
    yield host, int(port)
    assert process.stop() == 0
    assert process.output.count("\n") == 1, process.output


def method_of(data):
    return data.lstrip(b"\r\n").split(b" ")[0].decode("latin-1")


@pytest.mark.parametrize("data, statuses, closes", read_cases())
def test_requests_get_their_statuses(shared, data, statuses, closes):
    with Raw(shared) as raw:
        raw.send(data)
        assert [raw.response(method_of(data)).status for _ in statuses] == statuses
        if closes:
            assert raw.ended()
        elif b"HTTP/1.0" not in data:
            assert raw.get().status == 200  # the connection is still good


@pytest.mark.parametrize("data, statuses, closes", read_cases())
def test_a_byte_at_a_time_makes_no_difference(shared, data, statuses, closes):
    with Raw(shared) as raw:
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for byte in data:
                raw.socket.send(bytes([byte]))
        except OSError:
            pass  # refused before the end: the answer is there all the same
        assert [raw.response(method_of(data)).status for _ in statuses] == statuses


def test_a_close_is_announced(shared):
    with Raw(shared) as raw:
        assert raw.get(headers="Connection: close\r\n").headers["connection"] == "close"
    with Raw(shared) as raw:
        raw.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert raw.response().headers["connection"] == "keep-alive"
        assert raw.get().status == 200
    with Raw(shared) as raw:
        assert "connection" not in raw.get().headers
        assert raw.send("bad\r\n\r\n").response().headers["connection"] == "close"


def test_allow_is_sent_with_405_and_options(shared):
    with Raw(shared) as raw:
        for method, path in (("POST", "/healthz"), ("OPTIONS", "/healthz"), ("DELETE", "/"), ("OPTIONS", "*")):
            assert raw.get(path, method=method).headers["allow"] == "GET, HEAD, OPTIONS"


def test_head_says_what_get_would_send(shared):
    for path in ("/healthz", "/", "/api/v1/posts/", "/none"):
        with Raw(shared) as raw:
            full, head = raw.get(path), raw.get(path, method="HEAD")
            assert head.status == full.status
            assert int(head.headers["content-length"]) == len(full.body)
            assert raw.get().body == b"ok\n"


def test_a_thousand_pipelined_requests_are_answered_in_order(shared):
    paths = ["/healthz", "/none", "/", "/api/v1/posts/?limit=1"]
    with Raw(shared) as raw:
        raw.send("".join(f"GET {paths[i % 4]} HTTP/1.1\r\nHost: a\r\n\r\n" for i in range(1000)))
        assert [raw.response().status for _ in range(1000)] == [200, 404, 200, 200] * 250


def test_a_client_that_reads_late_gets_all_its_answers(shared):
    """Pipelined large responses: the server must stop reading instead of buffering without end."""
    with Raw(shared) as raw:
        raw.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 40)
        for _ in range(40):
            assert len(raw.response().body) == 1048576


def test_a_client_that_shuts_its_side_is_answered(shared):
    with Raw(shared) as raw:
        raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        raw.socket.shutdown(socket.SHUT_WR)
        assert [raw.response().status for _ in range(3)] == [200] * 3
        assert raw.ended()


def test_libraries_and_curl_agree(shared):
    connection = http.client.HTTPConnection(*shared, timeout=10)
    for _ in range(3):
        connection.request("GET", "/api/v1/posts/")
        assert connection.getresponse().read().startswith(b'[{"id":1,')
    connection.close()
    url = f"http://{shared[0]}:{shared[1]}"
    out = subprocess.run(
        ["curl", "-sS", "-d", "x" * 100, "-w", " %{http_code} %{num_connects}", f"{url}/healthz", "-o", "/dev/null",
         f"{url}/healthz", "-o", "/dev/null"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert out.stdout == " 405 1 405 0"


def test_limits_are_settings(serve):
    _, address = serve(
        "--limit-request-line", "100", "--limit-request-fields", "3", "--limit-request-field_size", "80",
        "--limit-request-head", "256", "--limit-request-body", "10",
    )  # fmt: skip
    cases = (
        ("GET /" + "a" * (100 - 14) + " HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ("GET /" + "a" * (101 - 14) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\nC: d\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: " + "b" * 77 + "\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: " + "b" * 78 + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: " + "a" * 70 + "\r\nA: " + "b" * 76 + "\r\nB: " + "c" * 76 + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", 200),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n", 413),
    )
    for data, status in cases:
        with Raw(address) as raw:
            assert raw.send(data).response().status == status, data


def test_a_refusal_reaches_a_client_that_is_still_sending(serve):
    _, address = serve("--limit-request-body", "1000")
    with Raw(address) as raw:
        raw.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        raw.send(b"x" * 100000)
        assert raw.response().status == 405
        raw.send(b"x" * 100000)
        assert raw.ended()


def test_slow_heads_time_out_and_idle_connections_end_in_silence(serve):
    _, address = serve("--header-timeout", "1", "--body-timeout", "1", "--keep-alive", "1")
    slow, body, idle, silent = Raw(address), Raw(address), Raw(address), Raw(address)
    slow.send("GET /healthz HTTP/1.1\r\n")
    body.send("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    assert idle.get().status == 200
    began = time.monotonic()
    assert slow.response().status == 408
    assert slow.ended()
    assert body.response().status == 408
    assert body.ended()
    assert idle.ended()
    assert silent.ended()
    assert time.monotonic() - began < 8
    for raw in (slow, body, idle, silent):
        raw.socket.close()


def test_a_body_may_take_its_time_but_not_dribble(serve):
    _, address = serve("--body-timeout", "1", "--min-rate", "1000")
    with Raw(address) as steady, Raw(address) as slow:
        head = "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"
        steady.send(head)
        slow.send(head)
        began = time.monotonic()
        for _ in range(10):  # 8000 and 40 bytes a second
            steady.send("x" * 2000)
            try:
                slow.send("x" * 10)
            except OSError:
                pass  # refused by now
            select.select([], [], [], 0.25)
        assert time.monotonic() - began > 2
        assert steady.response().status == 200
        assert slow.response().status == 408


def test_dribbling_does_not_extend_the_time_for_a_head(serve):
    _, address = serve("--header-timeout", "1")
    with Raw(address) as raw:
        raw.send("GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        raw.socket.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - began < 10:
            try:
                raw.send("x")
                answer = raw.socket.recv(100)
            except socket.timeout:
                pass
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 5


def test_slow_clients_do_not_harm_others(serve):
    _, address = serve(workers="1")
    slow = [Raw(address).send("GET /healthz HT") for _ in range(400)]
    with Raw(address) as good:
        best = 10
        for _ in range(20):
            began = time.monotonic()
            assert good.get().status == 200
            best = min(best, time.monotonic() - began)
    assert best < 0.1
    for raw in slow:
        assert raw.send("TP/1.1\r\nHost: a\r\n\r\n").response().status == 200
        raw.socket.close()


def test_above_the_ceiling_clients_are_told_to_come_again(serve):
    _, address = serve("--worker-connections", "5", workers="1")
    held = [Raw(address).send("GET /healthz HTTP/1.1\r\n") for _ in range(5)]
    with Raw(address) as raw:
        answer = raw.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").response()
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert raw.ended()
    for raw in held:
        assert raw.send("Host: a\r\n\r\n").response().status == 200
        raw.socket.close()


def test_health_is_answered_above_the_ceiling(serve):
    _, address = serve("--worker-connections", "2", workers="1")
    held = [Raw(address).send("GET /healthz HTTP/1.1\r\n") for _ in range(2)]
    with Raw(address) as raw:
        assert raw.get().status == 200
        assert raw.ended()
    with Raw(address) as raw:  # says nothing: told to come again, soon
        assert raw.response().status == 503
        assert raw.ended()
    for raw in held:
        raw.socket.close()


def test_buffers_have_a_ceiling_together(serve):
    """A megabyte is full with 40 clients who have sent most of a head."""
    _, address = serve("--limit-memory", str(1 << 20), "--limit-request-head", "65536", workers="1")
    fields = "".join(f"X-{i}: {'x' * 2000}\r\n" for i in range(15))
    held = [Raw(address).send(f"GET / HTTP/1.1\r\nHost: a\r\n{fields}") for _ in range(40)]
    deadline = time.monotonic() + 10
    status = 404
    while status == 404 and time.monotonic() < deadline:
        with Raw(address) as raw:
            answer = raw.get("/none", headers="Connection: close\r\n")
            status = answer.status
    assert status == 503 and int(answer.headers["retry-after"]) > 0
    with Raw(address) as raw:
        assert raw.get().status == 200
    for raw in held:
        assert raw.send("\r\n").response().status == 200
        raw.socket.close()


def test_an_idle_connection_makes_room_at_the_ceiling(serve):
    _, address = serve("--worker-connections", "2", workers="1")
    idle, busy = Raw(address), Raw(address)
    assert idle.get().status == 200
    busy.send("GET /healthz HTTP/1.1\r\n")
    deadline = time.monotonic() + 10
    status = 503
    while status == 503 and time.monotonic() < deadline:
        with Raw(address) as raw:
            status = raw.get("/none", headers="Connection: close\r\n").status
    assert status == 404
    assert idle.ended()
    assert busy.send("Host: a\r\n\r\n").response().status == 200
    busy.socket.close()
    idle.socket.close()
