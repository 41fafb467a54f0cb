# SPDX-License-Identifier: Apache-2.0
"""berthd's processes: how many, where they listen, how they stop, and who takes a dead one's place."""

import http.server
import json
import os
import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from support.http_raw import Raw

READY = r"listening on ([^\n]*)"
BIG = 32 << 20  # more than the socket buffers of both sides hold


def address_of(process):
    host, port = process.match.group(1).split(",")[0].rsplit(":", 1)
    return host, int(port)


@pytest.fixture
def serve(start, programs, tmp_path):
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", BIG)

    def run(*options, bind=("127.0.0.1:0",), workers="2", env=None):
        binds = [w for b in bind for w in ("-b", b)]
        count = ["-w", workers] if workers else []
        return start([programs["berthd"], *binds, *count, "--static", f"/={tmp_path}", *options], ready=READY, env=env)

    return run


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def start_line(process):
    return process.lines[0]


# ---- how many ----


def test_the_start_line_says_how_many_workers_and_why(serve):
    cases = (
        (dict(workers="3"), r"^berthd: 3 workers \(event, --workers\); listening on 127\.0\.0\.1:\d+$"),
        (dict(workers=None, env={"WEB_CONCURRENCY": "2"}), r"^berthd: 2 workers \(event, WEB_CONCURRENCY\); "),
        (dict(workers=None, env={"WEB_CONCURRENCY": " 3\n"}), r"^berthd: 3 workers \(event, WEB_CONCURRENCY\); "),
        (dict(workers="1", env={"WEB_CONCURRENCY": "2"}), r"^berthd: 1 worker \(event, --workers\); "),
        (dict(workers="auto", env={"BERTH_CPUS": "1.5"}), r"^berthd: 2 workers \(event, policy n\) for 1\.5 CPUs from "),
        (dict(workers="2n+1", env={"BERTH_CPUS": "1.5"}), r"^berthd: 4 workers \(event, policy 2n\+1\) for 1\.5 CPUs from "),
        (dict(workers=None, env={"BERTH_CPUS": "0.25"}), r"^berthd: 1 worker \(event, policy n\) for 0\.25 CPUs from "),
    )
    for given, line in cases:
        process = serve(**given)
        assert re.match(line, start_line(process)), start_line(process)
        wanted = int(re.match(r"berthd: (\d+)", start_line(process)).group(1))
        assert len(children(process.pid)) == wanted
        assert process.stop() == 0


def test_options_choose_the_policy_and_the_cpus(serve):
    process = serve("--cpus", "2", "--policy", "n+1", workers=None)
    assert start_line(process).startswith("berthd: 3 workers (event, policy n+1) for 2 CPUs from ")


