"""A gradient as a product: from the lines of a page, along the path from the loss to a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.calculus.factor import Acts, Edge, Factor, Paths, Product, edge_of, factor_of
from symbp.equations import Equation, entries_in, nodes
from symbp.nodes import BUILDERS, hadamard, matmul
from symbp.ops.elementwise import Slope
from symbp.symbols import Adjoint, Variable
from symbp.views.over import SumOver


@dataclass(frozen=True)
class Errors:
    """Equations of errors and gradients in order, from the loss back; nothing but the network is given."""

    equations: tuple[Equation, ...]
    given: tuple[MatrixSymbol, ...] = ()

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)


def edges(equation: Equation) -> list[Edge]:
    """Return what an equation adds up; a sum in which no error stands is where one starts."""
    return [edge_of(term) if _holds_error(term) else _start(term) for term in _terms(equation.rhs)]


def _terms(expr: MatrixExpr) -> list[MatrixExpr]:
    """Return the terms of a sum of errors, multiplied out where the sum stands inside: W(A + B) is WA + WB."""
    if isinstance(expr, MatrixSymbol) or not _holds_error(expr):
        return [expr]
    if isinstance(expr, MatAdd):
        return [term for each in expr.args for term in _terms(each)]
    at = next(at for at, each in enumerate(expr.args) if isinstance(each, MatrixExpr) and _holds_error(each))
    inside = _terms(expr.args[at])
    if len(inside) == 1:
        return [expr]
    build = BUILDERS.get(type(expr), expr.func)
    return [build(*expr.args[:at], each, *expr.args[at + 1 :]) for each in inside]


def _holds_error(expr: MatrixExpr) -> bool:
    if isinstance(expr, MatrixSymbol):
        return isinstance(expr, Adjoint)
    if isinstance(expr, MatMul) and any(_holds_error(each.parent) for each in entries_in(expr)):
        return True
    return any(isinstance(each, MatrixExpr) and _holds_error(each) for each in expr.args)


def _start(expr: MatrixExpr) -> Edge:
    """Return where an error starts: what comes from the loss, then the slopes and weights it has met already."""
    acting: list[Factor] = []
    while True:
        if isinstance(expr, HadamardProduct) and isinstance(expr.args[-1], Slope):
            acting.append(factor_of(expr.args[-1], Acts.HADAMARD))
            expr = hadamard(*expr.args[:-1]) if len(expr.args) > 2 else expr.args[0]
        elif isinstance(expr, MatMul) and isinstance(expr.args[0], Transpose):
            acting.append(factor_of(expr.args[0], Acts.LEFT))
            expr = matmul(*expr.args[1:]) if len(expr.args) > 2 else expr.args[1]
        else:
            break
    (source,) = edge_of(expr).factors
    return Edge(None, [source, *reversed(acting)])


def products(backward: Sequence[Equation], wanted: frozenset[MatrixSymbol]) -> dict[Variable, tuple[Product, ...]]:
    """Return for everything that is ``wanted`` one product a use, each ordered from the loss to it.

    Products of a deep network share their factors: nothing is copied.
    """
    wrt = tuple(equation.lhs.of for equation in backward if equation.lhs.of in wanted)
    paths = Paths(Errors(tuple(backward)), wrt, None, edges)
    return {variable: paths.products(variable) for variable in wrt}


def single(equation: Equation) -> Edge | None:
    """Return the only term of an equation; None where it is a sum, or one stands in it."""
    sums = (node for node in nodes(equation.rhs) if isinstance(node, MatAdd | SumOver))
    return None if any(map(_holds_error, sums)) else edges(equation)[0]


def is_flat(factors: Iterable[Factor]) -> bool:
    """Whether a product is one of plain matrices and diagonal ones: no sum of paths, no operator in it."""
    return all(factor.acts not in (Acts.SUM, Acts.OPERATOR) for factor in factors)
