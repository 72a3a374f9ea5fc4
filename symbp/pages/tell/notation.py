"""The table of notation: every symbol of the page once, with its meaning and its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sympy import HadamardProduct, Integer, MatrixSymbol, OneMatrix, Symbol

from symbp.equations import nodes
from symbp.maths.names import slot_of
from symbp.maths.scalars import number
from symbp.maths.tree import COMMA, EQUALS, HADAMARD, Id, Node, joined, row
from symbp.pages.page import Block, Heading, Table, Text
from symbp.pages.tell.context import Context, starts
from symbp.pages.tell.opening import error_is
from symbp.pages.tell.result import slope_lines
from symbp.symbols import Variable
from symbp.views.lines import Indexed, index_symbol

Row = tuple[Text, ...]


def table_of_notation(c: Context, more: Iterable[Row] = ()) -> list[Block]:
    """Return the section, with more rows in front of those of signs."""
    head = tuple(c.words(f"head.{each}") for each in ("symbol", "meaning", "shape"))
    rows = (*_indices(c), *_symbols(c), *_errors(c), *more, *_signs(c))
    return [
        Heading(c.words("section.notation"), detail=3),
        Table(head, rows, wraps=1, detail=3),
    ]


def _indices(c: Context) -> Iterator[Row]:
    for index in c.repetitions:
        if index.words:
            words = joined(list(map(Id, index.words)), COMMA)
            yield (
                (number(index.symbol),),
                c.words("notation.family", kind=c.words(f"kind.{index.kind}"), values=words),
                (),
            )
            continue
        letters = joined([number(index.symbol), number(c.last[index.letter])], COMMA)
        kind = c.words(f"kind.{index.kind}", n=index.count)
        yield (letters,), c.words("notation.index", kind=kind, values=number(Integer(index.last))), ()
    if c.widths:
        letters = joined([number(Symbol(f"n_{at}")) for at in c.widths], COMMA)
        values = joined(list(map(number, c.widths.values())), COMMA)
        yield (letters,), c.words("notation.widths", values=values), ()


def _symbols(c: Context) -> Iterator[Row]:
    """Yield what is given and what is computed, what repeats once; what has one meaning and one shape in one row."""
    rows: dict[tuple[Text, Node], list[Node]] = {}
    seen: set[object] = set()
    for spelled in c.forward:
        for symbol in (*_given(spelled.equation.rhs), *c.defined(spelled)):
            of = getattr(symbol, "of", symbol)
            if slot_of(symbol) in seen or not isinstance(of, Variable) or not c.is_tabled(symbol):
                continue
            seen.add(slot_of(symbol))
            own = _own(c, symbol)
            rows.setdefault((_meaning(c, of), c.shape(own)), []).append(c.names.symbol(own))
    for symbol, start in starts(c).items():
        if slot_of(symbol) not in seen:
            yield (row(c.names.symbol(symbol), EQUALS, c.names.symbol(start)),), _meaning(c, symbol), (c.shape(symbol),)
    for (meaning, size), letters in rows.items():
        yield (joined(letters, COMMA),), meaning, (size,)


def _own(c: Context, symbol: MatrixSymbol) -> MatrixSymbol:
    """Return a symbol at its loops' own indices: a⁽ˡ⁾ where a line has a⁽ˡ⁻¹⁾."""
    if not isinstance(symbol, Indexed):
        return symbol
    indices = zip(c.names.loops(symbol), symbol.indices, strict=True)
    return Indexed(symbol.of, *(index_symbol(letter) if letter else index for letter, index in indices))


def _given(expr: object) -> Iterator[Variable]:
    return (node for node in nodes(expr) if getattr(node, "role", None) is not None)


def _meaning(c: Context, variable: Variable) -> Text:
    return c.words("notation.kernel" if variable.name in c.names.kernels else f"notation.{variable.role.value}")


def _errors(c: Context) -> Iterator[Row]:
    if c.loss_gradient is not None:
        yield (c.tree(c.loss_gradient),), c.words("notation.loss_gradient"), (c.shape(c.loss_gradient.args[0]),)
    for lhs in [c.shown_error] if c.errors else []:
        yield (c.names.symbol(lhs),), c.words("notation.error", of=error_is(c, lhs)), (c.shape(lhs),)
    for line in slope_lines(c):
        yield line, c.words("notation.slopes"), ()


def _signs(c: Context) -> Iterator[Row]:
    shown = [node for each in (*c.forward, *c.errors, *c.gradients) for node in nodes(each.equation.rhs)]
    if any(isinstance(node, HadamardProduct) for node in shown):
        yield (HADAMARD,), c.words("notation.hadamard"), ()
    if any(isinstance(node, OneMatrix) for node in shown):
        yield (Id("1", "bold"),), c.words("notation.ones"), ()
