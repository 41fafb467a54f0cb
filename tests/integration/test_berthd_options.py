# SPDX-License-Identifier: Apache-2.0
"""berthd's settings: where they come from, gunicorn's habits, who the workers are and what they gave up."""

import os
import re
import shlex
import shutil
import socket
import stat
import time
from pathlib import Path

import pytest

from support import proc
from support.http_raw import Raw

LISTENING = r"listening on ([^\n]*)"
GUNICORN = "/usr/bin/gunicorn"
SOMEBODY, SOME_GROUP = 54321, 54322  # in no /etc/passwd

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def serve(start, programs):
    def run(*options, env=None, bind="127.0.0.1:0", cwd=None):
        words = ["-b", bind] if bind else []
        return start([programs["berthd"], *words, "-w", "1", *options], ready=LISTENING, env=env, cwd=cwd)

    return run


def address_of(process):
    host, port = process.match.group(1).rsplit(":", 1)
    return host, int(port)


def worker_of(process):
    (pid,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(pid)


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, value in (line.split(":", 1) for line in lines)}


def is_running(pid):
    try:
        return status_of(pid)["State"][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def get(process, path="/healthz"):
    with Raw(address_of(process)) as raw:
        return raw.get(path)


def settings(done):
    """name -> (value, source) of --print-config's lines."""
    assert done.status == 0, done
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    matches = [re.fullmatch(r"(\S+) = (.*)  \(from: (.*)\)", line) for line in lines]
    assert all(matches), done
    return {m[1]: (m[2], m[3]) for m in matches}


# ---- where settings come from ----


def test_every_option_is_printed_once(berthd):
    printed = settings(berthd("--print-config"))
    shown = set(re.findall(r"^ +(?:-\w, )?--([a-z][a-z_-]+)", berthd("--help").stdout, re.M))
    assert set(printed) == shown - {"help", "version"}
    assert printed["bind"] == ("0.0.0.0:8000", "default")
    assert printed["workers"] == ("auto", "default")
    assert printed["keep-alive"] == ("75", "default")
    assert printed["user"] == ("(none)", "default")
    assert printed["no-sandbox"] == ("false", "default")
    assert printed["print-config"] == ("true", "command line")


def test_a_setting_is_taken_from_the_strongest_source(berthd):
    variables = {"WEB_CONCURRENCY": "2", "PORT": "81"}
    printed = settings(berthd("--print-config", env=variables))
    assert printed["workers"] == ("2", "environment WEB_CONCURRENCY")
    assert printed["bind"] == ("0.0.0.0:81", "environment PORT")
    variables["GUNICORN_CMD_ARGS"] = "-w 3 --bind=:82 -b :83 --backlog 7"
    printed = settings(berthd("--print-config", env=variables))
    assert printed["workers"] == ("3", "GUNICORN_CMD_ARGS")
    assert printed["bind"] == (":82, :83", "GUNICORN_CMD_ARGS")
    printed = settings(berthd("--print-config", "-w4", "-b", ":84", env=variables))
    assert printed["workers"] == ("4", "command line")
    assert printed["bind"] == (":84", "command line")
    assert printed["backlog"] == ("7", "GUNICORN_CMD_ARGS")


def test_empty_variables_are_none(berthd):
    printed = settings(berthd("--print-config", env={"WEB_CONCURRENCY": "", "PORT": "", "GUNICORN_CMD_ARGS": ""}))
    assert printed["workers"][1] == printed["bind"][1] == "default"


def test_the_number_of_workers_that_follows_is_printed(berthd):
    done = berthd("--print-config", env={"BERTH_CPUS": "1.5"})
    assert "\n# 2 workers (event, policy n) for 1.5 CPUs from " in done.stdout


@pytest.mark.parametrize("word", ["plain", "a b", "it's", 'say "x"', "back\\slash", "", "$HOME `x` *", "tab\there", "\\'\"", "é ü"])
def test_words_of_the_variable_are_what_a_shell_and_gunicorn_make_of_them(berthd, word):
    for quoted in (shlex.quote(word), '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'):
        assert shlex.split(quoted) == [word]
        printed = settings(berthd("--print-config", env={"GUNICORN_CMD_ARGS": f"--name {quoted} -w 2"}))
        assert printed["name"] == (word.replace("\t", "\\x09"), "GUNICORN_CMD_ARGS")
        assert printed["workers"] == ("2", "GUNICORN_CMD_ARGS")


def test_secrets_are_masked(berthd):
    done = berthd("--print-config", "-e", "TOKEN=hunter2", "--env=OTHER=hunter2")
    assert "hunter2" not in done.stdout
    assert settings(done)["env"] == ("TOKEN=***, OTHER=***", "command line")


def test_a_value_cannot_look_like_a_line(berthd):
    done = berthd("--print-config", "--name", "x\nuser = root  (from: default)")
    assert settings(done)["name"][0].startswith("x\\x0auser = root")


def test_env_counts_like_the_environment(berthd, serve):
    printed = settings(berthd("--print-config", "-e", "WEB_CONCURRENCY=3", "-e", "PORT=85"))
    assert printed["workers"] == ("3", "environment WEB_CONCURRENCY")
    assert printed["bind"] == ("0.0.0.0:85", "environment PORT")


# ---- what is refused ----


@pytest.mark.parametrize(
    "words, message",
    [
        (["-c", "gunicorn.conf.py"], "-c: there is no configuration file"),
        (["app.wsgi:application"], "app.wsgi:application: berthd runs no Python: .* --proxy"),
        (["-w", "2", "app:create()"], "berthd runs no Python"),
        (["--certfile=x"], "--certfile: TLS is the work of the load balancer"),
        (["-D"], "-D: berthd stays in the foreground"),
        (["--statsd-host", "localhost:8125"], "--statsd-host: .*/metrics"),
        (["./site"], "unexpected operand './site'"),
        (["--umask", "8"], "--umask '8': write it in octal"),
        (["--umask", "1000"], "--umask '1000': write it in octal"),
        (["-e", "NAME"], "--env 'NAME': write NAME=VALUE"),
        (["-e", "=x"], "--env '': write NAME=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(berthd, words, message):
    done = berthd(*words)
    assert done.status == 2 and done.stdout == ""
    assert re.search(message, done.stderr) and done.stderr.count("\n") == 1, done
    done = berthd(env={"GUNICORN_CMD_ARGS": shlex.join(words)})
    assert done.status == 2 and done.stdout == ""
    assert re.search(message, done.stderr) and ("--" in message or "GUNICORN_CMD_ARGS: " in done.stderr), done


def test_a_bad_variable_is_named_even_where_the_command_line_wins(berthd):
    done = berthd("--backlog", "5", "--check-config", env={"GUNICORN_CMD_ARGS": "--backlog x"})
    assert done.status == 2
    assert "GUNICORN_CMD_ARGS: --backlog: 'x' is not a whole number" in done.stderr
    done = berthd(env={"GUNICORN_CMD_ARGS": "--name 'x"})
    assert done.status == 2 and "GUNICORN_CMD_ARGS: the quote ' is never closed" in done.stderr


def gunicorn_flags():
    text = proc.run([GUNICORN, "--help"]).stdout
    lines = re.findall(r"^  (-.*?)(?:  .*)?$", text, re.M)
    return sorted({word for line in lines for word in re.findall(r"(?<![\w-])--?[a-z][\w-]*", line, re.I)})


def test_every_flag_of_gunicorn_is_ours_or_refused_with_a_reason(berthd, root):
    if not Path(GUNICORN).exists():
        pytest.skip("gunicorn is missing: make test installs it when run as root")
    flags = gunicorn_flags()
    assert {"-b", "--bind", "--limit-request-field_size", "--certfile", "-R"} <= set(flags) and len(flags) > 80
    ours = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", berthd("--help").stdout, re.I))
    manual = set(re.findall(r"\*(-[\w-]+)\*", (root / "server/berthd.1.scd.in").read_text()))
    for flag in flags:
        if flag in ours:
            continue
        done = berthd(flag)
        assert done.status == 2, done
        assert re.match(rf"berthd: {flag}: [a-z]", done.stderr, re.I), done
        assert flag in manual, f"{flag} is not in the manual"


@pytest.mark.parametrize(
    "option, value, words",
    [
        ("--database", "", "--database: no path: write sqlite:PATH"),
        ("--bind", "", "--bind: '': no port"),
        ("--bind", "127.0.0.1:x", "--bind: '127.0.0.1:x': the port must be from 0 to 65535"),
        ("--metrics-bind", "x", "--metrics-bind: 'x': no port"),
        ("--metrics-bind", "fd://3", "--metrics-bind 'fd://3': write HOST:PORT"),
        ("--metrics-bind", "unix:/x", "--metrics-bind 'unix:/x': write HOST:PORT"),
        ("--routes", "routes", "--routes: there is no --database to ask"),
    ],
)
def test_a_value_that_means_nothing_is_refused_with_the_remedy(berthd, option, value, words):
    done = berthd("--check-config", option, value)
    assert done.status == 2 and done.stdout == ""
    assert words in done.stderr and done.stderr.count("\n") == 1


# ---- checking without serving ----


def test_a_good_configuration_is_fine_and_binds_nothing(berthd, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = berthd("--check-config", "-b", f"127.0.0.1:{taken.getsockname()[1]}", "--static", f"/={tmp_path}")
    assert (done.status, done.stdout, done.stderr) == (0, "berthd: the configuration is fine\n", "")


def test_everything_that_is_wrong_is_named_in_one_run(berthd, tmp_path):
    done = berthd("--check-config", "-w", "0", "--static", f"/={tmp_path}/none")
    assert done.status == 1 and done.stdout == ""
    workers, folder = done.stderr.splitlines()
    assert "--workers '0'" in workers
    assert f"{tmp_path}/none" in folder


def test_a_database_that_is_none_is_found_wanting(berthd, tmp_path):
    (tmp_path / "db").write_text("this is no database, however long it is")
    done = berthd("--check-config", "--database", f"sqlite:{tmp_path}/db")
    assert done.status == 1 and "fine" not in done.stdout and str(tmp_path) in done.stderr


def test_who_is_not_known_is_found_wanting(berthd):
    done = berthd("--check-config", "--user", "no-such-user")
    assert done.status == 1 and "--user 'no-such-user': not in /etc/passwd" in done.stderr


def test_print_config_ends_with_the_errors(berthd, tmp_path):
    done = berthd("--print-config", "--static", f"/={tmp_path}/none")
    assert done.status == 1 and "\nstatic = /=" in done.stdout and str(tmp_path) in done.stderr


# ---- the process ----


def test_relative_paths_start_in_the_folder_of_chdir(serve, berthd, tmp_path):
    (tmp_path / "www").mkdir()
    (tmp_path / "www/file").write_text("here")
    process = serve("--chdir", tmp_path, "--static", "/=www")
    assert get(process, "/file").body == b"here"
    done = berthd("--chdir", tmp_path / "none", "--check-config")
    assert done.status == 1 and f"--chdir '{tmp_path}/none': No such file" in done.stderr


@pytest.mark.parametrize("mask, mode", [(None, 0o777), ("027", 0o750), ("0", 0o777), ("0077", 0o700)])
def test_umask_decides_who_may_use_a_unix_socket(serve, tmp_path, mask, mode):
    serve(*(["--umask", mask] if mask else []), "--chdir", tmp_path, bind="unix:s")
    found = (tmp_path / "s").stat()
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == mode


def title_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()


def test_ps_tells_master_and_worker_apart(serve):
    for options, suffix in (((), ""), (("--name", "shop"), " [shop]"), (("-n", "x" * 300), f" [{'x' * 300}]")):
        process = serve(*options, "-e", "TOKEN=hunter2")
        worker = worker_of(process)
        assert get(process).status == 200  # it has its title before it serves
        assert title_of(process.pid) == f"berthd: master{suffix}"
        assert title_of(worker) == f"berthd: worker 1{suffix}"
        assert Path(f"/proc/{process.pid}/comm").read_text() == "berthd\n"
        assert Path(f"/proc/{worker}/comm").read_text() == "berthd-worker\n"
        assert "hunter2" not in proc.run(["ps", "-ww", "-o", "args", str(process.pid)]).stdout


# ---- who the workers are ----


@needs_root
@pytest.mark.parametrize(
    "options, uid, gid",
    [
        (("--user", str(SOMEBODY)), SOMEBODY, SOMEBODY),
        (("-u", str(SOMEBODY), "-g", str(SOME_GROUP)), SOMEBODY, SOME_GROUP),
        (("--user", "nobody"), 65534, 65534),
        (("--group", str(SOME_GROUP)), 0, SOME_GROUP),
    ],
)
def test_workers_become_the_user_and_the_master_stays(serve, options, uid, gid):
    process = serve(*options)
    assert get(process).status == 200
    master, worker = status_of(process.pid), status_of(worker_of(process))
    assert worker["Uid"] == [str(uid)] * 4 and worker["Gid"] == [str(gid)] * 4
    assert worker["Groups"] == []
    assert worker["CapEff"] == worker["CapPrm"] == worker["CapBnd"] == ["0" * 16]
    assert master["Uid"] == ["0"] * 4
    assert process.stop() == 0


@needs_root
def test_a_worker_of_another_user_still_ends_with_its_master(serve):
    process = serve("--user", str(SOMEBODY))
    worker = worker_of(process)
    process.signal(9)
    process.wait()
    deadline = time.monotonic() + 20
    while is_running(worker):
        assert time.monotonic() < deadline, "the worker lives on"
        time.sleep(0.01)


@needs_root
def test_a_unix_socket_belongs_to_the_user(serve, tmp_path):
    serve("--user", str(SOMEBODY), "--umask", "077", bind=f"unix:{tmp_path}/s")
    found = (tmp_path / "s").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (SOMEBODY, SOMEBODY, 0o700)


@needs_root
def test_workers_read_what_their_user_may(serve, tmp_path):
    for name, owner in (("theirs", SOMEBODY), ("ours", 0)):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
        os.chown(tmp_path / name, owner, owner)
    tmp_path.chmod(0o755)
    process = serve("--user", str(SOMEBODY), "--static", f"/={tmp_path}")
    assert get(process, "/theirs").body == b"theirs"
    assert get(process, "/ours").status == 403


@needs_root
def test_who_is_not_root_becomes_nobody_else(programs, tmp_path):
    program = tmp_path / "berthd"
    shutil.copy(programs["berthd"], program)
    program.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o111)
    run = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups", program, "--check-config", "--user"]
    done = proc.run([*run, "0"])
    assert done.status == 1
    assert f"only root (CAP_SETUID and CAP_SETGID) can become 0:0, and this is {SOMEBODY}:{SOMEBODY}" in done.stderr
    done = proc.run([*run, str(SOMEBODY)])
    assert done.status == 0, done


# ---- what they gave up ----


def test_workers_have_no_privileges_and_few_system_calls(serve, variant):
    process = serve()
    assert get(process).status == 200
    worker, master = status_of(worker_of(process)), status_of(process.pid)
    assert worker["NoNewPrivs"] == ["1"]
    assert worker["CapEff"] == worker["CapPrm"] == worker["CapAmb"] == ["0" * 16]
    # The sanitizers need more than any list of ours.
    assert worker["Seccomp"] == ["0" if variant == "asan" else "2"]
    assert master["NoNewPrivs"] == ["0"]


def test_no_sandbox_leaves_everything_as_it_was(serve):
    process = serve("--no-sandbox")
    assert get(process).status == 200
    worker, master = status_of(worker_of(process)), status_of(process.pid)
    assert worker["NoNewPrivs"] == worker["Seccomp"] == ["0"]
    assert worker["CapEff"] == master["CapEff"]


def test_in_the_sandbox_all_is_served(serve, berthd, tmp_path):
    assert berthd("--init-db", tmp_path / "db").status == 0
    (tmp_path / "file").write_bytes(os.urandom(300000))
    process = serve("--static", f"/={tmp_path}", "--database", f"sqlite:{tmp_path}/db")
    for _ in range(3):
        assert get(process, "/file").body == (tmp_path / "file").read_bytes()
        assert get(process, "/api/v1/posts/").status == 200
        assert get(process, "/nothing").status == 404
    assert process.stop() == 0
    assert len(process.lines) == 1


def test_where_there_is_no_seccomp_it_serves_all_the_same(start, root):
    """An emulator that knows no filters stands for a kernel without them."""
    program, emulator = root / "build/static-arm64/berthd", shutil.which("qemu-aarch64-static")
    if emulator is None or not program.exists():
        pytest.skip("needs qemu-aarch64-static (make test installs it when run as root) and make static-arm64")
    process = start([emulator, program, "-b", "127.0.0.1:0", "-w", "1"], ready=LISTENING)
    assert get(process).status == 200
    assert process.stop() == 0
    warnings = [line for line in process.lines if "sandbox" in line]
    assert len(warnings) <= 1 and all("going on" in line for line in warnings), process.output
