"""The progress bar of commands that go through many items."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress_bar() -> Progress:
    """Return a progress bar on standard error; silent where nobody watches, and without a thread of its own."""
    watched = sys.stderr is not None and sys.stderr.isatty()
    parts = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False)
    return Progress(*parts, console=Console(stderr=True), auto_refresh=False, disable=not watched)
