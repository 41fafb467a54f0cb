# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run: a short round of those that take only seconds.  Their numbers are not judged here."""

import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def bench(root, variant):
    if variant != "static":
        pytest.skip("the benchmarks measure the static program")
    sys.path.insert(0, str(root / "tests/bench"))
    import quota

    why_not = quota.missing()
    if why_not:
        pytest.skip(why_not)
    subprocess.run(["make", "-s", "bench-programs"], cwd=root, check=True)

    def run(name):
        command = [sys.executable, root / f"tests/bench/bench_{name}.py", "--quick"]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False)

    return run


@pytest.mark.parametrize(
    "name, shows",
    [
        ("fixed", "berthd/floor "),
        ("open", "p99 of berthd/nginx "),
        ("memory", "idle connections Rss +"),
        ("slow", "a good client's latency"),
    ],
)
def test_a_short_round_prints_its_figures(bench, name, shows):
    done = bench(name)
    assert done.returncode == 0, done.stdout
    assert shows in done.stdout
    assert "failed" not in done.stdout
