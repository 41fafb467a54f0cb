# SPDX-License-Identifier: Apache-2.0
"""Routes that ask SQLite: what they answer, how they stream, and what a slow query does to others."""

import http.client
import json
import os
import socket
import sqlite3
import struct
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.http_raw import Raw

READY = r"listening on ([^\n]*)"

ROUTES = """
# The notes.
GET /notes/
    param limit int 1..50 = 10
    param offset int 0.. = 0
    param tag text 1..20 = null
    page limit offset
    sql SELECT id, title, done, meta, price, data FROM notes
        WHERE tag = :tag OR :tag IS NULL -- :comment
        ORDER BY id LIMIT :limit OFFSET :offset
    json meta

POST /notes/
    param title text 1..10
    param price real 0..1000 = 1.5
    param done bool = false
    param tag text = "a b"
    body json
    status 201
    row
    sql INSERT INTO notes (title, price, done, tag) VALUES (:title, :price, :done, :tag)
        RETURNING id, title, price, done, tag

GET /notes/{id}
    param id int 1..
    row
    sql SELECT id, title FROM notes WHERE id = :id
PUT /notes/{id}
    param id int 1..
    param title text 1..10
    body form
    row
    sql UPDATE notes SET title = :title WHERE id = :id
DELETE /notes/{id}
    param id int 1..
    row
    status 204
    sql DELETE FROM notes WHERE id = :id
GET /notes/first
    row
    sql SELECT 'first' AS title

GET /wait
    param ms int 0..600000 = 100
    row
    sql SELECT berth_wait(:ms) AS ms
GET /count
    cache 600
    param ms int = 0
    row
    sql SELECT berth_wait(:ms) AS ms, random() AS r
GET /rows
    param n int 1..
    param size int = 100
    sql WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT :n)
        SELECT i, hex(zeroblob(:size)) AS z FROM n
GET /cached-rows
    param n int 1..
    cache 600
    sql WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT :n) SELECT i FROM n
GET /fails-late
    sql WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)
        SELECT i, abs(CASE WHEN i = 90000 THEN -9223372036854775807 - 1 ELSE i END) AS z FROM n
"""


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            """CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT UNIQUE, done BOOLEAN, meta TEXT, price REAL,
                                   data BLOB, tag TEXT CHECK (tag <> 'bad'));"""
        )
        for i in range(1, 31):
            meta = '{"a": [1, 2]}' if i == 1 else "no json" if i == 2 else None
            data = b"\x00\xff" if i == 1 else None
            db.execute("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)",
                       (i, f"n{i}", i % 2, meta, i / 4, data, "even" if i % 2 == 0 else "odd"))  # fmt: skip
    db.close()
    return path


class Server:
    def __init__(self, process):
        self.process = process
        host, port = process.match.group(1).split(",")[0].rsplit(":", 1)
        self.address = (host, int(port))

    def get(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer

    def json(self, path, **how):
        answer = self.get(path, **how)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def worker(self):
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)


@pytest.fixture
def serve(start, programs, database, tmp_path):
    (tmp_path / "routes").write_text(ROUTES)

    def run(*options, rw=True):
        process = start(
            [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--routes", tmp_path / "routes", "--test-functions",
             "--database", f"sqlite:{database}{'?mode=rw' if rw else ''}", *options],
            ready=READY,
        )  # fmt: skip
        return Server(process)

    return run


@contextmanager
def in_background(function, n=1):
    """Calls it n times at once; yields the list of what came back, complete at the end."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(function())) for _ in range(n)]
    for t in threads:
        t.start()
    yield results
    for t in threads:
        t.join()


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def reset_at_close(client):
    """A client that only closes its side may still want its answer; one that resets does not."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def threads_of(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


# ---- what is answered ----


def test_rows_become_json_with_their_types(serve):
    server = serve()
    answer = server.get("/notes/?limit=3")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert json.loads(answer.body) == [
        {"id": 1, "title": "n1", "done": True, "meta": {"a": [1, 2]}, "price": 0.25, "data": "00ff"},
        {"id": 2, "title": "n2", "done": False, "meta": "no json", "price": 0.5, "data": None},
        {"id": 3, "title": "n3", "done": True, "meta": None, "price": 0.75, "data": None},
    ]
    assert server.json("/notes/?offset=1000") == []


