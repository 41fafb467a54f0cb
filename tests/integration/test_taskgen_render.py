# SPDX-License-Identifier: Apache-2.0
"""taskgen render: exactly Fargate's sizes, bodies that the AWS SDK takes, and where the result goes."""

import json
import re
import subprocess

import pytest

from support.need import need

GB = 1024
# The table of AWS's developer guide, written down a second time.
LINUX = {
    256: [512, 1 * GB, 2 * GB],
    512: range(1 * GB, 4 * GB + 1, GB),
    1024: range(2 * GB, 8 * GB + 1, GB),
    2048: range(4 * GB, 16 * GB + 1, GB),
    4096: range(8 * GB, 30 * GB + 1, GB),
    8192: range(16 * GB, 60 * GB + 1, 4 * GB),
    16384: range(32 * GB, 120 * GB + 1, 8 * GB),
    32768: [60 * GB, 120 * GB, 244 * GB],
}
PAIRS = {
    "linux": {(cpu, memory) for cpu, memories in LINUX.items() for memory in memories},
    "windows": {(cpu, memory) for cpu in (1024, 2048, 4096) for memory in LINUX[cpu]},
}
MEMORIES = sorted({memory for _, memory in PAIRS["linux"]})
ODD_MEMORIES = [1, 511, 513, 768, 1023, 2049, 31 * GB, 32767, 122881, 130 * GB, 249855, 249857, 256 * GB]
ODD_CPUS = [128, 255, 257, 768, 3072, 6144, 24576, 32769, 65536]


@pytest.fixture(scope="module")
def validate():
    """What botocore says of a body before it sends it: "" when it has nothing against it."""
    model = pytest.importorskip("botocore.session").get_session().get_service_model("ecs")
    validator = pytest.importorskip("botocore.validate").ParamValidator()
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    return lambda body: validator.validate(body, shape).generate_report()


def render(taskgen, *args, **kwargs):
    done = taskgen(*args, **kwargs)
    assert done.status == 0, done
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_there_are_77_pairs_for_linux_and_43_for_windows():
    assert len(PAIRS["linux"]) == 77
    assert len(PAIRS["windows"]) == 43


@pytest.mark.parametrize("system", ["linux", "windows"])
def test_render_accepts_exactly_the_pairs_of_fargate(taskgen, variant, system, validate):
    # Under the sanitizers a start takes long, and tests/unit/ecs/test_size.c asks for every MiB anyway.
    memories = MEMORIES + ODD_MEMORIES if variant == "static" else (MEMORIES + ODD_MEMORIES)[::12]
    accepted = set()
    for cpu in [*LINUX, *ODD_CPUS]:
        for memory in memories:
            done = taskgen("--cpu", cpu, "--memory", memory, "--os", system)
            assert done.status in (0, 2), done
            if done.status == 0:
                body = json.loads(done.stdout)
                assert (body["cpu"], body["memory"]) == (str(cpu), str(memory))
                assert validate(body) == ""
                accepted.add((cpu, memory))
            else:
                assert done.stdout == ""
                assert len(done.stderr.splitlines()) == 1
    assert accepted == {pair for pair in PAIRS[system] if pair[1] in memories}


@pytest.mark.parametrize("system", ["linux", "windows"])
def test_sizes_lists_exactly_the_pairs_of_fargate(taskgen, system):
    listed = json.loads(taskgen("sizes", "--json", "--os", system).stdout)
    pairs = [(size["cpu"], size["memory"]) for size in listed["sizes"]]
    assert len(pairs) == len(PAIRS[system])
    assert set(pairs) == PAIRS[system]
    assert pairs == sorted(pairs)
    table = taskgen("sizes", "--os", system).stdout.splitlines()
    assert len([line for line in table if re.match(r" *\d+  [\d.]+ vCPU ", line)]) == len(pairs)


def test_prices_are_those_of_the_dated_table(taskgen):
    listed = json.loads(taskgen("sizes", "--json").stdout)
    prices = {(size["cpu"], size["memory"]): size["usd"] for size in listed["sizes"]}
    assert listed["region"] == "us-east-1"
    assert re.fullmatch(r"20\d\d-\d\d", listed["prices_as_of"])
    assert prices[1024, 2048]["X86_64"]["hour"] == pytest.approx(0.04937)
    assert prices[1024, 2048]["X86_64"]["month"] == pytest.approx(36.0401)
    assert prices[256, 512]["X86_64"]["hour"] == pytest.approx(0.0123425)
    assert prices[1024, 2048]["ARM64"]["hour"] == pytest.approx(0.0395)
    windows = json.loads(taskgen("sizes", "--json", "--os", "windows", "--cpu", "1").stdout)
    assert windows["sizes"][0]["usd"]["X86_64"]["hour"] == pytest.approx(0.09148 + 0.046 + 2 * 0.01005)
    assert "ARM64" not in windows["sizes"][0]["usd"]


@pytest.mark.parametrize("cpu", ["1024", "1 vCPU", "1vcpu", "1", "1.0", "1     vCpU", " 1 VCPU ", "1 vcpus", "01024"])
@pytest.mark.parametrize("memory", ["2048", "2 GB", "2GB", "2gb", "2.0 gb", "2048 MiB", "2g", "2048m", "2 GiB"])
def test_every_spelling_gives_the_same_bytes(taskgen, cpu, memory):
    assert taskgen("--cpu", cpu, "--memory", memory).stdout == taskgen("--cpu", "1024").stdout


