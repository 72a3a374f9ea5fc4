"""The same budget with bounded memory: weights are drawn when they are read, and drawn again where they were let go.

For sweeps over depth and width. A thousand layers of 256 units hold 0.5 GB of weights and as much of gradients;
here a layer is gone when it has been used. What is measured is the budget's walk, without spectral norms and
without the comparison with a compiled gradient (``analyze`` makes both, of the same numbers).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from types import CodeType
from typing import Any

from symbp.analysis.budget import Prepared, drawing, found_flow, mean_squares, measured_rows, require_finite
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, Source
from symbp.analysis.repetitions import Repetitions
from symbp.analysis.scaled import Scaled
from symbp.analysis.values import Point
from symbp.analysis.walk import Walk
from symbp.calculus.factor import Factor, Paths
from symbp.equations import Equation
from symbp.numeric.values import Values
from symbp.symbols import Role, Variable

KEPT = 2**26
"""Bytes of drawn weights that are kept: the last of the list, which the way back reads first."""

ENTRY = 8
"""Bytes of a number."""


class Drawn:
    """The given matrices by name, each drawn when it is read; the last ``KEPT`` bytes of the list stay.

    Of the others only the one that was read last stays, so that the next takes the same place in the cache.
    """

    def __init__(self, draw: Callable[[Variable], Any], given: Iterable[tuple[str, Variable, int]]) -> None:
        """``given`` are the matrices in the order of the list, each with its number of entries."""
        self._draw = draw
        self._names: dict[str, Variable] = {}
        self._held: set[str] = set()
        self._kept: dict[str, Any] = {}
        self._last: tuple[str, Any] = ("", None)
        room = KEPT
        for name, symbol, entries in reversed(list(given)):
            self._names[name] = symbol
            room -= ENTRY * entries
            if room >= 0:
                self._held.add(name)
        self.values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in self._kept:
            return self._kept[name]
        if self._last[0] != name:
            symbol = self._names[name]
            self._last = ("", None)  # its place is free before the next is drawn
            self._last = (name, self._draw(symbol))
        if name in self._held:
            self._kept[name] = self._last[1]
        return self._last[1]


class QuickWalk(Walk):
    """A walk that measures the factors and nothing beside them."""

    def __init__(self, paths: Paths, point: Point) -> None:
        super().__init__(paths, point, widest=None)

    def _noise(self, factor: Factor, before: Scaled | None, after: Scaled) -> float:
        return 1.0


class Streamed(Prepared):
    """The same with bounded memory."""

    @cached_property
    def codes(self) -> tuple[tuple[Variable, str, CodeType], ...]:
        """What has to be executed before the walk, compiled: the forward list, then gradients by parts of the loss."""
        derivation, names, point = self.bench.derivation, self.bench.program.names, self.point
        parts = (each for each in derivation.backward if each.lhs.of.role is Role.LOSS)
        equations: list[Equation] = [*derivation.forward, *parts]
        codes = (compile(point.code(each.rhs), "<symbp>", "eval") for each in equations)
        return tuple((each.lhs, names[each.lhs], code) for each, code in zip(equations, codes, strict=True))

    def drawn(self, draw: Callable[[Variable], Any]) -> Drawn:
        """Return the given matrices, drawn by ``draw`` when they are read."""
        names, shapes = self.bench.program.names, self.sizes.shapes
        given = self.bench.derivation.forward.given
        return Drawn(draw, [(names[symbol], symbol, math.prod(shapes[symbol.name])) for symbol in given])

    def repetitions(self, values: Values) -> Repetitions | None:
        """Return None: the networks of a comparison keep the layers of the stack that they come from."""
        return None

    def flow(self, chosen: Chosen, seed: int, source: Source | None = None) -> GradientFlow:
        """Measure one draw, the numbers of ``analyze`` with the same seed.

        Raises:
            SpecError: the forward pass overflows; the message names the layer.
        """
        import numpy as np

        derivation = self.bench.derivation
        drawn = self.drawn(drawing(derivation.forward, self.sizes, chosen, seed, source))
        point = self.point.at(drawn)
        weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
        with np.errstate(all="ignore"):
            for variable, name, code in self.codes:
                drawn.values[name] = point.run(code)
                require_finite(variable, drawn.values[name])
            walk = QuickWalk(self.paths, point)
            rows = measured_rows(walk, weights, self.sizes)
            squares = mean_squares(self.bench, drawn.values)
        return replace(found_flow(self.bench, self.sizes, chosen, seed, rows, walk.gains), squares=squares)
