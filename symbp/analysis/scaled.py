"""Arrays times a power of two: 300 sigmoid layers shrink a gradient below 1e-180, and its square below 1e-308.

Scaling by powers of two is exact, so a scaled computation rounds as the plain one does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LOG_2 = math.log(2)


@dataclass(frozen=True, slots=True)
class Scaled:
    """``array``·2^``exponent``, the largest entry of the array in [0.5, 1), or all of them 0."""

    array: Any
    exponent: int

    @classmethod
    def of(cls, array: Any, exponent: int = 0) -> Scaled:
        """Return an array (times 2^exponent), rescaled."""
        import numpy as np

        array = np.asarray(array, dtype=float)
        peak = float(np.max(np.abs(array), initial=0.0))
        if peak == 0 or not math.isfinite(peak):
            return cls(array, 0 if peak == 0 else exponent)
        shift = math.frexp(peak)[1]
        return cls(np.ldexp(array, -shift), exponent + shift)

    @property
    def is_finite(self) -> bool:
        """Whether every entry is a finite number."""
        import numpy as np

        return bool(np.isfinite(self.array).all())

    @property
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

    top = max((part.exponent for part in parts if part.norm), default=0)
    return Scaled.of(sum(np.ldexp(part.array, _clipped(part.exponent - top)) for part in parts), top)


def share(part: Scaled, whole: Scaled) -> float:
    """Return ⟨part, whole⟩/‖whole‖²; the shares of the parts of a sum add up to one."""
    import numpy as np

    inner = float(np.vdot(part.array, whole.array)) / whole.norm**2
    return math.ldexp(inner, _clipped(part.exponent - whole.exponent))


def _clipped(exponent: int) -> int:
    return max(-5000, min(5000, exponent))
