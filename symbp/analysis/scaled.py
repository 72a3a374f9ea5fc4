"""Arrays times a power of two: 300 sigmoid layers shrink a gradient below 1e-180, and its square below 1e-308.

Scaling by powers of two is exact, so a scaled computation rounds as the plain one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LOG_2 = math.log(2)

NEAR_ONE = (2.0**-64, 2.0**64)
"""An array whose largest entry is between them is left as it is: its squares neither under- nor overflow."""

PLAIN_SHIFT = 1000
"""Powers of two below this are floats, and multiplying by one is faster than ``ldexp`` and as exact."""


@dataclass(frozen=True)
class Scaled:
    """``array``·2^``exponent``, the largest entry of the array between 2^−64 and 2^64, or all of them 0."""

    array: Any
    exponent: int

    @classmethod
    def of(cls, array: Any, exponent: int = 0) -> Scaled:
        """Return an array (times 2^exponent), rescaled."""
        import numpy as np

        array = np.asarray(array, dtype=float)
        with np.errstate(over="ignore"):
            norm = float(np.linalg.norm(array))  # the largest entry is between norm/√size and norm
        if NEAR_ONE[0] * math.sqrt(array.size) < norm < NEAR_ONE[1]:
            found = cls(array, exponent)
            found.__dict__["norm"] = norm
            return found
        peak = max(float(array.max(initial=0.0)), -float(array.min(initial=0.0)))  # without a copy of magnitudes
        if peak == 0 or not math.isfinite(peak):
            return cls(array, 0 if peak == 0 else exponent)
        if NEAR_ONE[0] < peak < NEAR_ONE[1]:
            return cls(array, exponent)
        shift = math.frexp(peak)[1]
        scaled = array * math.ldexp(1.0, -shift) if abs(shift) < PLAIN_SHIFT else np.ldexp(array, -shift)
        return cls(scaled, exponent + shift)

    @property
    def is_finite(self) -> bool:
        """Whether every entry is a finite number."""
        return math.isfinite(self.norm)

    @cached_property
    def norm(self) -> float:
        """The Frobenius norm of ``array`` alone."""
        import numpy as np

        return float(np.linalg.norm(self.array))

    @property
    def log(self) -> float:
        """The natural logarithm of the Frobenius norm; −∞ for zero."""
        norm = self.norm
        return math.log(norm) + self.exponent * LOG_2 if norm else -math.inf

    def log_ratio(self, other: Scaled) -> float:
        """Return log(‖self‖/‖other‖) without cancellation between large logarithms; −∞ where self is zero."""
        norm = self.norm
        if not norm:
            return -math.inf
        return math.log(norm / other.norm) + (self.exponent - other.exponent) * LOG_2


def total(parts: Sequence[Scaled]) -> Scaled:
    """Return the sum, aligned to the largest of the parts."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    top = max((part.exponent for part in parts if part.norm), default=0)
    return Scaled.of(sum(np.ldexp(part.array, _clipped(part.exponent - top)) for part in parts), top)


def share(part: Scaled, whole: Scaled) -> float:
    """Return ⟨part, whole⟩/‖whole‖²; the shares of the parts of a sum add up to one."""
    import numpy as np

    if part is whole:
        return 1.0
    inner = float(np.vdot(part.array, whole.array)) / whole.norm**2
    return math.ldexp(inner, _clipped(part.exponent - whole.exponent))


def _clipped(exponent: int) -> int:
    return max(-5000, min(5000, exponent))
