"""judge_file: somebody's function, called at fresh numbers, brought into our orientation, and diagnosed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, SpecError, nearest
from symbp.judging import process, proofs, reductions
from symbp.judging.answer import Call, Explored, Outcome, Piece, Problem, RaisedError
from symbp.judging.cases import Case, cases, uncertain
from symbp.judging.code import code
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Diagnosis, GivenRow, Judgement, Mark
from symbp.judging.explicit import Said, line
from symbp.judging.finding import Found, find
from symbp.judging.forms import Form, Shaper, forms
from symbp.judging.lines import Lines
from symbp.judging.offer import Offer
from symbp.judging.penalty import decay, with_own_penalty
from symbp.judging.readings import Reader, Reading
from symbp.judging.returned import Reader as ResultReader
from symbp.judging.returned import Returned, TwiceError, unknown_note
from symbp.judging.vocabulary import WORDS, plain_name
from symbp.sample import Sample
from symbp.symbols import Adjoint, Variable

TIMEOUT = 10.0
"""Seconds a function may take for all its calls."""

MOST_TRIED = 5000
"""How many readings are tried, in forms, at most."""

MOST_DIAGNOSED = 3
"""How many readings are looked at for mistakes."""

NEAR = 1e-6
"""Relative difference up to which a reading counts as right while one is chosen; the diagnosis is stricter."""

OWN_FORWARD = 1e-6
"""Relative difference up to which a gradient agrees with differences of somebody's own forward pass."""

STEP_TOLERANCE = 1e-9
"""What is read off a change of parameters has lost digits."""

Invoke = Callable[[process.Request], Explored]
"""Tries readings of somebody's function."""


@dataclass(frozen=True)
class Side:
    """A formula as it was written and as it would be right."""

    yours: str
    right: str


@dataclass(frozen=True)
class How:
    """What whoever asks says of a function: its call, the names of what it returns, that values are taken as they are.

    Strictly no reading is accepted that changes a value: no sign and no scale, even where the file proves it.
    """

    said: Said | None = None
    returns: tuple[str, ...] = ()
    is_strict: bool = False


@dataclass(frozen=True)
class Judged:
    """The diagnosis of somebody's gradient with what a reader must know of how it was obtained.

    ``sentence`` and ``sides`` say in the words of a formula what the diagnosis says in symbp's; empty where they don't.
    """

    diagnosis: Diagnosis
    source: str
    notes: tuple[str, ...] = ()
    printed: str = ""
    sentence: str = ""
    sides: tuple[Side, ...] = ()

    @property
    def right(self) -> bool:
        """Whether all is right."""
        return str(self.diagnosis.verdict) == "right"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        own = {"sentence": self.sentence, "sides": [asdict(each) for each in self.sides], "how": list(self.notes)}
        return {"source": self.source} | self.diagnosis.to_dict() | own


def judge_file(
    derivation: Derivation,
    place: Path,
    name: str | None = None,
    *,
    rows: bool = False,
    timeout: float = TIMEOUT,
    seed: int = 0,
    reduction: str = "mean",
    how: How | None = None,
) -> Judged:
    """Run a function of a Python file in a process of its own and diagnose the gradients it returns.

    ``name`` says which function, method or class (None: the one that gives gradients), ``rows`` that its examples are
    rows, ``timeout`` how many seconds its calls may take together, ``reduction`` whether its loss is the mean over
    the examples, their sum, or what PyTorch's default is. ``how`` says what the search need not find out.

    Raises:
        SpecError: it cannot be found, called, or read as gradients; or the network leaves something open.
        CheckFailedError: a gradient of the wrong shape, or one that is not a number.
    """
    how = how or How()
    found = find(place, name or (how.said.function if how.said is not None else None))
    if how.returns:
        found = replace(found, signature=replace(found.signature, returns=how.returns))
    called = found.signature.called

    def invoke(request: process.Request) -> Explored:
        return process.run(place, called, request, timeout)

    try:
        judged = judge(derivation, found, invoke, f"{place.name}:{called}", rows=rows, seed=seed,
                       reduction=reduction, how=how)  # fmt: skip
        return replace(judged, notes=(*judged.notes, *process.caveats()))
    except SpecError as error:
        said = str(error)
        raise type(error)(said if said.startswith(place.name) else f"{place.name}: {said}") from None
    except CheckFailedError as error:
        raise CheckFailedError(f"{place.name}: {error}") from None


