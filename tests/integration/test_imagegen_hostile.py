# SPDX-License-Identifier: Apache-2.0
"""Images that want to do harm: each refused by its one line, nothing outside touched, nothing left behind."""

import os

import pytest

from support import hostile
from support.oci import tree_state


@pytest.fixture(scope="module", params=hostile.CASES, ids=str)
def image(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    request.param.make(hostile.Maker(folder / "image"))
    return request.param, folder / "image"


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


def check(case, command, done, folder, before):
    if command in case.allowed:
        assert done.status == 0, done
    else:
        assert done.status == (3 if command == "validate" and done.stdout else 1), done
        text = done.stdout if done.status == 3 else done.stderr
        assert case.reason in text, done
        assert len(text.splitlines()) == 1 or command == "validate", done
        assert all(c.isprintable() or c == "\n" for c in text), done
    assert tree_state(folder) == before


@pytest.mark.parametrize("command", ["ls", "export", "validate", "unpack"])
def test_a_hostile_image_is_refused_by_name(imagegen, image, command, tmp_path, outside):
    case, layout = image
    before = tree_state(tmp_path)
    extra = {"unpack": [tmp_path / "target", "--quiet"], "export": ["-o", tmp_path / "out.tar"]}.get(command, [])
    done = imagegen(command, *case.options, f"oci:{layout}:v1", *extra, env={**os.environ, "TMPDIR": str(tmp_path)})
    if command in case.allowed:
        for made in ("target", "out.tar"):
            before.update({k: v for k, v in tree_state(tmp_path).items() if k.split("/")[0] == made})
    check(case, command, done, tmp_path, before)


def test_the_list_is_long_enough():
    assert len(hostile.CASES) >= 90 and len({c.name for c in hostile.CASES}) == len(hostile.CASES)
