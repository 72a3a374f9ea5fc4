"""What ``stop`` holds is a constant to a gradient, and so it is to the differences that judge it."""

from __future__ import annotations

from dataclasses import replace

from symbp.derivation import Derivation
from symbp.equations import ForwardSystem
from symbp.ops.stop import Stop


def held(derivation: Derivation) -> Derivation:
    """Return the derivation with every stopped matrix given, the derivation itself where there is none.

    Its gradients must be right whatever is given in their place: a path through a stop would be seen as wrong.
    """
    stopped = [each.lhs for each in derivation.forward if isinstance(each.rhs, Stop)]
    if not stopped:
        return derivation
    kept = [each for each in derivation.forward if not isinstance(each.rhs, Stop)]
    return replace(derivation, forward=ForwardSystem(kept, (*derivation.forward.given, *stopped)))
