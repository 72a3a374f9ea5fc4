"""The figures of an analysis: those that have something to show, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from symbp.analysis.compare import Comparison
from symbp.analysis.phase import MOST_PANELS, Mark, phases
from symbp.analysis.repetitions import Unit
from symbp.ops.elementwise import ScalarFunction
from symbp.pages.tell.flow_blocks import Blocks
from symbp.pages.tell.flow_parts import Study
from symbp.pages.tell.flow_steps import remedy_of, steps_of
from symbp.pages.words import language
from symbp.writing import figures

Pictures = dict[str, Callable[[], object]]


def flow_figures(studies: Sequence[Study]) -> Pictures:
    """Return what draws the figures of studies."""
    found: Pictures = {}
    if any(each.flow.slope is not None for each in studies):
        curves = [figures.Curve.of(each.name, each.flow, _slope(each)) for each in studies]
        found["norms"] = partial(figures.norms, curves)
    if studies[0].flow.is_stack and any(not row.is_dead for row in studies[0].flow.rows):
        found["budget"] = partial(figures.budget, studies[0].flow)
    found |= _of_repetitions(studies[0])
    spectra = [(each.name, each.spectrum) for each in studies if each.spectrum is not None]
    if spectra:
        found["spectrum"] = partial(figures.spectra, spectra)
    marks: dict[ScalarFunction, list[Mark]] = {}
    for each in studies:
        if each.outlook is not None and each.outlook.function is not None and each.outlook.prospects:
            marks.setdefault(each.outlook.function, []).extend(each.outlook.marks)
    if marks:
        found["phase"] = partial(_phase, marks)
    return found


def comparison_figures(comparison: Comparison) -> Pictures:
    """Return what draws the figure of a comparison."""
    curves = [figures.Curve.of(row.name, row.flow) for row in comparison.rows if row.flow is not None]
    return {"norms": partial(figures.norms, curves)}


def _of_repetitions(study: Study) -> Pictures:
    """Return what draws blocks and steps."""
    unit = study.flow.repetitions.unit if study.flow.repetitions else None
    if unit is Unit.BLOCK:
        blocks = Blocks(study, language())
        if blocks.pattern and len(blocks.run.logs) > 1:
            return {"branches": partial(figures.branches, blocks.run)}
    if unit is Unit.STEP:
        steps = steps_of(study, language())[0]
        best, name = remedy_of(steps), steps.candidate
        if name and steps.count > 1:
            return {"parts": partial(figures.parts, steps.run.shares[name], best.run.shares[name] if best else ())}
    return {}


def _slope(study: Study) -> float | None:
    """Return how many decades a layer takes from the gradient as predicted; None where theory says nothing."""
    rate = study.outlook.predicted if study.outlook is not None else None
    return math.log10(rate) if rate else None


def _phase(marks: dict[ScalarFunction, list[Mark]]) -> object:
    chosen = list(marks.items())[:MOST_PANELS]
    return figures.phase([phases(function, dict.fromkeys(each)) for function, each in chosen])
