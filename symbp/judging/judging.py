"""judge_file: somebody's function, called at fresh numbers, brought into our orientation, and diagnosed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, SpecError
from symbp.judging import process, reductions
from symbp.judging.answer import Call, RaisedError
from symbp.judging.cases import Case, cases
from symbp.judging.code import code
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.diagnosis.diagnosis import Diagnosis
from symbp.judging.finding import Signature, find
from symbp.judging.fitting import Plan, arrays_of, counted, plan_of
from symbp.judging.layouts import BY_COLUMNS, BY_ROWS, Layout
from symbp.judging.returned import Reader, Returned, unknown_note
from symbp.numeric.values import target_kinds
from symbp.sample import Sample
from symbp.symbols import Adjoint

TIMEOUT = 10.0
"""Seconds a function may take for all its calls."""

Invoke = Callable[[Plan, Sequence[Mapping[str, Any]]], tuple[list[Call], str]]
"""Calls somebody's function by a plan, once for every set of arrays; returns what it printed as well."""


@dataclass(frozen=True)
class Side:
    """A formula as it was written and as it would be right."""

    yours: str
    right: str


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


@dataclass(frozen=True)
class Fit:
    """One way to call a function: the orientation, and class labels in place of one-hot targets."""

    layout: Layout
    labels: bool


def judge_file(
    derivation: Derivation,
    place: Path,
    name: str | None = None,
    *,
    rows: bool = False,
    timeout: float = TIMEOUT,
    seed: int = 0,
    reduction: str = "mean",
) -> Judged:
    """Run a function of a Python file in a process of its own and diagnose the gradients it returns.

    ``name`` says which function (None: the only one or the one with a usual name), ``rows`` that its examples are
    rows, ``timeout`` how many seconds its calls may take together, ``reduction`` whether its loss is the mean over
    the examples, their sum, or what PyTorch's default is.

    Raises:
        SpecError: it cannot be found, called, or read as gradients; or the network leaves something open.
        CheckFailedError: a gradient of the wrong shape, or one that is not a number.
    """
    found = find(place, name)

    def invoke(plan: Plan, arrays: Sequence[Mapping[str, Any]]) -> tuple[list[Call], str]:
        return process.run(place, found.name, plan, arrays, timeout)

    try:
        source = f"{place.name}:{found.name}"
        judged = judge(derivation, found, invoke, source, rows=rows, seed=seed, reduction=reduction)
        return replace(judged, notes=(*judged.notes, *process.caveats()))
    except SpecError as error:
        said = str(error)
        raise SpecError(said if said.startswith(place.name) else f"{place.name}: {said}") from None
    except CheckFailedError as error:
        raise CheckFailedError(f"{place.name}: {error}") from None


def judge(
    derivation: Derivation,
    signature: Signature,
    invoke: Invoke,
    source: str,
    *,
    rows: bool = False,
    seed: int = 0,
    reduction: str = "mean",
) -> Judged:
    """Diagnose a function of which ``signature`` is known and that ``invoke`` can call."""
    drawn = cases(derivation, seed)
    attempt = _Attempt(derivation, signature, invoke, drawn)
    fits = list(_fits(derivation, BY_ROWS if rows else BY_COLUMNS))
    found = attempt.first(fits)
    if isinstance(found, Exception):
        other = attempt.first(list(_fits(derivation, BY_COLUMNS if rows else BY_ROWS)))
        if isinstance(other, Exception):
            raise found
        hint = "columns as examples: leave out --rows" if rows else "rows as examples: give --rows"
        raise type(found)(f"{found}; it fits with {hint}")
    samples = [_sample(derivation, case, each, reduction) for case, each in zip(drawn, found.returned, strict=True)]
    diagnosis = diagnose(derivation, samples)
    notes = tuple(_notes(found, derivation))
    return Judged(diagnosis, source, notes, found.printed, sides=sides_of(diagnosis))


