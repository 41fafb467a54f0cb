# SPDX-License-Identifier: Apache-2.0
"""Registries: a real one, with skopeo as the independent reader, and one that misbehaves."""

import base64
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from support import proc, registry
from support.fake_registry import FakeRegistry
from support.need import need
from support.oci import Layout

SECRET = "planted-Passw0rd"
CREDS = f"user:{SECRET}"


@pytest.fixture
def layout(imagegen, tmp_path):
    """An image whose layer does not compress, so that it can be cut in the middle."""
    (tmp_path / "data").write_bytes(os.urandom(2_000_000))
    done = imagegen("build", "-q", "--file", f"{tmp_path}/data:/data", "-o", f"oci:{tmp_path}/image:v1")
    assert done.status == 0, done
    return f"oci:{tmp_path}/image:v1"


@pytest.fixture
def fake():
    with FakeRegistry(password=SECRET) as registry:
        yield registry


def good(done):
    assert done.status == 0, done
    check_no_secret(done)
    return done.stdout.strip()


def check_no_secret(done):
    for text in (SECRET, base64.b64encode(CREDS.encode()).decode(), "planted-token"):
        assert text not in done.stdout + done.stderr, done


def bad(done, *words):
    assert done.status == 1, done
    check_no_secret(done)
    assert done.stderr.count("\n") == 1, done
    for word in words:
        assert word in done.stderr, done


def same_blobs(a, b):
    return sorted(p.name for p in a.rglob("blobs/sha256/*")) == sorted(p.name for p in b.rglob("blobs/sha256/*"))


# ---- a real registry ----


@pytest.fixture
def real(tmp_path):
    need("docker-registry", "skopeo")
    server = registry.Registry(tmp_path)
    yield server.name
    server.stop()


def skopeo(*args):
    done = proc.run(["skopeo", *args], timeout=60)
    assert done.status == 0, done
    return done.stdout


def test_an_image_goes_through_a_registry_and_comes_back_the_same(imagegen, real, layout, tmp_path):
    digest = good(imagegen("copy", layout, f"docker://{real}/team/app:v1"))
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{real}/team/app:v1"))["Digest"] == digest
    skopeo("copy", "--src-tls-verify=false", f"docker://{real}/team/app:v1", f"oci:{tmp_path}/theirs:v1")
    assert good(imagegen("copy", f"{real}/team/app:v1", f"oci:{tmp_path}/back:v1")) == digest
    assert same_blobs(tmp_path / "image", tmp_path / "back")
    assert same_blobs(tmp_path / "image", tmp_path / "theirs")
    Layout(tmp_path / "back").index()
    shown = json.loads(good(imagegen("inspect", f"{real}/team/app:v1")))
    assert shown["digest"] == digest
    raw = imagegen("inspect", "--raw", f"{real}/team/app@{digest}").stdout
    assert raw == skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{real}/team/app:v1")


def test_what_is_there_is_not_sent_again(imagegen, real, layout):
    good(imagegen("copy", layout, f"{real}/app:v1"))
    again = json.loads(good(imagegen("copy", "--json", layout, f"{real}/app:v2")))
    assert (again["blobs_copied"], again["blobs_there"], again["bytes"]) == (0, 2, 0)
    mounted = json.loads(good(imagegen("copy", "--json", f"{real}/app:v1", f"{real}/other/app:v1")))
    assert (mounted["blobs_copied"], mounted["blobs_there"]) == (0, 2)
    skopeo("inspect", "--tls-verify=false", f"docker://{real}/other/app:v1")


