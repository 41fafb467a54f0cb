# SPDX-License-Identifier: Apache-2.0
"""imagegen init writes a build file for a program; imagegen build --build-file builds from one."""

import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from support.oci import Layout, compile_hello

LIBRARY = "int answer(void) { return 42; }\n"
PROGRAM = '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); return 0; }\n'


def compile_c(text, *args):
    subprocess.run(["gcc", "-x", "c", "-", *map(str, args)], input=text, text=True, check=True)


@pytest.fixture
def dynamic(tmp_path):
    """A program that needs libc and a library of its own, which lies in a folder nobody knows."""
    (tmp_path / "own").mkdir()
    compile_c(LIBRARY, "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1", "-o", tmp_path / "own" / "libanswer.so.1")
    compile_c(PROGRAM, "-o", tmp_path / "prog", "-x", "none", tmp_path / "own" / "libanswer.so.1")
    return tmp_path / "prog"


def unpacked(layout, folder, tag="latest"):
    with tarfile.open(fileobj=io.BytesIO(layout.layer(tag))) as tar:
        tar.extractall(folder, filter="fully_trusted") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
    return folder


def test_a_static_program_is_alone(imagegen, tmp_path):
    program = compile_hello(tmp_path)
    done = imagegen("init", "--port", "8000", "--user", "root", "--ca-certs", program)
    assert done.status == 0, done
    assert json.loads(done.stdout) == {
        "file": [f"{program}:/{program.name}:0755"],
        "entrypoint": [f"/{program.name}"],
        "port": ["8000"],
        "user": "root",
        "ca-certs": True,
        "platform": "linux/amd64",
    }


def test_what_a_dynamic_program_needs_comes_along_and_it_runs(imagegen, tmp_path, dynamic):
    spec = tmp_path / "image.json"
    done = imagegen("init", "-L", tmp_path / "own", "-o", spec, dynamic)
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    files = [text.rsplit(":", 2)[1] for text in json.loads(spec.read_text())["file"]]
    assert files[0] == "/prog"
    assert "/lib64/ld-linux-x86-64.so.2" in files
    # From a folder of ours to one where the dynamic linker looks.
    assert "/lib/x86_64-linux-gnu/libanswer.so.1" in files
    done = imagegen("build", "-q", "--build-file", spec, "-o", f"oci:{tmp_path}/out")
    assert done.status == 0, done
    if os.geteuid() == 0:
        root = unpacked(Layout(tmp_path / "out"), tmp_path / "root")
        assert subprocess.run(["chroot", root, "/prog"], capture_output=True, text=True, check=True).stdout == "42\n"


@pytest.mark.parametrize("search", ["$ORIGIN/own", "${ORIGIN}/./own/", "/none:$ORIGIN/x/../own"])
def test_libraries_beside_the_program_stay_beside_it(imagegen, tmp_path, dynamic, search):
    (tmp_path / "x").mkdir()
    library = tmp_path / "own" / "libanswer.so.1"
    compile_c(PROGRAM, "-o", dynamic, f"-Wl,-rpath,{search}", "-x", "none", library)
    for cwd, program in (("/", dynamic), (tmp_path, "prog"), (tmp_path, "./prog")):
        done = imagegen("init", program, cwd=cwd)
        assert done.status == 0, done
        text = next(text for text in json.loads(done.stdout)["file"] if "libanswer" in text)
        source, dest, _ = text.rsplit(":", 2)
        assert dest == "/own/libanswer.so.1"
        assert (tmp_path / source).samefile(library)


def test_a_library_that_is_missing_is_named_and_nothing_written(imagegen, tmp_path, dynamic):
    done = imagegen("init", "-o", tmp_path / "image.json", dynamic)
    assert done.status == 1
    assert done.stderr.count("\n") == 1
    assert "libraries that were not found: libanswer.so.1; name their folder with --library-path" in done.stderr
    assert not (tmp_path / "image.json").exists()


def test_libraries_of_another_processor_are_passed_over(imagegen, tmp_path, dynamic):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(tmp_path / "own" / "libanswer.so.1", other)
    data = bytearray((other / "libanswer.so.1").read_bytes())
    data[18] = 183  # EM_AARCH64
    (other / "libanswer.so.1").write_bytes(data)
    assert "libanswer.so.1" in imagegen("init", "-L", other, dynamic).stderr
    assert imagegen("init", "-L", other, "-L", tmp_path / "own", dynamic).status == 0


@pytest.mark.parametrize("make, words", [
    (lambda p: p.write_text("#!/bin/sh\n"), "is no ELF program"),
    (lambda p: p.mkdir(), "is no file"),
    (lambda p: p.write_bytes(b"\x7fELF"), "damaged ELF file"),
    (lambda p: None, "No such file"),
])  # fmt: skip
def test_what_is_no_program_is_refused(imagegen, tmp_path, make, words):
    make(tmp_path / "x")
    done = imagegen("init", tmp_path / "x")
    assert done.status == 1 and words in done.stderr and done.stderr.count("\n") == 1, done


