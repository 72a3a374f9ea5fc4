"""How the weights of a network are drawn before training, as a table.

Every draw is given by the shape of the matrix: n_in is its number of columns, n_out its number of rows (for a
kernel, C·k·k and the channels that leave; Glorot and Bengio's n_out has a k·k more there). The convention is
that of mean-field theory: σ is the standard deviation of an entry times √n_in, so that
``normal:1.0`` has entries N(0, 1/n_in) at any width. Scales γ are one; biases and shifts β are zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symbp.errors import SpecError, nearest
from symbp.roles import Role

if TYPE_CHECKING:
    from symbp.symbols import Variable

Shape = tuple[int, int]
Draw = Callable[[Any, Shape, float], Any]
"""(random generator, shape, σ) -> an array."""
Variance = Callable[[int, int], float]
"""(n_in, n_out) -> the variance of an entry where σ is 1."""

Source = Callable[[list[int]], Any]
"""A seed -> what has NumPy's ``normal(size=…)``."""

EXAMPLE = "normal:1.0"

LARGEST_SIGMA = 1e150
"""The square of a larger σ, or the inverse of that square, is more than floating point holds."""


@dataclass(frozen=True)
class Initialisation:
    """One row of the table: ``entries`` says the distribution in words, ``sigma`` whether it takes a number."""

    entries: str
    draw: Draw
    variance: Variance
    sigma: bool = False


def _normal(entries: str, variance: Variance, sigma: bool = False) -> Initialisation:
    """Return the row of independent normal entries whose variance is ``variance(n_in, n_out)``·σ²."""

    def draw(random: Any, shape: Shape, scale: float) -> Any:
        rows, columns = shape
        entries = random.normal(size=shape)
        entries *= scale * math.sqrt(variance(columns, rows))
        return entries

    return Initialisation(entries, draw, variance, sigma)


def _orthogonal(random: Any, shape: Shape, sigma: float) -> Any:
    """σ times orthonormal columns, or rows where there are fewer of them, uniform by the Haar measure."""
    import numpy as np

    rows, columns = shape
    q, r = np.linalg.qr(random.normal(size=(max(shape), min(shape))))
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return sigma * (q if rows >= columns else q.T)


INITIALISATIONS: Mapping[str, Initialisation] = {
    # Poole et al. 2016, Schoenholz et al. 2017: σ_w² / n_in.
    "normal": _normal("N(0, σ²/n_in)", lambda n_in, _: 1 / n_in, sigma=True),
    # Glorot and Bengio 2010, equation 12, as a normal distribution.
    "xavier": _normal("N(0, 2/(n_in + n_out))", lambda n_in, n_out: 2 / (n_in + n_out)),
    # He et al. 2015, equation 10.
    "he": _normal("N(0, 2/n_in)", lambda n_in, _: 2 / n_in),
    # LeCun et al. 1998, section 4.6.
    "lecun": _normal("N(0, 1/n_in)", lambda n_in, _: 1 / n_in),
    # Saxe et al. 2014.
    "orthogonal": Initialisation(
        "σ times an orthogonal matrix", _orthogonal, lambda n_in, n_out: 1 / max(n_in, n_out), True
    ),
}
"""One row an initialisation. σ is 1 unless given."""

ALIASES = {"glorot": "xavier", "kaiming": "he"}

_FIXED = {Role.SCALE: 1.0}
"""What parameters other than weights start at, by role; 0 where it is not said."""


@dataclass(frozen=True)
class Chosen:
    """An initialisation with its σ. ``sigma_b`` is the standard deviation of biases, which are normal."""

    name: str
    sigma: float = 1.0
    sigma_b: float = 0.0

    @property
    def about(self) -> str:
        """What the entries of the weights are, in words: ``normal:1.5, entries N(0, σ²/n_in) with σ = 1.5``."""
        row = INITIALISATIONS[self.name]
        number = f" with σ = {self.sigma:g}" if row.sigma else ""
        entries = "" if self.isometric else "entries "
        biases = f"; biases N(0, {self.sigma_b:g}²)" if self.sigma_b else ""
        return f"{self}, {entries}{row.entries}{number}{biases}"

    @property
    def isometric(self) -> bool:
        """Whether all singular values of a weight are equal."""
        return self.name == "orthogonal"

    def sigma_w(self, n_in: int, n_out: int) -> float:
        """Return mean-field theory's σ_w: the standard deviation of an entry times √n_in."""
        return self.sigma * math.sqrt(n_in * INITIALISATIONS[self.name].variance(n_in, n_out))

    def __str__(self) -> str:
        return f"{self.name}:{self.sigma:g}" if INITIALISATIONS[self.name].sigma else self.name

    def parameter(self, variable: Variable, shape: Shape, seed: list[int], source: Source | None = None) -> Any:
        """Return the starting value of a parameter, the same for the same seed whatever else is drawn."""
        import numpy as np

        generator = source or np.random.default_rng
        if variable.role is Role.WEIGHT:
            return INITIALISATIONS[self.name].draw(generator(seed), shape, self.sigma)
        if variable.role is Role.BIAS and self.sigma_b:
            return self.sigma_b * generator(seed).normal(size=shape)
        return np.full(shape, _FIXED.get(variable.role, 0.0))


@dataclass(frozen=True)
class Kept:
    """A source that keeps its first ``room`` numbers: several networks that start from the same seed draw them once."""

    room: int
    _held: dict[tuple[int, ...], Any] = field(default_factory=dict)

    def __call__(self, seed: list[int]) -> _Again:
        """Return what draws from one seed."""
        return _Again(self, seed)

    def normal(self, seed: list[int], size: Shape) -> Any:
        """Return standard normal numbers, those of a generator of their own."""
        import numpy as np

        key = (*seed, *size)
        if key in self._held:
            return self._held[key].copy()
        drawn = np.random.default_rng(seed).normal(size=size)
        if drawn.size + sum(each.size for each in self._held.values()) <= self.room:
            self._held[key] = drawn.copy()
        return drawn


@dataclass(frozen=True)
class _Again:
    source: Kept
    seed: list[int]

    def normal(self, size: Shape) -> Any:
        return self.source.normal(self.seed, size)


def initialisation(text: str) -> Chosen:
    """Read ``xavier``, ``orthogonal`` or ``normal:1.5``.

    Raises:
        SpecError: an unknown name (the nearest is suggested), or a σ that is not a positive finite number.
    """
    typed, colon, number = text.partition(":")
    key = typed.strip().lower()
    name = ALIASES.get(key, key)
    if name not in INITIALISATIONS:
        raise SpecError(f"init {text[:60]!r}: unknown{nearest(key[:60], _names()) or f'; choose from {_listed()}'}")
    if not colon:
        return Chosen(name)
    if not INITIALISATIONS[name].sigma:
        raise SpecError(f"init {text[:60]!r}: {name} takes no number; normal:σ does, as in {EXAMPLE}")
    return Chosen(name, _sigma(text, number))


def _sigma(text: str, number: str) -> float:
    try:
        sigma = float(number) if number.isascii() and "_" not in number and number == number.strip() else math.nan
    except ValueError:
        sigma = math.nan
    if not 1 / LARGEST_SIGMA <= sigma <= LARGEST_SIGMA:
        raise SpecError(f"init {text[:60]!r}: σ is a positive number up to {LARGEST_SIGMA:g}, as in {EXAMPLE}")
    return sigma


def _names() -> list[str]:
    return [*INITIALISATIONS, *ALIASES]


def _listed() -> str:
    return ", ".join(f"{name}:σ" if row.sigma else name for name, row in INITIALISATIONS.items())
