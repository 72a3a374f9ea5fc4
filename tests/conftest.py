"""What several tests share (helpers, corpus, pages) is importable from every folder; in CI a test that skips fails."""

import contextlib
import io
import json
import os
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

from symbp.cli.main import THREADS

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "helpers"), str(HERE / "pages"), str(HERE)]
from planted.mistakes import MISTAKES  # noqa: E402

for thread in THREADS:  # Workers beside each other: more threads would only wait for each other.
    os.environ.setdefault(thread, "1")

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")  # Examples that differ from run to run would fail on somebody else's machine first.

ALLOWED = "root may write anywhere"
"""The one reason to skip that no installation removes."""


def judged(report):
    """In CI everything is installed: a comparison that did not run is a comparison that failed."""
    if report.skipped and os.environ.get("CI") == "true" and ALLOWED not in str(report.longrepr):
        report.outcome, report.longrepr = "failed", f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return judged((yield))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """A few files run in this process: starting workers would cost more than they save."""
    return 0 if all(".py" in each for each in config.args) else None


MOST = 10
"""How many cases of one test the short suite runs; the long one runs the others."""


@pytest.hookimpl(tryfirst=True)  # Before -m chooses.
def pytest_collection_modifyitems(items):
    """Of a test of many cases the short suite takes some, evenly spread.

    All of them run where it is marked ``whole``, and in the files that are named as those that see planted mistakes.
    """
    named = {HERE / file for mistake in MISTAKES for file in mistake.tests}
    families = {}
    for item in items:
        if item.path not in named and not any(item.get_closest_marker(name) for name in ("long", "whole")):
            families.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in families.values():
        kept = {round(at * (len(cases) - 1) / (MOST - 1)) for at in range(MOST)}
        for at, case in enumerate(cases):
            if len(cases) > MOST and at not in kept:
                case.add_marker(pytest.mark.long)


def pytest_ignore_collect(collection_path, config):
    """Without long tests the comparisons with PyTorch are not even imported: torch alone takes seconds."""
    return True if collection_path == HERE / "pytorch" and config.option.markexpr == "not long" else None


def pytest_itemcollected(item):
    if HERE / "pytorch" in item.path.parents:
        item.add_marker("long")


@pytest.fixture
def same_process(monkeypatch):
    """Somebody's function runs in this process, by the same runner: for tests of how it is read and judged."""
    import numpy as np

    from symbp.guard.child import PRINTED, Ended
    from symbp.judging import process, runner

    def answered(argv, folder, timeout, **options):
        source = Path(json.loads((folder / "request.json").read_text())["source"])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), warnings.catch_warnings(action="ignore"), np.errstate():
            path = list(sys.path)
            found = runner.answer(folder)
            sys.path[:] = path
            sys.modules.pop(source.stem, None)
        (folder / "answer.json").write_text(json.dumps(found), encoding="utf-8")
        return Ended(0, printed.getvalue()[:PRINTED])

    monkeypatch.setattr(process, "guarded", answered)
