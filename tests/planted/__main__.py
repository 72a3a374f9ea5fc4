"""Plant mistakes in a copy of symbp, one at a time, and see the short suite catch every one.

    python -m tests.planted [--seed N] [--only WORD] [--most N] [--jobs N]

The tests that look at the place are tried first; where they all pass, the whole short suite runs. The seed says in
which order mistakes are planted, and which text of those that have several. Exit code 1: one was not caught.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue

from tests.planted.mistakes import KINDS, MISTAKES, Mistake

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".venv", "node_modules", "dist")
SECONDS = 1200
"""For the whole short suite on a slow machine; a selection takes a few."""

FIRST_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


FAILS = "fails where no mistake is planted"


@dataclass(frozen=True)
class Caught:
    """What became of a mistake: the test that failed, and whether the whole suite was needed for it."""

    mistake: Mistake
    wrong: str
    test: str
    everything: bool

    def __str__(self) -> str:
        by = f"{self.test}{' (whole suite)' * self.everything}" if self.test else "NOT CAUGHT"
        return f"{self.mistake.name}: {_short(self.mistake.old)} -> {_short(self.wrong)}\n    {by}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else f"{line[:57]}...")


def failed_test(root: Path, tests: Sequence[str]) -> str:
    """Return the first test of a checkout that fails, '' where all pass.

    Raises:
        RuntimeError: pytest found no tests, or could not run.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-rfE", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode == 0:
        return ""
    found = FIRST_FAILED.search(done.stdout)
    if found is None or done.returncode not in (1, 2):  # 2: a file of tests could not even be read.
        raise RuntimeError(
            f"pytest {' '.join(tests)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}"
        )
    return found[1]


@contextmanager
def planted(mistake: Mistake, root: Path, wrong: str) -> Iterator[None]:
    """Have a mistake in a checkout for a while."""
    place, text = mistake.planted(root, wrong)
    right = place.read_text(encoding="utf-8")
    _rewrite(place, text)
    try:
        yield
    finally:
        _rewrite(place, right)


def _rewrite(place: Path, text: str) -> None:
    """Write a source, and forget its bytecode: Python knows it by size and seconds, which may be the same."""
    place.write_text(text, encoding="utf-8")
    for known in place.parent.glob(f"__pycache__/{place.stem}.*.pyc"):
        known.unlink()


def tried(mistake: Mistake, wrong: str, copies: SimpleQueue[Path]) -> Caught:
    """Plant a mistake in a copy that is free, and run the tests."""
    root = copies.get()
    try:
        with planted(mistake, root, wrong):
            first = failed_test(root, [f"tests/{each}" for each in mistake.tests])
            found = first or failed_test(root, [])
        if found and not first and failed_test(root, [found]):
            raise RuntimeError(f"{found} {FAILS}")
        return Caught(mistake, wrong, found, not first)
    finally:
        copies.put(root)


def spread(chosen: Sequence[tuple[Mistake, str]], most: int) -> list[tuple[Mistake, str]]:
    """Return some of them: the first of every kind, then the second, and so on."""
    turns = [[pair for pair in chosen if pair[0].kind == kind] for kind in KINDS]
    return [pair for turn in zip_longest(*turns) for pair in turn if pair is not None][:most]


def main() -> int:
    """Plant, run, print the list."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="mistakes whose kind or file has this word in it")
    parser.add_argument(
        "--most", type=int, default=len(MISTAKES), help="plant so many, of every kind as many as there are"
    )
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    given = parser.parse_args()
    choose = random.Random(given.seed)
    chosen = [(each, choose.choice(each.new)) for each in MISTAKES if given.only in each.name]
    choose.shuffle(chosen)
    chosen = spread(chosen, given.most)
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        roots = [Path(folder, str(number)) for number in range(given.jobs)]
        copies: SimpleQueue[Path] = SimpleQueue()
        for root in roots:
            shutil.copytree(ROOT, root, ignore=LEFT_OUT)
            copies.put(root)
        tests = sorted({f"tests/{each}" for mistake, _ in chosen for each in mistake.tests})
        if failed := failed_test(roots[0], tests):
            print(f"{failed} {FAILS}", file=sys.stderr)
            return 1
        with ThreadPoolExecutor(given.jobs) as pool:
            found = []
            for caught in pool.map(lambda pair: tried(*pair, copies), chosen):
                print(caught, flush=True)
                found.append(caught)
    missed = [each for each in found if not each.test]
    counts = ", ".join(f"{sum(each.mistake.kind == kind for each in found)} {kind}" for kind in KINDS)
    print(f"\n{len(found) - len(missed)} of {len(found)} planted mistakes caught (seed {given.seed}): {counts}")
    return 1 if missed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
