"""A gradient as a product: from the lines of a page, along the path from the loss to a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose

from symbp.calculus.factor import Acts, Edge, Factor, Paths, Product, edge_of, factor_of
from symbp.equations import Equation, nodes, symbols_in
from symbp.nodes import hadamard, matmul
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
    rhs = equation.rhs
    is_sum = isinstance(rhs, MatAdd) and _holds_error(rhs)
    return [edge_of(term) if _holds_error(term) else _start(term) for term in (rhs.args if is_sum else (rhs,))]


def _holds_error(expr: MatrixExpr) -> bool:
    return any(isinstance(each, Adjoint) for each in symbols_in(expr))


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
