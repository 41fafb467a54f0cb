# SPDX-License-Identifier: Apache-2.0
"""make deps: refuses other bytes than pinned, says in one line what is wrong, leaves nothing half-done.

Everything happens in a folder of the test's own with the two smallest libraries, musl and jansson.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess

import pytest

from support import proc

LIBRARIES = "musl jansson"
MAKEFILE = """\
all: deps
include mk/deps.mk
packages-build packages-build-arm64:
"""
# One-line and deb822 sources as machines have them; only Debian's own may be taken over.
SOURCES_LIST = """\
# deb http://commented.invalid/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://127.0.0.1:1/debian bookworm main contrib
deb http://127.0.0.1:1/debian bookworm-updates main
deb-src http://127.0.0.1:1/debian bookworm main
deb http://127.0.0.1:1/pgdg bookworm-pgdg main
deb http://127.0.0.1:1/docker bookworm stable
deb http://127.0.0.1:1/cloud cloud-sdk-bookworm main
"""
DEB822_SOURCES = """\
Types: deb
# a mirror
URIs: http://127.0.0.1:1/debian
Suites: bookworm bookworm-backports-sloppy bookworm-updates
Components: main non-free-firmware
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://127.0.0.1:1/off
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://127.0.0.1:1/other
Suites: nodistro
Components: main
"""


def pinned(root, library):
    """The (sha256, file) pairs of a library's first candidate."""
    rows = [line.split() for line in (root / "scripts/deps/pins").read_text().splitlines()]
    rows = [row for row in rows if len(row) == 5 and row[0] == library]
    return [(row[3], row[4]) for row in rows if row[1:3] == rows[0][1:3]]


