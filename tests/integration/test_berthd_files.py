# SPDX-License-Identifier: Apache-2.0
"""How files are sent: codings, ranges, conditions, caching, a fallback page; the same out of a folder and an archive."""

import email
import email.utils
import gzip
import os
import random
import subprocess
import time

import pytest

from support.http_raw import Raw

READY = r"listening on [\d.]+:(\d+)"
BIG = random.Random(1).randbytes(300000)
PAGE = b"<!doctype html><p>home\n"
HTML = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"


@pytest.fixture
def www(tmp_path):
    www = tmp_path / "www"
    (www / "assets").mkdir(parents=True)
    (www / "sub").mkdir()
    (www / "index.html").write_bytes(PAGE)
    (www / "sub/index.html").write_text("<p>sub\n")
    (www / "big.bin").write_bytes(BIG)
    (www / "small.txt").write_bytes(BIG[:5000])
    (www / "empty.txt").touch()
    (www / "assets/app.js").write_text("let a = 1;\n" * 1000)
    (www / "assets/app.js.gz").write_bytes(gzip.compress((www / "assets/app.js").read_bytes()))
    (www / "assets/app.js.br").write_bytes(b"as small as brotli makes it")
    (www / "big.bin.zst").write_bytes(BIG[:200000])
    for path in www.rglob("*"):
        os.utime(path, (1700000000, 1700000000))
    return www


@pytest.fixture(params=["folder", "folder-uncached", "pack"])
def source(request, berthd, www, tmp_path):
    """The value of --static, and options that go with it."""
    if request.param == "pack":
        made = berthd("--pack", www, "-o", tmp_path / "www.pack")
        assert made.status == 0 and "9 files" in made.stdout, made
        return tmp_path / "www.pack", []
    return www, ["--static-cache", "0"] if request.param == "folder-uncached" else []


