"""Two derivations of the same operation, run on the same numbers: how far their gradients are apart."""

from __future__ import annotations

from symbp.checking.bench import Bench
from symbp.checking.plans import plans
from symbp.derivation import Derivation
from symbp.numeric import engines


def difference(first: Derivation, second: Derivation, seed: int = 0) -> float:
    """Return the largest difference of two derivations' gradients, relative to each gradient's largest entry.

    Both take the same parameters, inputs and gradients from above; the numbers are those ``check`` draws.
    """
    import numpy as np

    plan = plans(first, thorough=False)[0]
    one, other = (Bench.of(each, plan.standins, plan.sizes, seed) for each in (first, second))
    _, gradients = engines.real().run(other.program)(*one.values.arguments(engines.real().array))
    ratios = [
        float(np.max(np.abs(gradient - gradients[name])) / np.max(np.abs(gradient)))
        for name, gradient in one.gradients.items()
    ]
    return max(ratios)
