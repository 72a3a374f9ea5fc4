"""The phases of an activation over (σ_w, σ_b): where gradients vanish, where they explode, the edge of chaos between.

At every point the lengths are followed from q = 1 to the fixed point they settle at, and χ₁ = σ_w²·E[f′²] is taken
there (Poole et al. 2016, figure 1; Schoenholz et al. 2017, figure 1). Moments are interpolated between tabulated
lengths, which is finer than a picture shows; the edge itself is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from symbp.analysis.critical import EdgePoint, criticals, edge
from symbp.analysis.initialisations import Chosen
from symbp.analysis.lengths import MeanField
from symbp.analysis.prediction import function_of
from symbp.analysis.quadrature import DivergentError
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.network import Network
from symbp.ops.elementwise import ScalarFunction

COLUMNS, ROWS = 160, 80
"""Points of the picture along σ_w and σ_b."""

LEAST_LENGTH = 1e-300
"""What stands for a length of zero, which has no logarithm."""

LENGTHS = (-6.0, 6.0, 49)
"""log10 of the smallest and the largest tabulated length, and how many there are."""

FINE = 40
"""Points of the edge inside the picture."""

ROOM = 1.6
"""The picture reaches this many times as far as the farthest mark or the edge at σ_b = 0."""


@dataclass(frozen=True)
class Mark:
    """An initialisation in the picture."""

    name: str
    sigma_w: float
    sigma_b: float


@dataclass(frozen=True)
class Phases:
    """One activation's phases: ``chi`` is χ₁ and ``diverges`` whether lengths grow without end, a row for each σ_b.

    ``edge`` are the points (σ_w, σ_b) of the edge of chaos with a stable fixed point, in order.
    """

    name: str
    sigma_w: Any
    sigma_b: Any
    chi: Any
    diverges: Any
    edge: tuple[tuple[float, float], ...]
    marks: tuple[Mark, ...] = ()


def phases(function: ScalarFunction, marks: Iterable[Mark] = ()) -> Phases:
    """Return the phases of an activation in a range that shows the marks and the edge.

    Raises:
        DivergentError: its moments are infinite for every length.
    """
    import numpy as np

    field, marks = MeanField(function), tuple(marks)
    exact = [each.sigma_w for each in criticals(field) if each.point.stable]
    reach = ROOM * max([1.0, *exact, *(mark.sigma_w for mark in marks), *(2 * mark.sigma_b for mark in marks)])
    sigma_w, sigma_b = np.linspace(reach / COLUMNS, reach, COLUMNS), np.linspace(0.0, reach / 2, ROWS)
    lengths, square, slope = _tabulated(field)
    q, diverges = settled(lengths, square, sigma_w[None, :] ** 2, sigma_b[:, None] ** 2)
    chi = sigma_w**2 * np.exp(np.interp(np.log(q), np.log(lengths), np.log(slope)))
    return Phases(function.name, sigma_w, sigma_b, chi, diverges, _edge(field, lengths, exact, reach), marks)


def _tabulated(field: MeanField) -> tuple[Any, Any, Any]:
    """Return lengths with E[f²] and E[f′²] there, up to the first at which they are infinite."""
    import numpy as np

    found: list[tuple[float, float, float]] = []
    for q in np.logspace(*LENGTHS).tolist():
        try:
            square, slope, _ = field.moments(q)
        except DivergentError:
            if not found:
                raise
            break
        found.append((q, square.value, slope.value))
    lengths, squares, slopes = np.array(found).T
    return lengths, squares, np.maximum(slopes, LEAST_LENGTH)


MOST_PANELS = 4
"""Activations whose phases are drawn beside each other; more are left out."""


def settled(lengths: Any, square: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Return the length that q = 1 leads to under q ↦ weight·E[f²] + bias, and where there is no finite one.

    ``weight`` and ``bias`` are σ_w² and σ_b², arrays that broadcast; ``square`` is E[f²] at the tabulated lengths.
    """
    import numpy as np

    image = weight[..., None] * square + bias[..., None]
    excess = np.log(np.maximum(image, LEAST_LENGTH) / lengths)
    start = int(np.argmin(abs(np.log(lengths))))
    rising = excess[..., start] > 0
    up, down = excess[..., start:] <= 0, excess[..., start::-1] > 0
    above, below = start + up.argmax(-1), start - down.argmax(-1)
    right = np.where(rising, above, np.minimum(below + 1, start))
    left = np.where(rising, np.maximum(above - 1, start), below)
    known = np.where(rising, up.any(-1), down.any(-1))
    logs = np.log(lengths)
    at_left, at_right = (np.take_along_axis(excess, place[..., None], -1)[..., 0] for place in (left, right))
    gap = at_left - at_right
    part = np.where(gap > 0, at_left / np.where(gap > 0, gap, 1.0), 0.0)
    q = np.exp(logs[left] + part * (logs[right] - logs[left]))
    return np.where(known, q, np.where(rising, lengths[-1], lengths[0])), rising & ~known


def _edge(field: MeanField, lengths: Any, exact: Sequence[float], reach: float) -> tuple[tuple[float, float], ...]:
    import numpy as np

    if field.rays is not None:  # V is a straight line: σ_w alone decides.
        return ((exact[0], 0.0), (exact[0], reach / 2)) if exact else ()
    coarse = [each.q for each in _stable(field, lengths.tolist()) if each.sigma_b <= reach / 2]
    if not coarse:
        return ()
    step = lengths[1] / lengths[0]
    fine = np.geomspace(coarse[0] / step, coarse[-1] * step, FINE)
    points = [(each.sigma_w, each.sigma_b) for each in _stable(field, fine.tolist())]
    return (*((sigma_w, 0.0) for sigma_w in exact[:1]), *points)


def _stable(field: MeanField, lengths: Sequence[float]) -> list[EdgePoint]:
    """Return the edge where lengths nearby return to their fixed point."""
    return [each for each in edge(field, lengths) if abs(each.length_slope) < 1]


def marked(name: str, chosen: Chosen, widths: Sequence[int]) -> list[Mark]:
    """Return where an initialisation puts the hidden layers of a network; layers of one shape share a mark."""
    shapes = list(pairwise(widths))
    inner = shapes[1:-1] or shapes
    return [Mark(name, sigma_w, chosen.sigma_b) for sigma_w in dict.fromkeys(chosen.sigma_w(*each) for each in inner)]


def activation_of(network: Network) -> ScalarFunction | None:
    """Return the one activation between the affine layers of a network; None for any other network."""
    bodies = [getattr(layer, "layer", layer) for layer in network.layers]
    if not all(isinstance(each, Dense | Linear | Activation) for each in bodies):
        return None
    last = max((place for place, each in enumerate(bodies) if isinstance(each, Dense | Linear)), default=0)
    hidden = [
        function_of(Activation(each.activation, each.let) if isinstance(each, Dense) else each)
        for each in bodies[:last]
        if isinstance(each, Dense | Activation)
    ]
    found = list(dict.fromkeys(hidden))
    return found[0] if len(found) == 1 else None
