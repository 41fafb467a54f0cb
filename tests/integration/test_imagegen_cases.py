# SPDX-License-Identifier: Apache-2.0
"""Every folder of tests/cases/images is a command line with what it prints and how it ends.

args holds shell words; out and err what is expected on the two streams (no file: nothing), status the exit
status (no file: 0).  The command runs in a folder with a few files of fixed content, so that digests in out
are the same on every machine.  BERTH_GOLDEN_UPDATE=1 rewrites the expectations for a reader of the diff to
judge.
"""

import os
import shlex
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[1] / "cases" / "images"


def folders():
    return sorted(folder for folder in CASES.iterdir() if (folder / "args").is_file())


def text_of(path):
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def make_files(folder):
    (folder / "app").write_text("#!/bin/sh\n")
    (folder / "app").chmod(0o755)
    (folder / "data").write_text("data\n")
    (folder / "a:b").write_text("colon\n")
    (folder / "tree" / "sub").mkdir(parents=True)
    (folder / "tree" / "run").write_text("#!/bin/sh\n")
    (folder / "tree" / "run").chmod(0o700)
    (folder / "tree" / "sub" / "file").write_text("file\n")
    (folder / "tree" / "link").symlink_to("run")
    (folder / "tree" / "dirlink").symlink_to("sub")
    (folder / "other" / "sub").mkdir(parents=True)
    (folder / "other" / "sub" / "more").write_text("more\n")
    return folder


def rewrite(folder, done):
    files = {"out": done.stdout, "err": done.stderr, "status": f"{done.status}\n" if done.status else ""}
    for name, text in files.items():
        if text:
            (folder / name).write_text(text, encoding="utf-8")
        else:
            (folder / name).unlink(missing_ok=True)


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_case(imagegen, folder, tmp_path):
    make_files(tmp_path)
    done = imagegen(*shlex.split(text_of(folder / "args")), cwd=tmp_path)
    if os.environ.get("BERTH_GOLDEN_UPDATE") == "1":
        rewrite(folder, done)
        return
    assert done.stderr == text_of(folder / "err")
    assert done.stdout == text_of(folder / "out")
    assert done.status == int(text_of(folder / "status") or 0)
    if done.status != 0:
        assert not (tmp_path / "out").exists()
