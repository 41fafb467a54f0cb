# SPDX-License-Identifier: Apache-2.0
"""Files of a folder, and the posts."""

import email.utils
import json
import os
import socket
import sqlite3
import time

import pytest

from support.http_raw import Raw

READY = r"listening on [\d.]+:(\d+)"


@pytest.fixture
def folder(tmp_path):
    www = tmp_path / "www"
    (www / "sub/deep").mkdir(parents=True)
    (www / ".well-known").mkdir()
    (www / ".git").mkdir()
    (www / "index.html").write_text("<p>home\n")
    (www / "sub/index.html").write_text("<p>sub\n")
    (www / "sub/a b.txt").write_text("spaced\n")
    (www / "style.css").write_text("p{}\n")
    (www / "empty").write_text("")
    (www / ".well-known/check").write_text("known\n")
    (www / ".git/config").write_text("secret\n")
    (www / "big.bin").write_bytes(os.urandom(3 << 20))
    (tmp_path / "secret").write_text("secret\n")
    os.symlink("../secret", www / "out")
    os.symlink("/etc/passwd", www / "passwd")
    os.symlink("..", www / "up")
    os.symlink("sub/index.html", www / "in")
    os.mkfifo(www / "fifo")
    return tmp_path


@pytest.fixture
def server(start, programs, folder, berthd):
    assert berthd("--init-db", folder / "posts.db").status == 0
    process = start(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--static-cache", "0", "--static", f"/={folder / 'www'}", "--static",
         f"/assets/={folder / 'www'}", "--database", folder / "posts.db"], ready=READY,
    )  # fmt: skip
    with Raw(("127.0.0.1", int(process.match.group(1)))) as raw:
        yield raw
    assert process.stop() == 0
    assert process.output.count("\n") == 1, process.output


def test_files_come_with_type_and_length(server, folder):
    cases = (
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/index.html", "index.html", "text/html; charset=utf-8"),
        ("/sub/", "sub/index.html", "text/html; charset=utf-8"),
        ("/sub/a%20b.txt", "sub/a b.txt", "text/plain; charset=utf-8"),
        ("/style.css?v=1", "style.css", "text/css; charset=utf-8"),
        ("/empty", "empty", "application/octet-stream"),
        ("/big.bin", "big.bin", "application/octet-stream"),
        ("/.well-known/check", ".well-known/check", "application/octet-stream"),
        ("/assets/style.css", "style.css", "text/css; charset=utf-8"),
        ("/assets/", "index.html", "text/html; charset=utf-8"),
    )
    for path, name, kind in cases:
        answer = server.get(path)
        assert (answer.status, answer.headers["content-type"]) == (200, kind), path
        assert answer.body == (folder / "www" / name).read_bytes()
        head = server.get(path, method="HEAD")
        assert head.headers["content-length"] == str(len(answer.body))


@pytest.mark.parametrize(
    "path",
    ["/out", "/passwd", "/up/secret", "/in/..%2f..%2fsecret", "/.git/config", "/sub/.", "/sub/../.git/config", "/fifo",
     "/sub//index.html", "//etc/passwd", "/style.css/x", "/sub/deep/", "/x" * 2000, "/" + "n" * 300, "/..%5csecret"],
)  # fmt: skip
def test_nothing_outside_and_nothing_hidden_is_served(server, path):
    answer = server.get(path)
    assert answer.status in (404, {"/sub/.": 200, "/in/..%2f..%2fsecret": 400}.get(path, 404))
    assert b"secret" not in answer.body and b"root:" not in answer.body


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/sub/../../secret", "/.%2e/secret", "/%00", "/a%"])
def test_paths_that_climb_are_refused(server, path):
    assert server.get(path).status == 400


def test_links_within_the_folder_are_followed(server):
    assert server.get("/in").body == b"<p>sub\n"


def test_a_folder_without_its_slash_is_redirected(server):
    for path, to in (("/sub", "/sub/"), ("/sub?a=b", "/sub/?a=b"), ("/assets", "/assets/"), ("/api/v1/posts", "/api/v1/posts/")):
        answer = server.get(path)
        assert (answer.status, answer.headers["location"]) == (301, to)


def test_a_redirect_keeps_the_longest_query_there_may_be(start, programs, folder):
    limits = ("--limit-request-line", "65536", "--limit-request-head", "131072")
    process = start(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--static", f"/={folder / 'www'}", *limits], ready=READY
    )
    query = "q" * 60000
    with Raw(("127.0.0.1", int(process.match.group(1)))) as raw:
        answer = raw.get(f"/sub?{query}")
        assert (answer.status, answer.headers["location"]) == (301, f"/sub/?{query}")


def test_what_the_client_has_is_not_sent_again(server, folder):
    first = server.get("/style.css")
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    cases = (
        (f"If-None-Match: {etag}\r\n", 304),
        (f"If-None-Match: W/{etag}\r\n", 304),
        (f'If-None-Match: "x", {etag}\r\n', 304),
        (f'If-None-Match: "x"\r\nIf-None-Match: {etag}\r\n', 304),
        ("If-None-Match: *\r\n", 304),
        ('If-None-Match: "x"\r\n', 200),
        (f"If-Modified-Since: {modified}\r\n", 304),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 200),
        ("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 200),
        ("If-Modified-Since: some day\r\n", 200),
        (f'If-None-Match: "x"\r\nIf-Modified-Since: {modified}\r\n', 200),
    )
    for headers, status in cases:
        answer = server.get("/style.css", headers)
        assert answer.status == status, headers
        assert answer.headers["etag"] == etag
        assert answer.body == (b"" if status == 304 else first.body)
    (folder / "www/style.css").write_text("p{margin:0}\n")
    assert server.get("/style.css", f"If-None-Match: {etag}\r\n").status == 200


