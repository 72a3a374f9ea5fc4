"""Gradients as products of factors: pieces of text in the order they are read, broken into rows.

A product is printed from its list of factors, never from one nested expression: its length is the depth
of the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

from sympy import MatrixExpr, Transpose

from symbp.calculus.factor import Acts, Factor, is_ones
from symbp.op import FactorRole, Op
from symbp.ops.elementwise import Slope
from symbp.report.handlers import belongs_to
from symbp.report.printer import Printer
from symbp.report.written import INSIDE, Level
from symbp.symbols import Adjoint, Variable

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Piece:
    """One factor as it stands in a row: its text, role and layer, the bracket it opens, what joins it to the next.

    ``innermost`` marks where a nested product starts: the brackets opened before it close behind it.
    """

    text: str
    role: FactorRole
    layer: int
    before: str = ""
    joint: str = ""
    innermost: bool = False


class Products:
    """Prints products of factors with one printer."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.dialect = printer.dialect
        self._kept: dict[tuple[str, int], tuple[Factor, Any]] = {}

    def _once(self, what: Callable[[Factor], Kept], factor: Factor) -> Kept:
        """Return what a method says of a factor, asked once: all layers share their factors."""
        key = (what.__name__, id(factor))
        if key not in self._kept:
            self._kept[key] = (factor, what(factor))  # holding the factor keeps its id its own
        return cast("Kept", self._kept[key][1])

    def flat(self, factors: Iterable[Factor]) -> list[Piece]:
        """Return the product for one example, D = diag f′(z), in reading order."""
        left: list[Piece] = []
        right: list[Piece] = []
        for factor in factors:
            if factor.acts is not Acts.RIGHT:
                left.append(self._once(self._flat_piece, factor))
            elif not is_ones(factor):
                right.append(self._once(self._right_piece, factor))
        return left[::-1] + right

    def _flat_piece(self, factor: Factor) -> Piece:
        return self._piece(factor, self.factor_matrix(factor))

    def _right_piece(self, factor: Factor) -> Piece:
        return self._piece(factor, self._inside(factor, Level.PRODUCT))

    def factor_matrix(self, factor: Factor) -> str:
        """Return what a factor multiplies one column by (for the loss gradient: the column itself)."""
        if factor.acts is Acts.HADAMARD and isinstance(factor.expr, Slope):
            return self._slope(factor.expr, factor.layer)
        if factor.acts is Acts.HADAMARD:
            return f"{self.dialect.diagonal}({self.printer.matrix(factor.expr)})"
        if factor.acts is Acts.OPERATOR:
            return self._operator(factor)
        if factor.acts is Acts.SUM:
            texts = (self.dialect.joint.join(p.text for p in self.flat(branch)) for branch in factor.branches)
            return self._short(self._sum(texts), factor)
        if factor.acts is Acts.SOURCE:
            return self.source(factor)
        return self._inside(factor, Level.PRODUCT)

    def _sum(self, terms: Iterable[str]) -> str:
        """Return parallel branches in brackets; an empty one is the identity."""
        return self.dialect.bracket(" + ".join(term or self.dialect.identity for term in terms))

    def _short(self, text: str, factor: Factor) -> str:
        """Return a bracket, or the name of its block where nobody could read it."""
        whole = any(branch and branch[0].acts is Acts.SOURCE for branch in factor.branches)
        return text if whole or latex_width(text) < LONGEST_BRACKET else self._block(factor)

    def _slope(self, slope: Slope, layer: int) -> str:
        return (
            self.printer.slope_of(slope.output)
            if isinstance(slope.output, Variable)
            else (self.printer.slope_matrix(layer))
        )

    def source(self, factor: Factor, context: Level = Level.PRODUCT) -> str:
        """Return the loss gradient: written out where it is short, else its letter."""
        if isinstance(getattr(factor.expr, "args", (None,))[-1], Slope) or isinstance(factor.expr, Slope):
            return self.printer.loss_gradient()
        return self.printer.inside(self.printer.write(factor.expr), context)

    def _operator(self, factor: Factor) -> str:
        """Return an operator as its label: its matrix is a line of the notation table."""
        if sign_of(factor) is not None:
            return self.printer.matrix(factor.expr.args[1 - factor.expr.acts_on])
        if isinstance(factor.expr, Op):
            return self.printer.operator(factor.expr)
        return self._block(factor)

    def _block(self, factor: Factor) -> str:
        """Return the name of a block of backward equations, by the variable whose error it ends in."""
        name = self.printer.symbol(factor.expr.of) if isinstance(factor.expr, Adjoint) else type(factor.expr).__name__
        return rf"\mathcal{{B}}_{{{name}}}" if self.dialect.column == 0 else f"B[{name}]"

    def _inside(self, factor: Factor, context: Level) -> str:
        if not isinstance(factor.expr, MatrixExpr):
            return self.printer.scalar(factor.expr)
        return self.printer.inside(self.printer.write(factor.expr), context)

    def _piece(self, factor: Factor, text: str) -> Piece:
        return Piece(text, factor.role, factor.layer or _layer(factor))

    def nested(self, factors: Sequence[Factor]) -> list[Piece]:
        """Return the product for a batch, ⊙ and matrix products nested as they act, in reading order."""
        first, *rest = factors
        start = replace(self._piece(first, self._start(first)), innermost=True)
        return self._nested_from(start, self._source_level(first), rest)

    def _start(self, factor: Factor) -> str:
        """Return what a product starts from: the loss gradient, or a sum of whole products."""
        if factor.acts is not Acts.SUM:
            return self.source(factor, Level.SUM)
        return self._sum("".join(self.joined(self.nested(branch))) for branch in factor.branches)

    def joined(self, pieces: Sequence[Piece]) -> list[str]:
        """Return pieces as texts, brackets closed."""
        return joined(pieces, self.dialect.joint, self.brackets[1])

    def _nested_from(self, start: Piece, level: Level, rest: Sequence[Factor]) -> list[Piece]:
        left, right = [start], list[Piece]()
        for factor in rest:
            sign = sign_of(factor)
            if sign is not None and factor.expr.acts_on == 0:
                if right:
                    left, right = [self._whole(left[::-1] + right, transposed=False)], []
                    level = Level.ATOM
                left[-1] = self._opened(left[-1], level, Level.SIGN)
                left[0] = replace(left[0], joint=f" {sign[self.dialect.column]} ")
                right.append(self._piece(factor, self._operator(factor)))
                level = Level.SIGN
                continue
            if factor.acts is Acts.RIGHT:
                if not (is_ones(factor) and self.printer.one_example):
                    if not right:
                        left[-1] = self._opened(left[-1], level, Level.PRODUCT)
                    right.append(self._once(self._right_piece, factor))
                    level = Level.PRODUCT
                continue
            flips = isinstance(factor.expr, Transpose) and factor.acts is Acts.OPERATOR
            if right or flips:
                left, right = [self._whole(left[::-1] + right, flips)], []
                level = Level.ATOM
            if flips:
                continue
            piece, context, level_after = self._once(self._acting, factor)
            left[-1] = self._opened(left[-1], level, context)
            left.append(piece)
            level = level_after
        return left[::-1] + right

    def _whole(self, pieces: Sequence[Piece], transposed: bool) -> Piece:
        """Return all that stands so far as one piece in brackets: what acts next does so from the other side."""
        opening, closing = self.brackets
        text = opening + "".join(self.joined(pieces)) + closing
        role = next(piece.role for piece in pieces if piece.innermost)
        return Piece(self.dialect.transposed(text) if transposed else text, role, 0, innermost=True)

    def _opened(self, piece: Piece, level: Level, context: Level) -> Piece:
        """Return the outermost piece so far with a bracket before it, where what it begins binds too loosely."""
        return piece if level in INSIDE[context] else replace(piece, before=self.brackets[0])

    @property
    def brackets(self) -> tuple[str, str]:
        """Return the brackets of nested forms, a size above those of f(z)."""
        return (r"\bigl(", r"\bigr)") if self.dialect.column == 0 else ("(", ")")

    def _source_level(self, factor: Factor) -> Level:
        if factor.acts is Acts.SUM:
            return Level.ATOM
        written = self.printer.write(factor.expr)
        return Level.SUM if written.negative else written.level

    def _acting(self, factor: Factor) -> tuple[Piece, Level, Level]:
        """Return a factor with what joins it to what it acts on, the context it makes, the level it gives."""
        text, joint, context, level = self._spelled(factor)
        return replace(self._piece(factor, text), joint=joint), context, level

    def _spelled(self, factor: Factor) -> tuple[str, str, Level, Level]:
        if factor.acts is Acts.LEFT:
            return self._inside(factor, Level.PRODUCT), " ", Level.PRODUCT, Level.PRODUCT
        if factor.acts is Acts.HADAMARD:
            return self._inside(factor, Level.HADAMARD), self.dialect.hadamard, Level.HADAMARD, Level.HADAMARD
        if factor.acts is Acts.SUM:
            return self._short(self._sum(map(self._map, factor.branches)), factor), " ", Level.PRODUCT, Level.PRODUCT
        sign = sign_of(factor)
        if sign is not None:
            return self._operator(factor), f" {sign[self.dialect.column]} ", Level.SIGN, Level.SIGN
        context = Level.PRODUCT if self.printer.one_example else Level.CALL
        return self._operator(factor), " ", context, Level.PRODUCT

    def map_of(self, factors: Sequence[Factor]) -> str:
        """Return factors that follow each other as one linear map, the error at the dot; a lone sum as it is."""
        if len(factors) == 1 and factors[0].acts is Acts.SUM:
            return self._once(self._acting, factors[0])[0].text
        return self._map(factors)

    def _map(self, branch: Sequence[Factor]) -> str:
        """Return one branch as a linear map: a product of matrices, else what it makes of the error at the dot."""
        if all(factor.acts in (Acts.LEFT, Acts.SUM) for factor in branch):
            return " ".join(self._once(self._acting, factor)[0].text for factor in reversed(branch))
        dot = Piece(
            r"\,\cdot\," if self.dialect.column == 0 else "·" * (self.dialect.column == 1) or "_",
            FactorRole.BLOCK,
            0,
            innermost=True,
        )
        return "".join(self.joined(self._nested_from(dot, Level.ATOM, branch)))


