"""The picture of a network: values on a rail to the right, errors on a rail to the left, box under box."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast, get_args

from sympy import MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import Equation, operands, symbols_in
from symbp.maths.build import primed
from symbp.maths.factors import Factors
from symbp.maths.maps import name_of_call, name_of_map
from symbp.maths.scalars import word
from symbp.maths.tree import HADAMARD, Id, Node, Sign, row
from symbp.nodes import transpose
from symbp.op import Op
from symbp.ops.convolution import AST, STAR
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.losses import LinkedLoss
from symbp.pages.page import Block, Box, Branch, Figure, Picture, PictureRole, Text
from symbp.pages.tell.context import Context
from symbp.pages.words import Words
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Call
from symbp.views.images import slid
from symbp.views.skeleton import mapped
from symbp.views.turned import loss_of

MOST_LAYERS = 4
"""From more repetitions on the picture shows the first and the last."""

FIRST, LAST = 4, 2
"""How many steps it shows of each."""

NOTHING, MANY = Id("·"), Sign("⋯", "ord")
"""What stands for an error that has no name, and for many steps."""


@dataclass(frozen=True)
class Piece:
    """One step of the rail: the value that comes out, what made it, or the way that a skip goes around.

    One that ``is_many`` stands for all steps from the value before to its own.
    """

    equation: Equation
    around: tuple[Piece, ...] = ()
    is_many: bool = False


def picture(c: Context) -> list[Block]:
    """Return the figure; nothing where values do not follow each other on one rail."""
    return figure(c, *rail(c))


def figure(c: Context, start: MatrixSymbol | None, pieces: list[Piece], *, whole: bool = True) -> list[Block]:
    """Return the figure of a rail; ``whole`` ends with the loss."""
    if start is None or not pieces or c.notation.form == "entries":
        return []
    forward: list[Box | Branch] = [Box(c.names.symbol(c.reading.spelled(start)))]
    backward: list[Box | Branch] = [Box(_error(c, start))]
    for piece in _ends(pieces):
        over, under = _drawn(c, piece)
        forward += over
        backward += under
    if whole:
        loss = Box(c.notation.loss_letter, "op")
        forward.append(loss)
        backward.append(loss)
    found = Picture(tuple(forward), tuple(backward))
    boxes = [box for part in (*forward, *backward) for box in (part.boxes if isinstance(part, Branch) else (part,))]
    return [Figure(found, c.words("picture.caption"), key=key(c.words, {each.role for each in boxes}))]


def key(words: Words, there: Collection[PictureRole | None]) -> tuple[tuple[PictureRole, Text], ...]:
    """Return a word for values, for errors, and for each role that is there."""
    return tuple((role, words(f"picture.{role}")) for role in ROLES if role in {"value", "error", *there})


ROLES: tuple[PictureRole, ...] = get_args(PictureRole)


def _ends(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces; of many the first and the last, with one for all between."""
    if len(pieces) <= 2 * MOST_LAYERS + 2:
        return pieces
    between = pieces[-LAST - 1].equation
    return [*pieces[:FIRST], Piece(between, is_many=True), *pieces[-LAST:]]


def rail(c: Context) -> tuple[MatrixSymbol | None, list[Piece]]:
    """Return where the values start and the steps to what the loss is taken of; nothing where ways cross."""
    by_lhs = {equation.lhs: equation for equation in c.reading.forward}
    loss = next((each for each in reversed(c.reading.forward) if loss_of(each.rhs) is not None), None)
    if loss is None or c.reading.derivation.network.inner:  # A reverse pass inside leads back along the rail.
        return None, []
    compared = [each for each in symbols_in(loss.rhs) if each in by_lhs]
    # What a fused loss is a function of are the arguments of its link, its first operand.
    end = compared[:1] if isinstance(loss.rhs, LinkedLoss) else compared[-1:]
    return rail_to(end[0] if end else None, by_lhs)


def rail_to(
    symbol: MatrixSymbol | None, by_lhs: dict[MatrixSymbol, Equation]
) -> tuple[MatrixSymbol | None, list[Piece]]:
    """Return where the values start that a symbol is made of, and the steps; nothing where ways cross."""
    pieces: list[Piece] = []
    while symbol in by_lhs:
        equation = by_lhs[symbol]
        piece, before = _step(equation, by_lhs)
        if piece is None:
            return None, []
        pieces.append(piece)
        symbol = before
    return symbol, pieces[::-1]


def _step(equation: Equation, by_lhs: dict[MatrixSymbol, Equation]) -> tuple[Piece | None, MatrixSymbol | None]:
    """Return a step and the value it starts from."""
    sources = [each for each in dict.fromkeys(equation.symbols) if moves(each)]
    if len(sources) == 1:
        return Piece(equation), sources[0]
    if len(sources) == 2 and isinstance(equation.rhs, MatAdd):
        for skip, branch in (sources, sources[::-1]):
            around = _way(branch, skip, by_lhs)
            if around is not None:
                return Piece(equation, around), skip
    return None, None


def moves(symbol: MatrixSymbol) -> bool:
    """Whether a symbol is a value, no parameter."""
    return not isinstance(symbol, Variable) or symbol.role.value not in ("weight", "bias", "scale", "shift")


def _way(symbol: MatrixSymbol, goal: MatrixSymbol, by_lhs: dict[MatrixSymbol, Equation]) -> tuple[Piece, ...] | None:
    """Return the steps from one value to another; None where that is no single way."""
    pieces: list[Piece] = []
    while symbol != goal:
        if symbol not in by_lhs:
            return None
        piece, before = _step(by_lhs[symbol], by_lhs)
        if piece is None or before is None:
            return None
        pieces.append(piece)
        symbol = before
    return tuple(pieces[::-1])


