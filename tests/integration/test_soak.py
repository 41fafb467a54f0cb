# SPDX-License-Identifier: Apache-2.0
"""Ten seconds of the soak (make soak runs ten minutes): no request is lost under reloads and killed workers."""

import subprocess
import sys

# Sanitizers keep what is freed for a while.
GROWTH_KIB = {"asan": 400_000}


def test_no_request_is_lost_under_reloads_and_killed_workers(root, programs, variant):
    subprocess.run(["make", "-s", "bench-programs"], cwd=root, check=True)
    done = subprocess.run(
        [sys.executable, root / "tests/soak/soak.py", "--seconds", "10", "--reload", "2", "--kill", "1.5",
         "--connections", "24", "--growth", str(GROWTH_KIB.get(variant, 2048)), "--berthd", programs["berthd"]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "no request was lost" in done.stdout