def test_a_file_that_is_there_is_replaced_only_by_force(imagegen, tmp_path):
    program = compile_hello(tmp_path)
    spec = tmp_path / "image.json"
    spec.write_text("mine")
    done = imagegen("init", "-o", spec, program)
    assert done.status == 1 and "--force" in done.stderr
    assert spec.read_text() == "mine"
    assert imagegen("init", "--force", "-o", spec, program).status == 0
    assert json.loads(spec.read_text())["file"]


# ---- building from a file ----


def build(imagegen, folder, spec, *args):
    (folder / "image.json").write_text(json.dumps(spec))
    return imagegen("build", "-q", "-b", folder / "image.json", "-o", f"oci:{folder}/out", *args)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "app").write_text("#!/x\n")
    (tmp_path / "spec" / "data").mkdir()
    (tmp_path / "spec" / "data" / "f").write_text("f")
    return tmp_path / "spec"


SPEC = {
    "file": "app:/app:0755",
    "dir": ["data:/data"],
    "entrypoint": ["[app", "x"],
    "cmd": ["y"],
    "env": {"PATH": "/", "TZ": "UTC"},
    "label": ["a=1"],
    "port": [80],
    "threads": 1,
    "platform": "linux/arm64",
    "no-tmp": True,
    "ca-certs": False,
    "user": "root",
}


def test_the_file_says_what_the_options_say(imagegen, folder):
    done = build(imagegen, folder, SPEC)
    assert done.status == 0, done
    config = Layout(folder / "out").config()
    assert config["architecture"] == "arm64"
    assert config["config"] == {
        "User": "0:0",
        "Entrypoint": ["[app", "x"],
        "Cmd": ["y"],
        "Env": ["PATH=/", "TZ=UTC"],
        "Labels": {"a": "1"},
        "ExposedPorts": {"80/tcp": {}},
    }
    with tarfile.open(fileobj=io.BytesIO(Layout(folder / "out").layer())) as tar:
        names = tar.getnames()
    assert {"app", "data", "data/f"} < set(names) and "tmp" not in names


def test_the_command_line_counts_more(imagegen, folder):
    done = build(
        imagegen, folder, SPEC, "--entrypoint", "/app", "--env", "TZ=CET", "--env", "A=B", "--label", "b=2",
        "--port", "81", "--platform", "linux/amd64",
    )  # fmt: skip
    assert done.status == 0, done
    config = Layout(folder / "out").config()
    assert config["architecture"] == "amd64"
    assert config["config"] == {
        "User": "0:0",
        "Entrypoint": ["/app"],
        "Cmd": ["y"],
        "Env": ["A=B", "PATH=/", "TZ=CET"],
        "Labels": {"a": "1", "b": "2"},
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}},
    }


@pytest.mark.parametrize("text, words", [
    ('{"fil": "a"}', "/fil: no option of build is called so; did you mean 'file'?"),
    ('{"output": "oci:x"}', "/output: belongs on the command line"),
    ('{"env": {"A": 1}}', "/env/A: want a string"),
    ('{"file": [{}]}', "/file/0: want a string"),
    ('{"cmd": ["a", 1]}', "/cmd/1: want a string"),
    ('{"port": 1.5}', "/port: want a whole number"),
    ('{"port": -1}', "/port: "),
    ('{"threads": 0}', "--threads: '0' is not"),
    ('{"compression": "lzma"}', "--compression: 'lzma' is none of"),
    ('{"entrypoint": "/app"}', "/entrypoint: want an array"),
    ('{"no-tmp": "yes"}', "/no-tmp: want"),
    ('{"user": []}', "/user: want a string"),
    ('[]', "want an object"),
    ('{"user": "a", "user": "b"}', "image.json:1:"),
    ('', "empty, want JSON"),
])  # fmt: skip
def test_a_wrong_file_is_one_line_with_the_place(imagegen, folder, text, words):
    (folder / "image.json").write_text(text)
    done = imagegen("build", "-q", "-b", folder / "image.json", "-o", f"oci:{folder}/out")
    assert done.status == 1, done
    assert done.stderr.count("\n") == 1 and "image.json" in done.stderr and words in done.stderr, done
    assert not (folder / "out").exists()


def test_the_same_build_from_elsewhere_is_the_same_image(imagegen, folder, tmp_path, monkeypatch):
    assert build(imagegen, folder, SPEC).status == 0
    digest = Layout(folder / "out").descriptor()["digest"]
    monkeypatch.chdir(folder)
    done = imagegen("build", "-q", "-b", "image.json", "-o", f"oci:{tmp_path}/second")
    assert done.stdout.strip() == digest



@pytest.mark.skipif(not os.path.isdir("/usr/share/zoneinfo"), reason="no time zones here: make test installs tzdata when run as root")
def test_the_build_file_of_the_paper_builds(imagegen, root, tmp_path):
    page = (root / "docs" / "from-dockerfile.md").read_text()
    text = page.split("```json\n")[1].split("```")[0]
    (tmp_path / "image.json").write_text(text)
    shutil.copy(compile_hello(tmp_path), tmp_path / "server")
    (tmp_path / "site").mkdir()
    done = imagegen("build", "-q", "-b", "image.json", "-o", "oci:image:1.0", cwd=tmp_path)
    assert done.status == 0, done
    assert Layout(tmp_path / "image").config("1.0")["config"]["Env"] == ["TZ=Europe/Berlin"]
