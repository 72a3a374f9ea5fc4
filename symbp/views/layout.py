"""Layouts: the same equations where some symbols hold their transpose.

The calculus has examples as columns, weights out × in, errors of the shape of what they belong to. Other layouts hold
Xᵀ under the name X: examples as rows, weights in × out, errors as rows. A layout is no more than which symbols hold
their transpose; every equation follows. An operation that goes down columns goes along rows then: ``Turned``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from sympy import (
    Basic,
    DiagMatrix,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.equations import Equation, ForwardSystem, System, entries_in
from symbp.errors import RuleNotFoundError
from symbp.nodes import matmul, number_and_factors, ones, transpose, zeros
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.literal import Literal
from symbp.ops.losses import LossGradient
from symbp.ops.rearrange import Rearrange
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Call, Part, Pull
from symbp.views.turned import Cogradient, Turned, exchanged, on

ENTRYWISE = (Elementwise, Slope, LossGradient)
"""What is the same operation in either layout as soon as all of its matrices are transposed."""


@dataclass(frozen=True)
class Layout:
    """Which symbols hold their transpose; a matrix of one entry never does."""

    name: str
    which: Callable[[MatrixSymbol], bool]
    keeps_columns: bool = False
    """Whether an example is a column here as well."""

    @property
    def words(self) -> str:
        """The name of the sentences that are its own: those of rows where code has biases as rows as well."""
        return self.name.removeprefix("code-")

    def holds(self, symbol: MatrixExpr) -> bool:
        """Whether a symbol of the calculus holds its transpose here."""
        return symbol.shape != (1, 1) and isinstance(symbol, MatrixSymbol) and self.which(symbol)

    def symbol(self, symbol: MatrixSymbol) -> MatrixSymbol:
        """Return a symbol as it is here."""
        if not isinstance(symbol, Adjoint):
            return exchanged(symbol) if self.holds(symbol) else symbol
        of = cast("Variable", self.symbol(symbol.of))
        return Adjoint(of) if self.holds(symbol) == self.holds(symbol.of) else Cogradient(of)

    def same(self, expr: MatrixExpr) -> MatrixExpr:
        """Return an expression in the symbols of the layout."""
        return self._expression(expr, turned=False)

    def transposed(self, expr: MatrixExpr) -> MatrixExpr:
        """Return the transpose of an expression in the symbols of the layout.

        Raises:
            RuleNotFoundError: a node that has no transpose here.
        """
        return self._expression(expr, turned=True)

    def equation(self, equation: Equation) -> Equation:
        """Return an equation in this layout."""
        rhs = self._expression(equation.rhs, turned=self.holds(equation.lhs))
        return replace(equation, lhs=self.symbol(equation.lhs), rhs=rhs)

    def beside_kernels(self, names: frozenset[str]) -> Layout:
        """Return the layout where what slides over images stays as it is, by the names of it."""
        if not names or self is not IN_OUT:
            return self
        return replace(self, which=lambda symbol: self.which(symbol) and own(symbol).name not in names)

    def system(self, system: System) -> System:
        """Return a list in this layout, every shape checked."""
        kind = System if isinstance(system, ForwardSystem) else type(system)
        return kind(map(self.equation, system), tuple(map(self.symbol, system.given)))

    def part(self, part: Part) -> Part:
        """Return a block in this layout, with all that it calls."""
        return replace(
            part,
            inputs=tuple(map(self.symbol, part.inputs)),
            output=cast("Variable", self.symbol(part.output)),
            forward=cast("ForwardSystem", self.system(part.forward)),
            calls=tuple(map(self.part, part.calls)),
        )

    def _expression(self, expr: MatrixExpr, *, turned: bool) -> MatrixExpr:
        for kind in type(expr).__mro__:
            if kind in _RULES:
                return _RULES[kind](self, expr, turned)
        raise RuleNotFoundError(f"no transpose of {type(expr).__name__}: teach symbp.views.layout")


_Rule = Callable[[Layout, Any, bool], MatrixExpr]


def _symbol(layout: Layout, symbol: MatrixSymbol, turned: bool) -> MatrixExpr:
    own = layout.symbol(symbol)
    return own if layout.holds(symbol) == turned or own.shape == (1, 1) else transpose(own)


def _transpose(layout: Layout, expr: Transpose, turned: bool) -> MatrixExpr:
    return layout.same(expr.arg) if turned else layout.transposed(expr.arg)


def _product(layout: Layout, expr: MatMul, turned: bool) -> MatrixExpr:
    number, factors = number_and_factors(expr)
    number = number.xreplace({each: _entry(layout, each) for each in entries_in(expr)})
    front = () if number is S.One else (number,)
    order = map(layout.transposed, reversed(factors)) if turned else map(layout.same, factors)
    return matmul(*front, *order)


def _entry(layout: Layout, entry: MatrixElement) -> MatrixElement:
    """Return an entry of a matrix in a number."""
    parent, row, column = entry.args
    own = layout.symbol(parent)
    return MatrixElement(own, column, row) if layout.holds(parent) else MatrixElement(own, row, column)


def _entries(layout: Layout, expr: MatAdd | HadamardProduct, turned: bool) -> MatrixExpr:
    args = list(map(layout.transposed if turned else layout.same, expr.args))
    if all(isinstance(each, Transpose) for each in args):
        return transpose(cast("MatrixExpr", Basic.__new__(type(expr), *(each.args[0] for each in args))))
    return cast("MatrixExpr", Basic.__new__(type(expr), *args))


def _ones(layout: Layout, expr: OneMatrix, turned: bool) -> MatrixExpr:
    return ones(*reversed(expr.args)) if turned else expr


def _zeros(layout: Layout, expr: ZeroMatrix, turned: bool) -> MatrixExpr:
    return zeros(*reversed(expr.args)) if turned else expr


def _operation(layout: Layout, op: Op, turned: bool) -> MatrixExpr:
    inside = [arg for arg in op.args if isinstance(arg, MatrixExpr)]
    flags = [not isinstance(each, MatrixSymbol) or layout.holds(each) for each in inside]
    flags = [flag and each.shape != (1, 1) for flag, each in zip(flags, inside, strict=True)]
    symbols = [_operand(layout, each, flag) for each, flag in zip(inside, flags, strict=True)]
    if not any(flags) and (not turned or op.shape == (1, 1)):
        return op if all(new is old for new, old in zip(symbols, inside, strict=True)) else on(op, symbols)
    if isinstance(op, ENTRYWISE) and turned and all(flags):
        return on(op, symbols)
    if not any(flags):
        return transpose(on(op, symbols))
    return Turned.of(op, out=turned and op.shape != (1, 1), exchanged=flags, symbols=symbols)


def _rearrangement(layout: Layout, node: Rearrange, turned: bool) -> MatrixExpr:
    (a,) = (arg for arg in node.args if isinstance(arg, MatrixExpr))
    flag = layout.holds(a)
    return node.turned(layout.symbol(a) if isinstance(a, MatrixSymbol) else a, flag, turned)


def _operand(layout: Layout, operand: MatrixExpr, flag: bool) -> MatrixExpr:
    if isinstance(operand, MatrixSymbol):
        return layout.symbol(operand)
    return layout.transposed(operand) if flag else operand


def _diagonal(layout: Layout, expr: DiagMatrix, turned: bool) -> MatrixExpr:
    return DiagMatrix(layout.same(expr.args[0]))


def _call(layout: Layout, node: Call, turned: bool) -> MatrixExpr:
    kind, number, rows, columns, *inputs = node.args
    if not turned:
        return Call(kind, number, rows, columns, *map(layout.same, inputs))
    return Call(kind, number, columns, rows, *map(layout.transposed, inputs))


def _pull(layout: Layout, node: Pull, turned: bool) -> MatrixExpr:
    kind, number, to, rows, columns, output, error = node.args
    if not turned:
        return Pull(kind, number, to, rows, columns, layout.symbol(output), layout.same(error))
    return Pull(kind, number, to, columns, rows, layout.symbol(output), layout.transposed(error))


_RULES: Mapping[type, _Rule] = {
    MatrixSymbol: _symbol,
    Transpose: _transpose,
    MatMul: _product,
    MatAdd: _entries,
    HadamardProduct: _entries,
    OneMatrix: _ones,
    ZeroMatrix: _zeros,
    Identity: lambda layout, expr, turned: expr,
    Literal: lambda layout, expr, turned: expr.turned() if turned else expr,
    DiagMatrix: _diagonal,
    Call: _call,
    Pull: _pull,
    Rearrange: _rearrangement,
    Op: _operation,
}
"""The transpose of each kind of node, or the node itself, in the symbols of a layout."""

PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)


def own(symbol: MatrixSymbol) -> Variable:
    """Return what an error belongs to; of anything else, itself."""
    return cast("Variable", symbol.of if isinstance(symbol, Adjoint) else symbol)


def _in_rows(symbol: MatrixSymbol) -> bool:
    """Everything but parameters that are columns, their gradients and the loss."""
    of = own(symbol)
    return of.role is not Role.LOSS and not (of.role in PARAMETERS and of.shape[1] == 1)


def _of_other(symbol: MatrixSymbol, *roles: Role) -> bool:
    """Whether a symbol is the gradient by something whose role is none of these."""
    return isinstance(symbol, Adjoint) and symbol.of.role not in roles


COLUMNS = Layout("columns", lambda symbol: False, keeps_columns=True)
ROWS = Layout("rows", _in_rows)
CODE_IN_ROWS = Layout("code-rows", lambda symbol: own(symbol).role is not Role.LOSS)
"""Examples as rows in NumPy code: a bias is a row as well, X @ W + b."""

NUMERATOR = Layout("numerator", lambda symbol: isinstance(symbol, Adjoint))
ROW_GRADIENTS = Layout("row-gradients", lambda symbol: _of_other(symbol, Role.WEIGHT), keeps_columns=True)
"""The gradient by a column is a row, that by a weight has the shape of the weight."""

SHAPE = Layout("shape", lambda symbol: _of_other(symbol, *PARAMETERS, Role.INPUT), keeps_columns=True)
"""Errors are rows, the gradient by what is given has its shape."""

BIAS_ROWS = Layout(
    "bias-rows", lambda symbol: isinstance(symbol, Adjoint) and own(symbol).role is Role.BIAS, keeps_columns=True
)
"""The gradient by a bias is a row, all else a column."""

IN_OUT = Layout("in-out", lambda symbol: own(symbol).role is Role.WEIGHT, keeps_columns=True)
TOKENS = Layout("tokens", lambda symbol: bool(symbol.shape[1] != 1))
"""Tokens as rows, every column vector kept: the literature of attention and of normalisations."""

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {each.name: each for each in (COLUMNS, ROWS, CODE_IN_ROWS, NUMERATOR, ROW_GRADIENTS, SHAPE, BIAS_ROWS, IN_OUT)}
)
"""The layouts a notation may have: the calculus's own; examples as rows with weights in × out; gradients as rows, all
of them or some; weights in × out with columns."""
