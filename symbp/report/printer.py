"""Our own matrix printer: brackets from a table of levels, symbols spelled once, nothing recurses.

SymPy's printers lose brackets around ⊙, and are quadratic in a product's length. Here every node is
written from the texts of its operands, children first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from enum import IntEnum
from typing import Any, NamedTuple

from sympy import (
    DiagMatrix,
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Rational,
    S,
    Transpose,
    ZeroMatrix,
)

from symbp.equations import Equation, operands
from symbp.errors import RuleNotFoundError
from symbp.op import Op
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import EntrywiseLoss, GenericLoss, LinkedLoss, Loss, LossGradient
from symbp.ops.penalty import Penalty
from symbp.report.dialects import Dialect, Index
from symbp.report.names import Mark, escaped
from symbp.report.notation import Notation
from symbp.report.transposed import Turned
from symbp.symbols import BATCH, Adjoint, Role, Variable


class Level(IntEnum):
    """How tightly a written expression binds; a context brackets what binds too loosely."""

    SUM = 0
    HADAMARD = 1
    PRODUCT = 2
    SIGN = 3
    ATOM = 4
    CALL = 5


class Written(NamedTuple):
    """An expression as text without its sign, how tightly it binds, and its sign."""

    text: str
    level: Level = Level.ATOM
    negative: bool = False


INSIDE = {
    Level.SUM: frozenset({Level.SUM, Level.HADAMARD, Level.PRODUCT, Level.SIGN, Level.ATOM}),
    Level.HADAMARD: frozenset({Level.HADAMARD, Level.ATOM}),
    Level.PRODUCT: frozenset({Level.PRODUCT, Level.ATOM}),
    Level.SIGN: frozenset({Level.ATOM}),
    Level.ATOM: frozenset({Level.ATOM}),
    Level.CALL: frozenset(),
}
"""What may stand without brackets inside what: ⊙ and the matrix product do not mix."""


class Printer:
    """Writes matrix expressions in one notation and one dialect.

    ``one_example`` shows m = 1: lower-case letters, and what only counts examples disappears. ``depth``
    is the number of weight layers: ∂𝓛/∂a of the last one has a letter of its own. ``by_output`` writes
    slopes through the output, a ⊙ (1 − a), where that is possible. ``example`` is the index of one example
    of a batch, a lower index of everything that varies (empty: no index, but m stays). ``labels`` names
    functions that would print alike. ``marks`` spell the symbols of a composed network, ``output`` is what its
    loss is taken of.
    """

    def __init__(
        self,
        notation: Notation,
        dialect: Dialect,
        depth: int,
        *,
        one_example: bool = True,
        by_output: bool = False,
        example: str | None = None,
        labels: Mapping[ScalarFunction, tuple[str, str, str]] | None = None,
        loss: str | None = None,
        marks: Mapping[Variable, Mark] | None = None,
        output: Variable | None = None,
    ) -> None:
        self.notation, self.dialect, self.depth = notation, dialect, depth
        self.one_example, self.by_output, self.example = one_example or example is not None, by_output, example
        self.labels, self.marks, self.output = labels or {}, marks or {}, output
        self.loss = loss or notation.loss[dialect.column]
        self._symbols: dict[tuple[MatrixSymbol, bool], str] = {}
        self._inline: Mapping[MatrixSymbol, MatrixExpr] = {}

    def spelled(self, marks: Mapping[Variable, Mark], *, by_output: bool, example: str | None) -> Printer:
        """Return a printer like this one with symbols spelled otherwise, slopes through the output or not."""
        other = copy(self)
        other.marks, other.by_output, other.example = marks, by_output, example
        other._symbols, other._inline = {}, {}
        return other

    def name(self, symbol: MatrixSymbol, letter: str) -> None:
        """Give a symbol a letter of its own."""
        for transposed in (False, True):
            self._symbols[symbol, transposed] = self.letter(letter, None, transposed)

    def matrix(self, expr: MatrixExpr, inline: Mapping[MatrixSymbol, MatrixExpr] | None = None) -> str:
        """Return an expression as text; symbols in ``inline`` are replaced by what they stand for.

        Raises:
            RuleNotFoundError: an operation nobody taught this printer.
        """
        return self.signed(self.write(expr, inline))

    def write(self, expr: MatrixExpr, inline: Mapping[MatrixSymbol, MatrixExpr] | None = None) -> Written:
        """Return an expression as text with its level and sign."""
        if isinstance(expr, MatrixSymbol) and not inline:
            return Written(self.symbol(expr))
        if not isinstance(expr, MatrixExpr):
            return Written(self.scalar(expr))
        self._inline = inline or {}
        order, waiting = [], [expr]
        while waiting:
            node = waiting.pop()
            order.append(node)
            waiting.extend(self._children(node))
        done: dict[int, Written] = {}
        for node in reversed(order):
            parts = [done[id(child)] for child in self._children(node)]
            done[id(node)] = _handler(node)(self, node, parts)
        return done[id(expr)]

    def _children(self, node: MatrixExpr) -> tuple[MatrixExpr, ...]:
        if isinstance(node, MatrixSymbol):
            return (self._inline[node],) if node in self._inline else ()
        return operands(node)

    def equation(self, equation: Equation, inline: Mapping[MatrixSymbol, MatrixExpr] | None = None) -> tuple[str, str]:
        """Return both sides of an equation."""
        return self.left_side(equation.lhs), self.matrix(equation.rhs, inline)

    def left_side(self, symbol: MatrixSymbol) -> str:
        """Return a symbol as the thing being defined: ∂𝓛/∂a even where a letter stands for it elsewhere."""
        if isinstance(symbol, Adjoint) and (symbol.of.role is Role.ACTIVATION or symbol.of == self.output):
            return self.error_of(symbol.of) if self.is_error(symbol.of) else self.partial(symbol.of)
        return self.loss if symbol.args[0].name == "loss" else self.symbol(symbol)

    def partial(self, variable: Variable) -> str:
        """Return ∂𝓛/∂variable."""
        return self.dialect.partial(self.loss, self.symbol(variable))

    def symbol(self, symbol: MatrixSymbol, transposed: bool = False) -> str:
        """Return a symbol's text, spelled once."""
        key = (symbol, transposed)
        if key not in self._symbols:
            self._symbols[key] = self._spell(symbol, transposed)
        return self._symbols[key]

    def _spell(self, symbol: MatrixSymbol, transposed: bool) -> str:
        if isinstance(symbol, Adjoint):
            of = symbol.of
            if self.is_error(of):
                return self.error_of(of, transposed)
            if of in self.marks and of != self.output:
                return self._partial(of, transposed)
            if of.role is Role.PREACTIVATION:
                return self.error(of.layer, transposed)
            if of == self.output or (of.role is Role.ACTIVATION and of.layer == self.depth):
                return self.loss_gradient(transposed)
            return self._partial(of, transposed)
        if symbol in self.marks:
            mark = self.marks[symbol]
            small = self.one_example and symbol.shape[1].has(BATCH)
            return self.marked(mark.letter(small)[self.dialect.column], symbol, transposed, is_own=True)
        if isinstance(symbol, Variable) and symbol.role is Role.LOSS:
            return self._partial_loss(symbol)
        if isinstance(symbol, Variable) and symbol.role in self.notation.letters:
            return self.role(symbol.role, symbol.layer, transposed)
        return self.letter(symbol.name, None, transposed)

    def _partial(self, of: Variable, transposed: bool) -> str:
        text = self.partial(of)
        if not transposed:
            return text
        return self.dialect.transposed(text if self.dialect.tight else self.dialect.bracket(text))

    def _partial_loss(self, symbol: Variable) -> str:
        """Return ℒ, or a part of it by its name."""
        if symbol.name == "loss":
            return self.loss
        below = rf"_{{\mathrm{{{escaped(symbol.name)}}}}}" if self.dialect.column == 0 else f"_{symbol.name}"
        return self.loss + below

    def is_error(self, of: Variable) -> bool:
        """Say whether the gradient of a symbol is written δ."""
        return of in self.marks and self.marks[of].is_error

    def error_of(self, of: Variable, transposed: bool = False) -> str:
        """Return δ of one pre-activation."""
        return self.marked(self.notation.error[self.dialect.column], of, transposed)

    def marked(self, letter: str, of: Variable, transposed: bool = False, *, is_own: bool = False) -> str:
        """Return a letter with the indices of a variable: D, J or δ that belong to it, or its own letter."""
        mark = self.marks.get(of)
        if mark is None:
            return self.letter(letter + self._below(), of.layer, transposed)
        if self.dialect.column:
            own = f"_{mark.letter(self.one_example)[self.dialect.column]}" * (mark.shared and not is_own)
            index = own + f"_{mark.stem_index}" * bool(mark.stem_index)
            number = f"_{mark.number}" * bool(mark.number)
            path = f"[{mark.path}]" * bool(mark.path)
            end = self.letter("", None, transposed)
            return self.letter(letter + index, mark.layer) + number + path + end
        stem_index = mark.stem_index if len(mark.stem_index) < 2 else rf"\mathrm{{{mark.stem_index}}}"
        example = self.example if self.example and of.shape[1].has(BATCH) else ""
        own = mark.letter(self.one_example).latex if mark.shared and not is_own else ""
        below = ",".join(filter(None, (own, stem_index, escaped(mark.number), example)))
        layer = [] if mark.layer is None else [self.notation.layer.format(mark.layer)]
        upper = r",\,".join([*layer, *([rf"\text{{{escaped(mark.path)}}}"] if mark.path else [])])
        text = letter + f"_{{{below}}}" * bool(below)
        return self.dialect.matrix(text, upper or None, transposed, "{}")

    def role(self, role: Role, layer: Index = None, transposed: bool = False) -> str:
        """Return the symbol of a role in a layer, small for one example."""
        letter = self.notation.letters[role][0 if self.one_example else 1][self.dialect.column]
        bare = role in (Role.INPUT, Role.TARGET)
        varies = role not in (Role.WEIGHT, Role.BIAS)
        return self.letter(letter + self._below() * varies, None if bare else layer, transposed)

    def _below(self) -> str:
        return f"_{{{self.example}}}" if self.example else ""

    def error(self, layer: Index, transposed: bool = False) -> str:
        """Return δ of a layer."""
        return self.letter(self.notation.error[self.dialect.column] + self._below(), layer, transposed)

    def letter(self, letter: str, layer: Index = None, transposed: bool = False) -> str:
        """Return a letter with its layer and transpose in place."""
        return self.dialect.matrix(letter, layer, transposed, self.notation.layer)

    def loss_gradient(self, transposed: bool = False) -> str:
        """Return the letter of ∂𝓛/∂a at the output."""
        letter = self.notation.loss_gradient[0 if self.one_example else 1][self.dialect.column]
        return self.letter(letter + self._below(), None, transposed)

    def slope_matrix(self, layer: Index) -> str:
        """Return D of a layer: diag f′(z)."""
        return self.letter(self.notation.slope_matrix[self.dialect.column] + self._below(), layer)

    def jacobian(self, layer: Index) -> str:
        """Return J of a layer: softmax's derivative."""
        return self.letter(self.notation.jacobian[self.dialect.column] + self._below(), layer)

    def operator(self, node: Op) -> str:
        """Return a linear operator as its sign, else as its label with the indices of what it belongs to."""
        if node.sign is not None:
            return node.sign[self.dialect.column]
        label = self.label(node)
        of = belongs_to(node)
        return label if of is None else self.marked(label, of)

    def label(self, node: Op) -> str:
        """Return the label of an operation, with its size or the rows of a block below."""
        label = node.label[self.dialect.column]
        if node.size:
            sides = (r"{\times}", "×", "x")[self.dialect.column].join(map(str, node.size))
            return f"{label}_{{{sides}}}" if self.dialect.column == 0 else f"{label}[{sides}]"
        if node.extent is None:
            return label
        rows = ":".join(str(self.dialect.scalar(row, {})) for row in node.extent)
        return f"{label}_{{{rows}}}" if self.dialect.column == 0 else f"{label}[{rows}]"

    def slope_of(self, output: Variable) -> str:
        """Return D of one activation: diag f′ at its input."""
        return self.marked(self.notation.slope_matrix[self.dialect.column], output)

    def function(self, function: ScalarFunction, slope: bool = False) -> str:
        """Return a function's name, with a prime for its slope."""
        if isinstance(function, GenericFunction):
            return self.dialect.function(function.latex, function.layer, slope)
        if function in self.labels:
            label = self.labels[function][self.dialect.column]
        else:
            label = (function.latex, function.text, function.name)[self.dialect.column]
        return self.dialect.function(label, None, slope)

    def signed(self, part: Written) -> str:
        """Return a part with its sign."""
        return self.dialect.minus + part.text if part.negative else part.text

    def inside(self, part: Written, context: Level) -> str:
        """Return a part as it stands inside an operation of this level."""
        if part.level in INSIDE[context] and not part.negative:
            return part.text
        return self.dialect.bracket(self.signed(part))

    def scalar(self, value: Expr) -> str:
        """Return a number in front of a matrix; one example is m = 1."""
        return str(self.dialect.scalar(self.at_one(value), {}))

    def at_one(self, value: Expr) -> Expr:
        """Return a number with m = 1 where one example is shown."""
        return value.xreplace({BATCH: S.One}) if self.one_example and self.example is None else value

    def vanishes(self, node: MatrixExpr) -> bool:
        """Say whether a matrix only counts examples and there is one."""
        return self.one_example and isinstance(node, OneMatrix) and BATCH in node.shape


