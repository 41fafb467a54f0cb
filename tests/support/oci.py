# SPDX-License-Identifier: Apache-2.0
"""Images as the tests see them: a static program to put in, and layouts read without imagegen."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Says who and where it is, then proves that /tmp is writable. */
int main(int argc, char **argv)
{
    char cwd[256];
    FILE *passwd = fopen("/etc/passwd", "r"), *scratch;
    char line[256];

    printf("uid=%d gid=%d cwd=%s\n", (int)getuid(), (int)getgid(), getcwd(cwd, sizeof(cwd)));
    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    printf("GREETING=%s\n", getenv("GREETING") ? getenv("GREETING") : "");
    while (passwd && fgets(line, sizeof(line), passwd))
        printf("passwd %s", line);
    scratch = fopen("/tmp/scratch", "w");
    printf("tmp %s\n", scratch ? "writable" : "not writable");
    return 0;
}
"""


def compile_hello(folder, name="hello", static=True):
    """A small program for this machine; a static one with musl where there is musl."""
    source = Path(folder) / f"{name}.c"
    source.write_text(HELLO)
    compiler = "musl-gcc" if static and shutil.which("musl-gcc") else "gcc"
    flags = ["-static"] if static else []
    subprocess.run(
        [compiler, "-O2", "-s", *flags, "-o", str(Path(folder) / name), str(source)], check=True, timeout=60
    )
    source.unlink()
    return Path(folder) / name


class Layout:
    """An OCI layout on disk, every blob checked when it is read."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def index(self):
        return json.loads((self.folder / "index.json").read_text())

    def tags(self):
        return [m.get("annotations", {}).get("org.opencontainers.image.ref.name") for m in self.index()["manifests"]]

    def blob(self, descriptor):
        data = (self.folder / "blobs" / "sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        assert len(data) == descriptor["size"]
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"]
        return data

    def descriptor(self, tag="latest"):
        for entry in self.index()["manifests"]:
            if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
                return entry
        raise KeyError(tag)

    def manifest(self, tag="latest"):
        return json.loads(self.blob(self.descriptor(tag)))

    def config(self, tag="latest"):
        return json.loads(self.blob(self.manifest(tag)["config"]))

    def layer(self, tag="latest"):
        """The tar's bytes."""
        manifest = self.manifest(tag)
        tar = gzip.decompress(self.blob(manifest["layers"][0]))
        assert "sha256:" + hashlib.sha256(tar).hexdigest() == self.config(tag)["rootfs"]["diff_ids"][0]
        return tar

    def members(self, tag="latest"):
        """Name -> TarInfo, in the layer's order."""
        with tarfile.open(fileobj=io.BytesIO(self.layer(tag))) as tar:
            return {m.name: m for m in tar.getmembers()}

    def file(self, path, tag="latest"):
        with tarfile.open(fileobj=io.BytesIO(self.layer(tag))) as tar:
            return tar.extractfile(path).read()

    def leftovers(self):
        """Files that belong to no image and no layout."""
        wanted = {"index.json", "oci-layout"}
        for entry in self.index()["manifests"]:
            manifest = json.loads(self.blob(entry))
            for d in (entry, manifest["config"], *manifest["layers"]):
                wanted.add("blobs/sha256/" + d["digest"].removeprefix("sha256:"))
        have = {str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file()}
        return sorted(have - wanted)


def tree_state(folder):
    """Everything below a folder with its kind and content, to see that nothing changed."""
    state = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            state[name] = "link " + os.readlink(path)
        elif path.is_file():
            state[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            state[name] = "folder" if path.is_dir() else "other"
    return state
