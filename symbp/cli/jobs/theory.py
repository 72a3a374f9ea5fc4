"""Mean-field theory of an activation, as a table or as JSON."""

from __future__ import annotations

import json

from symbp.analysis.quadrature import DivergentError
from symbp.analysis.solution import solve
from symbp.cli.console import document, plain, say
from symbp.cli.options import NetworkSpec
from symbp.cli.values import shown
from symbp.errors import SpecError
from symbp.networks.expressions import resolve_activation
from symbp.ops.elementwise import ScalarFunction
from symbp.report.theory import solution_text


def solve_init(spec: NetworkSpec, sigma_b: float, as_json: bool) -> int:
    """Print the critical initialisation of the activation."""
    function = activation_of(spec)
    try:
        found = solve(function, sigma_b)
    except DivergentError as error:
        raise SpecError(f"--activation {shown(spec.activation or '')}: {error}") from None
    if as_json:
        document(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say(solution_text(found, ascii_only=plain()))
    return 0


def activation_of(spec: NetworkSpec) -> ScalarFunction:
    """Return the activation that was named, under the name it was given."""
    if spec.activation is None:
        raise SpecError("--solve-init needs an activation: name one with --activation, as in --activation tanh")
    try:
        function = resolve_activation(spec.activation, spec.let)
    except SpecError as error:
        if str(error).startswith("let "):
            raise SpecError(f"--{error}") from None
        raise SpecError(f"--activation {shown(spec.activation)}: {error}") from None
    typed = " ".join(spec.activation.split())
    return function if function.name != "f" else function.renamed(shown(typed), function.latex, function.text)