MASK = "M"
"""The mask of attention: 0 where a token may look, minus infinity elsewhere."""

Handler = Callable[[Printer, Any, list[Written]], Written]


def _symbol(p: Printer, node: MatrixSymbol, parts: list[Written]) -> Written:
    return parts[0] if parts else Written(p.symbol(node))


def _transpose(p: Printer, node: Transpose, parts: list[Written]) -> Written:
    if isinstance(node.arg, MatrixSymbol) and not p._children(node.arg):
        return Written(p.symbol(node.arg, transposed=True))
    if isinstance(node.arg, Transpose):
        return Written(p.dialect.transposed(p.dialect.bracket(p.signed(parts[0]))))
    return Written(p.dialect.transposed(p.inside(parts[0], Level.ATOM)))


def _product(p: Printer, node: MatMul, parts: list[Written]) -> Written:
    number = p.at_one(Mul(*(arg for arg in node.args if not isinstance(arg, MatrixExpr))))
    kept = [part for part, arg in zip(parts, operands(node), strict=True) if not p.vanishes(arg)]
    negative = bool(number.could_extract_minus_sign())
    if negative:
        number = -number
    front = [] if number == 1 else [p.scalar(number)]
    if len(kept) == 1 and not front:
        (only,) = kept
        if not negative or only.level is not Level.SUM:
            return only._replace(negative=only.negative != negative)
    if len(kept) == 1 and number.is_Pow and number.exp == -1:
        (above,) = kept
        text = p.dialect.over(p.signed(above), p.inside(above, Level.PRODUCT), p.scalar(1 / number))
        return Written(text, Level.ATOM, negative)
    if number.is_Pow and number.exp == Rational(-1, 2) and all(part.level >= Level.PRODUCT for part in kept):
        product = p.dialect.factors.join(p.inside(part, Level.PRODUCT) for part in kept)
        return Written(p.dialect.over(product, product, p.scalar(1 / number)), Level.PRODUCT, negative)
    texts = front + [p.inside(part, Level.PRODUCT) for part in kept]
    return Written(p.dialect.factors.join(texts) or "1", Level.PRODUCT if len(texts) > 1 else Level.ATOM, negative)


