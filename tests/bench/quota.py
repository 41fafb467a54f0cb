# SPDX-License-Identifier: Apache-2.0
"""Control groups with a CPU quota, v1 or v2: what a Fargate task of that size gets."""

import os
import secrets
import time
from pathlib import Path

PERIOD_US = 100_000


class Quota:
    """A group of its own, removed at the end; None for CPUs: no quota, but still a group that counts."""

    def __init__(self, cpus):
        v1 = Path("/sys/fs/cgroup/cpu")
        self.cpus = cpus
        self.v1 = (v1 / "cpu.cfs_quota_us").exists()
        self.path = (v1 if self.v1 else Path("/sys/fs/cgroup")) / f"berth-bench-{secrets.token_hex(4)}"
        self.path.mkdir()
        if cpus is not None:
            self._limit(str(int(cpus * PERIOD_US)))

    def _limit(self, quota_us):
        if self.v1:
            (self.path / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.path / "cpu.cfs_quota_us").write_text(quota_us)
        else:
            (self.path / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")

    def join(self):
        """For preexec_fn: the calling process and all its children are in the group."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def throttled(self):
        """(periods in which something ran, periods in which the quota was used up) since the start."""
        stat = dict(line.split() for line in (self.path / "cpu.stat").read_text().splitlines())
        return int(stat.get("nr_periods", 0)), int(stat.get("nr_throttled", 0))

    def remove(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                self.path.rmdir()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


class Throttling:
    """with Throttling(quota) as t: ...   then t.share: of the periods in between, those that were throttled."""

    def __init__(self, quota):
        self.quota = quota
        self.share = 0.0

    def __enter__(self):
        self.before = self.quota.throttled()
        return self

    def __exit__(self, *_):
        periods, throttled = (b - a for a, b in zip(self.before, self.quota.throttled()))
        self.share = throttled / periods if periods > 0 else 0.0


def missing():
    """Why no group can be made here, or None."""
    if os.geteuid() != 0:
        return "a control group with a quota needs root"
    try:
        Quota(1).remove()
    except OSError as e:
        return f"no control group with a CPU quota can be made here: {e}"
    return None
