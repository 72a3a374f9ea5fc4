"""The right side of a formula at numbers: the readings it may have, its value for a batch, its error."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import ShapeError, SpecError
from symbp.judging.arithmetic import size_text
from symbp.judging.cases import Case, Layout, cases
from symbp.judging.hands import plain
from symbp.judging.lexicon import Lexicon, layer_words, normal
from symbp.judging.meanings import Named, Operator, Place, Symbol
from symbp.judging.values import value
from symbp.judging.written import TypedSide, written
from symbp.networks.reading import quote
from symbp.symbols import BATCH, Adjoint, Variable

MEAN = "1/m"
TOLERANCE = 1e-9
"""Relative difference up to which a formula is right, as in the check of a derivation."""

_SHARE = r"(?:\(?1/[mN]\)?|\\[dt]?frac\s*\{?1\}?\s*\{?[mN]\}?)\s*[*·]?\s*"
SUM = re.compile(
    rf"\s*(?P<share>{_SHARE})?(?:\\sum(?:\\limits)?(?:\s*_(?:\{{\s*(?P<a>[in])\b[^{{}}]*\}}|(?P<b>[in])))?(?![a-z]|\s*_)"
    r"(?:\s*\^(?:\{[^{}]*\}|\w))?|(?:Σ|∑|sum(?=[\s_]))(?:_(?P<c>[in])\b|_\((?P<d>[in])=1\.\.[mN]\))?(?![_ᵢ-ᵪₐ-ₜⱼ]))\s*(?:\\,\s*)?"
)
"""What stands before a sum over the examples: Σ, with 1/m or without, in each way to write."""


def split(text: str) -> list[str]:
    """Return the sides of an equation as they were typed: what stands between = outside of brackets."""
    flat, places = plain(text)
    depth, cuts = 0, [0]
    for at, sign in enumerate(flat):
        depth += (sign in "([{") - (sign in ")]}")
        is_equals = sign == "=" and flat[at - 1 : at] not in tuple("=<>!") and flat[at + 1 : at + 2] != "="
        if is_equals and depth <= 0:
            cuts += [at, at + 1]
    cuts.append(len(flat))
    pairs = zip(cuts[::2], cuts[1::2], strict=True)
    return [text[places[start] : places[end]].strip().strip("&").strip() for start, end in pairs]


def without_example(body: str, found: re.Match[str]) -> str:
    """Return what is added up over the examples without the letter that counts them."""
    letter = found["a"] or found["b"] or found["c"] or found["d"]
    if not letter:
        return body
    body = body.replace("⁽ⁱ⁾", "^(i)")
    body = re.sub(rf"\^\{{?\s*\(\s*{letter}\s*\)\s*\}}?", "", body)
    return re.sub(rf"(?<=[\])])\s*\(\s*{letter}\s*\)|_{letter}(?![A-Za-z0-9])|_\{{{letter}\}}", "", body)


@dataclass(frozen=True)
class Reading:
    """How names that differ from course to course are read, and whether examples are taken one by one."""

    alone: bool = False
    shift: int = 0
    last: str = "Z"
    scaled: bool = False

    def note(self, depth: int) -> str:
        """Return what was assumed of names in course notes, as a sentence."""
        parts = ["aₗ is what enters layer l, so a₁ is the input"] if self.shift else []
        parts += [f"dLoss is the gradient by {self.last}{depth}"]
        return "read so that " + "; ".join(parts)


@dataclass(frozen=True)
class RightSide:
    """One right side of a formula in one reading; ``total`` is what Σ over the examples before it is multiplied by.

    Nothing: there is no Σ.
    """

    written: TypedSide
    total: str
    reading: Reading


@dataclass(frozen=True)
class Ground:
    """What formulas are judged on: one concrete network, what the letters mean, numbers drawn once.

    ``is_scaled`` says that dZ and dA are m times the gradient: so they are in the notation of the formulas.
    """

    derivation: Derivation
    words: Lexicon
    seed: int = 0
    layout: Layout | None = None
    is_scaled: bool = False

    @cached_property
    def cases(self) -> list[Case]:
        """The numbers."""
        return cases(self.derivation, self.seed, layout=self.layout)

    def course(self, shift: int, last: str) -> Lexicon:
        """Return the words with those that course notes use in several ways, in one of them."""
        if (shift, last) not in self._courses:
            self._courses[shift, last] = self.words.with_words(layer_words(self.derivation, shift, last))
        return self._courses[shift, last]

    @cached_property
    def _courses(self) -> dict[tuple[int, str], Lexicon]:
        return {}

    def known(self, text: str) -> bool:
        """Whether every symbol of a formula means something."""
        try:
            for part in split(text):
                total = SUM.match(part)
                written(without_example(part[total.end() :], total) if total else part, self.words)
        except SpecError:
            return False
        return True


@dataclass(frozen=True)
class Trial:
    """Tries right sides for one target, a gradient or a matrix of the forward pass."""

    ground: Ground
    target: Variable | Adjoint
    letters: str = ""

    @property
    def is_gradient(self) -> bool:
        """Whether a gradient is asked for."""
        return isinstance(self.target, Adjoint)

    @property
    def name(self) -> str:
        """The matrix that it is, or is the gradient of."""
        return self.target.of.name if isinstance(self.target, Adjoint) else self.target.name

    def fitting(self, body: str, total: str) -> tuple[list[RightSide], ShapeError | None]:
        """Return the readings in which the formula runs and has its target's shape, and the first problem of others."""
        found: list[RightSide] = []
        problem: ShapeError | None = None
        for side in self.all(body, total):
            try:
                wrong = self._misshapen(side)
            except ShapeError as error:
                wrong = error
            if wrong is None:
                found.append(side)
            problem = problem or wrong
        return found, problem

    def _misshapen(self, side: RightSide) -> ShapeError | None:
        """Return what is wrong with the shape of a side's value; None where nothing is."""
        for found, case in zip(self.values(side), self.ground.cases, strict=True):
            if not _fits(found, case, self.target):
                size, other = (size_text(each, case) for each in (case.known[self.target.name].shape, found.shape))
                said = f"{self.target.name} is {size}, but {quote(side.written.source)} is {other}"
                return ShapeError(f"{said}{_turned(found, size, other)}")
        return None

    def all(self, body: str, total: str) -> list[RightSide]:
        """Return all readings of a formula, those among them whose shapes do not fit: one change may make them."""
        found = []
        for reading in self._readings(body, total):
            course = is_course(body, reading)
            words = self.ground.course(reading.shift, reading.last) if course else self.ground.words
            found.append(RightSide(written(body, words), total, reading))
        return found

    def _readings(self, body: str, total: str) -> Iterator[Reading]:
        side = written(body, self.ground.course(0, "Z"))
        columns = side.columns or bool(self.letters)
        ways = [False] if total or self.ground.derivation.entire else [True] if columns else [False, True]
        if not columns and (self.ground.derivation.network.batch or re.search(r"\bm\b|sum|mean|ᵀ1|1ᵀ", body)):
            ways = [False]
        if self.ground.is_scaled:
            yield Reading(scaled=True)
        course = is_course(body, Reading())
        for shift in (0, 1) if course else (0,):
            for last in ("Z", "A") if course else ("Z",):
                yield from (Reading(alone, shift, last) for alone in ways)
        if False in ways and (total or self._has_errors(side)) and not self.ground.is_scaled:
            yield Reading(scaled=True)

    def _has_errors(self, side: TypedSide) -> bool:
        """Whether dZ or dA stands in it, which course notes have without 1/m; a mean over them is a mistake."""
        if (
            any(isinstance(each, Named) and each.name == "mean" for each in side.meanings.values())
            or ".mean" in side.python
        ):
            return False
        words = [(side.typed(name), each.of) for name, each in side.meanings.items() if isinstance(each, Symbol)]
        return any(isinstance(of, Adjoint) and of.shape[1] == BATCH and word.startswith("d") for word, of in words)

    def values(self, side: RightSide, tree: ast.expr | None = None) -> list[Any]:
        """Return the value of a side at every case, in the shape it would have for the whole batch."""
        return [self._value(side, case, tree) for case in self.ground.cases]

    def _value(self, side: RightSide, case: Case, tree: ast.expr | None) -> Any:
        import numpy as np

        with np.errstate(all="ignore"):  # A formula that divides by zero is told so in words.
            return self._over_examples(side, case, tree)

    def _over_examples(self, side: RightSide, case: Case, tree: ast.expr | None) -> Any:
        import numpy as np

        if not side.total and not side.reading.alone:
            place = Place(case, scaled=side.reading.scaled)
            return _spread(value(side.written, place, tree, self.letters), self.target, case)
        alone, scaled = side.reading.alone, side.reading.scaled
        places = [Place(case, example, alone, scaled) for example in range(case.examples)]
        parts = [_spread(value(side.written, place, tree, self.letters), self.target, case) for place in places]
        if side.total:
            return sum(parts) / (case.examples if side.total == MEAN else 1)
        if self.target.shape[1] == BATCH:
            in_rows = case.turns(self.target)
            shape = (1, -1) if in_rows else (-1, 1)
            single = [part.reshape(shape) if part.ndim < 2 else part for part in parts]
            stacked = np.concatenate(single, axis=0 if in_rows else 1)
            return stacked / case.share if isinstance(self.target, Adjoint) else stacked
        return sum(parts) / case.share

    def agrees(self, side: RightSide, tree: ast.expr | None = None) -> bool:
        """Whether a side, or another tree in its place, is the target."""
        return self.error(side, tree) <= TOLERANCE

    def off_by(self, side: RightSide) -> str:
        """Return by which factor alone a side is off, m or 1/m; nothing where it is off otherwise."""
        factors: dict[str, Callable[[Case], float]] = {"m": lambda c: c.examples, "1/m": lambda c: 1 / c.examples}
        return next((text for text, by in factors.items() if self.error(side, factor=by) <= TOLERANCE), "")

    def ratios(self, side: RightSide) -> list[float]:
        """Return the positive number by which a side is the target at every case; nothing where it is off otherwise."""
        import numpy as np

        found = []
        for array, case in zip(self.values(side), self.ground.cases, strict=True):
            right = self.right(case, side.reading)
            array = np.asarray(array).reshape(right.shape)
            ratio = float((array * right).sum() / ((right * right).sum() or 1.0))
            if not np.linalg.norm(array - ratio * right) <= TOLERANCE * np.linalg.norm(array) or ratio <= 0:
                return []
            found.append(ratio)
        return found

    def is_other(self, side: RightSide) -> str:
        """Return the name of the matrix that a side is, where it is that of another one; else nothing."""
        import numpy as np

        try:
            pairs = list(zip(self.values(side), self.ground.cases, strict=True))
        except (ShapeError, SpecError):
            return ""
        for name in self.ground.cases[0].known:
            if all(
                found.shape == np.shape(case.known[name])
                and np.allclose(found, case.known[name], rtol=TOLERANCE, atol=0)
                for found, case in pairs
            ):
                return name
        return ""

    def right(self, case: Case, reading: Reading) -> Any:
        """Return what the target is in a reading."""
        import numpy as np

        right = np.asarray(case.known[self.target.name], dtype=float)
        is_scaled = reading.scaled and isinstance(self.target, Adjoint) and self.target.shape[1] == BATCH
        return right * case.examples if is_scaled else right

    def error(
        self, side: RightSide, tree: ast.expr | None = None, factor: Callable[[Case], float] = lambda case: 1.0
    ) -> float:
        """Return the largest error over the cases, each relative to its own matrix; NaN counts as infinite."""
        import numpy as np

        try:
            values = self.values(side, tree)
        except (ShapeError, SpecError):
            return float("inf")
        worst = 0.0
        for found, case in zip(values, self.ground.cases, strict=True):
            right = self.right(case, side.reading) * factor(case)
            if not _fits(found, case, self.target):
                return float("inf")
            size = float(np.linalg.norm(right)) or 1.0
            error = float(np.linalg.norm(found.reshape(right.shape) - right)) / size
            worst = max(worst, error if error == error else float("inf"))
        return worst


