"""The page of an operation alone: what it computes, its backward pass in numbered lines, the check.

The page is frozen data; the shared templates print it as LaTeX and Markdown, ``lone_text`` for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, S

from symbp.calculus.factor import Acts, Edge, additive_terms, edges_into
from symbp.checking.agreement import difference
from symbp.checking.models import FLOAT, steady_digits
from symbp.derivation import Derivation, derive
from symbp.equations import Equation, System, nodes
from symbp.networks.alone.lone import Lone, Page
from symbp.op import Op, ShownStep
from symbp.report.checked import CheckPart, check_part
from symbp.report.desk import Desk, Row
from symbp.report.dialects import LATEX, Dialect
from symbp.report.geometry import geometry, sides_latex
from symbp.report.handlers import MASK
from symbp.report.layout import line, slashed
from symbp.report.lone_parts import LonePage, Numbered, Part, Told
from symbp.report.names import Mark, marks
from symbp.report.notation import STANDARD, Letter
from symbp.report.printer import Printer
from symbp.report.rich import Rich, dollars, math, rich, sentences, words
from symbp.report.tidy import tidy
from symbp.symbols import Adjoint, Role, Variable
from symbp.views.layout import TOKENS


@dataclass(frozen=True)
class Sheet:
    """An operation as it is displayed: its layout, its letters, its equations."""

    derivation: Derivation
    dialect: Dialect
    loss: str | None = None

    @property
    def network(self) -> Lone:
        """The operation."""
        network = self.derivation.network
        assert isinstance(network, Lone)
        return network

    @property
    def page(self) -> Page:
        """The data of its page."""
        return self.network.page

    @cached_property
    def elementary(self) -> Sheet | None:
        """The same operation from elementary equations, where it has such a form."""
        build = self.page.elementary
        return None if build is None else Sheet(derive(build()), self.dialect, self.loss)

    @cached_property
    def forward(self) -> System:
        """The forward pass as displayed, the loss left out unless the operation is one."""
        equations = self.derivation.forward.equations
        shown = equations if self.network.is_loss else equations[:-1]
        return System(map(self._laid_out, shown), map(self._symbol, self.derivation.forward.given))

    @cached_property
    def backward(self) -> System:
        """The backward pass as displayed: operators spelled out, their parts before them, in the page's order."""
        order = {name: at for at, name in enumerate(self.page.order)}
        whole = sorted(self.derivation.backward, key=lambda each: order.get(each.lhs.of.name, -1))
        forward = (*self.derivation.forward.given, *(each.lhs for each in self.derivation.forward))
        known = (*forward, *(self._steps() if self.elementary is not None else ()))
        if self.page.over_steps:
            whole = [replace(each, rhs=gathered(each)) for each in whole]
        found = [each for equation in whole for each in self._spelled(equation)]
        return System(map(self._laid_out, found), map(self._symbol, dict.fromkeys(known)))

    @cached_property
    def identities(self) -> tuple[Equation, ...]:
        """Other ways to compute what has a letter, as displayed."""
        return tuple(self._laid_out(each.equation) for each in self.page.identities)

    def _steps(self) -> list[MatrixSymbol]:
        assert self.elementary is not None
        return [each.lhs for each in self.elementary.derivation.forward.equations[:-1]]

    def _spelled(self, equation: Equation) -> list[Equation]:
        """Return the equation, an operator in it spelled out, behind the equations of the parts that get a letter."""
        if not isinstance(equation.rhs, Op):
            return [equation]
        parts: list[Equation] = []
        known = {each.name: each for each in (self._steps() if self.elementary is not None else [])}

        def name(stem: str, expr: MatrixExpr) -> MatrixExpr:
            if stem not in known:
                rows, columns = expr.shape
                parts.append(Equation(Variable(stem, rows, columns, Role.STATE, stem), expr))
            return known.get(stem) or parts[-1].lhs

        found = equation.rhs.spelled_out(name)
        return [equation] if found is None else [*parts, replace(equation, rhs=found)]

    def _laid_out(self, equation: Equation) -> Equation:
        neat = replace(equation, rhs=tidy(equation.rhs))
        return TOKENS.equation(neat) if self.page.rows else neat

    def _symbol(self, symbol: MatrixSymbol) -> MatrixSymbol:
        return TOKENS.symbol(symbol) if self.page.rows else symbol

    @cached_property
    def by_name(self) -> dict[str, MatrixSymbol]:
        """Every displayed symbol by name."""
        lists = [self.backward, self.forward, *([self.elementary.forward] if self.elementary is not None else [])]
        own = self.elementary.backward if self.elementary is not None else ()
        symbols = [each for system in lists for each in (*system.given, *(one.lhs for one in system))]
        return {each.name: each for each in (*(one.lhs for one in own), *symbols)}

    @cached_property
    def printer(self) -> Printer:
        """A printer with the letters of the page."""
        symbols = (*self.by_name.values(), *self.derivation.network.by_name.values())
        owners = (each.of if isinstance(each, Adjoint) else each for each in symbols)
        variables = [each for each in dict.fromkeys(owners) if isinstance(each, Variable)]
        one_each = {each.name: each for each in variables}  # A symbol has one spelling in both layouts.
        found = {v.name: mark for v, mark in marks(one_each.values(), STANDARD, layered=False).items()}
        found |= {name: _mark(letter) for name, letter in self.page.letters.items()}
        spelled = {each: found[each.name] for each in variables}
        dialect = self.dialect.short if self.page.short else self.dialect
        printer = Printer(STANDARD, dialect, 0, one_example=False, by_output=True, marks=spelled, loss=self.loss)
        for each in variables:
            if each.name in self.page.errors:
                printer.name(Adjoint(each), self.page.errors[each.name][dialect.column])
        return printer

    @cached_property
    def operators(self) -> dict[str, str]:
        """What the signs and labels of operations stand for, where they say so."""
        found = [node for each in displayed(self).values() for node in nodes(each.rhs) if isinstance(node, Op)]
        return {node.sign[self.dialect.column] if node.sign else self.printer.label(node): node.about
                for node in found if node.about}  # fmt: skip

    @cached_property
    def hidden(self) -> dict[MatrixSymbol, MatrixExpr]:
        """What has no line of its own, and what it is."""
        lists = (*self.forward, *self.backward)
        return {each.lhs: each.rhs for each in lists if each.name in self.page.hidden}

    def equation(self, equation: Equation) -> tuple[str, str]:
        """Return both sides of an equation of this sheet."""
        named = self.page.errors if isinstance(equation.lhs, Adjoint) else ()  # In a slope the input keeps its letter.
        inside = {key: rhs for key, rhs in self.hidden.items() if key.args[0].name not in named}
        return self.printer.equation(equation, inside)

    def say(self, sentence: str) -> Rich:
        """Return a sentence of the page: {names} are its symbols, what stands between dollars is LaTeX."""
        if "$" in sentence:
            return dollars(sentence)
        symbols = {name: math(slashed(self.printer.symbol(symbol))) for name, symbol in self.by_name.items()}
        ell = (r"\ell", "ℓ", "l")[self.dialect.column]  # The loss of one entry; indices and the mask are themselves.
        eps = (r"\varepsilon", "ε", "epsilon")[self.dialect.column]
        letters = {"i": math("i"), "j": math("j"), "M": math(MASK), "ell": math(ell), "eps": math(eps),
                   "before": math(f"t {self.dialect.minus} 1"), "behind": math("t + 1")}  # fmt: skip
        letters["delta"] = math(STANDARD.error[self.dialect.column])
        return rich(sentence, **{**letters, "loss": math(self.printer.loss), **symbols})

    def numbered(self, after: Sequence[Numbered] = ()) -> tuple[Numbered, ...]:
        """Return the backward pass, a line an adjoint; what only has a letter stands below the line that uses it.

        Lines that stand in ``after`` are not repeated, and the numbers go on.
        """
        known = {each.lines for each in after}
        found: list[Numbered] = []
        beside: list[list[str]] = []
        for equation in self.backward:
            if equation.lhs in self.hidden:
                continue
            left, right = self.equation(equation)
            if not isinstance(equation.lhs, Adjoint):
                beside.append(line(left, right))
                continue
            lines = [*line(left, right), *(each for lines in beside for each in lines)]
            if found and self.page.why.get(equation.lhs.of.name) == "":
                found[-1] = replace(found[-1], lines=(*found[-1].lines, *lines))
                continue
            if tuple(lines) not in known:
                found.append(Numbered(len(after) + len(found) + 1, self._why(equation), tuple(lines)))
            beside = []
        return tuple(found)

    def _why(self, equation: Equation) -> Rich:
        own = self.page.why.get(equation.lhs.of.name)
        if own is not None:
            return self.say(own)
        return sentences(words(step.why) for step in {step.rule: step for step in equation.steps}.values())


