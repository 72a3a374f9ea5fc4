"""Mean-field theory of an activation, as a table or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from symbp.analysis.derivations import DERIVATIONS, derivation_of
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.solution import solve
from symbp.cli.analysis_options import PageOptions
from symbp.cli.commands.analyze import Request
from symbp.cli.console import document, note, plain, say
from symbp.cli.jobs.targets import PDF, format_by_suffix, format_of
from symbp.cli.values import choice, shown
from symbp.cli.what import Described, FileSpec
from symbp.errors import SpecError
from symbp.networks.expressions import resolve_activation
from symbp.ops.elementwise import ScalarFunction
from symbp.report.derivations import derivation_page, derivation_terminal
from symbp.report.files import write_bytes, write_text
from symbp.report.page import page_text
from symbp.report.pdf import pdf
from symbp.report.theory import solution_text


def run(request: Request) -> int:
    """Do what was asked for and return the exit code."""
    asked = request.theory
    if asked.derive is not None:
        return derivation(asked.derive, request.page)
    return solve_init(request.networks[0], asked.sigma_b or 0.0, request.json)


def solve_init(spec: Described, sigma_b: float, as_json: bool) -> int:
    """Print the critical initialisation of the activation."""
    function = activation_of(spec)
    try:
        found = solve(function, sigma_b)
    except DivergentError as error:
        raise SpecError(f"--activation {function.name}: {error}") from None
    if as_json:
        document(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say(solution_text(found, ascii_only=plain()))
    return 0


def derivation(name: str, page: PageOptions) -> int:
    """Print a derivation, or write it as a document."""
    chosen = derivation_of(choice("--derive", name.lower(), DERIVATIONS))
    if page.to is None and page.output is None:
        say(derivation_terminal(chosen, ascii_only=plain()))
        return 0
    place = None if page.output in (None, "-") else page.output
    to = format_of(page.to) if page.to is not None else format_by_suffix(place) if place is not None else "gfm"
    made = derivation_page(chosen, f"symbp analyze --derive {name.lower()}")
    if to == PDF:
        if place is None:
            raise SpecError("--to pdf: a PDF needs a file, as in -o notes.pdf")
        note(_wrote(place, write_bytes(Path(place), pdf(page_text(made, "latex", standalone=True)))))
        return 0
    text = page_text(made, to, standalone=page.standalone)
    if place is None:
        document(text)
    else:
        note(_wrote(place, write_text(place, text)))
    return 0


def _wrote(place: str, changed: bool) -> str:
    return f"{'wrote' if changed else 'unchanged:'} {place}"


def activation_of(spec: Described) -> ScalarFunction:
    """Return the activation that was named, under the name it was given."""
    if isinstance(spec, FileSpec) or spec.activation is None:
        raise SpecError("--solve-init needs an activation: name one with --activation, as in --activation tanh")
    try:
        function = resolve_activation(spec.activation, spec.let)
    except SpecError as error:
        if str(error).startswith("let "):
            raise SpecError(f"--{error}") from None
        raise SpecError(f"--activation {shown(spec.activation)}: {error}") from None
    typed = " ".join(spec.activation.split())
    return function if function.name != "f" else function.renamed(shown(typed), function.latex, function.text)
