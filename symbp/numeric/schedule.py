"""The two lists in the order in which a program runs them, and what every rewriting of them needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import MatrixSymbol

from symbp.equations import Equation, System, symbols_in
from symbp.symbols import MAX_NAME, Adjoint, Variable

LONGEST_NAME = MAX_NAME - 20
"""What is kept of a name, so that endings find room."""


@dataclass(frozen=True)
class Schedule(Sequence[Equation]):
    """Equations in the order in which a program runs them; a right side may nest what a ``System`` gives names."""

    equations: tuple[Equation, ...]
    given: tuple[MatrixSymbol, ...]

    def __len__(self) -> int:
        return len(self.equations)

    def __getitem__(self, key: Any) -> Any:
        """Return the equation(s) at an index or slice."""
        return self.equations[key]


Lists = System | Schedule


class Rewriting:
    """The definitions of both lists while a program replaces some by others that mean the same."""

    def __init__(self, forward: Lists, backward: Lists) -> None:
        self.forward, self.backward = forward, backward
        self.defined = {equation.lhs: equation.rhs for equation in (*forward, *backward)}
        self._names = {symbol.name for symbol in (*forward.given, *self.defined)}

    def free(self, wanted: str, ending: str = "") -> str:
        """Return a name that neither a matrix nor an error has."""
        name = wanted[:LONGEST_NAME].strip(".") + ending
        while name in self._names or f"d{name}" in self._names:
            name += "_"
        self._names |= {name, f"d{name}"}
        return name

    def scheduled(self, wrt: Sequence[Variable]) -> tuple[Schedule, Schedule]:
        """Return what the results need, in the order of the lists, what is new where it is first used."""
        given = self.forward.given
        needed, waiting = set(given), [self.forward[-1].lhs, *map(Adjoint, wrt)]
        while waiting:
            symbol = waiting.pop()
            if symbol not in needed:
                needed.add(symbol)
                waiting.extend(symbols_in(self.defined[symbol]))
        done = set(given)
        ahead, back = (
            tuple(found for each in system if each.lhs in needed for found in self._before(each.lhs, done))
            for system in (self.forward, self.backward)
        )
        return Schedule(ahead, given), Schedule(back, given)

    def _before(self, symbol: MatrixSymbol, done: set[MatrixSymbol]) -> Iterator[Equation]:
        """Yield the equation of a symbol behind those it needs, unless they are done."""
        waiting, entered = [symbol], set(done)
        while waiting:
            last = waiting[-1]
            if last not in entered:
                entered.add(last)
                waiting.extend(each for each in reversed([*symbols_in(self.defined[last])]) if each not in done)
            elif waiting.pop() not in done:
                done.add(last)
                yield Equation(last, self.defined[last])


def shared(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    first, last = min(names), max(names)
    return first[: next((place for place, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), None)]


def between(names: Sequence[str]) -> tuple[str, list[str], str]:
    """Return what all names begin with, what is left of each, and what all end with."""
    before = shared(names)
    rest = [name[len(before) :] for name in names]
    behind = shared([name[::-1] for name in rest])[::-1]
    return before, [name.removesuffix(behind) for name in rest], behind
