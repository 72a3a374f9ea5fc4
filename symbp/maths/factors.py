"""Factors of a gradient as trees: beside each other for one example, nested with ⊙ for a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sympy import DiagMatrix, Expr, MatMul, MatrixExpr, MatrixSymbol, Mul, S, Transpose

from symbp.calculus.factor import Acts, Factor, is_ones
from symbp.maths.build import Builder, as_number, multiplied, number_everywhere, operator_name, sign_of
from symbp.maths.names import slot_of
from symbp.maths.scalars import Level, Written, call, word
from symbp.maths.tree import HADAMARD, PLUS, TIMES, TRANSPOSE, Fence, Id, Node, Script, Tag, joined, row
from symbp.nodes import hadamard, number_and_factors, times
from symbp.op import FactorRole
from symbp.ops.elementwise import Slope
from symbp.roles import Role
from symbp.views.lines import Indexed
from symbp.views.tidy import is_one
from symbp.views.turned import plain

Label = Callable[[Factor], tuple[str, ...]]
"""The words under a factor; none for a factor without a brace."""


def unlabelled(factor: Factor) -> tuple[str, ...]:
    """Return no words."""
    return ()


def in_order(factors: Iterable[Factor]) -> list[Factor]:
    """Return the factors of the product for one example as they stand: from the parameter to the loss, its input."""
    left: list[Factor] = []
    right: list[Factor] = []
    for each in factors:
        (right if each.acts is Acts.RIGHT else left).append(each)
    return [*reversed(left), *(each for each in right if not is_ones(each))]


class Factors:
    """Writes products of factors with the builder of a page."""

    def __init__(self, builder: Builder, label: Label = unlabelled) -> None:
        self.builder, self.label = builder, label

    def flat(self, factors: Iterable[Factor], start: Iterable[Node] = ()) -> list[Node]:
        """Return the factors of the product for one example, from the parameter to the loss and its input.

        What is turned on the way stands in brackets, with a ⊤ behind them. They stand around those of the ``start``.
        """
        found = list(start)
        for factor in factors:
            if is_turn(factor):
                found = [Script(Fence(joined(found, TIMES)), None, TRANSPOSE)]
            elif factor.acts is not Acts.RIGHT:
                found.insert(0, self.one(factor))
            elif not is_ones(factor):
                found.append(self.one(factor))
        return found

    def one(self, factor: Factor) -> Node:
        """Return one factor of the product for one example."""
        return self.tagged(factor, self._inside(factor) if factor.acts is Acts.RIGHT else self.matrix(factor))

    def product(self, factors: Iterable[Factor]) -> Node:
        """Return the product for one example."""
        return joined(self.flat(factors), TIMES)

    def matrix(self, factor: Factor) -> Node:
        """Return what a factor multiplies a column by; of the loss gradient, the column itself."""
        if factor.acts is Acts.HADAMARD:
            return self._diagonal(factor)
        if factor.acts is Acts.SUM:
            inside = Factors(self.builder)  # The sum as a whole has a label.
            return Fence(joined([inside.product(branch) if branch else Id("I") for branch in factor.branches], PLUS))
        if factor.acts is Acts.OPERATOR:
            return self._operator(factor)
        return self._inside(factor)

    def _diagonal(self, factor: Factor) -> Node:
        if isinstance(factor.expr, Slope):
            return self.slopes(factor.expr)
        return call(word("diag"), self.builder.tree(factor.expr))

    def slopes(self, slope: Slope) -> Node:
        """Return D⁽ˡ⁾ for diag f′(z⁽ˡ⁾)."""
        names = self.builder.names
        if names.notation.units == "one":
            return self.builder.within(slope, Level.PRODUCT)
        letter = Id(names.notation.slopes)
        if slot_of(slope.output) in self.builder.apart:
            return Tag(Script(letter, names.symbol(slope.output)), of=slope)
        return Tag(names.like(letter, slope.output), of=slope)

    def _operator(self, factor: Factor) -> Node:
        node = plain(factor.expr)
        if node.sign is not None:
            return self.builder.within(node.args[1 - node.acts_on], Level.ATOM)
        return operator_name(self.builder, node)

    def _inside(self, factor: Factor) -> Node:
        return self.builder.within(factor.expr, Level.PRODUCT)

    def tagged(self, factor: Factor, node: Node) -> Node:
        """Return a node under the words of a factor."""
        label = self.label(factor)
        return Tag(node, role=str(factor.role), label=label) if label else node

    def nested(self, factors: Iterable[Factor]) -> Node:
        """Return the product for a batch: each factor acts on all that stands on the side of the loss."""
        number, (first, *others) = number_in_front(factors)
        while others and is_spread(first, others[0]):
            side = others.pop(0)
            ends = (side.expr, first.expr) if side.acts is Acts.LEFT else (first.expr, side.expr)
            first = replace(first, expr=times(S.One, *(part for end in ends for part in number_and_factors(end)[1])))
        if others and others[0].acts is Acts.HADAMARD and number_everywhere(first.expr) is not None:
            first = replace(first, expr=hadamard(first.expr, others.pop(0).expr))
        start = self.builder.write(first.expr)
        found = start._replace(node=self.tagged(first, start.node))
        for factor in others:
            found = self._around(factor, found)
        return self.builder.scaled(number, found).signed

    def _around(self, factor: Factor, inner: Written) -> Written:
        if is_turn(factor):
            return Written(Script(inner.within(Level.ATOM), None, TRANSPOSE))
        if factor.acts is Acts.OPERATOR:
            return self._applied(factor, inner)
        own = self.builder.write(factor.expr)
        everywhere = number_everywhere(factor.expr) if factor.acts is Acts.HADAMARD else None
        if everywhere is not None:
            own = as_number(self.builder, everywhere)
            return multiplied([own._replace(node=self.tagged(factor, own.node)), inner], TIMES)
        if factor.acts is Acts.HADAMARD and factor.expr.shape == (1, 1):
            sides = [inner.within(Level.PRODUCT), self.tagged(factor, own.within(Level.PRODUCT))]
            return Written(joined(sides, TIMES), Level.PRODUCT)
        if factor.acts is Acts.HADAMARD:
            right = self.tagged(factor, own.within(Level.HADAMARD))
            return Written(row(inner.within(Level.HADAMARD), HADAMARD, right), Level.HADAMARD)
        side = self.tagged(factor, own.within(Level.PRODUCT))
        inside = inner.within(Level.PRODUCT)
        order = (inside, TIMES, side) if factor.acts is Acts.RIGHT else (side, TIMES, inside)
        return Written(row(*order), Level.PRODUCT)

    def _applied(self, factor: Factor, inner: Written) -> Written:
        """Return an operator applied to what stands on the side of the loss."""
        node = plain(factor.expr)
        if node.sign is None:
            return Written(call(self.tagged(factor, operator_name(self.builder, node)), inner.signed))
        other = self.tagged(factor, self.builder.within(node.args[1 - node.acts_on], Level.ATOM))
        sides = [inner.within(Level.ATOM), other] if node.acts_on == 0 else [other, inner.within(Level.ATOM)]
        return Written(joined(sides, sign_of(node)), Level.HADAMARD)


def is_spread(number: Factor, side: Factor) -> bool:
    """Whether a factor only repeats a 1×1, or a row or a column made of one, in every place."""
    is_number = (
        isinstance(number.expr, MatrixExpr) and 1 in number.expr.shape and number_and_factors(number.expr)[0] == 1
    )
    if not is_number or side.acts not in (Acts.LEFT, Acts.RIGHT) or not is_ones(side):
        return False
    return number.expr.shape == (1, 1) or number_everywhere(number.expr) is not None


def number_in_front(factors: Iterable[Factor]) -> tuple[Expr, list[Factor]]:
    """Return the number of all factors, and the factors without it; ones that multiply entry by entry are left out.

    1/m stays with the loss gradient where it is the only number.
    """
    listed = list(factors)
    numbers: list[Expr] = []
    found: list[Factor] = []
    for factor in listed:
        number, matrices = number_and_factors(factor.expr) if isinstance(factor.expr, MatrixExpr) else (factor.expr, ())
        if number != 1:
            numbers.append(number)
        if matrices and not (factor.acts is Acts.HADAMARD and is_one(factor.expr)):
            found.append(replace(factor, expr=times(S.One, *matrices)) if number != 1 else factor)
    if len(found) > 1 and is_one(found[0].expr) and found[1].acts is Acts.HADAMARD:
        del found[0]
    start = listed[0]
    is_share = len(numbers) == 1 and numbers[0].as_numer_denom()[0] == 1
    if is_share and isinstance(start.expr, MatMul) and start.expr.args[0] == numbers[0]:
        return S.One, [start, *found[1:]]
    return Mul(*numbers), found


def is_turn(factor: Factor) -> bool:
    """Whether a factor turns all that stands on the side of the loss."""
    return factor.acts is Acts.OPERATOR and isinstance(factor.expr, Transpose)


def role_of(factor: Factor) -> str:
    """Return what a factor is, in the words of the field: an input is an input."""
    symbol = factor.expr.arg if isinstance(factor.expr, Transpose) else factor.expr
    if isinstance(plain(symbol), Slope | DiagMatrix):
        return str(FactorRole.SLOPE)
    of = symbol.of if isinstance(symbol, Indexed) else symbol
    if isinstance(symbol, MatrixSymbol) and getattr(of, "role", None) is Role.INPUT:
        return "input"
    return "" if factor.role is FactorRole.CONSTANT else str(factor.role)
