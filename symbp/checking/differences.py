"""Derivatives of a loss without any derivation: the complex step, and central differences in any number system.

Every function takes a direction, a dict of arrays by parameter name, and returns the slope of the loss along it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symbp.numeric.engines import Engine
from symbp.numeric.source import Program
from symbp.numeric.values import Values

STEP = 1e-30
"""The imaginary step: its square is far below the last digit of any number."""

CENTRAL_STEP = 6e-6
"""Near the cube root of the rounding unit, where the two errors of a central difference balance."""


@dataclass(frozen=True)
class Loss:
    """The forward pass alone, on one engine, at fixed values."""

    function: Callable[..., Any]
    values: Values
    array: Callable[[Any], Any]

    @classmethod
    def on(cls, engine: Engine, forward: Program, values: Values) -> Loss:
        """Return the loss of a program on an engine, all values converted once."""
        return cls(engine.run(forward), values.converted(engine.array), engine.array)

    def __getitem__(self, name: str) -> Any:
        """Return the array of a parameter or an input."""
        return self.values.parameters[name] if name in self.values.parameters else self.values.inputs[name]

    def __call__(self, changed: Mapping[str, Any]) -> Any:
        """Return the loss with some parameters or inputs changed."""
        return self.function(*self.values.changed(changed).arguments())[0]

    def moved(self, direction: Mapping[str, Any], step: Any) -> Any:
        """Return the loss at the parameters plus ``step`` times a direction."""
        # v * step, not step * v: mpmath's number would first print the whole array into an error of its own.
        return self({name: self[name] + v * step for name, v in direction.items()})


def reach(direction: Mapping[str, Any]) -> float:
    """Return the largest entry of a direction where that is above 1: a step is divided by it to stay small.

    A direction through all parameters of a deep network weights each by one over its gradient, 1e60 and more.
    """
    import numpy as np

    return max(1.0, *(float(np.max(np.abs(v), initial=0.0)) for v in direction.values()))


def complex_step(loss: Loss, direction: Mapping[str, Any]) -> float:
    """Return Im 𝓛(θ + i h v)/h, exact to rounding since nothing is subtracted (Squire and Trapp, 1998)."""
    step = STEP / reach(direction)
    return float(loss.moved(direction, 1j * step).imag) / step


def complex_gradient(loss: Loss, name: str) -> Any:
    """Return the derivative by every entry of one parameter."""
    import numpy as np

    array = loss[name].copy()
    changed = {name: array}
    found = np.empty(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + 1j * STEP
        found[place] = loss(changed).imag / STEP
        array[place] = kept
    return found


def central(loss: Loss, direction: Mapping[str, Any], step: Any) -> Any:
    """Return (𝓛(θ + h v) − 𝓛(θ − h v))/2h."""
    exact = {name: loss.array(v) for name, v in direction.items()}
    return (loss.moved(exact, step) - loss.moved(exact, -step)) / (2 * step)
