"""A formula for one matrix of the derivation, in the notation people have it in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.errors import CheckFailedError, ShapeError, SpecError, SymbpError
from symbp.judging import layers, steps
from symbp.judging.cases import Case
from symbp.judging.code import code
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Diagnosis, GivenRow, Judgement, Mark, Scale
from symbp.judging.diagnosis.scale import named as scale_named
from symbp.judging.factors import cut, without_one
from symbp.judging.hands import plain
from symbp.judging.judging import Judged, Side
from symbp.judging.lexicon import Lexicon
from symbp.judging.meanings import Entry, Operator, Place, Symbol
from symbp.judging.repairs import repairs
from symbp.judging.sides import (
    MEAN,
    SUM,
    TOLERANCE,
    Ground,
    RightSide,
    Trial,
    is_course,
    split,
    without_example,
)
from symbp.judging.spelling import in_signs, names_in_signs, spelled_in_signs
from symbp.judging.values import value
from symbp.judging.written import written
from symbp.networks.reading import MAX_LENGTH, quote
from symbp.sample import Sample
from symbp.symbols import Adjoint, Variable

_RATIO = re.compile(r"(?:∂|d)(?!ℒ|L)\w+?(?:\(t-1\))?/(?:∂|d)\w+")

OTHER_NAMES = "read with the names of code and of earlier pages, which are other things on the page of today"


SCALED = "dZ and dA are read as m times the gradient, without the loss's 1/m, which stands at dW and db (Ng's notation)"

HIDDEN = "at every layer but the last, l < L"

BARE = ("a number above without brackets is read as that of a layer", "the input is counted as the first layer")

OFF_BY = "it is {factor} times the gradient of a mean over the examples: with square brackets 1/m may stand elsewhere"


@dataclass(frozen=True)
class Formulas(Ground):
    """Judges formulas over one concrete network, at numbers drawn once; ``words`` say what the letters mean.

    ``others`` read a formula otherwise, in another layout: a formula that is not right is tried there. ``whole`` has
    an operation as one where ``derivation`` has its steps: mistakes have names there. ``letters`` stand for the number
    of any layer and of the last one, ``first`` is that of the first.
    """

    others: tuple[Formulas, ...] = ()
    whole: Derivation | None = None
    letters: tuple[str, str] = layers.LETTERS
    first: int = 1

    def judge(self, text: str) -> Judged:
        """Judge ``name = formula``, or several right sides that are said to be equal.

        Names that differ from course to course (dLoss, whether a₁ is the input) are read in each of the usual ways;
        the first that makes the formula right is taken, and said. A formula that is not right is read with the other
        meanings that its words have, on earlier pages or in code. The letter l stands for every layer.

        Raises:
            SpecError: no equation, an unknown symbol, or anything that is not arithmetic.
            ShapeError: shapes that do not fit, with both pieces and what probably was meant.
        """
        if len(text) > MAX_LENGTH:
            raise SpecError(f"--formula has {len(text):,} characters; at most {MAX_LENGTH:,} are read")
        if len(text.strip().splitlines()) > 1:
            raise SpecError(f"{quote(text)} has several lines: give one formula at a time")
        first = self._attempt(text)
        for judged in (first, *self._readings(text)):
            if isinstance(judged, Judged) and judged.right:
                return judged
        if isinstance(first, Judged):
            return first
        raise first

    def _readings(self, text: str) -> Iterator[Judged | SymbpError]:
        """Yield what is said of a formula where its words or its layout are read otherwise."""
        for words in self.words.other(plain(text)[0]):
            with_names = replace(self, words=words)._attempt(text)
            if isinstance(with_names, Judged):
                yield replace(with_names, notes=(*with_names.notes, OTHER_NAMES))
        for before, said in enumerate(BARE):
            other_text = layers.with_bare_layers(text, before)
            again = self._attempt(other_text) if other_text != text else None
            if isinstance(again, Judged):
                yield replace(again, source=text, notes=(*again.notes, said))
        yield from (each._attempt(text) for each in self.others)

    def _attempt(self, text: str) -> Judged | SymbpError:
        """Judge a formula in one reading of its words, or return what is wrong with it."""
        try:
            return self._judged(text)
        except (SpecError, ShapeError, CheckFailedError) as error:
            return error

    def _judged(self, text: str) -> Judged:
        if steps.has_step(text) and not self.derivation.is_alone:
            return self._over_time(text)
        judged = [_Formula(self, each).judged() for each in self._instances(text)]
        wrong = [each for each in judged if not each.right]
        if wrong == judged[-1:] and len(judged) == self.derivation.network.depth > 1:
            return replace(judged[0], notes=(*judged[0].notes, HIDDEN))
        return wrong[0] if wrong else judged[0]

    def _over_time(self, text: str) -> Judged:
        """Judge a formula with the letter t: its sums written out, and at every step where it has a meaning."""
        last = max((getattr(each, "step", None) or 0 for each in self.derivation.network.by_name.values()), default=0)
        if _RATIO.match(plain(text)[0]):
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

    def _instances(self, text: str) -> Iterator[str]:
        """Yield a formula, or with the letter l one for every layer that has all its symbols."""
        depth = self.derivation.network.depth
        text = text if self.known(text) else layers.with_letters(text, *self.letters)
        if not depth or not layers.has_layer(text):
            yield text
            return
        last = depth + self.first - 1
        numbers = range(self.first, last + 1)
        found = [layers.multiplied_out(layers.at_layer(text, layer, last)) for layer in numbers]
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
        return split(self.text)[0]

    def judged(self) -> Judged:
        """Return the verdict."""
        left, *right = split(self.text)
        if not right or not left or not all(right):
            raise SpecError(
                f"{quote(self.text)} is not a formula: write the gradient, =, and what it is, as in dW2 = dZ2 @ A1.T"
            )
        if (
            not isinstance(self.words.meaning(plain(left)[0].strip()), Symbol)
            and not self.letters
            and self.over.known(left)
        ):
            return self._identity(left, right)
        target = self._target(left)
        return next(
            (each for each in (self._one(target, part) for part in right) if not each.right), None
        ) or self._one(target, right[-1])

    def _identity(self, left: str, right: Sequence[str]) -> Judged:
        """Judge a line that defines a letter of its own, such as D₁ = diag f₁′(z₁): both sides are evaluated."""
        import numpy as np

        case = self.cases[0]
        alone = not self.derivation.entire
        places = [Place(case, example, alone) for example in range(case.examples)] if alone else [Place(case)]
        first = written(left, self.words)
        for part in right:
            side = written(part, self.words)
            pairs = [_matrices(value(first, place), value(side, place)) for place in places]
            if not all(a.shape == b.shape and np.allclose(a, b, rtol=TOLERANCE, atol=0) for a, b in pairs):
                sentence = f"wrong: {left} is something else"
                return Judged(Diagnosis(Judgement.WRONG, ()), f"{left} = {part}", sentence=sentence)
        return Judged(Diagnosis(Judgement.RIGHT, ()), self.text, sentence=f"right: this is {left}")

    @property
    def letters(self) -> str:
        """The letters of the entry that is on the left; nothing for a whole matrix."""
        own = plain(self.left)[0].strip()
        entry = None if self.words.meaning(own) else self.words.entry(own)
        return entry.letters if entry else ""

    def _target(self, left: str) -> Variable | Adjoint:
        own = plain(left)[0].strip()
        meaning = self.words.meaning(own) or self.words.entry(own)
        if not isinstance(meaning, Symbol | Entry):
            near = self.words.near(plain(left)[0].strip())
            raise SpecError(f"{left[:40]!r} is no matrix of this network{near}")
        if meaning.of.name not in self.derivation.forward and meaning.of.name not in self.derivation.backward:
            raise SpecError(f"{left[:40]!r} is given, not derived: write a formula for a gradient, such as dW1")
        return meaning.of

    def _one(self, target: Variable | Adjoint, right: str) -> Judged:
        """Judge one right side in the first reading that makes it right, else in the first that runs."""
        summed = None if plain(right)[0].strip() in self.words.words else SUM.match(right)
        body = without_example(right[summed.end() :], summed) if summed else right
        total = "" if summed is None else MEAN if summed["share"] else "1"
        trial = Trial(self.over, target, self.letters)
        sides, problem = trial.fitting(body, total)
        for side in sides:
            if trial.agrees(side):
                return self._right(trial, side, right)
        for side in sides if "[" in self.left and trial.is_gradient else ():
            if factor := trial.off_by(side):
                return self._right(trial, side, right, factor)
        for side in sides:
            found = self._superfluous(trial, side, right)
            if found is not None:
                return found
        every = sides or trial.all(body, total)
        for side in every:
            judged = self._repaired(trial, side, right, problem if not sides else None)
            if judged is not None:
                return judged
        judged = self._wrong(trial, sides[0], right) if sides else None
        if judged is not None and (judged.diagnosis.findings or judged.diagnosis.scale or not trial.is_gradient):
            return judged
        for side in every:
            if other := trial.is_other(side):
                return self._plainly(trial, f"this is {other}", right, problem)
        return judged or self._plainly(trial, str(problem), right)

    def _plainly(self, trial: Trial, said: str, right: str, problem: ShapeError | None = None) -> Judged:
        """Return the verdict that a formula is wrong, with what is known of it."""
        row = GivenRow(trial.name, Mark.WRONG, None, "", self.called)
        diagnosis = Diagnosis(Judgement.WRONG, (row,) if trial.is_gradient else ())
        notes = (str(problem),) if problem else ()
        return Judged(diagnosis, f"{self.left} = {right}", notes, sentence=f"wrong: {said}")

    @property
    def called(self) -> str:
        """The gradient by its typed name, and by the network's where that is another one."""
        target = self._target(self.left)
        own = plain(self.left)[0].strip()
        return self.left if own == target.name or not isinstance(target, Adjoint) else f"{self.left} ({target.name})"

    def _right(self, trial: Trial, side: RightSide, right: str, factor: str = "") -> Judged:
        error = trial.error(side) if not factor else 0
        digits = 16.0 if error == 0 else min(16.0, _digits(error))
        name = trial.name
        row = GivenRow(name, Mark.RIGHT, digits, called=self.called)
        diagnosis = Diagnosis(Judgement.RIGHT, (row,) if trial.is_gradient else ())
        sentence = "" if trial.is_gradient else f"right: this is {name}"
        more = (OFF_BY.format(factor=factor),) if factor else ()
        return Judged(diagnosis, f"{self.left} = {right}", (*self._notes(side), *more), sentence=sentence)

    def _notes(self, side: RightSide) -> Iterator[str]:
        if is_course(side.written.source, side.reading):
            yield side.reading.note(self.derivation.network.depth)
        if side.reading.alone:
            yield "read for one example; --batch reads it for m of them"
        if side.reading.scaled:
            yield SCALED

    def _superfluous(self, trial: Trial, side: RightSide, right: str) -> Judged | None:
        """Return the verdict that one factor is too many, in the words of the formula."""
        for tree, factor in without_one(side.written.tree):
            if not trial.agrees(side, tree):
                continue
            text = side.written.text(factor)
            shorter = cut(side.written, factor)
            name = trial.name
            sentence = f"wrong: superfluous factor {text}; everything else is right"
            diagnosis = Diagnosis(
                Judgement.WRONG, (GivenRow(name, Mark.WRONG, None, f"superfluous factor {text}", self.called),)
            )
            start = right[: len(right) - len(side.written.source)] if side.total else ""
            sides = (Side(f"{self.left} = {right}", f"{self.left} = {start}{shorter}"),)
            return Judged(diagnosis, f"{self.left} = {right}", tuple(self._notes(side)), sentence=sentence, sides=sides)
        return None

    def _repaired(self, trial: Trial, side: RightSide, right: str, problem: ShapeError | None) -> Judged | None:
        """Return the verdict that one change of the text makes it right; ``problem`` is that of its shapes."""
        notes = (*([str(problem)] if problem else []), *self._notes(side))
        start = right[: len(right) - len(side.written.source)] if side.total else ""
        for each in repairs(side.written, self.words, self.derivation.network.depth):
            if not trial.agrees(replace(side, written=each.written)):
                continue
            name = trial.name
            row = GivenRow(name, Mark.WRONG, None, each.sentence, self.called)
            diagnosis = Diagnosis(Judgement.WRONG, (row,) if trial.is_gradient else ())
            sides = (Side(f"{self.left} = {right}", f"{self.left} = {start}{each.text}"),)
            sentence = f"wrong: {each.sentence}; everything else is right"
            source = f"{self.left} = {right}"
            return Judged(diagnosis, source, notes, sentence=sentence, sides=sides)
        return None

    def _wrong(self, trial: Trial, side: RightSide, right: str) -> Judged:
        notes = tuple(self._notes(side))
        source = f"{self.left} = {right}"
        if not trial.is_gradient:
            own = code(self._laid_out(self.derivation.forward[trial.name]))
            sides = (Side(source, spelled_in_signs(own, names_in_signs(self.words)) if in_signs(source) else own),)
            sentence = "wrong: this is not what the network computes"
            return Judged(Diagnosis(Judgement.WRONG, ()), source, notes, sentence=sentence, sides=sides)
        samples = [
            Sample(
                case.values.parameters,
                case.values.inputs,
                case.values.targets or None,
                {trial.name: self._as_derived(found, case, trial.target)},
            )
            for case, found in zip(self.cases, trial.values(side), strict=True)
        ]
        if not all(_finite(each.given[trial.name]) for each in samples):
            raise CheckFailedError(f"{trial.target.name} is not finite: {quote(source)} divides by zero or overflows")
        found = self._diagnosed(samples)
        row = next(each for each in found.rows if each.name == trial.name)
        mark = Mark.WRONG if row.mark is Mark.CARRIED else row.mark
        if mark is Mark.RIGHT:  # An intermediate by itself: nothing makes up later for a factor that it has.
            found = replace(found, scale=self._scale(trial, side, samples), findings=(), departs=None)
            mark = Mark.SCALED if found.scale else Mark.WRONG
            found = replace(found, verdict=Judgement.SCALED if found.scale else Judgement.WRONG)
        verdict = Judgement.WRONG if found.verdict is Judgement.INCOMPLETE else found.verdict
        diagnosis = replace(found, verdict=verdict, rows=(GivenRow(row.name, mark, row.digits, called=self.called),))
        both = tuple(Side(*map(code, map(self._laid_out, (each.yours, each.right)))) for each in found.findings)
        if not in_signs(source):
            return Judged(diagnosis, source, notes, sides=both)
        names = names_in_signs(self.words)
        spelled = [replace(each, sentence=spelled_in_signs(each.sentence, names)) for each in diagnosis.findings]
        written_so = tuple(Side(*(spelled_in_signs(text, names) for text in (each.yours, each.right))) for each in both)
        return Judged(replace(diagnosis, findings=tuple(spelled)), source, notes, sides=written_so)

    def _scale(self, trial: Trial, side: RightSide, samples: list[Sample]) -> Scale | None:
        """Return the number that a side is off by alone, as the convention that it may be."""
        ratios = trial.ratios(side)
        return scale_named(ratios, Bench(self.derivation, samples)) if ratios else None

    def _diagnosed(self, samples: list[Sample]) -> Diagnosis:
        """Diagnose an operation as one first, then by its steps; the one that names a mistake is taken."""
        whole = self.over.whole
        name = f"d{next(iter(samples[0].given))}"
        if whole is not None and any(each.name == name for each in whole.backward):
            found = diagnose(whole, samples)
            if found.findings and not found.departs:
                return found
        return diagnose(self.derivation, samples)

    def _as_derived(self, found: Any, case: Case, target: Variable | Adjoint) -> Any:
        """Return the value of a side as the calculus has that matrix."""
        array = found.reshape(case.known[target.name].shape)
        return array.T if case.turns(target) else array

    def _laid_out(self, equation: Equation) -> Equation:
        """Return an equation of the calculus in the layout of the formula."""
        return equation if self.over.layout is None else self.over.layout.equation(equation)


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


def _finite(array: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(array).all())


def _digits(error: float) -> float:
    import math

    return -math.log10(error)
