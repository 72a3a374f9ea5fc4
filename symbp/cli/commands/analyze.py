"""``symbp analyze``: its options."""

from __future__ import annotations

from symbp.cli.options import AnalysisOptions, JsonOptions, NetworkOptions, PageOptions, TheoryOptions, takes
from symbp.cli.registry import job
from symbp.cli.what import WhatOptions


@takes(WhatOptions, NetworkOptions, AnalysisOptions, TheoryOptions, PageOptions, JsonOptions)
def command(
    what: WhatOptions,
    network: NetworkOptions,
    analysis: AnalysisOptions,
    theory: TheoryOptions,
    page: PageOptions,
    as_json: JsonOptions,
) -> int:
    """Say what happens to the gradient on its way to the first layer, and which factor does it.

    Every factor is measured on the gradient that flows through it; the logarithms add up to those of the compiled
    gradients, or the exit code is 1. Without --activation it contrasts sigmoid with ReLU.
    """
    spec, seed, asked = what.read(network), analysis.read(), theory.read()
    if asked.solve_init:
        return int(job("theory").solve_init(spec, asked.sigma_b or 0.0, as_json.json))
    if asked.derive is not None:
        return int(job("theory").derivation(asked.derive, page))
    sigma_b = asked.sigma_b or 0.0
    if asked.draws is not None:
        return int(job("theory").draws(spec, analysis.init, sigma_b, seed, asked.draws, as_json.json))
    return int(job("analyze").run(spec, analysis.init, seed, as_json.json, sigma_b))
