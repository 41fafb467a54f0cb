# SPDX-License-Identifier: Apache-2.0
"""imagegen sign and verify; openssl is the independent judge."""

import base64
import concurrent.futures
import json
import subprocess

import pytest

from support import registry
from support.need import need
from support.oci import Layout

SECRET = "planted-secret-key"


def keys(folder, name):
    need("openssl")
    secret, public = folder / f"{name}.pem", folder / f"{name}.pub"
    run = lambda *args: subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)  # noqa: E731
    run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", secret)
    run("pkey", "-in", secret, "-pubout", "-out", public)
    return secret, public


@pytest.fixture
def key(tmp_path):
    return keys(tmp_path, "key")


@pytest.fixture
def image(imagegen, tmp_path):
    (tmp_path / "data").write_text("data")
    done = imagegen("build", "-q", "--file", f"{tmp_path}/data:/data", "-o", f"oci:{tmp_path}/image:v1")
    assert done.status == 0, done
    return f"oci:{tmp_path}/image:v1"


@pytest.fixture
def host(tmp_path):
    need("docker-registry")
    server = registry.Registry(tmp_path)
    yield server.name
    server.stop()


NAME = "registry.example/team/app"


def sign(imagegen, image, secret, *args, status=0):
    done = imagegen("sign", "--key", secret, "--identity", NAME, *args, image)
    assert done.status == status, done
    return done


def test_openssl_verifies_what_was_signed(imagegen, tmp_path, image, key):
    digest = Layout(tmp_path / "image").descriptor("v1")["digest"]
    assert sign(imagegen, image, key[0]).stdout == digest + "\n"
    layout = Layout(tmp_path / "image")
    tag = digest.replace(":", "-") + ".sig"
    manifest = layout.manifest(tag)
    (layer,) = manifest["layers"]
    assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
    payload = layout.blob(layer)
    assert json.loads(payload) == {
        "critical": {
            "identity": {"docker-reference": NAME},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    assert layout.config(tag)["rootfs"]["diff_ids"] == [layer["digest"]]
    (tmp_path / "payload").write_bytes(payload)
    signature = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
    (tmp_path / "signature").write_bytes(signature)
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", key[1], "-signature", tmp_path / "signature", tmp_path / "payload"],
        check=True, capture_output=True,
    )  # fmt: skip
    done = imagegen("verify", "--key", key[1], image)
    assert (done.status, done.stdout) == (0, payload.decode() + "\n")


def test_other_keys_and_names_do_not_count(imagegen, tmp_path, image, key):
    other = keys(tmp_path, "other")
    done = imagegen("verify", "--key", key[1], image)
    assert done.status == 3 and "no signature by the key" in done.stderr and done.stdout == ""
    sign(imagegen, image, other[0])
    assert imagegen("verify", "--key", key[1], image).status == 3
    assert imagegen("verify", "--key", other[1], image).status == 0
    assert imagegen("verify", "--key", other[1], "--identity", NAME, image).status == 0
    assert imagegen("verify", "--key", other[1], "--identity", NAME + "2", image).status == 3


def test_signatures_stay_beside_each_other_and_the_same_is_not_made_twice(imagegen, tmp_path, image, key):
    other = keys(tmp_path, "other")
    layout = Layout(tmp_path / "image")
    tag = layout.descriptor("v1")["digest"].replace(":", "-") + ".sig"
    sign(imagegen, image, key[0])
    before = layout.descriptor(tag)
    sign(imagegen, image, key[0])
    assert layout.descriptor(tag) == before
    sign(imagegen, image, other[0])
    assert len(layout.manifest(tag)["layers"]) == 2
    for pair in (key, other):
        assert imagegen("verify", "--key", pair[1], image).status == 0
    # A signature is one of that image alone.
    done = imagegen("build", "-q", "--from", image, "--env", "A=1", "-o", f"oci:{tmp_path}/image:v2")
    assert done.status == 0, done
    assert imagegen("verify", "--key", key[1], f"oci:{tmp_path}/image:v2").status == 3


def test_a_signature_moved_to_another_image_does_not_hold(imagegen, tmp_path, image, key):
    sign(imagegen, image, key[0])
    layout = Layout(tmp_path / "image")
    assert imagegen("build", "-q", "--from", image, "--env", "A=1", "-o", f"oci:{tmp_path}/image:v2").status == 0
    index = layout.index()
    old, new = (layout.descriptor(tag)["digest"].replace(":", "-") + ".sig" for tag in ("v1", "v2"))
    for entry in index["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == old:
            entry["annotations"]["org.opencontainers.image.ref.name"] = new
    (tmp_path / "image" / "index.json").write_text(json.dumps(index))
    assert imagegen("verify", "--key", key[1], f"oci:{tmp_path}/image:v2").status == 3


def test_the_key_may_come_from_the_environment_and_is_never_shown(imagegen, tmp_path, image, key):
    text = key[0].read_text()
    done = imagegen("sign", "--identity", NAME, image, env={"IMAGEGEN_SIGN_KEY": text})
    assert done.status == 0, done
    assert imagegen("verify", "--key", key[1], image).status == 0
    broken = text.replace("-----BEGIN", f"{SECRET}\n-----BEGIN").replace("MHcC", "MHxC")
    done = imagegen("sign", "--identity", NAME, image, env={"IMAGEGEN_SIGN_KEY": broken})
    assert done.status == 1 and "IMAGEGEN_SIGN_KEY: no PEM text" in done.stderr
    assert SECRET not in done.stdout + done.stderr and text.splitlines()[1][8:] not in done.stderr


def test_what_is_missing_is_said(imagegen, tmp_path, image, key):
    done = imagegen("sign", image)
    assert done.status == 2 and "--key FILE" in done.stderr
    done = imagegen("sign", "--key", key[0], image)
    assert done.status == 2 and "--identity NAME is missing" in done.stderr
    assert imagegen("verify", image).status == 2
    done = imagegen("verify", "--key", key[0], image)
    assert done.status == 1 and "no PEM text" in done.stderr
    done = imagegen("sign", "--key", key[0], "--identity", NAME, f"oci:{tmp_path}/image:none")
    assert done.status == 1 and "no image has the tag" in done.stderr


def test_in_a_registry_the_signature_lies_where_cosign_looks(imagegen, tmp_path, image, key, host):
    """Debian's skopeo has verifying such signatures switched off, so it only reads what is there."""
    need("skopeo")
    name = f"{host}/team/app"
    digest = imagegen("copy", image, f"{name}:v1").stdout.strip()
    assert imagegen("verify", "--key", key[1], f"{name}:v1").status == 3
    done = imagegen("sign", "--key", key[0], f"{name}@{digest}")
    assert (done.status, done.stdout) == (0, digest + "\n"), done
    tag = digest.replace(":", "-") + ".sig"
    raw = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}:{tag}"], capture_output=True, check=True
    )
    (layer,) = json.loads(raw.stdout)["layers"]
    assert "dev.cosignproject.cosign/signature" in layer["annotations"]
    subprocess.run(
        ["skopeo", "copy", "--src-tls-verify=false", f"docker://{name}:{tag}", f"dir:{tmp_path}/sig"],
        capture_output=True, check=True,
    )  # fmt: skip
    payload = (tmp_path / "sig" / layer["digest"].removeprefix("sha256:")).read_bytes()
    assert json.loads(payload)["critical"]["identity"] == {"docker-reference": name}
    assert imagegen("verify", "--key", key[1], "--identity", name, f"{name}:v1").status == 0
    # Signing by tag and by digest is the same.
    again = imagegen("sign", "--key", key[0], f"{name}:v1")
    assert again.stdout == digest + "\n"
    assert len(json.loads(imagegen("inspect", "--raw", f"{name}:{tag}").stdout)["layers"]) == 1


