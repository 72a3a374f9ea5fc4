"""Lines that stand for many equations: symbols with an index, loops over it, cases of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, cast

from sympy import Expr, Integer, MatrixSymbol, Symbol, Tuple
from sympy.core.symbol import Str

from symbp.equations import Equation
from symbp.symbols import Named, Role, Variable


def index_symbol(letter: str) -> Symbol:
    """Return the symbol that stands for an index in a line."""
    return Symbol(letter, integer=True)


class Indexed(Named):
    """One symbol for every value of some indices: W⁽ˡ⁾, A⁽ˡ⁻¹⁾, K of head h in block b.

    Args: its name, its shape, the variable that represents all of them, and the indices, affine in the letters of the
    loops around (``l - 1``), from the outermost loop to the innermost. Where all indices are numbers it is the spelling
    of one of them, such as A⁽ᴸ⁾ where ``l`` ends.
    """

    def __new__(cls, of: Variable | Str, *rest: Any) -> Indexed:
        """Return the symbol of a representative and its indices; SymPy rebuilds it with all five args."""
        representative, indices = rest[2:] if isinstance(of, Str) else (of, Tuple(*rest))
        written = [str(each.p if each.is_Integer else each) for each in indices]  # SymPy's printer is slow.
        name = f"{representative.name}[{', '.join(written)}]"
        return cls._of(Str(name), representative.shape, representative, indices)

    @property
    def of(self) -> Variable:
        """The variable that represents all of them: its stem, role and path are theirs."""
        return cast("Variable", self.args[3])

    @property
    def indices(self) -> tuple[Expr, ...]:
        """The value of every index, affine in the letters of the loops around."""
        return cast("tuple[Expr, ...]", self.args[4].args)

    @property
    def role(self) -> Role:
        """What these matrices are."""
        return self.of.role

    @property
    def layer(self) -> int:
        """The weight layer of the one that represents them."""
        return self.of.layer


@dataclass(frozen=True)
class Index:
    """An index that repeats lines. ``first`` is its value in the first repetition, ``kind`` what one repetition is.

    ``words`` are what its values are called, where they are no numbers.
    """

    letter: str
    first: int
    count: int
    kind: str
    words: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """Its value in the last repetition."""
        return self.first + self.count - 1

    @property
    def symbol(self) -> Symbol:
        """What stands for it in a line."""
        return index_symbol(self.letter)


Values: TypeAlias = tuple[int, ...]
"""The values of all indices around a line, the outermost first."""


@dataclass(frozen=True)
class Case:
    """One way a line is written, and the values of the indices around it for which it is.

    ``equation`` holds the letters of all indices; where it holds for a single value of one, that value.
    """

    equation: Equation
    values: frozenset[Values]


@dataclass(frozen=True)
class Line:
    """What stands for one equation, or for one in each repetition of the loops around it.

    ``instances`` are the equations it stands for; every one of them is its case with the values put in.
    """

    indices: tuple[Index, ...]
    cases: tuple[Case, ...]
    instances: Mapping[Values, Equation]


@dataclass(frozen=True)
class Loop:
    """Lines that are repeated for every value of an index, from the last one down where ``backward``."""

    index: Index
    body: tuple[Line | Loop, ...]
    backward: bool = False


Body: TypeAlias = tuple[Line | Loop, ...]
"""A list of equations, folded."""


def lines_of(body: Body) -> Iterator[Line]:
    """Yield all lines in the order of the page."""
    for item in body:
        if isinstance(item, Line):
            yield item
        else:
            yield from lines_of(item.body)


def run(body: Body, values: Values = ()) -> Iterator[tuple[Line, Values, Equation]]:
    """Yield every equation in the order in which the loops run, with its line and the values of the indices."""
    for item in body:
        if isinstance(item, Line):
            if values in item.instances:
                yield item, values, item.instances[values]
            continue
        steps = range(item.index.first, item.index.last + 1)
        for value in reversed(steps) if item.backward else steps:
            yield from run(item.body, (*values, value))


@dataclass(frozen=True)
class Place:
    """Which of the symbols that are written as one a symbol is: their representative, the loops it varies with
    (by number), and its value of the index of each.
    """

    of: MatrixSymbol
    loops: tuple[int, ...] = ()
    values: Values = ()

    @property
    def symbol(self) -> MatrixSymbol:
        """How it is spelled alone."""
        return Indexed(cast("Variable", self.of), *map(at, self.values)) if self.loops else self.of


@dataclass(frozen=True)
class Places:
    """Where the symbols of a folded list stand, each by its name.

    ``loops`` are the indices by the number of their loop. ``spelled`` says which of its like a symbol is, ``homes`` in
    which loops its own equation (or its gradient's) stands. ``starts`` has what each initial symbol stands for, with
    the number of the loop that it starts. No equation defines the ``given`` ones. What goes on from repetition to
    repetition and is only added to, a stream, has the home of its error in ``errors``: where it is read.
    """

    loops: tuple[Index, ...]
    spelled: Mapping[str, Place]
    homes: Mapping[str, Place]
    starts: Mapping[str, tuple[tuple[int, Place], ...]]
    given: frozenset[str]
    errors: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Folded:
    """A system of equations, folded: its lines, and the places of its symbols, ``listed`` as they are given or defined.

    A symbol that starts a recursion (X, which stands for A⁽⁰⁾) is spelled as the one it stands for inside the
    recursion, and by its own name elsewhere.
    """

    body: Body
    places: Places
    listed: tuple[MatrixSymbol, ...]

    @cached_property
    def names(self) -> Mapping[MatrixSymbol, Indexed]:
        """Every symbol that a line spells with an index, and how it is spelled alone, at its own values of them."""
        spelled = self.places.spelled
        return {each: cast("Indexed", spelled[each.name].symbol) for each in self.listed if each.name in spelled}

    @cached_property
    def starts(self) -> Mapping[MatrixSymbol, Indexed]:
        """The symbols that start a recursion, and what each stands for (of several, the first)."""
        starts = self.places.starts
        return {each: cast("Indexed", starts[each.name][0][1].symbol) for each in self.listed if each.name in starts}

    @cached_property
    def symbols(self) -> Mapping[Indexed, MatrixSymbol]:
        """The way back: every symbol that a line spells with an index, by how it is spelled alone."""
        starts = self.places.starts
        begun = {cast("Indexed", place.symbol): each for each in self.listed for _, place in starts.get(each.name, ())}
        return begun | {spelled: each for each, spelled in self.names.items()}


def at(number: int) -> Integer:
    """Return a value as it stands among the indices of a symbol."""
    return Integer(number)
