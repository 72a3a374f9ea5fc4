"""The table of notation: every symbol of the page once, with its meaning and its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from sympy import HadamardProduct, Integer, MatrixSymbol, OneMatrix, Symbol

from symbp.equations import nodes
from symbp.maths.names import slot_of
from symbp.maths.scalars import number
from symbp.maths.tree import BECOMES, COMMA, EQUALS, HADAMARD, Id, Node, Sign, joined, row, walk
from symbp.ops.elementwise import Slope
from symbp.pages.page import Block, Heading, Table, Text
from symbp.pages.tell.context import Context, Spelled, starts
from symbp.pages.tell.keys import keys_of, scopes, shortened, with_keys
from symbp.pages.tell.opening import error_is
from symbp.pages.tell.result import slope_lines
from symbp.pages.tell.stream import stream
from symbp.pages.words import commas
from symbp.symbols import Variable
from symbp.views.lines import Indexed, index_symbol


@dataclass(frozen=True)
class Meaning:
    """A row of the table: letters, what they mean, their shape, and the keys of those that code calls otherwise."""

    letters: Text
    words: Text
    shape: Text = ()
    keys: tuple[str, ...] = ()


Together = Callable[[Iterable[Meaning]], Iterator[Meaning]]


def table_of_notation(c: Context, more: Iterable[Meaning] = (), together: Together = iter) -> list[Block]:
    """Return the section, with more rows in front of those of signs; ``together`` may make one row of several."""
    head = tuple(c.words(f"head.{each}") for each in ("symbol", "meaning", "shape"))
    rows = together((*_indices(c), *_symbols(c), *_errors(c), *more, *_signs(c)))
    cells = tuple((each.letters, with_keys(c, each.words, each.keys), each.shape) for each in rows)
    return [
        Heading(c.words("section.notation"), detail=3),
        Table(head, cells, wraps=1, detail=3),
    ]


def _indices(c: Context) -> Iterator[Meaning]:
    for index in c.repetitions:
        if index.words:
            words = joined(list(map(Id, index.words)), COMMA)
            kind = c.words(f"kind.{index.kind}")
            yield Meaning((number(index.symbol),), c.words("notation.family", kind=kind, values=words))
            continue
        letters = joined([number(index.symbol), number(c.last[index.letter])], COMMA)
        kind = c.words(f"kind.{index.kind}", n=index.count)
        meaning = c.words("notation.index", kind=kind, values=number(Integer(index.last + c.shift(index))))
        yield Meaning(
            (letters,), meaning, keys=shortened(scopes(c), c.any_number is not None) if index.kind == "block" else ()
        )
    if c.widths:
        letters = joined([number(Symbol(f"n_{at}")) for at in c.widths], COMMA)
        values = joined(list(map(number, c.widths.values())), COMMA)
        yield Meaning((letters,), c.words("notation.widths", values=values))


def _symbols(c: Context) -> Iterator[Meaning]:
    """Yield what is given and what is computed, what repeats once; what has one meaning and one shape in one row."""
    rows: dict[tuple[Text, Node, bool], list[tuple[Node, tuple[str, ...]]]] = {}
    seen: set[object] = set()
    for spelled in c.forward:
        for symbol in (*_given(spelled.equation.rhs), *c.defined(spelled)):
            of = getattr(symbol, "of", symbol)
            if slot_of(symbol) in seen or not isinstance(of, Variable) or not c.is_tabled(symbol):
                continue
            seen.add(slot_of(symbol))
            own = _own(c, symbol)
            keys = shortened(keys_of(c, own), c.any_number is not None)
            rows.setdefault((meaning_of(c, of), c.shape(own), bool(keys)), []).append((c.names.symbol(own), keys))
    for symbol, start in starts(c).items():
        if slot_of(symbol) not in seen:
            letters = row(c.names.symbol(symbol), EQUALS, c.names.symbol(start))
            yield Meaning((letters,), meaning_of(c, symbol), (c.shape(symbol),))
    for (meaning, size, _), found in rows.items():
        names, keys_ = zip(*found, strict=True)
        yield Meaning((joined(names, COMMA),), meaning, (size,), tuple(chain.from_iterable(keys_)))


def _own(c: Context, symbol: MatrixSymbol) -> MatrixSymbol:
    """Return a symbol at its loops' own indices: a⁽ˡ⁾ where a line has a⁽ˡ⁻¹⁾."""
    if not isinstance(symbol, Indexed):
        return symbol
    indices = zip(c.names.loops(symbol), symbol.indices, strict=True)
    return Indexed(symbol.of, *(index_symbol(letter) if letter else index for letter, index in indices))


def _given(expr: object) -> Iterator[Variable]:
    return (node for node in nodes(expr) if getattr(node, "role", None) is not None)


def meaning_of(c: Context, variable: Variable) -> Text:
    """Return what a matrix is, in words."""
    if variable.name == c.names.jobs.prediction:
        return c.words("notation.prediction")
    return c.words("notation.kernel" if variable.name in c.names.kernels else f"notation.{variable.role.value}")


def _errors(c: Context) -> Iterator[Meaning]:
    if c.loss_gradient is not None:
        size = c.shape(c.loss_gradient.args[0])
        yield Meaning((c.tree(c.loss_gradient),), c.words("notation.loss_gradient"), (size,))
    for lhs in [c.shown_error] if c.errors else []:
        is_itself = not c.notation.named_error and not c.reading.scale.is_larger(lhs)
        meaning = c.words("notation.error_itself") if is_itself else c.words("notation.error", of=error_is(c, lhs))
        yield Meaning((c.names.symbol(lhs),), meaning, (c.shape(lhs),))
    for line in slope_lines(c):
        yield Meaning(line, c.words("notation.slopes"))
    found = stream(c)
    if found is not None:
        size = number(found.of.shape[0])
        block = found.block(found.index.symbol)
        yield Meaning((block,), c.words("notation.block"), (row(size, Sign("×"), size),))


def _signs(c: Context) -> Iterator[Meaning]:
    shown = [node for each in _lines(c) for node in nodes(each.equation.rhs)]
    has_ones = any(isinstance(node, OneMatrix) for node in shown)
    ones = has_ones and any(node == ONES for each in _lines(c) for node in walk(c.equation(each)))
    if c.reading.is_in_place:
        yield Meaning((BECOMES,), c.words("notation.becomes"))
    if any(isinstance(node, HadamardProduct) for node in shown):
        if not c.reading.is_one and any(map(_is_power, shown)):
            yield Meaning((HADAMARD,), c.words("notation.hadamard_powers"))
        elif ones:
            yield Meaning((HADAMARD, ", ", ONES), commas([c.words("notation.hadamard"), c.words("notation.ones")]))
            return
        else:
            yield Meaning((HADAMARD,), c.words("notation.hadamard"))
    if ones:
        yield Meaning((ONES,), c.words("notation.ones"))


ONES = Id("1", "bold")


def _lines(c: Context) -> tuple[Spelled, ...]:
    return (*c.forward, *c.errors, *c.gradients)


def _is_power(node: object) -> bool:
    """Whether a node may be printed with a power: a product of equal factors, a slope by the value of its function."""
    if isinstance(node, HadamardProduct):
        return len(set(node.args)) < len(node.args)
    return isinstance(node, Slope) and node.function.slope_by_output is not None
