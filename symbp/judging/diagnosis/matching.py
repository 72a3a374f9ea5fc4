"""When a given gradient equals what the model computes: to its own precision, on every sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import CodeType
from typing import Any

from symbp.checking.rounding import FAR, Arithmetic
from symbp.checking.tolerance import TOLERANCE
from symbp.judging.diagnosis.bench import Bench
from symbp.symbols import Adjoint

DOUBLE = 1e-13
"""The finest precision judged: double with a thousandfold, the 1e-12 that people add inside a logarithm or a root."""

FITTED = 64
"""How many roundings of single numbers one has that is fitted to many of them."""

OWED = 1e-2
"""Of the size of a gradient, the most that may be rounding: what has not two digits left is not called right.

A ReLU that rounding may turn on or off is the exception: both are right.
"""


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
    def units(self) -> dict[str, float]:
        """The precision of each: 2⁻²⁴ for float32; of the least precise sample."""
        import numpy as np

        def unit(array: Any) -> float:
            dtype = np.asarray(array).dtype
            return max(float(np.finfo(dtype).eps) / 2, DOUBLE) if dtype.kind == "f" else DOUBLE

        return {name: max(unit(sample.given[name]) for sample in self.bench.samples) for name in self.known}

    def matches(self, name: str, sample: int, edits: Mapping[str, CodeType] | None = None) -> bool:
        """Whether the model, with right sides that are tried, gives what they gave, entry by entry to rounding.

        An intermediate may differ by the constant all of them share.
        """
        found = self.bench.evaluate(edits or {}, f"d{name}", sample)
        return self._matches(name, sample, found, partial(self.bench.reach, edits=edits))

    def matches_right(self, name: str) -> bool:
        """Whether it equals ours on every sample, the common constant of intermediates aside."""
        right = partial(self.bench.reach, right=True)
        return all(self._matches(name, each, self.right[name][each], right) for each in self._range)

    def _matches(self, name: str, sample: int, found: Any, reach: Callable[..., Any]) -> bool:
        theirs = self.arrays(name)[sample]
        if found is None or getattr(found, "shape", ()) != theirs.shape:
            return False
        common = 1.0 if self.is_parameter(name) else self.common[sample]
        return any(self._agree(name, sample, number, found, reach) for number in dict.fromkeys((1.0, common)))

    def _agree(self, name: str, sample: int, number: float, found: Any, reach: Callable[..., Any]) -> bool:
        """Whether theirs is a number times a value, as far as the precision goes that they gave it in."""
        import numpy as np

        theirs, ours = self.arrays(name)[sample], number * found
        error, scale = np.abs(theirs - ours), max(float(np.linalg.norm(theirs)), float(np.linalg.norm(ours)))
        if self.tolerance is not None and float(np.max(error, initial=0.0)) <= self.tolerance * scale:
            return True
        unit, size = self.units[name], max(scale, abs(number) * self.bench.floors[f"d{name}"][sample])
        least = FAR * Arithmetic(unit, 1).underflow * error.size
        if not (float(np.linalg.norm(error)) <= OWED * size + least or self.bench.switches(sample, unit)):
            return False
        allowed = abs(number) * reach(f"d{name}", sample, unit)
        form = self.bench.printed[sample]
        return bool(np.all(error <= (allowed if form is None else allowed + form.half(theirs))))

    def digits_given(self, name: str) -> int | None:
        """Return how many digits were printed, where that is all that theirs and ours agree to; else None."""
        found = [form.digits for form in self.bench.printed if form is not None]
        digits = self.digits(name)
        return None if not found or digits is None or digits > max(found) + 2 else max(found)

    def matches_model(self, name: str) -> bool:
        """Whether it equals the model's value on every sample."""
        return all(self.matches(name, each) for each in self._range)

    def vouches(self, name: str) -> bool:
        """Whether it shows that the equations above it are right: it matches, and is not zero to rounding."""
        return self.matches_model(name) and not self.vanishes(name)

    def vanishes(self, name: str) -> bool:
        """Whether ours and theirs are zero to rounding, as that of a bias before BatchNorm: digits say nothing then."""
        import numpy as np

        def vanishes(sample: int) -> bool:
            allowed = self.bench.reach(f"d{name}", sample, self.units[name], right=True)
            pair = (self.arrays(name)[sample], self.right[name][sample])
            return all(bool(np.all(np.abs(each) <= allowed)) for each in pair)

        return self.fits(name) and all(vanishes(each) for each in self._range)

    @cached_property
    def common(self) -> list[float]:
        """On every sample the constant by which the intermediate nearest to the loss differs, 1 where none is given."""
        found = [1.0 for _ in self._range]
        first = next((name for name in self.names if not self.is_parameter(name) and self.fits(name)), None)
        if first is None:
            return found
        ratios = self.ratios(first)
        return [each if each is not None and each > 0 else 1.0 for each in ratios]

    def ratios(self, name: str) -> list[float | None]:
        """Return theirs by ours on every sample where they differ by a number alone."""
        if not self.fits(name):
            return [None for _ in self._range]
        return [self._ratio(name, each) for each in self._range]

    def _ratio(self, name: str, sample: int) -> float | None:
        """Return the number that makes ours theirs, as far as the precision goes; None where there is none."""
        import numpy as np

        theirs, ours = self.arrays(name)[sample], self.right[name][sample]
        size = float(np.sum(ours * ours))
        if not size > 0:
            return None
        found = float(np.sum(theirs * ours)) / size
        right = partial(self.bench.reach, right=True)
        return found if found and self._agree(name, sample, found, ours, right) else None

    @property
    def slack(self) -> float:
        """Up to which relative difference two numbers that were fitted are one."""
        return max(TOLERANCE, FITTED * max(self.units.values(), default=0.0))

    def shared(self, values: Sequence[float | None]) -> float | None:
        """Return the number all values are."""
        first = values[0] if values else None
        if first is None or any(each is None or abs(each - first) > self.slack * abs(first) for each in values):
            return None
        return first

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
