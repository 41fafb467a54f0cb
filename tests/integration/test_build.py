# SPDX-License-Identifier: Apache-2.0
"""What the build promises: the same bytes anywhere, nothing to do the second time, hardened programs."""

import os
import re
import shutil
import subprocess

import pytest

from support import proc

PROGRAMS = ("berthd", "imagegen", "taskgen")


def make(folder, *args, timeout=600):
    # What the make that runs this suite exports must not reach the one under test.
    return proc.run(["make", *args], cwd=folder, env={"MAKEFLAGS": "", "MFLAGS": ""}, timeout=timeout)


@pytest.fixture(scope="module")
def elsewhere(root, tmp_path_factory):
    """The tracked and new sources in another folder, with the same libraries of make deps."""
    folder = tmp_path_factory.mktemp("another folder's name")
    copy = folder / "berth"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-c", "-o", "--exclude-standard"], cwd=root, stdout=subprocess.PIPE, check=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    (copy / "build").mkdir()
    (copy / "build" / "deps").symlink_to(root / "build" / "deps")
    return copy


def test_two_builds_in_two_folders_give_the_same_bytes(root, elsewhere):
    done = make(elsewhere, "static")
    assert done.status == 0, done
    for program in PROGRAMS:
        ours = (root / "build" / "static" / program).read_bytes()
        theirs = (elsewhere / "build" / "static" / program).read_bytes()
        assert ours == theirs, program
        assert str(root).encode() not in ours


def test_a_second_make_does_nothing(root):
    assert make(root, "static").status == 0
    done = make(root, "static")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")


def test_a_changed_header_rebuilds_what_includes_it(elsewhere):
    assert make(elsewhere, "static").status == 0
    os.utime(elsewhere / "lib" / "cpu" / "policy.h")
    done = make(elsewhere, "static")
    assert "lib/cpu/policy.o" in done.stdout
    assert "images/" not in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_static_programs_are_hardened_and_need_no_library(root, program):
    path = root / "build" / "static" / program
    headers = proc.run(["readelf", "-Wld", path]).stdout
    assert "INTERP" not in headers
    assert "(NEEDED)" not in headers
    assert "DYN (" in proc.run(["readelf", "-h", path]).stdout
    assert "GNU_RELRO" in headers
    stack = [line for line in headers.splitlines() if "GNU_STACK" in line]
    assert stack and "RWE" not in stack[0]
    # Relocations are packed: not one entry of 24 bytes is left.
    assert "(RELR)" in headers and re.search(r"\(RELASZ\) +0 ", headers)
    assert ".symtab" not in proc.run(["readelf", "-WS", path]).stdout


def test_a_berthd_of_sqlite_alone_is_a_megabyte_and_says_so(root):
    assert make(root, "build/static-sqlite/berthd").status == 0
    path = root / "build" / "static-sqlite" / "berthd"
    assert path.stat().st_size < 1100000
    assert proc.run([path, "--check-config", "--database", "sqlite:/none"]).status != 2
    done = proc.run([path, "--check-config", "--routes", "none", "--database", "mysql://u@h/n"])
    assert done.status == 2
    assert "this build knows sqlite: alone" in done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_arm64_programs_run_and_say_their_version(root, program):
    path = root / "build" / "static-arm64" / program
    ours = proc.run([root / "build" / "static" / program, "--version"])
    done = proc.run(["qemu-aarch64-static", path, "--version"])
    assert done.status == 0, done
    assert done.stdout.splitlines()[0] == ours.stdout.splitlines()[0]
    assert ours.stdout.splitlines()[0].startswith(f"{program} ")
    assert ours.stdout.splitlines()[1].startswith("amd64, musl, gcc ")
    assert done.stdout.splitlines()[1].startswith("arm64, musl, gcc ")


def test_licences_of_everything_linked_are_collected(root):
    text = (root / "build" / "static" / "LICENSES").read_text()
    for library in ("curl", "jansson", "libarchive", "libdeflate", "zstd", "musl", "openssl", "sqlite", "zlib"):
        assert f"{library}" in text.lower(), library


def test_make_names_an_unknown_variant(root):
    done = make(root, "VARIANT=fast")
    assert done.status == 2
    assert "VARIANT=fast: there are static" in done.stderr


def test_missing_packages_are_named_in_one_command_for_those_who_are_not_root(root, tmp_path):
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\necho 'installed gcc'\n")
    for fake in ("id", "dpkg-query"):
        (tmp_path / fake).chmod(0o755)
    done = proc.run([root / "scripts" / "need-packages", "build"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert done.status == 1
    assert len(done.stderr.splitlines()) == 1
    assert "apt-get install -y --no-install-recommends " in done.stderr
    assert " cmake " in done.stderr
    assert " gcc " not in done.stderr


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("server/evil.c", '#include "net/http.h"', 'server/evil.c includes "net/http.h"'),
        ("lib/base/evil.c", '#include "json/json.h"', "lib/base may include nothing of ours"),
        ("ecs/evil.c", '#include "images/ref.h"', 'ecs/evil.c includes "images/ref.h"'),
        ("server/evil.h", "#include <curl/curl.h>", "server/evil.h includes <curl/"),
        ("images/evil.c", "#include <archive.h>", "images/evil.c includes <archive"),
        ("lib/aws/evil.c", " # include <openssl/evp.h>", "lib/aws/evil.c includes <openssl/"),
    ],
)
def test_an_include_against_the_layers_is_refused(root, tmp_path, file, line, complaint):
    for folder in ("lib/base", "lib/json", "lib/net", "lib/aws", "lib/cpu", "server", "images", "ecs", "taskgen"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / file).write_text(f"{line}\n")
    done = proc.run([root / "scripts" / "check-layers"], cwd=tmp_path)
    assert done.status == 1
    assert complaint in done.stderr
    (tmp_path / file).unlink()
    assert proc.run([root / "scripts" / "check-layers"], cwd=tmp_path).status == 0
