# SPDX-License-Identifier: Apache-2.0
"""The shared AWS files are read as botocore reads them: the same files, put to both."""

import json
import os
import random

import pytest

botocore_session = pytest.importorskip("botocore.session", reason="no python3-botocore")

from botocore import exceptions  # noqa: E402
from support import fake_ecs  # noqa: E402

BODY = json.dumps({"family": "web", "containerDefinitions": [{"name": "a", "image": "i", "memory": 9}]})
SECRET = "s" * 20


@pytest.fixture(scope="module")
def ecs():
    with fake_ecs.FakeEcs() as fake:
        for name in "ABCDE":
            fake.keys[name] = fake_ecs.Key(SECRET)
            fake.keys[name + "T"] = fake_ecs.Key(SECRET, "TOKEN")
        yield fake


def by_botocore(env, profile, monkeypatch):
    """The key id that botocore would sign with, or None where it refuses or finds none."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    try:
        found = botocore_session.Session(profile=profile).get_credentials()
    except exceptions.BotoCoreError:
        return None
    if found is None or found.secret_key.split() != [found.secret_key]:
        return None  # of several lines: botocore signs with it and is refused, taskgen says so
    return found.access_key


def by_taskgen(taskgen, ecs, env, profile):
    sent = len(ecs.requests)
    args = ["--profile", profile] if profile else []
    done = taskgen(
        "register", "--region", "us-east-1", "--endpoint-url", ecs.url, *args, stdin=BODY, env=env
    )
    if len(ecs.requests) == sent:
        assert done.status == 1 and done.stderr.count("\n") == 1, done
        return None
    assert done.status == 0, done
    header = ecs.requests[-1]["headers"]["Authorization"]
    return header.split("Credential=")[1].split("/")[0]


def pair(name, token=False):
    text = f"aws_access_key_id = {name}\naws_secret_access_key = {SECRET}\n"
    return text + ("aws_session_token = TOKEN\n" if token else "")


CASES = {
    "nothing": ("", ""),
    "credentials file": ("", "[default]\n" + pair("A")),
    "config file": ("[default]\n" + pair("A"), ""),
    "both files": ("[default]\n" + pair("A"), "[default]\n" + pair("B")),
    "token": ("", "[default]\n" + pair("AT", True)),
    "profile of the config file": ("[profile x]\n" + pair("A"), ""),
    "profile without the word": ("[x]\n" + pair("A"), ""),
    "the word in the credentials file": ("", "[profile x]\n" + pair("A")),
    "quoted name": ('[profile "x"]\n' + pair("A"), ""),
    "half a pair": ("", "[default]\naws_access_key_id = A\n"),
    "half a pair over a whole one": ("[default]\n" + pair("A"), "[default]\naws_access_key_id = B\n"),
    "keys in capitals": ("", "[default]\n" + pair("A").upper().replace(SECRET.upper(), SECRET)),
    "colons": ("", "[default]\n" + pair("A").replace(" = ", ": ")),
    "no blanks": ("", "[default]\n" + pair("A").replace(" = ", "=")),
    "indented": ("", "[default]\n  " + pair("A").replace("\n", "\n  ")),
    "windows line ends": ("", ("[default]\n" + pair("A")).replace("\n", "\r\n")),
    "comments": ("", "# c\n[default]\n; c\n" + pair("A") + "# aws_access_key_id = B\n"),
    "section twice": ("", "[default]\n" + pair("A") + "[default]\n" + pair("B")),
    "key twice": ("", "[default]\n" + pair("A") + pair("B")),
    "key before a section": ("", pair("A")),
    "line without a delimiter": ("", "[default]\nhello\n" + pair("A")),
    "nested settings between": ("[default]\ns3 =\n  a = b\n" + pair("A"), ""),
    "keys nested away": ("[default]\ns3 =\n  " + pair("A").replace("\n", "\n  "), ""),
    "unclosed header": ("", "[default\n" + pair("A")),
}


@pytest.mark.parametrize("profile", [None, "x", "default"])
@pytest.mark.parametrize("case", CASES)
def test_the_same_key_is_chosen(taskgen, ecs, tmp_path, monkeypatch, case, profile):
    config, credentials = CASES[case]
    (tmp_path / "config").write_bytes(config.encode())
    (tmp_path / "credentials").write_bytes(credentials.encode())
    env = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    wanted = by_botocore(env, profile, monkeypatch)
    assert by_taskgen(taskgen, ecs, env, profile) == wanted
    env.update(AWS_ACCESS_KEY_ID="E", AWS_SECRET_ACCESS_KEY=SECRET)
    wanted = by_botocore(env, profile, monkeypatch)
    assert by_taskgen(taskgen, ecs, env, profile) == wanted


# Left out, as we differ on purpose: a key with an empty value (none, to us), comments behind values.
FRAGMENTS = (
    ["[default]", "[x]", "[profile x]", "[profile default]", "", "# c", "; c"]
    + [pair(n).rstrip() for n in "ABCDABCDABCD"]
    + ["aws_access_key_id = A", f"aws_secret_access_key = {SECRET}"]
    + ["region = us-east-1", "s3 =", "  a = b", "  aws_access_key_id = D", "output: json"]
    + ["AWS_ACCESS_KEY_ID=A", "\taws_secret_access_key=" + SECRET]
)


def test_random_files_lead_to_the_same_key(taskgen, ecs, tmp_path, monkeypatch):
    dice = random.Random(5621)
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    env = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    found = 0
    for _ in range(200):
        for path in (config, credentials):
            lines = dice.sample(FRAGMENTS, dice.randrange(5))
            if dice.random() < 0.8:
                lines.insert(0, dice.choice(FRAGMENTS[:3]))
            path.write_text("\n".join(lines))
        profile = dice.choice([None, "x"])
        wanted = by_botocore(env, profile, monkeypatch)
        got = by_taskgen(taskgen, ecs, env, profile)
        assert got == wanted, (profile, config.read_text(), credentials.read_text())
        found += wanted is not None
    assert found > 10
