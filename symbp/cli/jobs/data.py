"""A derivation as JSON data."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from symbp.calculus.factor import Factor
from symbp.checking.report import CheckReport, Outcome
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.maths.factors import Factors
from symbp.maths.notation import notation_named
from symbp.maths.tree import Node
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.writing.formula import math_text
from symbp.writing.latex import math_latex

MOST_FACTORED = 50
"""Deepest network whose JSON lists the factors: their number grows with the square of the depth."""

EXIT = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INCONCLUSIVE: 3}
"""The exit codes: 1 says that a gradient is wrong, 3 that nothing could tell."""


def exit_code(report: CheckReport | None) -> int:
    """Return the exit code of a check; 0 where none was wanted."""
    return 0 if report is None else EXIT[report.outcome]


SCHEMA = 2
"""The number of this layout of the JSON document."""


def derivation_data(derivation: Derivation, notation: str) -> dict[str, Any]:
    """Return the forward list, the backward list and every gradient by name, as LaTeX and as Unicode."""
    if derivation.is_alone:
        return cast("dict[str, Any]", import_module("symbp.cli.jobs.operation_data").operation_data(derivation))
    network = derivation.network
    c = context(derivation, notation_named(notation), complete=True)
    reading = c.reading
    by_name = {each.lhs.of.name: each for each in reading.gradients}
    return {
        "schema": SCHEMA,
        "layers": network.depth,
        "widths": [str(each) for each in network.widths],
        "batch": network.batch,
        "forward": {each.name: equation_data(c, each) for each in reading.listed},
        "backward": {each.name: equation_data(c, each) for each in reading.backward},
        "gradients": {v.name: gradient_data(c, by_name[v.name]) for v in derivation.wrt},
    }


def equation_data(c: Context, equation: Equation) -> dict[str, str]:
    """Return an equation as ``left = right``, in LaTeX and in Unicode."""
    alone = c.reading.alone(equation)
    return spelled(c.builder.equation(alone.lhs, alone.rhs))


def spelled(node: Node) -> dict[str, str]:
    """Return a formula in LaTeX and in Unicode."""
    return {"latex": math_latex(node), "unicode": math_text(node)}


def gradient_data(c: Context, equation: Equation) -> dict[str, Any]:
    """Return a gradient by its errors, and its factors from the loss on where it is one product of a few."""
    terms = c.products[equation.lhs.of]
    few = len(terms) == 1 and c.reading.derivation.network.depth <= MOST_FACTORED
    writer = Factors(c.builder)
    factors = [factor_data(writer, c.alone(each)) for each in terms[0]] if few else None
    return {"equation": equation_data(c, equation), "factors": factors}


def factor_data(writer: Factors, factor: Factor) -> dict[str, Any]:
    """Return one factor: its role, its layer, from which side it acts on what stands before it, its formula."""
    return {
        "role": str(factor.role),
        "layer": factor.layer,
        "acts": str(factor.acts),
        **spelled(writer.builder.tree(factor.expr)),
    }