def judge(
    derivation: Derivation,
    found: Found,
    invoke: Invoke,
    source: str,
    *,
    rows: bool = False,
    seed: int = 0,
    reduction: str = "mean",
    how: How | None = None,
) -> Judged:
    """Diagnose a function that was found and that ``invoke`` can run in readings."""
    own = with_own_penalty(derivation, reduction)
    drawn = cases(own, seed, classes=True)
    how = how or How()
    strength = decay(derivation, drawn[0].values, drawn[0].examples)
    certain = cases(own, seed, classes=True, certain=True) if uncertain(own.forward) else drawn
    search = Search(own, found, drawn, certain, reduction, rows, how.is_strict, how.said, strength)
    result = search.result(invoke)
    sides = search.sides(result, invoke) or sides_of(result.diagnosis)
    return Judged(result.diagnosis, source, tuple(search.notes(result)), result.printed, sides=sides)


def sides_of(diagnosis: Diagnosis) -> tuple[Side, ...]:
    """Return both versions of every equation that is wrong, as NumPy code."""
    return tuple(Side(code(finding.yours), code(finding.right)) for finding in diagnosis.findings)


@dataclass(frozen=True)
class Candidate:
    """A reading that ran and whose result can be read as gradients: of these ``right`` are right on the first case."""

    reading: Reading
    form: Form
    returned: tuple[Returned, ...]
    calls: tuple[Call, ...]
    rank: int
    right: int = 0
    firsts: tuple[Returned, ...] = ()
    slopes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    factors: tuple[float, ...] = ()
    is_exact: bool = False
    said: str = ""

    @property
    def factor(self) -> float | None:
        """By which number all differ from ours, on the first case; None where they do not differ by one alone."""
        return self.factors[0] if self.factors else None

    @property
    def wanted(self) -> int:
        """How many gradients there are."""
        return len(self.returned[0].gradients)


@dataclass(frozen=True)
class Result:
    """The candidate that was taken, and its diagnosis."""

    candidate: Candidate
    diagnosis: Diagnosis
    printed: str