def make_index(imagegen, tmp_path):
    """Two images under one index, in a layout of their own."""
    entries = []
    for arch in ("amd64", "arm64"):
        (tmp_path / arch).write_text(arch)
        digest = good(imagegen("build", "-q", "--file", f"{tmp_path}/{arch}:/{arch}", "--platform", f"linux/{arch}",
                               "-o", f"oci:{tmp_path}/multi:{arch}"))  # fmt: skip
        size = (tmp_path / "multi/blobs/sha256" / digest[7:]).stat().st_size
        entries.append({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size,
                        "platform": {"os": "linux", "architecture": arch}})  # fmt: skip
    kind = "application/vnd.oci.image.index.v1+json"
    text = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}, indent=3).encode()
    hex_digest = hashlib.sha256(text).hexdigest()
    (tmp_path / "multi/blobs/sha256" / hex_digest).write_bytes(text)
    index = json.loads((tmp_path / "multi/index.json").read_text())
    index["manifests"].append({"mediaType": kind, "digest": f"sha256:{hex_digest}", "size": len(text),
                               "annotations": {"org.opencontainers.image.ref.name": "all"}})  # fmt: skip
    (tmp_path / "multi/index.json").write_text(json.dumps(index))
    return f"oci:{tmp_path}/multi:all", f"sha256:{hex_digest}", {e["platform"]["architecture"]: e for e in entries}


def test_an_index_goes_with_all_its_images(imagegen, real, tmp_path):
    source, digest, entries = make_index(imagegen, tmp_path)
    done = json.loads(good(imagegen("copy", "--json", source, f"{real}/multi:all")))
    assert (done["digest"], done["images"]) == (digest, 2)
    for entry in entries.values():
        skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{real}/multi@{entry['digest']}")
    assert good(imagegen("copy", f"{real}/multi:all", f"oci:{tmp_path}/back:all")) == digest
    one = good(imagegen("copy", "--platform", "linux/arm64", f"{real}/multi:all", f"oci:{tmp_path}/one:arm"))
    assert one == entries["arm64"]["digest"]
    assert len(list((tmp_path / "one/blobs/sha256").iterdir())) == 3


def test_build_writes_to_a_registry(imagegen, real, tmp_path):
    (tmp_path / "f").write_text("f")
    for target in (f"docker://{real}/built:v1", f"{real}/built:v2"):
        digest = good(imagegen("build", "-q", "--file", f"{tmp_path}/f:/f", "-o", target))
        seen = skopeo("inspect", "--tls-verify=false", f"docker://{real}/built:{target[-2:]}")
        assert json.loads(seen)["Digest"] == digest
    assert os.listdir(tmp_path).count("f") == 1


@pytest.fixture
def guarded(tmp_path):
    need("htpasswd", "docker-registry")
    line = proc.run(["htpasswd", "-nbB", "user", SECRET]).stdout.strip()
    (tmp_path / "htpasswd").write_text(line + "\n")
    server = registry.Registry(tmp_path, f"auth: {{htpasswd: {{realm: basic, path: {tmp_path}/htpasswd}}}}\n")
    yield server.name
    server.stop()


def test_a_password_is_asked_for_and_given(imagegen, guarded, layout):
    bad(imagegen("copy", layout, f"{guarded}/app:v1"), "401", "IMAGEGEN_CREDS")
    wrong = imagegen("copy", layout, f"{guarded}/app:v1", env={"IMAGEGEN_CREDS": "user:wrong"})
    bad(wrong, "401", "the password is wrong")
    good(imagegen("copy", layout, f"{guarded}/app:v1", env={"IMAGEGEN_CREDS": CREDS}))
    good(imagegen("inspect", f"{guarded}/app:v1", env={"IMAGEGEN_CREDS": CREDS}))


# ---- where credentials come from ----


def write_config(tmp_path, **config):
    folder = tmp_path / "docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return {"DOCKER_CONFIG": str(folder)}


def encoded(text=CREDS):
    return base64.b64encode(text.encode()).decode()


def test_docker_s_config_is_read(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    env = write_config(tmp_path, auths={"other.test": {"auth": encoded("a:b")}, fake.name: {"auth": encoded()}})
    good(imagegen("copy", layout, f"{fake.name}/app:v1", env=env))
    env = write_config(tmp_path, auths={"127.0.0.1:1": {"auth": encoded()}, "127.0.0.1": {"auth": encoded()}})
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env=env), "401")
    env = write_config(tmp_path, auths={fake.name: {"auth": SECRET}})
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env=env), "base64")