def test_pages_link_to_their_neighbours(serve):
    server = serve()
    assert server.get("/notes/?tag=odd&limit=5").headers["link"] == '<?limit=5&offset=5&tag=odd>; rel="next"'
    assert (
        server.get("/notes/?limit=10&offset=5").headers["link"]
        == '<?limit=10&offset=15>; rel="next", <?limit=10&offset=0>; rel="prev"'
    )
    assert server.get("/notes/?limit=50").headers["link"] is None


def test_parameters_are_unescaped_and_checked(serve):
    server = serve()
    assert len(server.json("/notes/?tag=e%76en&limit=50")) == 15
    for path, why in (
        ("/notes/?limit=0", "limit must be from 1 to 50"),
        ("/notes/?limit=51", "limit must be from 1 to 50"),
        ("/notes/?limit=1x", "limit must be an integer"),
        ("/notes/?limit=", "limit must be an integer"),
        ("/notes/?offset=-1", "offset must be at least 0"),
        ("/notes/?tag=", "tag must be from 1 to 20 characters"),
        ("/notes/?tag=%ff", "tag must be text in UTF-8"),
        ("/notes/?tag=a%00", "tag must be text in UTF-8"),
        ("/notes/x", "id must be an integer"),
        ("/rows", "n is missing"),
    ):
        answer = server.get(path)
        assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json"), path
        assert json.loads(answer.body) == {"title": "Bad Request", "status": 400, "detail": why}


def test_paths_and_methods_find_their_route(serve):
    server = serve()
    assert server.json("/notes/7") == {"id": 7, "title": "n7"}
    assert server.json("/notes/first") == {"title": "first"}
    assert server.get("/notes/99").status == 404
    assert server.get("/notes/7/more").status == 404
    answer = server.get("/notes")
    assert (answer.status, answer.headers["location"]) == (301, "/notes/")
    answer = server.get("/notes/7", method="PATCH", body=b"")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT, DELETE")
    answer = server.get("/notes/7", method="OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT, DELETE")
    assert server.get("/notes", method="POST", body="{}").status == 405


