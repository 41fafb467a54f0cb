# SPDX-License-Identifier: Apache-2.0
"""Images that want to do harm, by name, each with the one line that refuses it.

Layers are written byte by byte, as no library would write them; layouts are made around them.  The list follows
what other tools were attacked with: CVE-2021-29136, CVE-2018-15664, CVE-2024-3727, CVE-2021-41190, ...
"""

import gzip
import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
END = bytes(1024)


# ---- tar, byte by byte ----


def pad(data):
    return data + bytes(-len(data) % 512)


def header(name, kind=b"0", size=0, link=b"", mode=0o644, size_field=None, magic=b"ustar\x0000", device=(0, 0)):
    name, link = (x.encode() if isinstance(x, str) else x for x in (name, link))
    block = bytearray(512)
    for at, value in (
        (0, name[:100]),
        (100, b"%07o\0" % mode),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, size_field if size_field is not None else b"%011o\0" % size),
        (136, b"00000000000\0"),
        (148, b"        "),
        (156, kind),
        (157, link[:100]),
        (257, magic),
        (329, b"%07o\0" % device[0]),
        (337, b"%07o\0" % device[1]),
    ):
        block[at : at + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def file(name, data=b"", **more):
    return header(name, size=len(data), **more) + pad(data)


def folder(name, mode=0o755):
    return header(name, b"5", mode=mode)


def symlink(name, target):
    return header(name, b"2", link=target, mode=0o777)


def hardlink(name, target):
    return header(name, b"1", link=target)


def record(key, value):
    value = value if isinstance(value, bytes) else str(value).encode()
    body = b" " + key.encode() + b"=" + value + b"\n"
    n = len(body) + 1
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return str(n).encode() + body


def pax(*records, raw=None):
    data = raw if raw is not None else b"".join(record(*r) for r in records)
    return header("pax", b"x", size=len(data)) + pad(data)


def long_name(data, kind=b"L"):
    return header("././@LongLink", kind, size=len(data)) + pad(data)


# ---- layouts ----


class Maker:
    """An OCI layout with one image, any part of which may be replaced."""

    def __init__(self, path):
        self.path = Path(path)
        self.blobs = self.path / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        (self.blobs / digest).write_bytes(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    def document(self, value):
        return self.blob(value if isinstance(value, bytes) else json.dumps(value).encode())

    def layer(self, tar, packed=None, kind=None):
        """(descriptor, diffID)"""
        data = tar if packed is None else packed
        suffix = kind or ("" if packed is None else "+gzip")
        return {"mediaType": LAYER + suffix, **self.blob(data)}, "sha256:" + hashlib.sha256(tar).hexdigest()

    def config(self, diff_ids, **changes):
        base = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        return {"mediaType": CONFIG, **self.document({**base, **changes})}

    def manifest(self, layers, config=None, **changes):
        config = config or self.config([d for _, d in layers])
        base = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [d for d, _ in layers]}
        return {"mediaType": MANIFEST, **self.document({**base, **changes})}

    def index(self, *entries, **changes):
        for entry in entries:
            entry.setdefault("annotations", {"org.opencontainers.image.ref.name": "v1"})
        base = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries), **changes}
        (self.path / "index.json").write_text(json.dumps(base))

    def image(self, *tars):
        self.index(self.manifest([self.layer(tar) for tar in tars]))


@dataclass
class Case:
    name: str
    make: Callable
    reason: str
    allowed: tuple = ()  # commands that take it all the same
    options: tuple = ()

    def __str__(self):
        return self.name


CASES = []


def case(name, reason, allowed=()):
    def add(make):
        CASES.append(Case(name, make, reason, allowed))
        return make

    return add


def tar_case(name, reason, *tars, allowed=()):
    case(name, reason, allowed)(lambda m: m.image(*(t + END for t in tars)))


# ---- paths ----

tar_case("root-is-a-symlink", "a slash ends the name of what is no folder", header("./", b"2", link="/o"))
tar_case("root-is-a-symlink-without-a-slash", "the root is no folder", symlink(".", "/outside"))
tar_case("dot-dot", "'..' in a path", file("../outside/x", b"x"))
tar_case("dot-dot-inside", "'..' in a path", folder("a"), file("a/../../outside/x", b"x"))
tar_case("absolute", "an absolute path", file("/outside/x", b"x"))
tar_case("empty-name", "an empty name", file("", b"x"))
tar_case("nul-in-a-pax-name", "a NUL in a name", pax(("path", b"a\0b")) + file("x", b"x"))
tar_case("nul-in-a-long-name", "a NUL in a name", long_name(b"a\0b\0") + file("x", b"x"))
tar_case("name-of-5000-bytes", "a path of 5000 bytes", pax(("path", "n" * 5000)) + file("x", b"x"))
tar_case("name-of-300-bytes", "a name of 300 bytes", pax(("path", "a/" + "n" * 300)) + file("x", b"x"))
tar_case("not-utf8", "not UTF-8", file(b"caf\xe9", b"x"))
tar_case("ten-thousand-folders-deep", "a path of 19999 bytes", pax(("path", "/".join("d" * 10000))) + folder("x"))