def test_last_modified_is_the_files_time(server, folder):
    os.utime(folder / "www/style.css", (1700000000, 1700000000))
    modified = server.get("/style.css").headers["last-modified"]
    assert email.utils.parsedate_to_datetime(modified).timestamp() == 1700000000


def test_the_times_of_a_reproducible_image_are_not_believed(server, folder):
    """All files are from 1970 there: a new version must not look unchanged."""
    file = folder / "www/style.css"
    os.utime(file, (0, 0))
    first = server.get("/style.css")
    assert "last-modified" not in first.headers
    since = f"If-Modified-Since: {email.utils.formatdate(time.time(), usegmt=True)}\r\n"
    assert server.get("/style.css", since).status == 200
    file.unlink()
    file.write_text("p{x}"[: len(first.body)])
    os.utime(file, (0, 0))
    assert server.get("/style.css", f"If-None-Match: {first.headers['etag']}\r\n").status == 200


def test_an_unreadable_file_is_forbidden(server, folder):
    """To root as well: workers have no capabilities."""
    (folder / "www/private").write_text("x")
    os.chmod(folder / "www/private", 0)
    assert server.get("/private").status == 403


def test_a_file_that_shrinks_breaks_the_connection_instead_of_lying(server, folder):
    (folder / "www/huge").touch()
    os.truncate(folder / "www/huge", 64 << 20)  # more than all socket buffers hold
    server.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.socket.recv(10, socket.MSG_PEEK)
    os.truncate(folder / "www/huge", 100)
    with pytest.raises((EOFError, ConnectionResetError)):
        server.response()


def test_posts_are_listed_as_the_database_has_them(server, folder):
    posts = json.loads(server.get("/api/v1/posts/").body)
    assert len(posts) == 20
    with sqlite3.connect(folder / "posts.db") as db:
        rows = db.execute("SELECT id, title, body, author, created FROM posts ORDER BY id").fetchall()
    assert [tuple(p[k] for k in ("id", "title", "body", "author", "created")) for p in posts] == rows
    assert list(posts[0]) == ["id", "title", "body", "author", "created"]


def test_posts_come_in_pages(server):
    answer = server.get("/api/v1/posts/?limit=3&offset=18")
    assert [p["id"] for p in json.loads(answer.body)] == [19, 20]
    assert answer.headers["content-type"] == "application/json"
    assert server.get("/api/v1/posts/?offset=100").body == b"[]\n"
    for query in ("limit=-1", "limit=1001", "limit=", "offset=x", "limit=1.5"):
        assert server.get(f"/api/v1/posts/?{query}").status == 400


def test_changed_and_strange_posts_are_shown_at_once(server, folder):
    strange = 'quote " back \\ line \n tab \t nul \x01 é 漢 😀'
    with sqlite3.connect(folder / "posts.db") as db:
        db.execute("UPDATE posts SET title = ? WHERE id = 1", (strange,))
        db.execute("UPDATE posts SET body = CAST(x'61ff62' AS TEXT) WHERE id = 1")
    db.close()
    post = json.loads(server.get("/api/v1/posts/?limit=1").body)[0]
    assert post["title"] == strange
    assert post["body"] == "a\ufffdb"


def test_init_db_never_loses_what_is_there(berthd, tmp_path):
    path = tmp_path / "posts.db"
    done = berthd("--init-db", path)
    assert (done.status, done.stdout) == (0, f"{path}: 20 posts\n")
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM posts WHERE id > 5")
    db.close()
    before = path.read_bytes()
    assert "5 posts, there already" in berthd("--init-db", path).stdout
    assert path.read_bytes() == before
    other = tmp_path / "other"
    other.write_text("mine\n")
    done = berthd("--init-db", other)
    assert done.status == 1 and "other" in done.stderr and "is there already" in done.stderr
    assert other.read_text() == "mine\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "posts.db"]


def test_init_db_says_which_file_cannot_be_made_and_leaves_nothing(berthd, tmp_path):
    path = tmp_path / "none" / "posts.db"
    done = berthd("--init-db", path)
    assert done.status == 1
    assert done.stderr.startswith(f"berthd: --init-db: {path}: "), done
    assert done.stderr.endswith(": unable to open database file: No such file or directory\n"), done
    done = berthd("--init-db", "")
    assert done.status == 2 and done.stderr.startswith("berthd: --init-db: "), done
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_served_is_said_at_the_start(berthd, tmp_path):
    (tmp_path / "text").write_text("no database\n")
    for options, words in (
        (["--database", tmp_path / "missing.db"], "missing.db: unable to open database file: No such file or directory"),
        (["--database", tmp_path / "text"], f"{tmp_path}/text: "),
        (["--database", tmp_path / "text"], ": file is not a database"),
        (["--database", "postgres://a/b"], "postgres: such databases are not supported: sqlite:PATH and mysql:// are"),
        (["--static", f"/={tmp_path / 'missing'}"], "missing: No such file or directory"),
    ):
        done = berthd("-b", "127.0.0.1:0", *options)
        assert done.status == 1 and words in done.stderr, done
        assert done.stderr.count("\n") == 1


def test_a_database_in_a_folder_that_cannot_be_written_is_read(server, folder):
    os.chmod(folder, 0o555)
    try:
        assert server.get("/api/v1/posts/").status == 200
    finally:
        os.chmod(folder, 0o755)
