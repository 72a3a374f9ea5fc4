"""A layer of somebody's, judged by itself: its backward pass against differences of its own forward pass.

Nothing says how large its arrays are. Sizes are tried in the usual orders, prime and distinct, until its forward pass
runs; the gradient from above is drawn in the shape of what that returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.judging import process
from symbp.judging.answer import Call, Explored, Outcome, Piece, RaisedError
from symbp.judging.choice import Plan
from symbp.judging.diagnosis.diagnosis import Diagnosis, GivenRow, Judgement, Mark
from symbp.judging.finding import AHEAD, BACK, Signature, Source, find
from symbp.judging.judging import TIMEOUT, Invoke, Judged
from symbp.judging.vocabulary import WORDS, plain_name

FAR = 1e-5
"""Relative difference up to which a gradient agrees with differences of a forward pass."""

SLOW = 60.0
"""Seconds that a file may take which imports PyTorch or JAX."""

FAMILIES: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "rows": {"x": (5, 7), "w": (7, 3), "b": (3,), "g": (7,), "h": (5, 3), "u": (3, 3)},
    "rows, biases of two axes": {"x": (5, 7), "w": (7, 3), "b": (1, 3), "g": (1, 7), "h": (5, 3), "u": (3, 3)},
    "rows, weights outputs × inputs": {"x": (5, 7), "w": (3, 7), "b": (3,), "g": (7,), "h": (5, 3), "u": (3, 3)},
    "columns": {"x": (7, 5), "w": (3, 7), "b": (3, 1), "g": (7, 1), "h": (3, 5), "u": (3, 3)},
    "columns, biases of one axis": {"x": (7, 5), "w": (3, 7), "b": (3,), "g": (7,), "h": (3, 5), "u": (3, 3)},
    "four gates in rows": {"x": (5, 7), "w": (7, 12), "b": (12,), "g": (7,), "h": (5, 3), "u": (3, 12)},
    "four gates in columns": {"x": (7, 5), "w": (12, 7), "b": (12, 1), "g": (7, 1), "h": (3, 5), "u": (12, 3)},
    "steps": {"x": (5, 2, 7), "w": (7, 3), "b": (3,), "g": (7,), "h": (5, 3), "u": (3, 3)},
    "steps first": {"x": (2, 5, 7), "w": (7, 3), "b": (3,), "g": (7,), "h": (5, 3), "u": (3, 3)},
    "four gates over steps": {"x": (5, 2, 7), "w": (7, 12), "b": (12,), "g": (7,), "h": (5, 3), "u": (3, 12)},
    "images NCHW": {"x": (2, 3, 6, 4), "w": (5, 3, 3, 3), "b": (5,), "g": (3,), "h": (2, 3, 6, 4), "u": (5, 3, 3, 3)},
    "images NHWC": {"x": (2, 6, 4, 3), "w": (3, 3, 3, 5), "b": (5,), "g": (3,), "h": (2, 6, 4, 3), "u": (3, 3, 3, 5)},
    "images, biases of four axes": {
        "x": (2, 6, 4, 3), "w": (3, 3, 3, 5), "b": (1, 1, 1, 5), "g": (1, 1, 1, 3), "h": (2, 6, 4, 3), "u": (5, 3),
    },
    "joined states in columns": {"x": (7, 5), "w": (3, 10), "b": (3, 1), "g": (7, 1), "h": (3, 5), "u": (3, 10)},
}  # fmt: skip
"""Shapes of an input, weights, a bias, a scale or shift, a state, weights of a state; tried in this order."""

ROLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("g", re.compile(r"gamma|beta|scale|shift|^g$")),
    ("u", re.compile(r"^(w|u|k)?(hh|aa|h|u|rec)$|^wh|^u\w?$|whh|waa")),
    ("h", re.compile(r"prev|^(h|c|s|a)(0|t)?$|hidden|state")),
    ("b", re.compile(r"^b\w{0,2}$|bias")),
    ("w", re.compile(r"^w|weight|kernel|filter|theta|^k$")),
)
"""What an argument is by its plain name, the first that fits; else an input."""

SETTINGS = {
    "stride": 1, "pad": 1, "padding": 1, "pool_height": 2, "pool_width": 2, "kernel_size": 2, "size": 2, "f": 2,
    "mode": "train", "eps": 1e-5, "momentum": 0.9, "p": 0.5, "seed": 0, "G": 3,
}  # fmt: skip

NUMBERS: Mapping[str, Any] = {
    "epsilon": 1e-5, "momentum": 0.9, "keep": 0.5, "drop": 0.5, "penalty": 0.1, "count": 5, "config": SETTINGS,
}  # fmt: skip

ABOVE = re.compile(r"^(d|g|grad|delta|upstream|ct|up|cotangent|err)")


@dataclass(frozen=True)
class Pair:
    """A forward and a backward pass that belong together: functions of a file, or methods of a class."""

    ahead: Signature
    back: Signature
    start: Signature | None = None
    is_torch: bool = False

    @property
    def given(self) -> tuple[str, ...]:
        """The arguments that arrays are drawn for: those of the forward pass, and of a constructor."""
        own = (*(self.start.required if self.start else ()), *self.ahead.required)
        return tuple(each for each in own if number(each) is None and plain_name(each) not in ("ctx", "context"))

    def readings(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the steps of every way to call it."""
        start = []
        target: Any = self.ahead.called
        behind: Any = self.back.called
        if self.ahead.owner and not self.ahead.is_static:
            made = [self._plan(each) for each in (self.start.required if self.start else ())]
            start = [{"make": self.ahead.owner, "positional": made, "named": {}}]
            target, behind = ["method", self.ahead.name], ["method", self.back.name]
        first = {"call": target, "positional": [self._plan(each) for each in self.ahead.required], "named": {}}
        ways = [self._behind(each) for each in self.back.required]
        for plans in islice(product(*ways), 12):
            yield [*start, first, {"call": behind, "positional": list(plans), "named": {}}]

    def _plan(self, name: str) -> Plan:
        if plain_name(name) in ("ctx", "context"):
            return ["context"]
        value = number(name)
        return ["array", name] if value is None else ["value", value]

    def _behind(self, name: str) -> list[Plan]:
        """Return what an argument of the backward pass may be: what the forward pass had, kept or is asked for."""
        word = plain_name(name)
        if word in ("ctx", "context") and self.back.is_static:
            return [["context"]]
        if name in self.given or number(name) is not None:
            return [self._plan(name)]
        kinds = WORDS.get(word, ())
        kept: list[Plan] = [["result", 0, [-1]], ["result", 0, []], ["result", 0, [1]]]
        if "cache" in kinds and not ABOVE.search(word):
            return kept
        return [["above", 0]] if ABOVE.search(word) or len(self.back.required) == 1 else [*kept, ["above", 0]]