FULL = (
    "--cpu 2048 --image shop/api:1 --port 8080 --port 53/udp --env A=1 --secret B=/b --execution-role r --task-role t "
    "--log-group g --log-region eu-west-1 --arch arm64 --user 1 --readonly --entrypoint /x --command y "
    "--health-cmd true --stop-timeout 90 --ephemeral-storage 30 --tag k=v"
).split()


def test_the_sdk_takes_a_body_with_everything(taskgen, validate):
    body = render(taskgen, *FULL)
    assert validate(body) == ""
    container = body["containerDefinitions"][0]
    assert container["healthCheck"] == {"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert container["stopTimeout"] == 90
    assert body["ephemeralStorage"] == {"sizeInGiB": 30}


def test_the_aws_cli_takes_the_file(taskgen, tmp_path):
    path = tmp_path / "task.json"
    assert taskgen(*FULL, "-o", path).status == 0
    need("/usr/bin/aws")
    done = subprocess.run(
        ["aws", "ecs", "register-task-definition", "--cli-input-json", f"file://{path}", "--generate-cli-skeleton"]
        + ["output", "--region", "eu-west-1"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "taskDefinition" in json.loads(done.stdout)


def test_the_body_is_canonical(taskgen):
    body = render(taskgen, *FULL, "--env", "0=first", "--env", "Z=last")
    container = body["containerDefinitions"][0]

    def walk(value):
        assert value is not None and value != []
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(child)

    walk(body)
    for key in ("environment", "secrets"):
        names = [entry["name"] for entry in container[key]]
        assert names == sorted(names)
    ports = container["portMappings"]
    assert ports == sorted(ports, key=lambda port: port["containerPort"])
    assert all(port["hostPort"] == port["containerPort"] for port in ports)
    assert container["essential"] is True
    assert isinstance(body["cpu"], str) and isinstance(body["memory"], str)
    assert isinstance(container["cpu"], int) and isinstance(container["memory"], int)


def test_keys_are_in_the_order_of_the_sdks_model(taskgen):
    model = pytest.importorskip("botocore.session").get_session().get_service_model("ecs")
    body = render(taskgen, *FULL)
    order = [key for key in model.shape_for("RegisterTaskDefinitionRequest").members if key in body]
    assert list(body) == order
    container = body["containerDefinitions"][0]
    assert list(container) == [key for key in model.shape_for("ContainerDefinition").members if key in container]


def test_our_table_of_keys_has_every_key_of_the_sdks_model_in_its_order(root):
    model = pytest.importorskip("botocore.session").get_session().get_service_model("ecs")
    text = (root / "ecs" / "shape.c").read_text()
    for ours, theirs in (
        ("shape_task_definition", "RegisterTaskDefinitionRequest"),
        ("shape_container", "ContainerDefinition"),
        ("shape_port_mapping", "PortMapping"),
        ("shape_health_check", "HealthCheck"),
        ("linux_parameters", "LinuxParameters"),
        ("log_configuration", "LogConfiguration"),
        ("volume", "Volume"),
        ("efs_volume", "EFSVolumeConfiguration"),
    ):
        body = re.search(rf"SHAPE\({ours},(.*?)\);", text, re.S).group(1)
        keys = re.findall(r'(?:KEY|OBJECT|SORTED)\("(\w+)"', body)
        members = list(model.shape_for(theirs).members)
        assert [key for key in keys if key in members] == [member for member in members if member in keys]
        assert set(members) <= set(keys)


def test_a_file_is_written_whole_or_not_at_all(taskgen, tmp_path):
    path = tmp_path / "task.json"
    assert taskgen("--cpu", "1024", "-o", path).status == 0
    first = path.read_bytes()
    done = taskgen("--cpu", "1024", "--memory", "1", "-o", path)
    assert done.status == 2
    assert path.read_bytes() == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["task.json"]
    done = taskgen("--cpu", "1024", "-o", tmp_path / "missing" / "task.json")
    assert done.status == 1
    assert "missing" in done.stderr


def test_a_result_that_does_not_arrive_is_a_failure(programs):
    with open("/dev/full", "wb") as full:
        for args in (["--cpu", "1024"], ["sizes"], ["workers", "--cpus", "1"]):
            done = subprocess.run([programs["taskgen"], *args], stdout=full, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 1
            assert done.stderr.count(b"\n") == 1


def test_text_that_is_not_utf8_is_refused(programs):
    done = subprocess.run([programs["taskgen"], "--cpu", "1", "--env", b"A=\xff"], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == b"taskgen: --env: the text is not UTF-8; use UTF-8 [option]\n"


def test_a_finding_cannot_forge_a_line(taskgen):
    done = taskgen("--cpu", "1\ntaskgen: all is well")
    assert done.status == 2
    assert len(done.stderr.splitlines()) == 1


def test_the_environments_values_are_not_in_the_messages(taskgen):
    done = taskgen("--cpu", "1", "--env", "=hunter2", "--env", "P=hunter2", "--env", "P=hunter2", "--stop-timeout", "x")
    assert done.status == 2
    assert len(done.stderr.splitlines()) == 3
    assert "hunter2" not in done.stderr
