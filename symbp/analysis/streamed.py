"""The same budget with bounded memory: weights are drawn when they are read, and drawn again where they were let go.

For sweeps over depth and width. A thousand layers of 256 units hold 0.5 GB of weights and as much of gradients;
here a layer is gone when it has been used. What is measured is the budget's walk, without spectral norms and
without the comparison with a compiled gradient (``analyze`` makes both, of the same numbers).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any

from symbp.analysis.budget import Bench, drawing, found_flow, measured_rows, require_finite
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen
from symbp.analysis.scaled import Scaled
from symbp.analysis.values import Point
from symbp.analysis.walk import Walk
from symbp.calculus.factor import Factor, Paths
from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.numeric.sizes import Sizes
from symbp.symbols import Role, Variable

KEPT = 2**26
"""Bytes of drawn weights that are kept: those read last, which the way back reads first."""


class Drawn:
    """The given matrices by name, each drawn when it is read; the most recent ``KEPT`` bytes stay."""

    def __init__(self, draw: Callable[[Variable], Any], names: Mapping[str, Variable]) -> None:
        self._draw, self._names = draw, names
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._bytes = 0
        self.values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        array = self._draw(self._names[name])
        self._kept[name] = array
        self._bytes += array.nbytes
        while self._bytes > KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
        return array


class QuickWalk(Walk):
    """A walk that measures the factors and nothing beside them."""

    def __init__(self, paths: Paths, point: Point) -> None:
        super().__init__(paths, point, widest=None)

    def _noise(self, factor: Factor, before: Scaled | None, after: Scaled) -> float:
        return 1.0


@dataclass(frozen=True)
class Streamed:
    """A network ready to be measured with draw after draw."""

    bench: Bench
    sizes: Sizes

    @classmethod
    def of(cls, derivation: Derivation, sizes: Sizes) -> Streamed:
        """Return a network at the sizes it is measured at.

        Raises:
            SpecError: an activation is left open.
        """
        return cls(Bench.of(derivation), sizes)

    @cached_property
    def paths(self) -> Paths:
        """The factors, the same for every draw."""
        return Paths(self.bench.derivation.backward, self.bench.derivation.wrt)

    @cached_property
    def point(self) -> Point:
        """Where factors are evaluated, without values."""
        bench = self.bench
        return Point(bench.derivation.forward, bench.program.names, bench.standins, self.sizes, {})

    @cached_property
    def codes(self) -> tuple[tuple[Variable, str, CodeType], ...]:
        """What has to be executed before the walk, compiled: the forward list, then gradients by parts of the loss."""
        derivation, names, point = self.bench.derivation, self.bench.program.names, self.point
        parts = (each for each in derivation.backward if each.lhs.of.role is Role.LOSS)
        equations: list[Equation] = [*derivation.forward, *parts]
        codes = (compile(point.code(each.rhs), "<symbp>", "eval") for each in equations)
        return tuple((each.lhs, names[each.lhs], code) for each, code in zip(equations, codes, strict=True))

    def flow(self, chosen: Chosen, seed: int) -> GradientFlow:
        """Measure one draw, the numbers of ``analyze`` with the same seed.

        Raises:
            SpecError: the forward pass overflows; the message names the layer.
        """
        import numpy as np

        derivation, names = self.bench.derivation, self.bench.program.names
        given = {names[symbol]: symbol for symbol in derivation.forward.given}
        drawn = Drawn(drawing(derivation.forward, self.sizes, chosen, seed), given)
        point = self.point.at(drawn)  # type: ignore[arg-type]
        weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
        with np.errstate(all="ignore"):
            for variable, name, code in self.codes:
                drawn.values[name] = point.run(code)
                require_finite(variable, drawn.values[name])
            walk = QuickWalk(self.paths, point)
            rows = measured_rows(walk, weights, self.sizes)
        return found_flow(self.bench, self.sizes, chosen, seed, rows, walk.gains)