def helper(tmp_path, text):
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / "docker-credential-test_1-x"
    path.write_text(text)
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_credential_helper_is_asked(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    answer = json.dumps({"ServerURL": fake.name, "Username": "user", "Secret": SECRET})
    env = helper(tmp_path, f'#!/bin/sh\ntest "$(cat)" = {fake.name} && test "$1" = get && echo \'{answer}\'\n')
    env |= write_config(tmp_path, credHelpers={fake.name: "test_1-x"})
    good(imagegen("copy", layout, f"{fake.name}/app:v1", env=env))
    env |= write_config(tmp_path, credsStore="test_1-x")
    good(imagegen("copy", layout, f"{fake.name}/app:v2", env=env))
    env |= helper(tmp_path, f"#!/bin/sh\necho {SECRET} >&2; echo {SECRET}; exit 1\n")
    bad(imagegen("copy", layout, f"{fake.name}/app:v3", env=env), "docker-credential-test_1-x")
    env |= write_config(tmp_path, credsStore="../x; echo")
    bad(imagegen("copy", layout, f"{fake.name}/app:v3", env=env), "a credential helper's name")


def test_a_helper_that_lingers_is_not_waited_for(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    env = helper(tmp_path, "#!/bin/sh\nexec >&- <&-\nexec sleep 300\n")
    env |= write_config(tmp_path, credsStore="test_1-x")
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env=env), "it failed")


# ---- tokens ----


def test_a_token_is_fetched_once_and_renewed_in_mid_work(imagegen, fake, layout, tmp_path):
    fake.auth = "bearer"
    env = {"IMAGEGEN_CREDS": CREDS}
    good(imagegen("copy", layout, f"{fake.name}/app:v1", env=env))
    assert len(fake.asked("GET", "/token")) == 1
    assert "service=the%2C%20%22fake%22" in fake.asked("GET", "/token")[0].path
    assert "scope=repository%3Aapp%3Apull%2Cpush" in fake.asked("GET", "/token")[0].path
    fake.token_uses = 2
    good(imagegen("copy", layout, f"{fake.name}/app2:v1", env=env))
    fake.requests.clear()
    fake.token_uses = 1
    good(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1", env=env))
    assert len(fake.asked("GET", "/token")) > 1


def test_a_wrong_password_is_not_tried_for_long(imagegen, fake, layout):
    fake.auth = "bearer"
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": "user:wrong"}), "401", "log in to")
    assert len(fake.asked("GET", "/token")) == 1


@pytest.mark.parametrize(
    "realm, why",
    [
        ("http://169.254.169.254/latest", "not https"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://10.0.0.1/token", "private"),
        ("https://[fe80::1]/token", "link-local"),
        ("http://registry.test/token", "not https"),
        ("file:///etc/passwd", "http"),
        ("https://user:pw@registry.test/", "token service"),
    ],
)
def test_a_realm_that_leads_elsewhere_is_refused(imagegen, fake, layout, realm, why):
    fake.auth, fake.realm = "bearer", realm
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), why)


def test_a_realm_at_another_port_by_http_gets_nothing(imagegen, fake, layout):
    with FakeRegistry(password=SECRET) as other:
        fake.auth, fake.realm = "bearer", f"{other.url}/token"
        bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "not https")
        assert other.requests == []


def test_token_answers_are_neither_redirected_nor_large(imagegen, fake, layout):
    fake.auth = "bearer"
    with FakeRegistry(password=SECRET) as other:
        fake.redirect_to = other.url
        fake.faults = {"token-redirect": 1}
        bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "307")
        assert other.requests == []
    fake.faults = {"large-token": 1}
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "larger than 65536")


def test_a_registry_that_repeats_credentials_does_not_get_them_printed(imagegen, fake, layout):
    fake.auth, fake.say = "bearer", f"you sent {SECRET}"
    fake.password = "another"
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "not shown")


def test_a_registry_that_repeats_a_token_does_not_get_it_printed(imagegen, fake, layout):
    fake.auth = "bearer"
    env = {"IMAGEGEN_CREDS": CREDS}
    good(imagegen("copy", layout, f"{fake.name}/app:v1", env=env))
    fake.faults = {"repeat": 1}
    bad(imagegen("inspect", f"{fake.name}/app:v1", env=env), "403", "not shown")