def number(name: str) -> Any:
    """Return what an argument that is no array is given; None for an array."""
    kinds = WORDS.get(plain_name(name), ())
    found = next((NUMBERS[kind] for kind in kinds if kind in NUMBERS), None)
    if found is None and plain_name(name) in SETTINGS:
        return SETTINGS[plain_name(name)]
    return found


def role(name: str) -> str:
    """Return what an argument is, a key of ``FAMILIES``."""
    word = plain_name(name)
    return next((each for each, pattern in ROLES if pattern.search(word)), "x")


def pair_of(place: Path, name: str) -> Pair | None:
    """Return the passes that a name of a file stands for; None where one of them is missing."""
    try:
        found = find(place, name)
    except SpecError:
        return None
    source, own = found.source, found.signature
    beside = source.beside(own)
    start = source.classes.get(own.owner, {}).get("__init__")
    stem = plain_name(BACK.sub("", AHEAD.sub("", own.name)).replace("ward", ""))
    others = {plain_name(BACK.sub("", AHEAD.sub("", key)).replace("ward", "")): each for key, each in beside.items()
              if AHEAD.search(key) and not BACK.search(key)}  # fmt: skip
    ahead = others.get(stem)
    if ahead is None or not BACK.search(own.name) or _is_of(source, own.owner, "Module"):
        return None
    return Pair(ahead, own, None if start is None or own.is_static else start, _is_of(source, own.owner, "Function"))


def _is_of(source: Source, owner: str, base: str) -> bool:
    """Whether a class has a base whose name ends so."""
    classes = (each for each in source.tree.body if isinstance(each, ast.ClassDef) and each.name == owner)
    return any(ast.unparse(own).endswith(base) for each in classes for own in each.bases)


def judge_pair(place: Path, name: str, *, seed: int = 0) -> Judged | None:
    """Judge the backward pass of a layer against differences of its own forward pass; None where it is no pair.

    Raises:
        SpecError: it cannot be called, or gives nothing that could be compared.
    """
    pair = pair_of(place, name)
    if pair is None:
        return None
    is_slow = re.search(rb"^\s*(import|from) (torch|jax)\b", place.read_bytes(), re.MULTILINE) is not None
    timeout = SLOW if is_slow else TIMEOUT
    found = judge_passes(pair, lambda request: process.run(place, pair.back.called, request, timeout),
                         f"{place.name}:{pair.back.called}", seed=seed)  # fmt: skip
    return replace(found, notes=(*found.notes, *process.caveats()))