def sign_of(factor: Factor) -> tuple[str, str, str] | None:
    """Return the sign between a factor and what it acts on; None where it has none."""
    is_operator = factor.acts is Acts.OPERATOR and isinstance(factor.expr, Op)
    return cast("Op", factor.expr).sign if is_operator else None


def _layer(factor: Factor) -> int:
    if isinstance(factor.expr, Op) and factor.expr.acts_on is not None:
        of = belongs_to(factor.expr)
        return factor.layer if of is None else of.layer
    found = getattr(factor.expr, "args", ())
    return next((arg.layer for arg in found if isinstance(arg, Variable)), factor.layer)


_ENDS = frozenset({FactorRole.LOSS, FactorRole.PREVIOUS})


def thinned(factors: Sequence[Factor], shown: frozenset[int]) -> tuple[Factor, ...]:
    """Leave out factors of layers not shown that stand between two others: no bracket of what is shown is theirs."""
    visible = {0, *shown}
    hidden = [
        factor.acts in (Acts.LEFT, Acts.HADAMARD)
        and factor.role not in _ENDS
        and (factor.layer or _layer(factor)) not in visible
        for factor in factors
    ]
    around = zip([True, *hidden], hidden, [*hidden[1:], True], strict=False)
    return tuple([factor for factor, sides in zip(factors, around, strict=True) if not all(sides)])


