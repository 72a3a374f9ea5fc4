"""One run once more with many digits: its gradients compared with central differences, to 1e-20 and better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Integer

from symbp.checking.differences import CENTRAL_STEP, Direction, Loss, reach
from symbp.checking.models import long_error
from symbp.checking.tolerance import EPSILON, ROUNDINGS, Comparison
from symbp.numeric import engines

if TYPE_CHECKING:
    from symbp.checking.bench import Bench

MOST_DIGITS = 400
"""More digits than this are not asked for, however small a gradient is beside the loss."""


@dataclass(frozen=True)
class Digits:
    """A run in long arithmetic: gradients, the loss, and the step of its central differences."""

    bench: Bench
    engine: engines.Engine
    loss: Loss
    value: float
    gradients: dict[str, Any]
    step: Any
    precision: int

    @classmethod
    def of(cls, bench: Bench) -> Digits:
        """Evaluate the program once with enough digits."""
        precision = digits_needed(bench)
        engine = engines.digits(precision)
        values = bench.values.converted(engine.array)
        (value, gradients), _ = engine.run(bench.program, traced=True)(*values.arguments())
        step = engine.number(Integer(10) ** -(precision // 3))
        return cls(bench, engine, Loss(engine.loss(bench.program), values), float(value), gradients, step, precision)

    def compare_along(self, direction: Direction) -> Comparison:
        """Compare gradients with central differences along one direction."""
        import numpy as np

        long = {name: self.engine.array(v) for name, v in direction.items()}
        longest = reach(direction)
        step = float(self.step) / longest
        measured = self.loss.central(long, self.step / longest)
        predicted = sum((self.gradients[name] * v).sum() for name, v in long.items())
        norms = {name: float(np.linalg.norm(v)) for name, v in direction.items()}
        size = math.hypot(*(_norm(self.gradients[name].floats()) * norm for name, norm in norms.items()))
        rounded = 10.0**-self.precision
        noise = sum(rounded * self.bench.rounding[name] * norms[name] for name in norms)
        floor = ROUNDINGS * (rounded * abs(self.value) / step + noise)
        error = abs(float(measured - predicted))
        scale = float(np.max([size, abs(float(measured))]))
        truncation = self.bench.truncation(direction)
        float_step, equations = CENTRAL_STEP / longest, self.bench.equations
        expected = long_error(truncation, self.value, step, self.precision, equations, float_step) / (scale or 1.0)
        return Comparison(error, scale, floor, error, expected, not math.isfinite(float(measured)))

    def compare_float(self, name: str) -> Comparison:
        """Compare every entry of a float64 gradient with the same formula in 50 digits."""
        import numpy as np

        exact = self.bench.aside.masked(name, self.gradients[name].floats())
        error = float(np.max(np.abs(exact - self.bench.aside.masked(name, self.bench.gradients[name]))))
        floor = ROUNDINGS * EPSILON * self.bench.rounding[name]
        return Comparison(error, float(np.linalg.norm(exact)), floor, error, self.bench.expected[name])


def _norm(array: Any) -> float:
    import numpy as np

    return float(np.linalg.norm(array))


def digits_needed(bench: Bench) -> int:
    """Return 50, and two more for every power of ten the smallest gradient is below the loss."""
    norms = [_norm(gradient) for gradient in bench.gradients.values()]
    small = min((norm for norm in norms if 0 < norm < math.inf), default=1.0)
    decades = math.log10(abs(bench.loss) / small) if 0 < abs(bench.loss) < math.inf else 0.0
    extra = 10 * math.ceil(2 * max(0.0, decades - 4) / 10)
    return min(engines.DIGITS + extra, MOST_DIGITS)