def _sum(p: Printer, node: MatAdd, parts: list[Written]) -> Written:
    first, *rest = parts
    text = p.signed(first)
    for part in rest:
        inner = p.dialect.bracket(part.text) if part.negative and part.level is Level.SUM else part.text
        text += f" {p.dialect.minus if part.negative else '+'} {inner}"
    return Written(text, Level.SUM)


def _hadamard(p: Printer, node: HadamardProduct, parts: list[Written]) -> Written:
    slopes_first = sorted(zip(node.args, parts, strict=True), key=lambda pair: not isinstance(pair[0], Slope))
    return Written(p.dialect.hadamard.join(p.inside(part, Level.HADAMARD) for _, part in slopes_first), Level.HADAMARD)


def _call(p: Printer, label: str, parts: list[Written]) -> Written:
    return Written(label + p.dialect.argument(", ".join(map(p.signed, parts))))


def _elementwise(p: Printer, node: Elementwise, parts: list[Written]) -> Written:
    if isinstance(node.function, Formula):
        return _formula(p, node.function.expr, dict(zip(node.function.variables, parts, strict=True)))
    return _call(p, p.function(node.function), parts)


def _formula(p: Printer, expr: Expr, names: Mapping[Any, Written]) -> Written:
    spelled = {symbol: part.text for symbol, part in names.items()}
    constants = {symbol: r"\varepsilon" for symbol in expr.free_symbols if str(symbol) == "epsilon"}
    if p.dialect.column == 0 and constants:
        text = p.dialect.entrywise(expr, {**spelled, **constants}, frozenset(spelled))
    else:
        text = p.dialect.entrywise(expr, spelled)
    return Written(text, Level.SUM if expr.is_Add else Level.HADAMARD if expr.is_Mul else Level.ATOM)


