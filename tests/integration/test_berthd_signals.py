# SPDX-License-Identifier: Apache-2.0
"""berthd's signals, and everything else that replaces workers: under load, and with every request counted."""

import os
import re
import secrets
import signal
import time
from pathlib import Path

import pytest

from support.http_raw import Raw
from support.load import Load

READY = r"listening on ([^\n]*)"
CPU_V1 = Path("/sys/fs/cgroup/cpu")


def address_of(process):
    host, port = process.match.group(1).split(",")[0].rsplit(":", 1)
    return host.strip("[]"), int(port)


def children(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def is_asleep(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "S"


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def more(load, n=300):
    """Waits until so many more requests are answered."""
    goal = load.total + n
    until(lambda: load.total >= goal or load.lost)


def accepts(address):
    try:
        Raw(address).socket.close()
        return True
    except OSError:
        return False


@pytest.fixture
def serve(start, programs):
    def run(*options, bind=("127.0.0.1:0",), workers="2", env=None):
        binds = [w for b in bind for w in ("-b", b)]
        return start([programs["berthd"], *binds, *(["-w", workers] if workers else []), *options], ready=READY, env=env)

    return run


# ---- HUP ----


@pytest.mark.parametrize("unix", [False, True])
def test_hup_replaces_every_worker_and_loses_nothing(serve, tmp_path, unix):
    path = str(tmp_path / "s")
    process = serve(bind=(f"unix:{path}",) if unix else ("127.0.0.1:0",))
    with Load(path if unix else address_of(process)) as load:
        more(load)
        for i in range(3):
            before = set(children(process.pid))
            process.signal(signal.SIGHUP)
            until(lambda: not before & set(children(process.pid)))
            assert process.output.count("reload: replacing 2 workers") == i + 1
            more(load)
    assert load.lost == []
    assert len(children(process.pid)) == 2
    assert process.stop() == 0


def test_hup_answers_what_was_in_flight_with_the_old_workers(serve):
    process = serve()
    half = [Raw(address_of(process)).send("GET /healthz HTTP/1.1\r\n") for _ in range(20)]
    until(lambda: connections(children(process.pid)) == 20)
    before = set(children(process.pid))
    process.signal(signal.SIGHUP)
    until(lambda: len(set(children(process.pid)) - before) == 2)
    for raw in half:
        assert raw.send("Host: a\r\n\r\n").response().status == 200
        raw.socket.close()
    until(lambda: not before & set(children(process.pid)))


def connections(workers):
    """Accepted ones: sockets that are neither listening nor the process's own."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    return sum(link in inodes for w in workers for link in links(w))


def links(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return found


def test_hup_reads_folders_again_and_a_failure_keeps_the_old_ones(serve, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "a").write_text("old")
    process = serve("--static", f"/={site}")
    address = address_of(process)
    site.rename(tmp_path / "elsewhere")
    before = children(process.pid)
    process.signal(signal.SIGHUP)
    until(lambda: "going on with what was read before" in process.output)
    assert children(process.pid) == before
    with Raw(address) as raw:
        assert raw.get("/a").body == b"old"
    site.mkdir()
    (site / "a").write_text("new")
    process.signal(signal.SIGHUP)
    until(lambda: not set(before) & set(children(process.pid)))
    with Raw(address) as raw:
        assert raw.get("/a").body == b"new"


# ---- TTIN, TTOU ----


@pytest.mark.parametrize("options", [[], ["--reuse-port"]])
def test_ttin_and_ttou_change_the_number_and_lose_nothing(serve, options):
    process = serve(*options)
    with Load(address_of(process)) as load:
        more(load)
        for count, number, name in ((3, signal.SIGTTIN, "TTIN"), (4, signal.SIGTTIN, "TTIN"), (3, signal.SIGTTOU, "TTOU"),
                                    (2, signal.SIGTTOU, "TTOU"), (1, signal.SIGTTOU, "TTOU"), (2, signal.SIGTTIN, "TTIN")):  # fmt: skip
            process.signal(number)
            until(lambda: len(children(process.pid)) == count)
            until(lambda: re.search(rf"\d -> {count} workers?: {name}", process.output))
            more(load)
    assert load.lost == []


def test_there_is_always_a_worker_and_never_more_than_allowed(serve):
    process = serve("--max-workers", "2", workers="1")
    process.signal(signal.SIGTTOU)
    until(lambda: "TTOU: 1 worker: there may not be fewer" in process.output)
    process.signal(signal.SIGTTIN)
    until(lambda: len(children(process.pid)) == 2)
    process.signal(signal.SIGTTIN)
    until(lambda: "TTIN: 2 workers: there may not be more" in process.output)
    process.signal(signal.SIGTTOU)
    until(lambda: len(children(process.pid)) == 1)
    assert re.findall(r"(\d -> \d)", process.output) == ["1 -> 2", "2 -> 1"]


def test_connections_come_to_the_workers_that_stay_and_to_those_that_came(serve):
    """The kernel must be told which sockets are served: 40 connections a worker are no accident."""
    process = serve(workers="3")
    for number, count in ((signal.SIGTTOU, 2), (signal.SIGTTIN, 3)):
        process.signal(number)
        until(lambda: len(children(process.pid)) == count and len(listeners(process)) == count)
        held = [Raw(address_of(process)) for _ in range(40 * count)]
        for raw in held:
            assert raw.get().status == 200
        shares = [connections([w]) for w in children(process.pid)]
        assert sum(shares) == 40 * count and min(shares) > 10, shares
        for raw in held:
            raw.socket.close()


def listeners(process):
    """Inodes of the master's listening sockets."""
    listening = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            listening.add(f"socket:[{fields[9]}]")
    return [link for link in links(process.pid) if link in listening]


def test_a_retired_worker_that_is_killed_leaves_no_connection_behind(serve):
    process = serve(workers="2")
    address = address_of(process)
    last = children(process.pid)[1]
    os.kill(last, signal.SIGSTOP)
    waiting = [Raw(address).send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(30)]
    process.signal(signal.SIGTTOU)
    until(lambda: "2 -> 1 worker: TTOU" in process.output)
    os.kill(last, signal.SIGKILL)
    for raw in waiting:
        assert raw.response().status == 200
        raw.socket.close()
    until(lambda: len(children(process.pid)) == 1 and len(listeners(process)) == 1)


# ---- WINCH ----


def test_winch_stops_the_workers_and_ttin_and_hup_bring_them_back(start, programs):
    process = start(["/usr/bin/setsid", programs["berthd"], "-b", "127.0.0.1:0", "-w", "2"], ready=READY)
    address = address_of(process)
    for number in (signal.SIGTTIN, signal.SIGHUP):
        process.signal(signal.SIGWINCH)
        until(lambda: not children(process.pid))
        with Raw(address) as raw:
            raw.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            process.signal(number)
            assert raw.response().status == 200
        until(lambda: len(children(process.pid)) == 2)
    assert process.stop() == 0


# ---- USR1 ----


def test_usr1_ends_nothing(serve):
    process = serve()
    before = children(process.pid)
    process.signal(signal.SIGUSR1)
    for _ in range(20):
        with Raw(address_of(process)) as raw:
            assert raw.get().status == 200
    assert children(process.pid) == before


# ---- USR2 ----


@pytest.fixture
def masters():
    """Ends new masters, which no fixture has started."""
    pids = []
    yield pids
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def heir_of(process, masters, count=1):
    until(lambda: process.output.count("listening on") == count + 1)
    pid = int(re.findall(r"a new master starts as process (\d+)", process.output)[-1])
    masters.append(pid)
    return pid


@pytest.mark.parametrize("kind", ["tcp", "unix", "fd", "systemd"])
def test_usr2_and_the_end_of_the_old_one_lose_nothing(serve, given, masters, tmp_path, kind):
    path = str(tmp_path / "s")
    if kind == "tcp":
        process = serve()
    elif kind == "unix":
        process = serve(bind=(f"unix:{path}",))
    elif kind == "fd":
        process = given(["tcp"], "-b", "fd://3", "-w", "2")
    else:
        process = given(["tcp", "tcp"], "-w", "2", systemd=True)
    address = path if kind == "unix" else address_of(process)
    with Load(address) as load:
        more(load)
        process.signal(signal.SIGUSR2)
        heir = heir_of(process, masters)
        old = [c for c in children(process.pid) if c != heir]
        more(load)
        process.signal(signal.SIGTERM)
        until(lambda: is_gone(process.pid) and all(is_gone(w) for w in old))
        more(load)
        until(lambda: "the old master has ended" in process.output)
        os.kill(heir, signal.SIGHUP)
        until(lambda: "reload: replacing 2 workers" in process.output)
        more(load)
    assert load.lost == []
    os.kill(heir, signal.SIGTERM)
    until(lambda: is_gone(heir))
    assert process.wait() == 0
    assert not os.path.exists(path)


def test_a_new_master_can_be_taken_back(serve, masters, tmp_path):
    """Both serve; the new one ends without a loss, and the old one goes on, also with changes of its number."""
    path = str(tmp_path / "s")
    process = serve(bind=("127.0.0.1:0", f"unix:{path}"))
    with Load(address_of(process)) as load, Load(path) as unix_load:
        process.signal(signal.SIGUSR2)
        heir = heir_of(process, masters)
        process.signal(signal.SIGTTIN)
        until(lambda: "not while two masters serve" in process.output)
        process.signal(signal.SIGUSR2)
        until(lambda: "an upgrade is going on already" in process.output)
        os.kill(heir, signal.SIGTERM)
        until(lambda: f"the new master (pid {heir}) has ended" in process.output)
        more(load)
        process.signal(signal.SIGTTOU)
        until(lambda: len(children(process.pid)) == 1)
        more(load)
        more(unix_load)
    assert load.lost == [] and unix_load.lost == []
    assert process.stop() == 0


def test_winch_to_the_old_one_leaves_all_to_the_new_one(start, programs, masters):
    process = start(["/usr/bin/setsid", programs["berthd"], "-b", "127.0.0.1:0", "-w", "2"], ready=READY)
    with Load(address_of(process)) as load:
        process.signal(signal.SIGUSR2)
        heir = heir_of(process, masters)
        process.signal(signal.SIGWINCH)
        until(lambda: children(process.pid) == [heir])
        more(load)
        os.kill(heir, signal.SIGKILL)
        until(lambda: len(children(process.pid)) == 2)
        more(load)
    # The new one's workers end gracefully when it is killed; what it had in its hands is answered.
    assert load.lost == []


def test_a_new_master_that_cannot_start_changes_nothing(start, programs, tmp_path, serve):
    program = tmp_path / "berthd"
    program.write_bytes(programs["berthd"].read_bytes())
    program.chmod(0o755)
    process = start([program, "-b", "127.0.0.1:0", "-w", "2", "--pid", str(tmp_path / "pid")], ready=READY)
    before = children(process.pid)
    program.unlink()
    program.write_text("#!/bin/false\n")
    program.chmod(0o755)
    process.signal(signal.SIGUSR2)
    until(lambda: "has ended: this one goes on" in process.output)
    assert children(process.pid) == before
    with Raw(address_of(process)) as raw:
        assert raw.get().status == 200
    assert (tmp_path / "pid").read_text() == f"{process.pid}\n"
    assert process.stop() == 0


def test_an_upgrade_runs_what_is_at_the_path_by_now(start, programs, masters, tmp_path):
    program = tmp_path / "berthd"
    program.write_bytes(programs["berthd"].read_bytes())
    program.chmod(0o755)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a").write_text("a")
    process = start([program, "-b", "127.0.0.1:0", "-w", "1", "--static", "/=site"], ready=READY, cwd=tmp_path)
    program.unlink()
    program.write_text(f'#!/bin/sh\ntouch "{tmp_path}/heir"\nexec {programs["berthd"]} "$@"\n')
    program.chmod(0o755)
    process.signal(signal.SIGUSR2)
    heir = heir_of(process, masters)
    assert (tmp_path / "heir").exists()
    process.signal(signal.SIGQUIT)
    until(lambda: is_gone(process.pid))
    with Raw(address_of(process)) as raw:
        assert raw.get("/a").body == b"a"
    os.kill(heir, signal.SIGTERM)
    until(lambda: is_gone(heir))


# ---- pid file ----


def test_the_pid_file_follows_an_upgrade(serve, masters, tmp_path):
    pid_file, second = tmp_path / "pid", tmp_path / "pid.2"
    process = serve("--pid", str(pid_file))
    assert pid_file.read_text() == f"{process.pid}\n"
    process.signal(signal.SIGUSR2)
    heir = heir_of(process, masters)
    assert pid_file.read_text() == f"{process.pid}\n"
    assert second.read_text() == f"{heir}\n"
    process.signal(signal.SIGTERM)
    until(lambda: pid_file.exists() and pid_file.read_text() == f"{heir}\n")
    assert not second.exists()
    os.kill(heir, signal.SIGTERM)
    until(lambda: is_gone(heir))
    assert not pid_file.exists()


def test_a_pid_file_of_the_living_is_respected_and_of_the_dead_is_not(serve, berthd, tmp_path):
    pid_file = tmp_path / "pid"
    first = serve("--pid", str(pid_file))
    done = berthd("-b", "127.0.0.1:0", "-w", "1", "--pid", pid_file)
    assert done.status == 1
    assert f"process {first.pid} is running already" in done.stderr
    assert pid_file.read_text() == f"{first.pid}\n"
    first.signal(signal.SIGKILL)
    first.wait()
    second = serve("--pid", str(pid_file))
    assert pid_file.read_text() == f"{second.pid}\n"
    pid_file.write_text("1\n")
    assert second.stop() == 0
    assert pid_file.read_text() == "1\n", "it names another process: not ours to remove"
    done = berthd("-b", "127.0.0.1:0", "-w", "1", "--pid", tmp_path / "no" / "folder")
    assert done.status == 1 and "--pid" in done.stderr


# ---- sockets that are given ----

OPENER = """
import os, socket, sys
kinds, path, systemd, program = sys.argv[1].split(","), sys.argv[2], sys.argv[3], sys.argv[4:]
made = []
for kind in kinds:
    s = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET6 if kind == "tcp6" else socket.AF_INET)
    s.bind(path if kind == "unix" else ("::1" if kind == "tcp6" else "127.0.0.1", 0))
    if kind != "deaf":
        s.listen(512)
    made.append(s.detach())
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(made)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
if systemd == "yes":
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(kinds)), LISTEN_FDNAMES="a:b")
elif systemd:
    os.environ.update(LISTEN_PID=systemd, LISTEN_FDS=str(len(kinds)))
os.closerange(100, 100 + len(kinds))
os.execv(program[0], program)
"""


@pytest.fixture
def given(start, programs, tmp_path):
    def run(kinds, *options, systemd=False, ready=READY):
        word = systemd if isinstance(systemd, str) else "yes" if systemd else ""
        return start(["/usr/bin/python3", "-c", OPENER, ",".join(kinds), tmp_path / "given", word, programs["berthd"], *options], ready=ready)

    return run


def test_sockets_of_systemd_are_served_instead_of_the_default(given, tmp_path):
    process = given(["tcp", "tcp6", "unix"], "-w", "2", systemd=True)
    first, second, third = process.match.group(1).split(", ")
    assert third == f"unix:{tmp_path / 'given'}"
    for target in (first, second, None):
        address = str(tmp_path / "given") if target is None else (target.rsplit(":", 1)[0].strip("[]"), int(target.rsplit(":", 1)[1]))
        with Raw(address) as raw:
            assert raw.get().status == 200
    assert process.stop() == 0
    assert (tmp_path / "given").exists(), "who made it removes it"


def test_sockets_of_another_process_and_those_beside_a_bind_are_not_taken(given):
    process = given(["tcp"], "-b", "127.0.0.1:0", "-w", "1", systemd=True)
    assert process.match.group(1).count(":") == 1
    process = given(["tcp"], "-b", "127.0.0.1:0", "-b", "fd://3", "-w", "1", systemd="1")
    assert len(process.match.group(1).split(", ")) == 2


@pytest.mark.parametrize("kind, bind, words", [
    ("deaf", "fd://3", "descriptor 3 is no listening stream socket"),
    ("tcp", "fd://77", "descriptor 77: Bad file descriptor"),
])  # fmt: skip
def test_descriptors_that_are_no_listening_sockets_are_refused(given, kind, bind, words):
    process = given([kind], "-b", bind, ready=None)
    assert process.wait() == 1
    assert f"listen on {bind}: {words}" in process.output


def test_a_bad_descriptor_is_a_wrong_command_line(berthd):
    done = berthd("-b", "fd://x")
    assert done.status == 2 and "write fd://N" in done.stderr


def test_reuse_port_lets_two_servers_share_a_port(serve):
    first = serve("--reuse-port")
    host, port = address_of(first)
    second = serve("--reuse-port", bind=(f"{host}:{port}",))
    with Load((host, port)) as load:
        more(load)
    assert load.lost == []
    assert first.stop() == 0
    with Raw((host, port)) as raw:
        assert raw.get().status == 200
    assert second.stop() == 0


# ---- a shared socket ----


def test_connections_to_a_unix_socket_are_shared_evenly(serve, tmp_path):
    path = str(tmp_path / "s")
    process = serve(bind=(f"unix:{path}",), workers="3")
    held = []
    for _ in range(90):
        # The turns are of those that wait; on a busy machine the others would be passed over.
        until(lambda: all(map(is_asleep, children(process.pid))))
        held.append(Raw(path))
        assert held[-1].get().status == 200
    with_them = {w: len(links(w)) for w in children(process.pid)}
    for raw in held:
        raw.socket.close()
    until(lambda: sum(n - len(links(w)) for w, n in with_them.items()) == 90)
    shares = [n - len(links(w)) for w, n in with_them.items()]
    assert min(shares) >= 0.8 * sum(shares) / len(shares), shares


# ---- workers that stand still, crash, or have served enough ----


def test_a_worker_that_stands_still_is_killed_and_replaced(serve):
    process = serve("--timeout", "2", workers="2")
    stopped = children(process.pid)[0]
    os.kill(stopped, signal.SIGSTOP)
    waiting = [Raw(address_of(process)).send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(10)]
    for raw in waiting:
        assert raw.response().status == 200
        raw.socket.close()
    until(lambda: "starting another" in process.output)
    assert re.search(rf"worker 1 \(pid {stopped}\) has stood still for \d+ s: killing it", process.output)
    assert re.search(rf"worker 1 \(pid {stopped}\) was killed by signal \d+ \(\w+\): starting another", process.output)


def test_workers_with_nothing_to_do_do_not_stand_still(serve):
    process = serve("--timeout", "1", workers="2")
    before = children(process.pid)
    ends = time.monotonic() + 3.5
    until(lambda: time.monotonic() > ends)
    assert children(process.pid) == before
    assert process.output.count("\n") == 1, process.output


def test_a_frozen_container_is_no_reason_to_kill(serve):
    """All of it stands still, the master too: after it goes on nobody is blamed."""
    process = serve("--timeout", "2", workers="2")
    workers = children(process.pid)
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGSTOP)
    ends = time.monotonic() + 4
    until(lambda: time.monotonic() > ends)
    for pid in (process.pid, *workers):
        os.kill(pid, signal.SIGCONT)
    for _ in range(20):
        with Raw(address_of(process)) as raw:
            assert raw.get().status == 200
    assert children(process.pid) == workers
    assert "stood still" not in process.output


def test_a_worker_that_has_served_enough_is_replaced_without_a_loss(serve):
    process = serve("--max-requests", "100", "--max-requests-jitter", "50")
    seen = set(children(process.pid))
    with Load(address_of(process)) as load:
        while load.total < 2000 and not load.lost:
            more(load, 50)
            seen |= set(children(process.pid))
    assert load.lost == []
    assert len(seen) > 6
    assert "starting another" not in process.output


def test_killed_workers_lose_only_what_they_had_in_their_hands(serve):
    process = serve("--timeout", "0")
    address = address_of(process)
    for _ in range(5):
        os.kill(children(process.pid)[0], signal.SIGKILL)
        waiting = [Raw(address).send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(10)]
        for raw in waiting:
            assert raw.response().status == 200
            raw.socket.close()
        until(lambda: len(children(process.pid)) == 2)


# ---- TERM ----


def test_after_term_connections_are_taken_for_the_drain_delay(serve):
    process = serve("--drain-delay", "2", "--graceful-timeout", "10")
    address = address_of(process)
    with Load(address, refused=True) as load:
        more(load)
        process.signal(signal.SIGTERM)
        began = time.monotonic()
        before = load.total
        until(lambda: not accepts(address))
        assert time.monotonic() - began > 1.5
        assert load.total > before
        assert process.wait() == 0
        load.join()
    assert load.lost == []
    assert process.output.count("\n") == 1, process.output


def test_a_second_term_does_not_wait_for_the_drain_delay(serve):
    process = serve("--drain-delay", "60", "--graceful-timeout", "70")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        process.signal(number)
        until(lambda: not is_pending(process.pid))
    assert process.wait(5) == 0
    assert "reload" not in process.output


def is_pending(pid):
    """Whether a signal to a process still waits to be read."""
    try:
        return int(re.search(r"ShdPnd:\s+(\w+)", Path(f"/proc/{pid}/status").read_text()).group(1), 16) != 0
    except (FileNotFoundError, AttributeError):
        return False


def test_the_drain_delay_is_a_part_of_the_graceful_time(serve, berthd):
    done = berthd("--drain-delay", "25", "-b", "127.0.0.1:0")
    assert done.status == 2 and "--drain-delay must be shorter than --graceful-timeout" in done.stderr
    process = serve("--drain-delay", "1", "--graceful-timeout", "2", workers="1")
    with Raw(address_of(process)) as raw:
        raw.send("GET /healthz HTTP/1.1\r\n")
        process.signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait() == 0
        assert 1.5 < time.monotonic() - began < 8
    assert "1 connection was cut off" in process.output


def test_no_request_to_a_unix_socket_is_lost_at_the_end(serve, tmp_path):
    path = str(tmp_path / "s")
    process = serve(bind=(f"unix:{path}",))
    with Load(path, refused=True) as load:
        more(load)
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        load.join()
    assert load.lost == []


# ---- limits that change ----


@pytest.fixture
def group():
    """A control group of the test's own, whose limits it changes."""
    if not (CPU_V1 / "cpu.cfs_quota_us").exists():
        pytest.skip("the test changes the quota of a v1 cpu group")
    folders = {c: Path("/sys/fs/cgroup") / c / f"berth-test-{secrets.token_hex(4)}" for c in ("cpu", "memory")}
    for folder in folders.values():
        folder.mkdir()
    yield Group(folders)
    for folder in folders.values():
        until(lambda folder=folder: removed(folder))


def removed(folder):
    try:
        folder.rmdir()
        return True
    except OSError:
        return False


class Group:
    def __init__(self, folders):
        self.folders = folders

    def cpus(self, n):
        (self.folders["cpu"] / "cpu.cfs_quota_us").write_text(str(int(n * 100000)))

    def memory(self, n):
        (self.folders["memory"] / "memory.limit_in_bytes").write_text(str(n))

    def command(self, *words):
        joins = "".join(f"echo $$ > {f}/cgroup.procs; " for f in self.folders.values())
        return ["/bin/sh", "-c", f'{joins}exec "$@"', "sh", *words]


def test_the_number_of_workers_follows_the_quota(group, start, programs):
    group.cpus(2)
    process = start(group.command(programs["berthd"], "-b", "127.0.0.1:0", "--watch-interval", "1", "--policy", "2n+1"), ready=READY)
    source = r"CPUs? from cgroup v1 /sys/fs/cgroup/\S*/cpu\.cfs_quota_us"
    assert re.search(rf"^berthd: 5 workers \(event, policy 2n\+1\) for 2 {source}; ", process.lines[0])
    with Load(address_of(process)) as load:
        more(load)
        for cpus, was, count, before in ((0.5, 2, 2, 5), (1.5, 0.5, 4, 2), (0.25, 1.5, 1, 4)):
            group.cpus(cpus)
            until(lambda: len(children(process.pid)) == count)
            more(load, 100)
            line = rf"berthd: {before} -> {count} workers?: {cpus} {source} \(was {was}\)\n"
            until(lambda: len(re.findall(line, process.output)) == 1)
    assert load.lost == []
    assert process.stop() == 0
    assert process.output.count("\n") == 4, process.output


def test_a_number_that_somebody_gave_stays(group, start, programs):
    group.cpus(2)
    fixed = start(group.command(programs["berthd"], "-b", "127.0.0.1:0", "--watch-interval", "1", "-w", "3"), ready=READY)
    changed = start(group.command(programs["berthd"], "-b", "127.0.0.1:0", "--watch-interval", "1"), ready=READY)
    followed = start(group.command(programs["berthd"], "-b", "127.0.0.1:0", "--watch-interval", "1"), ready=READY)
    changed.signal(signal.SIGTTIN)
    until(lambda: len(children(changed.pid)) == 3)
    group.cpus(1)
    until(lambda: len(children(followed.pid)) == 1)
    ends = time.monotonic() + 1.5  # the others have looked by then as well
    until(lambda: time.monotonic() > ends)
    assert len(children(fixed.pid)) == 3 and len(children(changed.pid)) == 3
    changed.signal(signal.SIGHUP)
    until(lambda: len(children(changed.pid)) == 1)


def test_memory_allows_as_many_workers_as_fit(group, start, programs, variant):
    if variant == "asan":
        pytest.skip("the sanitizer's memory is not the program's")
    group.memory(16 << 20)
    process = start(group.command(programs["berthd"], "-b", "127.0.0.1:0", "--cpus", "1", "--policy", "500"), ready=READY)
    line = r"^berthd: (\d+) workers \(event, policy 500\) for 1 CPU from explicit setting --cpus; memory allows no more: " \
        r"16 MiB from cgroup v1 /sys/fs/cgroup/memory/\S+, ([\d.]+) MiB a worker; listening on "
    found = re.search(line, process.lines[0])
    assert found, process.lines[0]
    count = int(found.group(1))
    assert 4 <= count < 500
    until(lambda: len(children(process.pid)) == count)


def test_the_most_workers_are_a_limit_for_policies_too(serve):
    process = serve("--max-workers", "2", "--cpus", "4", workers=None)
    assert process.lines[0].startswith("berthd: 2 workers (event, policy n) for 4 CPUs from ")
