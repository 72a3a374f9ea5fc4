"""What mean-field theory predicts for a whole network: the gain of every layer, from its own initialisation and widths.

Each layer says what it does to the second moment of a signal and to the squared norm of the error. Weights on the
way back are taken to be independent of those on the way forth (Schoenholz et al. 2017, section 5; proved by Yang
2019). All layers are taken as infinitely wide, a batch as infinitely large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from symbp.analysis.initialisations import Chosen
from symbp.analysis.lengths import MeanField
from symbp.analysis.quadrature import DivergentError
from symbp.analysis.signals import Law, Normal
from symbp.networks.layers import Activation, Dense, Linear, activation_of
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm
from symbp.networks.residual import Residual
from symbp.ops.elementwise import GenericFunction, ScalarFunction

WEIGHT, BLOCK = "weight", "block"
"""Names of the steps that are counted."""


class NoTheoryError(Exception):
    """A layer of which no rule is known; the message says which."""


@dataclass(frozen=True)
class Signal:
    """What is known of the entries at one place: how they are distributed and how wide the layer is.

    ``spread`` is their variance over the examples of a batch, None where it is not followed.
    """

    law: Law
    width: int
    spread: float | None


@dataclass(frozen=True)
class Step:
    """One layer: what it multiplies the squared norm of the error by on the way back, and E[x²] behind it.

    ``noise`` is the variance of that factor times the width, for one example.
    """

    name: str
    gain: float
    square: float
    noise: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """The predicted gains of a network, layer by layer from the input, without the output's activation.

    ``layers`` is the number of weight layers, ``squares`` E[x²] behind every block, or of every hidden Z where there
    are none. ``rate`` is what one layer multiplies the norm of the error by. At the network's own widths its
    logarithm may be lower by ``below``, to first order in 1/n, and with batch normalisation higher by ``above``, of
    the order of 1/n + 1/m. ``doubt`` says why the error's rate is not predicted, where it is not.
    """

    steps: tuple[Step, ...]
    squares: tuple[float, ...]
    layers: int
    below: float
    above: float = 0.0
    doubt: str = ""

    @property
    def log_gain(self) -> float:
        """The natural log of what the norm of the error is multiplied by, from the last weight to the first Z."""
        return math.fsum(math.log(each.gain) / 2 if each.gain > 0 else -math.inf for each in self.steps)

    @property
    def log_rate(self) -> float:
        """The same a layer."""
        return self.log_gain / (self.layers - 1)

    @property
    def rate(self) -> float:
        """What one layer multiplies the norm of the error by."""
        return math.exp(self.log_rate)


def predict(network: Network, chosen: Chosen, widths: Sequence[int], examples: int, square: float = 1.0) -> Prediction:
    """Return what the theory predicts for a network of dense layers, batch normalisation and residual blocks.

    ``widths`` are n_0 and those of every weight layer, ``examples`` the size of the batch, ``square`` the mean
    square of the inputs.

    Raises:
        NoTheoryError: a network of one layer, or with a layer of another kind.
    """
    path = Path(chosen, list(widths[1:]), [])
    signal = Signal(Normal(square), widths[0], square)
    if not network.layers:
        raise NoTheoryError("the network is given by equations, not by layers")
    try:
        for layer in network.layers:
            signal = through(layer, signal, path)
    except DivergentError as error:
        raise NoTheoryError(str(error)) from None
    inner, depth = _inner(path.steps), len(widths) - 1
    below = math.fsum(each.noise for each in inner) / 4 / (depth - 1)
    normalised = any(isinstance(each, BatchNorm) for each in _flat(network.layers))
    above = 1 / min(widths[:-1]) + 1 / examples if normalised else 0.0
    return Prediction(inner, _squares(path.steps), depth, below, above, path.doubt)


def _flat(layers: Sequence[Any]) -> Iterator[Any]:
    for layer in layers:
        yield layer
        yield from _flat([*getattr(layer, "layers", ()), *([layer.layer] if hasattr(layer, "layer") else [])])


def _inner(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps from the last weight to the one behind the first: those a rate is made of."""
    weights = [place for place, each in enumerate(steps) if each.name in (WEIGHT, BLOCK)]
    if len(weights) < 2 or steps[0].name != WEIGHT:
        raise NoTheoryError("a network that begins with an affine layer and has another is needed")
    return tuple(steps[1 : weights[-1] + 1])


def _squares(steps: Sequence[Step]) -> tuple[float, ...]:
    blocks = tuple(each.square for each in steps if each.name == BLOCK)
    return blocks or tuple(each.square for each in steps if each.name == WEIGHT)[:-1]


@dataclass
class Path:
    """A walk through the layers: the widths still to come, the steps so far, and what no rule covers."""

    chosen: Chosen
    widths: list[int]
    steps: list[Step]
    doubt: str = ""

    def inside(self) -> Path:
        """Return a walk through the layers of a block, which takes its widths from the same list."""
        return Path(self.chosen, self.widths, [])


