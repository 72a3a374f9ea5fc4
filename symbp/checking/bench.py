"""One run: the program at one set of numbers, and its gradients compared with differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sympy import Integer

from symbp.checking.differences import (
    CENTRAL_STEP,
    STEP,
    Direction,
    Losses,
    SingleEntries,
    centrals,
    complex_steps,
    reach,
)
from symbp.checking.digits import Digits
from symbp.checking.kinks import Aside, Kinks, set_aside, straddles
from symbp.checking.models import central_error, rounding
from symbp.checking.tolerance import EPSILON, PROJECTIONS, ROUNDINGS, Comparison, magnitude, norm
from symbp.derivation import Derivation
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import Sizes
from symbp.numeric.source import Program, program
from symbp.numeric.values import Trace, Values, draw, evaluation
from symbp.ops.convolution import Convolve, TransposedConvolve
from symbp.symbols import BATCH, Adjoint

ERF_COST = 60.0
"""Microseconds that an entry takes with 50 digits in a network with erf; 10 in others."""


SCORE_COST = 16
"""Multiplications an entry of an attention's scores is worth: a product each to make it and to use it."""


@dataclass(frozen=True)
class Programs:
    """A derivation as programs: both passes, the distances to its kinks."""

    full: Program
    kinks: Kinks | None

    @classmethod
    def of(cls, derivation: Derivation, standins: Standins) -> Programs:
        """Print them, with stand-ins for what the network leaves open."""
        forward = derivation.forward
        return cls(
            program(forward, derivation.backward, derivation.wrt, standins),
            Kinks.of(forward, standins),
        )


