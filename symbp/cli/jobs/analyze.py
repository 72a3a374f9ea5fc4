"""The flow of the gradient, as sentences and tables or as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from symbp.analysis.budget import analyze
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import initialisation
from symbp.cli.console import document, plain, say
from symbp.cli.jobs.network import build
from symbp.cli.options import NetworkSpec
from symbp.cli.values import shown
from symbp.errors import SpecError
from symbp.report.flow import flows_text

CONTRASTED = ("sigmoid", "relu")
"""The activations that are analyzed where none is given: one that saturates, one that does not."""


def run(spec: NetworkSpec, init: str, seed: int, as_json: bool) -> int:
    """Analyze the network, print what was found, and return 1 where a budget does not add up."""
    require_init(init)
    names = CONTRASTED if spec.activation is None else (spec.activation,)
    flows = [analyze(build(replace(spec, activation=name)), init, seed) for name in names]
    if as_json:
        data = {"flows": [flow.to_dict() for flow in flows]}
        document(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say(flows_text(flows, ascii_only=plain()))
    return 0 if all(map(sound, flows)) else 1


def sound(flow: GradientFlow) -> bool:
    """Whether every budget that could be compared adds up."""
    return flow.agrees or (flow.compared == 0 and flow.error == 0)


def require_init(init: str) -> None:
    """Refuse an initialisation with the name of its option."""
    try:
        initialisation(init)
    except SpecError as error:
        raise SpecError(f"--init {shown(init)}: {str(error).partition(': ')[2]}") from None
