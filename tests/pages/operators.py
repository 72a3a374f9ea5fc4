"""What the operators of pages do, by NumPy alone: by the word that is printed, or by the name of what it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from reading import Sized

EPSILON = 1e-5
"""What is added to a variance; the networks of the corpus have no other."""


class Norms:
    """Normalisations and what they make of errors: by how much a result was divided is remembered."""

    def __init__(self) -> None:
        self.known: list[tuple[Any, Any]] = []

    def norm(self, axis: int, *, centred: bool = True) -> Any:
        """Return a normalisation over rows (0) or columns (1)."""

        def apply(z: Any) -> Any:
            mean = z.mean(axis=axis, keepdims=True) if centred else 0.0
            scale = np.sqrt(((z - mean) ** 2).mean(axis=axis, keepdims=True) + EPSILON)
            self.known.append(((z - mean) / scale, scale))
            return self.known[-1][0]

        return apply

    def back(self, axis: int, *, centred: bool = True) -> Any:
        """Return what a normalisation makes of an error, given its result."""

        def apply(result: Any, error: Any) -> Any:
            scale = next(scale for known, scale in self.known if np.array_equal(known, result))
            mean = error.mean(axis=axis, keepdims=True) if centred else 0.0
            return (error - mean - result * (error * result).mean(axis=axis, keepdims=True)) / scale

        return apply


def operators() -> dict[str, Any]:
    """Return the operators anew."""
    norms = Norms()
    return {
        "SoftmaxJacobian": lambda p, g: p * (g - (p * g).sum(axis=0, keepdims=True)),
        "norm": norms.norm(0),
        "norm_{rms}": norms.norm(0, centred=False),
        "norm_{batch}": norms.norm(1),
        "Π": norms.back(0),
        "Π_rms": norms.back(0, centred=False),
        "Π_batch": norms.back(1),
        "Stack": lambda *parts: np.vstack(parts),
        "Rows": Sized(lambda span, array: array[span[0] - 1 : span[-1]]),
        "Channels": Sized(lambda size, array: np.repeat(array, size[0], axis=0)),
        "ChannelSums": Sized(lambda size, array: array.reshape(-1, size[0], array.shape[1]).sum(axis=1)),
    }