# ---- links ----

# Links on the way lead to places inside the image, as Docker and containerd have it: refused is only what goes round.
INSIDE = ("ls", "export", "validate", "unpack")
tar_case("write-through-a-symlink", "", symlink("a", "/outside") + file("a/x", b"x"), allowed=INSIDE)
tar_case("write-through-a-symlink-of-a-lower-layer", "", symlink("a", "../outside"), file("a/x", b"x"), allowed=INSIDE)
tar_case("chain-of-symlinks", "",
         folder("d") + symlink("d/up", "..") + symlink("e", "d/up/../outside") + file("e/x", b"x"), allowed=INSIDE)  # fmt: skip
tar_case("loop-of-symlinks", "more than 40 symbolic links", symlink("a", "b") + symlink("b", "/a") + file("a/x", b"x"))
tar_case("file-below-a-file", "below a file", file("a", b"x") + file("a/x", b"x"))
tar_case("hard-link-out", "'..' in a path", hardlink("a", "../outside/secret"))
tar_case("hard-link-to-an-absolute-path", "not there", hardlink("a", "/etc/passwd"))
tar_case("hard-link-to-a-symlink", "a hard link to a symbolic link", symlink("a", "/outside/secret") + hardlink("b", "a"))
tar_case("hard-link-through-a-symlink", "not there", symlink("a", "/outside") + hardlink("b", "a/secret"))
tar_case("hard-link-to-a-folder", "a hard link to a folder", folder("a") + hardlink("b", "a"))
tar_case("hard-link-to-itself", "a hard link to itself", file("a", b"x"), hardlink("a", "a"))
tar_case("hard-link-with-a-size", "a size of 512", header("a", b"1", size=512, link="b") + bytes(512))
tar_case("symlink-to-nothing", "a symbolic link to nothing", symlink("a", ""))

# ---- whiteouts ----

tar_case("whiteout-of-nothing", "a whiteout of nothing", file(".wh."))
tar_case("whiteout-of-dot", "a whiteout of .", file("a/.wh.."))
tar_case("whiteout-of-dot-dot", "a whiteout of ..", file("a/.wh..."))
tar_case("whiteout-of-a-whiteout", "a whiteout of a whiteout", file(".wh..wh.x"))
tar_case("whiteout-through-a-symlink", "", symlink("a", "/outside"), file("a/.wh.secret"), allowed=INSIDE)
tar_case("opaque-symlink", "", symlink("a", "/outside"), file("a/.wh..wh..opq"), allowed=INSIDE)
tar_case("whiteout-with-content", "a whiteout that is no empty file", file(".wh.a", b"x"))
tar_case("whiteout-that-is-a-symlink", "a whiteout that is no empty file", symlink(".wh.a", "/outside"))
tar_case("something-below-a-whiteout", "below a whiteout", file(".wh.a/b", b"x"))

# ---- one layer against itself ----

tar_case("twice", "twice in one layer", file("a", b"1") + file("a", b"2"))
tar_case("twice-by-another-spelling", "twice in one layer", file("a", b"1") + file(".//a", b"2"))
tar_case("file-over-its-own-folder", "something below it", file("a/b", b"1"), folder("a") + file("a/c") + file("a/c/d"))
CASES[-1].reason = "below a file"
tar_case("file-where-a-folder-is", "twice in one layer", file("a/b", b"1") + file("a", b"2"))

# ---- what is refused unless asked for ----

LOOKING = ("ls", "validate")
tar_case("device", "a device node", header("null", b"3", device=(1, 3), mode=0o666), allowed=LOOKING)
tar_case("block-device", "a device node", header("disk", b"4", device=(8, 0)), allowed=LOOKING)
tar_case("fifo", "a named pipe", header("pipe", b"6"), allowed=LOOKING)
tar_case("setuid", "a setuid or setgid file", file("su", b"x", mode=0o4755), allowed=(*LOOKING, "unpack"))
tar_case("setgid", "a setuid or setgid file", file("su", b"x", mode=0o2755), allowed=(*LOOKING, "unpack"))

# ---- tar itself ----

