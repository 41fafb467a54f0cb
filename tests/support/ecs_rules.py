# SPDX-License-Identifier: Apache-2.0
"""What ECS checks when a task definition is registered, one error a call and in its own words, and
what it makes of a definition that passes.  Written from the documentation, apart from the rules of
the program under test."""

import re

GIB = 1024
SIZES = {
    256: [512, 1024, 2048],
    512: list(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: list(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: list(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: list(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: list(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: list(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
    32768: [60 * GIB, 120 * GIB, 244 * GIB],
}
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}\Z")
ECR = re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/")


class Refused(Exception):
    """A ClientException with AWS's text."""


def cpu_units(text):
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*vcpu\s*", text, re.I)
    if found:
        return int(float(found.group(1)) * 1024)
    if re.fullmatch(r"\d+", text):
        return int(text)
    raise Refused("Invalid 'cpu' setting for task.")


def memory_mib(text):
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*gb\s*", text, re.I)
    if found:
        return int(float(found.group(1)) * GIB)
    if re.fullmatch(r"\d+", text):
        return int(text)
    raise Refused("Invalid 'memory' setting for task.")


def _fargate(body):
    if body.get("networkMode") != "awsvpc":
        raise Refused("Fargate only supports network mode 'awsvpc'.")
    for key in ("cpu", "memory"):
        if key not in body:
            raise Refused(f"Fargate requires that '{key}' be defined at the task level.")
    cpu, memory = cpu_units(body["cpu"]), memory_mib(body["memory"])
    if memory not in SIZES.get(cpu, []):
        raise Refused(
            f"No Fargate configuration exists for given values: {cpu} CPU , {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    if "executionRoleArn" not in body:
        start = "Fargate requires task definition to have execution role ARN to support "
        for container in body["containerDefinitions"]:
            if ECR.match(container["image"]):
                raise Refused(start + "ECR images.")
            if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
                raise Refused(start + "log driver awslogs.")
    if body.get("pidMode") == "host":
        raise Refused(
            "Tasks using the Fargate launch type do not support pidMode 'host'. "
            "The supported value for pidMode is 'task'."
        )


def _container(body, container, is_awsvpc):
    if not container.get("image"):
        raise Refused("Container.image should not be null or empty.")
    if not NAME.match(container.get("name", "")):
        raise Refused(
            "Container.name contains invalid characters. It can only contain letters, numbers, "
            "hyphens, and underscores."
        )
    if "memory" not in body and not {"memory", "memoryReservation"} & set(container):
        raise Refused(
            f"Invalid setting for container '{container['name']}'. At least one of 'memory' or "
            "'memoryReservation' must be specified."
        )
    if "memory" in body and container.get("memory", 0) > memory_mib(body["memory"]):
        raise Refused(
            f"The 'memory' setting for container '{container['name']}' is greater than for the "
            "task."
        )
    for port in container.get("portMappings", []):
        if is_awsvpc and port.get("hostPort", 0) not in (0, port.get("containerPort", 0)):
            raise Refused(
                "When networkMode=awsvpc, the host ports and container ports in port mappings "
                "must match."
            )


def check(body):
    """Raises Refused for the first rule that the definition breaks."""
    if not NAME.match(body["family"]):
        raise Refused("Family contains invalid characters.")
    if not body["containerDefinitions"]:
        raise Refused("Container list cannot be empty.")
    names = [c.get("name") for c in body["containerDefinitions"]]
    for container in body["containerDefinitions"]:
        _container(body, container, body.get("networkMode") == "awsvpc")
    if len(set(names)) != len(names):
        raise Refused("Container names must be unique.")
    if not any(c.get("essential", True) for c in body["containerDefinitions"]):
        raise Refused("At least one container must be essential.")
    if "FARGATE" in body.get("requiresCompatibilities", []):
        _fargate(body)
    if "cpu" in body:
        total = sum(c.get("cpu", 0) for c in body["containerDefinitions"])
        if total > cpu_units(body["cpu"]):
            raise Refused(
                "The sum of all container 'cpu' values cannot be greater than the value of the "
                "task 'cpu'."
            )
    for tag in body.get("tags", []):
        if tag["key"].startswith("aws:"):
            raise Refused("Tag keys may not start with 'aws:'.")


def normalise(body):
    """The definition as DescribeTaskDefinition gives it back, without ARN and revision."""
    out = {k: v for k, v in body.items() if k != "tags"}
    if "cpu" in out:
        out["cpu"] = str(cpu_units(out["cpu"]))
    if "memory" in out:
        out["memory"] = str(memory_mib(out["memory"]))
    containers = []
    for given in body["containerDefinitions"]:
        c = {
            "cpu": 0,
            "portMappings": [],
            "essential": True,
            "environment": [],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
        }
        c.update(given)
        c["portMappings"] = [_port(p, body) for p in c["portMappings"]]
        containers.append(c)
    out["containerDefinitions"] = containers
    out.setdefault("volumes", [])
    out.setdefault("placementConstraints", [])
    wanted = out.get("requiresCompatibilities", [])
    out["compatibilities"] = ["EC2"] + (["FARGATE"] if "FARGATE" in wanted else [])
    out["requiresAttributes"] = [
        {"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}
    ]
    return out


def _port(given, body):
    out = {"protocol": "tcp"}
    out.update(given)
    if "containerPort" in out and body.get("networkMode") in ("awsvpc", "host"):
        out["hostPort"] = out["containerPort"]
    return out
