# SPDX-License-Identifier: Apache-2.0
"""The types of the ECS API: botocore's own model, and what ECS has learnt since the oldest botocore
that the suite runs with (1.29, Debian 12).  Unlike ECS itself, an unknown key is an error here."""

import functools

import botocore.session
from botocore.model import ServiceModel

# Shapes added after botocore 1.29: {shape: {member: type}}, a type being a scalar's name, a list
# [type], a dict {member: type}, or a tuple of the words that are allowed.
NEWER = {
    "RegisterTaskDefinitionRequest": {"enableFaultInjection": "boolean"},
    "ContainerDefinition": {
        "credentialSpecs": ["string"],
        "restartPolicy": {
            "enabled": "boolean",
            "ignoredExitCodes": ["integer"],
            "restartAttemptPeriod": "integer",
        },
        "versionConsistency": ("enabled", "disabled"),
    },
    "Volume": {
        "configuredAtLaunch": "boolean",
        "s3filesVolumeConfiguration": {
            "fileSystemArn": "string",
            "rootDirectory": "string",
            "transitEncryptionPort": "integer",
            "accessPointArn": "string",
        },
    },
}
NEWER_WORDS = {
    "Compatibility": {"MANAGED_INSTANCES"},
    "OSFamily": {"WINDOWS_SERVER_2025_CORE", "WINDOWS_SERVER_2025_FULL"},
    "TaskDefinitionStatus": {"DELETE_IN_PROGRESS"},
}
PYTHON_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
}


class WrongType(Exception):
    """A body that ECS's parser would refuse."""


@functools.lru_cache(maxsize=1)
def load():
    data = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(data.load_service_model("ecs", "service-2"), "ecs")


def _scalar(kind, value, where):
    wanted = PYTHON_TYPES[kind]
    if isinstance(value, bool) and kind != "boolean" or not isinstance(value, wanted):
        raise WrongType(f"{where}: {type(value).__name__} can not be converted to {kind}")


def _check_newer(kind, value, where):
    if isinstance(kind, str):
        _scalar(kind, value, where)
    elif isinstance(kind, tuple):
        if value not in kind:
            raise WrongType(f"{where}: {value!r} is none of {', '.join(kind)}")
    elif isinstance(kind, list):
        if not isinstance(value, list):
            raise WrongType(f"{where}: want a list")
        for i, item in enumerate(value):
            _check_newer(kind[0], item, f"{where}/{i}")
    else:
        if not isinstance(value, dict):
            raise WrongType(f"{where}: want an object")
        for key, item in value.items():
            if key not in kind:
                raise WrongType(f"{where}/{key}: unknown key")
            _check_newer(kind[key], item, f"{where}/{key}")


def _check_structure(shape, value, where):
    if not isinstance(value, dict):
        raise WrongType(f"{where or '/'}: want an object")
    newer = NEWER.get(shape.name, {})
    for key, item in value.items():
        if item is None:
            raise WrongType(f"{where}/{key}: null")
        if key in shape.members:
            check(shape.members[key], item, f"{where}/{key}")
        elif key in newer:
            _check_newer(newer[key], item, f"{where}/{key}")
        else:
            raise WrongType(f"{where}/{key}: unknown key")
    for key in shape.required_members:
        if key not in value:
            raise WrongType(f"{where}/{key}: is required")


def check(shape, value, where=""):
    """Raises WrongType unless value, parsed JSON, has the shape."""
    if shape.type_name == "structure":
        _check_structure(shape, value, where)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            raise WrongType(f"{where}: want a list")
        for i, item in enumerate(value):
            check(shape.member, item, f"{where}/{i}")
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            raise WrongType(f"{where}: want an object")
        for key, item in value.items():
            check(shape.value, item, f"{where}/{key}")
    else:
        _scalar(shape.type_name, value, where)
        words = set(getattr(shape, "enum", []) or []) | NEWER_WORDS.get(shape.name, set())
        if getattr(shape, "enum", None) and value not in words:
            raise WrongType(f"{where}: {value!r} is none of {', '.join(sorted(words))}")
