# SPDX-License-Identifier: Apache-2.0
"""Measuring in pairs: ours and a peer (or several) in turn, so that a machine that slows down slows all.

What is printed is the ratio of each pair, as median and spread; absolute figures stand beside it for
orientation only.
"""

import statistics
import subprocess
import time


def seconds(args, env=None, cwd=None):
    """Wall-clock seconds of one whole process; its output is thrown away, a failure ends the benchmark."""
    begin = time.perf_counter()
    subprocess.run(
        [str(a) for a in args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd=cwd, check=True
    )
    return time.perf_counter() - begin


def measure(ours, peer, pairs, warmup=1):
    """Calls ours() and peer() in turn; returns two lists of what they returned, warm-up left out."""
    mine, theirs = [], []
    for round_number in range(warmup + pairs):
        # The order swaps, so that neither is always the one that runs second.
        calls = [(ours, mine), (peer, theirs)]
        for call, results in calls if round_number % 2 == 0 else reversed(calls):
            value = call()
            if round_number >= warmup:
                results.append(value)
    return mine, theirs


def rounds(calls, count, warmup=1):
    """calls: name -> function.  Calls each once a round, every round beginning with the next one; returns
    name -> list of what it returned, warm-up left out."""
    names = list(calls)
    results = {name: [] for name in names}
    for number in range(warmup + count):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = calls[name]()
            if number >= warmup:
                results[name].append(value)
    return results


def spread(values, form="{:.3g}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}-{form.format(max(values))})"


def report(title, mine, theirs, unit, peer_name):
    """One line: the ratio ours/peer pair by pair, then both figures."""
    ratios = [a / b for a, b in zip(mine, theirs)]
    print(
        f"{title}: ours/{peer_name} {spread(ratios)} over {len(ratios)} pairs; "
        f"ours {spread(mine)} {unit}, {peer_name} {spread(theirs)} {unit}",
        flush=True,
    )


def table(title, results, unit, ours):
    """A row for each: its figure, and ours/its figure round by round."""
    print(f"{title}, {unit}; {len(results[ours])} rounds, median (lowest-highest)")
    for name, values in results.items():
        ratio = "" if name == ours else f"{ours}/{name} {spread([a / b for a, b in zip(results[ours], values)])}"
        print(f"  {name:20} {spread(values, '{:,.5g}'):30} {ratio}".rstrip())
    print(flush=True)
