"""diagnose(derivation, samples): whose gradient is right, and what exactly is wrong with the other one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sympy import Expr, MatMul, MatrixExpr, S

from symbp.checking.diagnosis.bench import Bench
from symbp.checking.diagnosis.hypotheses import generic
from symbp.checking.diagnosis.matching import Given
from symbp.checking.diagnosis.nodes import written_out
from symbp.checking.diagnosis.sample import Diagnosis, Finding, GivenRow, Judgement, Mark, Sample, Scale
from symbp.checking.diagnosis.scale import named, scale_of
from symbp.checking.diagnosis.search import Cause, Search
from symbp.checking.diagnosis.sites import where
from symbp.checking.tolerance import TOLERANCE
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.symbols import Adjoint

RATHER = "; everything else is right"


def diagnose(derivation: Derivation, samples: Sequence[Sample], tolerance: float | None = None) -> Diagnosis:
    """Compare somebody's gradients with ours and name the causes of what differs.

    A hypothesis is an edit of one equation of the backward list, executed and compared with all given gradients on
    all samples. ``tolerance`` is the relative error that counts as equal: 1e-9 unless given, 1e-4 for float32.

    Raises:
        SpecError: no sample, none of our gradients among what was given, or something is left open in the network.
    """
    import numpy as np

    if not samples:
        raise SpecError("diagnose: give at least one sample of the gradient")
    with np.errstate(all="ignore"):
        bench = Bench(derivation, samples)
        given = Given(bench, tolerance)
        if not given.known:
            names = ", ".join(sorted(set(samples[0].given))) or "nothing"
            raise SpecError(f"diagnose: none of our gradients was given on every sample; given: {names}")
        search = Search(bench, given)
        scale = scale_of(given)
        if scale is None:
            search.run()
        return _told(derivation, given, search, scale)


def _told(derivation: Derivation, given: Given, search: Search, scale: Scale | None) -> Diagnosis:
    """Turn what was found into a verdict, rows and findings."""
    causes, convention = _without_scale(given, search.causes)
    scale = scale or convention
    findings = tuple(_findings(derivation, causes, not search.unexplained and scale is None))
    rows = (*_rows(given, search, scale), *_missing(derivation, given))
    failed = findings or search.unexplained or any(row.mark in _FAILED for row in rows)
    verdict = Judgement.WRONG if failed else Judgement.SCALED if scale is not None else Judgement.RIGHT
    return Diagnosis(verdict, rows, findings, scale, search.departs, tuple(_notes(given)))


_FAILED = (Mark.WRONG, Mark.SHAPE, Mark.NAN)


def _without_scale(given: Given, causes: Sequence[Cause]) -> tuple[list[Cause], Scale | None]:
    """Take a positive factor of the loss's own gradient out of the causes: it is a convention."""
    rest, scale = [], None
    for cause in causes:
        found = _as_scale(given, cause)
        if found is not None and scale is None:
            scale = found
        else:
            rest.append(cause)
    return rest, scale


def _as_scale(given: Given, cause: Cause) -> Scale | None:
    """Return a factor of an equation that starts from the loss alone, as the convention it may be."""
    hypothesis, bench = cause.hypothesis, given.bench
    if len(hypothesis.edits) > 1 or hypothesis.mark[0] not in _SCALING or hypothesis.mark[1] != ():
        return None
    right, wrong = cause.replaced[hypothesis.equation], hypothesis.edits[0][1]
    number = _number(wrong) / _number(right)
    if right.atoms(Adjoint) or not number.free_symbols <= set(bench.dimensions):
        return None
    values = [bench.dimension(number, each) for each in range(len(bench.samples))]
    return named(values, bench) if all(value > 0 for value in values) else None


_SCALING = ("constants", "missing_coefficient")


def _number(node: MatrixExpr) -> Expr:
    return node.as_coeff_matrices()[0] if isinstance(node, MatMul) else S.One


