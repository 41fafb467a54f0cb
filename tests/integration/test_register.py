# SPDX-License-Identifier: Apache-2.0
"""taskgen register against a strict ECS endpoint that checks every signature with botocore."""

import json
import random
import socket
import subprocess

import pytest

pytest.importorskip("botocore", reason="python3-botocore is not installed")

from support import fake_ecs  # noqa: E402
from support.need import need  # noqa: E402

PLANTED = "PLANTEDsecretKEY/with+signs0123456789abc"
TOKEN = "PLANTEDsessionTOKEN//1234567890=="


def definition(**more):
    body = {
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "2048",
        "containerDefinitions": [
            {
                "name": "web",
                "image": "example:1",
                "essential": True,
                "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
                "environment": [{"name": "GREETING", "value": "grüße"}],
            }
        ],
    }
    body.update(more)
    return json.dumps(body)


@pytest.fixture
def ecs():
    with fake_ecs.FakeEcs() as fake:
        fake.keys["AKIDPLANTED"] = fake_ecs.Key(PLANTED, TOKEN)
        yield fake


@pytest.fixture
def env(ecs, tmp_path):
    """Good credentials in the environment; each test changes what it is about."""
    return {
        "AWS_ACCESS_KEY_ID": fake_ecs.KEY_ID,
        "AWS_SECRET_ACCESS_KEY": fake_ecs.SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_ECS": ecs.url,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_MAX_ATTEMPTS": "1",
    }


def assert_no_secret(done):
    for secret in (PLANTED, TOKEN, fake_ecs.SECRET_KEY):
        assert secret not in done.stdout + done.stderr


def test_prints_the_arn_and_nothing_else(taskgen, ecs, env):
    done = taskgen("register", stdin=definition(), env=env)
    assert (done.status, done.stderr) == (0, ""), done
    assert done.stdout == "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1\n"
    assert json.loads(ecs.requests[0]["body"]) == json.loads(definition())


def test_reads_a_file_a_dash_and_counts_revisions(taskgen, ecs, env, tmp_path):
    (tmp_path / "task.json").write_text(definition())
    done = taskgen("register", "task.json", env=env, cwd=tmp_path)
    assert done.stdout.endswith("/web:1\n"), done
    done = taskgen("register", "-", stdin=definition(), env=env)
    assert done.stdout.endswith("/web:2\n"), done
    assert len(ecs.families["web"]) == 2


def test_json_prints_the_whole_answer(taskgen, env):
    done = taskgen("register", "--json", stdin=definition(cpu="1 vCPU", memory="2 GB"), env=env)
    answer = json.loads(done.stdout)["taskDefinition"]
    assert (answer["revision"], answer["cpu"], answer["memory"]) == (1, "1024", "2048")


def test_what_taskgen_renders_is_accepted(taskgen, ecs, env):
    rendered = taskgen("--cpu", "512", env=env)
    assert rendered.status == 0, rendered
    done = taskgen("register", stdin=rendered.stdout, env=env)
    assert done.status == 0, done
    assert json.loads(ecs.requests[0]["body"])["cpu"] == "512"


def test_fields_newer_than_this_program_pass_through_untouched(taskgen, ecs, env):
    body = definition(enableFaultInjection=True)
    done = taskgen("register", stdin=body, env=env)
    assert done.status == 0, done
    assert json.loads(ecs.requests[0]["body"])["enableFaultInjection"] is True


def test_keys_of_answers_are_left_out_with_a_notice(taskgen, ecs, env):
    done = taskgen("register", stdin=definition(revision=3, status="ACTIVE"), env=env)
    assert done.status == 0, done
    assert "left out what only answers of ECS have: revision, status" in done.stderr
    assert "revision" not in json.loads(ecs.requests[0]["body"])


def test_the_answer_of_describe_can_be_registered_again(taskgen, ecs, env):
    taskgen("register", stdin=definition(), env=env)
    described = json.dumps(ecs.families["web"][0]["taskDefinition"])
    done = taskgen("register", stdin=described, env=env)
    assert done.status == 0, done
    assert done.stdout.endswith("/web:2\n")


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "standard input:"),
        ("{", "standard input:1"),
        ("[]", "standard input: "),
        ("{}", "standard input: /family is missing"),
        ('{"family":"a","family":"b"}', "standard input:"),
        ('{"family":"a","containerDefinitions":[]}', "/containerDefinitions: holds no container"),
        ('{"taskDefinition":{"family":"a"}}', "jq .taskDefinition"),
    ],
)
def test_documents_that_are_none_never_reach_the_service(taskgen, ecs, env, text, why):
    done = taskgen("register", stdin=text, env=env)
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.startswith("taskgen: register: ") and why in done.stderr
    assert done.stderr.count("\n") == 1
    assert not ecs.requests