@pytest.fixture
def metadata():
    """What ECS serves to a task of half a vCPU; .chunked changes how it is sent, .cpus what it says."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        chunked = False
        cpus = 0.5
        asked = 0

        def do_GET(self):
            body = json.dumps({"Cluster": "c", "Limits": {"CPU": self.cpus, "Memory": 1024}, "Containers": []}).encode()
            type(self).asked += 1
            self.send_response(200 if self.path.endswith("/task") and self.cpus else 404)
            if self.chunked:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for i in range(0, len(body), 7):
                    part = body[i : i + 7]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.handler = Handler
    server.uri = f"http://127.0.0.1:{server.server_address[1]}/v4/abc"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_of_an_ecs_task_is_asked_for(serve, metadata, chunked):
    metadata.handler.chunked = chunked
    process = serve(workers=None, env={"ECS_CONTAINER_METADATA_URI_V4": metadata.uri})
    assert "1 worker (event, policy n) for 0.5 CPUs from " in start_line(process)
    assert metadata.uri in start_line(process)


def test_the_metadata_is_asked_again_at_a_reload_and_a_failure_changes_nothing(serve, metadata):
    process = serve("--watch-interval", "1", workers=None, env={"ECS_CONTAINER_METADATA_URI_V4": metadata.uri})
    metadata.handler.cpus = 2
    ends = time.monotonic() + 2.5  # two looks, which do not ask: that is done once a minute
    until(lambda: time.monotonic() > ends)
    assert metadata.handler.asked == 1 and len(children(process.pid)) == 1
    process.signal(signal.SIGHUP)
    until(lambda: len(children(process.pid)) == min(2, os.cpu_count()))
    if os.cpu_count() > 1:
        assert re.search(r"1 -> 2 workers: 2 CPUs from .* \(was 0\.5\)", process.output)
    metadata.handler.cpus = None
    process.signal(signal.SIGHUP)
    until(lambda: process.output.count("reload: replacing 2 workers") == 2)
    assert len(children(process.pid)) >= min(2, os.cpu_count())
    assert metadata.handler.asked == 3
    assert "warning" not in process.output


def test_a_dead_metadata_endpoint_does_not_keep_it_from_starting(serve):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        process = serve(workers=None, env={"ECS_CONTAINER_METADATA_URI_V4": f"http://127.0.0.1:{silent.getsockname()[1]}/v4/x"})
        with Raw(address_of(process)) as raw:
            assert raw.get().status == 200
        assert "the limit of the ECS task is not known" in process.output
        assert "no answer in time" in process.output


def test_a_metadata_variable_that_leads_nowhere_is_warned_of_once(serve):
    dead = {"ECS_CONTAINER_METADATA_URI_V4": "http://127.0.0.1:1/v4/x"}
    process = serve(workers=None, env=dead)
    (warning,) = [line for line in process.lines if "warning" in line]
    assert "the limit of the ECS task is not known" in warning
    assert warning.count("http://127.0.0.1:1/v4/x/task: ") == 1
    for env in (dead | {"BERTH_CPUS": "1"}, {}):
        assert "warning" not in serve(workers=None, env=env).output


# ---- where ----


def test_it_listens_on_all_addresses_it_is_given(serve, tmp_path):
    path = str(tmp_path / "s")
    process = serve(bind=("127.0.0.1:0", "[::1]:0", f"unix:{path}"))
    first, second, third = process.match.group(1).split(", ")
    assert third == f"unix:{path}"
    targets = (address_of(process), ("::1", int(second.rsplit(":", 1)[1])), path)
    for target in targets:
        for _ in range(8):
            with Raw(target) as raw:
                assert raw.get().status == 200
    assert process.stop() == 0
    assert not os.path.exists(path)


def test_port_names_the_port(serve):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = serve(bind=(), env={"PORT": str(port)})
    assert process.match.group(1) == f"0.0.0.0:{port}"


def test_a_port_that_is_taken_is_one_clear_line(serve, berthd):
    port = address_of(serve())[1]
    done = berthd("-b", f"127.0.0.1:{port}", "-w", "2")
    assert done.status == 1
    assert re.fullmatch(rf"berthd: listen on 127\.0\.0\.1:{port}: bind: Address .*in use\n", done.stderr)


def test_unix_sockets_of_the_dead_are_replaced_and_of_the_living_kept(serve, berthd, tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
    serve(bind=(f"unix:{path}",))
    done = berthd("-b", f"unix:{path}", "-w", "1")
    assert done.status == 1 and "another server listens there" in done.stderr
    with Raw(str(path)) as raw:
        assert raw.get().status == 200
    (tmp_path / "file").write_text("mine")
    done = berthd("-b", f"unix:{tmp_path / 'file'}", "-w", "1")
    assert done.status == 1 and "no socket" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    "options, words",
    [
        (["-b", "nonsense"], "--bind: 'nonsense': no port"),
        (["-b", "example.org:80"], "the host must be an address"),
        (["-b", ":99999"], "the port must be from 0 to 65535"),
        (["-w", "0"], "from 1 to 1024 workers"),
        (["-w", "99999999999"], "from 1 to 1024 workers"),
        (["-w", "many"], "many"),
        (["--static", "nothing"], "write URL=FOLDER"),
        (["--static", "/../=/tmp"], "not valid"),
        (["--static", "/a=/tmp", "--static", "/a/=/"], "is given twice"),
        (["--keep-alive", "0"], "keep-alive"),
        (["--log-level", "loud"], "log-level"),
        (["--no-such-option"], "no-such-option"),
        (["operand"], "operand"),
    ],
)
def test_bad_options_are_refused(berthd, options, words):
    done = berthd(*options, *([] if "-b" in options else ["-b", "127.0.0.1:0"]))
    assert done.status == 2, done
    assert words in done.stderr
    assert done.stdout == ""


def test_a_bad_port_variable_is_named(berthd):
    done = berthd("-w", "1", env={"PORT": "http"})
    assert done.status == 2 and "PORT" in done.stderr


# ---- stopping ----


def test_sigterm_answers_all_that_is_in_flight(serve):
    process = serve()
    address = address_of(process)
    half = [Raw(address).send("GET /healthz HTTP/1.1\r\n") for _ in range(20)]
    reading = [Raw(address) for _ in range(20)]
    for raw in reading:
        raw.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.socket.recv(10, socket.MSG_PEEK)
    fresh = [Raw(address) for _ in range(20)]
    process.signal(signal.SIGTERM)
    for raw in fresh:
        raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    for raw in half:
        raw.send("Host: a\r\n\r\n")
    for raw in half + fresh:
        answer = raw.response()
        assert (answer.status, answer.body) == (200, b"ok\n")
        raw.socket.close()
    for raw in reading:
        assert len(raw.response().body) == BIG
        raw.socket.close()
    assert process.wait() == 0
    assert process.output.count("\n") == 1, process.output


def test_after_sigterm_connections_are_closed_with_their_response(serve):
    process = serve()
    address = address_of(process)
    raw = Raw(address).send("GET /healthz HTTP/1.1\r\n")
    process.signal(signal.SIGTERM)
    until(lambda: not accepts(address))
    assert raw.send("Host: a\r\n\r\n").response().headers["connection"] == "close"
    assert raw.ended()
    raw.socket.close()
    assert process.wait() == 0


def accepts(address):
    try:
        socket.create_connection(address, timeout=0.2).close()
        return True
    except OSError:
        return False


def test_no_request_is_lost_when_it_stops_under_load(serve):
    """Every request of keep-alive clients is answered, up to the last connection."""
    process = serve()
    address = address_of(process)
    answered, lost = [0] * 16, []

    def client(i):
        try:
            while True:
                raw = Raw(address)
                with raw:
                    while True:
                        try:
                            answer = raw.get()
                        except (OSError, EOFError) as e:
                            lost.append(e)
                            return
                        answered[i] += 1
                        if answer.headers.get("connection") == "close":
                            break
        except OSError:
            return  # it listens no more

    threads = [threading.Thread(target=client, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    until(lambda: min(answered) > 20)
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    for thread in threads:
        thread.join()
    assert lost == []


def test_idle_connections_do_not_hold_a_stop_up(serve):
    process = serve()
    idle = [Raw(address_of(process)) for _ in range(10)]
    for raw in idle:
        assert raw.get().status == 200
    began = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    assert time.monotonic() - began < 5
    for raw in idle:
        assert raw.ended()
        raw.socket.close()


def test_the_graceful_time_ends(serve):
    process = serve("--graceful-timeout", "1", workers="1")
    with Raw(address_of(process)) as raw:
        raw.send("GET /healthz HTTP/1.1\r\n")
        until(lambda: len(children(process.pid)) == 1)
        began = time.monotonic()
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        assert 0.5 < time.monotonic() - began < 6
    assert process.output.endswith("berthd: warning: 1 connection was cut off: the graceful time is over\n")


def test_no_graceful_time_and_no_connection_is_no_warning(serve):
    process = serve("--graceful-timeout", "0")
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    assert process.output.count("\n") == 1, process.output


def test_a_worker_that_hangs_is_killed_after_the_graceful_time(serve):
    process = serve("--graceful-timeout", "0", workers="2")
    stopped = children(process.pid)[0]
    os.kill(stopped, signal.SIGSTOP)
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    assert f"killing worker 1 (pid {stopped}), which did not end in time" in process.output
    assert is_gone(stopped)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_quick_stop_waits_for_nobody(serve, number):
    process = serve()
    with Raw(address_of(process)) as raw:
        raw.send("GET /healthz HTTP/1.1\r\n")
        process.signal(number)
        assert process.wait() == 0
    assert process.output.count("\n") == 1


def test_a_quick_stop_overtakes_a_graceful_one(serve):
    process = serve()
    with Raw(address_of(process)) as raw:
        raw.send("GET /healthz HTTP/1.1\r\n")
        process.signal(signal.SIGTERM)
        until(lambda: not accepts(address_of(process)))
        process.signal(signal.SIGINT)
        assert process.wait(10) == 0


# ---- respawn ----


def test_a_killed_worker_is_replaced_and_its_queue_is_served(serve):
    process = serve(workers="1")
    (worker,) = children(process.pid)
    address = address_of(process)
    os.kill(worker, signal.SIGSTOP)
    queued = [Raw(address).send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(5)]
    os.kill(worker, signal.SIGKILL)
    for raw in queued:
        assert raw.response().status == 200
        raw.socket.close()
    until(lambda: "was killed by signal 9" in process.output)
    assert children(process.pid) != [worker]
    assert f"worker 1 (pid {worker}) was killed by signal 9 (Killed): starting another in 0 ms" in process.output


def test_crash_loops_are_slowed_down(serve):
    process = serve(workers="1")
    pauses = []
    for _ in range(5):
        until(lambda: children(process.pid))
        os.kill(children(process.pid)[0], signal.SIGKILL)
        count = len(pauses) + 1
        until(lambda: len(re.findall(r"starting another in (\d+) ms", process.output)) == count)
        pauses = [int(p) for p in re.findall(r"starting another in (\d+) ms", process.output)]
    assert pauses == [0, 100, 200, 400, 800]
    with Raw(address_of(process)) as raw:
        assert raw.get().status == 200


def test_a_worker_that_ends_by_itself_is_replaced_too(serve):
    process = serve(workers="2")
    before = children(process.pid)
    os.kill(before[0], signal.SIGTERM)
    until(lambda: "ended with status 0" in process.output and len(children(process.pid)) == 2)
    for _ in range(10):
        with Raw(address_of(process)) as raw:
            assert raw.get().status == 200


def test_workers_do_not_outlive_their_master(serve):
    process = serve(workers="2")
    workers = children(process.pid)
    assert len(workers) == 2
    process.signal(signal.SIGKILL)
    process.wait()
    until(lambda: all(is_gone(w) for w in workers))


def test_connections_reach_every_worker(serve):
    process = serve(workers="2")
    held = [Raw(address_of(process)) for _ in range(64)]
    for raw in held:
        assert raw.get().status == 200
    sockets = [sum("socket:" in os.readlink(f"/proc/{w}/fd/{fd}") for fd in os.listdir(f"/proc/{w}/fd")) for w in children(process.pid)]
    assert min(sockets) > 8, sockets
    for raw in held:
        raw.socket.close()


def test_without_descriptors_connections_wait_and_it_is_said_once(start, programs):
    process = start(["/usr/bin/prlimit", "--nofile=30:30", programs["berthd"], "-w", "1", "-b", "127.0.0.1:0"], ready=READY)
    clients = [Raw(address_of(process)) for _ in range(40)]
    until(lambda: "cannot accept connections for the moment" in process.output)
    ends = time.monotonic() + 0.5  # it tries again every 0.1 s
    until(lambda: time.monotonic() > ends)
    for raw in clients[:20]:
        raw.socket.close()
    assert clients[-1].get().status == 200
    for raw in clients[20:]:
        raw.socket.close()
    assert process.stop() == 0
    assert process.output.count("cannot accept") == 1, process.output


def test_json_logs_are_one_object_a_line(serve):
    process = serve("--log-format", "json", workers="1")
    line = json.loads(process.lines[0])
    assert line["level"] == "info" and "1 worker (event, --workers)" in line["message"]


def test_no_line_at_all_when_only_errors_are_logged(programs, start, tmp_path):
    process = start([programs["berthd"], "-w", "1", "-b", f"unix:{tmp_path / 's'}", "--log-level", "error"])
    until(lambda: (tmp_path / "s").exists() and accepts_unix(tmp_path / "s"))
    assert process.stop() == 0
    assert process.output == ""


def accepts_unix(path):
    try:
        with Raw(str(path)) as raw:
            return raw.get().status == 200
    except OSError:
        return False
