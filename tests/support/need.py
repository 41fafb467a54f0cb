# SPDX-License-Identifier: Apache-2.0
"""Programs that a test cannot do without."""

import shutil

import pytest


def need(*names):
    """Skips the test that asks when one of the programs is not here."""
    for name in names:
        if not shutil.which(name):
            pytest.skip(f"{name} is missing: make test installs it when run as root")