@pytest.mark.parametrize("identity", ["", "a\nb", "\udcff", "UPPER", "host/app:v1", "oci:dir", f"app@sha256:{'a' * 64}", "x" * 70000])
def test_an_identity_is_the_name_of_a_repository(imagegen, image, key, identity):
    done = imagegen("sign", "--key", key[0], "--identity", identity, image)
    assert done.status == 2 and "--identity" in done.stderr and done.stderr.count("\n") == 1, done.stderr[:300]


def sign_at_once(imagegen, tmp_path, image, names):
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        done = list(pool.map(lambda pair: imagegen("sign", "--key", pair[0], "--identity", NAME, image), names))
    assert [d.status for d in done] == [0] * len(names), done


def test_no_signature_is_lost_when_several_sign_at_once(imagegen, tmp_path, image):
    pairs = [keys(tmp_path, f"key{i}") for i in range(6)]
    sign_at_once(imagegen, tmp_path, image, pairs)
    for _, public in pairs:
        assert imagegen("verify", "--key", public, image).status == 0


def test_the_wrong_half_of_a_key_is_named(imagegen, image, key):
    assert "no PEM text of a private key" in imagegen("sign", "--key", key[1], "--identity", NAME, image).stderr
    assert "no PEM text of a public key" in imagegen("verify", "--key", key[0], image).stderr


def test_words_of_the_command_line_reach_the_terminal_escaped(imagegen, image, key):
    done = imagegen("verify", "--key", key[1], "--identity", "a\x1b[31mb", image)
    assert done.status == 3 and "\x1b" not in done.stderr
