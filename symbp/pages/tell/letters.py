"""Letters for what a definition alone uses: none that the page has for another thing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sympy import Expr, Rational, Symbol
from sympy.printing.pretty.pretty_symbology import greek_unicode

from symbp.errors import SymbpError
from symbp.maths.scalars import Scalars
from symbp.maths.tree import EQUALS, NEGATIVE, Accent, Id, Node, Num, Sign, Tag, row, walk
from symbp.pages.page import Text

INDICES, VALUES, GREEK, COUNTS = "ikjrsqplcuvabdfgh", "zxuvwtsrpqkyabcfgh", "κτρηωνξζχα", "NMRK"
"""Letters of indices, of numbers and arrays, of parameters, of sizes, in the order in which they are tried."""

MORE = "ABCEFGHJKNPQRSTUVWXYZ"
"""Letters where all of those are taken."""

BOUND = "bound"
"""The role of a letter that stands for anything: it means nothing outside its definition."""


class Letters:
    """The letters of one definition: ``names`` has what stands for each of its symbols."""

    def __init__(self, taken: Collection[str]) -> None:
        self.taken = set(taken)
        self.names: dict[Symbol, Node] = {}

    def choose(self, symbols: Iterable[Symbol]) -> dict[Symbol, Node]:
        """Choose a letter for each symbol, its own name where that is free; return all of them."""
        new = [each for each in dict.fromkeys(symbols) if each not in self.names]
        for symbol in sorted(new, key=lambda each: own_letter(each) in {"", *self.taken}):
            self.names[symbol] = Tag(self._letter(symbol), of=symbol, role=BOUND)
        return self.names

    def parameters(self, numbers: Iterable[tuple[Symbol, Expr]], meant: dict[str, Expr]) -> None:
        """Choose letters for parameters: one that is ``meant`` for another number elsewhere is not free."""
        for symbol, value in numbers:
            self.taken |= {letter for letter, other in meant.items() if other != value}
            (name,) = (each.name for each in walk(self.choose([symbol])[symbol]) if isinstance(each, Id))
            meant[name] = value

    def _letter(self, symbol: Symbol) -> Node:
        stem, _, mark = symbol.name.partition("_")
        if mark == "hat":  # ẑ belongs to the letter of z.
            of = next((node for each, node in self.names.items() if each.name == stem), None)
            return Accent(of.body if isinstance(of, Tag) else self._free(stem, VALUES), "hat")
        own = own_letter(symbol)
        kind = INDICES if symbol.is_integer else GREEK if stem in greek_unicode else COUNTS if own == "n" else VALUES
        return self._free(own, kind)

    def _free(self, own: str, others: str) -> Node:
        for letter in (*own, *others, *MORE):
            if letter not in self.taken:
                self.taken.add(letter)
                return Id(letter)
        raise SymbpError("a page uses every letter there is")


def own_letter(symbol: Symbol) -> str:
    """Return the name of a symbol where it is one letter, else nothing."""
    name = greek_unicode.get(symbol.name, symbol.name)
    return name if len(name) == 1 else ""


def number_line(letter: Node, value: Expr) -> Node:
    """Return α = 0.01; of a number without end its first decimals."""
    return row(letter, *equal_to(value))


def equal_to(value: Expr) -> tuple[Node, Node]:
    """Return = and a number as a short decimal or a fraction, or ≈ and its first decimals."""
    rounded = Rational(round(value * 10**DECIMALS), 10**DECIMALS)
    if rounded != value and value.q < MOST_DIGITS:
        return EQUALS, Scalars({}).tree(value)
    digits = Num(f"{abs(float(rounded)):.{DECIMALS}f}".rstrip("0").rstrip("."))
    return EQUALS if rounded == value else Sign("≈", "rel"), row(NEGATIVE, digits) if rounded < 0 else digits


MOST_DIGITS, DECIMALS = 1000, 8
"""From this denominator on a number is printed by its first decimals, and how many."""


def sentences(texts: Iterable[Text]) -> Text:
    """Return sentences behind one another, each once."""
    said = [text for text in dict.fromkeys(texts) if text]
    return tuple(span for at, text in enumerate(said) for span in ((" ", *text) if at else text))