tar_case("unknown-type", "unknown type 0x5a", header("a", b"Z"))
tar_case("sparse", "sparse files", header("a", b"S"))
tar_case("sparse-by-pax", "sparse files", pax(("GNU.sparse.major", 1)) + file("a"))
tar_case("sizes-disagree", "sizes disagree", pax(("size", 1024)) + file("a", b"x" * 512) + file("b", b"y"))
tar_case("negative-size", "size is negative", header("a", size_field=b"\xff" * 12))
tar_case("size-beyond-2-to-the-63", "size is too large", header("a", size_field=b"\x80\0\0\0\x80" + bytes(7)))
tar_case("size-that-is-no-number", "size is no number", header("a", size_field=b"0x10\0       "))
tar_case("wrong-checksum", "checksum is wrong", file("a", b"x").replace(b"ustar", b"Ustar", 1))
tar_case("malformed-pax", "malformed record", pax(raw=b"99 path=x\n") + file("a"))
tar_case("pax-without-a-newline", "malformed record", pax(raw=b"8 path=x") + file("a"))
tar_case("two-pax-headers", "two extended headers", pax(("path", "b")) + pax(("path", "c")) + file("a"))
tar_case("named-twice", "named twice", long_name(b"b\0") + pax(("path", "c")) + file("a"))
tar_case("global-pax-that-names", "a global header sets the path",
         header("g", b"g", size=len(record("path", "x"))) + pad(record("path", "x")) + file("a"))  # fmt: skip
tar_case("huge-pax", "an extended header of 2000000000 bytes", header("pax", b"x", size=2_000_000_000))
tar_case("pax-without-an-entry", "without its entry", pax(("path", "b")))


@case("cut-short", "cut short")
def _(m):
    m.image(file("a", b"x" * 5000)[:2000])


@case("no-tar-at-all", "no tar, or damaged")
def _(m):
    m.image(b"this is no archive at all" * 100)


# ---- compression ----


def gzip_layer(m, tar, packed):
    m.index(m.manifest([m.layer(tar, packed)]))


@case("gzip-bomb", "more than 500 times")
def _(m):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    tar = hashlib.sha256()
    packed = packer.compress(header("zeros", size=1 << 30))
    for _ in range(256):
        packed += packer.compress(bytes(4 << 20))
    layer, _ = m.layer(b"", packed + packer.flush())
    m.index(m.manifest([(layer, "sha256:" + tar.hexdigest())]))


@case("gzip-in-gzip", "no tar, or damaged")
def _(m):
    tar = file("a", os.urandom(5000)) + END
    gzip_layer(m, gzip.compress(tar), gzip.compress(gzip.compress(tar)))


@case("gzip-cut-short", "cut short")
def _(m):
    tar = file("a", os.urandom(5000)) + END
    gzip_layer(m, tar, gzip.compress(tar)[:-9])


@case("gzip-with-a-wrong-checksum", "damaged gzip data")
def _(m):
    tar = file("a", b"x") + END
    gzip_layer(m, tar, gzip.compress(tar)[:-8] + bytes(8))


@case("bytes-behind-gzip", "bytes follow", allowed=("ls", "unpack", "export"))
def _(m):
    tar = file("a", b"x") + END
    gzip_layer(m, tar, gzip.compress(tar) + b"trailing")


@case("bytes-behind-the-tar", "bytes follow", allowed=("ls", "unpack", "export"))
def _(m):
    m.image(file("a", b"x") + END + file("b", b"y") + END)


@case("zstd-with-a-huge-window", "a larger window than 128 MiB")
def _(m):
    # Frame header descriptor 0, window 2^41: RFC 8878, 3.1.1.1.
    packed = bytes.fromhex("28b52ffd00f8") + bytes.fromhex("010000") + bytes(64)
    m.index(m.manifest([m.layer(b"", packed, "+zstd")]))


@case("zstd-cut-short", "cut short")
def _(m):
    m.index(m.manifest([m.layer(b"", bytes.fromhex("28b52ffd0058") + b"\x00", "+zstd")]))


@case("xz", "only gzip and zstd are known")
def _(m):
    m.index(m.manifest([m.layer(b"", b"\xfd7zXZ\0" + bytes(100), "+gzip")]))


# ---- digests and sizes ----


def changed(m, **changes):
    layer, diff = m.layer(file("a", b"x") + END)
    m.index(m.manifest([({**layer, **changes}, diff)]))


