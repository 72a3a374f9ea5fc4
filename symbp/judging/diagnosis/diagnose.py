"""diagnose(derivation, samples): whose gradient is right, and what exactly is wrong with the other one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sympy import Expr, MatMul, MatrixExpr, S

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.judging.diagnosis import ahead
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.diagnosis import Diagnosis, Finding, GivenRow, Judgement, Mark, Scale
from symbp.judging.diagnosis.hypotheses import generic
from symbp.judging.diagnosis.matching import Given
from symbp.judging.diagnosis.nodes import written_out
from symbp.judging.diagnosis.reading import read, tolerance_of
from symbp.judging.diagnosis.scale import named, scale_of
from symbp.judging.diagnosis.search import Cause, Search
from symbp.judging.diagnosis.sequence import with_steps
from symbp.judging.diagnosis.sites import where
from symbp.sample import Sample
from symbp.symbols import Adjoint

RATHER = "; everything else is right"


def diagnose(derivation: Derivation, samples: Sequence[Sample], tolerance: float | None = None) -> Diagnosis:
    """Compare somebody's gradients with ours and name the causes of what differs.

    A hypothesis is an edit of one equation of the backward list, executed and compared with all given gradients on
    all samples, entry by entry: equal is what rounding in the precision of an array, float64 or float32, explains, or
    what differs by less than ``tolerance`` times its norm where one is given. Where their forward pass is another one,
    as far as their loss, values they gave or their gradients tell, it is edited before the backward list is.

    Raises:
        SpecError: no sample, none of our gradients among what was given, arrays that are missing, empty or no real
            numbers, or something is left open in the network.
        ShapeError: a parameter, an input or a target that does not fit the network.
    """
    import numpy as np

    samples, tolerance = read(derivation, samples), tolerance_of(tolerance)
    derivation = with_steps(derivation)
    with np.errstate(all="ignore"):
        bench = Bench(derivation, samples)
        given = Given(bench, tolerance)
        if not given.known:
            names = ", ".join(sorted(set(samples[0].given))) or "nothing"
            raise SpecError(f"diagnose: none of our gradients was given on every sample; given: {names}")
        return _ahead(bench, _backward(derivation, bench, given), tolerance)


def _backward(derivation: Derivation, bench: Bench, given: Given) -> Diagnosis:
    """Diagnose the backward pass alone."""
    search = Search(bench, given)
    scale = scale_of(given)
    if scale is None:
        search.run()
    return _told(derivation, given, search, scale)


def _ahead(bench: Bench, own: Diagnosis, tolerance: float | None) -> Diagnosis:
    """Return the diagnosis with what is wrong in their forward pass, where something is or alone explains all."""
    departs, ratios = ahead.first_departing(bench), ahead.loss_ratios(bench)
    is_told = departs is not None or not _is_factor(ratios)
    if not is_told and (own.verdict is not Judgement.WRONG or not own.departs):
        return replace(own, notes=(*own.notes, *_loss_note(bench, ratios, own)))
    doubted = None if departs is None else ahead.doubted(bench, departs[0])
    best: Diagnosis | None = None
    for each in ahead.hypotheses(bench.derivation, doubted):
        for found, said in each.derivations:
            if not is_told and not ahead.is_near(found, bench):
                continue
            theirs = Bench(found, bench.samples)
            if is_told and not ahead.agrees(theirs):
                break
            given = Given(theirs, tolerance)
            if not is_told and not all(given.matches_right(name) for name in given.names):
                continue
            candidate = _behind(each, said, _backward(found, theirs, given))
            if best is None or _worse(candidate) < _worse(best):
                best = candidate
        if best is not None and _worse(best) == (False, 1):
            break
    if best is not None:
        return best
    where: tuple[str, ...] = ()
    if departs is not None:
        where = (ahead.as_note(*departs, ahead.equal_to(bench, departs[0])),)
    return replace(own, notes=(*own.notes, *where, *_loss_note(bench, ratios, own)))


def _is_factor(ratios: Sequence[float] | None) -> bool:
    return ratios is None or max(ratios) - min(ratios) <= ahead.LOSS_TOLERANCE * abs(max(ratios))


def _worse(diagnosis: Diagnosis) -> tuple[bool, int]:
    return bool(diagnosis.departs), len(diagnosis.findings)


def _behind(each: ahead.Ahead, said: str, found: Diagnosis) -> Diagnosis:
    """Return what is wrong behind a forward pass, that of the forward pass first."""
    rest = found.findings
    follows = "" if rest or found.departs else said
    sentence = f"your forward pass: {each.sentence}{follows}"
    finding = Finding("forward pass", each.right.name, sentence, each.yours, each.right)
    given = f"right, given your {each.right.name}"
    rows = tuple(
        replace(row, mark=Mark.CARRIED, note=given) if row.mark is Mark.RIGHT and not row.note else row
        for row in found.rows
    )
    return replace(found, verdict=Judgement.WRONG, rows=rows, findings=(finding, *rest))


def _loss_note(bench: Bench, ratios: Sequence[float] | None, own: Diagnosis) -> Iterator[str]:
    """Say how their loss differs from ours."""
    if ratios is None:
        return
    theirs, ours = bench.samples[0].loss, bench.loss(0)
    if not _is_factor(ratios) or ratios[0] <= 0:
        yield f"your loss is {theirs:.6g}, ours {ours:.6g}: the forward passes differ, or the loss does"
        return
    found = named(ratios, bench)
    if found is not None and (own.scale is None or found.text != own.scale.text):
        why = "" if found.text[:1].isdigit() and "." in found.text else f": {found.why}"
        yield f"your loss is {found.text} times ours{why}"


def _told(derivation: Derivation, given: Given, search: Search, scale: Scale | None) -> Diagnosis:
    """Turn what was found into a verdict, rows and findings."""
    causes, convention = _without_scale(given, search.causes)
    scale = scale or convention
    findings = tuple(_findings(derivation, causes, not search.unexplained and scale is None))
    rows = (*_rows(given, search, scale), *_missing(derivation, given))
    failed = findings or search.unexplained
    verdict = Judgement.WRONG if failed else _judgement([row.mark for row in rows], scale)
    return Diagnosis(verdict, rows, findings, scale, search.departs)


LEAST = 0.5
"""Digits of what is right: less than one is no agreement that could be told."""

_FAILED = (Mark.WRONG, Mark.SHAPE, Mark.NAN)


def _judgement(marks: Sequence[Mark], scale: Scale | None) -> Judgement:
    """Return the verdict of rows that no finding explains: what is missing is not called right."""
    if any(mark in _FAILED for mark in marks):
        return Judgement.WRONG
    if scale is not None:
        return Judgement.SCALED
    return Judgement.INCOMPLETE if Mark.MISSING in marks else Judgement.RIGHT


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
    if given.matches_right(name) and given.vanishes(name) and any(ours.any() for ours in given.right[name]):
        return Mark.RIGHT, None, "zero to rounding in yours and in ours"
    if given.matches_right(name):
        number, constant = given.digits_given(name), _constant(given, name)
        if not constant and digits is not None and digits < LEAST:
            return Mark.RIGHT, None, "rounding may turn a unit on or off: both are right"
        return Mark.RIGHT, digits, constant if number is None else f"to the {number} digits given"
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
    if given.is_parameter(name) or not ratios or abs(ratios[0] - 1) <= given.slack:
        return ""
    found = named(ratios, given.bench, given.slack)
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
