"""The flow of the gradient: measured, said, written as a page with figures, or as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from symbp.analysis.bench import Bench
from symbp.analysis.budget import Prepared
from symbp.analysis.draws import LEAST, Draws, measure
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.outlook import outlook
from symbp.analysis.phase import MOST_PANELS, Mark, phases
from symbp.analysis.repetitions import Unit
from symbp.analysis.spectrum import Spectrum, spectrum
from symbp.analysis.suggestion import suggestion
from symbp.cli.analyze import Request
from symbp.cli.console import columns, json_document, plain, progress, say
from symbp.cli.jobs import pages
from symbp.cli.jobs.typed import typed
from symbp.cli.options import one_of
from symbp.cli.what import Described, Named, NetworkOptions, derived
from symbp.errors import SpecError, later, shown
from symbp.ops.elementwise import ScalarFunction
from symbp.pages.page import Page
from symbp.pages.tell.flow import flow_page, headline, inner_page, inside
from symbp.pages.tell.flow_blocks import Blocks
from symbp.pages.tell.flow_parts import Study, note_text
from symbp.pages.tell.flow_steps import remedy_of, steps_of
from symbp.pages.words import language
from symbp.writing import figures
from symbp.writing.text import words_text, write_text

if TYPE_CHECKING:
    from symbp.cli.jobs import compare, sweep
else:
    compare = later("symbp.cli.jobs.compare")
    sweep = later("symbp.cli.jobs.sweep")

CONTRASTED = ("sigmoid", "relu")
"""The activations that are analyzed where none is given: one that saturates, one that does not."""

INIT = "xavier"
"""The initialisation where none is given."""


def run(request: Request) -> int:
    """Do what was asked for and return the exit code: 1 where a budget does not add up."""
    for init in request.measures.inits:
        named_init(init)
    if request.measures.sweep:
        return sweep.run(request)
    if request.page.only is None:
        pages.wanted_pages(request.page, "flow")
    if request.measures.compare:
        return compare.run(request)
    return flows(request)


def flows(request: Request) -> int:
    """Analyze every network with every initialisation."""
    studies = list(_measured(request))
    code = 0 if all(sound(flow) for each in studies for flow in _flows(each)) else 1
    if request.json:
        json_document(_data(studies))
        return code
    name = stem("flow", request.networks[0])
    page = partial(flow_page, studies, command=typed(request), stem=name, every=request.page.rows)
    if request.page.rows and page() == page(every=False):
        raise SpecError("--rows: every row is shown without it; leave out --rows")
    pictures = _pictures(studies)
    only = request.page.only
    if only is not None and one_of(only, [*pictures, *inside(studies)], "--only") not in pictures:
        _one_repetition(request, partial(inner_page, studies[0], only, command=typed(request), stem=f"{name}-{only}"))
        return code
    if request.page.output != "-" and request.page.only is None:
        say(write_text(page(), width=columns(), ascii=plain()))
    pages.deliver(request.page, name, page, pictures)
    return code


def _one_repetition(request: Request, page: Callable[[], Page]) -> None:
    """Print the page of one block or step, or write it where the options want it."""
    options = replace(request.page, only=None)
    if options.to is None and options.output is None:
        say(write_text(page(), width=columns(), ascii=plain()))
    else:
        pages.deliver(options, page().stem, lambda _: page(), {})


def _flows(study: Study) -> tuple[GradientFlow, ...]:
    return study.draws.flows if study.draws else (study.flow,)


def _measured(request: Request) -> Iterator[Study]:
    measures = request.measures
    inits = measures.inits or (INIT,)
    specs = [each for spec in request.networks for each in contrasted(spec)]
    if measures.draws is not None and measures.draws < LEAST:
        raise SpecError(f"--draws {measures.draws}: a standard error needs at least {LEAST}")
    for number, spec in enumerate(specs, 1):
        derivation = derived(spec.build())
        progress(f"analyze, {number} of {len(specs)}: {name(spec, specs)}")
        ready = Prepared.of(derivation)
        for init in inits:
            label = ", ".join([*([name(spec, specs)] if len(specs) > 1 else []), *([init] if len(inits) > 1 else [])])
            chosen = named_init(init, request.theory.sigma_b)
            draws = measure(ready, chosen, measures.seed, measures.draws) if measures.draws else None
            bounds = measures.bounds or None
            flow = draws.flows[0] if draws else ready.account(chosen, measures.seed, bounds=bounds)
            found = None if request.json else _spectrum(ready.bench, chosen, measures.seed)
            beside = outlook(derivation, chosen, init, flow)
            remedy = suggestion(derivation, chosen, flow)
            yield Study(label or name(spec, specs), derivation, flow, beside, draws, found, remedy)


def _data(studies: Sequence[Study]) -> dict[str, object]:
    if any(each.draws is not None for each in studies):
        return {"draws": [_draws_data(each, each.draws) for each in studies if each.draws is not None]}
    return {"flows": [flow_data(each) | {"theory": _theory_data(each)} for each in studies]}


def flow_data(study: Study) -> dict[str, object]:
    """Return what was measured of a network as JSON data, its sentence first."""
    return {"sentence": words_text(headline(language(), study)), **study.flow.to_dict()}


def _draws_data(study: Study, draws: Draws) -> dict[str, object]:
    flows = [flow_data(replace(study, flow=flow, draws=None)) for flow in draws.flows]
    return {"sentence": words_text(headline(language(), study)), **draws.to_dict(), "flows": flows}


def _theory_data(study: Study) -> dict[str, object] | None:
    if study.outlook is None:
        return None
    notes = [words_text(note_text(language(), note)) for note in study.outlook.notes]
    return {**study.outlook.to_dict(), "notes": notes}


def _pictures(studies: Sequence[Study]) -> dict[str, Callable[[], object]]:
    """Return what draws the figures that have something to show."""
    found: dict[str, Callable[[], object]] = {}
    if any(each.flow.slope is not None for each in studies):
        found["norms"] = partial(
            figures.norms, [figures.Curve.of(each.name, each.flow, _slope(each)) for each in studies]
        )
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


def _of_repetitions(study: Study) -> dict[str, Callable[[], object]]:
    """Return what draws blocks and steps."""
    unit = study.flow.repetitions.unit if study.flow.repetitions else None
    if unit is Unit.BLOCK:
        blocks = Blocks(study, language())
        return (
            {"branches": partial(figures.branches, blocks.run)} if blocks.pattern and len(blocks.run.logs) > 1 else {}
        )
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


def contrasted(spec: Described) -> list[Described]:
    """Return the networks of a spec: two where its activation is left open."""
    if isinstance(spec, Named) or spec.activation is not None:
        return [spec]
    return [replace(spec, activation=activation) for activation in CONTRASTED]


def name(spec: Described, among: Sequence[Described]) -> str:
    """Return what tells a network from the others."""
    if isinstance(spec, Named):
        return spec.stem
    others = [each for each in among if isinstance(each, NetworkOptions)]
    differing = [key for key in ("activation", "layers", "widths", "output_activation", "loss")
                 if any(getattr(each, key) != getattr(spec, key) for each in others)]  # fmt: skip
    return ", ".join(_said(key, getattr(spec, key)) for key in differing) or str(spec.activation)


def _said(key: str, value: object) -> str:
    if key == "layers":
        return f"{value} layers"
    if key == "widths":
        return "widths " + str(value).replace(",", "-")
    return str(value)


def stem(kind: str, spec: Described) -> str:
    """Return the name of the files, without suffix."""
    return f"{kind}-{spec.stem if isinstance(spec, Named) else spec.depth}"


def _spectrum(bench: Bench, chosen: Chosen, seed: int) -> Spectrum | None:
    """Return the spectrum of a network that has one; one in which examples meet has none."""
    try:
        found = spectrum(bench, chosen, seed)
    except SpecError:
        return None
    return found if found.values else None


def sound(flow: GradientFlow) -> bool:
    """Whether every budget that could be compared adds up."""
    return flow.agrees or (flow.compared == 0 and flow.error == 0)


def named_init(init: str, sigma_b: float | None = None) -> Chosen:
    """Return an initialisation, or refuse it with the name of its option."""
    try:
        return replace(initialisation(init), sigma_b=sigma_b or 0.0)
    except SpecError as error:
        raise SpecError(f"--init {shown(init)}: {str(error).partition(': ')[2]}") from None