@dataclass(frozen=True)
class Search:
    """The search for the reading of one function; ``certain`` are the cases with targets of zeros and ones."""

    derivation: Derivation
    found: Found
    cases: Sequence[Case]
    certain: Sequence[Case]
    reduction: str
    rows: bool
    strict: bool = False
    said: Said | None = None
    decay: float = 0.0

    @cached_property
    def readings(self) -> list[Reading]:
        """What is tried, the likeliest first."""
        found = Reader(self.offer, self.found, self.said).readings()
        if not found:
            raise SpecError(Unread(self.offer, self.found).said or f"{self.found.signature.text}: cannot be called")
        return found

    @cached_property
    def offer(self) -> Offer:
        """What the network has to give."""
        shapes = {name: value.shape for name, value in self.cases[0].known.items() if getattr(value, "ndim", 0) == 2}
        return Offer(self.derivation, shapes, self.decay)

    @cached_property
    def forms(self) -> list[Form]:
        """The forms that are tried."""
        return list(forms(self.derivation, rows=self.rows))

    def of(self, form: Form) -> Sequence[Case]:
        """Return the cases that are given in a form."""
        return self.certain if form.certain else self.cases

    @cached_property
    def shapers(self) -> list[Shaper]:
        """What turns arrays into each form."""
        return [Shaper(self.derivation, each) for each in self.forms]

    def request(self) -> process.Request:
        """Return what is tried in which order."""
        pairs = [
            (reading.cost + _cost(form) + 0.08 * at, number, at)
            for number, reading in enumerate(self.readings)
            for at, form in enumerate(self.forms)
        ]
        order = [(number, at) for _, number, at in sorted(pairs)[:MOST_TRIED]]
        parameters = [[each.name, sorted(_spellings(each.name))] for each in self.derivation.network.parameters]
        described = [{"parameters": parameters, "each": shaper.iterated} for shaper in self.shapers]
        arrays = [[shaper.given(self.of(shaper.form)[at]) for shaper in self.shapers] for at in range(len(self.cases))]
        above = [each.name for each in self.offer.upstream]
        alone = (self._wanted, above[0]) if len(above) == 1 else ((), "")
        return process.Request([each.steps for each in self.readings], described, order, arrays, *alone)

    @property
    def _wanted(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.derivation.wrt)

    def result(self, invoke: Invoke) -> Result:
        """Return the reading that is right, else the likeliest, with its diagnosis.

        Raises:
            SpecError: none ran, or none that ran returned gradients.
            CheckFailedError: what ran returned a gradient of the wrong shape, or one that is not a number.
        """
        explored = invoke(self.request())
        candidates: list[Candidate] = []
        problems: list[SpecError | CheckFailedError] = []
        for rank, outcome in enumerate(explored.outcomes):
            try:
                candidates.append(self.candidate(outcome, rank))
            except (SpecError, CheckFailedError) as error:
                problems.append(error)
        if not candidates or any(isinstance(each, TwiceError) for each in problems):
            raise self._problem(problems, explored.problems)
        return self._best(candidates, explored.printed)

    def sides(self, result: Result, invoke: Invoke) -> tuple[Side, ...]:
        """Return the lines of their file that are wrong, each beside what is right; empty where none was found."""
        findings, candidate = result.diagnosis.findings, result.candidate
        if not findings or self.found.source.path is None:
            return ()
        at, number = self.forms.index(candidate.form), self.readings.index(candidate.reading)
        whole = self.request()
        made = invoke(replace(whole, order=[(number, at)], is_traced=True)).traced
        case = self.of(candidate.form)[0]
        sample = (
            self._alone(case, candidate.firsts[0]) if candidate.firsts else self._sample(case, candidate.returned[0])
        )
        text = self.found.source.path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = Lines(
            self.found.source.name,
            text,
            self.found.source.tree,
            made,
            self.derivation,
            sample,
            candidate.form.layout.data,
        )
        written = zip(found.sides(findings), sides_of(result.diagnosis), strict=True)
        return tuple(own if theirs is None else Side(*theirs) for theirs, own in written)

    def _problem(
        self, problems: Sequence[SpecError | CheckFailedError], failed: Sequence[Problem]
    ) -> SpecError | CheckFailedError:
        """Return what was wrong with the reading that came nearest: one that ran, else the one that came furthest."""
        if all(each.is_guessed for each in self.readings) and (said := Unread(self.offer, self.found).said):
            return SpecError(said)
        twice = next((each for each in problems if isinstance(each, TwiceError)), None)
        near = (
            twice
            or next((each for each in problems if isinstance(each, CheckFailedError)), None)
            or next(iter(problems), None)
        )
        if near is not None:
            return near
        if failed and failed[0].is_slow:  # The likeliest reading: what the others raised says nothing.
            return process.TimeLimitError(f"{failed[0].said}: an endless loop, or much to print?")
        if failed and failed[0].is_final:
            return SpecError(failed[0].said)
        refused = [each for each in failed if each.refused]
        raised = [each for each in failed if not each.refused]
        return RaisedError((raised or refused)[0].said)

    def candidate(self, outcome: Outcome, rank: int) -> Candidate:
        """Read what a reading returned.

        Raises:
            SpecError: it is no gradients.
            CheckFailedError: a gradient of the wrong shape, or one that is not a number.
        """
        reading, shaper = self.readings[outcome.reading], self.shapers[outcome.form]
        returned, firsts = [], []
        for case, call in zip(self.of(shaper.form), outcome.calls, strict=True):
            if call.first is not None:
                firsts.append(self._returned(case, call.first, reading, shaper))
            read = self._returned(case, call, reading, shaper)
            share = 1.0 / call.examples if call.examples and not self.derivation.network.alone else 1.0
            read.gradients = {name: array * share if share != 1.0 else array for name, array in read.gradients.items()}
            if call.examples:
                read.loss = None if read.loss is None else read.loss * share
                read.forward = {}
                read.gradients = {n: a for n, a in read.gradients.items() if self._is_parameter(n)}
            returned.append(read)
        if len({frozenset(each.gradients) for each in returned}) > 1 or not returned[0].gradients:
            raise SpecError(f"{self.found.signature.called} returns other gradients for every batch")
        found = Candidate(reading, shaper.form, tuple(returned), outcome.calls, rank, 0, tuple(firsts), outcome.slopes)
        return self._compared(found)

    def _is_parameter(self, name: str) -> bool:
        return any(each.name == name for each in self.derivation.wrt)

    def _returned(self, case: Case, call: Call, reading: Reading, shaper: Shaper) -> Returned:
        shapes = {name: case.known[name].shape for name in self.derivation.network.by_name if name in case.known
                  and hasattr(case.known[name], "shape")}  # fmt: skip
        right = {
            each.name: case.known[f"d{each.name}"] for each in self.derivation.wrt if f"d{each.name}" in case.known
        }
        own = self.found.signature
        names = {**case.values.parameters, **case.values.inputs}
        words = {**{path.rpartition(".")[2]: name for name, path in call.slots.items()}, **reading.letters}
        reader = ResultReader(
            self.derivation, own.called, shaper, own.returns, shapes, names, right, _flat(reading.steps), words
        )  # fmt: skip
        problem: SpecError | CheckFailedError | None = None
        found: Returned | None = None
        try:
            found = reader.read(call.returned.node, call.returned.arrays)
        except (SpecError, CheckFailedError) as error:
            problem = error
        enough = found is not None and {each.name for each in self.derivation.wrt} <= set(found.gradients)
        if not enough and call.left is not None and call.left.node["keys"]:
            other = reader.from_object(call.left.node, call.slots, call.left.arrays)
            if other is not None:
                found = other if found is None else _together(found, other)
        if found is None and call.moved is not None and call.moved.node["keys"]:
            found = reader.from_steps(call.moved.node, call.moved.arrays, call.examples)
        if found is None:
            assert problem is not None
            raise problem
        if call.ahead is not None and self.derivation.network.alone:
            found.forward |= self._output(call.ahead, shaper, shapes)
        return found

    def _output(self, ahead: Piece, shaper: Shaper, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        """Return what their own forward pass gave, as a value of the output."""
        import numpy as np

        output = self.derivation.network.output
        if len(self.offer.upstream) != 1 or not isinstance(output, Variable):
            return {}
        for each in ahead.arrays_in_order():
            if each.dtype.kind == "f" and each.ndim and np.isfinite(each).all():
                turned = shaper.ours(output, each, shapes[output.name])
                return {} if turned is None else {output.name: turned}
        return {}

    def _compared(self, candidate: Candidate) -> Candidate:
        """Count what is right, and whether all differ by one factor."""
        import numpy as np

        right, exact = 0, True
        factors: list[float] = []
        for case, returned in zip(self.of(candidate.form), candidate.returned, strict=True):
            share = self._share(case)
            ratios = []
            hits = 0
            for each in self.derivation.wrt:
                ours, theirs = case.known.get(f"d{each.name}"), returned.gradients.get(each.name)
                if ours is None or theirs is None:
                    exact = False
                    continue
                given = np.asarray(theirs, dtype=float) / share
                size = float(np.sum(ours * ours))
                ratio = float(np.sum(given * ours)) / size if size > 0 else 1.0
                near = bool(np.linalg.norm(given - ratio * ours) <= NEAR * abs(ratio) * np.linalg.norm(ours) + 1e-300)
                vanishing = size == 0 or np.abs(ours).max() < 1e-13
                if vanishing or (near and abs(ratio - 1) < NEAR):
                    hits += 1
                if not vanishing:
                    ratios.append(ratio if near else float("nan"))
            right = hits if not factors else min(right, hits)
            factors.append(
                ratios[0]
                if ratios and all(abs(r - ratios[0]) <= NEAR * abs(ratios[0]) for r in ratios)
                else float("nan")
            )
        exact = exact and right == len(self.derivation.wrt)
        whole = all(each.name in returned.gradients for each in self.derivation.wrt for returned in candidate.returned)
        scaled = tuple(factors) if whole and all(abs(each) > 0 for each in factors) else ()
        return self._proved(replace(candidate, right=right, factors=scaled, is_exact=exact))

    def _proved(self, candidate: Candidate) -> Candidate:
        """Take out a sign or a scale that the file itself proves: it adds what it returns, or its own loss has it."""
        factors = candidate.factors
        if not factors or candidate.is_exact or self.strict or candidate.returned[0].is_step:
            return candidate
        said = ""
        if all(abs(each + 1) < NEAR for each in factors) and proofs.is_added(self.found):
            said = "your file adds what it returns, so minus the gradient is meant"
        losses = [each.loss for each in candidate.returned]
        if factors[0] > 0 and proofs.is_of_its_loss(factors, losses, [case.loss for case in self.of(candidate.form)]):
            said = (
                f"the loss that it returns is {factors[0]:.6g} times ours as well: it is the gradient of your own loss"
            )
        if not said:
            return candidate
        returned = tuple(
            replace(
                each,
                gradients={n: a / f for n, a in each.gradients.items()},
                loss=None if each.loss is None else each.loss / abs(f),
            )
            for each, f in zip(candidate.returned, factors, strict=True)
        )
        return replace(
            candidate, returned=returned, factors=(), is_exact=True, right=len(self.derivation.wrt), said=said
        )

    def _share(self, case: Case) -> float:
        outputs = case.known[self.derivation.network.output.name].shape[0]
        return reductions.share(self.derivation, self.reduction, case.examples, outputs)

    def _best(self, candidates: Sequence[Candidate], printed: str) -> Result:
        """Choose: what is right, if it may be; else what is right up to a factor; else what explains most."""
        wanted = len(self.derivation.wrt)
        candidates = [each for each in candidates if each.wanted >= wanted] or candidates
        candidates = self._of_one_penalty(candidates)
        batches = [each for each in candidates if not each.form.each]
        exact = [each for each in candidates if each.is_exact]
        scaled = [each for each in batches if each.factor is not None and not each.is_exact]
        whole = [each for each in exact if not each.form.each]
        if whole or (exact and (not batches or (scaled and not self._counts_examples))):
            first = (whole or exact)[0]
            diagnosis = self._diagnosed(first)
            return Result(first, diagnosis, printed)
        own = next((each for each in candidates if self._of_own_forward(each) is not None), None)
        if own is not None:
            return Result(own, self._diagnosed(own), printed)
        if scaled:
            return Result(scaled[0], self._diagnosed(scaled[0]), printed)
        singles = [each for each in candidates if each.factor is not None and not batches]
        ranked = singles or sorted(batches or candidates, key=lambda each: (-each.right, -each.wanted, each.rank))
        tried: list[Result] = []
        for each in ranked[:MOST_DIAGNOSED]:
            found = Result(each, self._diagnosed(each), printed)
            tried.append(found)
            if (
                each.right
                or (found.diagnosis.findings and not found.diagnosis.departs)
                or found.diagnosis.scale is not None
            ):
                break
        best = next((each for each in tried if each.diagnosis.findings and not each.diagnosis.departs), tried[0])
        best = next((each for each in tried if each.candidate.right), best)
        is_named = len(best.diagnosis.findings) == 1 and best.diagnosis.departs is None
        if best.candidate.reading.is_guessed and not is_named and best.diagnosis.verdict is Judgement.WRONG:
            raise SpecError(
                f"{self.found.signature.called}: no reading of its arguments is right, and none of those that run "
                f"can be trusted ({'; '.join(best.candidate.reading.said) or 'they were given by their shapes alone'})"
            )
        return best

    def _of_one_penalty(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Leave out what another strength of the penalty would make right, where its own loss says which is meant."""
        numbers = [repr(each.plan) for each in self.offer.penalties(None)]

        def but_for(reading: Reading) -> str:
            text = repr((reading.steps, reading.is_guessed))
            for each in numbers:
                text = text.replace(each, "λ")
            return text

        if len(numbers) < 2:
            return candidates
        meant = {(but_for(c.reading), c.form): c.reading for c in reversed(candidates) if self._has_our_loss(c)}
        return [c for c in candidates if meant.get((but_for(c.reading), c.form), c.reading) == c.reading]

    def _has_our_loss(self, candidate: Candidate) -> bool:
        """Whether the losses that were returned are those of the network."""
        pairs = zip(self.of(candidate.form), candidate.returned, strict=True)
        return all(
            theirs.loss is not None and abs(theirs.loss - (own := case.loss * self._share(case))) <= NEAR * abs(own)
            for case, theirs in pairs
        )

    @cached_property
    def _counts_examples(self) -> bool:
        """Whether the code knows of a batch: it takes sums or means over one, or asks how many there are."""
        text = ast.unparse(self.found.source.tree)
        return re.search(r"\.shape\b|\baxis\b|\bmean\(|\blen\(|keepdims|\bm\b", text) is not None

    def _diagnosed(self, candidate: Candidate) -> Diagnosis:
        tolerance = STEP_TOLERANCE if candidate.returned[0].is_step else None
        samples = [
            self._sample(case, each) for case, each in zip(self.of(candidate.form), candidate.returned, strict=True)
        ]
        found = diagnose(self.derivation, samples, tolerance)
        if found.verdict is not Judgement.RIGHT and (digits := self._of_own_forward(candidate)) is not None:
            return self._right_for_own(found, digits)
        if found.verdict is not Judgement.WRONG or not found.departs or not candidate.firsts:
            return found
        alone = [self._alone(case, each) for case, each in zip(self.of(candidate.form), candidate.firsts, strict=True)]
        again = diagnose(self.derivation, alone, tolerance)  # A mistake may differ from example to example.
        return again if again.findings and not again.departs else found

    def _of_own_forward(self, candidate: Candidate) -> float | None:
        """Return to how many digits all gradients agree with differences of their own forward pass; None where not."""
        import numpy as np

        returned, shaper = candidate.returned[0], Shaper(self.derivation, candidate.form)
        case = self.of(candidate.form)[0]
        given, worst = shaper.given(case), 0.0
        for variable in self.derivation.wrt:
            theirs, found = returned.gradients.get(variable.name), candidate.slopes.get(variable.name, ())
            if theirs is None or not found:
                return None
            for seed, slope in enumerate(found):
                drawn = np.random.default_rng(seed).standard_normal(given[variable.name].shape)
                along = shaper.ours(variable, drawn, case.known[variable.name].shape)
                if along is None:
                    return None
                size = float(np.linalg.norm(theirs) * np.linalg.norm(along)) / np.sqrt(theirs.size) + 1e-12
                worst = max(worst, abs(float(np.sum(theirs * along)) - slope) / size)
        return -float(np.log10(worst + 1e-12)) if worst <= OWN_FORWARD else None

    def _right_for_own(self, found: Diagnosis, digits: float) -> Diagnosis:
        """Return what is said of gradients that are right for a forward pass of their own."""
        ahead = [each.sentence for each in found.findings if each.kind == "forward pass"]
        said = ahead[0].partition(";")[0] if ahead else "it is another one than ours"
        rows = tuple(GivenRow(each.name, Mark.RIGHT, digits) for each in self.derivation.wrt)
        note = f"compared with differences of your own forward pass: {said.removeprefix('your forward pass: ')}"
        return Diagnosis(Judgement.RIGHT, rows, notes=(note,))

    def _alone(self, case: Case, found: Returned) -> Sample:
        """Return the first example of a batch as a sample."""
        inputs, targets = ({name: self._first(case, array) for name, array in group.items()}
                           for group in (case.values.inputs, case.values.targets))  # fmt: skip
        goals = dict(targets) if len(targets) > 1 else next(iter(targets.values()), None)
        given = {name: array for name, array in found.gradients.items() if self._is_parameter(name)}
        return Sample(case.values.parameters, inputs, goals, given)

    def _first(self, case: Case, array: Any) -> Any:
        return array[:, : max(1, array.shape[1] // case.examples)] if array.shape[1] % case.examples == 0 else array

    def _sample(self, case: Case, found: Returned) -> Sample:
        """Return theirs as a sample; a loss of another reduction is brought to our mean over the examples."""
        share = self._share(case)
        targets = case.values.targets
        return Sample(
            case.values.parameters,
            case.values.inputs,
            dict(targets) if len(targets) > 1 else next(iter(targets.values()), None),
            {name: array / share for name, array in found.gradients.items()},
            None if found.loss is None else found.loss / share,
            found.forward,
        )

    def notes(self, result: Result) -> Iterator[str]:
        """Yield what a reader must know of how the gradients were obtained."""
        candidate = result.candidate
        said = list(candidate.reading.said)
        if candidate.form != self.forms[0]:
            said.insert(0, candidate.form.said)
        if said:
            yield f"called so that {'; '.join(said)}"
        if candidate.said:
            yield candidate.said
        changed = tuple(dict.fromkeys(name for call in candidate.calls for name in call.changed))
        if changed and not candidate.returned[0].is_step:
            names = ", ".join(changed[:4])
            yield f"it changes its arguments in place ({names}): write Z = Z * … rather than Z *= …"
        returned = candidate.returned[0]
        if returned.is_step:
            yield "it moves its parameters: the gradient is read off the change, by a learning rate of 1"
        if returned.torch:
            yield "it returned torch tensors, read by .detach().cpu().numpy()"
        if returned.single:
            yield "it returned single precision (float32), so that few digits can be compared: it was given float64"
        if returned.unknown:
            yield unknown_note(returned.unknown, [Adjoint(v).name for v in self.derivation.wrt])


def _cost(form: Form) -> float:
    return (
        2.0 * form.each
        + 0.3 * form.vectors
        + 0.3 * form.masks
        + 0.5 * form.certain
        + (0.0 if form.labels is None else 0.7 + 0.1 * form.labels)
    )


def _spellings(name: str) -> set[str]:
    word = plain_name(name)
    return {word, f"theta{word[1:]}"} if word[:1] == "w" and word[1:].isdigit() else {word}


def _flat(steps: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """Return the plan by which a function was given all parameters in one vector; None where it was not."""
    waiting: list[Any] = list(steps)
    while waiting:
        each = waiting.pop()
        if isinstance(each, list) and each[:1] == ["flat"]:
            return each
        waiting += list(each.values()) if isinstance(each, dict) else each if isinstance(each, list) else []
    return None


def _together(first: Returned, second: Returned) -> Returned:
    """Return what was returned with what was left behind; what was returned goes first."""
    return replace(
        first, gradients={**second.gradients, **first.gradients}, keys={**second.keys, **first.keys},
        unknown=[], single=first.single or second.single,
    )  # fmt: skip


@dataclass(frozen=True)
class Unread:
    """Why no reading could be made of a function: an argument that says nothing."""

    offer: Offer
    found: Found

    @property
    def said(self) -> str:
        """The sentence."""
        own = self.found.signature
        words = {name: WORDS.get(plain_name(name), ()) for name in own.required}
        rate = next((name for name, kinds in words.items() if kinds[:1] == ("rate",)), None)
        if rate is not None:
            return (
                f"line {own.line}: {own.text} takes a learning rate, so it seems to take a step: "
                "name a function that returns gradients, or give the rate a default"
            )
        unknown = next((name for name, kinds in words.items() if not kinds and self.offer.symbol(name) is None), "")
        if not unknown:
            return ""
        known = [*self.offer.by_name, "parameters", "cache", "X", "Y"]
        some = ", ".join(
            [*(each.name for each in self.offer.parameters[:2]), self.offer.derivation.network.output.name]
        )
        return (
            f"line {own.line}: {own.text}: nothing is known to give for {unknown!r}"
            f"{nearest(unknown, known)}; it may take parameters, cache, X, Y or single matrices such as {some}: "
            f"say it, {line(own, self.offer)}"
        )
