# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 conformance: a public list of cases, each by its name, and a known parser that must agree."""

import codecs
import re
import socket
from pathlib import Path

import pytest

from support.http_raw import Raw

CASES = Path(__file__).resolve().parents[1] / "cases/server/conformance.txt"


def expand(text):
    """{N*BYTES} is BYTES, N times."""
    return re.sub(r"\{(\d+)\*([^}]*)\}", lambda m: m.group(2) * int(m.group(1)), text)


def read_cases():
    for line in CASES.read_text().splitlines():
        if line and not line.startswith("#"):
            name, expected, data = line[:34].strip(), line[34:45].split(), line[45:]
            yield pytest.param(codecs.escape_decode(expand(data))[0], expected, id=name)


@pytest.fixture(scope="module")
def address(programs, tmp_path_factory):
    from support import proc

    folder = tmp_path_factory.mktemp("conformance")
    (folder / "index.html").write_text("<p>hello\n")
    server = proc.Process(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--static", f"/={folder}"],
        ready=r"listening on 127\.0\.0\.1:(\d+)",
    )
    yield "127.0.0.1", int(server.match.group(1))
    assert server.stop() == 0
    assert len(server.lines) == 1, server.output


@pytest.mark.parametrize("data, expected", read_cases())
def test_conformance(address, data, expected):
    with Raw(address) as raw:
        try:
            raw.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent: the answer is there all the same
        if expected == ["-"]:  # no whole request: no answer, and none once the client has ended
            raw.socket.shutdown(socket.SHUT_WR)
            assert raw.ended()
            return
        for word in expected:
            if word == "close":
                assert raw.ended()
            else:
                assert raw.response("HEAD" if word.endswith("h") else "GET").status == int(word.rstrip("h"))
        if "close" not in expected:
            assert raw.get("/").status == 200


def test_the_list_is_whole():
    """A hundred and twenty-six at least, none twice."""
    names = [c.id for c in read_cases()]
    assert len(names) >= 126
    assert len(set(names)) == len(names)
