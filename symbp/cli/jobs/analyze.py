"""The flow of the gradient, as sentences and tables or as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from symbp.analysis.budget import analyze
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.cli.console import document, plain, say
from symbp.cli.jobs.network import build
from symbp.cli.values import shown
from symbp.cli.what import Described, FileSpec
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.report.flow import flows_text

CONTRASTED = ("sigmoid", "relu")
"""The activations that are analyzed where none is given: one that saturates, one that does not."""


def run(spec: Described, init: str, seed: int, as_json: bool, sigma_b: float = 0.0) -> int:
    """Analyze the network, print what was found, and return 1 where a budget does not add up."""
    chosen = replace(named_init(init), sigma_b=sigma_b)
    flows = [analyze(network, chosen, seed) for network in networks(spec)]
    if as_json:
        data = {"flows": [flow.to_dict() for flow in flows]}
        document(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say(flows_text(flows, ascii_only=plain()))
    return 0 if all(map(sound, flows)) else 1


def sound(flow: GradientFlow) -> bool:
    """Whether every budget that could be compared adds up."""
    return flow.agrees or (flow.compared == 0 and flow.error == 0)


def networks(spec: Described) -> list[Network]:
    """Return the network, or without a file and an activation those that are contrasted."""
    if isinstance(spec, FileSpec) or spec.activation is not None:
        return [build(spec)]
    return [build(replace(spec, activation=name)) for name in CONTRASTED]


def named_init(init: str) -> Chosen:
    """Return an initialisation, or refuse it with the name of its option."""
    try:
        return initialisation(init)
    except SpecError as error:
        raise SpecError(f"--init {shown(init)}: {str(error).partition(': ')[2]}") from None
