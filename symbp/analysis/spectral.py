"""The spectral norm of a weight: the most it can stretch an error."""

from __future__ import annotations

import math
from typing import Any

from symbp.analysis.scaled import Scaled

CHEAP = 256
"""Up to this width a spectral norm takes about two milliseconds, so that every report has it."""

ALL = 64
"""Up to this width all eigenvalues are found faster than the largest."""

STEPS = 400
"""Most steps of the iteration."""

CLOSE = 1e-12
"""The iteration ends where its residual says that the largest eigenvalue is known to this, by its size."""


def spectral_norm(matrix: Any) -> float:
    """Return the largest singular value of a matrix; relative error about 1e-12."""
    scaled = Scaled.of(matrix)
    array = scaled.array if scaled.array.shape[0] <= scaled.array.shape[1] else scaled.array.T
    largest = _exact(array) if array.shape[0] <= ALL else _iterated(array)
    return math.ldexp(math.sqrt(max(largest, 0.0)), scaled.exponent)


def _exact(array: Any) -> float:
    """Return the largest eigenvalue of M·Mᵀ from all of them."""
    import numpy as np

    return float(np.linalg.eigvalsh(array @ array.T)[-1])


def _iterated(array: Any) -> float:
    """Return the largest eigenvalue of M·Mᵀ by power iteration that keeps its directions (Lanczos 1950).

    Singular values of random weights crowd below the largest, so that the powers alone need thousands of products;
    in the space that they span the largest eigenvalue is found in tens (Golub and Van Loan 2013, section 10.1).
    """
    import numpy as np

    rows = array.shape[0]
    kept = np.zeros((min(STEPS, rows), rows))
    diagonal, beside = np.zeros(len(kept)), np.zeros(len(kept))
    direction = np.random.default_rng(0).normal(size=rows)
    direction /= np.linalg.norm(direction)
    largest = 0.0
    for step in range(len(kept)):
        kept[step] = direction
        after = array @ (direction @ array)
        diagonal[step] = direction @ after
        for _ in range(2):  # once is not enough to stay orthogonal to all before
            after -= kept[: step + 1].T @ (kept[: step + 1] @ after)
        beside[step] = np.linalg.norm(after)
        if step % 8 == 7 or step == len(kept) - 1 or beside[step] == 0:
            inner = np.diag(diagonal[: step + 1]) + np.diag(beside[:step], 1) + np.diag(beside[:step], -1)
            values, vectors = np.linalg.eigh(inner)
            largest = float(values[-1])
            residual = beside[step] * abs(vectors[-1, -1])
            gap = values[-1] - values[-2] if step else values[-1]
            if residual**2 <= CLOSE * largest * max(gap, residual):
                break
        direction = after / beside[step]
    return largest
