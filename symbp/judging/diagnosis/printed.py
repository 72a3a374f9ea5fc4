"""Numbers that went through print: with how few decimal digits a gradient was given."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FEWEST, MOST = 4, 10
"""Digits that are taken for print: fewer may be the exact numbers of a small example, more are what doubles have."""

LOOKED_AT = 64
"""How many entries are looked at before all of them."""


@dataclass(frozen=True)
class Printed:
    """A format: ``places`` behind the point where that is fixed, else ``digits`` of every number.

    ``digits`` are those of the largest number.
    """

    digits: int
    places: int | None

    def half(self, array: Any) -> Any:
        """Return half a unit of the last digit of each entry: what printing takes away at most."""
        import numpy as np

        if self.places is not None:
            return np.full(np.shape(array), 0.5 * 10.0**-self.places)
        return 0.5 * 10.0 ** (_exponents(array) - self.digits + 1) * (array != 0)

    def holds(self, array: Any) -> bool:
        """Whether an array was printed so: it has no more digits, and not fewer in all of its entries."""
        shorter = None if self.places is None else self.places - 1
        array = array.astype(float)
        return _fits(self, array) and not _fits(Printed(self.digits - 1, shorter), array)


def printed(arrays: Iterable[Any]) -> Printed | None:
    """Return the format of float64 arrays, the same for all of them; None where they were not printed."""
    import numpy as np

    given = list(arrays)
    if any(each.dtype != np.float64 for each in given):
        return None
    entries = np.concatenate([each.reshape(-1) for each in given]) if given else np.zeros(0)
    entries = entries[(entries != 0) & np.isfinite(entries)]
    if not entries.size:
        return None
    before = math.floor(math.log10(float(np.max(np.abs(entries))))) + 1
    # Numbers with four places have no more than five digits as well: fixed places come first.
    formats = [Printed(digits, places) for digits in range(1, MOST + 1) for places in (digits - before, None)]
    few = entries[:LOOKED_AT]
    found = next((each for each in formats if _fits(each, few) and _fits(each, entries)), None)
    return found if found is not None and found.digits >= FEWEST else None


def _fits(wanted: Printed, array: Any) -> bool:
    import numpy as np

    unit = 2 * wanted.half(array[array != 0])
    in_units = array[array != 0] / unit
    return bool(np.all(np.abs(in_units - np.rint(in_units)) <= 1e-5))


def _exponents(array: Any) -> Any:
    import numpy as np

    return np.floor(np.log10(np.abs(np.where(array == 0, 1.0, array))))