def test_a_missing_file_and_an_endless_one(taskgen, env):
    done = taskgen("register", "/nonexistent.json", env=env)
    assert done.status == 1
    assert "open '/nonexistent.json': No such file" in done.stderr
    done = taskgen("register", "/dev/zero", env=env)
    assert done.status == 1
    assert "larger than 1048576 bytes" in done.stderr


def test_refusals_of_ecs_come_in_its_own_words(taskgen, env):
    done = taskgen("register", stdin=definition(cpu="512", memory="512"), env=env)
    assert done.status == 1
    assert (
        "ClientException: No Fargate configuration exists for given values: 512 CPU , 512 memory."
        in done.stderr
    )
    assert "(HTTP 400, request id " in done.stderr


# ---- credentials ----


def test_a_session_token_is_sent_and_signed(taskgen, ecs, env):
    env.update(
        AWS_ACCESS_KEY_ID="AKIDPLANTED", AWS_SECRET_ACCESS_KEY=PLANTED, AWS_SESSION_TOKEN=TOKEN
    )
    done = taskgen("register", "--debug", stdin=definition(), env=env)
    assert done.status == 0, done
    assert "x-amz-security-token" in ecs.requests[0]["headers"]["Authorization"]
    assert_no_secret(done)


def test_a_wrong_secret_key_is_explained(taskgen, ecs, env):
    env["AWS_SECRET_ACCESS_KEY"] = PLANTED
    done = taskgen("register", "--debug", stdin=definition(), env=env)
    assert (done.status, done.stdout) == (1, "")
    assert "InvalidSignatureException: The request signature we calculated does not" in done.stderr
    assert "the credentials come from the environment" in done.stderr
    assert len(ecs.requests) == 1
    assert_no_secret(done)


def test_an_unknown_key_and_a_missing_token_are_explained(taskgen, env):
    env["AWS_ACCESS_KEY_ID"] = "AKIDNOBODY"
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert (
        "UnrecognizedClientException: The security token included in the request is invalid."
        in done.stderr
    )


def test_an_expired_token_says_so(taskgen, ecs, env):
    ecs.keys["AKIDPLANTED"].expired = True
    env.update(
        AWS_ACCESS_KEY_ID="AKIDPLANTED", AWS_SECRET_ACCESS_KEY=PLANTED, AWS_SESSION_TOKEN=TOKEN
    )
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert "ExpiredTokenException" in done.stderr
    assert "have expired: get new ones" in done.stderr


def test_a_profile_gives_keys_region_and_endpoint(taskgen, ecs, env, tmp_path):
    (tmp_path / "credentials").write_text(
        f"[dev]\naws_access_key_id = AKIDPLANTED\naws_secret_access_key = {PLANTED}\n"
        f"aws_session_token = {TOKEN}\n"
    )
    (tmp_path / "config").write_text(
        "[profile dev]\nregion = us-east-1\nservices = local\n"
        f"[services local]\necs =\n  endpoint_url = {ecs.url}\n"
    )
    for name in ("AWS_REGION", "AWS_ENDPOINT_URL_ECS"):
        env[name] = None
    done = taskgen("register", "--profile", "dev", stdin=definition(), env=env)
    assert done.status == 0, done
    assert "Credential=AKIDPLANTED/" in ecs.requests[0]["headers"]["Authorization"]
    env.update(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_PROFILE="dev")
    done = taskgen("register", "--debug", stdin=definition(), env=env)
    assert done.status == 0, done
    assert_no_secret(done)


def test_no_credentials_lists_what_was_tried(taskgen, ecs, env, tmp_path):
    env.update(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY="")
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert "no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; " in done.stderr
    assert f"shared files: no profile 'default' in '{tmp_path}/credentials'" in done.stderr
    assert not ecs.requests


def test_half_a_key_pair_is_an_error(taskgen, env):
    env["AWS_SECRET_ACCESS_KEY"] = None
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not" in done.stderr


