"""Somebody's code, run in a process of its own: arrays go there and come back as files without pickle."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.guard.child import run as guarded
from symbp.guard.supervisor import unlimited
from symbp.judging.answer import Explored, explored

OWN = {"PYTHONIOENCODING": "utf-8", "JAX_ENABLE_X64": "1"}
"""Variables of its environment: what it prints can be read, JAX computes in double precision as NumPy does."""

SHARE = 0.6
"""Of the time that a function may take, how much readings may begin in."""


class TimeLimitError(SpecError):
    """Somebody's function took longer than it may."""


@dataclass(frozen=True)
class Request:
    """What is tried: readings as steps, forms, and in which order, (reading, form) each.

    ``arrays`` are by case and form; ``forms`` say which arrays count examples and which are parameters. ``wanted`` are
    differentiated by in differences of their own forward pass, where ``above`` names the gradient of its output.
    ``is_traced`` asks for what the lines of the first reading make, in place of results.
    """

    readings: Sequence[Sequence[dict[str, Any]]]
    forms: Sequence[dict[str, Any]]
    order: Sequence[tuple[int, int]]
    arrays: Sequence[Sequence[dict[str, Any]]]
    wanted: Sequence[str] = ()
    above: str = ""
    is_traced: bool = False

    def data(self, timeout: float) -> dict[str, Any]:
        """Return it as JSON data, without the arrays."""
        return {
            "readings": self.readings, "forms": self.forms, "order": self.order, "cases": len(self.arrays),
            "budget": SHARE * timeout, "wanted": list(self.wanted), "above": self.above,
            "is_traced": self.is_traced,
        }  # fmt: skip


def run(source: Path, function: str, request: Request, timeout: float) -> Explored:
    """Try readings of a function of a file; return what ran, with the first of what it printed.

    Raises:
        TimeLimitError: it took longer than ``timeout`` seconds.
        SpecError: it ended its process, or gave no answer.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as name:
        folder, own = Path(name), Path(name, "own")
        own.mkdir()  # Empty: what it removes, or writes, in the folder it stands in is nobody's.
        for case, by_form in enumerate(request.arrays):
            for form, arrays in enumerate(by_form):
                np.savez(folder / f"given-{case}-{form}.npz", **arrays)
        asked = {"source": str(source.resolve()), **request.data(timeout)}
        (folder / "request.json").write_text(json.dumps(asked), encoding="utf-8")
        runner = Path(__file__).with_name("runner.py")
        ended = guarded([sys.executable, "-B", str(runner), name], folder, timeout, cwd=own, environment=OWN)
        if ended.code is None:
            raise TimeLimitError(
                f"{source.name}: {function} did not return within {timeout:g} s: an endless loop, or input() that "
                "waits? --timeout SECONDS gives it more"
            )
        return explored(folder, source.name, function, len(request.arrays), ended)


def caveats() -> tuple[str, ...]:
    """Return a line about the limits that this system does not have, if there are such."""
    missing = unlimited()
    return (f"this system cannot {', or '.join(missing)}: run here what you trust",) if missing else ()
