"""Steps of gradient descent in the place of gradients, and thresholds in the place of biases.

An error is minus the gradient, so that the step of a weight is the learning rate times error times input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sympy import Expr, Integer, MatAdd, MatrixSymbol, Symbol

from symbp.equations import Equation
from symbp.nodes import BUILDERS, sum_of, times
from symbp.op import Op
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.scale import error_in, scaled

RATE = Symbol("eta", positive=True)
"""The learning rate."""

LESS = Integer(-1)


def updates(backward: Iterable[Equation], wanted: frozenset[str]) -> list[Equation]:
    """Return a backward list of minus the errors, and of the steps of what is ``wanted``, by its names."""
    return [_step(each, -RATE if each.lhs.of.name in wanted else LESS) for each in backward]


def _step(equation: Equation, own: Expr) -> Equation:
    rhs = equation.rhs
    terms = rhs.args if isinstance(rhs, MatAdd) and error_in(rhs) is not None else (rhs,)
    found = [scaled(own * LESS if error_in(each) is not None else own, each) for each in terms]
    return replace(equation, rhs=sum_of(found, rhs.shape))


def thresholds(equations: Iterable[Equation]) -> list[Equation]:
    """Return equations where what is added as a bias is a threshold that is taken away."""
    return [_taken(each) for each in equations]


def _taken(equation: Equation) -> Equation:
    lhs = equation.lhs
    if isinstance(lhs, Adjoint):
        return replace(equation, rhs=scaled(LESS, equation.rhs)) if lhs.of.role is Role.BIAS else equation
    return replace(equation, rhs=_less_biases(equation.rhs))


def _less_biases(expr: Any) -> Any:
    """Return an expression with minus every bias, whatever spreads it."""
    if type(expr) in BUILDERS:
        return BUILDERS[type(expr)](*map(_less_biases, expr.args))
    of = [expr] if isinstance(expr, MatrixSymbol) else expr.args if isinstance(expr, Op) else []
    return times(LESS, expr) if any(getattr(each, "role", None) is Role.BIAS for each in of) else expr
