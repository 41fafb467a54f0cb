# SPDX-License-Identifier: Apache-2.0
"""Every folder of tests/cases/taskgen is a command line of taskgen (tests/support/golden.py)."""

import pytest

from support import golden


@pytest.mark.parametrize("folder", golden.folders("taskgen"), ids=lambda folder: folder.name)
def test_case(taskgen, folder, tmp_path):
    golden.check(taskgen, folder, tmp_path)


def test_there_are_cases_for_what_is_accepted_and_what_is_refused():
    statuses = [golden.status_of(folder) for folder in golden.folders("taskgen")]
    assert len(statuses) >= 50
    assert statuses.count(0) >= 20
    assert statuses.count(2) >= 20
