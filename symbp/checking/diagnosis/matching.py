"""When a given gradient equals what the model computes: to its own precision, on every sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.checking.diagnosis.bench import Bench
from symbp.checking.tolerance import EPSILON, ROUNDINGS, TOLERANCE
from symbp.symbols import Adjoint

SINGLE_TOLERANCE = 1e-4
"""Largest relative error of a right gradient in single precision."""


LARGE = 4096
"""A matrix of this many entries is looked at in a few places first."""

FEW_ENTRIES = 256


@dataclass
class Given:
    """The gradients that were given, in the order of the backward list; names are those of the variables.

    ``tolerance`` overrides the relative error that counts as equal, 1e-9 in float64.
    """

    bench: Bench
    tolerance: float | None = None

    def __post_init__(self) -> None:
        samples = range(len(self.bench.samples))
        self.right = {name: [self.bench.value(f"d{name}", each) for each in samples] for name in self.known}
        """Ours, on every sample: what the model has before anything is adopted."""

    @cached_property
    def names(self) -> list[str]:
        """What can be compared: given on every sample, known to the backward list, and finite."""
        return [name for name in self.known if name not in self.broken]

    @cached_property
    def known(self) -> list[str]:
        """What was given and is a gradient of the backward list, in its order."""
        given = set.intersection(*(set(sample.given) for sample in self.bench.samples))
        order = (equation.lhs for equation in self.bench.derivation.backward)
        return [lhs.of.name for lhs in order if isinstance(lhs, Adjoint) and lhs.of.name in given]

    @cached_property
    def broken(self) -> set[str]:
        """What holds a number that is not finite where ours is."""
        import numpy as np

        return {name for name in self.known if not all(np.isfinite(array).all() for array in self.arrays(name))}

    @cached_property
    def _arrays(self) -> dict[str, list[Any]]:
        import numpy as np

        samples = self.bench.samples
        return {
            name: [np.atleast_2d(np.asarray(each.given[name], dtype=float)) for each in samples] for name in self.known
        }

    def arrays(self, name: str) -> list[Any]:
        """Return their gradient on every sample, float64."""
        return self._arrays[name]

    def is_parameter(self, name: str) -> bool:
        """Whether it is asked for, not an intermediate."""
        return name in self._wrt

    @cached_property
    def _wrt(self) -> set[str]:
        return {variable.name for variable in self.bench.derivation.wrt}

    @property
    def _range(self) -> range:
        return range(len(self.bench.samples))

    def fits(self, name: str) -> bool:
        """Whether it has our shape."""
        return all(a.shape == b.shape for a, b in zip(self.arrays(name), self.right[name], strict=True))

    @cached_property
    def _relative(self) -> dict[str, float]:
        import numpy as np

        def relative(name: str) -> float:
            kinds = {np.asarray(sample.given[name]).dtype for sample in self.bench.samples}
            single = any(kind.kind == "f" and kind.itemsize < 8 for kind in kinds)
            return SINGLE_TOLERANCE if single else TOLERANCE

        return {name: self.tolerance or relative(name) for name in self.known}

    def matches(self, name: str, found: Any, sample: int) -> bool:
        """Whether a computed value is what they gave; an intermediate may differ by the constant all of them share."""
        theirs = self.arrays(name)[sample]
        if found is None or getattr(found, "shape", ()) != theirs.shape:
            return False
        if self.distance(name, found, theirs, sample) <= self._relative[name]:
            return True
        common = self.common[sample]
        if common == 1 or self.is_parameter(name):
            return False
        return self.distance(name, common * found, theirs, sample) <= self._relative[name]

    def distance(self, name: str, found: Any, theirs: Any, sample: int) -> float:
        """Return the relative distance, beyond what rounding explains; infinite if it is no number."""
        import numpy as np

        floor = ROUNDINGS * EPSILON * self.bench.floors[f"d{name}"][sample]
        if self._is_far(name, found, theirs, sample, floor):
            return math.inf
        scale = max(float(np.linalg.norm(theirs)), float(np.linalg.norm(found)))
        error = float(np.max(np.abs(theirs - found), initial=0.0)) - floor
        if not math.isfinite(error):
            return math.inf
        return 0.0 if error <= 0 else error / scale if scale else math.inf

    def _is_far(self, name: str, found: Any, theirs: Any, sample: int, floor: float) -> bool:
        """Whether a few entries of a large matrix show already that it is another one.

        An entry off by 1e-5 of the norm is no rounding; where ours is the larger one by far, its norm is in the
        entries that differ.
        """
        import numpy as np

        if theirs.size < LARGE or self._relative[name] > TOLERANCE:
            return False
        few = slice(None, None, theirs.size // FEW_ENTRIES)
        error = float(np.max(np.abs(theirs.ravel()[few] - found.ravel()[few]))) - floor
        return error > 1e-5 * self._norms[name][sample]

    @cached_property
    def _norms(self) -> dict[str, list[float]]:
        import numpy as np

        return {name: [float(np.linalg.norm(each)) for each in self.arrays(name)] for name in self.known}

    def matches_model(self, name: str) -> bool:
        """Whether it equals the model's value on every sample."""
        return all(self.matches(name, self.bench.value(f"d{name}", each), each) for each in self._range)

    def matches_right(self, name: str) -> bool:
        """Whether it equals ours on every sample, the common constant of intermediates aside."""
        return all(self.matches(name, self.right[name][each], each) for each in self._range)

    def vouches(self, name: str) -> bool:
        """Whether it shows that the equations above it are right: it matches, and is not zero to rounding."""
        import numpy as np

        if not self.matches_model(name):
            return False
        floor = ROUNDINGS * EPSILON * self.bench.floors[f"d{name}"][0]
        return float(np.linalg.norm(self.arrays(name)[0])) > floor

    @cached_property
    def common(self) -> list[float]:
        """On every sample the constant by which the intermediate nearest to the loss differs, 1 where none is given."""
        found = [1.0 for _ in self._range]
        first = next((name for name in self.names if not self.is_parameter(name) and self.fits(name)), None)
        if first is None:
            return found
        ratios = [ratio(a, b) for a, b in zip(self.arrays(first), self.right[first], strict=True)]
        return [each if each is not None and each > 0 else 1.0 for each in ratios]

    def ratios(self, name: str) -> list[float | None]:
        """Return theirs by ours on every sample where they differ by a number alone."""
        if not self.fits(name):
            return [None for _ in self._range]
        return [ratio(a, b) for a, b in zip(self.arrays(name), self.right[name], strict=True)]

    def digits(self, name: str) -> float | None:
        """Return to how many decimal digits theirs agrees with ours, at most 16; None where the shapes differ."""
        if not self.fits(name):
            return None
        import numpy as np

        worst = 0.0
        for theirs, ours in zip(self.arrays(name), self.right[name], strict=True):
            scale = float(np.max(np.abs(ours), initial=0.0)) or 1.0
            worst = max(worst, float(np.max(np.abs(theirs - ours), initial=0.0)) / scale)
        return 16.0 if worst == 0 else round(min(16.0, max(0.0, -math.log10(worst))), 1)


def ratio(theirs: Any, ours: Any) -> float | None:
    """Return the number that makes one array the other, to 1e-9; None where there is none."""
    import numpy as np

    size = float(np.sum(ours * ours))
    if theirs.shape != ours.shape or not size > 0:
        return None
    found = float(np.sum(theirs * ours)) / size
    error = float(np.max(np.abs(theirs - found * ours)))
    return found if error <= TOLERANCE * abs(found) * float(np.max(np.abs(ours))) else None


def shared(values: Sequence[float | None]) -> float | None:
    """Return the number all values are, to 1e-9."""
    first = values[0] if values else None
    if first is None or any(each is None or abs(each - first) > TOLERANCE * abs(first) for each in values):
        return None
    return first
