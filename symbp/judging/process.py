"""Somebody's function, called in a process of its own: arrays go there and come back as files without pickle."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.guard.child import run as guarded
from symbp.guard.supervisor import unlimited
from symbp.judging.answer import Call, calls


def run(
    source: Path, function: str, plan: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], timeout: float
) -> tuple[list[Call], str]:
    """Call a function of a file once for every case; return the calls and the first of what it printed.

    Raises:
        SpecError: it took longer than ``timeout`` seconds, ended its process, gave no answer, or raised.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for number, arrays in enumerate(cases):
            for at, array in enumerate(arrays.values()):
                np.save(folder / f"{number}-{at}.npy", array, allow_pickle=False)
        request = {
            "source": str(source.resolve()),
            "function": function,
            "plan": plan,
            "cases": [list(each) for each in cases],
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        runner = Path(__file__).with_name("runner.py")
        ended = guarded(
            [sys.executable, "-B", str(runner), name], folder, timeout, environment={"PYTHONIOENCODING": "utf-8"}
        )
        if ended.code is None:
            raise SpecError(
                f"{source.name}: {function} did not return within {timeout:g} s: an endless loop, or input() that "
                "waits? --timeout SECONDS gives it more"
            )
        return calls(folder, source.name, function, len(cases), ended.code), ended.printed


def caveats() -> tuple[str, ...]:
    """Return a line about the limits that this system does not have, if there are such."""
    missing = unlimited()
    return (f"this system cannot {', or '.join(missing)}: run here what you trust",) if missing else ()