def _drawn(c: Context, piece: Piece) -> tuple[list[Box | Branch], list[Box | Branch]]:
    """Return what stands on the upper rail for a step, and what stands below."""
    lhs = piece.equation.lhs
    is_shown = c.shows(lhs) or bool(piece.around)
    value = [Box(c.names.symbol(c.reading.spelled(lhs)))] if is_shown else []
    error = [Box(_error(c, lhs))] if is_shown else []
    if piece.around:
        over: list[Box] = []
        under: list[Box] = []
        for each in piece.around:
            up, down = _drawn(c, each)
            over += [box for box in up if isinstance(box, Box)]
            under += [box for box in down if isinstance(box, Box)]
        weight = _weight_of(piece.equation.rhs, piece.around[-1].equation.lhs)
        if weight is not None:
            over.append(Box(_alone(c, weight), "op", "weight"))
            under.append(Box(_turned(c, weight), "op", "weight"))
        return [Branch(tuple(over)), *value], [Branch(tuple(reversed(under))), *error]
    if piece.is_many:
        return [Box(MANY, "op"), *value], [Box(MANY, "op"), *error]
    rhs = piece.equation.rhs
    role, back_role = _roles(rhs)
    return [Box(operation_name(c, rhs), "op", role), *value], [Box(_transposed(c, piece), "op", back_role), *error]


def _roles(rhs: MatrixExpr) -> tuple[PictureRole | None, PictureRole | None]:
    """Return what a step is for values, and what for errors."""
    if _weight(rhs) is not None or slid(rhs) is not None:
        return "weight", "weight"
    if isinstance(rhs, Elementwise):
        return "activation", "slope"
    return ("part", "part") if isinstance(rhs, Call) else (None, None)


def _weight_of(rhs: MatrixExpr, symbol: MatrixSymbol) -> MatrixExpr | None:
    """Return the weight that a sum multiplies a symbol by; None where the symbol is a term itself."""
    term = next((each for each in operands(rhs) if isinstance(each, MatMul) and symbol in symbols_in(each)), None)
    return None if term is None else _weight(term)


def _error(c: Context, symbol: MatrixSymbol) -> Node:
    """Return the error under a value: δ where it has a name, else a dot."""
    found = next((each.lhs for each in c.reading.errors if each.lhs.of == symbol), None)
    if found is not None:
        return c.names.symbol(c.reading.spelled(found))
    if c.loss_gradient is not None and symbol in c.compared:
        return c.tree(c.loss_gradient)
    return NOTHING


def operation_name(c: Context, rhs: MatrixExpr) -> Node:
    """Return what a step does: the weight, or the name of the operation."""
    weight = _weight(rhs)
    if weight is not None:
        return _alone(c, weight)
    convolution = slid(rhs)
    if convolution is not None:
        return row(c.names.symbol(c.reading.spelled(operands(convolution)[0])), Sign(convolution.sign))
    if isinstance(rhs, Elementwise):
        return c.builder.function(mapped(rhs, c.reading.spelled_alone).function)
    if isinstance(rhs, Call):
        return name_of_call(rhs)
    return word(rhs.label) if isinstance(rhs, Op) else Id("+")


def _alone(c: Context, expr: MatrixExpr) -> Node:
    """Return an expression with every symbol spelled alone."""
    return c.tree(mapped(expr, c.reading.spelled_alone))


def _turned(c: Context, weight: MatrixExpr) -> Node:
    """Return the transpose of a weight, alone."""
    if c.notation.units == "one":
        return _alone(c, weight)
    return _alone(c, weight.arg if isinstance(weight, Transpose) else transpose(weight))


def _weight(rhs: MatrixExpr) -> MatrixExpr | None:
    """Return the matrix beside the value in an affine map: in front of it, or behind where examples are rows."""
    product = next((each for each in (rhs, *operands(rhs)) if isinstance(each, MatMul)), None)
    factors = () if product is None else operands(product)
    if any(isinstance(each, OneMatrix) for each in factors):
        return None
    return next((each for each in (*factors[:1], *factors[-1:]) if _stands(each)), None)


def _stands(factor: MatrixExpr) -> bool:
    """Whether a factor is a parameter, or the transpose of one."""
    symbol = factor.arg if isinstance(factor, Transpose) else factor
    return isinstance(symbol, MatrixSymbol) and not moves(symbol)


def _transposed(c: Context, piece: Piece) -> Node:
    """Return what the error meets on its way back through a step."""
    rhs = piece.equation.rhs
    weight = _weight(rhs)
    if weight is not None:
        return _turned(c, weight)
    convolution = slid(rhs)
    if convolution is not None:
        back = Sign({STAR: AST, AST: STAR}[convolution.sign])
        return row(c.names.symbol(c.reading.spelled(operands(convolution)[0])), back)
    if isinstance(rhs, Elementwise):
        own = cast("Elementwise", mapped(rhs, c.reading.spelled_alone))
        slope = Slope(own.function, 0, c.reading.spelled(piece.equation.lhs), *own.args[1:])
        if c.reading.is_one:
            return Factors(c.builder).slopes(slope)
        return row(HADAMARD, primed(operation_name(c, rhs)))
    if isinstance(rhs, Call):
        return name_of_map(c.names, rhs.pull(0, piece.equation.lhs, Adjoint(piece.equation.lhs)))
    return operation_name(c, rhs)