def _findings(derivation: Derivation, causes: Sequence[Cause], all_told: bool) -> Iterator[Finding]:
    """Yield one finding a cause; the same mistake in several layers is one."""
    groups: dict[object, list[Cause]] = {}
    for cause in causes:
        groups.setdefault(_likeness(derivation, cause), []).append(cause)
    for group in groups.values():
        first = group[0].hypothesis
        right = derivation.backward[first.equation]
        others = [each.hypothesis.equation for each in group[1:]]
        sentence = first.sentence + (f"; the same in {_listed(others)}" if others else "")
        yield Finding(
            first.kind,
            first.equation,
            sentence + (RATHER if all_told and len(groups) == 1 else ""),
            replace(right, rhs=first.edits[0][1]),
            replace(right, rhs=written_out(right.rhs)),
            tuple(name for each in group for name in each.explains),
        )


def _likeness(derivation: Derivation, cause: Cause) -> object:
    """Return what the same mistake in another layer shares with this one."""
    hypothesis = cause.hypothesis
    equation: Equation = derivation.backward[hypothesis.equation]
    lhs = equation.lhs
    stem = lhs.of.stem if isinstance(lhs, Adjoint) else lhs.name
    return (hypothesis.kind, stem, hypothesis.mark[:2], generic(hypothesis.edits[0][1], where(lhs)))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _rows(given: Given, search: Search, scale: Scale | None) -> Iterator[GivenRow]:
    for name in given.known:
        yield GivenRow(name, *_judged(given, search, scale, name))


def _judged(given: Given, search: Search, scale: Scale | None, name: str) -> tuple[Mark, float | None, str]:
    if name in given.broken:
        return Mark.NAN, None, "holds numbers that are not finite"
    digits = given.digits(name)
    if given.matches_right(name):
        return Mark.RIGHT, digits, _constant(given, name)
    if scale is not None and not search.causes:
        return (Mark.SCALED if _is_scaled(given, name) else Mark.WRONG), digits, scale.text
    if name in search.unexplained:
        mark = Mark.WRONG if given.fits(name) else Mark.SHAPE
        return mark, digits, _unexplained(given, search, name)
    edited = [each for cause in search.causes for each, _ in cause.hypothesis.edits]
    pinned = [f"d{each}" for each in search.unexplained if not given.is_parameter(each)]
    if f"d{name}" in edited:
        return Mark.WRONG, digits, ""
    above = [each for each in (*edited, *pinned) if each in given.bench.reaches(f"d{name}")]
    nearest = max(above, key=given.bench.place.__getitem__, default="")
    if _only_scaled(given, search, above):
        return Mark.SCALED, digits, ""
    return Mark.CARRIED, digits, f"right, given your {nearest}"


def _only_scaled(given: Given, search: Search, above: Sequence[str]) -> bool:
    causes = [cause for cause in search.causes if cause.hypothesis.equation in above]
    return bool(causes) and all(_as_scale(given, cause) is not None for cause in causes)


def _is_scaled(given: Given, name: str) -> bool:
    return all(value is not None for value in given.ratios(name))


def _constant(given: Given, name: str) -> str:
    """Say by which number an intermediate differs, where that is made up for later."""
    ratios = [each for each in given.ratios(name) if each is not None]
    if given.is_parameter(name) or not ratios or abs(ratios[0] - 1) <= TOLERANCE:
        return ""
    found = named(ratios, given.bench)
    return f"{found.text} times ours, made up for later" if found is not None else ""


def _unexplained(given: Given, search: Search, name: str) -> str:
    if not given.fits(name):
        theirs, ours = (_shape(each[0].shape) for each in (given.arrays(name), given.right[name]))
        return f"is {theirs}, must be {ours}"
    if search.departs is not None and search.departs != f"d{name}":
        return f"{search.departs} departs before it"
    return ""


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _missing(derivation: Derivation, given: Given) -> Iterator[GivenRow]:
    for variable in derivation.wrt:
        if variable.name not in given.known:
            yield GivenRow(variable.name, Mark.MISSING)


def _notes(given: Given) -> Iterator[str]:
    """Say where the loss itself differs: then it is the forward pass that does."""
    for number, sample in enumerate(given.bench.samples):
        ours = given.bench.loss(number)
        if sample.loss is not None and not math.isclose(sample.loss, ours, rel_tol=1e-6, abs_tol=1e-12):
            yield f"your loss is {sample.loss:.6g}, ours {ours:.6g}: the forward passes differ, or the loss does"
            return