def elided(pieces: Sequence[Piece], shown: frozenset[int] | None, dots: str) -> list[Piece]:
    """Leave out the factors of layers not shown, dots in their place."""
    if shown is None:
        return list(pieces)
    kept: list[Piece] = []
    for piece in pieces:
        if piece.layer in shown or not piece.layer or piece.role in _ENDS or piece.innermost:
            kept.append(piece)
        elif not kept or kept[-1].role is not FactorRole.BLOCK:
            kept.append(Piece(dots, FactorRole.BLOCK, 0))
    return kept


MOST_PIECES = 24
"""Most factors of one product written out: one over many steps shows both ends."""


def shortened(pieces: Sequence[Piece], dots: str) -> list[Piece]:
    """Leave out the middle of a product of very many factors."""
    if len(pieces) <= MOST_PIECES:
        return list(pieces)
    half = MOST_PIECES // 2
    return [*pieces[:half], Piece(dots, FactorRole.BLOCK, 0), *pieces[-half:]]


def joined(
    pieces: Sequence[Piece], joint: str, closing: str = ")", label: Callable[[Piece], str] | None = None
) -> list[str]:
    """Return one text a piece, ready to be set one after the other: brackets closed, joints in place."""
    opened = sum(bool(piece.before) for piece in pieces)
    texts = [
        piece.before + (label(piece) if label else piece.text) + closing * opened * piece.innermost for piece in pieces
    ]
    last = len(texts) - 1
    return [text if at == last else text + (pieces[at].joint or joint) for at, text in enumerate(texts)]


