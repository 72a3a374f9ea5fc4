"""What the process of somebody's function left: read as data that anybody could have written there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.guard.child import Ended
from symbp.inputs import read_regular
from symbp.judging.npy import array_of

MAX_ANSWER = 10_000_000
"""Largest description of what was returned, in bytes: 5,000 keys of 200 characters for every case."""

MAX_ARRAY = 200_001_000
"""Largest array of it, in bytes, with its header."""

MAX_DEPTH = 8

MAX_ARRAYS = 5000
"""Most arrays of one case."""

MAX_TEXT = 1000
"""Longest piece of their text, in characters."""


@dataclass(frozen=True)
class Piece:
    """Part of what one run left, as data, its arrays beside it."""

    node: dict[str, Any]
    arrays: tuple[Any, ...]

    def arrays_in_order(self) -> Iterator[Any]:
        """Yield the arrays of this part."""
        waiting = [self.node]
        while waiting:
            each = waiting.pop(0)
            if each["kind"] == "array":
                yield self.arrays[each["at"]]
            waiting[:0] = each.get("values", ())


@dataclass(frozen=True)
class Call:
    """One case of a reading that ran: what was returned, what an object holds after it, which parameters moved,
    what their forward pass returned before.

    ``slots`` are the places of an object where the parameters are, ``examples`` how many calls
    were added up, ``first`` what the first of them gave alone.
    """

    returned: Piece
    left: Piece | None = None
    moved: Piece | None = None
    ahead: Piece | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    examples: int = 0
    first: Call | None = None


@dataclass(frozen=True)
class Outcome:
    """A reading, by number, that ran in a form, by number, for every case; differences of their own forward pass."""

    reading: int
    form: int
    calls: tuple[Call, ...]
    slopes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """A reading that did not run, with the reason in a line; ``depth`` is how far into their code it came.

    ``is_slow`` says that it did not end, ``is_final`` that it did, with something that cannot be handed on.
    """

    reading: int
    form: int
    said: str
    depth: int = 0
    refused: bool = False
    is_slow: bool = False
    is_final: bool = False


@dataclass(frozen=True)
class Made:
    """What a line of their file made: the number of the line, the name, the array."""

    line: int
    name: str
    array: Any


@dataclass(frozen=True)
class Explored:
    """What came of all readings; or what the lines of one made."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...]
    printed: str = ""
    traced: tuple[Made, ...] = ()


class RaisedError(SpecError):
    """Somebody's function raised; another way to call it may still fit."""


def explored(folder: Path, source: str, function: str, cases: int, ended: Ended) -> Explored:
    """Return what the answer in a folder describes.

    Raises:
        SpecError: there is no answer, or one that the runner did not write, or the file could not be loaded.
    """
    place = folder / "answer.json"
    if not place.exists():
        code = ended.code or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise SpecError(f"{source}: {function} ended its process without returning ({how})")
    try:
        found = json.loads(read_regular(place, MAX_ANSWER))
        if "error" in found:
            loading = RaisedError(_raised(found, source, function))
        else:
            loading = None

            def array(outcome: int, at: int) -> Any:
                return array_of(read_regular(folder / f"answer-{outcome}-{at}.npy", MAX_ARRAY))

            if "traced" in found:
                return Explored((), (), "", tuple(
                    Made(int(number), _line(name), array(0, at)) for at, (number, name) in enumerate(found["traced"])
                ))  # fmt: skip
            result = outcomes_of(found, array, source, function, cases)
    except (SpecError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise SpecError(
            f"{source}: {function} left an answer that cannot be read: let it return its gradients, and leave the "
            "folder of its process alone"
        ) from None
    if loading is not None:
        raise loading
    return replace(result, printed=ended.printed)


def outcomes_of(
    found: Mapping[str, Any], array: Callable[[int, int], Any], source: str, function: str, cases: int
) -> Explored:
    """Return what an answer describes; ``array`` gives the arrays of an outcome by their numbers.

    Raises:
        ValueError, LookupError, TypeError: it is no answer.
    """
    outcomes = tuple(_outcome(each, partial(array, number), cases) for number, each in enumerate(found["outcomes"]))
    problems = tuple(_problem(each, source, function) for each in found["problems"])
    if not outcomes and not problems:
        raise ValueError("nothing was tried")
    return Explored(outcomes, problems)


def _outcome(found: Mapping[str, Any], array: Callable[[int], Any], cases: int) -> Outcome:
    calls = tuple(_call(array, each) for each in found["cases"])
    if len(calls) != cases:
        raise ValueError("one result a case")
    slopes = {_line(name): tuple(map(float, each)) for name, each in dict(found.get("slopes", {})).items()}
    return Outcome(int(found["reading"]), int(found["form"]), calls, slopes)


def _problem(found: Mapping[str, Any], source: str, function: str) -> Problem:
    where = (int(found["reading"]), int(found["form"]))
    if found.get("slow"):
        return Problem(*where, f"{source}: {function} did not return in time", 0, refused=True, is_slow=True)
    if "refused" in found:
        said, is_final = f"{source}: {function} {_line(found['refused'])}", found.get("final") is True
        return Problem(*where, said, 0, refused=True, is_final=is_final)
    return Problem(*where, _raised({"while": "calling", **found}, source, function), int(found["depth"]))


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


def _call(array: Callable[[int], Any], found: Mapping[str, Any]) -> Call:
    start, end = map(int, found["arrays"])
    if not 0 <= end - start <= MAX_ARRAYS:
        raise ValueError("too many arrays")
    arrays = [array(at) for at in range(start, end)]

    slots = {_line(name): _line(path) for name, path in dict(found.get("slots", {})).items()}
    changed = tuple(_line(each) for each in found["changed"])
    examples = int(found.get("examples", 0))

    def call(own: Sequence[Any], examples: int, first: Call | None) -> Call:
        pieces = {key: Piece(_node(found[key], len(own), 0), tuple(own)) for key in _PIECES if key in found}
        return Call(**pieces, slots=slots, changed=changed, examples=examples, first=first)

    if not examples:
        return call(arrays, 0, None)
    half = len(arrays) // 2
    return call(arrays[:half], examples, call(arrays[half:], 0, None))


_PIECES = ("returned", "left", "moved", "ahead")


def _node(found: Mapping[str, Any], count: int, depth: int) -> dict[str, Any]:
    """Return one value of a result; what is not of a known kind raises."""
    kind = found["kind"]
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if kind == "array":
        at = int(found["at"])
        if not 0 <= at < count:
            raise ValueError("no such array")
        return {"kind": kind, "at": at, "from": _line(found["from"])}
    if kind == "other":
        return {"kind": kind, "type": _line(found["type"])}
    if kind == "none":
        return {"kind": kind}
    inner = [_node(each, count, depth + 1) for each in found["values"]]
    if kind == "list":
        return {"kind": kind, "values": inner}
    keys = [_line(each) for each in found["keys"]]
    if kind != "dict" or len(keys) != len(inner):
        raise ValueError("no kind of value")
    return {"kind": kind, "keys": keys, "values": inner}
