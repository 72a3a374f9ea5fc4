"""Mean-field theory of an activation, as a table or as JSON."""

from __future__ import annotations

from symbp.analysis.derivations import DERIVATIONS, derivation_of
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.solution import solve
from symbp.cli.analyze import PageOptions
from symbp.cli.console import json_document, plain, say
from symbp.cli.jobs import pages
from symbp.cli.options import one_of
from symbp.cli.what import Described, Named
from symbp.errors import SpecError, shown
from symbp.networks.expressions import resolve_activation
from symbp.ops.elementwise import ScalarFunction
from symbp.report.derivations import derivation_page, derivation_terminal
from symbp.report.theory import solution_text


def solve_init(spec: Described, sigma_b: float, as_json: bool) -> int:
    """Print the critical initialisation of the activation."""
    function = activation_of(spec)
    try:
        found = solve(function, sigma_b)
    except DivergentError as error:
        raise SpecError(f"--activation {function.name}: {error}") from None
    if as_json:
        json_document(found.to_dict())
    else:
        say(solution_text(found, ascii_only=plain()))
    return 0


def derivation(name: str, page: PageOptions) -> int:
    """Print a derivation, or write it as a document."""
    key = name.lower()
    chosen = derivation_of(one_of(key, DERIVATIONS, "--derive"))
    if page.to is None and page.output is None:
        say(derivation_terminal(chosen, ascii_only=plain()))
    else:
        made = derivation_page(chosen, f"symbp analyze --derive {key}")
        pages.deliver(page, key, lambda _: made, {})
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
    return function if function.name != "f" else function.renamed(shown(typed), function.latex, function.text)