def test_head_is_answered_like_get_without_the_body(serve):
    server = serve()
    for path in ("/notes/", "/notes/7", "/count", "/notes/99"):
        get, head = server.get(path), server.get(path, method="HEAD")
        assert (head.status, head.body) == (get.status, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    # Nobody runs a large query to its end only to drop it.
    begun = time.monotonic()
    assert server.get("/rows?n=1000000000", method="HEAD").status == 200
    assert server.json("/notes/7") and time.monotonic() - begun < 20


def test_write_routes_write(serve, database):
    server = serve()
    as_json = {"Content-Type": "application/json; charset=utf-8"}
    answer = server.get("/notes/", method="POST", body=json.dumps({"title": "ä\n€", "done": True}), headers=as_json)
    assert answer.status == 201
    made = json.loads(answer.body)
    assert made == {"id": 31, "title": "ä\n€", "price": 1.5, "done": 1, "tag": "a b"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.get("/notes/31", method="PUT", body="title=new+%26", headers=form)
    assert (answer.status, json.loads(answer.body)) == (200, {"changed": 1})
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT title FROM notes WHERE id = 31").fetchone() == ("new &",)
    assert server.get("/notes/31", method="DELETE").status == 204
    assert server.get("/notes/31", method="DELETE").status == 404
    assert server.get("/notes/31").status == 404


def test_a_body_without_its_length_is_asked_for(serve):
    server = serve()
    with Raw(server.address) as client:
        answer = client.get("/notes/", method="POST", headers="Content-Type: application/json\r\n")
        assert answer.status == 411 and json.loads(answer.body)["status"] == 411
        # Where no body is wanted none is asked for.
        assert client.get("/notes/99", method="DELETE").status == 404


def test_bodies_are_checked(serve):
    server = serve()
    as_json = {"Content-Type": "application/json"}
    for body, headers, status, why in (
        ('{"title": ""}', as_json, 400, "title must be from 1 to 10 characters"),
        ('{"title": 1}', as_json, 400, "title must be a text"),
        ('{"title": "x", "price": "1"}', as_json, 400, "price must be a number"),
        ('{"title": "x", "price": 1001}', as_json, 400, "price must be from 0 to 1000"),
        ('{"title": "x", "done": 1}', as_json, 400, "done must be true or false"),
        ('{"title": "x", "titel": "y"}', as_json, 400, "there is no titel in this request"),
        ('{"price": 1}', as_json, 400, "title is missing"),
        ('{"title": null}', as_json, 400, "title is missing"),
        ("[]", as_json, 400, "the body must be a JSON object"),
        ('{"title": "x"', as_json, 400, None),
        ("", as_json, 400, None),
        ("title=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "the body must be application/json"),
        ('{"title": "n1"}', as_json, 409, None),
        ('{"title": "x", "tag": "bad"}', as_json, 422, None),
    ):
        answer = server.get("/notes/", method="POST", body=body, headers=headers)
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"]) == (status, status), body
        assert why is None or problem["detail"] == why, body
        assert "INSERT" not in answer.body.decode() and "notes" not in problem.get("detail", "")


def test_the_posts_are_an_entry_of_a_routes_file(berthd, start, programs, tmp_path):
    path = tmp_path / "posts.db"
    assert berthd("--init-db", path).status == 0
    server = Server(start([programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--database", path], ready=READY))
    assert len(server.json("/api/v1/posts/")) == 20
    assert server.get("/api/v1/posts", method="HEAD").headers["location"] == "/api/v1/posts/"
    assert server.get("/api/v1/posts/?limit=1001").status == 400


def test_the_manual_s_example_works(berthd, start, programs, tmp_path, root):
    example = (root / "docs/routes.md").read_text().split("```\n")[1]
    (tmp_path / "r.txt").write_text(example)
    assert berthd("--init-db", tmp_path / "posts.db").status == 0
    server = Server(
        start(
            [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--routes", tmp_path / "r.txt",
             "--database", f"sqlite:{tmp_path}/posts.db?mode=rw"], ready=READY,
        )
    )  # fmt: skip
    body = json.dumps({"title": "t", "body": "b"})
    made = server.json("/api/v1/posts/", method="POST", body=body)
    assert server.json(f"/api/v1/posts/{made['id']}") == {**made, "title": "t", "body": "b"}
    assert server.get("/api/v1/posts/?limit=5").headers["link"] == '<?limit=5&offset=5>; rel="next"'


# ---- the start ----


def refused(berthd, tmp_path, database, routes, *options, env=None):
    (tmp_path / "r.txt").write_text(routes)
    args = options or ("--database", database)
    return berthd("-b", "127.0.0.1:0", "--routes", tmp_path / "r.txt", *args, env=env)


def test_all_faults_of_a_file_are_told_at_the_start(berthd, tmp_path, database):
    done = refused(berthd, tmp_path, database, "GET /a\n  parm x int\n  sql SELECT :x\nGET /b\n")
    lines = done.stderr.splitlines()
    assert done.status == 1 and len(lines) == 3, done
    for line, words in zip(lines, ("r.txt:2: there is no 'parm': did you mean 'param'?", "r.txt:3: the sql uses :x", "r.txt:4: ")):
        assert line.startswith("berthd: ") and words in line


def test_sql_that_the_database_does_not_take_is_told_at_the_start(berthd, tmp_path, database):
    done = refused(berthd, tmp_path, database, "GET /a\n  sql SELECT x FROM notes\nGET /b\n  sql SELEC 1\nPUT /c\n  sql DELETE FROM notes\n")
    assert done.status == 1, done
    assert "r.txt:2: no such column: x" in done.stderr
    assert "r.txt:4: near " in done.stderr
    assert "r.txt:6: the statement writes, and the database is opened to be read" in done.stderr
    assert done.stderr.count("\n") == 3


def test_databases_and_passwords_are_taken_from_where_they_are_safe(berthd, tmp_path, database):
    routes = "GET /a\n  sql SELECT 1\n"
    done = refused(berthd, tmp_path, database, routes, "--database", "mysql://u:hunter2@h/d")
    assert done.status == 2 and "--database-password-file" in done.stderr and "hunter2" not in done.stderr
    done = refused(berthd, tmp_path, database, routes, "-w", "1")
    assert done.status == 2 and "there is no --database" in done.stderr
    done = refused(berthd, tmp_path, database, routes, "-w", "1", env={"DATABASE_URL": "mysql://u:hunter2@h:x/d"})
    assert done.status == 2 and "DATABASE_URL: the port" in done.stderr and "hunter2" not in done.stderr
    done = refused(berthd, tmp_path, database, routes, "--database", database, "--database-password-file", tmp_path / "none")
    assert done.status == 1 and "--database-password-file: " in done.stderr


def test_the_environment_may_name_the_database(start, programs, tmp_path, database):
    (tmp_path / "r.txt").write_text("GET /a\n  sql SELECT count(*) AS n FROM notes\n")
    process = start(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--routes", tmp_path / "r.txt"],
        ready=READY, env={"DATABASE_URL": f"sqlite:///{str(database).lstrip('/')}"},
    )  # fmt: skip
    assert Server(process).json("/a") == [{"n": 30}]


# ---- large results ----


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


def test_a_result_of_100_megabytes_takes_little_memory(serve, variant):
    server = serve()
    server.json("/rows?n=1")
    before = resident_kib(server.worker())
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    connection.request("GET", "/rows?n=100000&size=500")
    answer = connection.getresponse()
    assert answer.headers["transfer-encoding"] == "chunked"
    total, tail = 0, b""
    while part := answer.read(1 << 20):
        total += len(part)
        tail = (tail + part)[-1100:]
    assert total > 100_000_000
    assert tail.endswith(b"}]\n") and b'{"i":100000,"z":"0' in tail
    # AddressSanitizer keeps what was freed.
    if variant != "asan":
        assert resident_kib(server.worker()) - before < 4096


def test_a_client_that_does_not_read_holds_the_query_back(serve):
    server = serve("-k", "sync")
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /rows?n=1000000&size=500 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert server.get("/healthz").status == 200
    # The client has gone: the only thread is free again.
    assert server.json("/notes/7")["id"] == 7


def test_a_failure_in_the_middle_breaks_the_connection_off(serve):
    server = serve()
    with pytest.raises(http.client.IncompleteRead):
        server.get("/fails-late")
    until(lambda: "integer overflow" in server.process.output)


def test_http_1_0_gets_a_large_result_until_the_end_of_the_connection(serve):
    server = serve()
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /rows?n=5000 HTTP/1.0\r\n\r\n")
        data = b""
        while part := client.recv(1 << 20):
            data += part
    head, body = data.split(b"\r\n\r\n", 1)
    assert b"chunked" not in head
    assert len(json.loads(body)) == 5000


# ---- slow queries ----


@pytest.mark.parametrize("options", [("-k", "sync"), ("-k", "threads", "--threads", "3"), ("-k", "event", "--max-threads", "3")])
def test_a_slow_query_stops_neither_health_nor_files(serve, tmp_path, options):
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "page").write_text("here")
    server = serve(*options, "--static", f"/={tmp_path / 'www'}")
    with in_background(lambda: server.get("/wait?ms=1500").status, n=6) as slow:
        until(lambda: threads_of(server.worker()) > 1)
        while not slow:
            begun = time.monotonic()
            assert server.get("/healthz").status == 200
            assert server.get("/page").body == b"here"
            assert time.monotonic() - begun < 1
    assert slow == [200] * 6


def test_workers_of_class_event_grow_with_queries_that_wait(serve):
    server = serve("--cpus", "1")
    assert threads_of(server.worker()) == 1
    begun = time.monotonic()
    with in_background(lambda: server.get("/wait?ms=1000").status, n=20) as slow:
        until(lambda: threads_of(server.worker()) >= 15)
    assert slow == [200] * 20
    assert time.monotonic() - begun < 10  # one after the other they would take 20


def test_who_waits_too_long_for_a_thread_gets_503(serve):
    server = serve("-k", "sync", "--queue-timeout", "1")
    with in_background(lambda: server.get("/wait?ms=4000").status) as slow:
        until(lambda: threads_of(server.worker()) > 1)
        answer = server.get("/notes/7")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert not slow
    assert slow == [200]
    assert "waited too long for a thread" in server.process.output


def test_a_query_that_takes_too_long_gets_504(serve):
    server = serve("-k", "sync", "--query-timeout", "1")
    answer = server.get("/wait?ms=600000")
    assert answer.status == 504
    assert json.loads(answer.body)["detail"] == "the database took too long"
    assert server.json("/notes/7")["id"] == 7
    with pytest.raises(http.client.IncompleteRead):
        server.get("/rows?n=1000000000000")
    assert server.json("/notes/7")["id"] == 7


def test_a_query_ends_when_its_client_is_gone(serve):
    server = serve("-k", "sync")
    with socket.create_connection(server.address) as client:
        client.sendall(b"GET /wait?ms=600000 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: threads_of(server.worker()) > 1)
        reset_at_close(client)
    assert server.json("/notes/7")["id"] == 7


def test_a_graceful_stop_waits_for_queries(serve):
    server = serve()
    clients = [Raw(server.address).send("GET /wait?ms=1000 HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(4)]
    until(lambda: threads_of(server.worker()) > 1)
    server.process.signal(15)
    assert [client.response().status for client in clients] == [200] * 4
    for client in clients:
        client.socket.close()
    assert server.process.wait() == 0


def test_a_quick_stop_does_not(serve):
    server = serve()
    with Raw(server.address) as client:
        client.send("GET /wait?ms=600000 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: threads_of(server.worker()) > 1)
        server.process.signal(2)
        assert server.process.wait() == 0


def test_a_reload_reads_the_routes_again_and_keeps_the_old_ones_when_they_are_broken(serve, tmp_path):
    server = serve()
    assert server.get("/new").status == 404
    before = server.worker()
    (tmp_path / "routes").write_text(ROUTES + "GET /new\n    sql SELECT 1 AS one\n")
    server.process.signal(1)
    until(lambda: server.get("/new").status == 200)
    until(lambda: not Path(f"/proc/{before}").exists())
    (tmp_path / "routes").write_text("GET /new\n    sql SELECT FROM\n")
    server.process.signal(1)
    until(lambda: "going on with what was read before" in server.process.output)
    assert f"{tmp_path}/routes:2: " in server.process.output
    assert server.get("/new").status == 200 and server.get("/notes/").status == 200


# ---- answers that are kept ----


def test_one_query_serves_all_who_ask_meanwhile(serve):
    server = serve("--max-threads", "16")
    with in_background(lambda: server.json("/count?ms=300")["r"], n=8) as answers:
        pass
    assert len(answers) == 8 and len(set(answers)) == 1
    assert server.json("/count?ms=300")["r"] == answers[0]
    assert server.json("/count?ms=301")["r"] != answers[0]


def test_a_kept_answer_is_revalidated_by_its_etag(serve):
    server = serve()
    first = server.get("/count")
    assert first.headers["cache-control"] == "max-age=600"
    etag = first.headers["etag"]
    again = server.get("/count", headers={"If-None-Match": f'"x", W/{etag}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    other = server.get("/count", headers={"If-None-Match": '"x"'})
    assert (other.status, other.body) == (200, first.body)


def test_what_is_too_large_to_be_kept_is_sent_to_all(serve):
    server = serve("--cache-size", "100000")
    with in_background(lambda: len(server.json("/cached-rows?n=20000")), n=4) as answers:
        pass
    assert answers == [20000] * 4
    assert len(server.json("/cached-rows?n=10")) == 10


def test_a_failed_answer_is_not_kept(serve):
    server = serve("--query-timeout", "1")
    with in_background(lambda: server.get("/count?ms=5000").status, n=3) as answers:
        pass
    assert answers == [504] * 3
    assert server.get("/count?ms=0").status == 200


def test_one_of_those_who_wait_may_go(serve):
    server = serve()
    with socket.create_connection(server.address) as gone:
        gone.sendall(b"GET /count?ms=1500 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: threads_of(server.worker()) > 1)
        with in_background(lambda: server.get("/count?ms=1500").status) as answers:
            reset_at_close(gone)
            gone.close()
    assert answers == [200]
