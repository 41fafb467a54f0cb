# SPDX-License-Identifier: Apache-2.0
"""The driver for MariaDB against a real mariadbd, through tests/probe/db.c in the build of BERTH_VARIANT."""

import http.client
import json
import socket
import subprocess
import time

import pytest

from support import mariadb, proc

# SANITIZED programs are slower and larger, and count their own memory.
LARGE = 50 * 1024 * 1024


@pytest.fixture(scope="module")
def probe_path(root, variant):
    return mariadb.build_probe(root, variant)


@pytest.fixture(scope="module")
def server():
    tool = mariadb.missing()
    if tool:
        pytest.skip(f"{tool} is missing: make test installs mariadb-server when run as root")
    it = mariadb.Server()
    yield it
    it.close()


class Probe:
    def __init__(self, path, url, timeout_ms=30000):
        self._child = subprocess.Popen(
            [path, url, str(timeout_ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=proc.environment(None)
        )
        self.opened = self.read()

    def send(self, **command):
        self._child.stdin.write(json.dumps(command) + "\n")
        self._child.stdin.flush()

    def read(self):
        line = self._child.stdout.readline()
        assert line, self._child.stderr.read()
        return json.loads(line)

    def run(self, sql, *params, **more):
        self.send(op="run", sql=sql, params=params, **more)
        return self.read()

    def row(self, sql, *params):
        """The one row there is, as (type, value) pairs."""
        answer = self.run(sql, *params)
        assert len(answer["rows"]) == 1, answer
        return [tuple(cell) for cell in answer["rows"][0]]

    def cell(self, sql, *params):
        (cell,) = self.row(sql, *params)
        return cell

    def cipher(self):
        self.send(op="cipher")
        return self.read().get("cipher")

    def close(self):
        """Ends it and returns what it wrote to stderr: sanitizers complain there."""
        self._child.stdin.close()
        status = self._child.wait(30)
        complaints = self._child.stderr.read()
        assert (status == 0) == ("error" not in self.opened), (status, complaints)
        return complaints

    def kill(self):
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()


@pytest.fixture
def open_probe(probe_path):
    opened = []

    def start(url, **more):
        opened.append(Probe(probe_path, url, **more))
        return opened[-1]

    yield start
    try:
        for probe in opened:
            assert probe.close() == ""
    finally:
        for probe in opened:
            probe.kill()


@pytest.fixture
def probe(server, open_probe):
    probe = open_probe(server.url())
    assert probe.opened == {}
    return probe


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def running(server, text):
    """Ids of connections that run a statement with this text in it, the question itself left out."""
    rows = server.sql(f"SELECT id FROM information_schema.processlist WHERE info LIKE '%{text}%' AND id <> CONNECTION_ID()")
    return [row[0] for row in rows]


# ---- types ----

TYPES = [
    ("TINYINT(1)", "1", ("int", 1)),
    ("TINYINT", "-128", ("int", -128)),
    ("TINYINT UNSIGNED", "255", ("int", 255)),
    ("SMALLINT UNSIGNED", "65535", ("int", 65535)),
    ("MEDIUMINT", "-8388608", ("int", -8388608)),
    ("INT UNSIGNED", "4294967295", ("int", 4294967295)),
    ("INT(8) ZEROFILL", "42", ("int", 42)),
    ("BIGINT", "-9223372036854775808", ("int", -(2**63))),
    ("BIGINT UNSIGNED", "9223372036854775807", ("int", 2**63 - 1)),
    ("BIGINT UNSIGNED", "18446744073709551615", ("decimal", "18446744073709551615")),
    ("YEAR", "2026", ("int", 2026)),
    ("BIT(1)", "b'1'", ("int", 1)),
    ("BIT(12)", "b'100000000001'", ("int", 2049)),
    ("BIT(64)", "18446744073709551615", ("decimal", "18446744073709551615")),
    ("FLOAT", "0.1", ("real", 0.1)),
    ("FLOAT", "16777216", ("real", 16777216.0)),
    ("FLOAT", "3.40282e38", ("real", 3.40282e38)),
    ("DOUBLE", "0.1", ("real", 0.1)),
    ("DOUBLE", "-1.7976931348623157e308", ("real", -1.7976931348623157e308)),
    ("DECIMAL(10,2)", "-0.5", ("decimal", "-0.50")),
    ("DECIMAL(65,30)", "1e34", ("decimal", "1" + "0" * 34 + "." + "0" * 30)),
    ("DECIMAL(8,2) ZEROFILL", "12.5", ("decimal", "12.50")),
    ("DECIMAL(4,0) ZEROFILL", "0", ("decimal", "0")),
    ("DATE", "'2026-11-24'", ("text", "2026-11-24")),
    ("DATETIME", "'2026-11-24 18:32:00'", ("text", "2026-11-24T18:32:00")),
    ("DATETIME", "'2026-11-24 00:00:00'", ("text", "2026-11-24T00:00:00")),
    ("DATETIME(6)", "'2026-11-24 18:32:00.000120'", ("text", "2026-11-24T18:32:00.000120")),
    ("DATETIME(3)", "'0001-01-01 00:00:00'", ("text", "0001-01-01T00:00:00.000")),
    ("TIMESTAMP NULL", "'2026-11-24 18:32:00'", ("text", "2026-11-24T18:32:00Z")),
    ("TIMESTAMP(2) NULL", "'2026-11-24 18:32:00.25'", ("text", "2026-11-24T18:32:00.25Z")),
    ("TIME", "'-838:59:59'", ("text", "-838:59:59")),
    ("TIME(1)", "'00:00:00.5'", ("text", "00:00:00.5")),
    ("CHAR(10)", "'ab'", ("text", "ab")),
    ("VARCHAR(20)", "'Grüße 🚢'", ("text", "Grüße 🚢")),
    ("VARCHAR(20) CHARACTER SET latin1", "'Grüße'", ("text", "Grüße")),
    ("VARCHAR(20)", "''", ("text", "")),
    ("TEXT", "REPEAT('x', 60000)", ("text", "x" * 60000)),
    ("LONGTEXT", "REPEAT('ä', 1000000)", ("text", "ä" * 1000000)),
    ("ENUM('a','b')", "'b'", ("text", "b")),
    ("SET('a','b')", "'a,b'", ("text", "a,b")),
    ("JSON", "'{\"a\": [1]}'", ("json", '{"a": [1]}')),
    ("BINARY(3)", "'abc'", ("blob", "abc")),
    ("VARBINARY(20)", "'abc'", ("blob", "abc")),
    ("BLOB", "''", ("blob", "")),
    ("LONGBLOB", "REPEAT('b', 100000)", ("blob", "b" * 100000)),
    ("UUID", "'c0ffee00-0000-4000-8000-000000000001'", ("text", "c0ffee00-0000-4000-8000-000000000001")),
    ("INET6", "'::1'", ("text", "::1")),
]


def test_every_type_of_column_is_read_as_it_is(server, probe):
    columns = ", ".join(f"c{i} {kind}" for i, (kind, _, _) in enumerate(TYPES))
    values = ", ".join(value for _, value, _ in TYPES)
    server.sql(f"SET SESSION time_zone='+00:00'; CREATE OR REPLACE TABLE types ({columns}); INSERT INTO types VALUES ({values});")
    got = probe.row("SELECT * FROM types")
    for (kind, _, want), cell in zip(TYPES, got, strict=True):
        assert cell == want, kind


def test_null_is_null_in_every_type(server, probe):
    columns = ", ".join(f"c{i} {kind}" for i, (kind, _, _) in enumerate(TYPES))
    server.sql(f"CREATE OR REPLACE TABLE nothing ({columns}); INSERT INTO nothing (c0) VALUES (NULL);")
    assert probe.row("SELECT * FROM nothing") == [("null", None)] * len(TYPES)
    assert probe.cell("SELECT NULL") == ("null", None)


@pytest.mark.parametrize(
    "value, sql, want",
    [
        (None, "SELECT ?", ("null", None)),
        (-(2**63), "SELECT ?", ("int", -(2**63))),
        (True, "SELECT ? + 1", ("int", 2)),
        (0.1, "SELECT ?", ("real", 0.1)),
        ({"decimal": "12345678901234567890.5"}, "SELECT CAST(? AS DECIMAL(30,1))", ("decimal", "12345678901234567890.5")),
        ("Grüße 🚢 ' \\ \"", "SELECT ?", ("text", "Grüße 🚢 ' \\ \"")),
        ("", "SELECT ?", ("text", "")),
        ({"blob": "bytes"}, "SELECT ?", ("blob", "bytes")),
        ("x" * 5000000, "SELECT LENGTH(?)", ("int", 5000000)),
        ("2026-11-24T18:32:00", "SELECT CAST(? AS DATETIME)", ("text", "2026-11-24T18:32:00")),
    ],
)
def test_parameters_arrive_as_they_are(probe, value, sql, want):
    assert probe.cell(sql, value) == want


def test_a_limit_may_be_a_parameter_and_types_may_change_between_runs(server, probe):
    server.sql("CREATE OR REPLACE TABLE few (id INT); INSERT INTO few VALUES (1), (2), (3);")
    assert probe.run("SELECT id FROM few ORDER BY id LIMIT ? OFFSET ?", 1, 1)["rows"] == [[["int", 2]]]
    assert [probe.cell("SELECT ? AS v", value) for value in (1, "x", 0.5, None)] == [("int", 1), ("text", "x"), ("real", 0.5), ("null", None)]


# ---- statements ----


def test_changed_counts_the_rows_that_matched(server, probe):
    server.sql("CREATE OR REPLACE TABLE few (id INT PRIMARY KEY, v INT); INSERT INTO few VALUES (1, 1), (2, 1), (3, 2);")
    assert probe.run("UPDATE few SET v = ? WHERE v = 1", 1)["changed"] == 2
    assert probe.run("DELETE FROM few WHERE id > ?", 2)["changed"] == 1
    answer = probe.run("INSERT INTO few VALUES (?, 5) RETURNING id, v", 9)
    assert answer["columns"] == ["id", "v"] and answer["rows"] == [[["int", 9], ["int", 5]]]


@pytest.mark.parametrize(
    "sql, params, code",
    [
        ("INSERT INTO strict_rows (id) VALUES (?)", [1], "exists"),
        ("INSERT INTO strict_rows (id, parent) VALUES (7, ?)", [99], "exists"),
        ("DELETE FROM strict_rows WHERE id = ?", [1], "exists"),
        ("INSERT INTO strict_rows (id, small) VALUES (7, ?)", [300], "invalid"),
        ("INSERT INTO strict_rows (id, small) VALUES (7, ?)", ["word"], "invalid"),
        ("INSERT INTO strict_rows (id, name) VALUES (7, ?)", ["too long"], "invalid"),
        ("INSERT INTO strict_rows (id, day) VALUES (7, ?)", ["2026-02-30"], "invalid"),
        ("INSERT INTO strict_rows (id) VALUES (?)", [None], "invalid"),
        ("INSERT INTO strict_rows (id, positive) VALUES (7, ?)", [-1], "invalid"),
        ("SELECT 1 FROM", [], "invalid"),
        ("SELECT * FROM no_such_table", [], "invalid"),
        ("SELECT ?", [], "invalid"),
        ("SELECT 1; SELECT 2", [], "invalid"),
        ("SELECT * FROM mysql.user", [], "denied"),
    ],
)
def test_errors_of_the_server_have_our_codes(server, probe, sql, params, code):
    server.sql(
        "DROP TABLE IF EXISTS strict_rows;"
        "CREATE TABLE strict_rows (id INT PRIMARY KEY, parent INT, small TINYINT, name VARCHAR(3), day DATE, positive INT CHECK (positive > 0),"
        " FOREIGN KEY (parent) REFERENCES strict_rows (id)) ENGINE=InnoDB;"
        "INSERT INTO strict_rows (id, parent) VALUES (1, NULL), (2, 1);"
    )
    answer = probe.run(sql, *params)
    assert answer.get("error") == code, answer
    assert probe.cell("SELECT 1") == ("int", 1), "the connection is good for the next one"


def test_a_procedure_gives_its_first_result(server, probe):
    server.sql(
        "DROP PROCEDURE IF EXISTS two;\nDELIMITER //\n"
        "CREATE PROCEDURE two() BEGIN SELECT 1 AS a, 'x' AS b; SELECT 2 AS c; END//\nDELIMITER ;\n"
    )
    for _ in range(2):
        answer = probe.run("CALL two()")
        assert answer["columns"] == ["a", "b"] and answer["rows"] == [[["int", 1], ["text", "x"]]], answer
    assert probe.cell("SELECT 1") == ("int", 1)


def test_star_means_the_columns_there_are_now(server, probe):
    server.sql("CREATE OR REPLACE TABLE altered (a INT); INSERT INTO altered VALUES (1);")
    assert probe.run("SELECT * FROM altered")["columns"] == ["a"]
    server.sql("ALTER TABLE altered ADD b VARCHAR(5) DEFAULT 'new';")
    answer = probe.run("SELECT * FROM altered")
    assert answer["columns"] == ["a", "b"] and answer["rows"] == [[["int", 1], ["text", "new"]]], answer
    server.sql("ALTER TABLE altered MODIFY a VARCHAR(5);")
    assert probe.row("SELECT * FROM altered") == [("text", "1"), ("text", "new")]


def test_files_are_not_sent_to_the_server(server, probe):
    server.sql("CREATE OR REPLACE TABLE loaded (line TEXT); SET GLOBAL local_infile = 1;")
    assert "error" in probe.run("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE loaded")
    assert server.sql("SELECT COUNT(*) FROM loaded") == [["0"]]
    assert probe.cell("SELECT 1") == ("int", 1)


# ---- large results ----


def test_a_large_result_needs_little_memory(probe, variant):
    small = probe.run("SELECT REPEAT('x', 10000) AS t FROM seq_1_to_10", count=True)
    large = probe.run("SELECT REPEAT('x', 10000) AS t FROM seq_1_to_5300", count=True)
    assert (small["rows"], large["rows"]) == (10, 5300) and large["bytes"] > LARGE
    assert large["peak_kib"] - small["peak_kib"] < (512 if variant == "static" else 4096)


def test_a_sink_that_has_enough_leaves_a_usable_connection(server, probe):
    me = probe.cell("SELECT CONNECTION_ID()")
    assert len(probe.run("SELECT seq FROM seq_1_to_20", stop=3)["rows"]) == 3
    assert probe.cell("SELECT CONNECTION_ID()") == me, "few rows are read to their end"
    assert len(probe.run("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_1000000", stop=3)["rows"]) == 3
    assert probe.cell("SELECT CONNECTION_ID()") != me, "many are not"
    wait_for(lambda: not running(server, "seq_1_to_1000000"))


# ---- lost connections ----


def test_a_read_survives_a_killed_connection(server, probe):
    me = probe.cell("SELECT CONNECTION_ID()")
    assert probe.cell("SELECT ? + 1", 1) == ("int", 2)
    server.sql(f"KILL {me[1]}")
    assert probe.cell("SELECT ? + 1", 2) == ("int", 3)
    assert probe.cell("SELECT CONNECTION_ID()") != me


def test_a_write_finds_the_connection_gone_before_it_is_sent(server, probe):
    server.sql("CREATE OR REPLACE TABLE written (id INT);")
    assert probe.run("INSERT INTO written VALUES (?)", 1)["changed"] == 1
    server.sql(f"KILL {probe.cell('SELECT CONNECTION_ID()')[1]}")
    wait_for(lambda: not server.sql("SELECT id FROM information_schema.processlist WHERE user = 'app'"))
    assert probe.run("INSERT INTO written VALUES (?)", 2).get("changed") == 1
    assert server.sql("SELECT COUNT(*) FROM written") == [["2"]]


def test_a_write_that_was_under_way_is_not_repeated(server, probe):
    server.sql("CREATE OR REPLACE TABLE written (id INT) ENGINE=InnoDB;")
    probe.send(op="run", sql="INSERT INTO written SELECT 1 + SLEEP(20)", params=[])
    wait_for(lambda: running(server, "INSERT INTO written"))
    server.sql(f"KILL {running(server, 'INSERT INTO written')[0]}")
    assert probe.read()["error"] == "net"
    assert server.sql("SELECT COUNT(*) FROM written") == [["0"]]
    assert probe.cell("SELECT 1") == ("int", 1)


def test_a_connection_closed_by_the_idle_time_out_is_opened_again(server, probe):
    probe.run("SET wait_timeout = 1")
    me = probe.cell("SELECT CONNECTION_ID()")
    wait_for(lambda: not server.sql(f"SELECT id FROM information_schema.processlist WHERE id = {me[1]}"))
    assert probe.cell("SELECT CONNECTION_ID()") != me


def test_statements_survive_a_restart_of_the_server(server, open_probe):
    probe = open_probe(server.url(connect_timeout=5))
    assert probe.cell("SELECT ? * 2", 21) == ("int", 42)
    server.stop()
    assert probe.run("SELECT ? * 2", 21)["error"] == "net"
    server.start()
    assert probe.cell("SELECT ? * 2", 21) == ("int", 42)
    server.restart()
    assert probe.cell("SELECT ? * 2", 22) == ("int", 44)


def test_losing_the_connection_among_the_rows_is_an_error(server, probe):
    probe.send(op="run", sql="SELECT seq, SLEEP(IF(seq > 5000, 0.05, 0)), REPEAT('x', 1000) FROM seq_1_to_6000", params=[], count=True)
    wait_for(lambda: running(server, "seq_1_to_6000"))
    server.sql(f"KILL {running(server, 'seq_1_to_6000')[0]}")
    answer = probe.read()
    assert answer["error"] == "net" and answer["rows"] < 6000, answer
    assert probe.cell("SELECT 1") == ("int", 1)


# ---- time ----


def test_a_statement_that_takes_too_long_ends(server, open_probe):
    probe = open_probe(server.url(), timeout_ms=300)
    answer = probe.run("SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b")
    assert answer["error"] == "timeout" and "max_statement_time" in answer["message"], answer
    # Among the rows as well.
    answer = probe.run("SELECT seq, SLEEP(0.01) FROM seq_1_to_100000")
    assert answer["error"] == "timeout" and len(answer["rows"]) < 100000, answer
    assert not running(server, "seq_1_to_100000")
    assert probe.cell("SELECT 1") == ("int", 1)


def test_a_lock_that_is_not_released_is_a_time_out(server, open_probe):
    server.sql("CREATE OR REPLACE TABLE locked (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO locked VALUES (1);")
    one, two = open_probe(server.url()), open_probe(server.url())
    one.run("SET autocommit = 0")
    assert one.run("DELETE FROM locked WHERE id = 1")["changed"] == 1
    two.run("SET innodb_lock_wait_timeout = 1")
    assert two.run("DELETE FROM locked WHERE id = 1")["error"] == "timeout"


def test_interrupt_ends_the_statement_here_and_on_the_server(server, probe):
    me = probe.cell("SELECT CONNECTION_ID()")
    probe.send(op="run", sql="SELECT SLEEP(60)", params=[])
    wait_for(lambda: running(server, "SLEEP(60)"))
    before = time.monotonic()
    probe.send(op="interrupt")
    answer = probe.read()
    assert (answer["error"], answer["message"]) == ("timeout", "interrupted")
    assert time.monotonic() - before < 10
    wait_for(lambda: not running(server, "SLEEP(60)"))
    assert probe.cell("SELECT CONNECTION_ID()") != me
    # With nothing to interrupt it does nothing.
    probe.send(op="interrupt")
    assert probe.cell("SELECT 1") == ("int", 1)


def test_a_server_that_says_nothing_is_given_up(open_probe):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        before = time.monotonic()
        probe = open_probe(f"mysql://app@127.0.0.1:{deaf.getsockname()[1]}/test?connect-timeout=1")
        assert probe.opened["error"] == "net", probe.opened
        assert time.monotonic() - before < 15


# ---- logging in ----


def test_a_wrong_password_is_refused_and_never_shown(server, open_probe):
    probe = open_probe(server.url(password="hunter2/wrong"))
    assert probe.opened["error"] == "denied"
    assert "hunter2" not in json.dumps(probe.opened) and "app" in probe.opened["message"]


def test_other_reasons_not_to_get_in(server, open_probe):
    assert open_probe(server.url(name="mysql")).opened["error"] == "denied"
    assert open_probe(server.url(user="limited")).opened == {}
    assert open_probe(server.url(user="limited")).opened["error"] == "limit"
    assert open_probe("mysql://app@127.0.0.1:1/test").opened["error"] == "net"
    assert open_probe("mysql://app@/test?socket=/nonexistent/sock").opened["error"] == "net"


@pytest.mark.parametrize("user", ["app", "ed"])
def test_users_log_in_by_socket_and_by_port(server, open_probe, user):
    for url in (server.url(user), server.url(user, socket=True)):
        probe = open_probe(url)
        assert probe.opened == {}, probe.opened
        assert probe.cell("SELECT SUBSTRING_INDEX(USER(), '@', 1)") == ("text", user)


def test_the_session_speaks_utf8mb4_and_utc(server, probe):
    row = probe.row("SELECT @@character_set_client, @@character_set_results, @@time_zone, @@local_infile IS NOT NULL")
    assert [value for _, value in row] == ["utf8mb4", "utf8mb4", "+00:00", 1]


# ---- TLS ----


@pytest.mark.parametrize("mode", ["preferred", "required", "verify-ca", "verify-identity"])
def test_tls_is_used(server, open_probe, mode):
    probe = open_probe(server.url(host="localhost", tls=mode, tls_ca=server.folder / "authority.crt"))
    assert probe.opened == {}, probe.opened
    assert probe.cipher()
    assert probe.cell("SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'") == ("int", 1)


def test_tls_may_be_off(server, open_probe):
    assert open_probe(server.url(tls="disabled")).cipher() is None
    assert open_probe(server.url(socket=True)).cipher() is None, "not on a unix socket, unless asked for"
    assert open_probe(server.url(socket=True, tls="required")).cipher()


@pytest.mark.parametrize(
    "host, mode, authority, opens",
    [
        ("127.0.0.1", "verify-ca", "authority", True),
        ("127.0.0.1", "verify-identity", "authority", False),
        ("localhost", "verify-ca", "stranger", False),
        ("localhost", "verify-identity", "stranger", False),
        ("localhost", "verify-ca", None, False),
        ("localhost", "verify-ca", "missing", False),
        ("localhost", "required", "stranger", True),
    ],
)
def test_certificates_are_verified_as_far_as_asked_for(server, open_probe, host, mode, authority, opens):
    options = {"tls_ca": server.folder / f"{authority}.crt"} if authority else {}
    opened = open_probe(server.url(host=host, tls=mode, **options)).opened
    assert opened.get("error") == (None if opens else "net"), opened


@pytest.fixture(scope="module")
def plain_server():
    it = mariadb.Server(tls=False, arguments=["--skip-ssl"])
    yield it
    it.close()


def test_a_server_without_tls_is_refused_when_tls_is_asked_for(server, plain_server, open_probe):
    assert open_probe(plain_server.url()).cipher() is None, "preferred does without"
    for mode in ("required", "verify-ca", "verify-identity"):
        opened = open_probe(plain_server.url(tls=mode, tls_ca=plain_server.folder / "authority.crt")).opened
        assert opened["error"] == "net" and ("TLS" in opened["message"] or "SSL" in opened["message"]), opened


def test_a_connection_over_tls_is_lost_and_interrupted_alike(server, open_probe):
    probe = open_probe(server.url(host="localhost", tls="verify-identity", tls_ca=server.folder / "authority.crt"))
    server.sql(f"KILL {probe.cell('SELECT CONNECTION_ID()')[1]}")
    assert probe.cell("SELECT 1") == ("int", 1)
    probe.send(op="run", sql="SELECT SLEEP(61)", params=[])
    wait_for(lambda: running(server, "SLEEP(61)"))
    probe.send(op="interrupt")
    assert probe.read()["error"] == "timeout"
    assert probe.run("SELECT REPEAT('x', 10000) AS t FROM seq_1_to_2000", count=True)["rows"] == 2000
    assert probe.cipher()


# ---- through berthd ----

ROUTES = """
GET /notes/
    param limit int 1..100 = 20
    param offset int 0.. = 0
    page limit offset
    sql SELECT id, title, price, meta, created FROM notes ORDER BY id LIMIT :limit OFFSET :offset
POST /notes/
    param id int
    param title text 1..50
    body json
    status 201
    row
    sql INSERT INTO notes (id, title) VALUES (:id, :title) RETURNING id, title
DELETE /notes/{id}
    param id int
    row
    status 204
    sql DELETE FROM notes WHERE id = :id
GET /slow/{n}
    param n int
    row
    sql SELECT SLEEP(:n) AS slept
GET /rows/
    sql SELECT seq, REPEAT('x', 1000) AS t FROM seq_1_to_5000
"""


@pytest.fixture
def ask(server, start, programs, tmp_path):
    """Serves the routes by one worker; asks and gives (status, document)."""
    server.sql(
        "CREATE OR REPLACE TABLE notes (id INT PRIMARY KEY, title VARCHAR(10), price DECIMAL(8,2) DEFAULT 1.5, meta JSON DEFAULT '[1]',"
        " created TIMESTAMP NULL DEFAULT '2026-11-24 18:32:00') ENGINE=InnoDB;"
        "INSERT INTO notes (id, title) VALUES (1, 'Grüße'), (2, NULL);"
    )
    (tmp_path / "routes").write_text(ROUTES)
    url = server.url(host="localhost", tls="verify-identity", tls_ca=server.folder / "authority.crt")
    process = start(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--routes", tmp_path / "routes", "--query-timeout", "1"],
        ready=r"listening on 127.0.0.1:(\d+)",
        env={"DATABASE_URL": url},
    )

    def get(path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", int(process.match[1]), timeout=30)
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    yield get
    assert mariadb.PASSWORDS["app"] not in process.output and "S3cret%2F" not in process.output


def test_routes_are_answered_from_mariadb(server, ask):
    first = {"id": 1, "title": "Grüße", "price": 1.5, "meta": [1], "created": "2026-11-24T18:32:00Z"}
    assert ask("/notes/?limit=1") == (200, [first])
    assert ask("/notes/?offset=1")[1][0]["title"] is None
    assert ask("/notes/", "POST", {"id": 3, "title": "new"}) == (201, {"id": 3, "title": "new"})
    assert ask("/notes/", "POST", {"id": 3, "title": "new"})[0] == 409
    assert ask("/notes/", "POST", {"id": 4, "title": "longer than ten"})[0] == 422
    assert ask("/notes/3", "DELETE")[0] == 204
    assert ask("/notes/3", "DELETE")[0] == 404
    status, rows = ask("/rows/")
    assert status == 200 and len(rows) == 5000 and rows[-1]["seq"] == 5000


def test_a_slow_query_of_mariadb_is_ended(server, ask):
    assert ask("/slow/50")[0] == 504
    wait_for(lambda: not running(server, "SLEEP"))
    assert ask("/notes/?limit=1")[0] == 200


def test_a_restart_of_mariadb_is_survived(server, ask):
    assert ask("/notes/")[0] == 200
    server.stop()
    try:
        assert ask("/notes/")[0] == 503
    finally:
        server.start()
    assert ask("/notes/")[0] == 200
    assert ask("/notes/", "POST", {"id": 9, "title": "new"})[0] == 201
