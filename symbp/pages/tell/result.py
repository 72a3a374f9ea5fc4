"""The result in a frame: the recursion, and one gradient as a product with the role of each factor under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Symbol, Transpose, ZeroMatrix

from symbp.calculus.factor import Acts, Edge, Factor, Product
from symbp.equations import Equation, nodes, operands, symbols_in
from symbp.maths.factors import Factors, in_order, is_turn
from symbp.maths.names import slot_of
from symbp.maths.scalars import call, number, word
from symbp.maths.tree import DOTS, EQUALS, TIMES, Fence, Node, Script, Sign, joined, row
from symbp.op import Op
from symbp.ops.elementwise import Slope
from symbp.pages.page import Aside, Block, Equations, Para, Ref, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context, Spelled
from symbp.pages.tell.roles import writer_of
from symbp.pages.tell.stream import EXPLICIT, in_frame, is_start, stream_result
from symbp.pages.tell.time_result import time_result
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.lines import index_symbol
from symbp.views.over import SumOver
from symbp.views.product import edges, is_flat, single
from symbp.views.skeleton import put_in
from symbp.views.turned import plain

MOST_LINES = 6
"""A recursion of so many lines is a result; a longer one is a section of its own."""

MOST_FACTORS = 11
"""Longest product that is written with every factor."""

PRODUCT = "product"
"""The label of the product for any repetition."""


def is_short(c: Context) -> bool:
    """Whether all of the recursion is the result: it is short, or no error is ever sent back."""
    return not c.errors or len(c.errors) + len(c.gradients) <= MOST_LINES


def result(c: Context) -> Aside:
    """Return the frame: the recursion where it is short, else where it starts, and a gradient as a product."""
    if is_short(c):
        lines = [*c.errors, *c.gradients]
        leads = c.words("result.lines", n=len(lines), number=c.words.number(len(lines)))
    else:
        lines = in_frame(c)
        back = [each.label for each in c.errors if each not in lines]
        leads = c.words("result.starts", lines=Ref.to(back)) if back else c.words("result.starts_alone")
    shown = tuple(PageLine((c.equation(each),), each.label, each.where, reason(c, each)) for each in lines)
    blocks = time_result(c, shown)
    if not blocks:
        product = stream_result(c, shown) or [Para(leads), Equations(shown), *product_blocks(c)]
        blocks = [*product, *_slopes_said(c)] if len(product) > 2 else product
    return Aside(tuple(blocks), c.words("section.result"))


def reason(c: Context, spelled: Spelled) -> Text:
    """Return in a few words what a line of the recursion says."""
    of = spelled.equation.lhs.of
    if isinstance(spelled.equation.rhs, ZeroMatrix):
        return c.words("result.zero")
    if spelled in c.gradients and is_start(spelled.equation):
        return ()
    if of.role is Role.WEIGHT:
        return c.words("result.weight" if _is_error_times_input(spelled.equation.rhs) else "result.parameter")
    if of.role is Role.BIAS:
        return c.words("result.bias" if c.reading.is_one else "result.bias_sum")
    if spelled in c.gradients:
        return c.words("result.input" if of.role is Role.INPUT else "result.parameter")
    if is_start(spelled.equation):
        return c.words("result.start") if is_short(c) else ()
    return () if spelled.where is not None else c.words("result.back")


def _is_error_times_input(rhs: MatrixExpr) -> bool:
    """Whether an error stands at an end of every product: not of what an inverse or a length makes of a weight."""
    if isinstance(rhs, MatAdd):
        return all(map(_is_error_times_input, rhs.args))
    if isinstance(rhs, MatMul):
        matrices = operands(rhs)
        return any(isinstance(each, Adjoint) for end in (matrices[0], matrices[-1]) for each in symbols_in(end))
    if isinstance(plain(rhs), Op):  # A kernel's error slides over its input, δ ⋆ X; a Jacobian has a name.
        return plain(rhs).sign is not None
    return not isinstance(rhs, HadamardProduct | MatrixSymbol | Transpose)


def product_blocks(c: Context) -> list[Block]:
    """Return the gradient without the recursion: for any repetition where that is one product, then for one of them."""
    if c.notation.form == "entries":
        return []
    general = general_product(c)
    shown = explicit_product(c)
    blocks: list[Block] = []
    if general is not None:
        said = c.words("result.product", over=general.over)
        blocks += [Para(said), Equations((PageLine((general.gradient,), PRODUCT),))]
    if shown is not None:
        detail = 1 if general is None else 3
        blocks += [
            Para(c.words("result.explicit" if c.any_number is None else "result.explicit_any"), detail=detail),
            Equations((PageLine((shown,), EXPLICIT),), detail=detail),
        ]
    return blocks


def _slopes_said(c: Context) -> list[Block]:
    """Return what stands on the diagonals of a product."""
    slopes = slope_lines(c)
    return [Para(c.words("opening.slopes", slopes=c.words.listed(slopes)))] if slopes else []


def explicit_product(c: Context) -> Node | None:
    """Return the gradient of the parameter farthest from the loss as a product, with roles."""
    if c.farthest is None or (not c.errors and len(c.gradients) == 1):  # The only line is the product.
        return None
    (factors,) = c.products[c.farthest]
    writer = writer_of(c)
    left = c.names.derivative(c.reading.spelled(c.farthest))
    if not c.reading.is_product or not all(map(is_matrix, factors)):
        is_product = len(factors) <= MOST_FACTORS and all(each.acts is not Acts.SUM for each in factors)
        return row(left, EQUALS, writer.nested(map(c.alone, factors))) if is_product else None
    return row(left, EQUALS, shortened(c, writer, factors))


def is_matrix(factor: Factor) -> bool:
    """Whether a factor multiplies an error as a matrix: a sum of ways where every one does it from the left."""
    if factor.acts is Acts.OPERATOR:
        return is_turn(factor) or getattr(factor.expr, "sign", None) is None
    inside = [each for branch in factor.branches for each in branch]
    return not any(each.acts is Acts.RIGHT or is_turn(each) or not is_matrix(each) for each in inside)


def shortened(c: Context, writer: Factors, factors: Product | Sequence[Factor], ends: tuple[int, int] = (4, 5)) -> Node:
    """Return the product for one example; of a long one only so many factors at its ends."""
    listed = list(factors)
    at = next((at for at, each in enumerate(listed) if is_turn(each)), len(listed))
    found, (first, last) = in_order(listed[:at]), ends
    last -= c.any_number is not None and len(found) % 2 == 0  # What is left out are whole pairs.
    if len(found) <= MOST_FACTORS:
        return writer.product(map(c.alone, listed))
    left, right = ([writer.one(c.alone(each)) for each in part] for part in (found[:first], found[-last:]))
    return joined(writer.flat(map(c.alone, listed[at:]), [*left, DOTS, *right]), TIMES)


@dataclass(frozen=True)
class General:
    """The product for any layer: the index that it runs over, and in formulas what it says.

    ``base`` and ``step`` are what holds of the last error and of the one before: the ends of an induction.
    """

    gradient: Node
    base: Node
    step: Node
    range: Node
    layer: Node
    over: Node


def general_product(c: Context) -> General | None:
    """Return ∏ D⁽ᵏ⁾ W⁽ᵏ⁺¹⁾ᵀ times where it starts, for the weight of any layer; None where that is no such product."""
    found = recursion(c)
    if found is None or not c.reading.is_product or c.notation.form == "entries":
        return None
    (start, repeated), ends, factors = found
    index, error = start.line.indices[0], repeated.equation.lhs
    weights = (each for each in c.gradients if each.equation.lhs.of.role is Role.WEIGHT)
    gradient = next((each for each in weights if index.symbol in getattr(each.equation.lhs.of, "indices", ())), None)
    edge = None if gradient is None else single(gradient.equation)
    if gradient is None or edge is None or edge.source != error:
        return None
    k, end, writer = index_symbol(spare_letter(c)), c.last[index.letter], Factors(c.builder)
    inside = writer.product([renamed(each, index.symbol, k) for each in factors])
    last = writer.flat(ends)

    def product(first: Expr, tail: Iterable[Factor] = ()) -> Node:
        sign = Script(Sign("∏", "big"), row(number(k), EQUALS, number(first)), number(end - 1))
        return joined(writer.flat(tail, [Fence(row(sign, TIMES, inside)), *last]), TIMES)

    before = put_in(error, {index.symbol: index.symbol + 1})
    return General(
        gradient=row(c.names.derivative(gradient.equation.lhs.of), EQUALS,
                     product(index.symbol, edge.factors)),
        base=row(c.tree(start.equation.lhs), EQUALS, joined(last, TIMES)),
        step=row(c.tree(before), EQUALS, product(index.symbol + 1)),
        range=repeated.where or c.ranges(index),
        layer=number(index.symbol),
        over=number(k),
    )  # fmt: skip


def recursion(c: Context) -> tuple[Sequence[Spelled], Sequence[Factor], Sequence[Factor]] | None:
    """Return the two lines of the only recursion, the factors it starts with and those of one repetition."""
    carried = [each for each in c.errors if (each.line.indices and each.where is not None) or len(each.line.cases) > 1]
    if len(carried) != 2 or len({id(each.line) for each in carried}) != 1 or len(carried[0].line.indices) != 1:
        return None
    first, repeated = carried
    start, step = single(first.equation), single(repeated.equation)
    if start is None or step is None or not is_flat([*start.factors, *step.factors]):
        return None
    return carried, start.factors, step.factors


def renamed(factor: Factor, old: Symbol, new: Symbol) -> Factor:
    """Return a factor for another letter of the index."""
    return replace(factor, expr=put_in(factor.expr, {old: new}))


def spare_letter(c: Context) -> str:
    """Return a letter for an index that none of the page has."""
    taken = {*(index.letter for index in c.reading.indices), *map(str, c.last.values())}
    return next(each for each in "kjipq" if each not in taken)


def slope_lines(c: Context) -> list[Text]:
    """Return what the diagonal matrices of a product are: D⁽ˡ⁾ = diag f′(z⁽ˡ⁾), for each form of them.

    Where a form is not that of all values of an index, it says of which.
    """
    product = c.products[c.farthest][0] if c.farthest is not None else ()
    if not c.reading.is_product or c.notation.form == "entries" or not all(map(is_matrix, product)):
        return []
    running = {last: index_symbol(letter) for letter, last in c.last.items()}
    used = {slot_of(c.reading.spelled(each.output)) for each in _slopes(product)}
    forms: dict[MatrixExpr, list[tuple[Slope, Spelled]]] = {}
    for spelled in c.errors:
        for slope in (each for edge in _edges(spelled.equation) for each in _slopes(edge.factors)):
            if slot_of(slope.output) in used and c.notation.units != "one":
                forms.setdefault(put_in(slope, running), []).append((slope, spelled))
    return [_slope_line(c, found[-1][0], [spelled for _, spelled in found]) for found in forms.values()]


def _edges(equation: Equation) -> list[Edge]:
    """Return the terms of an equation; none where one is a sum over an index."""
    return [] if any(isinstance(each, SumOver) for each in nodes(equation.rhs)) else edges(equation)


def _slope_line(c: Context, slope: Slope, lines: Sequence[Spelled]) -> Text:
    """Return what a diagonal matrix is, and for which values of an index where it is not for all of them."""
    equation = row(Factors(c.builder).slopes(slope), EQUALS, call(word("diag"), c.tree(slope)))
    values = sorted({each for spelled in lines for each in spelled.case.values})
    indices = lines[0].line.indices
    if len(indices) != 1 or len(values) == indices[0].count or len(values) == 1:
        return (equation,)
    where = c.span(indices[0], [each for (each,) in values], False)
    return c.words("opening.slopes_for", slopes=equation, range=where)


def _slopes(factors: Iterable[Factor]) -> list[Slope]:
    """Return the slopes among factors, those of the branches of a sum too."""
    inside = [slope for factor in factors for branch in factor.branches for slope in _slopes(branch)]
    own = [each.expr for each in factors if each.acts is Acts.HADAMARD and isinstance(each.expr, Slope)]
    return [*own, *inside]
