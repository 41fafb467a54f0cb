# SPDX-License-Identifier: Apache-2.0
"""Archives of files: the same bytes from the same tree, and refused when anything in them is wrong."""

import os
import shutil
import socket
import subprocess

import pytest

from support.http_raw import Raw

READY = r"listening on [\d.]+:(\d+)"


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "assets").mkdir(parents=True)
    (tree / ".git").mkdir()
    (tree / "index.html").write_text("<p>home\n")
    (tree / "assets/a.js").write_text("a" * 10000)
    (tree / "assets/é.txt").write_text("accent\n")
    (tree / ".git/config").write_text("secret\n")
    os.symlink("assets/a.js", tree / "link.js")
    return tree


def test_the_same_tree_is_the_same_archive_wherever_and_whenever(berthd, tree, tmp_path):
    first = berthd("--pack", tree, "--output", tmp_path / "first")
    assert (first.status, first.stderr) == (0, "")
    other = tmp_path / "other"
    other.mkdir()
    for path in sorted(tree.rglob("*"), reverse=True):  # made in another order, at another time
        to = other / path.relative_to(tree)
        if path.is_file() and ".git" not in path.parts:
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
            os.utime(to, (1000000000, 1000000000))
    assert berthd("--pack", other, "-o", tmp_path / "second").status == 0
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert b"secret" not in (tmp_path / "first").read_bytes()
    piped = subprocess.run([berthd.path, "--pack", tree, "-o", "-"], stdout=subprocess.PIPE, check=True)
    assert piped.stdout == (tmp_path / "first").read_bytes()
    (tree / "index.html").write_text("<p>away\n")
    assert berthd("--pack", tree, "-o", tmp_path / "second").status == 0
    assert (tmp_path / "first").read_bytes() != (tmp_path / "second").read_bytes()


def test_etags_are_those_of_the_content(berthd, start, tree, tmp_path):
    """So that a new image with an unchanged file is no reason to send it again."""
    etags = []
    for turn in range(2):
        (tree / "new.txt").write_text(f"{turn}\n")
        assert berthd("--pack", tree, "-o", tmp_path / "pack").status == 0
        process = start([berthd.path, "-b", "127.0.0.1:0", "-w", "1", "--static", f"/={tmp_path / 'pack'}"], ready=READY)
        with Raw(("127.0.0.1", int(process.match.group(1)))) as raw:
            etags.append([raw.get(p).headers["etag"] for p in ("/", "/assets/a.js", "/link.js", "/assets/%c3%a9.txt", "/new.txt")])
            assert raw.get("/.git/config").status == 404
    assert etags[0][:4] == etags[1][:4] and etags[0][4] != etags[1][4]
    assert etags[0][1] == etags[0][2]


def test_a_new_archive_in_place_of_the_old_does_not_disturb(berthd, start, tree, tmp_path):
    """Written beside it and renamed: the workers keep what they have mapped."""
    pack = tmp_path / "pack"
    assert berthd("--pack", tree, "-o", pack).status == 0
    process = start([berthd.path, "-b", "127.0.0.1:0", "-w", "1", "--static", f"/={pack}"], ready=READY)
    with Raw(("127.0.0.1", int(process.match.group(1)))) as raw:
        before = raw.get("/assets/a.js").body
        (tree / "assets/a.js").write_text("b")
        assert berthd("--pack", tree, "-o", pack).status == 0
        assert raw.get("/assets/a.js").body == before


def test_broken_archives_are_refused_with_one_line(berthd, tree, tmp_path):
    pack = tmp_path / "pack"
    assert berthd("--pack", tree, "-o", pack).status == 0
    good = pack.read_bytes()
    for bytes_, words in (
        (b"", "no archive"), (b"PK\x03\x04" * 100, "no archive"), (good[:-1], "bytes instead of"), (good + b"x", "bytes instead of"),
        (good[:8] + b"\x02" + good[9:], "version 2"), (good[:100] + bytes([good[100] ^ 1]) + good[101:], "does not match its check"),
    ):  # fmt: skip
        pack.write_bytes(bytes_)
        done = berthd("-b", "127.0.0.1:0", "--static", f"/={pack}")
        assert done.status == 1 and words in done.stderr and done.stderr.count("\n") == 1, done
        assert done.stderr.startswith(f"berthd: --static /={pack}: ")


def test_what_cannot_be_packed_is_said_and_leaves_the_old_archive(berthd, tree, tmp_path):
    pack = tmp_path / "pack"
    pack.write_text("old\n")
    os.symlink("/etc/passwd", tree / "out")
    done = berthd("--pack", tree, "-o", pack)
    assert done.status == 1 and "'out'" in done.stderr and done.stderr.count("\n") == 1, done
    (tree / "out").unlink()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tree / "socket"))
    assert "'socket' is neither" in berthd("--pack", tree, "-o", pack).stderr
    (tree / "socket").unlink()
    assert "No such file" in berthd("--pack", tmp_path / "none", "-o", pack).stderr
    assert "No such file" in berthd("--pack", tree, "-o", tmp_path / "none/pack").stderr
    assert pack.read_text() == "old\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pack", "tree"]
