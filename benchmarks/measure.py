"""Timing for a busy machine: compared runs take turns, and the best of several repeats counts."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import NotMeasuredError

ROOT = Path(__file__).parents[1]
INSTALL = "not installed: pip install '.[benchmark]'"


@dataclass(frozen=True)
class Times:
    """The times of one run's repeats, in seconds."""

    best: float
    median: float


def interleaved(
    runs: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Times]:
    """Time each run ``repeats`` times, taking turns, after one round to warm up."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            gc.collect()
            start = clock()
            run()
            if turn:
                found[name].append(clock() - start)
    return {name: Times(min(times), median(times)) for name, times in found.items()}


def best(run: Callable[[], object], repeats: int) -> float:
    """Return the best time of a run."""
    return interleaved({"": run}, repeats)[""].best


def python(*arguments: str) -> str:
    """Run this Python in an empty folder and return what it printed.

    Raises:
        NotMeasuredError: it failed; with the last line it said.
    """
    # An installed package has its modules compiled; a setting that forbids it would measure the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, env=environment, check=False
        )
    if done.returncode:
        raise NotMeasuredError(done.stderr or f"exit code {done.returncode}")
    return done.stdout


def probe(name: str, *arguments: object) -> dict[str, Any]:
    """Run a function of probes.py in a fresh process and return what it measured."""
    return dict(json.loads(python("-m", "benchmarks.probes", name, *map(str, arguments)).splitlines()[-1]))


def best_probe(repeats: int, name: str, *arguments: object) -> dict[str, Any]:
    """Return the smallest of each measurement over several fresh processes."""
    found = [probe(name, *arguments) for _ in range(repeats)]
    return {key: min(each[key] for each in found) for key in found[0]}


def require(*packages: str) -> None:
    """Refuse when a peer is not installed.

    Raises:
        NotMeasuredError: with the command that installs it.
    """
    if any(find_spec(package) is None for package in packages):
        raise NotMeasuredError(INSTALL)


def largest_difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """Return the largest difference of two sets of gradients, each entry relative to its parameter's largest."""
    if ours.keys() != theirs.keys():
        raise NotMeasuredError(f"other parameters: {sorted(ours)} and {sorted(theirs)}")
    return max(float(abs(ours[key] - theirs[key]).max() / abs(theirs[key]).max()) for key in ours)


def names(layers: int) -> Sequence[int]:
    """Return the layer numbers from 1."""
    return range(1, layers + 1)
