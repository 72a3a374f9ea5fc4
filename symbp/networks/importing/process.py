"""The file of a model, run by a Python that has PyTorch: in a process with limits, which answers in data."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.errors import NoModelError, SpecError, shown
from symbp.guard import child as guard
from symbp.inputs import read_regular
from symbp.networks.importing.message import MAX_MESSAGE

SECONDS = 120.0
"""How long a model may take, PyTorch's own start included."""

MOST_REFUSED = 40
"""Most operations without a formula that a message lists."""

MOST_SAID = 300
"""Longest piece of somebody's text in a message, in characters."""


@dataclass(frozen=True)
class Child:
    """A script that runs a model, what it needs, and how that is installed."""

    script: str
    needs: str
    install: str


TORCH = Child("child.py", "PyTorch", "pip install torch, or name a Python that has it with --python")
ONNX = Child("child_onnx.py", "package onnx", "pip install onnx")


def answer(
    child: Child, request: Mapping[str, Any], name: str, *, python: str | None = None, seconds: float | None = None
) -> Any:
    """Run a model once, forward and backward; return what its process wrote, data that anybody could have written.

    Raises:
        SpecError: no such Python, no PyTorch in it, what the file raised or the model does that has no formula, or a
            process that ended, or did not end, without an answer.
        NoModelError: the name stands for something else.
    """
    limit = SECONDS if seconds is None else seconds
    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        script = Path(__file__).with_name(child.script)
        argv = [_interpreter(python), "-B", str(script), made]
        ended = guard.run(argv, folder, limit, environment={"PYTHONIOENCODING": "utf-8"})
        if ended.code is None:
            raise SpecError(f"{name} was not done within {limit:g} s: an endless loop, or input() that waits?")
        return _read(folder / "answer.json", child, name, ended.code)


def _read(place: Path, child: Child, name: str, code: int) -> Any:
    """Return what the process of a model left, as plain data; what it says in the place of a model is raised."""
    if not place.exists():
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise SpecError(f"{name}: its process ended without an answer ({how}): does the file leave Python?")
    try:
        return told(json.loads(read_regular(place, MAX_MESSAGE)), child, name)
    except SpecError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise SpecError(f"{name}: its process left an answer that cannot be read") from None


def _interpreter(python: str | None) -> str:
    """Return the program that runs the model."""
    if python is None:
        return sys.executable
    found = shutil.which(python)
    if found is None:
        raise SpecError(f"--python {shown(python)}: no such program")
    return found


def line(text: object) -> str:
    """Return somebody's words as one line that any terminal takes.

    Raises:
        TypeError: they are none.
    """
    if not isinstance(text, str):
        raise TypeError("text")
    whole = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:MOST_SAID]).split())
    return whole.replace("\\n", " ")


def told(found: Any, child: Child, name: str) -> dict[str, Any]:
    """Return an answer that is a model.

    Raises:
        SpecError: what it says in the place of one.
        TypeError, ValueError, LookupError: it is no answer of ours.
    """
    if not isinstance(found, dict):
        raise TypeError("an answer")
    problem = _problem(found, child, name)
    if problem is not None:
        raise problem
    return found


def _problem(found: dict[str, Any], child: Child, name: str) -> SpecError | None:
    where, _, function = name.partition(":")
    if "missing" in found:
        return SpecError(f"{name}: the Python that runs it has no {child.needs}: {child.install}")
    if "other" in found:
        return NoModelError(
            f"{name} is {line(found['other'])}, and no model: return a module, or (module, inputs, target, loss)"
        )
    if "refused" in found:
        listed = [f"{_at(where, each['line'])}{line(each['what'])}" for each in found["refused"][:MOST_REFUSED]]
        more = len(found["refused"]) - len(listed)
        return SpecError("; ".join(listed) + (f"; and {more} more" if more > 0 else ""))
    if "error" in found:
        said = line(found["says"])
        doing = {"loading": "loading it", "calling": f"{function}()"}.get(found["while"], "the model")
        raised = f"{doing} raised {line(found['error'])}"
        return SpecError(f"{_at(where, found['line'])}{raised}{f': {said}' if said else ''}")
    return None


def _at(where: str, number: object) -> str:
    """Return where in somebody's file something stands."""
    return f"{where}, line {int(number)}: " if isinstance(number, int) and number > 0 else f"{where}: "
