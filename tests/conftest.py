"""What several tests share, tests/helpers, is importable from every folder; in CI a test that skips fails."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "helpers"))

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