def _mark(letter: tuple[str, str, str]) -> Mark:
    return Mark(Letter(*letter), Letter(*letter))


def lone_page(
    derivation: Derivation,
    dialect: Dialect = LATEX,
    check: Any = None,
    *,
    command: str | None = None,
    loss_letter: str | None = None,
) -> LonePage:
    """Return the page of an operation alone."""
    sheet = Sheet(derivation, dialect, loss_letter)
    page = sheet.page
    return LonePage(
        title=page.title,
        subject=sheet.say(page.subject),
        layout=_layout(sheet),
        symbols=_symbols(sheet),
        operators=_operators(sheet),
        parts=_parts(sheet, check),
        check=None if check is None else _checked(sheet, check),
        command=command,
    )


SHORT = "{dX} is short for the gradient of {loss} with respect to {X}, and has its shape."
FROM_ABOVE = "{dY} comes from above, from whatever the loss {loss} makes of {Y}."
OVER_STEPS = "All steps {steps} use the same parameters: what each gives them, line ({number}), is added up."
SUM_OVER_STEPS = (r"\sum_{t=1}^{T}", "Σₜ", "sum_t")


def _layout(sheet: Sheet) -> Rich:
    """Say what rows and columns are, what d means, and which gradient is given."""
    p, network = sheet.printer, sheet.network
    first = network.inputs[0]
    spans: list[Rich] = [sheet.say(sheet.page.layout)]
    if network.source:
        spans.append(rich("Source: {source}.", source=network.source))
    gradient = slashed(p.partial(sheet._symbol(first)))
    if sheet.page.short:
        spans.append(rich(SHORT, dX=math(gradient), loss=math(p.loss), X=math(p.symbol(sheet._symbol(first)))))
    for y, g in network.given_gradients:
        symbols = {"dY": math(slashed(p.symbol(sheet._symbol(g)))), "Y": math(p.symbol(sheet._symbol(y)))}
        above = sheet.page.above.get(y.name)
        spans.append(rich(FROM_ABOVE, **symbols, loss=math(p.loss)) if above is None else sheet.say(above))
    return sentences(spans)


