# SPDX-License-Identifier: Apache-2.0
"""Every folder of tests/cases/taskgen is a command line with what it prints and how it ends.

args holds shell words; env, when there, NAME=VALUE lines; out and err what is expected on the two streams
(no file: nothing), status the exit status (no file: 0).  BERTH_GOLDEN_UPDATE=1 rewrites the last three from
what the program does, for a reader of the diff to judge.
"""

import os
import shlex
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[1] / "cases" / "taskgen"


def folders():
    return sorted(folder for folder in CASES.iterdir() if (folder / "args").is_file())


def text_of(path):
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def environment_of(folder):
    return dict(line.split("=", 1) for line in text_of(folder / "env").splitlines())


def rewrite(folder, done):
    files = {"out": done.stdout, "err": done.stderr, "status": f"{done.status}\n" if done.status else ""}
    for name, text in files.items():
        if text:
            (folder / name).write_text(text, encoding="utf-8")
        else:
            (folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_case(taskgen, folder, tmp_path):
    args = shlex.split(text_of(folder / "args"))
    done = taskgen(*args, env=environment_of(folder), cwd=tmp_path)
    if os.environ.get("BERTH_GOLDEN_UPDATE") == "1":
        rewrite(folder, done)
        return
    assert done.stderr == text_of(folder / "err")
    assert done.stdout == text_of(folder / "out")
    assert done.status == int(text_of(folder / "status") or 0)


def test_there_are_cases_for_what_is_accepted_and_what_is_refused():
    statuses = [int(text_of(folder / "status") or 0) for folder in folders()]
    assert len(statuses) >= 50
    assert statuses.count(0) >= 20
    assert statuses.count(2) >= 20