def _slope(p: Printer, node: Slope, parts: list[Written]) -> Written:
    if isinstance(node.function, Formula) and node.function.slope_by_output is not None:
        return _formula(p, node.function.slope_by_output, {OUTPUT: parts[0]})
    if node.function.name == "ell" or len(node.inputs) > 1:
        return _call(p, p.dialect.function((r"\ell", "ℓ", "l")[p.dialect.column], None, True), parts[1:])
    if not p.by_output or node.function.slope_by_output is None:
        return _call(p, p.function(node.function, slope=True), parts[1:])
    expr = node.function.slope_by_output.xreplace(dict(node.function.parameters))
    return _formula(p, expr, {OUTPUT: parts[0]})


def belongs_to(node: Op) -> Variable | None:
    """Return the variable an operator of the backward list belongs to: of several the last, the operation's output."""
    others = [arg for at, arg in enumerate(node.args) if at != node.acts_on and isinstance(arg, Variable)]
    return others[-1] if others else None


def _operation(p: Printer, node: Op, parts: list[Written]) -> Written:
    """An operation is its label and its operands; an operator of the backward list acts on the error alone."""
    if node.sign is not None:
        left, right = (p.inside(part, Level.SIGN) for part in parts)
        return Written(f"{left} {node.sign[p.dialect.column]} {right}", Level.SIGN)
    if node.acts_on is None or belongs_to(node) is None:
        return _call(p, p.label(node), parts)
    acted = parts[operands(node).index(node.args[node.acts_on])]
    if p.one_example:
        return Written(f"{p.operator(node)} {p.inside(acted, Level.PRODUCT)}", Level.PRODUCT)
    return Written(p.operator(node) + p.dialect.bracket(p.signed(acted)))