def _parts(sheet: Sheet, check: Any) -> tuple[Part, ...]:
    """Return the forward pass, the elementary steps, the backward pass, and what follows it."""
    steps, page = sheet.elementary, sheet.page
    forward = (steps or sheet).forward
    shown = sheet if steps is None else steps
    lines = tuple(each for one in forward if one.lhs not in shown.hidden for each in line(*shown.equation(one)))
    found = [Part("What it computes", (*_whole(sheet), Told((), lines), *_told(sheet, page.definitions)))]
    if steps is not None:
        found.append(Part("Backward pass, step by step", _told(steps, steps.page.opening), steps.numbered()))
    title = "As a projection" if steps is not None else "Backward pass"
    closing = [*_identities(sheet), *_told(sheet, page.remarks), *_agreement(sheet, check)]
    found.append(Part(title, _told(sheet, page.opening), sheet.numbered(found[-1].numbered), tuple(closing)))
    if page.over_steps:
        found.append(_over_steps(sheet, found[-1].numbered))
    return (*found, *(Part(each.title, _told(sheet, each.steps)) for each in page.sections))


def _over_steps(sheet: Sheet, numbered: Sequence[Numbered]) -> Part:
    """Return the gradients of what all steps share: what line by line a step gives them, summed."""
    p = sheet.printer
    sign = SUM_OVER_STEPS[sheet.dialect.column]
    shared = [each for each in sheet.backward if each.lhs.of in sheet.network.parameters]
    lines = [f"{p.left_side(each.lhs)} &= {sign} {p.matrix(each.rhs)}" for each in shared]
    steps = (r"t = 1, \ldots, T", "t = 1, …, T", "t = 1, ..., T")[sheet.dialect.column]
    words = rich(OVER_STEPS, steps=math(steps), number=str(numbered[-1].number))
    return Part("Over the steps", (Told(words, tuple(lines), alike=True),))


def _whole(sheet: Sheet) -> tuple[Told, ...]:
    """Return the whole operation as one formula, where its page wants one."""
    if not sheet.page.inlined:
        return ()
    inside = {sheet.by_name[name]: sheet.forward[name].rhs for name in sheet.page.inlined}
    last = sheet.forward[-1]
    formula = sheet.printer.left_side(last.lhs), sheet.printer.matrix(last.rhs, inside)
    return (Told((), tuple(line(*formula))), Told(rich("With a name for each part:")))


