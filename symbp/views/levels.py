"""A derivation on two levels: the network with its blocks as functions, then the inside of each block once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sympy import MatrixExpr, MatrixSymbol

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import System
from symbp.symbols import Adjoint, Variable
from symbp.views.blocks import Call, Part, Pull, calls, is_part, nested
from symbp.views.layout import COLUMNS, Layout
from symbp.views.reading import Reading, read
from symbp.views.tidy import tidied, tidy


@dataclass(frozen=True)
class Inside:
    """The inside of a block: its lists as a page reads them, below the error of its output.

    ``above`` is the error that it starts from, by the name that the list around has for it. ``closes`` says whether
    it defines the error of its input: the list around has no line for it, and nothing else adds to it.
    """

    part: Part
    above: MatrixExpr
    closes: bool
    reading: Reading

    @property
    def has_calls(self) -> bool:
        """Whether it consists of blocks itself."""
        return bool(self.part.calls)

    @property
    def result(self) -> Adjoint:
        """The error of the input, as far as it comes through this block."""
        return Adjoint(self.part.input)

    @property
    def output(self) -> MatrixSymbol:
        """What leaves the block."""
        return self.part.output

    @property
    def outputs(self) -> tuple[MatrixSymbol, ...]:
        """The same, as blocks that do the same have several."""
        return (self.part.output,)

    @property
    def call(self) -> Call:
        """The block applied to its input."""
        return self.part.call

    @property
    def map(self) -> Pull:
        """The map of the block on the error from above."""
        return self.part.pull(self.above)


@dataclass(frozen=True)
class Levels:
    """The lists of the network with its blocks as functions, and the inside of every block, each before those in it.

    ``forward`` has a line of its own for every call, ``top`` calls in one another.
    """

    forward: System
    top: Reading
    insides: tuple[Inside, ...]

    def __iter__(self) -> Iterator[Reading]:
        """Yield all readings: the network, then the insides."""
        yield self.top
        for inside in self.insides:
            yield inside.reading


def levels(derivation: Derivation, layout: Layout = COLUMNS) -> Levels | None:
    """Return a derivation on two levels; None where no block is worth a name, or blocks that repeat make no loop."""
    readable = derivation.readable
    made = calls(readable.forward, readable.blocks)
    if made is None:
        return None
    network = readable.network
    wanted = _own(readable.wrt, made.forward)
    ends = tuple(_ends(made.forward, frozenset(wanted)))
    raw = reverse(made.forward, network.loss, (*wanted, *ends))
    turned = [layout.part(part) for part in made.parts]
    level = _Level(readable, made.forward, made.parts, raw, {}, layout)
    top = level.read(made.nested, wanted, network.output, ends)
    if any(part.calls and part.output not in top.folded.names for part in turned):
        return None
    return Levels(layout.system(made.forward), top, tuple(level.insides(top, turned)))


def _own(wrt: tuple[Variable, ...], forward: System) -> tuple[Variable, ...]:
    """Return what is differentiated by and stands in this list."""
    there = frozenset(symbol for symbols in forward.symbols for symbol in symbols)
    return tuple(each for each in wrt if each in there)


def _ends(forward: System, wanted: frozenset[Variable]) -> Iterator[Variable]:
    """Yield where the errors of the network end: what parts are applied to, and what the first repeated block makes.

    The error of what that block reads is inside of it.
    """
    read = {x for each in forward if is_part(each.rhs) for x in each.rhs.args}
    yield from (each for each in forward.given if each in read and each not in wanted)
    yield from [each.lhs for each in forward if isinstance(each.rhs, Call) and not is_part(each.rhs)][:1]


@dataclass(frozen=True)
class _Level:
    """A list that calls ``parts``, and its backward list; ``names`` is what errors from above are called."""

    derivation: Derivation
    forward: System
    parts: tuple[Part, ...]
    backward: System
    names: Mapping[MatrixSymbol, MatrixExpr]
    layout: Layout

    def read(
        self, shown: System, wanted: Iterable[Variable], output: MatrixSymbol, ends: Iterable[MatrixSymbol]
    ) -> Reading:
        """Return the list as a page reads it; ``shown`` has calls in one another, ``output`` and ``ends`` stay."""
        kept = System(tidied(shown), shown.given) if shown is self.forward else shown
        backward = [self.layout.equation(replace(each, rhs=each.rhs.xreplace(self.names))) for each in self.backward]
        wanted, needed, stay = (
            frozenset(map(self.layout.symbol, each)) for each in (wanted, [output], (*ends, *self._starts()))
        )
        found = read(self.derivation, False, self.layout.system(kept), backward, wanted, needed, stay)
        return replace(found, holders={**found.holders, **_holders(self.forward, shown)}, layout=self.layout)

    def _errors(self) -> dict[MatrixSymbol, MatrixExpr]:
        return {each.lhs: tidy(each.rhs.xreplace(self.names)) for each in self.backward}

    def _starts(self) -> Iterator[MatrixSymbol]:
        """Yield what the insides start from and none of them ends with: the list itself has a line for its error."""
        errors = self._errors()
        for part in self.parts:
            above = _original(Adjoint(part.output), errors)
            if above in errors and not isinstance(errors[above], Pull):
                yield above.of

    def insides(self, around: Reading, turned: Sequence[Part]) -> Iterator[Inside]:
        """Yield the inside of every block, each before those in it; ``turned`` are the blocks in the layout."""
        errors = self._errors()
        defined = frozenset(each.lhs for each in around.errors)
        for part, own in zip(self.parts, turned, strict=True):
            start = Adjoint(part.output)
            above = _original(self.names.get(start, start), errors)
            wanted = [each for each in _own(self.derivation.wrt, part.forward) if each not in part.inputs]
            raw = part.backward(self.derivation.network.loss, wanted)
            level = _Level(self.derivation, part.forward, part.calls, raw, {start: above}, self.layout)
            reading = level.read(nested(part.forward) if part.calls else part.forward, wanted, part.output, part.inputs)
            end = Adjoint(part.input)
            closes = isinstance(errors.get(end), Pull) and self.layout.symbol(end) not in defined
            yield Inside(own, self.layout.symbol(cast("MatrixSymbol", above)), closes, reading)
            yield from level.insides(reading, own.calls)


def _holders(forward: System, shown: System) -> dict[str, str]:
    """Return the equation that holds what has no equation of its own any more."""
    users = {each.name: equation.name for equation in forward for each in equation.symbols}
    there = {each.name for each in shown}
    found = {}
    for name in [each.name for each in forward if each.name not in there]:
        holder = users[name]
        while holder not in there:
            holder = users[holder]
        found[name] = holder
    return found


def _original(error: MatrixExpr, by_error: Mapping[MatrixSymbol, MatrixExpr]) -> MatrixExpr:
    """Return the error that an error is a copy of."""
    while isinstance(copied := by_error.get(error), Adjoint):
        error = copied
    return error