class Deps:
    def __init__(self, root, folder, sources):
        self.root = root
        self.folder = folder
        self.out = folder / "deps"
        self.sources = sources
        (folder / "Makefile").write_text(MAKEFILE)

    def command(self, *args):
        return ["make", "-f", str(self.folder / "Makefile"), "deps", f"DEPS_ROOT={self.out}", f"DEPS_LIBS={LIBRARIES}", *args]

    def env(self, env):
        return {"MAKEFLAGS": "", "MFLAGS": "", "BERTH_SOURCES": str(self.sources), **(env or {})}

    def make(self, *args, env=None):
        return proc.run(self.command(*args), cwd=self.root, env=self.env(env), timeout=300)

    def start(self):
        """make in the background, in a process group of its own, once it is building jansson."""
        child = subprocess.Popen(
            self.command(),
            cwd=self.root,
            env=proc.environment(self.env(None)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for line in child.stdout:
            if "DEP     jansson" in line:
                return child
        raise AssertionError(child.communicate())

    def installed(self):
        """What of jansson is in place, its stamp included."""
        return sorted(str(p.relative_to(self.out)) for p in self.out.glob("*64/**/*") if "jansson" in p.name)


def complaints(done):
    return [line for line in done.stderr.splitlines() if not line.startswith("make")]


@pytest.fixture(scope="module")
def sources(root, tmp_path_factory):
    """jansson's source package: from the cache of make deps, else downloaded."""
    cache = root / "build" / "deps" / "sources"
    if not all((cache / file).exists() for _, file in pinned(root, "jansson")):
        deps = Deps(root, tmp_path_factory.mktemp("fetched"), "")
        done = deps.make()
        if done.status != 0:
            pytest.skip(f"jansson's source is not in {cache} and cannot be downloaded: {complaints(done)}")
        cache = deps.out / "sources"
    folder = tmp_path_factory.mktemp("sources")
    for sha256, file in pinned(root, "jansson"):
        shutil.copy(cache / file, folder / file)
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sha256
    return folder


@pytest.fixture
def deps(root, tmp_path, sources):
    return Deps(root, tmp_path, sources)


def test_builds_then_has_nothing_to_do(deps):
    done = deps.make()
    assert done.status == 0, done
    assert re.fullmatch(r"  DEP     musl [0-9.]+ \(amd64\)\n  DEP     jansson 2.14 \(amd64\)\n", done.stdout), done
    assert done.stderr == ""
    out = deps.out / "amd64"
    assert (out / "lib/libjansson.a").exists() and (out / "include/jansson.h").exists()
    assert {"musl", "libgcc", "jansson"} <= {p.name for p in (out / "licenses").iterdir()}
    assert "jansson 2.14-2\n" in (out / "versions.txt").read_text()
    assert list((deps.out / "work").glob("*/")) == [], "scratch folders are removed"

    before = (out / ".done").stat().st_mtime_ns
    done = deps.make()
    assert done.status == 0 and "DEP" not in done.stdout
    assert (out / ".done").stat().st_mtime_ns == before

    program = deps.folder / "program.c"
    program.write_text(
        '#include <jansson.h>\n#include <linux/types.h>\n#include <stdio.h>\n'
        "int main(void) { puts(json_dumps(json_pack(\"[i]\", 42), 0)); return 0; }\n"
    )
    made = proc.run([out / "bin/cc", "-o", deps.folder / "program", program, "-ljansson"])
    assert made.status == 0 and made.stderr == "", made
    assert proc.run([deps.folder / "program"]).stdout == "[42]\n"


def test_make_n_builds_nothing(deps):
    done = deps.make("-n")
    assert done.status == 0 and "scripts/deps/build" in done.stdout, done
    assert not deps.out.exists()


def test_the_callers_compiler_settings_do_not_reach_the_libraries(deps):
    done = deps.make("CC=false", "CFLAGS=-nonsense", env={"CPPFLAGS": "-nonsense", "LDFLAGS": "-nonsense", "TMPDIR": "/nowhere"})
    assert done.status == 0, done


@pytest.mark.parametrize("where", ["given", "cached"])
def test_a_wrong_hash_is_refused_in_one_line(deps, where, sources):
    bad = deps.folder / "bad"
    if where == "cached":
        bad = deps.out / "sources"
        bad.parent.mkdir()
    shutil.copytree(sources, bad)
    with open(bad / "jansson_2.14.orig.tar.gz", "ab") as file:
        file.write(b"x")
    deps.sources = bad if where == "given" else ""
    done = deps.make()
    assert done.status != 0
    (line,) = complaints(done)
    assert re.fullmatch(
        r"deps: jansson: jansson_2\.14\.orig\.tar\.gz: wrong SHA-256 \(want \w{12}, got \w{12}\): delete \S+, then run make again",
        line,
    )
    assert deps.installed() == []


def test_a_missing_source_is_named(deps):
    empty = deps.folder / "empty"
    empty.mkdir()
    deps.sources = empty
    done = deps.make()
    assert done.status != 0
    (line,) = complaints(done)
    assert line.startswith(f"deps: jansson: jansson_2.14-2.dsc is not in BERTH_SOURCES={empty}: ")
    assert deps.installed() == []


@pytest.mark.parametrize("suffix, text", [("list", SOURCES_LIST), ("sources", DEB822_SOURCES)], ids=["list", "sources"])
def test_no_network_is_one_line_and_only_debians_archives_are_asked(deps, suffix, text):
    machine = deps.folder / f"machine.{suffix}"
    machine.write_text(text)
    # Two at a time: still one line.
    done = deps.make("-j2", "DEPS_LIBS=musl jansson libdeflate", env={"BERTH_SOURCES": "", "BERTH_APT_SOURCES": str(machine)})
    assert done.status != 0
    (line,) = complaints(done)
    assert re.match(r"deps: (jansson|libdeflate): cannot reach the Debian archives: check the network, or set BERTH_SOURCES ", line)
    assert deps.installed() == []

    taken = (deps.out / f"apt/src/sources.d/berth.{suffix}").read_text()
    if suffix == "list":
        assert taken == (
            "deb-src [ signed-by=/usr/share/keyrings/k.gpg] http://127.0.0.1:1/debian bookworm main\n"
            "deb-src http://127.0.0.1:1/debian bookworm-updates main\n"
            "deb-src http://127.0.0.1:1/debian bookworm main\n"
        )
    else:
        key = DEB822_SOURCES[DEB822_SOURCES.index("Signed-By:") : DEB822_SOURCES.index("\n\nTypes")]
        assert taken == (
            "Types: deb-src\nURIs: http://127.0.0.1:1/debian\nSuites: bookworm bookworm-updates\n"
            f"Components: main\n{key}\n\n"
        )


def test_a_missing_tool_is_named(deps):
    tools = deps.folder / "bin"
    tools.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for tool in os.scandir(folder):
            if tool.name != "cmake" and not (tools / tool.name).is_symlink():
                (tools / tool.name).symlink_to(tool.path)
    done = deps.make(env={"PATH": str(tools)})
    assert done.status != 0
    assert complaints(done) == ["deps: musl: cmake is not installed: install the packages named in scripts/apt-packages/build"]
    assert deps.installed() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_nothing_and_a_killed_one_starts_over(deps, number):
    child = deps.start()
    os.killpg(child.pid, number)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode != 0
    assert [line for line in stderr.splitlines() if not line.startswith("make")] == []
    assert deps.installed() == []
    if number != signal.SIGKILL:
        assert list((deps.out / "work").glob("*/")) == []
        return
    done = deps.make()
    assert done.status == 0, done
    assert "DEP     musl" not in done.stdout and "DEP     jansson" in done.stdout
    assert "amd64/lib/libjansson.a" in deps.installed()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the small disk")
@pytest.mark.parametrize("kib", [64, 4096, 7168])
def test_a_full_disk_is_one_line(deps, kib):
    deps.out.mkdir()
    mounted = proc.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", deps.out])
    if mounted.status != 0:
        pytest.skip(f"no mount here: {mounted.stderr.strip()}")
    try:
        done = deps.make()
        assert done.status != 0
        (line,) = complaints(done)
        assert re.match(rf"deps: \w+: no space left in {deps.out}: free some ", line)
        assert deps.installed() == []
        assert list((deps.out / "work").glob("*/")) == []
    finally:
        proc.run(["umount", deps.out])


def test_a_comment_in_a_recipe_rebuilds_nothing_and_a_flag_what_depends_on_it(deps):
    scripts = deps.folder / "scripts" / "deps"
    shutil.copytree(deps.root / "scripts/deps", scripts)

    def hashes():
        words = proc.run([scripts / "hashes"]).stdout.split()
        return {word.split(":")[0]: word.split(":")[1] for word in words}

    before = hashes()
    recipe = scripts / "recipes" / "zlib.sh"
    recipe.write_text(recipe.read_text() + "    # why\n")
    assert hashes() == before
    recipe.write_text(recipe.read_text() + ": flag\n")
    after = hashes()
    assert {name for name in before if before[name] != after[name]} == {"zlib", "libarchive", "mariadb"}
