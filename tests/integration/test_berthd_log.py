# SPDX-License-Identifier: Apache-2.0
"""What berthd tells of itself: the access log, its own messages, readiness, metrics, lines for CloudWatch."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support import proc
from support.http_raw import Raw

COMBINED = re.compile(
    r'(?P<remote>\S+) - (?P<user>\S+) \[(?P<time>[^]]+)] "(?P<line>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<sent>\d+) '
    r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"'
)


class Server:
    """berthd with its standard output in a pipe of its own, and its messages apart.  Only with one worker do lines
    come in the order of the requests."""

    def __init__(self, program, *flags, workers=2, stdout=None, bind="127.0.0.1:0"):
        self.child = subprocess.Popen(
            [str(a) for a in (program, "-b", bind, "-w", workers, *flags)],
            stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE, env=proc.environment({}),
        )  # fmt: skip
        self.messages = []
        self.out = b""
        self.ready = threading.Event()
        self.threads = [threading.Thread(target=self._messages, daemon=True)]
        if stdout is None:
            self.threads.append(threading.Thread(target=self._output, daemon=True))
        for thread in self.threads:
            thread.start()
        assert self.ready.wait(20) and self.where("listening on"), self.messages

    def _messages(self):
        for line in self.child.stderr:
            self.messages.append(line.decode())
            if "listening on" in self.messages[-1]:
                self.ready.set()
        self.ready.set()

    def _output(self):
        while data := self.child.stdout.read1(65536):
            self.out += data

    def where(self, words):
        for line in self.messages:
            if words in line:
                host, port = line.split(words)[1].split(",")[0].strip().rsplit(":", 1)
                return host, int(port)
        return None

    @property
    def address(self):
        return self.where("listening on")

    def workers(self):
        pid = self.child.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def send(self, number):
        self.child.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """The exit status, once it has ended and all is read."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            status = self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        for thread in self.threads:
            thread.join(20)
        return status

    def lines(self):
        assert self.out.endswith(b"\n") or not self.out
        return self.out.decode().splitlines()


@pytest.fixture
def serve(programs):
    servers = []

    def run(*flags, **options):
        servers.append(Server(programs["berthd"], *flags, **options))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return result


def get(address, path="/healthz", headers="", method="GET"):
    with Raw(address) as raw:
        return raw.get(path, headers, method)


def json_lines(server):
    return [json.loads(line) for line in server.lines()]


# ---- the access log ----


def test_there_is_no_access_log_unless_asked(serve):
    server = serve()
    get(server.address)
    assert server.stop() == 0
    assert server.out == b""
    assert len(server.messages) == 1


def test_combined_is_the_default_format(serve):
    server = serve("--access-logfile", "-", workers=1)
    get(server.address, "/healthz?a=b", 'Referer: http://r/\r\nUser-Agent: a "b"\\\r\nAuthorization: Basic YWxpY2U6eA==\r\n')
    get(server.address, "/none", method="HEAD")
    assert server.stop() == 0
    first, second = [COMBINED.fullmatch(line) for line in server.lines()]
    assert first["remote"] == "127.0.0.1"
    assert first["user"] == "alice"
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", first["time"])
    assert first["line"] == "GET /healthz?a=b HTTP/1.1"
    assert (first["status"], first["sent"]) == ("200", "3")
    assert first["referer"] == "http://r/"
    assert first["agent"] == r"a \"b\"\\"
    assert second["line"] == "HEAD /none HTTP/1.1"
    assert (second["status"], second["sent"]) == ("404", "0")


