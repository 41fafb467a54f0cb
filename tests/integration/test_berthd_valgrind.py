# SPDX-License-Identifier: Apache-2.0
"""berthd under valgrind: a worker that does some of everything reads and writes only its own memory, and gives all of
it back at its end."""

import os
import re
import shutil
import signal
import socket

import pytest

from support.http_raw import Raw

pytestmark = [
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is missing: make test installs it when run as root"),
    # The sanitizers look for the same, and do not run inside valgrind.
    pytest.mark.skipif(os.environ.get("BERTH_VARIANT", "static") != "static", reason="once is enough"),
]

ROUTES = """GET /one
    cache 5
    sql SELECT 1 AS one
GET /rows
    param n int 1..100000 = 1000
    sql WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < :n) SELECT i, 'text' AS t FROM c
POST /echo
    body json
    param word text 1..100
    sql SELECT :word AS word
"""


@pytest.fixture
def site(tmp_path, berthd):
    www = tmp_path / "www"
    www.mkdir()
    (www / "index.html").write_text("<p>hello\n")
    (www / "big").write_bytes(b"0123456789abcdef" * 65536)
    (tmp_path / "routes").write_text(ROUTES)
    assert berthd("--init-db", tmp_path / "posts.db").status == 0
    assert berthd("--pack", www, "-o", tmp_path / "site.pack").status == 0
    return tmp_path


def ask(address, path, headers="", method="GET", body=""):
    with Raw(address, timeout=60) as raw:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return raw.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n{body}").response(method)


def some_of_everything(address):
    for _ in range(3):
        assert ask(address, "/healthz").status == 200
        assert ask(address, "/readyz").status == 200
        assert ask(address, "/").body == b"<p>hello\n"
        assert ask(address, "/pack/index.html").body == b"<p>hello\n"
        assert ask(address, "/big", "Range: bytes=5-9,100000-100009\r\n").status == 206
        assert len(ask(address, "/big").body) == 1 << 20
        assert ask(address, "/one").status == 200
        assert ask(address, "/echo", "Content-Type: application/json\r\n", "POST", '{"word": "w"}').status == 200
        assert ask(address, "/none/../%zz").status == 400
        assert ask(address, "/up/healthz").status in (200, 502)
        assert ask(address, "/metrics").status == 200
    with Raw(address, timeout=60) as raw:  # gone before the answer is whole
        raw.send("GET /rows?n=100000 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.socket.recv(100)
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with Raw(address, timeout=60) as raw:
        raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    assert ask(address, "/healthz").status == 200


def test_valgrind_finds_nothing(root, start, site):
    upstream = start([root / "build/static/berthd", "-b", f"unix:{site}/up.sock", "-w", "1"], ready="listening on")
    server = start(
        ["valgrind", "--trace-children=yes", "--leak-check=full", "--errors-for-leak-kinds=definite,possible",
         "--child-silent-after-fork=no", f"--log-file={site}/valgrind.%p", root / "build/debug/berthd", "-w", "1",
         "-b", "127.0.0.1:0", "--no-sandbox", "--static", f"/={site}/www", "--static", f"/pack={site}/site.pack",
         "--database", f"sqlite:{site}/posts.db", "--routes", site / "routes", "--proxy", f"/up=unix:{site}/up.sock:/",
         "--access-logfile", site / "access.log"],
        ready=r"listening on 127\.0\.0\.1:(\d+)", timeout=120,
    )  # fmt: skip
    some_of_everything(("127.0.0.1", int(server.match.group(1))))
    server.signal(signal.SIGHUP)
    some_of_everything(("127.0.0.1", int(server.match.group(1))))
    server.signal(signal.SIGTERM)
    assert server.wait(120) == 0, server.output
    logs = [path.read_text() for path in site.glob("valgrind.*")]
    assert len(logs) >= 3  # the master, the first worker and the one after the reload
    for text in logs:
        errors = re.findall(r"ERROR SUMMARY: (\d+) errors", text)
        assert errors and errors[-1] == "0", text
    assert upstream.stop() == 0
