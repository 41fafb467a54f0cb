# SPDX-License-Identifier: Apache-2.0
"""The strict ECS endpoint of the suite is as strict as it says: what it lets pass proves something."""

import datetime
import http.client
import json

import pytest

pytest.importorskip("botocore", reason="python3-botocore is not installed")

from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from support import fake_ecs  # noqa: E402

GOOD = {
    "family": "web",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [{"name": "web", "image": "example:1"}],
}


@pytest.fixture
def ecs():
    with fake_ecs.FakeEcs() as fake:
        yield fake


def post(ecs, body=None, change=None, target="RegisterTaskDefinition", secret=None, **signed):
    """Signs by botocore, lets change() spoil the headers, sends; status, error code, message."""
    data = body if isinstance(body, bytes) else json.dumps(GOOD if body is None else body).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = now + datetime.timedelta(seconds=signed.get("shift", 0))
    headers = {
        "Host": ecs.authority,
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": fake_ecs.TARGET + target,
        "X-Amz-Date": stamp.strftime("%Y%m%dT%H%M%SZ"),
    }
    request = AWSRequest("POST", ecs.url + "/", headers=headers, data=data)
    request.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(
        Credentials(fake_ecs.KEY_ID, secret or fake_ecs.SECRET_KEY),
        signed.get("service", "ecs"),
        signed.get("region", "us-east-1"),
    )
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
        f"Signature={signer.signature(to_sign, request)}"
    )
    if change is not None:
        change(headers)
    connection = http.client.HTTPConnection(ecs.authority, timeout=20)
    connection.request("POST", signed.get("path", "/"), body=signed.get("sent", data), headers=headers)
    answer = connection.getresponse()
    parsed = json.loads(answer.read())
    connection.close()
    return answer.status, parsed.get("__type"), parsed.get("message")


def test_a_good_request_passes(ecs):
    assert post(ecs) == (200, None, None)
    assert ecs.families["web"][0]["taskDefinition"]["revision"] == 1


def without(name):
    return lambda headers: headers.pop(name)


def with_header(name, value):
    return lambda headers: headers.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        without("Authorization"),
        without("X-Amz-Date"),
        without("X-Amz-Target"),
        without("Content-Type"),
        with_header("Content-Type", "application/json"),
        with_header("Content-Type", "application/x-amz-json-1.0"),
        with_header("X-Amz-Content-Sha256", "0" * 64),
        with_header("X-Amz-Security-Token", "T"),
        with_header("Authorization", "AWS4-HMAC-SHA256 Credential=a"),
        lambda h: h.update(Authorization=h["Authorization"].replace(", ", ",")),
        lambda h: h.update(Authorization=h["Authorization"][:-1] + "x"),
        lambda h: h.update(Authorization=h["Authorization"].replace("host;", "")),
        lambda h: h.update(Authorization=h["Authorization"].replace("AKID", "AKIE")),
    ],
)
def test_spoilt_headers_are_refused(ecs, change):
    assert post(ecs, change=change)[0] == 400
    assert not ecs.families


def test_wrong_signatures_are_refused(ecs):
    for spoilt in (
        {"secret": "wrong"},
        {"region": "eu-west-1"},
        {"service": "ecr"},
        {"shift": 400},
        {"shift": -400},
        {"sent": json.dumps({**GOOD, "family": "other"}).encode()},
    ):
        assert post(ecs, **spoilt)[:2] == (400, "InvalidSignatureException"), spoilt
    assert post(ecs, path="/x")[0] == 400
    assert post(ecs, shift=250)[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"family":"a","family":"b","containerDefinitions":[]}',
        b'{"family":"\xff","containerDefinitions":[]}',
        {**GOOD, "cpu": 256},
        {**GOOD, "unknown": 1},
        {**GOOD, "volumes": None},
        {**GOOD, "networkMode": "AWSVPC"},
        {**GOOD, "containerDefinitions": [{"name": "a", "image": "i", "cpu": "1"}]},
        {**GOOD, "containerDefinitions": [{"name": "a", "image": "i", "essential": 1}]},
        {**GOOD, "containerDefinitions": [{"restartPolicy": {"enabled": "yes"}}]},
        {"family": "web"},
    ],
)
def test_wrong_types_are_refused(ecs, body):
    assert post(ecs, body)[:2] == (400, "SerializationException")


@pytest.mark.parametrize(
    "change, why",
    [
        ({"cpu": "512", "memory": "512"}, "No Fargate configuration exists for given values: 512"),
        ({"cpu": "32768", "memory": "65536"}, "No Fargate configuration exists"),
        ({"networkMode": "bridge"}, "Fargate only supports network mode 'awsvpc'."),
        ({"cpu": "a lot"}, "Invalid 'cpu' setting for task."),
        ({"family": "a b"}, "Family contains invalid characters."),
        ({"containerDefinitions": []}, "Container list cannot be empty."),
        ({"containerDefinitions": [{"name": "a"}]}, "Container.image should not be null or empty."),
        (
            {"containerDefinitions": [{"name": "a", "image": "i", "cpu": 257}]},
            "The sum of all container 'cpu' values cannot be greater",
        ),
        (
            {"containerDefinitions": [{"name": "a", "image": "i", "memory": 513}]},
            "The 'memory' setting for container 'a' is greater than for the task.",
        ),
    ],
)
def test_rules_of_ecs_are_enforced_in_its_words(ecs, change, why):
    status, code, message = post(ecs, {**GOOD, **change})
    assert (status, code) == (400, "ClientException")
    assert message.startswith(why)


def test_spellings_and_newer_fields_pass(ecs):
    container = {
        "name": "a",
        "image": "i",
        "restartPolicy": {"enabled": True, "ignoredExitCodes": [1]},
        "versionConsistency": "enabled",
    }
    body = {**GOOD, "cpu": ".25 vCPU", "memory": "0.5GB", "containerDefinitions": [container]}
    assert post(ecs, body) == (200, None, None)
    made = ecs.families["web"][0]["taskDefinition"]
    assert (made["cpu"], made["memory"]) == ("256", "512")


def test_revisions_are_listed_described_and_deregistered(ecs):
    post(ecs)
    post(ecs, {**GOOD, "tags": [{"key": "k", "value": "v"}]})
    assert post(ecs, {"taskDefinition": "web:2", "include": ["TAGS"]}, target="DescribeTaskDefinition")[0] == 200
    assert ecs.find("web")["tags"] == [{"key": "k", "value": "v"}]
    assert post(ecs, {"taskDefinition": "web:2"}, target="DeregisterTaskDefinition")[0] == 200
    assert ecs.find("web")["taskDefinition"]["revision"] == 1
    assert len(ecs.op_ListTaskDefinitions({})["taskDefinitionArns"]) == 1
    assert post(ecs, {"taskDefinition": "web:9"}, target="DescribeTaskDefinition")[0] == 400
    assert post(ecs, {}, target="NoSuchThing")[1] == "UnknownOperationException"


def test_it_serves_on_its_own_and_ends_on_sigterm(start, root, tmp_path):
    ready = tmp_path / "ready"
    process = start(
        ["/usr/bin/python3", root / "tests/support/fake_ecs.py", "--ready-file", ready],
        ready=r"READY (http://127\.0\.0\.1:\d+)",
    )
    assert ready.read_text() == f"READY {process.match.group(1)}\n"
    process.stop()
