"""The flow of the gradient: measured, compared with its remedies, or in theory; a page with figures, or JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from symbp.analysis.alternatives import alternatives
from symbp.analysis.bench import WIDTH, Bench
from symbp.analysis.budget import Prepared
from symbp.analysis.compare import DRAWS, compare
from symbp.analysis.cuts import unit
from symbp.analysis.derivations import DERIVATIONS, derivation_of
from symbp.analysis.draws import LEAST, measure
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.outlook import outlook
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.remedies import Stack
from symbp.analysis.repetitions import Unit
from symbp.analysis.solution import solve
from symbp.analysis.spectrum import Spectrum, spectrum
from symbp.analysis.stacks import LEAST as LEAST_LAYERS
from symbp.analysis.suggestion import suggestion
from symbp.cli.analyze import PageOptions, Request
from symbp.cli.console import json_document, progress, say, sentence
from symbp.cli.figures import deliver, figure_alone
from symbp.cli.options import one_of
from symbp.cli.what import Described, Named, NetworkOptions, derived
from symbp.derivation import Derivation
from symbp.errors import SpecError, shown
from symbp.networks.expressions import resolve_activation
from symbp.ops.elementwise import ScalarFunction
from symbp.pages.tell.alternatives import alternatives_page
from symbp.pages.tell.compare import compare_page
from symbp.pages.tell.derivations import derivation_page
from symbp.pages.tell.flow import flow_page, inner_page, inside
from symbp.pages.tell.flow_parts import Study
from symbp.pages.tell.theory import answer, theory_page
from symbp.pages.words import language
from symbp.writing.flow_data import comparison_data, studies_data
from symbp.writing.flow_figures import comparison_figures, flow_figures
from symbp.writing.text import words_text

CONTRASTED = ("sigmoid", "relu")
"""The activations that are analyzed where none is given: one that saturates, one that does not."""

INIT = "xavier"
"""The initialisation where none is given."""

REMEDIED, BEFORE = "sigmoid", "normal:1"
"""What is remedied where it is not said: an activation that saturates, entries N(0, 1/n_in)."""


def run(request: Request) -> int:
    """Do what was asked for and return the exit code: 1 where a budget does not add up."""
    if not request.measures.compare:
        return flows(request)
    (spec, *others) = request.networks
    if not others and isinstance(spec, Named):
        derivation = derived(spec.build())
        if unit(derivation) is not Unit.LAYER:
            return compared_whole(request, derivation, spec)
    return compared(request)


def flows(request: Request) -> int:
    """Analyze every network with every initialisation."""
    page, stem = request.page, f"flow-{request.networks[0].short}"
    wanted = page.targets(stem, is_page=True) if page.only is None else []
    studies = list(_measured(request))
    sound = all(flow.agrees or (flow.compared == 0 and flow.error == 0) for each in studies for flow in _flows(each))
    make = partial(flow_page, studies, command=request.command, stem=stem, every=page.rows)
    if request.json:
        json_document(studies_data(studies))
    elif page.rows and make() == make(every=False):
        raise SpecError("--rows: every row is shown without it; leave out --rows")
    elif page.only is None:
        deliver(page, wanted, stem, make, flow_figures(studies))
        if _can_compare(request, studies) and all(each.path is not None for each in wanted):
            say(f"  {sentence('screen.next'):<11} {request.command} --compare")
    else:
        pictures = flow_figures(studies)
        if one_of(page.only, [*pictures, *inside(studies)], "--only") in pictures:
            figure_alone(page, stem, pictures)
        else:
            stem = f"{stem}-{page.only}"
            inner = inner_page(studies[0], page.only, command=request.command, stem=stem)
            page.present(inner, page.page_targets(stem), None)
    return 0 if sound else 1


def _can_compare(request: Request, studies: Sequence[Study]) -> bool:
    """Whether the remedies of the one network that was analyzed can be compared."""
    spec, flow = request.networks[0], studies[0].flow
    return len(studies) == 1 and isinstance(spec, NetworkOptions) and flow.layers >= LEAST_LAYERS


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
        return sentence("screen.layers", number=str(value))
    if key == "widths":
        return sentence("screen.widths", widths=str(value).replace(",", "-"))
    return str(value)


def _spectrum(bench: Bench, chosen: Chosen, seed: int) -> Spectrum | None:
    """Return the spectrum of a network that has one; one in which examples meet has none."""
    try:
        found = spectrum(bench, chosen, seed)
    except SpecError:
        return None
    return found if found.values else None


def named_init(init: str, sigma_b: float | None = None) -> Chosen:
    """Return an initialisation, or refuse it with the name of its option."""
    try:
        return replace(initialisation(init), sigma_b=sigma_b or 0.0)
    except SpecError as error:
        raise SpecError(f"--init {shown(init)}: {str(error).partition(': ')[2]}") from None


def compared(request: Request) -> int:
    """Compare the remedies of a network, print what was found, and write the page."""
    spec = only_network(request)
    page, measures, stem = request.page, request.measures, f"remedies-{spec.depth}"
    wanted = page.targets(stem, is_page=True) if page.only is None else []
    if len(measures.inits) > 1:
        raise SpecError("--compare: give --init once; the remedies bring their own")
    init = measures.inits[0] if measures.inits else BEFORE
    found = compare(stack(spec), init, measures.seed, measures.draws or DRAWS, progress=progress)
    if request.json:
        json_document(comparison_data(found))
    elif page.only is not None:
        figure_alone(page, stem, comparison_figures(found))
    else:
        make = partial(compare_page, found, command=request.command, stem=stem)
        deliver(page, wanted, stem, make, comparison_figures(found))
    return 0


def compared_whole(request: Request, derivation: Derivation, spec: Named) -> int:
    """Compare a network that is no stack with the remedies that it can have."""
    page, measures, stem = request.page, request.measures, f"remedies-{spec.short}"
    wanted = page.targets(stem, is_page=True)
    if len(measures.inits) > 1:
        raise SpecError("--compare: give --init once; the remedies bring their own")
    if page.only is not None:
        raise SpecError("--only: a comparison of a network that is no stack has no figures")
    init = str(named_init(measures.inits[0])) if measures.inits else INIT
    found = alternatives(derivation, init, measures.seed, measures.draws or DRAWS, progress=progress)
    if request.json:
        json_document(found.to_dict())
    else:
        deliver(page, wanted, stem, partial(alternatives_page, found, command=request.command, stem=stem), {})
    return 0


def only_network(request: Request) -> NetworkOptions:
    """Return the multilayer perceptron to compare.

    Raises:
        SpecError: a network by name, or several of them.
    """
    if len(request.networks) > 1:
        raise SpecError("--compare takes one network: give each network option once")
    (spec,) = request.networks
    if isinstance(spec, Named):
        raise SpecError("--compare and --sweep take a multilayer perceptron: describe it by --layers and --activation")
    return spec


def stack(spec: NetworkOptions) -> Stack:
    """Return the network as a stack that remedies can change; widths left open are 64."""
    widths = spec.sizes if spec.sizes is not None else WIDTH
    inputs, *others = widths if isinstance(widths, list) else [widths] * (spec.depth + 1)
    activation, loss = spec.activation or REMEDIED, spec.loss or "mse"
    return Stack(inputs, tuple(others), activation, spec.output_activation, loss, spec.bias, dict(spec.let or ()))


def solve_init(spec: Described, sigma_b: float, as_json: bool, page: PageOptions) -> int:
    """Print the critical initialisation of the activation, or write it as a document."""
    function = activation_of(spec)
    try:
        found = solve(function, sigma_b)
    except DivergentError as error:
        raise SpecError(f"--activation {function.name}: {error}") from None
    command = shlex.join(["symbp", "analyze", "--solve-init", *spec.words()])
    data = {"sentence": words_text(answer(language(), found)), **found.to_dict()} if as_json else None
    page.present(theory_page(found, command=command), page.page_targets("theory"), data)
    return 0


def derivation(name: str, page: PageOptions) -> int:
    """Print a derivation, or write it as a document."""
    key = one_of(name.lower(), DERIVATIONS, "--derive")
    made = derivation_page(key, derivation_of(key), command=f"symbp analyze --derive {key}")
    page.present(made, page.page_targets(key), None)
    return 0


def activation_of(spec: Described) -> ScalarFunction:
    """Return the activation that was named, under the name it was given."""
    if isinstance(spec, Named) or spec.activation is None:
        raise SpecError("--solve-init needs an activation: name one with --activation, as in --activation tanh")
    try:
        function = resolve_activation(spec.activation, dict(spec.let or ()))
    except SpecError as error:
        if str(error).startswith("let "):
            raise SpecError(f"--{error}") from None
        raise SpecError(f"--activation {shown(spec.activation)}: {error}") from None
    typed = " ".join(spec.activation.split())
    return function if function.name != "f" else function.renamed(shown(typed), function.text)
