"""Images of real intervals, and bounds of |f′| on rectangles around them in the complex plane, function by function.

A rectangle is left ≤ Re z ≤ right, |Im z| ≤ side; its bound is infinite where f is not analytic on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Image = Callable[[Any, Any], tuple[Any, Any]]
Steepest = Callable[[Any, Any, Any], Any]


def distances(low: Any, high: Any) -> tuple[Any, Any]:
    """Return how near to zero and how far from it an interval comes."""
    import numpy as np

    nearest = np.maximum(np.maximum(low, np.negative(high)), 0.0)
    return nearest, np.maximum(np.abs(low), np.abs(high))


def increasing(name: str) -> Image:
    """Return the image of an increasing function of NumPy by its name."""

    def image(low: Any, high: Any) -> tuple[Any, Any]:
        import numpy as np

        function = getattr(np, name)
        return function(low), function(high)

    return image


def exp_steepest(left: Any, right: Any, side: Any) -> Any:
    """|e^z| = e^x."""
    import numpy as np

    return np.exp(right)


def hyperbolic_steepest(left: Any, right: Any, side: Any) -> Any:
    """|cosh z| and |sinh z| are at most cosh x."""
    import numpy as np

    return np.cosh(distances(left, right)[1])


def cosh_image(low: Any, high: Any) -> tuple[Any, Any]:
    """cosh is even."""
    import numpy as np

    nearest, farthest = distances(low, high)
    return np.cosh(nearest), np.cosh(farthest)


def tanh_steepest(left: Any, right: Any, side: Any) -> Any:
    """|tanh′(x + iy)| = 2/(cosh 2x + cos 2y); its poles have x = 0 and |y| ≥ π/2."""
    import numpy as np

    nearest = np.minimum(distances(left, right)[0], 300.0)
    below = np.cosh(2 * nearest) + np.cos(2 * np.minimum(side, math.pi / 2))
    return np.where(below > 1e-12, 2 / below, np.inf)


def softplus_image(low: Any, high: Any) -> tuple[Any, Any]:
    """log(1 + e^x) increases."""
    import numpy as np

    return np.logaddexp(0, low), np.logaddexp(0, high)


def softplus_steepest(left: Any, right: Any, side: Any) -> Any:
    """|σ(x + iy)|² = 1/(1 + 2u·cos y + u²) with u = e^−x; its poles have x = 0 and |y| ≥ π."""
    import numpy as np

    u_low, u_high = np.exp(-np.minimum(right, 300.0)), np.exp(-np.maximum(left, -300.0))
    c = np.cos(np.minimum(side, math.pi))
    u = np.clip(-c, u_low, u_high)
    return 1 / np.sqrt(np.maximum(1 + 2 * c * u + u**2, 0.0))


def oscillating(name: str) -> Image:
    """Return the image of sin or cos, as a Lipschitz bound about the middle, clipped to [−1, 1]."""

    def image(low: Any, high: Any) -> tuple[Any, Any]:
        import numpy as np

        middle, half = getattr(np, name)((np.asarray(low) + high) / 2), (np.asarray(high) - low) / 2
        return np.maximum(middle - half, -1.0), np.minimum(middle + half, 1.0)

    return image


def sine_steepest(left: Any, right: Any, side: Any) -> Any:
    """|cos z| and |sin z| are at most cosh y."""
    import numpy as np

    return np.cosh(side)


def log_image(low: Any, high: Any) -> tuple[Any, Any]:
    """log increases; below zero it is taken at zero."""
    import numpy as np

    return np.log(np.maximum(low, 0.0)), np.log(np.maximum(high, 0.0))


def log_steepest(left: Any, right: Any, side: Any) -> Any:
    """|1/z| right of the cut."""
    import numpy as np

    return np.where(np.asarray(left) > 0, 1 / np.maximum(left, 1e-300), np.inf)


def atan_steepest(left: Any, right: Any, side: Any) -> Any:
    """|1 + z²| = |z − i||z + i|, and both are at least 1 − |y| and |x|."""
    import numpy as np

    return 1 / np.maximum(np.maximum(1 - np.asarray(side), 0.0), distances(left, right)[0]) ** 2


def erf_image(low: Any, high: Any) -> tuple[Any, Any]:
    """erf increases."""
    return real_erf(low), real_erf(high)


def erf_steepest(left: Any, right: Any, side: Any) -> Any:
    """|erf′(x + iy)| = (2/√π)·exp(y² − x²)."""
    import numpy as np

    return 2 / math.sqrt(math.pi) * np.exp(np.square(side) - distances(left, right)[0] ** 2)


def real_erf(x: Any) -> Any:
    """Return erf of an array of real numbers."""
    import numpy as np

    array = np.asarray(x, dtype=float)
    return np.fromiter(map(math.erf, array.ravel()), float, array.size).reshape(array.shape)
