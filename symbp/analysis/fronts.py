"""The error at every place of a forward list: what the equations behind it send to the matrices that stand before it.

Backpropagation undoes the list equation by equation. What it has in hand behind a place is one error for every matrix
that is still to be undone; its norm there and at an earlier place have a quotient, the gain of what stands between.
So the gains of consecutive ranges multiply to the gain of all of them, wherever the list is cut.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from sympy import MatrixSymbol

from symbp.analysis.scaled import LOG_2, Scaled, total
from symbp.analysis.walk import Walk
from symbp.calculus.factor import edges_into
from symbp.derivation import Derivation
from symbp.networks.blocks import moving
from symbp.symbols import Adjoint


@dataclass(frozen=True)
class Front:
    """An error that has several parts, one for each matrix; its norm is that of all of them together."""

    parts: Mapping[MatrixSymbol, Scaled]

    @cached_property
    def log(self) -> float:
        """The natural logarithm of the norm; −∞ for zero or nothing."""
        logs = [part.log for part in self.parts.values() if part.norm]
        if not logs:
            return -math.inf
        top = max(logs)
        return top + 0.5 * math.log(math.fsum(math.exp(2 * (log - top)) for log in logs))

    def cosine(self, other: Front) -> float:
        """Return ⟨self, other⟩/(‖self‖·‖other‖); 0 where one is zero."""
        import numpy as np

        if not (math.isfinite(self.log) and math.isfinite(other.log)):
            return 0.0
        pairs = [(part, other.parts[symbol]) for symbol, part in self.parts.items() if symbol in other.parts]
        shift = self.log + other.log
        terms = (float(np.vdot(a.array, b.array)) * math.exp((a.exponent + b.exponent) * LOG_2 - shift)
                 for a, b in pairs)  # fmt: skip
        return math.fsum(terms)


@dataclass(frozen=True)
class Fronts:
    """What every equation sends to what it reads: ``by`` its place in the forward list, and ``to`` what it reads."""

    derivation: Derivation
    by: Mapping[int, list[tuple[MatrixSymbol, Scaled]]]
    to: Mapping[MatrixSymbol, list[tuple[int, Scaled]]] = field(repr=False)

    @classmethod
    def of(cls, derivation: Derivation, walk: Walk) -> Self:
        """Execute the backward list term by term."""
        places = {equation.name: place for place, equation in enumerate(derivation.forward)}
        by: dict[int, list[tuple[MatrixSymbol, Scaled]]] = defaultdict(list)
        to: dict[MatrixSymbol, list[tuple[int, Scaled]]] = defaultdict(list)
        known: dict[Adjoint | None, Scaled | None] = {None: None}

        def send(place: int, of: MatrixSymbol, part: Scaled) -> None:
            by[place].append((of, part))
            to[of].append((place, part))

        for symbol in derivation.backward.given:
            if isinstance(symbol, Adjoint):  # from above: in the place of a loss
                known[symbol] = part = Scaled.of(walk.point.value(symbol))
                send(len(places) - 1, symbol.of, part)
        for equation in derivation.backward:
            sent = [walk.along(edge.factors, known[edge.source]) for edge in edges_into(equation)]
            if not sent:
                continue
            known[equation.lhs] = total(sent)
            for part, undone in zip(sent, equation.undoes, strict=True):
                send(places[undone], equation.lhs.of, part)
        return cls(derivation, by, to)

    @cached_property
    def _moving(self) -> set[str]:
        return moving(self.derivation.forward)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {equation.name: place for place, equation in enumerate(self.derivation.forward)}

    def between(self, first: int, stop: int, without: Collection[int] = ()) -> Front:
        """Return what the equations [first, stop), but those ``without``, send to what moves and stands before them."""
        places = (place for place in range(first, stop) if place not in without)
        sent = ((symbol, part) for place in places for symbol, part in self.by.get(place, ()))
        return _front((symbol, part) for symbol, part in sent if self._is_before(symbol, first))

    def place(self, name: str) -> int:
        """Return where a matrix is defined; −1 where it is given."""
        return self._places.get(name, -1)

    def into(self, first: int, stop: int, without: Collection[int] = ()) -> Front:
        """Return what the equations behind [first, stop), but those ``without``, send to what is defined in it."""
        own = [each.lhs for each in self.derivation.forward[first:stop]]
        return _front(
            (symbol, part)
            for symbol in own
            for place, part in self.to.get(symbol, ())
            if place >= stop and place not in without
        )

    def behind(self, places: Collection[int]) -> dict[int, Front]:
        """Return ``between`` some places and the end of the list, all in one pass."""
        waiting: dict[MatrixSymbol, list[Scaled]] = {}
        found = {}
        equations = self.derivation.forward.equations
        for place in range(len(equations), -1, -1):
            if place < len(equations):
                waiting.pop(equations[place].lhs, None)
                for symbol, part in self.by.get(place, ()):
                    if symbol.name in self._moving:
                        waiting.setdefault(symbol, []).append(part)
            if place in places:
                found[place] = Front({symbol: total(parts) for symbol, parts in waiting.items()})
        return found

    def _is_before(self, symbol: MatrixSymbol, place: int) -> bool:
        return symbol.name in self._moving and self.place(symbol.name) < place


def _front(sent: Iterable[tuple[MatrixSymbol, Scaled]]) -> Front:
    parts: dict[MatrixSymbol, list[Scaled]] = {}
    for symbol, part in sent:
        parts.setdefault(symbol, []).append(part)
    return Front({symbol: total(own) for symbol, own in parts.items()})
