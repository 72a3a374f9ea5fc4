"""Our own matrix printer: brackets from a table of levels, symbols spelled once, nothing recurses.

SymPy's printers lose brackets around ⊙, and are quadratic in a product's length. Here every node is
written from the texts of its operands, children first.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from sympy import Expr, MatrixExpr, MatrixSymbol, OneMatrix, S

from symbp.equations import Equation, operands
from symbp.op import Op
from symbp.ops.elementwise import GenericFunction, ScalarFunction
from symbp.report.dialects import Dialect, Index
from symbp.report.handlers import belongs_to, handler_of
from symbp.report.names import Mark, escaped
from symbp.report.notation import Notation
from symbp.report.written import INSIDE, Level, Written
from symbp.symbols import BATCH, Adjoint, Role, Variable


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
        self.notation = notation
        self.dialect: Dialect = dialect
        self.depth = depth
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
            waiting.extend(self.children(node))
        done: dict[int, Written] = {}
        for node in reversed(order):
            parts = [done[id(child)] for child in self.children(node)]
            done[id(node)] = handler_of(node)(self, node, parts)
        return done[id(expr)]

    def children(self, node: MatrixExpr) -> tuple[MatrixExpr, ...]:
        """Return what a node is written from: its operands, or what stands for a symbol."""
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
