"""Derivatives of a loss without any derivation: the complex step, and central differences in any number system.

A direction is a dict of arrays by parameter name; a difference is the slope of the loss along it. In float64 many
directions are taken at once, as copies of the forward pass; with many digits one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from operator import add, sub
from typing import Any

from symbp.numeric.engines import Engine
from symbp.numeric.source import Program
from symbp.numeric.stacked import Stack, copies_of, stacked
from symbp.numeric.values import Values

STEP = 1e-30
"""The imaginary step: its square is far below the last digit of any number."""

CENTRAL_STEP = 6e-6
"""Near the cube root of the rounding unit, where the two errors of a central difference balance."""

ROOM = 2**27
"""How many bytes all copies of a forward pass may take together."""

Direction = Mapping[str, Any]


@dataclass(frozen=True)
class Loss:
    """The forward pass alone, on one engine, at fixed values."""

    function: Callable[..., Any]
    values: Values

    def central(self, direction: Direction, step: Any) -> Any:
        """Return (𝓛(θ + h v) − 𝓛(θ − h v))/2h along a direction of arrays of the engine."""
        moves = {name: v * step for name, v in direction.items()}
        ends = ({name: join(self.values[name], move) for name, move in moves.items()} for join in (add, sub))
        above, below = (self.function(*self.values.changed(changed).arguments()) for changed in ends)
        return (above - below) / (2 * step)


@dataclass(frozen=True)
class Losses:
    """The forward pass alone in float64 or complex numbers, at many places at once, ``room`` of them together."""

    function: Callable[..., Any]
    values: Values
    room: int

    @classmethod
    def on(cls, engine: Engine, program: Program, values: Values, size: int) -> Losses:
        """Return the losses of a program on an engine; one copy of its forward pass takes ``size`` bytes."""
        return cls(stacked(engine).loss(program), values.converted(engine.array), max(1, ROOM // size))

    def moved(self, directions: Iterable[Direction], steps: Iterable[Any]) -> Any:
        """Return the loss at the parameters plus each step times its direction, an array."""
        import numpy as np

        found = [
            copies_of(self.function(*self.values.changed(changed).arguments()), count).reshape(count)
            for changed, count in self.changes(directions, steps)
        ]
        return np.concatenate(found) if found else np.empty(0)

    def changes(self, directions: Iterable[Direction], steps: Iterable[Any]) -> Iterator[tuple[dict[str, Stack], int]]:
        """Yield what moves along the directions as stacks of copies by name, and how many there are, by the room."""
        import numpy as np

        moves = zip(directions, steps, strict=True)
        while group := list(islice(moves, self.room)):
            stacks: dict[str, Any] = {}
            for number, (direction, step) in enumerate(group):
                for name, v in direction.items():
                    if name not in stacks:
                        kind = np.result_type(float, type(step))
                        stacks[name] = np.repeat(self.values[name][None].astype(kind), len(group), axis=0)
                    stacks[name][number] += step * v
            yield {name: Stack(copies) for name, copies in stacks.items()}, len(group)


def reach(direction: Direction) -> float:
    """Return the largest entry of a direction where that is above 1: a step is divided by it to stay small.

    A direction through all parameters of a deep network weights each by one over its gradient, 1e60 and more.
    """
    import numpy as np

    return max(1.0, *(float(np.max(np.abs(v), initial=0.0)) for v in direction.values()))


@dataclass(frozen=True)
class SingleEntries(Sequence[Direction]):
    """The directions of single entries, each an array of zeros with a one, made when it is asked for."""

    shapes: Mapping[str, tuple[int, ...]]
    places: Sequence[tuple[str, int]]

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]]) -> SingleEntries:
        """Return those of every entry, in order."""
        return cls(shapes, [(name, place) for name, shape in shapes.items() for place in range(math.prod(shape))])

    def chosen(self, mask: Iterable[bool]) -> SingleEntries:
        """Return those where a mask is true."""
        return SingleEntries(self.shapes, list(compress(self.places, mask)))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        import numpy as np

        name, place = self.places[index]
        one = np.zeros(self.shapes[name])
        one.flat[place] = 1.0
        return {name: one}


def complex_steps(losses: Losses, directions: Iterable[Direction], steps: Sequence[float]) -> Any:
    """Return Im 𝓛(θ + i h v)/h of every direction: nothing is subtracted (Squire and Trapp, 1998)."""
    import numpy as np

    return losses.moved(directions, [1j * step for step in steps]).imag / np.array(steps)


def centrals(losses: Losses, directions: Sequence[Direction], steps: Any) -> tuple[Any, Any]:
    """Return (𝓛(θ + h v) − 𝓛(θ − h v))/2h of every direction with its step h, and with twice the step: two arrays."""
    import numpy as np

    ends = np.multiply.outer(steps, ENDS)
    found = losses.moved((each for each in directions for _ in ENDS), ends.ravel()).reshape(ends.shape)
    return tuple((found[:, 2 * far] - found[:, 2 * far + 1]) / (2 * ends[:, 2 * far]) for far in (0, 1))


ENDS = (1.0, -1.0, 2.0, -2.0)
"""Where the loss is taken for two central differences, in steps."""