@pytest.fixture
def serve(start, programs):
    def run(source, *options):
        process = start([programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--static", f"/={source}", *options], ready=READY)
        process.port = int(process.match.group(1))
        return process

    return run


@pytest.fixture
def server(serve, source):
    process = serve(
        source[0], *source[1], "--static-fallback", "/=index.html", "--cache-control",
        "/assets/*=public, max-age=31536000, immutable", "--cache-control", "/small.txt=",
    )  # fmt: skip
    with Raw(("127.0.0.1", process.port)) as raw:
        raw.port = process.port
        yield raw
    assert process.stop() == 0
    assert process.output.count("\n") == 1, process.output


def test_the_wanted_coding_is_sent_with_the_originals_type(server, www):
    plain = (www / "assets/app.js").read_bytes()
    coded = {"gzip": (www / "assets/app.js.gz").read_bytes(), "br": b"as small as brotli makes it", None: plain}
    etags = {}
    for wanted, coding in (
        ("", None), ("Accept-Encoding: gzip\r\n", "gzip"), ("Accept-Encoding: gzip, deflate, br, zstd\r\n", "br"),
        ("Accept-Encoding: br;q=0.1, gzip;q=0.2\r\n", "gzip"), ("Accept-Encoding: zstd\r\n", None),
        ("Accept-Encoding: br;q=0, *\r\n", "gzip"), ("Accept-Encoding: identity;q=0, gzip\r\n", "gzip"),
    ):  # fmt: skip
        for method in ("GET", "HEAD"):
            answer = server.get("/assets/app.js", wanted, method)
            assert (answer.status, answer.headers.get("content-encoding")) == (200, coding), wanted
            assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["content-length"] == str(len(coded[coding]))
            assert answer.body == (coded[coding] if method == "GET" else b"")
            assert etags.setdefault(coding, answer.headers["etag"]) == answer.headers["etag"]
    assert len(set(etags.values())) == 3
    refused = server.get("/assets/app.js", "Accept-Encoding: *;q=0\r\n")
    assert (refused.status, refused.headers["vary"]) == (406, "Accept-Encoding")
    assert "vary" not in server.get("/small.txt").headers
    unchanged = server.get("/assets/app.js", f"Accept-Encoding: gzip\r\nIf-None-Match: {etags['gzip']}\r\n")
    assert (unchanged.status, unchanged.headers["vary"]) == (304, "Accept-Encoding")
    assert unchanged.headers["etag"] == etags["gzip"] and "content-encoding" not in unchanged.headers
    assert server.get("/assets/app.js", f"Accept-Encoding: gzip\r\nIf-None-Match: {etags['br']}\r\n").status == 200


def test_curl_decodes_what_it_asked_for(server, www):
    done = subprocess.run(
        ["curl", "-sS", "--fail", "--compressed", "-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{server.port}/assets/app.js"],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    assert done.stdout == (www / "assets/app.js").read_bytes()


@pytest.mark.parametrize("name", ["big.bin", "small.txt"])
def test_single_ranges(server, www, name):
    whole = (www / name).read_bytes()
    n = len(whole)
    for value, first, last in (
        ("0-0", 0, 0), ("10-99", 10, 99), (f"{n - 5}-", n - 5, n - 1), ("-7", n - 7, n - 1), ("0-", 0, n - 1),
        (f"100-{n * 2}", 100, n - 1), (f"-{n * 2}", 0, n - 1), ("0-9,5-20", 0, 20),
    ):  # fmt: skip
        answer = server.get(f"/{name}", f"Range: bytes={value}\r\n")
        assert (answer.status, answer.headers["content-range"]) == (206, f"bytes {first}-{last}/{n}"), value
        assert answer.body == whole[first : last + 1]
        assert answer.headers["etag"] == server.get(f"/{name}", method="HEAD").headers["etag"]
    for value in (f"{n}-", f"{n}-{n + 5}", "-0"):
        answer = server.get(f"/{name}", f"Range: bytes={value}\r\n")
        assert (answer.status, answer.headers["content-range"], answer.body) == (416, f"bytes */{n}", b"")
    for value in ("bytes=5-4", "lines=1-2", "bytes=a-", "bytes=" + ",".join(f"{i * 100}-{i * 100}" for i in range(17))):
        answer = server.get(f"/{name}", f"Range: {value}\r\n")
        assert (answer.status, answer.body == whole, answer.headers["accept-ranges"]) == (200, True, "bytes")
    assert server.get(f"/{name}", "Range: bytes=0-1\r\nRange: bytes=2-3\r\n").status == 200
    head = server.get(f"/{name}", "Range: bytes=0-1\r\n", "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(n))


@pytest.mark.parametrize("name", ["big.bin", "small.txt"])
def test_several_ranges_are_parts_that_a_mail_parser_reads(server, www, name):
    whole = (www / name).read_bytes()
    n = len(whole)
    wanted = [(500, 999), (0, 9), (2000, n - 1000), (n - 3, n - 1)]
    ranges = f"bytes=500-999, 0-9, 2000-{n - 1000}, -3"
    for _ in range(2):
        answer = server.get(f"/{name}", f"Range: {ranges}\r\n")
        assert answer.status == 206 and "content-range" not in answer.headers
        message = email.message_from_bytes(b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.body)
        assert message.get_content_type() == "multipart/byteranges" and not message.defects
        parts = message.get_payload()
        assert [p["Content-Range"] for p in parts] == [f"bytes {a}-{b}/{n}" for a, b in wanted]
        assert {p["Content-Type"] for p in parts} == {server.get(f"/{name}", method="HEAD").headers["content-type"]}
    # That parser reads lines; the bytes are compared as they came.
    boundary = answer.headers["content-type"].split("boundary=")[1].encode()
    pieces = answer.body.split(b"\r\n--" + boundary)
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n" and len(pieces) == len(wanted) + 2
    for piece, (first, last) in zip(pieces[1:-1], wanted):
        assert piece.split(b"\r\n\r\n", 1)[1] == whole[first : last + 1]


def test_a_client_that_leaves_within_a_part_is_forgotten(server):
    for _ in range(20):
        with Raw(("127.0.0.1", server.port)) as raw:
            raw.send("GET /big.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-100000,150000-290000\r\n\r\n")
            assert raw.socket.recv(100)
    assert server.get("/small.txt").status == 200


def test_ranges_are_of_the_coding_that_was_chosen(server):
    answer = server.get("/big.bin", "Accept-Encoding: zstd\r\nRange: bytes=199990-\r\n")
    assert (answer.status, answer.headers["content-range"]) == (206, "bytes 199990-199999/200000")
    assert (answer.headers["content-encoding"], answer.body) == ("zstd", BIG[199990:200000])
    several = server.get("/big.bin", "Accept-Encoding: zstd\r\nRange: bytes=0-1,1000-1001\r\n")
    assert (several.status, several.headers["content-encoding"], len(several.body)) == (200, "zstd", 200000)


def test_curl_resumes_and_takes_several_ranges(server, tmp_path):
    target = tmp_path / "download"
    target.write_bytes(BIG[:123456])
    url = f"http://127.0.0.1:{server.port}/big.bin"
    subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", target, url], check=True)
    assert target.read_bytes() == BIG
    done = subprocess.run(["curl", "-sS", "--fail", "--range", "0-99,5000-5099", url], stdout=subprocess.PIPE, check=True)
    assert BIG[:100] in done.stdout and BIG[5000:5100] in done.stdout


def test_conditions_come_in_the_rfcs_order(server):
    etag = server.get("/small.txt").headers["etag"]
    for headers, status in (
        (f"If-Match: {etag}\r\n", 200), ("If-Match: *\r\n", 200), ('If-Match: "x"\r\n', 412), (f"If-Match: W/{etag}\r\n", 412),
        (f'If-Match: "x"\r\nIf-None-Match: {etag}\r\n', 412), (f"If-Match: {etag}\r\nIf-None-Match: {etag}\r\n", 304),
        (f'If-Match: "x"\r\nRange: bytes=0-1\r\n', 412), (f"If-None-Match: {etag}\r\nRange: bytes=0-1\r\n", 304),
        (f"If-Range: {etag}\r\nRange: bytes=0-1\r\n", 206), ('If-Range: "x"\r\nRange: bytes=0-1\r\n', 200),
        (f"If-Range: W/{etag}\r\nRange: bytes=0-1\r\n", 200), ('If-Range: "x"\r\nRange: bytes=9999-\r\n', 200),
    ):  # fmt: skip
        assert server.get("/small.txt", headers).status == status, headers


def test_dates_are_conditions_where_files_have_one(server, source):
    date = email.utils.formatdate(1700000000, usegmt=True)
    before = email.utils.formatdate(1600000000, usegmt=True)
    dated = source[0].is_dir()
    assert server.get("/small.txt").headers.get("last-modified") == (date if dated else None)
    for headers, status in (
        (f"If-Unmodified-Since: {before}\r\n", 412), (f"If-Unmodified-Since: {date}\r\n", 200),
        (f"If-Modified-Since: {date}\r\n", 304), (f"If-Modified-Since: {before}\r\n", 200),
        (f"If-Range: {date}\r\nRange: bytes=0-1\r\n", 206), (f"If-Range: {before}\r\nRange: bytes=0-1\r\n", 200),
    ):  # fmt: skip
        assert server.get("/small.txt", headers).status == (status if dated else 200), headers


def test_caching_follows_the_rules(server):
    for path, value in (
        ("/assets/app.js", "public, max-age=31536000, immutable"), ("/", "no-cache"), ("/big.bin", None), ("/small.txt", None),
        ("/some/page", "no-cache"), ("/assets/page", "no-cache"),
    ):  # fmt: skip
        answer = server.get(path)
        assert (answer.headers.get("cache-control"), answer.headers["x-content-type-options"]) == (value, "nosniff"), path
        assert server.get(path, f"If-None-Match: {answer.headers['etag']}\r\n").headers.get("cache-control") == value


def test_the_fallback_answers_for_pages_alone(server):
    for path, headers, status in (
        ("/app/users/7", "", 200), ("/sub/none/", "", 200), ("/users/john.doe", HTML, 200), ("/users/john.doe", "", 404),
        ("/users/john.doe", "Accept: */*\r\n", 404), ("/assets/gone.js", HTML, 404), ("/gone.html", HTML, 404),
        ("/.git/config", HTML, 404), ("/.env", HTML, 404), ("/a//b", "", 404),
    ):  # fmt: skip
        answer = server.get(path, headers)
        assert (answer.status, answer.body == PAGE) == (status, status == 200), path
        if status == 200:
            assert answer.headers["vary"] == "Accept"
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert server.get("/app/users/7", method="POST").status == 405
    assert server.get("/sub/").body == b"<p>sub\n"
    assert server.get("/sub").headers["location"] == "/sub/"


@pytest.mark.parametrize(
    "path",
    ["/%2e%2e/secret", "/..%2fsecret", "/%252e%252e/secret", "/%252e%252e%252fsecret", "/..%5csecret", "/..\\secret",
     "/sub/%2e%2e/%2e%2e/secret", "/%00", "/small.txt%00.html", "/small.txt%00", "/%c0%ae%c0%ae/secret", "/small.txt/", "/./.git",
     "/small.txt/../../secret", "//secret", "/sub/..%2f..%2fsecret", "/%2fetc/passwd", "/%u002e%u002e/secret"],
)  # fmt: skip
def test_attacks_by_encoding_find_nothing(serve, source, tmp_path, path):
    (tmp_path / "secret").write_text("secret\n")
    process = serve(source[0], *source[1])
    with Raw(("127.0.0.1", process.port)) as raw:
        answer = raw.get(path)
    assert answer.status in (400, 404) and b"secret" not in answer.body and b"root:" not in answer.body


def test_a_link_that_changes_while_it_is_asked_for_never_leads_out(serve, www, tmp_path):
    """A thousand requests while a folder is swapped for a link to one outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "index.html").write_text("secret\n")
    inside, link = www / "sub", www / "link"
    os.symlink("../outside", link)
    process = serve(www, "--static-cache", "0")
    seen = set()
    with Raw(("127.0.0.1", process.port)) as raw:
        for i in range(1000):
            os.rename(inside, www / "aside")
            os.rename(link, inside)
            raw.send("GET /sub/index.html HTTP/1.1\r\nHost: a\r\n\r\n")
            os.rename(inside, link)
            os.rename(www / "aside", inside)
            answer = raw.response()
            assert answer.body != b"secret\n"
            seen.add(answer.status)
    assert seen <= {200, 404, 503}


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_change_is_seen_in_time_and_never_mixed(serve, www):
    process = serve(www)
    with Raw(("127.0.0.1", process.port)) as raw:
        for name in ("small.txt", "big.bin"):
            old = raw.get(f"/{name}")
            new = bytes(reversed(old.body))
            (www / "new").write_bytes(new)
            os.rename(www / "new", www / name)

            def changed(name=name, old=old, new=new):
                answer = raw.get(f"/{name}")
                assert (answer.headers["etag"] == old.headers["etag"]) == (answer.body == old.body)
                assert answer.body in (old.body, new)
                return answer.body == new

            until(changed)
        os.unlink(www / "small.txt")
        until(lambda: raw.get("/small.txt").status == 404)
        (www / "small.txt").write_text("again")
        assert raw.get("/small.txt").body == b"again"


def test_an_open_file_that_is_written_to_is_looked_at_each_time(serve, www):
    process = serve(www, "--static-cache", "3600")
    with Raw(("127.0.0.1", process.port)) as raw:
        assert raw.get("/big.bin").body == BIG
        with open(www / "big.bin", "ab") as file:
            file.write(b"more")
        assert raw.get("/big.bin").body == BIG + b"more"


def test_a_compressed_file_that_is_older_is_not_sent(serve, www):
    os.utime(www / "assets/app.js.gz", (1600000000, 1600000000))
    process = serve(www)
    with Raw(("127.0.0.1", process.port)) as raw:
        answer = raw.get("/assets/app.js", "Accept-Encoding: gzip\r\n")
        assert "content-encoding" not in answer.headers and answer.body == (www / "assets/app.js").read_bytes()


@pytest.mark.parametrize("limits", [("--static-cache-size", "20000"), ("--static-cache-files", "3"), ("--static-cache-size", "0")])
def test_what_is_kept_is_bounded(serve, www, limits):
    """More files than there is room for, several times around: all are right, and few stay open."""
    for i in range(60):
        (www / f"f{i}").write_bytes(BIG[i : i + (100000 if i % 2 else 3000)])
    process = serve(www, *limits)
    workers = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], stdout=subprocess.PIPE, text=True).stdout.split()
    with Raw(("127.0.0.1", process.port)) as raw:
        for i in [*range(60), *range(60)]:
            assert raw.get(f"/f{i}").body == (www / f"f{i}").read_bytes()
        links = [os.readlink(f"/proc/{workers[0]}/fd/{fd}") for fd in os.listdir(f"/proc/{workers[0]}/fd")]
    opened = sum(str(www) + "/" in link for link in links)
    assert len(workers) == 1 and opened <= (3 if "files" in limits[0] else 30)


def test_pipelined_answers_of_all_sizes_keep_their_order(server, www):
    paths = ["/small.txt", "/big.bin", "/empty.txt", "/assets/app.js", "/", "/small.txt"] * 5
    server.send("".join(f"GET {p} HTTP/1.1\r\nHost: a\r\n\r\n" for p in paths))
    for path in paths:
        assert server.response().body == (www / (path[1:] or "index.html")).read_bytes()


def test_a_slow_client_gets_all_of_a_file_from_memory(server, www):
    (total, want) = (0, (www / "small.txt").read_bytes())
    with Raw(("127.0.0.1", server.port)) as raw:
        raw.send("GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        for _ in range(1000):
            assert raw.response().body == want
            total += 1
    assert total == 1000


def test_wrong_options_are_named(berthd, www):
    for options, words in (
        (["--static", f"/={www}", "--static-fallback", "/x=index.html"], "there is no --static /x="),
        (["--static", f"/={www}", "--static-fallback", "/=none.html"], "none.html"),
        (["--static", f"/={www}", "--static-fallback", "/=sub"], "is no file"),
        (["--static", f"/={www}", "--static-fallback", "/=../secret"], "never served"),
        (["--static", f"/={www}", "--static-fallback", "/=a.html", "--static-fallback", "/=a.html"], "given twice"),
        (["--cache-control", "assets=x"], "write PATTERN=VALUE"),
        (["--cache-control", "/assets"], "write PATTERN=VALUE"),
        (["--cache-control", "/a=b\r\nSet-Cookie: x"], "no header field"),
        (["--pack", www], "--output"),
        (["-o", "x"], "--output"),
    ):
        done = berthd("-b", "127.0.0.1:0", *options)
        assert done.status in (1, 2) and words in done.stderr and done.stderr.count("\n") == 1, done
