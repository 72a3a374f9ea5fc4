"""The flow of the gradient: measured, said, written as a page with figures, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from symbp.analysis.budget import analyze
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.spectrum import Spectrum, spectrum
from symbp.cli.commands.analyze import Request
from symbp.cli.console import json_document, plain, progress, say
from symbp.cli.jobs import pages
from symbp.cli.jobs.compare import run as compare
from symbp.cli.jobs.derive import command_line
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.sweep import run as sweep
from symbp.cli.options import NetworkSpec
from symbp.cli.values import shown
from symbp.cli.what import Described, FileSpec
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.report import plots
from symbp.report.flow import flows_text
from symbp.report.flow_page import flow_page

CONTRASTED = ("sigmoid", "relu")
"""The activations that are analyzed where none is given: one that saturates, one that does not."""

INIT = "xavier"
"""The initialisation where none is given."""


def run(request: Request) -> int:
    """Do what was asked for and return the exit code: 1 where a budget does not add up."""
    for init in request.measures.inits:
        named_init(init)
    if request.measures.sweep:
        return sweep(request)
    if request.page.only is None:
        pages.wanted_pages(request.page, "flow")
    if request.measures.compare:
        return compare(request)
    return flows(request)


def flows(request: Request) -> int:
    """Analyze every network with every initialisation."""
    measures = request.measures
    inits = measures.inits or (INIT,)
    found: list[tuple[str, str, Derivation, GradientFlow]] = []
    specs = [each for spec in request.networks for each in contrasted(spec)]
    several = len(specs) * len(inits) > 1
    tell = progress()
    for number, spec in enumerate(specs, 1):
        if tell is not None and several:
            tell(f"analyze, {number} of {len(specs)}: {name(spec, specs)}")
        derivation = derived(build(spec))
        for init in inits:
            label = ", ".join([*([name(spec, specs)] if len(specs) > 1 else []), *([init] if len(inits) > 1 else [])])
            found.append(
                (label, init, derivation, analyze(derivation, named_init(init, request.theory.sigma_b), measures.seed))
            )
    all_flows = [flow for *_, flow in found]
    if request.json:
        json_document({"flows": [flow.to_dict() for flow in all_flows]})
        return 0 if all(map(sound, all_flows)) else 1
    names = [label or flow.subject for label, _, _, flow in found]
    if request.page.output != "-" and request.page.only is None:
        say(flows_text(all_flows, ascii_only=plain()))
    spectra = list(_spectra(found, names, measures.seed))
    pictures: dict[str, partial[object]] = {
        "norms": partial(plots.norms, [plots.Curve.of(*each) for each in zip(names, all_flows, strict=True)]),
        "budget": partial(plots.budget, all_flows[0]),
    }
    if spectra:
        pictures["spectrum"] = partial(plots.spectra, spectra)
    make = partial(flow_page, all_flows, names, spectra, command_line("analyze", request.networks[0]))
    pages.deliver(request.page, stem("flow", request.networks[0]), make, pictures)
    return 0 if all(map(sound, all_flows)) else 1


def contrasted(spec: Described) -> list[Described]:
    """Return the networks of a spec: two where its activation is left open."""
    if isinstance(spec, FileSpec) or spec.activation is not None:
        return [spec]
    return [replace(spec, activation=activation) for activation in CONTRASTED]


def name(spec: Described, among: Sequence[Described]) -> str:
    """Return what tells a network from the others."""
    if isinstance(spec, FileSpec):
        return spec.stem
    others = [each for each in among if isinstance(each, NetworkSpec)]
    differing = [key for key in ("activation", "layers", "widths", "output_activation", "loss")
                 if any(getattr(each, key) != getattr(spec, key) for each in others)]  # fmt: skip
    return ", ".join(_said(key, getattr(spec, key)) for key in differing) or str(spec.activation)


def _said(key: str, value: object) -> str:
    if key == "layers":
        return f"{value} layers"
    if key == "widths":
        return "widths " + ("-".join(map(str, value)) if isinstance(value, list) else str(value))
    return str(value)


def stem(kind: str, spec: Described) -> str:
    """Return the name of the files, without suffix."""
    return f"{kind}-{spec.stem if isinstance(spec, FileSpec) else spec.layers}"


def _spectra(
    found: Sequence[tuple[str, str, Derivation, GradientFlow]], names: Sequence[str], seed: int
) -> Sequence[tuple[str, Spectrum]]:
    """Return the spectra of the networks that have one; those in which examples meet have none."""
    spectra = []
    for label, (_, init, derivation, _) in zip(names, found, strict=True):
        try:
            spectra.append((label, spectrum(derivation, init, seed)))
        except SpecError:
            continue
    return [(label, each) for label, each in spectra if each.values]


def sound(flow: GradientFlow) -> bool:
    """Whether every budget that could be compared adds up."""
    return flow.agrees or (flow.compared == 0 and flow.error == 0)


def named_init(init: str, sigma_b: float | None = None) -> Chosen:
    """Return an initialisation, or refuse it with the name of its option."""
    try:
        return replace(initialisation(init), sigma_b=sigma_b or 0.0)
    except SpecError as error:
        raise SpecError(f"--init {shown(init)}: {str(error).partition(': ')[2]}") from None