def test_an_unknown_profile_and_a_broken_file(taskgen, env, tmp_path):
    (tmp_path / "config").write_text("[profile dev]\nregion = us-east-1\n")
    done = taskgen("register", "--profile", "dve", stdin=definition(), env=env)
    assert done.status == 1
    assert "profile 'dve' (--profile) is neither in" in done.stderr
    assert "did you mean 'dev'?" in done.stderr
    (tmp_path / "config").write_text(f"[profile dev]\n{PLANTED}\n")
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert f"{tmp_path}/config:2: want 'key = value'" in done.stderr
    assert_no_secret(done)


# ---- region, endpoint, connection ----


def test_the_region_is_in_the_scope(taskgen, env):
    env.update(AWS_REGION="eu-west-1")
    done = taskgen("register", stdin=definition(), env=env)
    assert "Credential should be scoped to a valid region, not 'eu-west-1'" in done.stderr
    done = taskgen("register", "--region", "us-east-1", stdin=definition(), env=env)
    assert done.status == 0, done
    env.update(AWS_REGION=None, AWS_DEFAULT_REGION="us-east-1")
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 0, done


def test_no_region_and_a_zone_are_usage_errors(taskgen, env):
    env["AWS_REGION"] = None
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 2
    assert "no region: give --region, set AWS_REGION, or put" in done.stderr
    done = taskgen("register", "--region", "us-east-1a", stdin=definition(), env=env)
    assert done.status == 2
    assert "is an availability zone; its region is 'us-east-1'" in done.stderr


def test_the_command_lines_endpoint_wins(taskgen, ecs, env):
    env["AWS_ENDPOINT_URL_ECS"] = "http://127.0.0.1:9"
    done = taskgen("register", "--endpoint-url", ecs.url + "/", stdin=definition(), env=env)
    assert done.status == 0, done


def test_plain_http_to_another_machine_is_refused(taskgen, env):
    done = taskgen(
        "register", "--endpoint-url", "http://ecs.example", stdin=definition(), env=env
    )
    assert done.status == 2
    assert "plain http is for this machine only" in done.stderr


def test_nobody_listening_is_told_with_the_address(taskgen, env):
    with socket.socket() as free:  # bound and not listening: nobody else gets the port meanwhile
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        done = taskgen("register", "--endpoint-url", url, stdin=definition(), env=env)
    assert done.status == 1
    assert url in done.stderr and "RegisterTaskDefinition" in done.stderr


def test_a_silent_service_times_out(taskgen, ecs, env):
    ecs.inject("slow")
    done = taskgen("register", "--timeout", "1", stdin=definition(), env=env)
    assert done.status == 124, done
    assert "RegisterTaskDefinition" in done.stderr


def test_certificates_are_verified(taskgen, env, tmp_path):
    need("openssl")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=ecs", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )
    with fake_ecs.FakeEcs(tls=(cert, key)) as ecs:
        env["AWS_ENDPOINT_URL_ECS"] = ecs.url
        done = taskgen("register", stdin=definition(), env=env)
        assert done.status == 1
        assert "certificate" in done.stderr
        done = taskgen("register", "--ca-bundle", cert, stdin=definition(), env=env)
        assert done.status == 0, done
        env["AWS_CA_BUNDLE"] = str(cert)
        done = taskgen("register", stdin=definition(), env=env)
        assert done.status == 0, done
        env["AWS_CA_BUNDLE"] = "/nonexistent.pem"
        done = taskgen("register", stdin=definition(), env=env)
        assert done.status == 1
        assert "/nonexistent.pem" in done.stderr


# ---- what a service and the way to it can do ----

FINAL = {
    "limit": "LimitExceededException: The limit for the resource was exceeded.",
    "concurrent": "ClientException: Too many concurrent attempts to create a new revision",
    "expired": "ExpiredTokenException",
    "access-denied": "is not authorized to perform: ecs:RegisterTaskDefinition",
    "capital-message": "ClientException: With a capital. (HTTP 400",
    "errortype-header": "InvalidParameterException: Named by the header.",
    "forged-lines": "ClientException: one taskgen: all is well",
    "html": "HTTP 200, but no JSON object (a proxy, or another service?): '<html>",
    "html-403": "HTTP status 403: <html> <head><title>Sign in to the network",
    "html-502": "HTTP status 502: <html> <head><title>Sign in to the network",
    "not-an-object": "HTTP 200, but no JSON object",
    "no-arn": "/taskDefinition/taskDefinitionArn is missing",
    "nul": "no JSON object",
    "redirect": "HTTP status 307",
    "throttle": "ThrottlingException: Rate exceeded",
    "server-error": "ServerException: Service Unavailable.",
    "empty-503": "HTTP status 503: no message",
    "cut": "RegisterTaskDefinition",
    "cut-body": "RegisterTaskDefinition",
    "huge": "larger than",
    "echo": "InvalidSignatureException: The Canonical String should have been",
}


