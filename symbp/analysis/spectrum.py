"""The end-to-end Jacobian for one example: how differently it treats the directions of an error.

A mean gain of one is no isometry: some directions may vanish while others explode (Saxe et al. 2014; Pennington,
Schoenholz and Ganguli 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from symbp.analysis.bench import WIDTH, Bench
from symbp.analysis.budget import drawing, require_finite
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.scaled import LOG_2, Scaled
from symbp.analysis.streamed import QuickWalk, Streamed
from symbp.calculus.factor import Acts
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.numeric.sizes import given_sizes
from symbp.symbols import Role, Variable

STRETCHED = (Acts.LEFT, Acts.HADAMARD)
"""Factors that act on many columns where they are known for one."""

ROUNDING = 2.0**-52
"""Singular values are exact to this, by the largest and times the size of the matrix."""


@dataclass(frozen=True)
class Spectrum:
    """The singular values of the map from the error at the output to the error at ``below``, as base-10 logarithms.

    The largest comes first. ``lost`` are those too small, by the largest, to be told from rounding.
    """

    below: str
    values: tuple[float, ...]
    lost: int
    outputs: int

    @property
    def mean_square(self) -> float:
        """log10 of the mean squared gain over all directions of the output: 0 where the norm is kept on average."""
        if not self.values:
            return -math.inf
        top = self.values[0]
        return 2 * top + math.log10(math.fsum(10 ** (2 * (value - top)) for value in self.values) / self.outputs)

    @property
    def effective(self) -> float | None:
        """The effective number of directions that come through, (Σs²)²/Σs⁴; None where none does."""
        if not self.values:
            return None
        squares = [10 ** (2 * (value - self.values[0])) for value in self.values]
        return math.fsum(squares) ** 2 / math.fsum(each**2 for each in squares)

    @property
    def spread(self) -> float:
        """Decades between the largest and the smallest singular value, those that are lost left out."""
        return self.values[0] - self.values[-1] if self.values else 0.0


def spectrum(what: Derivation | Bench, init: str | Chosen = "xavier", seed: int = 0) -> Spectrum:
    """Return the singular values for one drawn example.

    The product of all factors between the loss gradient and the first weight's own is applied to the identity, which
    has as many columns as there are outputs; of the one example NumPy makes as many where the factors are matrices
    and slopes, else it is repeated.

    Raises:
        SpecError: examples that meet (batch statistics), a first weight that is used more than once, or a forward
            pass that overflows.
    """
    import numpy as np

    derivation = what.derivation if isinstance(what, Bench) else what
    if derivation.coupled:
        raise SpecError(f"examples meet in {derivation.coupled[0].name}: there is no Jacobian of one example")
    if derivation.entire:
        raise SpecError("the tokens of a sequence meet in attention: there is no Jacobian of one column")
    first = next(variable for variable in derivation.wrt if variable.role is Role.WEIGHT)
    outputs = _outputs(derivation)
    whole = given_sizes(derivation.forward, outputs, (WIDTH,))
    bench = what if isinstance(what, Bench) else Bench.of(what)
    streamed = Streamed(bench, given_sizes(derivation.forward, 1, (WIDTH,)))
    if len(streamed.paths.products(first)) != 1:
        raise SpecError(f"{first.name} is used more than once: there is no one Jacobian down to it")
    (product,) = streamed.paths.products(first)
    factors = list(product)[1 : len(product) - len(product.tail)]
    if not all(factor.acts in STRETCHED for factor in factors):
        streamed = replace(streamed, sizes=whole)
    chosen = initialisation(init) if isinstance(init, str) else init
    draw = drawing(derivation.forward, whole, chosen, seed)
    drawn = streamed.drawn(lambda symbol: _alike(symbol, draw(symbol), streamed.sizes.examples))
    point = streamed.point.at(drawn)
    with np.errstate(all="ignore"):
        for variable, name, code in streamed.codes:
            drawn.values[name] = point.run(code)
            require_finite(variable, drawn.values[name])
        walk = QuickWalk(streamed.paths, point)
        jacobian = walk.along(factors, Scaled.of(np.eye(outputs)))
    values = _logs(jacobian)
    return Spectrum(str(first.name), values, min(jacobian.array.shape) - len(values), outputs)


def _outputs(derivation: Derivation) -> int:
    last = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT][-1]
    return int(given_sizes(derivation.forward, 1, (WIDTH,)).shapes[last.name][0])


def _alike(symbol: Variable, value: Any, examples: int) -> Any:
    """Repeat the first example in every column of the data."""
    import numpy as np

    if symbol.role not in (Role.INPUT, Role.TARGET, Role.MASK):
        return value
    return np.repeat(value[:, :1], examples, axis=1)


def _logs(jacobian: Scaled) -> tuple[float, ...]:
    import numpy as np

    values = np.linalg.svd(jacobian.array, compute_uv=False)
    resolved = values[values > ROUNDING * max(jacobian.array.shape) * values[0]] if values[0] > 0 else values[:0]
    power = jacobian.exponent * LOG_2 / math.log(10)
    return tuple(math.log10(value) + power for value in resolved.tolist())
