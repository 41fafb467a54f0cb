# SPDX-License-Identifier: Apache-2.0
"""Every folder of tests/cases/images is a command line of imagegen (tests/support/golden.py).

The command runs in a folder with a few files of fixed content, so that digests in out are the same on every
machine.
"""

import pytest

from support import golden


def make_files(folder):
    (folder / "app").write_text("#!/bin/sh\n")
    (folder / "app").chmod(0o755)
    (folder / "data").write_text("data\n")
    (folder / "a:b").write_text("colon\n")
    (folder / "tree" / "sub").mkdir(parents=True)
    (folder / "tree" / "run").write_text("#!/bin/sh\n")
    (folder / "tree" / "run").chmod(0o700)
    (folder / "tree" / "sub" / "file").write_text("file\n")
    (folder / "tree" / "link").symlink_to("run")
    (folder / "tree" / "dirlink").symlink_to("sub")
    (folder / "other" / "sub").mkdir(parents=True)
    (folder / "other" / "sub" / "more").write_text("more\n")
    return folder


@pytest.mark.parametrize("folder", golden.folders("images"), ids=lambda folder: folder.name)
def test_case(imagegen, folder, tmp_path):
    golden.check(imagegen, folder, make_files(tmp_path))
    if golden.status_of(folder) != 0:
        assert not (tmp_path / "out").exists()
