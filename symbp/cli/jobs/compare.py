"""The remedies side by side: measured, said, written as a page with its figure, or as JSON."""

from __future__ import annotations

from functools import partial
from typing import Any

from symbp.analysis.bench import WIDTH
from symbp.analysis.compare import DRAWS, Comparison, compare
from symbp.analysis.remedies import Stack, remedied
from symbp.cli.analyze import Request
from symbp.cli.console import columns, json_document, plain, progress, say
from symbp.cli.jobs import pages
from symbp.cli.jobs.typed import typed
from symbp.cli.what import Named, NetworkOptions
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.pages.tell.compare import compare_page
from symbp.pages.tell.flow import headline
from symbp.pages.tell.flow_parts import Study
from symbp.pages.words import language
from symbp.writing import figures
from symbp.writing.text import words_text, write_text

ACTIVATION = "sigmoid"
"""The activation to be remedied where none is given: one that saturates."""

INIT = "normal:1"
"""The initialisation where none is given: entries N(0, 1/n_in), before anybody knew better."""


def run(request: Request) -> int:
    """Compare, print what was found, and write the page."""
    spec = only_network(request)
    measures = request.measures
    if len(measures.inits) > 1:
        raise SpecError("--compare: give --init once; the remedies bring their own")
    init = measures.inits[0] if measures.inits else INIT
    found = compare(stack(spec), init, measures.seed, measures.draws or DRAWS, progress=progress)
    if request.json:
        json_document(_data(found))
        return 0
    name = f"remedies-{spec.depth}"
    page = partial(compare_page, found, command=typed(request), stem=name)
    if request.page.output != "-" and request.page.only is None:
        say(write_text(page(), width=columns(), ascii=plain()))
    curves = [figures.Curve.of(row.name, row.flow) for row in found.rows if row.flow is not None]
    pages.deliver(request.page, name, page, {"norms": partial(figures.norms, curves)})
    return 0


def _data(found: Comparison) -> dict[str, Any]:
    """Return everything as JSON data, the sentence of every network among it."""
    data = found.to_dict()
    for row, shown in zip(found.rows, data["remedies"], strict=True):
        if row.flow is not None:
            study = Study(row.name, derive(remedied(found.stack, row.remedy)), row.flow)
            shown["flow"] = {"sentence": words_text(headline(language(), study)), **shown["flow"]}
    return data


def only_network(request: Request) -> NetworkOptions:
    """Return the multilayer perceptron to compare or sweep.

    Raises:
        SpecError: a network by name, or several of them.
    """
    if any(isinstance(spec, Named) for spec in request.networks):
        raise SpecError("--compare and --sweep take a multilayer perceptron: describe it by --layers and --activation")
    if len(request.networks) > 1:
        raise SpecError("--compare takes one network: give each network option once")
    (spec,) = request.networks
    assert isinstance(spec, NetworkOptions)
    return spec


def stack(spec: NetworkOptions) -> Stack:
    """Return the network as a stack that remedies can change; widths left open are 64."""
    widths = spec.sizes if spec.sizes is not None else WIDTH
    inputs, *others = widths if isinstance(widths, list) else [widths] * (spec.depth + 1)
    activation = spec.activation or ACTIVATION
    return Stack(
        inputs, tuple(others), activation, spec.output_activation, spec.loss or "mse", spec.bias, dict(spec.let or ())
    )
