"""A derivation as JSON data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symbp.calculus.factor import Factor
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.maths.notation import Notation, notation_named
from symbp.maths.tree import Node
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.tell.operation import operation_context
from symbp.writing.formula import Speller
from symbp.writing.latex import math_latex

MOST_FACTORED = 50
"""Deepest network whose JSON lists the factors: their number grows with the square of the depth."""

SCHEMA = 2
"""The number of this layout of the JSON document."""


def data(derivation: Derivation, notation: str | Notation) -> dict[str, Any]:
    """Return the forward list, the backward list and every gradient by name, as LaTeX and as Unicode."""
    if derivation.is_alone:
        return _operation(derivation)
    network = derivation.network
    c = context(derivation, notation_named(notation), complete=True)
    reading = c.reading
    writer = Writer(c, Speller.of(c.spellings))
    by_name = {each.lhs.of.name: each for each in reading.gradients}
    return {
        "schema": SCHEMA,
        "layers": network.depth,
        "widths": [str(each) for each in network.widths],
        "batch": network.batch,
        "forward": {each.name: writer.equation(each) for each in reading.listed},
        "backward": {each.name: writer.equation(each) for each in reading.backward},
        "gradients": {v.name: writer.gradient(by_name[v.name]) for v in derivation.wrt},
    }


def _operation(derivation: Derivation) -> dict[str, Any]:
    """Return an operation alone: its two lists as its page shows them, and the equation of every gradient."""
    c = operation_context(derivation)
    speller = Speller.of(c.spellings)

    def spelled(equation: Equation) -> dict[str, str]:
        tree = c.formula(equation)
        return {"latex": math_latex(tree), "unicode": speller.text(tree)}

    by_key = {c.key_of(each): spelled(each) for each in c.equations}
    return {
        "schema": SCHEMA,
        "operation": c.network.name,
        "source": c.network.source,
        "forward": {c.key_of(each.equation): spelled(each.equation) for each in c.forward},
        "backward": {c.key_of(each): spelled(each) for each in c.backward_equations},
        "result": {c.key_of(each): spelled(each) for each in c.shown.result},
        "gradients": {v.name: {"equation": by_key[f"d{v.name}"]} for v in derivation.wrt},
    }


@dataclass(frozen=True)
class Writer:
    """Writes the equations of a page as data; no symbol of one looks like a symbol of another."""

    context: Context
    speller: Speller

    def spelled(self, node: Node) -> dict[str, str]:
        """Return a formula in LaTeX and in Unicode."""
        return {"latex": math_latex(node), "unicode": self.speller.text(node)}

    def equation(self, equation: Equation) -> dict[str, str]:
        """Return an equation as ``left = right``."""
        alone = self.context.reading.alone(equation)
        return self.spelled(self.context.builder.equation(alone.lhs, alone.rhs))

    def gradient(self, equation: Equation) -> dict[str, Any]:
        """Return a gradient by its errors, and its factors from the loss on where it is one product of a few."""
        terms = self.context.products[equation.lhs.of]
        few = len(terms) == 1 and self.context.reading.derivation.network.depth <= MOST_FACTORED
        factors = [self.factor(self.context.alone(each)) for each in terms[0]] if few else None
        return {"equation": self.equation(equation), "factors": factors}

    def factor(self, factor: Factor) -> dict[str, Any]:
        """Return one factor: its role, its layer, from which side it acts on what stands before it, its formula."""
        return {
            "role": str(factor.role),
            "layer": factor.layer,
            "acts": str(factor.acts),
            **self.spelled(self.context.builder.tree(factor.expr)),
        }