@singledispatch
def through(layer: Any, signal: Signal, path: Path) -> Signal:
    """Return the signal behind a layer, after adding its step to the path."""
    if not hasattr(layer, "steps") and hasattr(layer, "layer"):  # A layer of a file knows its place or its name.
        return through(layer.layer, signal, path)
    raise NoTheoryError(f"no mean-field rule for {type(getattr(layer, 'layer', layer)).__name__}")


@through.register
def _(layer: Dense, signal: Signal, path: Path) -> Signal:
    between = through(Linear(layer.units, layer.bias), signal, path)
    return through(Activation(layer.activation, layer.let), between, path)


@through.register
def _(layer: Linear, signal: Signal, path: Path) -> Signal:
    if layer.tied_to is not None:
        raise NoTheoryError("tied weights are not independent")
    units = path.widths.pop(0)
    sigma_w = path.chosen.sigma_w(signal.width, units)
    sigma_b = path.chosen.sigma_b if layer.bias else 0.0
    q = sigma_w**2 * signal.law.square + sigma_b**2
    if not math.isfinite(q):
        raise NoTheoryError("the lengths it predicts are larger than floating point holds")
    noise = 0.0 if path.chosen.isometric else 2 / signal.width
    path.steps.append(Step(WEIGHT, sigma_w**2, q, noise))
    spread = None if signal.spread is None else sigma_w**2 * signal.spread
    return Signal(Normal(q), units, spread)


@through.register
def _(layer: Activation, signal: Signal, path: Path) -> Signal:
    function = function_of(layer)
    if function is None:
        path.steps.append(Step("activation", 1.0, signal.law.square))
        return signal
    field = MeanField(function)
    if signal.law.square == 0:
        gain = field.slope_square(0.0).value
        fourth, after = gain**2, replace(signal, law=Normal(field.origin**2), spread=None)
    else:
        f, slope = field.value, field.slope
        gain, fourth, square, mean = signal.law.expectations(slope**2, slope**4, f**2, f)
        after = _applied(field, signal, square, mean)
    noise = (3 * fourth / gain**2 - 3) / signal.width if gain > 0 else 0.0
    path.steps.append(Step("activation", gain, after.law.square, noise))
    return after


def function_of(layer: Activation) -> ScalarFunction | None:
    """Return the scalar function of an activation; None for softmax, which only stands on the output."""
    if layer.function == "softmax":
        return None
    if layer.function is None or isinstance(layer.function, GenericFunction):
        raise NoTheoryError("the activation is left open")
    if isinstance(layer.function, str):
        return activation_of(layer.function, layer.let)
    return layer.function


def _applied(field: MeanField, signal: Signal, square: float, mean: float) -> Signal:
    """Return f(x). The mean over a batch stays where examples are uncorrelated: where spread and square agree."""
    apart = signal.spread is not None and math.isclose(signal.spread, signal.law.square)
    return Signal(Passed(square, signal.law, field), signal.width, square - mean**2 if apart else None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Passed:
    """The distribution of f(x), whose square is known better than points would give it."""

    square: float
    law: Law
    field: MeanField

    def expectations(self, *exprs: Any) -> list[float]:
        """Return E[g(f(x))] of several functions."""
        return self.law.through(self.field).expectations(*exprs)

    def plus(self, q: float) -> Law:
        """Return the distribution of the sum with an independent N(0, q)."""
        return self.law.through(self.field).plus(q)

    def through(self, field: MeanField) -> Law:
        """Return the distribution of g(f(x))."""
        return self.law.through(self.field).through(field)


@through.register
def _(layer: BatchNorm, signal: Signal, path: Path) -> Signal:
    """The batch's variance becomes one, so the error is divided by its root (Yang et al. 2019, for large batches)."""
    if signal.spread is None or signal.spread <= 0 or not isinstance(signal.law, Normal):
        raise NoTheoryError("the variance over the batch is not followed behind a layer without batch normalisation")
    path.steps.append(Step("batch_norm", 1 / signal.spread, 1.0))
    return Signal(Normal(1.0), signal.width, 1.0)


@through.register
def _(layer: Residual, signal: Signal, path: Path) -> Signal:
    """x + F(x): second moments add up, and squared norms of errors; F ends in weights independent of the rest."""
    inside = path.inside()
    inner = signal
    for each in layer.layers:
        inner = through(each, inner, inside)
    if (
        layer.projection is not None
        or not inside.steps
        or inside.steps[-1].name != WEIGHT
        or not isinstance(inner.law, Normal)
    ):
        raise NoTheoryError("a residual branch that does not end in an affine layer, or a projection")
    gain = 1 + math.prod(each.gain for each in inside.steps)
    share = (gain - 1) / gain
    law = signal.law.plus(inner.law.q)
    if not isinstance(law, Normal):
        path.doubt = "slopes behind neighbouring post-activation blocks depend on each other"
    spread = None if signal.spread is None or inner.spread is None else signal.spread + inner.spread
    noise = share**2 * math.fsum(each.noise for each in inside.steps)
    path.steps.append(Step(BLOCK, gain, law.square, noise))
    return Signal(law, signal.width, spread)
