"""A stack of layers with one unit in each: every matrix is a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sympy import Identity, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.networks.blocks import Kind
from symbp.nodes import BUILDERS, ones
from symbp.op import Op
from symbp.ops.softmax import Softmax
from symbp.symbols import Adjoint
from symbp.views.turned import on

STACK = (Kind.DENSE, Kind.LINEAR, Kind.ACTIVATION, Kind.LOSS)
"""Of what a plain stack of layers consists."""


def require_stack(derivation: Derivation) -> None:
    """Refuse what is no plain stack of layers.

    Raises:
        SpecError: it is more than layers behind each other, or its layers mix their units.
    """
    is_stack = not derivation.network.named and all(each.kind in STACK for each in derivation.network.blocks.children)
    if not is_stack or any(isinstance(each.rhs, Softmax) for each in derivation.forward):
        raise SpecError("notation: one unit a layer is of a plain stack of layers alone, without softmax")


def one_unit(equations: Iterable[Equation]) -> list[Equation]:
    """Return equations with one unit in every layer."""
    return [replace(each, lhs=unit(each.lhs), rhs=unit(each.rhs)) for each in equations]


def unit(expr: Any) -> Any:
    """Return an expression of matrices as one of numbers."""
    if isinstance(expr, Adjoint):
        return Adjoint(unit(expr.of))
    if isinstance(expr, MatrixSymbol):
        name, _, _, *rest = expr.args
        return type(expr)(name, 1, 1, *rest)
    if isinstance(expr, OneMatrix | Identity):
        return ones(1, 1)
    if isinstance(expr, Transpose):
        return unit(expr.arg)
    if isinstance(expr, Op):
        return on(expr, [unit(each) for each in expr.args if isinstance(each, MatrixExpr)])
    return BUILDERS[type(expr)](*(unit(each) if isinstance(each, MatrixExpr) else each for each in expr.args))
