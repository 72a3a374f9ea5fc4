"""A worked example before it has a format: what is given, both passes, each gradient by its factors, the descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from sympy import Expr, MatrixExpr, Symbol

from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.ops.elementwise import OUTPUT, Elementwise
from symbp.ops.losses import EntrywiseLoss
from symbp.report import facts
from symbp.report.desk import Desk, Row
from symbp.report.notation import Notation
from symbp.report.products import joined
from symbp.report.rich import Rich, Span, listed, math, rich, sentences
from symbp.report.subject import left_out, shown_layers, subject, title
from symbp.report.worked.numbers import MOST, Numeral, number
from symbp.symbols import Adjoint, Role, Variable
from symbp.worked.run import Training, Worked


@dataclass(frozen=True)
class Line:
    """A left side and what it equals, step by step: the formula, the numbers put in, what they come to."""

    left: str
    rights: tuple[str, ...]
    sign: str = "="


@dataclass(frozen=True)
class Section:
    """A heading, words, lines of mathematics, and a table where it has one."""

    heading: str
    words: Rich
    lines: tuple[Line, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    side_by_side: bool = False


@dataclass(frozen=True)
class Example:
    """A worked example; ``numeral`` holds the matrices that text lines stand for."""

    title: str
    subject: Rich
    remarks: tuple[Rich, ...]
    sections: tuple[Section, ...]
    numeral: Numeral
    command: str | None


def example(
    worked: Worked,
    notation: Notation,
    dialect: Any,
    *,
    training: Training | None = None,
    digits: int | None = None,
    show: Sequence[int] | None = None,
    loss_letter: str | None = None,
    command: str | None = None,
) -> Example:
    """Return the document of a worked example.

    Raises:
        SpecError: ``show`` names a layer the network does not have.
    """
    derivation = worked.derivation
    shown = shown_layers(derivation.network.depth, show)
    desk = Desk.open(derivation, notation, dialect, shown, loss_letter)
    numeral = Numeral(worked.numbers, desk.printer, digits or worked.given.digits)
    author = _Author(worked, desk, numeral)
    sections = [author.given(), author.forward(), author.backward(), author.gradients()]
    if worked.given.learning_rate is not None and worked.trained:
        sections.append(author.step())
    if training is not None:
        sections.append(author.training(training))
    remarks = (left_out(derivation.network.depth, shown), author.elision())
    name = f"{title(derivation.network.depth)}, with numbers"
    return Example(
        name, subject(derivation), tuple(each for each in remarks if each), tuple(sections), numeral, command
    )


@dataclass(frozen=True)
class _Author:
    """Writes the sections."""

    worked: Worked
    desk: Desk
    numeral: Numeral

    @property
    def _given(self) -> list[Variable]:
        return [
            symbol
            for symbol in self.worked.derivation.forward.given
            if self.desk.shows(symbol.layer) or not symbol.layer
        ]

    def _number(self, value: float) -> str:
        return number(value, self.numeral.digits, self.numeral.latex)

    def _symbol(self, symbol: Variable) -> str:
        return self.desk.printer.symbol(symbol)

    def elision(self) -> Rich:
        """Say that large matrices show their corners, when all is written; nothing where there is none."""
        if not self.numeral.shortened:
            return ()
        return rich("Of large matrices the first rows and columns and the last are shown.")

    def given(self) -> Section:
        """Say what is given."""
        frozen = [math(self._symbol(symbol)) for symbol in self._given if symbol.name in self.worked.given.frozen]
        rate, seed = self.worked.given.learning_rate, self.worked.given.seed
        words = [rich("Numbers are shown to {n} significant digits.", n=str(self.numeral.digits))]
        if rate is not None:
            words.append(rich("The learning rate is {eta}.", eta=math(f"{self._eta} = {self._number(rate)}")))
        if frozen:
            words.append(
                rich("{which} {stay} as given.", which=listed(frozen), stay="stay" if len(frozen) > 1 else "stays")
            )
        if seed is not None:
            words.append(rich("Parameters that the file leaves out were drawn with seed {seed}.", seed=str(seed)))
        lines = tuple(Line(self._symbol(symbol), (self.numeral.value(symbol),)) for symbol in self._given)
        return Section("Given", sentences(words), lines, side_by_side=True)

    @property
    def _eta(self) -> str:
        return (r"\eta", "η", "eta")[self.desk.printer.dialect.column]

    def forward(self) -> Section:
        """Put the numbers into the forward pass."""
        *equations, last = self.worked.derivation.forward.equations
        lines = [self._line(equation) for equation in equations if self.desk.shows(equation.lhs.layer)]
        return Section("Forward pass", self._loss_words(), (*lines, self._loss(last)))

    def _loss_words(self) -> Rich:
        """Say what one output adds to the loss, where the loss is a sum over outputs."""
        function = facts.loss_function(self.worked.derivation.network.loss_node)
        if function is None:
            return ()
        ell = (r"\ell", "ℓ", "l")[self.desk.printer.dialect.column]
        formula = self._scalar(facts.with_numbers(function.expr, function), {})
        return rich("Each output adds {formula} to the loss.", formula=math(f"{ell}(a, y) = {formula}"))

    def _scalar(self, expr: Expr, names: dict[Symbol, str]) -> str:
        return str(self.desk.printer.dialect.scalar(expr, names))

    def _slopes(self) -> list[Span | Rich]:
        """Return every known activation's slope as a formula, through its output where that is short."""
        found: list[Span | Rich] = []
        for use in facts.uses(self.worked.derivation):
            function = use.function
            if function is None or facts.is_generic(function):
                continue
            by_output = function.slope_by_output
            expr = function.slopes[0] if by_output is None else by_output
            names = {OUTPUT: "a", function.variables[0]: "z"}
            label = self.desk.printer.function(function, slope=True)
            found.append(math(f"{label}(z) = {self._scalar(facts.with_numbers(expr, function), names)}"))
        return found

    def backward(self) -> Section:
        """Put the numbers into the backward pass."""
        shown = [
            each for each in self.worked.derivation.backward if self.desk.shows(each.lhs.layer) or not each.lhs.layer
        ]
        slopes = self._slopes()
        words = rich("Each line uses the values of the lines before it.")
        words += rich(" The slopes: {slopes}.", slopes=listed(slopes)) if slopes else ()
        return Section("Backward pass", words, tuple(self._line(equation) for equation in shown))

    def _line(self, equation: Equation) -> Line:
        right = self.desk.printer.matrix(equation.rhs)
        adjoint = equation.lhs
        left = self.desk.printer.symbol(adjoint)
        partial = self.desk.printer.partial(adjoint.of) if isinstance(adjoint, Adjoint) else left
        # δ and g are letters: what they stand for comes first.
        names = [] if partial in (left, right) else [partial]
        return Line(left, _distinct([*names, right, *self._numbers(equation.rhs), self.numeral.value(equation.lhs)]))

    def _numbers(self, expr: MatrixExpr) -> list[str]:
        """Return the expression with numbers put in; nothing where it has no matrices to show."""
        try:
            return [self.numeral.put_in(expr)]
        except (SpecError, KeyError, TypeError):
            return []

    def _loss(self, equation: Equation) -> Line:
        """Return the loss: its formula, what each output adds where it is a sum over few, and its value."""
        left, right = self.desk.printer.equation(equation)
        rights = [right]
        node = equation.rhs
        if isinstance(node, EntrywiseLoss):
            entries = self.worked.numbers.value(Elementwise(node.function, *node.args[1:]))
            if entries.size <= MOST:
                terms = " + ".join(self._number(float(each)) for each in entries.T.ravel())
                columns = entries.shape[1]
                over = (rf"\frac{{1}}{{{columns}}} ({{}})", "1/{1} ({0})", "1/{1} ({0})")[
                    self.desk.printer.dialect.column
                ]
                rights.append(over.replace("{}", terms).format(terms, columns) if columns > 1 and not self.numeral.latex
                              else over.replace("{}", terms) if columns > 1 else terms)  # fmt: skip
        return Line(left, _distinct([*rights, self._number(self.worked.result[0])]))

    def gradients(self) -> Section:
        """Write each gradient as its product of factors, with the numbers in it."""
        found = [g for g in self.desk.gradients if g.factors]
        weights = [g for g in found if g.variable.role is not Role.BIAS] or found
        lines = []
        for gradient in weights:
            pieces = self.desk.pieces(gradient)
            product = "".join(joined(pieces, self.desk.printer.dialect.joint, self.desk.products.brackets[1]))
            expression = self._multiplied(gradient)
            numbers = self._numbers(expression) if expression is not None and self.desk.shown is None else []
            value = self.numeral.value(gradient.equation.lhs)
            lines.append(Line(self.desk.printer.symbol(gradient.equation.lhs), _distinct([product, *numbers, value])))
        words = rich(
            "From the loss to the parameter: the loss gradient, then the weights and activation derivatives on the "
            "way, and the activation that entered the layer."
        )
        return Section("Gradients, factor by factor", words, tuple(lines))

    def _multiplied(self, gradient: Any) -> MatrixExpr | Expr | None:
        try:
            return gradient.expression
        except SpecError:  # entangled paths, or too deep to read: the lines above have it step by step
            return None

    def step(self) -> Section:
        """Take one step of gradient descent."""
        arrow = (r"\leftarrow", "←", "<-")[self.desk.printer.dialect.column]
        dot = (r" \cdot ", " · ", " * ")[self.desk.printer.dialect.column]
        minus = self.desk.printer.dialect.minus
        rate = self.worked.given.learning_rate or 0.0
        given, updated = self.worked.given.parameters, self.worked.updated
        lines = []
        for symbol in self._given:
            if symbol.name not in self.worked.trained:
                continue
            gradient = self.worked.result[1][symbol.name]
            name = self._symbol(symbol)
            formula = f"{name} {minus} {self._eta} {self.desk.printer.partial(symbol)}"
            single = gradient.shape == (1, 1)
            product = f"{self._number(rate)}{dot if single else ' '}"
            shown = self.numeral.matrix(gradient)
            product += f"({shown})" if single and shown[:1] in "-−" else shown
            numbers = f"{self.numeral.matrix(given[symbol.name])} {minus} {product}"
            lines.append(Line(name, (formula, numbers, self.numeral.matrix(updated[symbol.name])), arrow))
        names = {each.name for each in self.worked.derivation.network.parameters}
        is_all = names - set(self.worked.given.frozen) <= set(self.worked.trained)
        words = rich(
            "{who} against its gradient, all at once. The loss {moves} from {before} to {after}.",
            who="Every parameter moves" if is_all else "Each of these parameters moves",
            moves="falls" if self.worked.loss_after < self.worked.result[0] else "goes",
            before=math(self._number(self.worked.result[0])), after=math(self._number(self.worked.loss_after)),
        )  # fmt: skip
        return Section("One step of gradient descent", words, tuple(lines))

    def training(self, training: Training) -> Section:
        """Table the loss over the steps, and show where they lead."""
        rows = tuple(
            (rich("{n}", n=str(step)), (math(self._number(training.losses[step])),)) for step in training.shown
        )
        words: Rich = rich("The loss after so many steps, all parameters of a step changed at once.")
        if not isfinite(training.losses[-1]):
            words += rich(
                " It left the numbers a computer has after {n} steps: the learning rate is too large.",
                n=str(training.steps),
            )
        shown = [symbol for symbol in self._given if symbol.name in self.worked.trained]
        lines = tuple(
            Line(self._symbol(each), (self.numeral.matrix(training.parameters[each.name]),)) for each in shown
        )
        return Section(f"Training for {training.steps} steps", words, lines, ("step", "loss"), rows, side_by_side=True)


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts without one that says the same as the one before."""
    return tuple(text for at, text in enumerate(texts) if not at or text != texts[at - 1])
