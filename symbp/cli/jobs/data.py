"""A derivation as JSON data."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from symbp.calculus.factor import Factor
from symbp.checking.report import CheckReport, Outcome
from symbp.derivation import Derivation, Gradient
from symbp.equations import System
from symbp.report.dialects import LATEX
from symbp.report.notation import NOTATIONS
from symbp.report.printer import Printer

MOST_FACTORED = 50
"""Deepest network whose JSON lists the factors: their number grows with the square of the depth."""

EXIT = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INCONCLUSIVE: 3}
"""The exit codes: 1 says that a gradient is wrong, 3 that nothing could tell."""


def exit_code(report: CheckReport | None) -> int:
    """Return the exit code of a check; 0 where none was wanted."""
    return 0 if report is None else EXIT[report.outcome]


def derivation_data(derivation: Derivation, notation: str) -> dict[str, Any]:
    """Return the forward list, the backward list and every gradient, as LaTeX by name."""
    if derivation.is_alone:
        return cast("dict[str, Any]", import_module("symbp.cli.jobs.operation_data").operation_data(derivation))
    network = derivation.network
    printer = Printer(NOTATIONS[notation], LATEX, network.depth, one_example=not network.batch)
    return {
        "layers": network.depth,
        "widths": [str(each) for each in network.widths],
        "batch": network.batch,
        "forward": system_data(derivation.forward, printer),
        "backward": system_data(derivation.backward, printer),
        "gradients": {name: gradient_data(each, printer) for name, each in derivation.gradients.items()},
    }


def system_data(system: System, printer: Printer) -> dict[str, str]:
    """Return every equation of a list as ``left = right``, by the name of its left side."""
    return {each.lhs.name: " = ".join(printer.equation(each)) for each in system}


def gradient_data(gradient: Gradient, printer: Printer) -> dict[str, Any]:
    """Return a gradient in its short form and its factors from the loss on; None where the network is deep."""
    short = f"{printer.partial(gradient.variable)} = {printer.matrix(gradient.recursive)}"
    factors = [factor_data(each, printer) for each in gradient.factors] if gradient.depth <= MOST_FACTORED else None
    return {"equation": short, "factors": factors}


def factor_data(factor: Factor, printer: Printer) -> dict[str, Any]:
    """Return one factor: its role, its layer, from which side it acts on what stands before it, its LaTeX."""
    return {
        "role": str(factor.role),
        "layer": factor.layer,
        "acts": str(factor.acts),
        "latex": printer.matrix(factor.expr),
    }