TEXT_WIDTH = 343.0
"""Width of LaTeX's own article at 10 pt, in points: the narrowest page a fragment is written for."""

_TOKENS = re.compile(r"\\substack\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\\.|[\^_{}]|\S")
_WIDE = {r"\odot": 12.0, r"\cdots": 14.0, r"\sum": 15.0, r"\mathcal": 0.0, r"\mathrm": 0.0, r"\mathbf": 0.0,
         r"\bigl": 1.0, r"\bigr": 1.0, r"\frac": 3.0, r"\partial": 6.0, r"\underbrace": 0.0, r"\,": 1.7,
         r"\text": 0.0, r"\top": 7.0, r"\symbpT": 7.0, r"\left": 1.0, r"\right": 1.0, r"\tanh": 21.0,
         r"\qquad": 20.0, r"\quad": 10.0, r"\sin": 13.0}  # fmt: skip
_LETTERS = {"W": 11.0, "D": 8.5, "J": 6.5, "(": 3.9, ")": 3.9, "'": 3.0, "+": 12.0, "-": 12.0, "=": 13.0,
            ",": 4.5, "G": 8.0, "Z": 7.5, "A": 7.5, "X": 8.7, "Y": 7.0, "&": 0.0, "l": 3.2, "i": 3.5, "[": 2.8,
            "]": 2.8}  # fmt: skip
SCRIPT = 0.72
LONGEST_BRACKET = 450.0
"""Widest bracket written out, in points: more than a row; of a wider one its name stands in the product."""


@lru_cache(maxsize=8192)
def latex_width(text: str) -> float:
    """Estimate the width of a formula in points at 10 pt, a little on the wide side."""
    total, depth, scripts = 0.0, 0, []
    pending = False
    for token in _TOKENS.findall(text):
        if token in "^_":
            pending = True
        elif token == "{":
            depth += 1
            if pending:
                scripts.append(depth)
            pending = False
        elif token == "}":
            if scripts and scripts[-1] == depth:
                scripts.pop()
            depth -= 1
        else:
            scale = SCRIPT if scripts or pending else 1.0
            total += scale * (_WIDE.get(token, 7.0) if token[0] == "\\" else _LETTERS.get(token, 5.7))
            pending = False
    return total


_DEPTH = re.compile(r"(\\left(?![A-Za-z])|\\begin|(?<!\\)\{)|(\\right(?![A-Za-z])|\\end|(?<!\\)\})|( )")


def chunks(text: str) -> list[str]:
    """Split a formula where TeX may break it: at spaces outside braces and brackets that grow."""
    found, depth, start = list[str](), 0, 0
    for match in _DEPTH.finditer(text):
        opens, closes, _ = match.groups()
        depth += bool(opens) - bool(closes)
        if not (opens or closes or depth):
            found.append(text[start : match.end()])
            start = match.end()
    return [chunk for chunk in (*found, text[start:]) if chunk]


def rows(pieces: Sequence[tuple[str, float]], first: float, others: float) -> list[str]:
    """Break a product, given as texts with their widths, into rows that fit: ``first`` points, then ``others``.

    As few rows as possible, about equally full: no factor stands alone on the last one.
    """
    fullest = _filled(pieces, first, others)
    even = sum(width for _, width in pieces) / len(fullest)
    tries = (_filled(pieces, min(first, even * slack), min(others, even * slack)) for slack in (1.0, 1.1, 1.2, 1.4))
    balanced = next((found for found in tries if len(found) == len(fullest)), fullest)
    return ["".join(row).strip() for row in balanced]


def _filled(pieces: Sequence[tuple[str, float]], first: float, others: float) -> list[list[str]]:
    """Fill one row after the other."""
    found: list[list[str]] = [[]]
    room = first
    for text, width in pieces:
        if found[-1] and width > room:
            found.append([])
            room = others
        found[-1].append(text)
        room -= width
    return found
