"""One entry of a column with numbers in it: 0.15 · 0.05 + 0.20 · 0.10 + 0.35 for a unit of W x + b."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import Any

from sympy import (
    Expr,
    HadamardProduct,
    Integral,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Piecewise,
    Rational,
    Transpose,
)

from symbp.errors import RuleNotFoundError
from symbp.maths.build import Builder, slope_name
from symbp.maths.scalars import Level, Scalars, Written, call, powered
from symbp.maths.tree import (
    APPLY,
    MINUS,
    NEGATIVE,
    PLUS,
    SLASH,
    TIMES,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Row,
    Script,
    joined,
    row,
)
from symbp.nodes import number_and_factors
from symbp.ops.elementwise import OUTPUT, Elementwise, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import EntrywiseLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy
from symbp.ops.scalar import Primitive, step
from symbp.ops.softmax import Softmax

Cell = Callable[[MatrixExpr, int, int], Written]
"""The number that stands in a row and a column of what has a value already."""

LEAVES = (MatrixSymbol, OneMatrix)

OPAQUE = (Piecewise, Integral, step)
"""What a formula must not have where numbers stand in it: there the name of the function says more."""

MOST_OPERATIONS = 8
"""Longest formula that is written out, in operations."""

LOG = Id("log", "upright")


def is_leaf(expr: MatrixExpr) -> bool:
    """Whether an expression is a symbol, or its transpose, or ones."""
    return isinstance(expr.arg if isinstance(expr, Transpose) else expr, LEAVES)


def parts(expr: MatrixExpr) -> Iterator[MatrixExpr]:
    """Yield what is computed by itself before an expression is, the innermost first: a − y in (a − y) ⊙ f′(z).

    A product stands in a sum, and 1 − a in a product.
    """
    for inside in _operands(expr):
        if is_leaf(inside) or (isinstance(expr, HadamardProduct) and _is_complement(inside)):
            continue
        yield from parts(inside)
        if not (isinstance(expr, MatAdd) and isinstance(inside, MatMul | HadamardProduct)):
            yield inside


def _operands(expr: MatrixExpr) -> tuple[MatrixExpr, ...]:
    if isinstance(expr, Slope):
        return ()
    return tuple(each for each in expr.args if isinstance(each, MatrixExpr))


def _is_complement(expr: MatrixExpr) -> bool:
    """Whether an expression is 1 − a."""
    if not isinstance(expr, MatAdd) or len(expr.args) != 2:
        return False
    first, second = expr.args
    return isinstance(first, OneMatrix) and isinstance(second, MatMul) and all(map(is_leaf, _operands(second)))


class Arithmetic:
    """Writes one entry of a column, where all that it needs has a value: ``cell`` has the numbers."""

    def __init__(self, builder: Builder, cell: Cell) -> None:
        self.builder, self.cell = builder, cell

    def entry(self, expr: MatrixExpr, i: int) -> Node:
        """Return what an entry of a column is computed from.

        Raises:
            RuleNotFoundError: an operation whose entries have no arithmetic that reads.
        """
        for kind in type(expr).__mro__:
            if kind in _RULES:
                return on_line(_RULES[kind](self, expr, i).signed)
        raise RuleNotFoundError(f"no arithmetic for {type(expr).__name__}: add a row to symbp.maths.arithmetic")

    def part(self, expr: MatrixExpr, i: int) -> Written:
        """Return an operand: a number, or 1 − a number."""
        if isinstance(expr, OneMatrix):
            return Written(Num("1"))
        if _is_complement(expr):
            return total([self.part(each, i) for each in expr.args])
        return self.cell(expr, i, 0)

    def terms(self, expr: MatrixExpr, i: int) -> list[Written]:
        """Return what is added up for an entry."""
        if isinstance(expr, MatAdd):
            return [term for each in expr.args for term in self.terms(each, i)]
        if isinstance(expr, HadamardProduct):
            counts = Counter(expr.args)  # It keeps the order in which factors stand.
            return [product([self._power(each, i, times) for each, times in counts.items()])]
        if not isinstance(expr, MatMul):
            return [self.part(expr, i)]
        number, factors = number_and_factors(expr)
        if not isinstance(number, Rational):
            raise RuleNotFoundError(f"no arithmetic for a product with {number}")
        found = self._summed(factors, i)
        front = [] if abs(number) == 1 else [Scalars({}).write(abs(number))]
        return [_signed(product([*front, each]) if front else each, bool(number < 0)) for each in found]

    def _summed(self, factors: Sequence[MatrixExpr], i: int) -> list[Written]:
        """Return the products of a row and a column."""
        *weights, column = factors
        if not weights:
            return [self.part(column, i)]
        if len(weights) > 1 or column.shape[1] != 1 or not column.shape[0].is_Integer:
            raise RuleNotFoundError("no arithmetic for a product of three matrices")
        (weight,) = weights
        numbers = [self.part(column, k) for k in range(int(column.shape[0]))]
        if isinstance(weight, OneMatrix):
            return numbers
        return [product([self.cell(weight, i, k), number]) for k, number in enumerate(numbers)]

    def _power(self, expr: MatrixExpr, i: int, times: int) -> Written:
        """Return a factor, as a power where it stands there several times."""
        part = self.part(expr, i)
        return part if times == 1 else Written(powered(part, Num(str(times))), Level.POWER)

    def scalars(self, function: ScalarFunction, expr: Expr, numbers: dict[Any, Written]) -> Written:
        """Return a formula with numbers in the place of its letters.

        Raises:
            RuleNotFoundError: it has cases, or is long.
        """
        if isinstance(function, GenericFunction) or expr.has(*OPAQUE) or expr.count_ops() > MOST_OPERATIONS:
            raise RuleNotFoundError(f"no arithmetic for {function.name}")
        return Scalars(numbers).write(expr.xreplace(dict(function.parameters)))


def on_line(node: Node) -> Node:
    """Return a tree with its fractions on one line: 1/(1 + e^−0.3775)."""
    match node:
        case Row(items=items):
            return row(*map(on_line, items))
        case Fence(body=body):
            return replace(node, body=on_line(body))
        case Script(base=base):
            return replace(node, base=on_line(base))
        case Frac(over=over, under=under) if not (isinstance(over, Num) and isinstance(under, Num)):
            above, below = (on_line(each) for each in (over, under))
            return row(_one(above), SLASH, _one(below))
    return node


def _one(node: Node) -> Node:
    """Return a part of a fraction on one line, in brackets where it is several things."""
    return Fence(node) if isinstance(node, Row) else node


def product(factors: Iterable[Written]) -> Written:
    """Return a product with its sign apart."""
    found = list(factors)
    negative = reduce(xor, (each.negative for each in found), False)
    if len(found) == 1:
        return found[0]
    nodes = [each._replace(negative=False).within(Level.PRODUCT) for each in found]
    return Written(joined(nodes, TIMES), Level.PRODUCT, negative)


def total(terms: Sequence[Written]) -> Written:
    """Return a sum; a sign belongs to its term."""
    if len(terms) == 1:
        return terms[0]
    items: list[Node] = []
    for at, term in enumerate(terms):
        items += [MINUS if term.negative else PLUS] if at else [NEGATIVE] * term.negative
        items.append(Fence(term.node) if term.level is Level.SUM else term.node)
    return Written(row(*items), Level.SUM)


def _signed(term: Written, negative: bool) -> Written:
    return term._replace(negative=term.negative != negative)


def _sum(a: Arithmetic, expr: MatrixExpr, i: int) -> Written:
    return total(a.terms(expr, i))


def _elementwise(a: Arithmetic, expr: Elementwise, i: int) -> Written:
    """Return f with a number in it: 1/(1 + e^−0.3775), else its name."""
    function, inside = expr.function, [a.part(each, i) for each in expr.args[1:]]
    try:
        return a.scalars(function, formula(function), dict(zip(function.variables, inside, strict=True)))
    except RuleNotFoundError:
        return Written(call(a.builder.function(function), *(each.signed for each in inside)))


def formula(function: ScalarFunction) -> Expr:
    """Return the formula of a function in which numbers are put: what its name stands for, where it has one."""
    expr = function.expr
    return expr.definition() if isinstance(expr, Primitive) else expr


def _slope(a: Arithmetic, expr: Slope, i: int) -> Written:
    """Return a slope through the output where it has such a form, else its formula, else its name."""
    function, through = expr.function, expr.function.slope_by_output
    inside = [a.cell(each, i, 0) for each in expr.inputs]
    try:
        if through is not None and expr.index == 0:
            return a.scalars(function, through, {OUTPUT: a.cell(expr.output, i, 0)})
        return a.scalars(function, function.slopes[expr.index], dict(zip(function.variables, inside, strict=True)))
    except RuleNotFoundError:
        return Written(call(slope_name(a.builder.function(function), expr), *(each.signed for each in inside)))


def _softmax(a: Arithmetic, expr: Softmax, i: int) -> Written:
    powers = [Script(Id("e"), None, a.part(expr.args[0], k).signed) for k in range(int(expr.shape[0]))]
    return Written(Frac(powers[i], joined(powers, PLUS)))


def _entrywise_loss(a: Arithmetic, expr: EntrywiseLoss, i: int) -> Written:
    """Return the sum of ℓ over the outputs: ½ (0.75 − 0.01)² + …, or the name of ℓ where it has cases."""
    function = expr.function
    share, body = function.expr.as_coeff_Mul()
    terms = []
    for k in range(int(expr.args[1].shape[0])):
        numbers = [a.part(each, k) for each in expr.args[1:]]
        try:
            term = a.scalars(function, body, dict(zip(function.variables, numbers, strict=True)))
        except RuleNotFoundError:
            terms.append(Written(call(a.builder.function(function), *(each.signed for each in numbers))))
            continue
        terms.append(term if share == 1 else product([Scalars({}).write(share), term]))
    return total(terms)


def _cross_entropy(a: Arithmetic, expr: SoftmaxCrossEntropy, i: int) -> Written:
    """Return −y log p of the classes that a target has."""
    _, p, y = expr.args
    pairs = [(a.part(y, k), a.part(p, k)) for k in range(int(p.shape[0]))]
    return total([_weighted(target, _log(of.node), True) for target, of in pairs if not _is_number(target, 0)])


def _binary_cross_entropy(a: Arithmetic, expr: SigmoidBinaryCrossEntropy, i: int) -> Written:
    """Return −log p of outputs that are to be 1, −log(1 − p) of those that are to be 0."""
    _, p, y = expr.args
    terms = []
    for k in range(int(p.shape[0])):
        target, of = a.part(y, k), a.part(p, k).node
        other = _log(Fence(row(Num("1"), MINUS, of)))
        if not _is_number(target, 0):
            terms.append(_weighted(target, _log(of), True))
        if not _is_number(target, 1):
            rest = Written(row(Num("1"), MINUS, target.node), Level.SUM)
            terms.append(_weighted(Written(Num("1")) if _is_number(target, 0) else rest, other, True))
    return total(terms)


def _log(of: Node) -> Written:
    return Written(row(LOG, APPLY, of), Level.PRODUCT)


def _weighted(weight: Written, of: Written, negative: bool) -> Written:
    return _signed(of if _is_number(weight, 1) else product([weight, of]), negative)


def _is_number(of: Written, number: int) -> bool:
    return isinstance(of.node, Num) and Decimal(of.node.digits) == number


_RULES: dict[type, Callable[[Arithmetic, Any, int], Written]] = {
    MatAdd: _sum,
    MatMul: _sum,
    HadamardProduct: _sum,
    Elementwise: _elementwise,
    Slope: _slope,
    Softmax: _softmax,
    EntrywiseLoss: _entrywise_loss,
    SoftmaxCrossEntropy: _cross_entropy,
    SigmoidBinaryCrossEntropy: _binary_cross_entropy,
}
"""How an entry of each operation is computed."""
