"""A formula for one matrix of the derivation, in the notation people have it in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from symbp.checking.diagnosis.diagnose import diagnose
from symbp.checking.diagnosis.sample import Diagnosis, GivenRow, Judgement, Mark, Sample
from symbp.checking.theirs import steps
from symbp.checking.theirs.arithmetic import size_text
from symbp.checking.theirs.cases import Case, cases
from symbp.checking.theirs.factors import cut, without_one
from symbp.checking.theirs.judging import Judged, Side, sides_of
from symbp.checking.theirs.lexicon import Lexicon, layer_words, normal
from symbp.checking.theirs.meanings import Operator, Place, Symbol
from symbp.checking.theirs.repairs import repairs
from symbp.checking.theirs.spelling import in_signs, names_in_signs, spelled_in_signs
from symbp.checking.theirs.values import value
from symbp.checking.theirs.written import Written, written
from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, ShapeError, SpecError, nearest
from symbp.networks.reading import MAX_LENGTH, quote
from symbp.symbols import BATCH, Adjoint, Variable

TOLERANCE = 1e-9
"""Relative difference up to which a formula is right, as in the check of a derivation."""

_EQUALS = re.compile(r"(?<![=<>!])=(?!=)(?![^()\[\]]*[)\]])")
_SUM = re.compile(r"\s*(?:Σ|∑|sum(?=\s))\s*")
_RATIO = re.compile(r"(?:∂|d)(?!ℒ|L)\w+?(?:\(t-1\))?/(?:∂|d)\w+")
_LETTER = re.compile(r"(?<=[^\W\d_])ₗ|_l(?![a-z])")


@dataclass(frozen=True)
class Reading:
    """How names that differ from course to course are read, and whether examples are taken one by one."""

    alone: bool = False
    shift: int = 0
    last: str = "Z"

    def note(self, depth: int) -> str:
        """Return what was assumed, as a sentence; empty where nothing was."""
        parts = ["aₗ is what enters layer l, so a₁ is the input"] if self.shift else []
        parts += [f"dLoss is the gradient by {self.last}{depth}"]
        return "read so that " + "; ".join(parts)


@dataclass(frozen=True)
class _Side:
    """One right side of a formula with what was found at every case."""

    written: Written
    total: bool
    reading: Reading


@dataclass(frozen=True)
class Formulas:
    """Judges formulas over one concrete network, at numbers drawn once; ``words`` say what the letters mean."""

    derivation: Derivation
    words: Lexicon
    seed: int = 0

    @cached_property
    def cases(self) -> list[Case]:
        """The numbers."""
        return cases(self.derivation, self.seed)

    def judge(self, text: str) -> Judged:
        """Judge ``name = formula``, or several right sides that are said to be equal.

        Names that differ from course to course (dLoss, whether a₁ is the input) are read in each of the usual ways;
        the first that makes the formula right is taken, and said. The letter l stands for every layer.

        Raises:
            SpecError: no equation, an unknown symbol, or anything that is not arithmetic.
            ShapeError: shapes that do not fit, with both pieces and what probably was meant.
        """
        if len(text) > MAX_LENGTH:
            raise SpecError(f"--formula has {len(text):,} characters; at most {MAX_LENGTH:,} are read")
        if len(text.strip().splitlines()) > 1:
            raise SpecError(f"{quote(text)} has several lines: give one formula at a time")
        if steps.has_step(text):
            return self._over_time(text)
        judged = [_Formula(self, each).judged() for each in self._instances(text)]
        return next((each for each in judged if not each.right), judged[0])

    def _over_time(self, text: str) -> Judged:
        """Judge a formula with the letter t: its sums written out, and at every step where it has a meaning."""
        last = max((each.step or 0 for each in self.derivation.network.by_name.values()), default=0)
        if _RATIO.match(normal(text)):
            raise SpecError(
                f"{quote(text)}: a Jacobian between two steps is no gradient of the loss and in neither list: "
                "give a line of one of the passes, or a gradient"
            )
        whole, summed = steps.written_out(text, last, self.known)
        if not steps.has_step(whole):
            judged = _Formula(self, whole).judged()
            return replace(judged, source=text, notes=(*judged.notes, f"Σ_t is the sum over t = {_steps(summed)}"))
        found: dict[int, Judged] = {}
        for step, each in steps.instances(whole, last, self.known):
            found[step] = _Formula(self, each).judged()
            if not found[step].right:
                return replace(found[step], notes=(*found[step].notes, f"t = {step}"))
        if not found:
            if last:
                _Formula(self, steps.at_step(whole, max(1, last - 1))).judged()
            raise SpecError(
                f"{quote(text)}: {'at no step all symbols mean something' if last else 'no layer has steps'}"
            )
        return replace(found[max(found)], source=text, notes=(f"at every step t = {_steps(tuple(found))}",))

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
            for part in _EQUALS.split(text):
                written(_SUM.sub("", part, count=1), self.words)
        except SpecError:
            return False
        return True

    def _instances(self, text: str) -> Iterator[str]:
        """Yield a formula, or with the letter l one for every layer that has all its symbols."""
        if not _LETTER.search(text):
            yield text
            return
        found = [_LETTER.sub(str(layer), text) for layer in range(1, self.derivation.network.depth + 1)]
        known = [each for each in found if self.known(each)]
        if not known:
            raise SpecError(f"{quote(text)}: no layer has all these symbols")
        yield from known


@dataclass(frozen=True)
class _Formula:
    """One formula over one network."""

    over: Formulas
    text: str

    @property
    def derivation(self) -> Derivation:
        """The network's derivation."""
        return self.over.derivation

    @property
    def words(self) -> Lexicon:
        """What the letters mean."""
        return self.over.words

    @property
    def cases(self) -> list[Case]:
        """The numbers."""
        return self.over.cases

    @property
    def left(self) -> str:
        """What the formula is for, as typed."""
        return _EQUALS.split(self.text)[0].strip()

    def judged(self) -> Judged:
        """Return the verdict."""
        left, *right = (part.strip() for part in _EQUALS.split(self.text))
        if not right or not left or not all(right):
            raise SpecError(
                f"{quote(self.text)} is not a formula: write the gradient, =, and what it is, as in dW2 = dZ2 @ A1.T"
            )
        if not isinstance(self.words.words.get(normal(left)), Symbol) and self.over.known(left):
            return self._identity(left, right)
        target = self._target(left)
        return next(
            (each for each in (self._one(target, part) for part in right) if not each.right), None
        ) or self._one(target, right[-1])

    def _identity(self, left: str, right: Sequence[str]) -> Judged:
        """Judge a line that defines a letter of its own, such as D₁ = diag f₁′(z₁): both sides are evaluated."""
        import numpy as np

        case = self.cases[0]
        alone = not self.derivation.coupled
        places = [Place(case, example, alone) for example in range(case.examples)] if alone else [Place(case)]
        first = written(left, self.words)
        for part in right:
            side = written(part, self.words)
            pairs = [_matrices(value(first, place), value(side, place)) for place in places]
            if not all(a.shape == b.shape and np.allclose(a, b, rtol=TOLERANCE, atol=0) for a, b in pairs):
                sentence = f"wrong: {left} is something else"
                return Judged(Diagnosis(Judgement.WRONG, ()), f"{left} = {part}", sentence=sentence)
        return Judged(Diagnosis(Judgement.RIGHT, ()), self.text, sentence=f"right: this is {left}")

    def _target(self, left: str) -> Variable | Adjoint:
        meaning = self.words.words.get(normal(left))
        if not isinstance(meaning, Symbol):
            known = [word for word, each in self.words.words.items() if isinstance(each, Symbol) and len(word) < 20]
            raise SpecError(f"{left[:40]!r} is no matrix of this network{nearest(normal(left)[:40], known)}")
        if meaning.of.name not in self.derivation.forward and meaning.of.name not in self.derivation.backward:
            raise SpecError(f"{left[:40]!r} is given, not derived: write a formula for a gradient, such as dW1")
        return meaning.of

    def _one(self, target: Variable | Adjoint, right: str) -> Judged:
        """Judge one right side in the first reading that makes it right, else in the first that runs."""
        total = None if normal(right) in self.words.words else _SUM.match(right)
        body = right[total.end() :] if total else right
        sides, problem = self._sides(body, bool(total), target)
        for side in sides:
            if self._agrees(target, side):
                return self._right(target, side, right)
        for side in sides:
            found = self._superfluous(target, side, right)
            if found is not None:
                return found
        for side in sides or self._unfitting(body, bool(total)):
            found = self._repaired(target, side, right, problem if not sides else None)
            if found is not None:
                return found
        if not sides:
            assert problem is not None
            raise problem
        return self._wrong(target, sides[0], right)

    def _sides(self, body: str, total: bool, target: Variable | Adjoint) -> tuple[list[_Side], ShapeError | None]:
        """Return the readings in which the formula runs and has its target's shape."""
        found: list[_Side] = []
        problem: ShapeError | None = None
        for reading in self._readings(body, total):
            words = self.over.course(reading.shift, reading.last)
            side = _Side(written(body, words if _is_course(body, reading) else self.words), total, reading)
            try:
                values = self._values(target, side)
            except ShapeError as error:
                problem = problem or error
                continue
            wrong = next(
                (each for each, case in zip(values, self.cases, strict=True) if not _fits(each, case, target)), None
            )
            if wrong is None:
                found.append(side)
            elif problem is None:
                case = self.cases[0]
                size, other = size_text(case.known[target.name].shape, case), size_text(wrong.shape, case)
                problem = ShapeError(
                    f"{target.name} is {size}, but {quote(body)} is {other}{_turned(wrong, size, other)}"
                )
        return found, problem

    def _readings(self, body: str, total: bool) -> Iterator[Reading]:
        columns = written(body, self.over.course(0, "Z")).columns
        ways = [False] if total or self.derivation.coupled else [True] if columns else [False, True]
        if not columns and (self.derivation.network.batch or re.search(r"\bm\b|sum|mean|ᵀ1|1ᵀ", body)):
            ways = [False]
        course = _is_course(body, Reading())
        for shift in (0, 1) if course else (0,):
            for last in ("Z", "A") if course else ("Z",):
                for alone in ways:
                    yield Reading(alone, shift, last)

    def _values(self, target: Variable | Adjoint, side: _Side, tree: ast.expr | None = None) -> list[Any]:
        """Return the value of a side at every case, in the shape it would have for the whole batch."""
        return [self._value(target, side, case, tree) for case in self.cases]

    def _value(self, target: Variable | Adjoint, side: _Side, case: Case, tree: ast.expr | None) -> Any:
        import numpy as np

        with np.errstate(all="ignore"):  # A formula that divides by zero is told so in words.
            return self._over_examples(target, side, case, tree)

    def _over_examples(self, target: Variable | Adjoint, side: _Side, case: Case, tree: ast.expr | None) -> Any:
        import numpy as np

        if not side.total and not side.reading.alone:
            return _spread(value(side.written, Place(case), tree), target, case)
        parts = [
            _spread(value(side.written, Place(case, example, side.reading.alone), tree), target, case)
            for example in range(case.examples)
        ]
        if side.total:
            return sum(parts)
        if target.shape[1] == BATCH:
            stacked = np.concatenate([part.reshape(-1, 1) if part.ndim < 2 else part for part in parts], axis=1)
            return stacked / case.examples if isinstance(target, Adjoint) else stacked
        return sum(parts) / case.examples

    def _agrees(self, target: Variable | Adjoint, side: _Side, tree: ast.expr | None = None) -> bool:
        return self._error(target, side, tree) <= TOLERANCE

    def _error(self, target: Variable | Adjoint, side: _Side, tree: ast.expr | None = None) -> float:
        """Return the largest error over the cases, each relative to its own matrix; NaN counts as infinite."""
        import numpy as np

        try:
            values = self._values(target, side, tree)
        except (ShapeError, SpecError):
            return float("inf")
        worst = 0.0
        for found, case in zip(values, self.cases, strict=True):
            right = np.asarray(case.known[target.name], dtype=float)
            if not _fits(found, case, target):
                return float("inf")
            size = float(np.linalg.norm(right)) or 1.0
            error = float(np.linalg.norm(found.reshape(right.shape) - right)) / size
            worst = max(worst, error if error == error else float("inf"))
        return worst

    def _right(self, target: Variable | Adjoint, side: _Side, right: str) -> Judged:
        error = self._error(target, side)
        digits = 16.0 if error == 0 else min(16.0, _digits(error))
        name = target.of.name if isinstance(target, Adjoint) else target.name
        row = GivenRow(name, Mark.RIGHT, digits)
        diagnosis = Diagnosis(Judgement.RIGHT, (row,) if isinstance(target, Adjoint) else ())
        sentence = "" if isinstance(target, Adjoint) else f"right: this is {name}"
        return Judged(diagnosis, f"{self.left} = {right}", tuple(self._notes(side)), sentence=sentence)

    def _notes(self, side: _Side) -> Iterator[str]:
        if _is_course(side.written.source, side.reading):
            yield side.reading.note(self.derivation.network.depth)
        if side.reading.alone:
            yield "read for one example; --batch reads it for m of them"

    def _superfluous(self, target: Variable | Adjoint, side: _Side, right: str) -> Judged | None:
        """Return the verdict that one factor is too many, in the words of the formula."""
        for tree, factor in without_one(side.written.tree):
            if not self._agrees(target, side, tree):
                continue
            text = side.written.text(factor)
            shorter = cut(side.written, factor)
            name = target.of.name if isinstance(target, Adjoint) else target.name
            sentence = f"wrong: superfluous factor {text}; everything else is right"
            diagnosis = Diagnosis(Judgement.WRONG, (GivenRow(name, Mark.WRONG, None, f"superfluous factor {text}"),))
            start = right[: len(right) - len(side.written.source)] if side.total else ""
            sides = (Side(f"{self.left} = {right}", f"{self.left} = {start}{shorter}"),)
            return Judged(diagnosis, f"{self.left} = {right}", tuple(self._notes(side)), sentence=sentence, sides=sides)
        return None

    def _unfitting(self, body: str, total: bool) -> list[_Side]:
        """Return the readings of a formula whose shapes do not fit: one change may make them."""
        found = []
        for reading in self._readings(body, total):
            words = self.over.course(reading.shift, reading.last)
            found.append(_Side(written(body, words if _is_course(body, reading) else self.words), total, reading))
        return found

    def _repaired(
        self, target: Variable | Adjoint, side: _Side, right: str, problem: ShapeError | None
    ) -> Judged | None:
        """Return the verdict that one change of the text makes it right; ``problem`` is that of its shapes."""
        notes = (*([str(problem)] if problem else []), *self._notes(side))
        start = right[: len(right) - len(side.written.source)] if side.total else ""
        for each in repairs(side.written, self.words, self.derivation.network.depth):
            if not self._agrees(target, replace(side, written=each.written)):
                continue
            name = target.of.name if isinstance(target, Adjoint) else target.name
            row = GivenRow(name, Mark.WRONG, None, each.sentence)
            diagnosis = Diagnosis(Judgement.WRONG, (row,) if isinstance(target, Adjoint) else ())
            sides = (Side(f"{self.left} = {right}", f"{self.left} = {start}{each.text}"),)
            sentence = f"wrong: {each.sentence}; everything else is right"
            source = f"{self.left} = {right}"
            return Judged(diagnosis, source, notes, sentence=sentence, sides=sides)
        return None

    def _wrong(self, target: Variable | Adjoint, side: _Side, right: str) -> Judged:
        notes = tuple(self._notes(side))
        source = f"{self.left} = {right}"
        if not isinstance(target, Adjoint):
            own = self.derivation.forward[target.name]
            sides = (Side(source, str(own)),)
            sentence = "wrong: this is not what the network computes"
            return Judged(Diagnosis(Judgement.WRONG, ()), source, notes, sentence=sentence, sides=sides)
        samples = [
            Sample(
                case.values.parameters,
                case.values.inputs,
                next(iter(case.values.targets.values()), None),
                {target.of.name: found.reshape(case.known[target.name].shape)},
            )
            for case, found in zip(self.cases, self._values(target, side), strict=True)
        ]
        if not all(_finite(each.given[target.of.name]) for each in samples):
            raise CheckFailedError(f"{target.name} is not finite: {quote(source)} divides by zero or overflows")
        found = diagnose(self.derivation, samples)
        row = next(each for each in found.rows if each.name == target.of.name)
        mark = Mark.WRONG if row.mark is Mark.CARRIED else row.mark
        diagnosis = replace(found, rows=(GivenRow(row.name, mark, row.digits),))
        both = sides_of(found)
        if not in_signs(source):
            return Judged(diagnosis, source, notes, sides=both)
        names = names_in_signs(self.words)
        spelled = [replace(each, sentence=spelled_in_signs(each.sentence, names)) for each in diagnosis.findings]
        written_so = tuple(Side(*(spelled_in_signs(text, names) for text in (each.yours, each.right))) for each in both)
        return Judged(replace(diagnosis, findings=tuple(spelled)), source, notes, sides=written_so)


