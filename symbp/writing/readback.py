"""What every name that a page prints stands for, so that a printed line can be read back as a formula."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from sympy import MatrixExpr, MatrixSymbol, S

from symbp.derivation import Derivation
from symbp.equations import Equation, nodes, symbols_in
from symbp.errors import SpecError
from symbp.judging.hands import plain
from symbp.judging.lexicon import ERRORS, Lexicon, basic
from symbp.judging.meanings import Diagonal, LinearMap, Meaning, Piece, Scalar, Sliding, Symbol
from symbp.judging.names import key
from symbp.maths.build import operator_name, primed, sign_of
from symbp.maths.notation import STANDARD, Notation, affine
from symbp.maths.tree import Id, Node
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import Loss, LossGradient
from symbp.ops.upstream import Upstream
from symbp.pages.tell.derivation import context
from symbp.pages.tell.operation import OperationContext, operation_context
from symbp.roles import Role
from symbp.symbols import BATCH, Adjoint, Variable
from symbp.views.layout import COLUMNS, Layout
from symbp.views.skeleton import mapped
from symbp.writing.aliases import aliases
from symbp.writing.formula import Speller, math_text
from symbp.writing.latex import math_latex


def lexicon(
    shown: Derivation, derivation: Derivation, layout: Layout = COLUMNS, notation: Notation = STANDARD
) -> Lexicon:
    """Return the meanings of all names: those of NumPy code, those of earlier pages, then those of pages, first of all.

    ``shown`` may leave functions open, ``derivation`` has others in their place. The pages of a ``layout`` and a
    ``notation`` are meant.
    """
    if shown.is_alone:
        return _operation_words(shown, derivation)
    shown, derivation = shown.readable, derivation.readable
    functions = _functions(shown, derivation)
    words = basic(derivation).with_words(aliases(shown, functions)).with_words(_signs(derivation))
    for alphabet in Alphabets:
        page = Print(shown, alphabet, layout, notation)
        printed = dict(_printed(shown, page, functions))
        if notation.layer == "bare":  # A number above is that of a layer: w² is w^(2), as where its letter stood.
            printed |= {
                _RAISED.sub(lambda found: f"^({found[0].translate(_DIGITS)})", each): printed[each] for each in printed
            }
        words = words.with_words(printed | _first_activation(shown, page))
    return words


_RAISED, _DIGITS = re.compile("[⁰¹²³⁴-⁹]+"), str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _first_activation(derivation: Derivation, page: Print) -> dict[str, Meaning]:
    """Return the input by the name it has as an activation, where these count otherwise: a₁ where a₂ = f(z₂)."""
    notation, inputs = page.context.notation, derivation.network.inputs
    times, offset, from_last = affine(notation.activation_number)
    number = offset + times * (notation.first - 1)
    if from_last or len(inputs) != 1 or number < 1:
        return {}
    letter = notation.activation.lower() if page.one_example else notation.activation
    return dict.fromkeys((f"{letter}{number}", f"{letter}^({number})"), Symbol(inputs[0], page.one_example))


EARLIER = {"p": "g", "q": "c"}
"""Letters that earlier pages of normalisations had for the mean of an error and for its component along X̂."""


def _operation_words(shown: Derivation, derivation: Derivation) -> Lexicon:
    """Return the names on the page of an operation alone: its symbols and their errors, and the letters it gives."""
    c = operation_context(shown)
    known = {each.name: each for each in (*derivation.forward.given, *(each.lhs for each in derivation.forward))}
    column, words = c.plan.one, basic(derivation)
    for alphabet in Alphabets:
        spell = alphabet.speller(c.spellings)
        found: dict[str, Meaning] = {}
        for node in (each.rhs for each in c.equations if isinstance(each.rhs, Elementwise)):
            name = spell(c.builder.function(node.function))
            found |= {name: Scalar(node.function), f"{name}'": Scalar(node.function, slope=True)}
        for name, symbol in c.known.items():
            word = spell(c.names.symbol(symbol))
            if name in known:
                of = known[name]
                found[word] = Symbol(of, column)
                found |= {f"{prefix}{word}": Symbol(Adjoint(of), column) for prefix in ERRORS}
                found[spell(c.names.symbol(Adjoint(symbol)))] = Symbol(Adjoint(of), column)
                if of.role is Role.PREACTIVATION:
                    index = key(word)[1:]
                    spellings = (
                        index,
                        f"_{index}",
                        f"_({','.join(index)})",
                        f"_{','.join(index)}",
                        f"_{'_'.join(index)}",
                    )
                    found |= {f"δ{each}": Symbol(Adjoint(of), column) for each in spellings}
        for each in c.shown.letters:
            word = spell(c.names.symbol(c.known[each.lhs.name]))
            found[word] = found[EARLIER.get(word, word)] = Piece(each.rhs)
        words = words.with_words(found | dict(_operations(c, spell, derivation)))
    return words.with_words(_signs(derivation))


WITHOUT_NAME = (Elementwise, Slope, Upstream, Loss)
"""Operations that have words of their own, or none on the page of an operation."""


def _operations(
    c: OperationContext, spell: Callable[[Node], str], derivation: Derivation
) -> Iterator[tuple[str, Meaning]]:
    """Yield the operators on the page of an operation, and what is printed with its operands in brackets."""

    def read(slot: Any) -> Any:
        if isinstance(slot, Adjoint):
            return Adjoint(read(slot.of))
        return c.known.get(slot.name, slot) if isinstance(slot, MatrixSymbol) else slot

    for equation in (*derivation.forward, *derivation.backward):
        for node in nodes(equation.rhs):
            if (
                isinstance(node, Op)
                and node.sign is None
                and not isinstance(node, Elementwise | Slope | Upstream | Loss)
            ):
                shown = mapped(c.reading.layout.equation(Equation(equation.lhs, node)).rhs, read)
                yield spell(c.tree(shown)), Piece(node)
                if node.acts_on is not None:
                    yield spell(operator_name(c.builder, mapped(node, read))), LinearMap(node)


class Alphabets(Enum):
    """In which signs a page is printed; words of the last go before those of the others."""

    LATEX = "latex"
    ASCII = "ascii"
    UNICODE = "unicode"

    def speller(self, trees: Iterable[Node]) -> Callable[[Node], str]:
        """Return what writes a tree: LaTeX as the plain text that is read of it."""
        if self is Alphabets.LATEX:
            return _plain_latex
        return Speller.of(trees, ascii=self is Alphabets.ASCII).text


def _plain_latex(node: Node) -> str:
    """Return the plain text of a tree in LaTeX; what has none, a table, stays as it is, and is no word."""
    text = math_latex(node)
    try:
        return plain(text)[0].strip()
    except SpecError:
        return text


class Print:
    """What a page of a network prints for a symbol and an operation, each equation standing alone."""

    def __init__(
        self, derivation: Derivation, alphabet: Alphabets, layout: Layout = COLUMNS, notation: Notation = STANDARD
    ) -> None:
        self.layout = layout
        self.context = context(derivation, notation, complete=True, view=layout)
        self.one_example = self.context.reading.is_one
        self._text = alphabet.speller(self.context.spellings)
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
        return self._text(self.context.tree(self._shown(self.layout.equation(Equation(lhs, node)).rhs)))

    def function(self, function: ScalarFunction, slope: bool = False) -> str:
        """Return the name of a function, or of its slope."""
        name = self.context.builder.function(function)
        return self._text(primed(name) if slope else name)

    def slope_of(self, output: Variable) -> str:
        """Return D⁽ˡ⁾."""
        return self._text(self.context.names.like(Id(self.context.notation.slopes), self._read(output)))

    def operator(self, node: Op) -> str:
        """Return the name of an operator of the backward list."""
        return self._text(operator_name(self.context.builder, self._shown(node)))

    def _shown(self, node: MatrixExpr) -> MatrixExpr:
        """Return an operation on the symbols of the page, of one example where that is what the page shows."""
        found = mapped(node, self._read)
        return found.xreplace({BATCH: S.One}) if self.one_example else found

    def _read(self, slot: Any) -> Any:
        if isinstance(slot, Adjoint):
            return Adjoint(self._read(slot.of))
        return self._spelled.get(slot.name, slot) if isinstance(slot, MatrixSymbol) else slot


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