def test_credentials_of_the_variable_go_to_the_target_alone(imagegen, fake, layout):
    fake.auth = "basic"
    with FakeRegistry(password=SECRET) as source:
        good(imagegen("copy", layout, f"{source.name}/app:v1"))
        source.auth = "basic"
        bad(imagegen("copy", f"{source.name}/app:v1", f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "401")
        assert not any("Authorization" in r.headers for r in source.requests)


# ---- faults ----


@pytest.mark.parametrize("location", ["absolute", "path", "relative"])
def test_the_place_of_an_upload_may_be_said_in_all_ways(imagegen, fake, layout, location):
    fake.location = location
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))


@pytest.mark.parametrize("fault", ["429", "500", "cut-upload"])
def test_an_upload_survives(imagegen, fake, layout, tmp_path, fault):
    fake.faults = {fault: 1}
    digest = good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    assert fake.faults == {fault: 0}
    assert good(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1")) == digest


@pytest.mark.parametrize("faults", [{"cut-download": 3}, {"cut-download": 1, "no-range": 1}, {"429": 1}, {"500": 2}])
def test_a_download_survives(imagegen, fake, layout, tmp_path, faults):
    digest = good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.faults = dict(faults)
    assert good(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1")) == digest
    assert same_blobs(tmp_path / "image", tmp_path / "back")
    assert not any(fake.faults.values())


@pytest.mark.parametrize(
    "fault, why",
    [
        ("wrong-blob", "damaged"),
        ("short-blob", "descriptor says"),
        ("long-blob", "larger than"),
        ("wrong-manifest", "digest"),
    ],
)
def test_wrong_content_leaves_nothing(imagegen, fake, layout, tmp_path, fault, why):
    digest = good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.faults = {fault: 1}
    bad(imagegen("copy", f"{fake.name}/app@{digest}", f"oci:{tmp_path}/back:v1"), why)
    assert not (tmp_path / "back").exists()


def test_a_part_that_is_another_one_is_refused(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.faults = {"cut-download": 1, "wrong-range": 1}
    bad(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1"), "not the one asked for")


def test_a_manifest_called_by_another_type_is_refused(imagegen, fake, layout):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.content_type = "application/vnd.oci.image.index.v1+json; charset=utf-8"
    bad(imagegen("inspect", f"{fake.name}/app:v1"), "mediaType")


def test_what_is_not_there_is_said_with_a_remedy(imagegen, fake):
    bad(imagegen("inspect", f"{fake.name}/app:v1"), "NAME_UNKNOWN", "no such repository")


def test_a_redirect_does_not_take_credentials_along(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    env = {"IMAGEGEN_CREDS": CREDS}
    digest = good(imagegen("copy", layout, f"{fake.name}/app:v1", env=env))
    with FakeRegistry() as storage:
        storage.blobs = fake.blobs
        fake.redirect_to = storage.url
        assert good(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1", env=env)) == digest
        assert storage.requests
        assert not any("Authorization" in r.headers for r in storage.requests)


def test_an_upload_elsewhere_does_not_take_credentials_along(imagegen, fake, layout):
    fake.auth = "basic"
    with FakeRegistry() as storage:
        storage.uploads, storage.blobs = fake.uploads, fake.blobs
        fake.location = storage.url
        good(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}))
        assert len(storage.asked("PUT")) == 2
        assert not any("Authorization" in r.headers for r in storage.requests)


def test_redirects_end(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.redirect_to = fake.url
    bad(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1"), "redirects")
    fake.redirect_to = "http://169.254.169.254"
    bad(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1"), "metadata")


# ---- TLS ----


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=berth test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True)  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


def test_https_with_a_ca_file_and_never_down_to_http(imagegen, layout, certificate, tmp_path):
    ca = ("--ca-file", certificate[0])
    with FakeRegistry(certificate=certificate) as registry, FakeRegistry() as plain:
        digest = good(imagegen("copy", *ca, layout, f"{registry.name}/app:v1"))
        assert json.loads(good(imagegen("inspect", *ca, f"{registry.name}/app:v1")))["digest"] == digest
        registry.redirect_to = plain.url
        bad(imagegen("copy", *ca, f"{registry.name}/app:v1", f"oci:{tmp_path}/back:v1"), "https to http")
        assert plain.requests == []
        with FakeRegistry(password=SECRET, certificate=certificate) as guard:
            registry.redirect_to = None
            registry.auth, registry.realm = "bearer", f"{guard.url}/token"
            registry.tokens = guard.tokens
            good(imagegen("copy", *ca, layout, f"{registry.name}/app:v2", env={"IMAGEGEN_CREDS": CREDS}))
            assert guard.requests


# ---- Ctrl-C ----


def test_an_interrupted_upload_is_cancelled(imagegen, fake, layout, tmp_path):
    fake.faults = {"slow-upload": 1}
    child = subprocess.Popen(
        [imagegen.path, "copy", layout, f"{fake.name}/app:v1"], env=proc.environment({"TMPDIR": str(tmp_path)}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    for _ in range(200):
        if fake.asked("PUT"):
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == -signal.SIGINT
    assert not fake.manifests
    assert not fake.uploads
    assert not [n for n in os.listdir(tmp_path) if n.startswith(".imagegen")]


# ---- what a review found ----


@pytest.fixture
def other():
    with FakeRegistry(password="another") as registry:
        yield registry


@pytest.mark.parametrize("command", ["copy", "index", "build"])
def test_the_targets_password_is_not_shown_to_a_source(imagegen, fake, other, layout, command):
    good(imagegen("copy", layout, f"{other.name}/app:v1"))
    fake.auth = other.auth = "basic"
    source, target = f"{other.name}/app:v1", f"{fake.name}/app:v1"
    words = {"copy": [source, target], "index": [source, "-o", target], "build": ["--from", source, "-o", target]}
    bad(imagegen(command, *words[command], env={"IMAGEGEN_CREDS": CREDS}), "401")
    assert not any("Authorization" in r.headers for r in other.requests)


@pytest.mark.parametrize("text", ['{"auths":{"h":{"auth" "%s"}}}', '{"auths":{"h":{"auth":"%s}}}', '{"a":"%s",,'])
def test_a_config_that_is_broken_does_not_show_what_it_holds(imagegen, fake, layout, tmp_path, text):
    fake.auth = "basic"
    (tmp_path / "config.json").write_text(text % SECRET)
    done = imagegen("copy", layout, f"{fake.name}/app:v1", env={"DOCKER_CONFIG": str(tmp_path)})
    bad(done, "config.json:1:")


def test_a_config_that_is_no_file_is_not_waited_for(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    os.mkfifo(tmp_path / "config.json")
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"DOCKER_CONFIG": str(tmp_path)}), "no regular file")


def test_the_entry_of_exactly_the_host_counts_first(imagegen, fake, layout, tmp_path):
    fake.auth = "basic"
    auths = {
        f"{fake.name}/zzz": {"auth": base64.b64encode(b"user:wrong").decode()},
        fake.name: {"auth": base64.b64encode(CREDS.encode()).decode()},
    }
    good(imagegen("copy", layout, f"{fake.name}/app:v1", env=write_config(tmp_path, auths=auths)))


@pytest.mark.parametrize("creds, words", [("user", "USER:PASSWORD"), ("user:x\n", "one line"), ("u:" + "x" * 9000, "one line")])
def test_credentials_of_another_form_are_refused(imagegen, fake, layout, creds, words):
    fake.auth = "basic"
    done = imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": creds})
    assert done.status == 2 and words in done.stderr, done


def test_nobody_else_is_told_to_delete(imagegen, fake, layout):
    with FakeRegistry() as victim:
        victim.auth = "basic"
        fake.location = victim.url
        bad(imagegen("copy", layout, f"{fake.name}/app:v1"), "40")
        assert victim.asked("PUT") and not victim.asked("DELETE")


@pytest.mark.parametrize("place", ["http://10.0.0.1", "https://10.0.0.1", "https://192.168.1.1:8443", "https://0.0.0.0"])
def test_uploads_to_private_places_are_refused_behind_a_proxy_too(imagegen, fake, layout, place):
    fake.location = place
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"https_proxy": "http://127.0.0.1:9"}), "address")


def test_an_unused_proxy_does_not_switch_the_rules_off(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.redirect_to = "https://0.0.0.0:1"
    done = imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/x:v1", env={"http_proxy": "http://127.0.0.1:9"})
    bad(done, "reserved address")


def test_a_token_service_that_fails_is_not_asked_for_ever(imagegen, fake, layout):
    fake.auth = "bearer"
    fake.faults = {"cut-token": 1000}
    bad(imagegen("copy", layout, f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "log in to")
    assert len(fake.asked("GET", "/token")) <= 5


def test_a_damaged_blob_of_the_target_is_replaced(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    good(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1"))
    blobs = sorted((tmp_path / "back" / "blobs" / "sha256").iterdir(), key=lambda p: p.stat().st_size)
    blobs[-1].write_bytes(bytes(blobs[-1].stat().st_size))
    again = json.loads(good(imagegen("copy", "--json", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v2")))
    assert again["blobs_copied"] == 1
    assert imagegen("validate", f"oci:{tmp_path}/back:v2").status == 0


def test_a_child_that_an_index_names_often_is_fetched_once(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    kind, data = fake.manifests["app", "v1"]
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    for level in range(3):
        entry = {"mediaType": kind, "digest": digest, "size": len(data)}
        kind = "application/vnd.oci.image.index.v1+json"
        data = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [entry] * 12}).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        for name in (digest, f"level{level}"):
            fake.manifests["app", name] = (kind, data)
    fake.requests.clear()
    good(imagegen("copy", f"{fake.name}/app:level2", f"oci:{tmp_path}/back:v1"))
    assert len(fake.requests) < 10


def test_a_failed_copy_leaves_an_empty_folder_empty(imagegen, fake, layout, tmp_path):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    (tmp_path / "empty").mkdir()
    fake.faults = {"wrong-blob": 10}
    bad(imagegen("copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/empty:v1"), "does not match")
    assert os.listdir(tmp_path / "empty") == []


def test_many_layers_need_few_descriptors_of_the_shell(imagegen, fake, tmp_path, programs):
    ref = f"oci:{tmp_path}/many:v1"
    for i in range(80):
        (tmp_path / "data").write_text(str(i))
        base = ["--from", ref] if i else []
        good(imagegen("build", "-q", *base, "--file", f"{tmp_path}/data:/data{i}", "-o", ref))
    need("prlimit")
    good(imagegen("copy", ref, f"{fake.name}/app:v1"))
    done = subprocess.run(
        ["prlimit", "--nofile=64:4096", programs["imagegen"], "copy", f"{fake.name}/app:v1", f"oci:{tmp_path}/back:v1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done


def test_other_digests_than_sha256_are_refused_at_once(imagegen, fake):
    bad(imagegen("inspect", f"{fake.name}/app@sha512:{'a' * 128}"), "only sha256")
    assert fake.requests == []


def test_a_name_that_asks_for_another_image_is_refused_before_anything_is_sent(imagegen, fake, layout):
    bad(imagegen("copy", layout, f"{fake.name}/app@sha256:{'a' * 64}"), "not what the name asks for")
    assert not fake.asked("POST")


def test_a_text_that_repeats_credentials_is_not_shown_wherever_it_stands(imagegen, fake, layout):
    good(imagegen("copy", layout, f"{fake.name}/app:v1"))
    fake.auth = "basic"
    kind, data = fake.manifests["app", "v1"]
    said = "Basic " + base64.b64encode(CREDS.encode()).decode()
    fake.manifests["app", "v1"] = (kind, json.dumps(json.loads(data) | {"mediaType": said}).encode())
    fake.content_type = "application/json"
    bad(imagegen("inspect", f"{fake.name}/app:v1", env={"IMAGEGEN_CREDS": CREDS}), "repeats credentials")