def _steps(found: Sequence[int]) -> str:
    """Return steps as a range where they are one."""
    ends = (found[0], found[-1])
    is_range = list(found) == list(range(ends[0], ends[1] + 1)) and len(found) > 3
    return f"{ends[0]}, …, {ends[1]}" if is_range else ", ".join(map(str, found))


def _matrices(left: Any, right: Any) -> tuple[Any, Any]:
    """Return two sides as matrices; an operator is the matrix it is for one example."""
    import numpy as np

    if isinstance(left, Operator) and isinstance(right, np.ndarray) and right.ndim == 2:
        return np.asarray(left.apply(np.eye(right.shape[1]))), right
    return np.asarray(left), np.asarray(right)


def _spread(found: Any, target: Variable | Adjoint, case: Case) -> Any:
    """Return a value as a matrix; 0 stands for zeros of any shape."""
    import numpy as np

    if isinstance(found, Operator):
        raise SpecError(f"the formula for {target.name} is no matrix: something for an operator to act on is missing")
    array = np.asarray(found)
    return np.zeros_like(case.known[target.name]) if array.ndim == 0 and array == 0 else array


def _finite(array: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(array).all())


def _digits(error: float) -> float:
    import math

    return -math.log10(error)


def _fits(found: Any, case: Case, target: Variable | Adjoint) -> bool:
    """Whether a value has its target's shape; a column may have one axis, as sums without keepdims do."""
    import numpy as np

    right = np.shape(case.known[target.name])
    shape = np.shape(found)
    return shape == right or (1 in right and len(shape) < 2 and np.size(found) == np.size(case.known[target.name]))


def _turned(wrong: Any, size: str, other: str) -> str:
    """Return what probably was meant by a result of another shape."""
    if wrong.ndim == 2 and other.split("×")[::-1] == size.split("×"):
        return ": it is transposed, (A @ B).T = B.T @ A.T"
    if wrong.ndim == 2 and size.startswith(other.split("×")[0]) and size.endswith("×1"):
        return ": the sum over the examples is missing"
    return ": a factor is missing, or belongs to another layer"


def _is_course(body: str, reading: Reading) -> bool:
    """Whether names stand in it that course notes use in several ways."""
    return reading.shift > 0 or bool(re.search(r"\bd(?:[Ll]oss|L|E|C|J)\b(?!/)", normal(body)))
