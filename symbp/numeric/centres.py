"""Where an activation carries a signal best: weights and biases that keep a deep network near f(0)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sympy import Expr, Float, MatMul, MatrixExpr, Symbol

from symbp.equations import ForwardSystem, nodes
from symbp.numeric.definitions import Standins
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.symbols import Role


@dataclass(frozen=True, slots=True)
class Centre:
    """What surrounds a weight: f(0) of the activation before it, and the slope at 0 of the one behind it."""

    before: float = 0.0
    slope: float = 1.0


def centres(forward: ForwardSystem, standins: Standins) -> dict[str, Centre]:
    """Return the centre of every weight that multiplies an activation, by its name."""
    made_by = {equation.name: equation.rhs for equation in forward}
    behind = {node.args[1].name: node.function for node in made_by.values() if isinstance(node, Elementwise)}
    found: dict[str, Centre] = {}
    for equation in forward:
        for weight, incoming in _products(equation.rhs):
            source = made_by.get(incoming)
            before = _at_zero(_chosen(source.function, standins))[0] if isinstance(source, Elementwise) else 0.0
            slope = _at_zero(_chosen(behind[equation.name], standins))[1] if equation.name in behind else 1.0
            found.setdefault(weight, Centre(before, slope))
    return found


def _products(rhs: MatrixExpr) -> Iterator[tuple[str, str]]:
    """Yield the names of weight and matrix for each product W·A."""
    for node in nodes(rhs):
        if isinstance(node, MatMul) and len(node.args) == 2:
            weight, incoming = node.args
            if getattr(weight, "role", None) is Role.WEIGHT and hasattr(incoming, "name"):
                yield weight.name, incoming.name


def _chosen(function: ScalarFunction, standins: Standins) -> ScalarFunction:
    return standins.function(function) if isinstance(function, GenericFunction) else function


@lru_cache(maxsize=64)
def _at_zero(chosen: ScalarFunction) -> tuple[float, float]:
    """Return f(0) and |f′(0)|; 0 and 1 where they are not ordinary numbers, as at a kink."""
    values: dict[Symbol, Expr] = dict(chosen.parameters)
    for variable in chosen.variables:
        values[variable] = Float(0)
    value, slope = (_number(expr.xreplace(values)) for expr in (chosen.expr, chosen.slopes[0]))
    return (value if math.isfinite(value) else 0.0, abs(slope) if 0.01 < abs(slope) < 100 else 1.0)


def _number(expr: Expr) -> float:
    try:
        return float(expr.evalf())
    except (TypeError, ValueError):
        return math.nan