case("wrong-diff-id", "is not the config's diffID")(
    lambda m: m.index(m.manifest([(m.layer(file("a", b"x") + END)[0], "sha256:" + "0" * 64)]))
)
case("size-too-small", "has more bytes than")(lambda m: changed(m, size=1))
case("size-too-large", "its descriptor says 9999")(lambda m: changed(m, size=9999))
case("size-minus-1", "/layers/0/size")(lambda m: changed(m, size=-1))
case("size-2-to-the-63", "too big")(lambda m: changed(m, size=1 << 63))
case("digest-is-a-path", "is no digest")(lambda m: changed(m, digest="sha256:../../../outside/secret"))
case("digest-in-upper-case", "is no digest")(lambda m: changed(m, digest="sha256:" + "A" * 64))
case("digest-too-short", "is no digest")(lambda m: changed(m, digest="sha256:abc"))
case("digest-of-nothing", "is no digest")(lambda m: changed(m, digest="sha256:"))
case("blob-is-missing", "No such file")(lambda m: changed(m, digest="sha256:" + "1" * 64))
case("layer-of-an-unknown-type", "is not the type of a layer")(lambda m: changed(m, mediaType="text/html"))


@case("wrong-digest", "does not match its content")
def _(m):
    layer, diff = m.layer(file("a", b"x") + END)
    path = m.blobs / layer["digest"].removeprefix("sha256:")
    path.write_bytes(path.read_bytes().replace(b"x", b"y"))
    m.index(m.manifest([(layer, diff)]))


def replaced(m, make):
    layer, diff = m.layer(file("a", b"x") + END)
    path = m.blobs / layer["digest"].removeprefix("sha256:")
    path.unlink()
    make(path)
    m.index(m.manifest([(layer, diff)]))


case("blob-is-a-fifo", "no regular file")(lambda m: replaced(m, os.mkfifo))
case("blob-is-a-folder", "no regular file")(lambda m: replaced(m, os.mkdir))
case("blob-is-a-symlink-to-a-device", "no regular file")(lambda m: replaced(m, lambda p: p.symlink_to("/dev/zero")))
case("blob-is-a-dangling-symlink", "No such file")(lambda m: replaced(m, lambda p: p.symlink_to("/nowhere")))


# ---- documents ----


def with_config(m, data):
    layer, diff = m.layer(file("a", b"x") + END)
    m.index(m.manifest([(layer, diff)], config={"mediaType": CONFIG, **m.blob(data(diff))}))


def good(m):
    return m.manifest([m.layer(file("a", b"x") + END)])


case("manifest-with-manifests", "does not belong into a manifest")(
    lambda m: m.index(m.manifest([m.layer(file("a", b"x") + END)], manifests=[]))
)
case("manifest-called-an-index", "on its way")(lambda m: m.index({**good(m), "mediaType": INDEX}))
case("schema-1", "/schemaVersion")(
    lambda m: m.index(m.manifest([m.layer(file("a", b"x") + END)], schemaVersion=1))
)
case("config-is-no-json", "invalid token")(lambda m: with_config(m, lambda d: b"<html>"))
case("config-with-a-key-twice", "duplicate")(
    lambda m: with_config(m, lambda d: b'{"rootfs":{"type":"layers","diff_ids":["%s"]},"rootfs":{}}' % d.encode())
)
case("rootfs-of-another-type", "/rootfs/type")(
    lambda m: with_config(m, lambda d: json.dumps({"rootfs": {"type": "ostree", "diff_ids": [d]}}).encode())
)
case("fewer-diff-ids-than-layers", "0 diffIDs for 1 layers")(
    lambda m: with_config(m, lambda d: json.dumps({"rootfs": {"type": "layers", "diff_ids": []}}).encode())
)
case("diff-id-that-is-a-path", "is no digest")(
    lambda m: with_config(m, lambda d: json.dumps({"rootfs": {"type": "layers", "diff_ids": ["../x"]}}).encode())
)
case("annotation-that-is-no-string", "/annotations/a", allowed=("ls", "unpack", "export"))(
    lambda m: m.index(m.manifest([m.layer(file("a", b"x") + END)], annotations={"a": 1}))
)
case("media-type-of-another-compression", "but called", allowed=("ls", "unpack", "export"))(
    lambda m: m.index(m.manifest([m.layer(file("a", b"x") + END, kind="+gzip")]))
)


@case("indexes-too-deep", "more than 4 deep")
def _(m):
    entry = {**good(m), "platform": {"os": "linux", "architecture": "amd64"}}
    for _ in range(6):
        inner = m.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
        entry = {"mediaType": INDEX, "platform": {"os": "linux", "architecture": "amd64"}, **inner}
    m.index(entry)


@case("too-many-entries", "more than 1000 entries")
def _(m):
    m.image(b"".join(header(f"d/{i:07}") for i in range(1001)) + END)


CASES[-1].options = ("--max-entries", "1000")


@case("too-many-bytes", "more than 1 GiB")
def _(m):
    tar = b"".join(file(f"f{i}", bytes(1 << 20)) for i in range(1025)) + END
    gzip_layer(m, tar, gzip.compress(tar, 1))


CASES[-1].options = ("--max-size", "1", "--max-ratio", "1032")