def _masked(p: Printer, node: MaskedSoftmax, parts: list[Written]) -> Written:
    return Written(p.label(node) + p.dialect.argument(f"{p.signed(parts[0])} + {MASK}"))


def _turned(p: Printer, node: Turned, parts: list[Written]) -> Written:
    return _handler(node.op)(p, node.op, parts)


def _diagonal(p: Printer, node: DiagMatrix, parts: list[Written]) -> Written:
    if isinstance(node.args[0], Slope) and isinstance(node.args[0].output, Variable):
        return Written(p.slope_of(node.args[0].output))
    return _call(p, p.dialect.diagonal, parts)


def _ones(p: Printer, node: OneMatrix, parts: list[Written]) -> Written:
    if p.vanishes(node) or node.shape == (1, 1):
        return Written("1")
    return Written(p.letter(p.dialect.ones, None, transposed=node.shape[0] == 1))


def _generic_loss(p: Printer, node: GenericLoss, parts: list[Written]) -> Written:
    return _call(p, p.loss, parts)


def _loss_sum(p: Printer, node: Loss, output: Written, target: Written) -> Written:
    columns = "" if p.one_example else p.scalar(node.args[-1].shape[1])
    return Written(p.dialect.loss_sum(columns, p.signed(output), p.signed(target)), Level.PRODUCT)


