"""What every name that a page prints stands for, so that a printed line can be read back as a formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sympy import MatrixSymbol

from symbp.derivation import Derivation
from symbp.equations import Equation, nodes, symbols_in
from symbp.judging.lexicon import ERRORS, Lexicon, basic
from symbp.judging.meanings import Diagonal, LinearMap, Meaning, Piece, Scalar, Sliding, Symbol
from symbp.maths.build import operator_name, primed, sign_of
from symbp.maths.tree import Id, Node
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import Loss, LossGradient
from symbp.pages.tell.derivation import context
from symbp.pages.tell.operation import operation_context
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.layout import COLUMNS, Layout
from symbp.views.skeleton import mapped
from symbp.writing.aliases import aliases
from symbp.writing.formula import Speller, math_text


def lexicon(shown: Derivation, derivation: Derivation, layout: Layout = COLUMNS) -> Lexicon:
    """Return the meanings of all names: those of NumPy code, those of earlier pages, then those of pages, first of all.

    ``shown`` may leave functions open, ``derivation`` has others in their place. The pages of a ``layout`` are meant.
    """
    if shown.is_alone:
        return _operation_words(shown, derivation)
    shown, derivation = shown.readable, derivation.readable
    functions = _functions(shown, derivation)
    words = basic(derivation).with_words(aliases(shown, functions)).with_words(_signs(derivation))
    for ascii_only in (True, False):
        words = words.with_words(dict(_printed(shown, Print(shown, ascii_only, layout), functions)))
    return words


EARLIER = {"p": "g", "q": "c"}
"""Letters that earlier pages of normalisations had for the mean of an error and for its component along X̂."""


def _operation_words(shown: Derivation, derivation: Derivation) -> Lexicon:
    """Return the names on the page of an operation alone: its symbols and their errors, and the letters it gives."""
    c = operation_context(shown)
    known = {each.name: each for each in (*derivation.forward.given, *(each.lhs for each in derivation.forward))}
    column, words = c.plan.one, basic(derivation)
    for ascii_only in (True, False):
        speller = Speller.of(c.spellings, ascii=ascii_only)
        found: dict[str, Meaning] = {}
        for name, symbol in c.known.items():
            word = speller.text(c.names.symbol(symbol))
            if name in known:
                of = known[name]
                found[word] = Symbol(of, column)
                found |= {f"{prefix}{word}": Symbol(Adjoint(of), column) for prefix in ERRORS}
                found[speller.text(c.names.symbol(Adjoint(symbol)))] = Symbol(Adjoint(of), column)
                if of.role is Role.PREACTIVATION:
                    found[f"δ{word[1:]}"] = Symbol(Adjoint(of), column)
        for each in c.shown.letters:
            word = speller.text(c.names.symbol(c.known[each.lhs.name]))
            found[word] = found[EARLIER.get(word, word)] = Piece(each.rhs)
        for node in (each.rhs for each in c.equations if isinstance(each.rhs, Elementwise)):
            name = speller.text(c.builder.function(node.function))
            found |= {name: Scalar(node.function), f"{name}'": Scalar(node.function, slope=True)}
        words = words.with_words(found)
    return words


class Print:
    """What a page of a network prints for a symbol and an operation, each equation standing alone."""

    def __init__(self, derivation: Derivation, ascii_only: bool, layout: Layout = COLUMNS) -> None:
        self.layout = layout
        self.context = context(derivation, complete=True, view=layout)
        self.one_example = self.context.reading.is_one
        self._speller = Speller.of(self.context.spellings, ascii=ascii_only)
        folded = self.context.reading.folded
        self._spelled = {folded.symbols.get(each, each).name: each for each in self.context.reading.all_symbols}

    def has(self, symbol: MatrixSymbol) -> bool:
        """Whether the page has a symbol: what one line inlines has no name."""
        return (symbol.of if isinstance(symbol, Adjoint) else symbol).name in self._spelled

    def symbol(self, symbol: MatrixSymbol) -> str:
        """Return a symbol."""
        return self._text(self.context.names.symbol(self._read(symbol)))

    def left_side(self, symbol: MatrixSymbol) -> str:
        """Return a symbol as the thing that is defined."""
        return self._text(self.context.builder.left_side(self._read(symbol)))

    def partial(self, variable: Variable) -> str:
        """Return ∂𝓛/∂variable."""
        return self._text(self.context.names.derivative(self._read(variable)))

    def operation(self, node: Op, lhs: MatrixSymbol) -> str:
        """Return the operation that defines a symbol."""
        return self._text(self.context.tree(mapped(self.layout.equation(Equation(lhs, node)).rhs, self._read)))

    def function(self, function: ScalarFunction, slope: bool = False) -> str:
        """Return the name of a function, or of its slope."""
        name = self.context.builder.function(function)
        return self._text(primed(name) if slope else name)

    def slope_of(self, output: Variable) -> str:
        """Return D⁽ˡ⁾."""
        return self._text(self.context.names.like(Id(self.context.notation.slopes), self._read(output)))

    def operator(self, node: Op) -> str:
        """Return the name of an operator of the backward list."""
        return self._text(operator_name(self.context.builder, mapped(node, self._read)))

    def _read(self, slot: Any) -> Any:
        if isinstance(slot, Adjoint):
            return Adjoint(self._read(slot.of))
        return self._spelled.get(slot.name, slot) if isinstance(slot, MatrixSymbol) else slot

    def _text(self, node: Node) -> str:
        return self._speller.text(node)


def _signs(derivation: Derivation) -> dict[str, Meaning]:
    """Return ⋆ and ∗ with their strides and paddings, each with every convolution that is printed with it."""
    found: dict[str, tuple[Op, ...]] = {}
    for equation in (*derivation.forward, *derivation.backward):
        for node in nodes(equation.rhs):
            if isinstance(node, Op) and node.sign is not None:
                for ascii_only in (True, False):
                    sign = math_text(sign_of(node), ascii=ascii_only)
                    found[sign] = (*found.get(sign, ()), node)
    return {sign: Sliding(each) for sign, each in found.items()}


Functions = Mapping[ScalarFunction, ScalarFunction]
"""What stands in the place of a function that is left open."""


def _functions(shown: Derivation, derivation: Derivation) -> Functions:
    pairs = zip(shown.forward, derivation.forward, strict=True)
    return {
        ours.rhs.function: theirs.rhs.function
        for ours, theirs in pairs
        if isinstance(ours.rhs, Elementwise) and isinstance(ours.rhs.function, GenericFunction)
    }


def _printed(derivation: Derivation, page: Print, functions: Functions) -> Iterator[tuple[str, Meaning]]:
    column = page.one_example
    forward, backward = derivation.forward, derivation.backward
    for symbol in (*forward.given, *(each.lhs for each in forward), *(each.lhs for each in backward)):
        if not page.has(symbol):
            continue
        meaning = Symbol(symbol, column)
        yield page.symbol(symbol), meaning
        yield page.left_side(symbol), meaning
        if isinstance(symbol, Variable):
            yield page.partial(symbol), Symbol(Adjoint(symbol), column)
    for equation in (*forward, *backward):
        for node in nodes(equation.rhs):
            if isinstance(node, Op):
                yield from _operation(node, equation.lhs, page, functions)


def _operation(node: Op, lhs: MatrixSymbol, page: Print, functions: Functions) -> Iterator[tuple[str, Meaning]]:
    concrete = node.xreplace(dict(functions)) if functions else node
    if node.sign is not None:
        return
    if isinstance(node, Loss | LossGradient):
        yield page.operation(node, lhs), Symbol(lhs)
    elif isinstance(node, Elementwise):
        if not isinstance(node.function, GenericFunction):  # f₂ and f₂′ are known already.
            yield page.function(node.function), Scalar(node.function)
            yield page.function(node.function, slope=True), Scalar(node.function, slope=True)
    elif isinstance(node, Slope) and isinstance(node.output, Variable) and len(node.inputs) == 1:
        yield page.slope_of(node.output), Diagonal(concrete)
    else:
        if node.acts_on is not None:
            yield page.operator(node), LinearMap(concrete)
        if all(map(page.has, symbols_in(node))):
            yield page.operation(node, lhs), Piece(concrete)