def test_json_lines_have_all_that_is_known(serve):
    server = serve("--access-logfile", "-", "--access-logformat", "json", workers=1)
    get(
        server.address, "/healthz",
        "X-Forwarded-For: 203.0.113.9\r\nX-Amzn-Trace-Id: Root=1-6789\r\nX-Request-Id: client-7\r\n",
    )  # fmt: skip
    before = time.time()
    get(server.address)
    assert server.stop() == 0
    first, second = json_lines(server)
    assert first["forwarded"] == "203.0.113.9"
    assert first["trace"] == "Root=1-6789"
    assert first["id"] == "client-7"
    assert first["status"] == 200 and first["sent"] == 3
    assert re.fullmatch("[0-9a-f]{32}", second["id"])
    assert 0 <= second["duration_us"] < 20_000_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", second["time"])
    stamp = time.strptime(second["time"][:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(time.mktime(stamp) - time.timezone - before) < 30


def test_a_format_may_name_fields_of_both_sides(serve):
    server = serve("--access-logfile", "-", "--access-logformat", "%({x-one}i)s %({Content-Type}o)s %({etag}o)s %(p)s %(M)s")
    get(server.address, headers="X-One: 1\r\nX-One: 2\r\n")
    workers = server.workers()
    assert server.stop() == 0
    (line,) = server.lines()
    match = re.fullmatch(r"1 text/plain; charset=utf-8 - <(\d+)> \d+", line)
    assert match and int(match[1]) in workers


@pytest.mark.parametrize("form", ["combined", "json"])
def test_no_client_can_forge_a_line(serve, form):
    server = serve("--access-logfile", "-", "--access-logformat", form)
    hostile = [
        b'GET /"%22\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: "},{"a":"b\r\n\r\n',
        b"GET /\x01\n127.0.0.1 - - HTTP/1.1\r\nHost: a\r\n\r\n",
        b'\x16\x03\x01"}\n{"status":200}\r\n\r\n',
        b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe\xc3\xa9\x80\r\nReferer: \\\x1b[31m\r\n\r\n",
        b"GET /?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b'User-Agent: "' + b"\\" * 8000 + b"\r\nReferer: " + b'"' * 8000 + b"\r\n\r\n",
    ]
    for data in hostile:
        with Raw(server.address) as raw:
            raw.send(data).response()
    assert server.stop() == 0
    lines = server.lines()
    assert len(lines) == len(hostile)
    for line in lines:
        assert len(line.encode()) < 4096
        assert all(c >= " " and c != "\x7f" for c in line)
        if form == "json":
            assert json.loads(line)["remote"] == "127.0.0.1"
        else:
            assert COMBINED.fullmatch(line), line


def test_requests_that_were_not_understood_are_logged_with_their_answer(serve):
    server = serve("--access-logfile", "-", "--access-logformat", "json")
    with Raw(server.address) as raw:
        assert raw.send("BROKEN\r\n\r\n").response().status == 400
    assert server.stop() == 0
    (line,) = json_lines(server)
    assert line["status"] == 400 and line["method"] == "" and line["target"] == ""


def test_the_request_id_is_sent_back_when_asked(serve):
    plain = serve()
    assert "x-request-id" not in get(plain.address, headers="X-Request-Id: a\r\n").headers
    server = serve("--request-id", "--access-logfile", "-", "--access-logformat", "%(id)s", workers=1)
    assert get(server.address, headers="X-Request-Id: abc-1\r\n").headers["x-request-id"] == "abc-1"
    made = get(server.address, headers="X-Request-Id: <script>\r\n").headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert server.stop() == 0
    assert server.lines() == ["abc-1", made]


def test_every_line_is_written_before_the_end(serve, tmp_path):
    log = tmp_path / "access.log"
    server = serve("--access-logfile", log, "--access-logformat", "%(s)s")
    for _ in range(5):
        with Raw(server.address) as raw:
            for _ in range(200):
                raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in range(200):
                assert raw.response().status == 200
    assert server.stop() == 0
    assert log.read_text() == "200\n" * 1000


def test_a_stalled_reader_holds_nothing_up(serve):
    reading, writing = os.pipe()
    server = serve(
        "--access-logfile", "-", "--access-logformat", "json", "--access-log-buffer", 16384,
        "--metrics-bind", "127.0.0.1:0", workers=1, stdout=writing,
    )  # fmt: skip
    os.close(writing)
    agent = f"User-Agent: {'x' * 500}\r\n"
    for _ in range(1000):
        get(server.address, headers=agent)
    metrics = scrape(server.where("metrics on"))
    dropped = metrics["berthd_access_log_dropped_total"]
    assert 0 < dropped < 1000
    until(lambda: any("dropped" in m and "access log '-'" in m for m in server.messages))
    received = b""

    def read():
        nonlocal received
        while data := os.read(reading, 65536):
            received += data

    reader = threading.Thread(target=read)
    reader.start()
    assert server.stop() == 0
    reader.join(20)
    os.close(reading)
    lines = received.decode().splitlines()
    assert all(json.loads(line)["status"] == 200 for line in lines)
    assert len(lines) + dropped == 1000


def test_a_reader_that_is_gone_ends_nothing(serve):
    reading, writing = os.pipe()
    server = serve("--access-logfile", "-", "--metrics-bind", "127.0.0.1:0", workers=1, stdout=writing)
    os.close(writing)
    os.close(reading)
    get(server.address)
    until(lambda: scrape(server.where("metrics on"))["berthd_access_log_dropped_total"] == 1)
    assert get(server.address).status == 200
    assert server.stop() == 0


def test_usr1_opens_the_files_anew(serve, tmp_path):
    access = tmp_path / "access.log"
    server = serve("--access-logfile", access, "--access-logformat", "%(U)s")
    get(server.address, "/one")
    until(lambda: access.exists() and access.read_text() == "/one\n")
    access.rename(tmp_path / "access.1")
    server.send(signal.SIGUSR1)
    until(access.exists)
    # Workers follow on their own: each new request may still be written to the old file until they have.
    until(lambda: get(server.address, "/two").status and "/two" in access.read_text())
    assert server.stop() == 0
    assert (tmp_path / "access.1").read_text().startswith("/one\n")


def test_messages_go_to_the_error_log(programs, tmp_path):
    log = tmp_path / "errors.log"
    child = subprocess.Popen(
        [programs["berthd"], "-b", "127.0.0.1:0", "-w", "1", "--log-file", log],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=proc.environment({}),
    )  # fmt: skip
    try:
        until(lambda: log.exists() and "listening on" in log.read_text())
        log.rename(tmp_path / "errors.1")
        child.send_signal(signal.SIGUSR1)
        until(log.exists)
        child.send_signal(signal.SIGHUP)
        until(lambda: "reload" in log.read_text())
    finally:
        child.terminate()
        _, stderr = child.communicate(timeout=20)
    assert child.returncode == 0
    assert stderr == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_workers_user_can_open_its_files_anew(serve, tmp_path):
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.geteuid() and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    access = tmp_path / "access.log"
    server = serve("--access-logfile", access, "--user", "65532", "--access-logformat", "%(U)s")
    assert access.stat().st_uid == 65532
    access.rename(tmp_path / "access.1")
    server.send(signal.SIGUSR1)
    until(access.exists)
    until(lambda: get(server.address, "/two").status and "/two" in access.read_text())
    assert access.stat().st_uid == 65532
    assert server.stop() == 0
    assert not [m for m in server.messages if "access log" in m or "logfile" in m]


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--access-logformat", "%(nope)s"], "--access-logformat: '%(nope)s': there is no such value"),
        (["--access-logformat", "combind"], "names no format"),
        (["--access-logfile", "/nonexistent/x"], "--access-logfile: open '/nonexistent/x': No such file"),
        (["--error-logfile", "/nonexistent/x"], "--error-logfile: open '/nonexistent/x': No such file"),
        (["--emf", "a b"], "--emf: letters, digits"),
        (["--emf", "AWS/X"], "not one of AWS's own"),
        (["--metrics-bind", "unix:/tmp/x"], "write HOST:PORT"),
        (["--metrics-bind", "nowhere"], "--metrics-bind"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(berthd, flags, why):
    done = berthd("-b", "127.0.0.1:0", *flags)
    assert done.status in (1, 2), done
    assert why in done.stderr


# ---- readiness and metrics ----


def scrape(address, families=False):
    answer = get(address, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    parsed = list(text_string_to_metric_families(answer.body.decode()))
    if families:
        return {f.name: f for f in parsed}
    return {
        s.name + "".join(f",{k}={v}" for k, v in s.labels.items() if k != "source"): s.value for f in parsed for s in f.samples
    }


def test_metrics_add_up_over_workers_and_their_replacement(serve):
    server = serve("--metrics-bind", "127.0.0.1:0", workers=3)
    metrics = server.where("metrics on")
    for _ in range(60):
        assert get(server.address).status == 200
    for _ in range(6):
        assert get(server.address, "/none").status == 404
    seen = scrape(metrics)
    assert seen["berthd_requests_total"] == 66
    assert seen["berthd_responses_total,class=2xx"] == 60
    assert seen["berthd_responses_total,class=4xx"] == 6
    assert seen["berthd_request_duration_seconds_count"] == 66
    assert seen["berthd_request_duration_seconds_bucket,le=+Inf"] == 66
    assert seen["berthd_connections_accepted_total"] == 66
    assert seen["berthd_workers,state=ready"] == seen["berthd_workers_wanted"] == 3
    assert seen["berthd_memory_private_bytes"] > 0
    assert seen["berthd_cpu_limit"] > 0
    bounds = [v for k, v in seen.items() if k.startswith("berthd_request_duration_seconds_bucket")]
    assert bounds == sorted(bounds)

    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: scrape(metrics)["berthd_worker_restarts_total"] == 1)
    until(lambda: scrape(metrics)["berthd_workers,state=ready"] == 3)
    for _ in range(10):
        get(server.address)
    assert scrape(metrics)["berthd_requests_total"] == 76

    server.send(signal.SIGHUP)
    until(lambda: scrape(metrics)["berthd_reloads_total"] == 1)
    until(lambda: scrape(metrics)["berthd_workers,state=ready"] == 3 and victim not in server.workers())
    assert scrape(metrics)["berthd_requests_total"] >= 76
    assert server.stop() == 0


def test_counters_are_declared_as_such(serve):
    server = serve()
    families = scrape(server.address, families=True)
    assert families["berthd_requests"].type == "counter"
    assert families["berthd_request_duration_seconds"].type == "histogram"
    assert families["berthd_connections"].type == "gauge"
    assert all(f.documentation for f in families.values())
    assert families["berthd_build_info"].samples[0].labels.keys() == {"version", "arch", "libc"}


def test_metrics_are_on_the_public_address_unless_they_have_their_own(serve):
    public = serve()
    assert get(public.address, "/metrics").status == 200
    assert get(public.address, "/metrics", method="HEAD").status == 200
    assert get(public.address, "/metrics", method="POST").status == 405
    own = serve("--metrics-bind", "127.0.0.1:0")
    assert get(own.address, "/metrics").status == 404
    assert get(own.address, "/readyz").status == 200
    metrics = own.where("metrics on")
    assert get(metrics, "/healthz").status == 200
    assert get(metrics, "/readyz").body == b"ok\n"
    assert get(metrics, "/").status == 404
    # What is asked there counts nowhere.
    assert scrape(metrics)["berthd_requests_total"] == 2


def test_readiness_fails_first_when_it_stops(serve):
    server = serve("--drain-delay", 20, "--metrics-bind", "127.0.0.1:0")
    metrics = server.where("metrics on")
    assert get(server.address, "/readyz").status == 200
    server.send(signal.SIGTERM)
    until(lambda: get(server.address, "/readyz").status == 503)
    answer = get(metrics, "/readyz")
    assert (answer.status, answer.body) == (503, b"draining\n")
    # New clients are served all the same until the load balancer has taken note.
    assert get(server.address).status == 200
    server.stop(signal.SIGQUIT)


def test_a_client_that_leaves_counts_as_such(serve):
    server = serve("--access-logfile", "-", "--access-logformat", "%(s)s %(r)s", workers=1)
    with socket.create_connection(server.address) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123")
    until(lambda: scrape(server.address)["berthd_responses_total,class=4xx"] == 1)
    assert server.stop() == 0
    assert server.lines()[0] == "499 POST /healthz HTTP/1.1"


# ---- CloudWatch ----


def test_emf_lines_tell_what_happened(serve):
    server = serve("--emf", "Test/Berth", "--emf-interval", 1)
    for _ in range(20):
        get(server.address)
    until(lambda: server.out.count(b"\n") >= 2)
    assert server.stop() == 0
    lines = json_lines(server)
    assert sum(line["Requests"] for line in lines) == 20
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Test/Berth"
        assert directive["Dimensions"] == [[]]
        assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], (int, float))
            assert metric["Unit"] in ("Count", "Milliseconds", "None")
    busy = [line for line in lines if line["Requests"]]
    assert all(0 < line["LatencyP50"] <= line["LatencyP99"] for line in busy)
    assert all("LatencyP50" not in line for line in lines if not line["Requests"])
