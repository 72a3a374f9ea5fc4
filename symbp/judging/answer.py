"""What the process of somebody's function left: read as data that anybody could have written there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.inputs import read_regular
from symbp.judging.npy import array_of

MAX_ANSWER = 10_000_000
"""Largest description of what was returned, in bytes: 5,000 keys of 200 characters for every case."""

MAX_ARRAY = 200_001_000
"""Largest array of it, in bytes, with its header."""

MAX_DEPTH = 8

MAX_TEXT = 1000
"""Longest piece of their text, in characters."""


@dataclass(frozen=True)
class Call:
    """One call: the description of what was returned, its arrays, and the arguments it changed."""

    result: dict[str, Any]
    arrays: tuple[Any, ...]
    changed: tuple[str, ...] = ()


class RaisedError(SpecError):
    """Somebody's function raised; another way to call it may still fit."""


def calls(folder: Path, source: str, function: str, cases: int, code: int) -> list[Call]:
    """Return the calls that the answer in a folder describes; ``code`` is the exit code of the process.

    Raises:
        SpecError: there is no answer, or one that the runner did not write, or what was returned is refused.
        RaisedError: the function raised.
    """
    place = folder / "answer.json"
    if not place.exists():
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise SpecError(f"{source}: {function} ended its process without returning ({how})")
    try:
        found = json.loads(read_regular(place, MAX_ANSWER))
        problem = _problem(found, source, function)
        answers = [] if problem else [_call(folder, number, each) for number, each in enumerate(found["results"])]
        if len(answers) != cases and problem is None:
            raise ValueError("one result a case")
    except (SpecError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise SpecError(
            f"{source}: {function} left an answer that cannot be read: let it return its gradients, and leave the "
            "folder of its process alone"
        ) from None
    if problem is not None:
        raise problem
    return answers


def _problem(found: Mapping[str, Any], source: str, function: str) -> SpecError | None:
    if "refused" in found:
        return SpecError(f"{source}: {function} {_line(found['refused'])}")
    if "error" in found:
        return RaisedError(_raised(found, source, function))
    return None


def _raised(found: Mapping[str, Any], source: str, function: str) -> str:
    """Return an exception of theirs as one line: where, what, and what it says."""
    line = f", line {int(found['line'])}" if found["line"] else ""
    name, says = _line(found["error"]), _line(found["says"])
    if name == "SystemExit":
        return f"{source}{line}: it calls sys.exit: let {function} return its gradients"
    if "Tensor" in says and "numpy" in says:
        says += "; the arguments are NumPy arrays, so begin with X = torch.from_numpy(X)"
    doing = f"{function} raised " if found["while"] == "calling" else "loading it raised "
    return f"{source}{line}: {doing}{name}{f': {says}' if says else ''}"


def _line(text: object) -> str:
    """Return their words as one line that any file or terminal takes."""
    if not isinstance(text, str):
        raise TypeError("text")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:MAX_TEXT]).split())


def _call(folder: Path, number: int, found: Mapping[str, Any]) -> Call:
    arrays: list[Any] = []
    result = _node(found["result"], arrays, folder, number, 0)
    return Call(result, tuple(arrays), tuple(_line(each) for each in found["changed"]))


def _node(found: Mapping[str, Any], arrays: list[Any], folder: Path, number: int, depth: int) -> dict[str, Any]:
    """Return one value of a result, its arrays read on the way; what is not of a known kind raises."""
    kind = found["kind"]
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if kind == "array":
        arrays.append(array_of(read_regular(folder / f"answer-{number}-{len(arrays)}.npy", MAX_ARRAY)))
        return {"kind": kind, "at": len(arrays) - 1, "from": _line(found["from"])}
    if kind == "other":
        return {"kind": kind, "type": _line(found["type"])}
    if kind == "none":
        return {"kind": kind}
    inner = [_node(each, arrays, folder, number, depth + 1) for each in found["values"]]
    if kind == "list":
        return {"kind": kind, "values": inner}
    keys = [_line(each) for each in found["keys"]]
    if kind != "dict" or len(keys) != len(inner):
        raise ValueError("no kind of value")
    return {"kind": kind, "keys": keys, "values": inner}