def _told(sheet: Sheet, steps: Iterable[ShownStep]) -> tuple[Told, ...]:
    return tuple(
        Told(
            sheet.say(step.words),
            tuple(each.replace(r"\mathcal{L}", sheet.printer.loss) for each in step.lines),
            is_plain=not step.lines and "$" not in step.words,
        )
        for step in steps
    )


def _identities(sheet: Sheet) -> list[Told]:
    return [
        Told(sheet.say(each.words), tuple(line(*sheet.equation(equation))))
        for each, equation in zip(sheet.page.identities, sheet.identities, strict=True)
    ]


AGREE = (
    "Both forms are the same gradient: run on the same random numbers they agree to {n} digits of the largest "
    "entry or more (double precision)."
)


def _agreement(sheet: Sheet, check: Any) -> list[Told]:
    """Say that the steps and the short form agree, with the number from a run; nothing where nothing was run."""
    if sheet.elementary is None or check is None:
        return []
    found = difference(sheet.derivation, sheet.elementary.derivation, check.seed)
    return [Told(rich(AGREE, n=str(steady_digits(found, FLOAT))))]


def _symbols(sheet: Sheet) -> tuple[Row, ...]:
    """Return the table of symbols: in the page's order, then the column of ones."""
    p = sheet.printer
    rows: list[Row] = []
    known = geometry(sheet.derivation)
    for name, meaning in sheet.page.meanings.items():
        symbol = sheet.by_name[name]
        sides = known.get(symbol) or tuple((size,) for size in symbol.shape)
        shape = sides_latex(sides, lambda size: size)
        rows.append(((math(p.symbol(symbol)),), sheet.say(meaning), (math(shape),)))
    signs = (
        (OneMatrix, p.dialect.ones, "column of ones"),
        (HadamardProduct, p.dialect.hadamard.strip(), "product entry by entry"),
    )
    kinds = {type(node) for equation in displayed(sheet).values() for node in nodes(equation.rhs)}
    rows += [((math(sign),), rich("{meaning}", meaning=meaning), ()) for kind, sign, meaning in signs if kind in kinds]
    return (*rows, *_operators(sheet))


def _operators(sheet: Sheet) -> tuple[Row, ...]:
    """Return what the signs and labels of operations stand for, as rows of the table of symbols."""
    return tuple(((math(sign),), rich("{about}", about=about), ()) for sign, about in sheet.operators.items())


def _checked(sheet: Sheet, check: Any) -> CheckPart:
    """Return the check with the letters and the shapes of this page."""
    desk = Desk.open(sheet.derivation, STANDARD, sheet.dialect, None, sheet.loss)
    shapes = {each.name: "×".join(reversed(each.shape.split("×"))) for each in check.rows}
    kept = {v.name for v in sheet.derivation.wrt if not sheet.page.rows or v.shape[1] == S.One}
    rows = tuple(each if each.name in kept else replace(each, shape=shapes[each.name]) for each in check.rows)
    return check_part(replace(check, rows=rows), replace(desk, printer=sheet.printer))


def displayed(sheet: Sheet) -> Mapping[str, Equation]:
    """Return every displayed equation by the name of its left side, the short form before the steps."""
    steps = [sheet.elementary.forward, sheet.elementary.backward] if sheet.elementary is not None else []
    lists: Sequence[System] = [*steps, sheet.forward, sheet.backward]
    return {each.name: each for system in lists for each in system}


def gathered(equation: Equation) -> MatrixExpr:
    """Return a right side with one error written once: G ⊙ A − G ⊙ B as G ⊙ (A − B)."""
    edges = edges_into(equation)
    if len(edges) < 2:
        return equation.rhs
    if any(edge.source != edges[0].source or not _one_entrywise(edge) for edge in edges):
        return MatAdd(*reversed(additive_terms(equation)))
    return HadamardProduct(edges[0].source, _positive_first([edge.factors[0].expr for edge in edges]))


def _positive_first(terms: Sequence[MatrixExpr]) -> MatAdd:
    return MatAdd(*sorted(terms, key=lambda term: isinstance(term, MatMul) and bool(term.args[0].is_number)))


def _one_entrywise(edge: Edge) -> bool:
    return len(edge.factors) == 1 and edge.factors[0].acts is Acts.HADAMARD
