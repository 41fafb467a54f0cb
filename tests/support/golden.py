# SPDX-License-Identifier: Apache-2.0
"""Cases as folders: a command line, and what it prints and how it ends.

args holds shell words; env, when there, NAME=VALUE lines; out and err what is expected on the two streams
(no file: nothing), status the exit status (no file: 0).  BERTH_GOLDEN_UPDATE=1 rewrites the last three from
what the program does, for a reader of the diff to judge.
"""

import os
import shlex
from pathlib import Path

CASES = Path(__file__).resolve().parents[1] / "cases"


def folders(name):
    return sorted(folder for folder in (CASES / name).iterdir() if (folder / "args").is_file())


def text_of(path):
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def status_of(folder):
    return int(text_of(folder / "status") or 0)


def rewrite(folder, done):
    files = {"out": done.stdout, "err": done.stderr, "status": f"{done.status}\n" if done.status else ""}
    for name, text in files.items():
        if text:
            (folder / name).write_text(text, encoding="utf-8")
        else:
            (folder / name).unlink(missing_ok=True)


def check(program, folder, cwd):
    """Runs one case in cwd and compares, or rewrites what is expected."""
    env = dict(line.split("=", 1) for line in text_of(folder / "env").splitlines())
    done = program(*shlex.split(text_of(folder / "args")), env=env, cwd=cwd)
    if os.environ.get("BERTH_GOLDEN_UPDATE") == "1":
        rewrite(folder, done)
        return
    assert done.stderr == text_of(folder / "err")
    assert done.stdout == text_of(folder / "out")
    assert done.status == status_of(folder)