def _spread(found: Any, target: Variable | Adjoint, case: Case) -> Any:
    """Return a value as a matrix; 0 stands for zeros of any shape."""
    import numpy as np

    if isinstance(found, Operator):
        raise SpecError(f"the formula for {target.name} is no matrix: something for an operator to act on is missing")
    array = np.asarray(found)
    return np.zeros_like(case.known[target.name]) if array.ndim == 0 and array == 0 else array


def _fits(found: Any, case: Case, target: Variable | Adjoint) -> bool:
    """Whether a value has its target's shape; a column may have one axis, as sums without keepdims do."""
    import numpy as np

    right = np.shape(case.known[target.name])
    shape = np.shape(found)
    return (
        shape == right
        or (right == () and np.size(found) == 1)
        or (1 in right and len(shape) < 2 and np.size(found) == np.size(case.known[target.name]))
    )


def _turned(wrong: Any, size: str, other: str) -> str:
    """Return what probably was meant by a result of another shape."""
    if wrong.ndim == 2 and other.split("×")[::-1] == size.split("×"):
        return ": it is transposed, (A @ B).T = B.T @ A.T"
    if wrong.ndim == 2 and size.startswith(other.split("×")[0]) and size.endswith("×1"):
        return ": the sum over the examples is missing"
    return ": a factor is missing, or belongs to another layer"


def is_course(body: str, reading: Reading) -> bool:
    """Whether names stand in it that course notes use in several ways."""
    return reading.shift > 0 or bool(re.search(r"\bd(?:[Ll]oss|L|E|C|J)\b(?!/)", normal(body)))