def _entrywise_loss(p: Printer, node: EntrywiseLoss, parts: list[Written]) -> Written:
    return _loss_sum(p, node, *parts)


def _linked_loss(p: Printer, node: LinkedLoss, parts: list[Written]) -> Written:
    return _loss_sum(p, node, *parts[1:])


def _loss_gradient(p: Printer, node: LossGradient, parts: list[Written]) -> Written:
    return Written(p.loss_gradient())


def _penalty(p: Printer, node: Penalty, parts: list[Written]) -> Written:
    """λ/2 times the squares of all weights; of many the first and the last."""
    column = p.dialect.column
    opening, closing = ((r"\lVert ", r" \rVert^2"), ("‖", "‖²"), ("|", "|^2"))[column]
    squares = [f"{opening}{p.signed(part)}{closing}" for part in parts]
    shown = squares if len(squares) <= MOST_SQUARES else [squares[0], p.dialect.dots, squares[-1]]
    total = " + ".join(shown)
    factor = p.scalar(node.args[0])
    bracketed = p.dialect.bracket(total) if len(shown) > 1 else total
    return Written(f"{p.dialect.over(factor, factor, '2')} {bracketed}", Level.PRODUCT)


MOST_SQUARES = 3
"""Longest sum of squared weights written out."""

HANDLERS: dict[type, Handler] = {
    MatrixSymbol: _symbol,
    Transpose: _transpose,
    MatMul: _product,
    MatAdd: _sum,
    HadamardProduct: _hadamard,
    Elementwise: _elementwise,
    Slope: _slope,
    DiagMatrix: _diagonal,
    Identity: lambda p, node, parts: Written(p.dialect.identity),
    OneMatrix: _ones,
    ZeroMatrix: lambda p, node, parts: Written(p.dialect.zero),
    GenericLoss: _generic_loss,
    EntrywiseLoss: _entrywise_loss,
    LinkedLoss: _linked_loss,
    LossGradient: _loss_gradient,
    Penalty: _penalty,
    MaskedSoftmax: _masked,
    Turned: _turned,
    Op: _operation,
}
"""How each operation is written; an operation's subclasses are written like it."""


def _handler(node: MatrixExpr) -> Handler:
    for kind in type(node).__mro__:
        if kind in HANDLERS:
            return HANDLERS[kind]
    name = type(node).__name__
    raise RuleNotFoundError(f"no print for {name}: add a row to symbp.report.printer.HANDLERS")