def sides_of(diagnosis: Diagnosis) -> tuple[Side, ...]:
    """Return both versions of every equation that is wrong, as NumPy code."""
    return tuple(Side(code(finding.yours), code(finding.right)) for finding in diagnosis.findings)


@dataclass(frozen=True)
class _Found:
    """A way to call that worked, and what came back."""

    fit: Fit
    returned: list[Returned]
    changed: tuple[str, ...]
    printed: str
    usual: bool


@dataclass(frozen=True)
class _Attempt:
    """Tries ways to call a function until one gives gradients of the right shapes."""

    derivation: Derivation
    signature: Signature
    invoke: Invoke
    cases: Sequence[Case]

    def first(self, fits: Sequence[Fit]) -> _Found | SpecError | CheckFailedError:
        """Return the first way that works, or what was wrong with the most usual one.

        Raises:
            SpecError: what no other way could mend, such as a function that does not end.
        """
        problem: SpecError | CheckFailedError | None = None
        for number, fit in enumerate(fits):
            try:
                return self._called(fit, number == 0)
            except RaisedError as error:
                problem = problem or error
            except CheckFailedError as error:  # It ran to its end, so this way of calling it is nearer.
                problem = error if problem is None or isinstance(problem, RaisedError) else problem
        assert problem is not None
        return problem

    def _called(self, fit: Fit, usual: bool) -> _Found:
        plan = plan_of(self.signature, self.derivation, labels=fit.labels)
        arrays = [arrays_of(case, self.derivation, fit.layout, labels=fit.labels) for case in self.cases]
        if counted(plan, 0) == plan:
            calls, printed = self.invoke(plan, arrays)
        else:
            parts = [
                self.invoke(counted(plan, case.examples), [each]) for case, each in zip(self.cases, arrays, strict=True)
            ]
            calls, printed = [call for found, _ in parts for call in found], parts[0][1]
        returned = []
        for case, call in zip(self.cases, calls, strict=True):
            shapes = {name: case.known[name].shape for name in self.derivation.network.by_name if name in case.known
                      and hasattr(case.known[name], "shape")}  # fmt: skip
            reader = Reader(
                self.derivation, self.signature.name, fit.layout, self.signature.returns, shapes, case.values.parameters
            )
            returned.append(reader.read(call.result, call.arrays))
        changed = tuple(dict.fromkeys(name for call in calls for name in call.changed))
        return _Found(fit, returned, changed, printed, usual)


def _fits(derivation: Derivation, layouts: Sequence[Layout]) -> Iterator[Fit]:
    one_hot = "one_hot" in target_kinds(derivation.forward).values()
    for labels in (False, True) if one_hot else (False,):
        for layout in layouts:
            yield Fit(layout, labels)


def _sample(derivation: Derivation, case: Case, found: Returned, reduction: str) -> Sample:
    """Return theirs as a sample; a loss of another reduction is brought to our mean over the examples."""
    outputs = case.known[derivation.network.output.name].shape[0]
    share = reductions.share(derivation, reduction, case.examples, outputs)
    return Sample(
        case.values.parameters,
        case.values.inputs,
        next(iter(case.values.targets.values()), None),
        {name: array / share for name, array in found.gradients.items()},
        None if found.loss is None else found.loss / share,
        found.forward,
    )


def _notes(found: _Found, derivation: Derivation) -> Iterator[str]:
    if not found.usual:
        yield f"called so that {found.fit.layout.name}" + (", targets as class labels" if found.fit.labels else "")
    if found.changed:
        names = ", ".join(found.changed[:4])
        yield f"it changes its arguments in place ({names}): write Z = Z * … rather than Z *= …"
    returned = found.returned[0]
    if returned.torch:
        yield "it returned torch tensors, read by .detach().cpu().numpy()"
    if returned.single:
        yield "it returned single precision (float32), so that few digits can be compared: the arguments are float64"
    if returned.unknown:
        yield unknown_note(returned.unknown, [Adjoint(v).name for v in derivation.wrt])