def test_every_fault_is_tested():
    assert set(FINAL) | {"slow"} == set(fake_ecs.FAULTS)


@pytest.mark.parametrize("fault", sorted(FINAL))
def test_a_fault_ends_in_one_clear_line(taskgen, ecs, env, fault):
    ecs.keys = {"AKIDPLANTED": fake_ecs.Key(PLANTED, TOKEN)}
    env.update(
        AWS_ACCESS_KEY_ID="AKIDPLANTED", AWS_SECRET_ACCESS_KEY=PLANTED, AWS_SESSION_TOKEN=TOKEN
    )
    ecs.inject(fault)
    done = taskgen("register", stdin=definition(), env=env)
    assert (done.status, done.stdout) == (1, ""), done
    assert done.stderr.startswith("taskgen: register: RegisterTaskDefinition: "), done
    assert FINAL[fault] in done.stderr
    assert done.stderr.count("\n") == 1 and "\x1b" not in done.stderr
    assert len(ecs.requests) == 1
    assert_no_secret(done)
    ecs.inject(fault)
    assert_no_secret(taskgen("register", "--debug", stdin=definition(), env=env))


@pytest.mark.parametrize(
    "fault", ["throttle", "server-error", "empty-503", "html-502", "limit", "cut", "cut-body"]
)
def test_a_passing_fault_is_survived(taskgen, ecs, env, fault):
    env["AWS_MAX_ATTEMPTS"] = None
    ecs.inject(fault)
    done = taskgen("register", "--debug", stdin=definition(), env=env)
    assert done.status == 0, done
    assert "retry: attempt 2 of 3 follows in" in done.stderr
    assert len(ecs.requests) == 2
    assert_no_secret(done)


def test_three_attempts_and_no_more(taskgen, ecs, env):
    env["AWS_MAX_ATTEMPTS"] = None
    ecs.inject("throttle", times=5)
    done = taskgen("register", stdin=definition(), env=env)
    assert done.status == 1
    assert "attempt 3 of 3: " in done.stderr
    assert len(ecs.requests) == 3


@pytest.mark.parametrize("offset", [-7200, -400, 400, 86400])
def test_a_wrong_clock_is_put_right(taskgen, ecs, env, offset):
    ecs.clock_offset = offset
    done = taskgen("register", "--debug", stdin=definition(), env=env)
    assert done.status == 0, done
    assert len(ecs.requests) == 2
    assert "the clock is off by" in done.stderr


# ---- is the fake fair, and is the signer right? ----


def test_random_definitions_and_keys_are_signed_as_botocore_signs_them(taskgen, ecs, env):
    dice = random.Random(20150830)
    for _ in range(40):
        secret = "".join(chr(dice.randrange(33, 127)) for _ in range(dice.randrange(1, 200)))
        token = "".join(chr(dice.randrange(33, 127)) for _ in range(dice.randrange(0, 900)))
        ecs.keys["AKIDRANDOM"] = fake_ecs.Key(secret, token or None)
        env.update(
            AWS_ACCESS_KEY_ID="AKIDRANDOM",
            AWS_SECRET_ACCESS_KEY=secret,
            AWS_SESSION_TOKEN=token or None,
        )
        text = "".join(chr(dice.choice([dice.randrange(32, 127), 0xE4, 0x1F600])) for _ in range(99))
        body = definition(tags=[{"key": "k", "value": text}])
        done = taskgen("register", stdin=body, env=env)
        assert done.status == 0, (secret, token, done)
        assert json.loads(ecs.requests[-1]["body"])["tags"][0]["value"] == text


def test_the_aws_command_line_succeeds_against_the_same_endpoint(ecs, env, tmp_path):
    aws = "/usr/bin/aws"
    need(aws)
    (tmp_path / "task.json").write_text(definition())
    env = {k: v for k, v in env.items() if not k.startswith("AWS_ENDPOINT")}
    env.update(PATH="/usr/bin:/bin", HOME=str(tmp_path), AWS_PAGER="", LC_ALL="C.UTF-8")
    done = subprocess.run(
        [aws, "--endpoint-url", ecs.url, "ecs", "register-task-definition"]
        + ["--cli-input-json", f"file://{tmp_path}/task.json"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["taskDefinition"]["revision"] == 1
    assert json.loads(ecs.requests[0]["body"]) == json.loads(definition())