def judge_passes(pair: Pair, invoke: Invoke, source: str, *, seed: int = 0) -> Judged:
    """Judge passes that belong together, which ``invoke`` can call.

    Raises:
        SpecError: they cannot be called, or give nothing that could be compared.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    arrays = [{each: random.standard_normal(shapes[role(each)]) for each in pair.given} for shapes in FAMILIES.values()]
    readings = list(pair.readings())
    order = [(at, family) for family in range(len(arrays)) for at in range(len(readings))]
    form = {"parameters": [], "each": [], "torch": pair.is_torch}
    request = process.Request(readings, [form] * len(arrays), order, [arrays], pair.given, "above")
    explored = invoke(request)
    compared = [_Compared(pair, each, arrays[each.form]).rows() for each in explored.outcomes if each.slopes]
    return _verdict(source, pair, [each for each in compared if each], explored)


def _verdict(source: str, pair: Pair, compared: Sequence[tuple[GivenRow, ...]], explored: Explored) -> Judged:
    call = pair.ahead.called
    if not compared:
        said = next((each.said for each in explored.problems if not each.refused), "")
        raise RaisedError(said or f"{source}: no sizes were found at which {call} and {pair.back.called} run")
    if any(row.note == RANDOM for rows in compared for row in rows):
        raise SpecError(f"{source}: {call} returns other numbers every time: let it draw by a seed")

    def right(rows: tuple[GivenRow, ...]) -> int:
        return sum(each.mark is Mark.RIGHT for each in rows)

    rows = max(compared, key=lambda each: (right(each) == len(each), right(each)))
    is_right = right(rows) == len(rows)
    missing = [each.name for each in rows if each.mark is Mark.MISSING]
    verdict = Judgement.RIGHT if is_right else Judgement.INCOMPLETE
    if any(each.mark not in (Mark.RIGHT, Mark.MISSING) for each in rows):
        verdict = Judgement.WRONG
    note = f"compared with differences of your own forward pass, {call}"
    found = Diagnosis(verdict, rows, notes=(note,))
    wrong = [each.gradient for each in rows if each.mark not in (Mark.RIGHT, Mark.MISSING)]
    disagree = "disagree" if len(wrong) > 1 else "disagrees"
    sentence = f"wrong: {', '.join(wrong)} {disagree} with differences of {call}" if wrong else ""
    if missing and not wrong and not right(rows):
        raise SpecError(f"{source}: it returns nothing that is the gradient of {', '.join(missing)}")
    return Judged(found, source, (), explored.printed, sentence)


RANDOM = "random"


@dataclass(frozen=True)
class _Compared:
    """What one way to call a pair gave."""

    pair: Pair
    outcome: Outcome
    arrays: Mapping[str, Any]

    def rows(self) -> tuple[GivenRow, ...]:
        """Return a row an argument; nothing where nothing has the shape of one."""
        found = self._gradients(self.outcome.calls[0])
        rows = tuple(self._row(name, found.get(name)) for name in self.pair.given if name in self.outcome.slopes)
        return rows if any(each.mark is not Mark.MISSING for each in rows) else ()

    def _row(self, name: str, gradient: Any) -> GivenRow:
        import numpy as np

        one, two, again = self.outcome.slopes[name]
        if again:
            return GivenRow(name, Mark.WRONG, None, RANDOM)
        if gradient is None:
            return GivenRow(name, Mark.MISSING)
        if not np.isfinite(gradient).all():
            return GivenRow(name, Mark.NAN, None, "holds numbers that are not finite")
        worst = 0.0
        for seed, slope in enumerate((one, two)):
            along = np.random.default_rng(seed).standard_normal(self.arrays[name].shape)
            size = float(np.linalg.norm(gradient) * np.linalg.norm(along)) / np.sqrt(gradient.size)
            size = max(size, abs(slope)) + 1e-9
            worst = max(worst, abs(float(np.sum(gradient * along)) - slope) / size)
        digits = min(16.0, -float(np.log10(worst + 1e-16)))
        return GivenRow(name, Mark.RIGHT if worst <= FAR else Mark.WRONG, round(max(digits, 0.0), 1))

    def _gradients(self, call: Call) -> dict[str, Any]:
        """Return the gradients by the arguments they are of: by their keys or names, else in order by their shapes."""
        found: dict[str, Any] = {}
        unnamed: list[Any] = []
        for key, array in (*_parts(call.returned, self.pair.back.returns), *(_parts(call.left) if call.left else ())):
            name = self._named(key)
            if name is not None and name not in found and array.shape == self.arrays[name].shape:
                found[name] = array
            elif call.left is None or not key:
                unnamed.append(array)
        for array in unnamed:
            free = (n for n in self.pair.given if n not in found and self.arrays[n].shape == array.shape)
            name = next(free, None)
            if name is not None:
                found[name] = array
        return found

    def _named(self, key: str) -> str | None:
        word = plain_name(key.rpartition(".")[2])
        bare = re.sub(r"^(d|grad|nabla|g)(?=.)|(grad|bar)$", "", word)
        return next((each for each in self.pair.given if bare != word and plain_name(each) == bare), None)


def _parts(piece: Piece, names: Sequence[str] = ()) -> Iterator[tuple[str, Any]]:
    node = piece.node
    if node["kind"] == "array":
        yield "", piece.arrays[node["at"]]
        return
    keys = node.get("keys") or (names if len(names) == len(node.get("values", ())) else [""] * MOST)
    for key, each in zip(keys, node.get("values", ()), strict=False):
        if each["kind"] == "array":
            yield key, piece.arrays[each["at"]]


MOST = 100
"""How many results without a name are looked at."""