@dataclass(frozen=True)
class Bench:
    """A derivation with numbers in it, on every engine that is asked for."""

    derivation: Derivation
    program: Program
    sizes: Sizes
    trace: Trace
    seed: int
    kinks: Kinks | None

    @classmethod
    def of(
        cls,
        derivation: Derivation,
        standins: Standins,
        sizes: Sizes,
        seed: int,
        at: Values | None = None,
        programs: Programs | None = None,
    ) -> Bench:
        """Print the programs and draw the numbers, unless they are known: ``programs``, ``at``."""
        known = programs or Programs.of(derivation, standins)
        evaluate = evaluation(known.full)
        trace = draw(derivation.forward, sizes, seed, evaluate, standins) if at is None else evaluate(at)
        return cls(derivation, known.full, sizes, trace, seed, known.kinks)

    @property
    def values(self) -> Values:
        """The numbers it runs with."""
        return self.trace.values

    @cached_property
    def aside(self) -> Aside:
        """The entries that stand on a kink, which no difference can judge."""
        return set_aside(self.kinks, self.values, list(self.gradients))

    @property
    def local(self) -> dict[str, Any]:
        """The value of every symbol of both lists by its name."""
        return self.trace.local

    @property
    def equations(self) -> int:
        """How many equations lead to a gradient, for the model of rounding."""
        return len(self.derivation.forward)

    @cached_property
    def expected(self) -> dict[str, float]:
        """The relative error that rounding alone leaves in every gradient."""
        kappas = {name: self.rounding[name] / size if 0 < size < math.inf else 1.0 for name, size in self.norms.items()}
        return {name: rounding(kappa, self.equations) for name, kappa in kappas.items()}

    @property
    def loss(self) -> float:
        """The loss in float64."""
        return self.trace.loss

    @property
    def gradients(self) -> dict[str, Any]:
        """The derived gradients in float64."""
        return self.trace.gradients

    @cached_property
    def norms(self) -> dict[str, float]:
        """The norm of every derived gradient."""
        return {name: norm(gradient) for name, gradient in self.gradients.items()}

    @property
    def is_analytic(self) -> bool:
        """Whether the loss can be taken at complex numbers: no erf in it."""
        return self.program.erf is None

    @cached_property
    def stepped(self) -> Losses:
        """The loss on complex numbers."""
        return Losses.on(engines.complex_(), self.program, self.values, 16 * self._entries)

    @cached_property
    def plain(self) -> Losses:
        """The loss in float64."""
        return Losses.on(engines.real(), self.program, self.values, 8 * self._entries)

    @cached_property
    def _entries(self) -> int:
        """How many numbers a forward pass holds, its parameters among them."""
        made = sum(getattr(self.local[equation.name], "size", 1) for equation in self.derivation.forward)
        return int(made) + sum(array.size for array in self.values.parameters.values())

    @cached_property
    def rounding(self) -> dict[str, float]:
        """s of every gradient: the norm of its last product taken in absolute values."""
        local = self.local
        sizes = {BATCH: Integer(self.sizes.examples)} | {
            symbol: Integer(number) / size.coeff(symbol)  # The rows of an image are channels times pixels: 24·C.
            for given in self.derivation.forward.given
            for size, number in zip(given.shape, self.sizes.shapes[given.name], strict=True)
            for symbol in size.free_symbols
            if size.coeff(symbol).is_Integer
        }
        backward = self.derivation.backward

        def value(node: Any) -> Any:
            return local[node.name]

        def size(node: Any) -> Any:
            rhs = backward[node.name].rhs if node.name in backward else None
            return magnitude(rhs, value, value(node), sizes) if isinstance(rhs, PROJECTIONS) else value(node)

        equations = {variable.name: backward[Adjoint(variable).name] for variable in self.derivation.wrt}
        return {name: norm(magnitude(each.rhs, size, value(each.lhs), sizes)) for name, each in equations.items()}

    @cached_property
    def cost(self) -> float:
        """How many evaluations of a small equation one forward pass is worth."""
        return len(self.derivation.forward) + self._work / 1000

    @cached_property
    def digits_cost(self) -> float:
        """About how many microseconds one forward pass takes with 50 digits."""
        entries = sum(getattr(self.local[equation.name], "size", 1) for equation in self.derivation.forward)
        return 1.2 * self._work + (ERF_COST if self.program.erf is not None else 10.0) * entries

    @cached_property
    def _work(self) -> float:
        """The multiplications of a forward pass: weights by columns, and scores by columns once more."""
        parameters = self.values.parameters
        found = sum(array.size for array in parameters.values())
        for equation in self.derivation.forward:
            if isinstance(equation.rhs, Convolve | TransposedConvolve):  # A kernel is used again at every place.
                kernel = parameters.get(equation.rhs.args[0].name)
                found += kernel.size * (equation.rhs.window.count - 1) if kernel is not None else 0
        columns = max([array.shape[1] for array in self.values.inputs.values()], default=self.sizes.examples)
        square = [each.lhs for each in self.derivation.forward if each.lhs.shape[0] == each.lhs.shape[1] != 1]
        return float(found * columns + SCORE_COST * sum(self.local[scores.name].size for scores in square))

    def direction(self, name: str, number: int = 0) -> Any:
        """Return a reproducible random direction of length 1, no entry near zero."""
        import numpy as np

        if number not in self._drawn:
            random = np.random.default_rng([self.seed, 1000 + number])
            total = sum(gradient.size for gradient in self.gradients.values())
            entries = random.uniform(0.5, 1.5, total) * (1 - 2 * random.integers(0, 2, total))
            self._drawn[number] = self._by_name(list(self.gradients), entries)
        entries = self.aside.masked(name, self._drawn[number][name])
        return entries / (norm(entries) or 1.0)

    @cached_property
    def _drawn(self) -> dict[int, dict[str, Any]]:
        """Random entries for directions of every parameter, by their number."""
        return {}

    def joint_direction(self, names: Sequence[str], number: int = 0) -> dict[str, Any]:
        """Return a direction through many parameters, each weighted so that its gradient counts alike."""
        found = {}
        for name in names:
            size = self.norms[name] or self.rounding[name]
            weight = 1 / size if 0 < size < math.inf else 1.0
            found[name] = weight * self.direction(name, number)
        return found

    def compare_entries(self, names: Sequence[str]) -> list[Comparison]:
        """Compare every entry of some gradients with the complex step."""
        directions = self._directions(names)
        found = self._by_name(names, complex_steps(self.stepped, directions, [STEP] * len(directions)))
        return [self._compare(name, found[name], self.expected[name]) for name in names]

    def compare_given(self, name: str, other: Any) -> Comparison:
        """Compare every entry of a gradient with somebody else's, of the same precision."""
        return self._compare(name, other, self.expected[name])

    def _compare(self, name: str, found: Any, expected: float) -> Comparison:
        import numpy as np

        measured, gradient = self.aside.masked(name, found), self.aside.masked(name, self.gradients[name])
        error = float(np.max(np.abs(measured - gradient), initial=0.0))
        scale = float(np.max([norm(gradient), np.max(np.abs(measured), initial=0.0)]))
        left = not bool(np.isfinite(measured).all())
        return Comparison(error, scale, ROUNDINGS * EPSILON * self.rounding[name], error, expected, left)

    def _directions(self, names: Sequence[str]) -> SingleEntries:
        return SingleEntries.of({name: self.gradients[name].shape for name in names})

    def _by_name(self, names: Sequence[str], entries: Any) -> dict[str, Any]:
        """Return one number an entry as arrays of the parameters' shapes."""
        import numpy as np

        parts = np.split(entries, np.cumsum([self.gradients[name].size for name in names])[:-1])
        return {name: part.reshape(self.gradients[name].shape) for name, part in zip(names, parts, strict=True)}

    def compare_along(self, direction: Direction) -> Comparison:
        """Compare gradients with the complex step along one direction."""
        return self.compare_each([direction])[0]

    def compare_each(self, directions: Sequence[Direction]) -> list[Comparison]:
        """Compare gradients with the complex step along each of some directions."""
        found = complex_steps(self.stepped, directions, [STEP / reach(each) for each in directions])
        return [self._compared(*pair) for pair in zip(directions, map(float, found), strict=True)]

    def compare_central(self, directions: Sequence[Direction]) -> list[Comparison]:
        """Compare gradients with central differences in float64 along directions; expected from two steps."""
        near, errors = self._central(directions)
        found = [self._compared(*pair) for pair in zip(directions, map(float, near), strict=True)]
        return [
            replace(each, expected=float(error) / (each.scale or 1.0))
            for each, error in zip(found, errors, strict=True)
        ]

    def _central(self, directions: Sequence[Direction]) -> tuple[Any, Any]:
        """Return the central difference along each direction and its error: of its step and of rounding."""
        import numpy as np

        steps = np.array([CENTRAL_STEP / reach(each) for each in directions])
        near, far = centrals(self.plain, directions, steps)
        return near, sum(central_error(near, far, self.loss, steps, self.equations))

    def truncation(self, direction: Direction) -> float:
        """Return the error that the step of a central difference in float64 makes along a direction."""
        step = CENTRAL_STEP / reach(direction)
        near, far = centrals(self.plain, [direction], [step])
        return float(central_error(near, far, self.loss, step, self.equations)[0][0])

    def compare_central_entries(self, names: Sequence[str]) -> list[tuple[Comparison, int]]:
        """Compare every entry with its central difference; entries whose difference straddles a kink are counted."""
        import numpy as np

        directions = self._directions(names)
        mask = self._by_name(names, ~self._straddling(directions))
        mask = {name: mask[name] & self.aside.kept.get(name, True) for name in names}
        chosen = np.concatenate([mask[name].ravel() for name in names])
        found = np.concatenate([self.gradients[name].ravel() for name in names])
        error = np.zeros(found.shape)
        found[chosen], error[chosen] = self._central(directions.chosen(chosen))
        near, errors = self._by_name(names, found), self._by_name(names, error)
        return [
            (self._compare(name, near[name], self._largest(name, errors[name], near[name])), int((~mask[name]).sum()))
            for name in names
        ]

    def _largest(self, name: str, error: Any, near: Any) -> float:
        """Return the largest error of an entry, beside the gradient's size."""
        import numpy as np

        scale = float(np.max([self.norms[name], np.max(np.abs(near), initial=0.0)]))
        return float(np.max(error, initial=0.0)) / (scale or 1.0)

    def _straddling(self, directions: Sequence[Direction]) -> Any:
        """Say of every direction whether its central difference has its two ends on different sides of a kink."""
        import numpy as np

        if self.kinks is None:
            return np.zeros(len(directions), dtype=bool)
        below, above = (
            [
                self.kinks.sides(self.values.changed(changed), count)
                for changed, count in self.plain.changes(directions, [step] * len(directions))
            ]
            for step in (-2 * CENTRAL_STEP, 2 * CENTRAL_STEP)
        )
        return np.concatenate([straddles(*pair) for pair in zip(below, above, strict=True)])

    def _compared(self, direction: Direction, measured: float) -> Comparison:
        import numpy as np

        predicted = float(sum([self.gradients[name].ravel() @ v.ravel() for name, v in direction.items()]))
        norms = {name: norm(v) for name, v in direction.items()}
        size = math.hypot(*[self.norms[name] * length for name, length in norms.items()])
        floor = ROUNDINGS * EPSILON * sum([self.rounding[name] * length for name, length in norms.items()])
        error = abs(measured - predicted)
        expected = max([self.expected[name] for name in direction])
        left = not math.isfinite(measured)
        return Comparison(error, float(np.max([size, abs(measured)])), floor, error, expected, left)

    @cached_property
    def digits(self) -> Digits:
        """The same run with 50 digits, or more where gradients are small beside the loss."""
        return Digits.of(self)
