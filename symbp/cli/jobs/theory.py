"""Mean-field theory of an activation, as a table or as JSON."""

from __future__ import annotations

from symbp.analysis.derivations import DERIVATIONS, derivation_of
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.solution import solve
from symbp.cli.analyze import PageOptions
from symbp.cli.console import columns, json_document, plain, say
from symbp.cli.jobs import pages
from symbp.cli.options import one_of
from symbp.cli.what import Described, Named
from symbp.errors import SpecError, shown
from symbp.networks.expressions import resolve_activation
from symbp.ops.elementwise import ScalarFunction
from symbp.pages.tell.derivations import derivation_page
from symbp.pages.tell.theory import answer, theory_page
from symbp.pages.words import language
from symbp.writing.text import words_text, write_text


def solve_init(spec: Described, sigma_b: float, as_json: bool) -> int:
    """Print the critical initialisation of the activation."""
    function = activation_of(spec)
    try:
        found = solve(function, sigma_b)
    except DivergentError as error:
        raise SpecError(f"--activation {function.name}: {error}") from None
    if as_json:
        json_document({"sentence": words_text(answer(language(), found)), **found.to_dict()})
    else:
        say(write_text(theory_page(found), width=columns(), ascii=plain()))
    return 0


def derivation(name: str, page: PageOptions) -> int:
    """Print a derivation, or write it as a document."""
    key = name.lower()
    chosen = derivation_of(one_of(key, DERIVATIONS, "--derive"))
    made = derivation_page(key, chosen, command=f"symbp analyze --derive {key}")
    if page.to is None and page.output is None:
        say(write_text(made, width=columns(), ascii=plain()))
    else:
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
