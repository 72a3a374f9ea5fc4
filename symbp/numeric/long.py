"""Arrays of numbers with many digits: Python integers, and one power of two for the whole array.

A product of matrices is a product of integers, ten times as fast as one of floating-point objects. Every entry keeps
as many digits as a floating-point number would, unless it is smaller than the largest of its array by more than the
whole range of a float64.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import reduce
from types import SimpleNamespace
from typing import Any

from mpmath import libmp
from sympy import Expr

from symbp.numeric.elementary import LOST, LOST_PAIR, Elementary, Scaled, scaled

GUARD = 16
"""Bits beyond the digits asked for: no operation here is wrong by more than a few units of the last."""

RANGE = 2200
"""How many powers of two an entry may be below the largest of its array and keep its digits."""

SPARE = 64
"""How many bits more than they need integers may have before they are rounded."""

Function = Callable[..., Any]


def _binary(function: Function) -> Function:
    return lambda self, other: self.space.aligned(function, self, other)


def _reflected(function: Function) -> Function:
    return lambda self, other: self.space.aligned(function, other, self)


class Long:
    """An array of ``integers`` times 2 to the ``exponent``."""

    __slots__ = ("exponent", "integers", "space")

    __array_ufunc__ = None
    """NumPy leaves the arithmetic of an array and one of these to this."""

    def __init__(self, space: Longs, integers: Any, exponent: int) -> None:
        self.space, self.integers, self.exponent = space, _array(integers), exponent

    def _like(self, integers: Any) -> Long:
        return Long(self.space, integers, self.exponent)

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        found: tuple[int, ...] = self.integers.shape
        return found

    @property
    def T(self) -> Long:  # noqa: N802 - NumPy's name
        """As an array's."""
        return self._like(self.integers.T)

    def reshape(self, *shape: Any) -> Long:
        """As an array's."""
        return self._like(self.integers.reshape(*shape))

    def swapaxes(self, first: int, second: int) -> Long:
        """As an array's."""
        return self._like(self.integers.swapaxes(first, second))

    def sum(self) -> Long:
        """As an array's: of all entries."""
        return self._like(self.integers.sum())

    def __float__(self) -> float:
        return _float(self.integers.item(), self.exponent)

    def floats(self) -> Any:
        """Return the nearest float64 numbers, an array."""
        import numpy as np

        numbers = [_float(number, self.exponent) for number in self.integers.ravel().tolist()]
        return np.array(numbers).reshape(self.integers.shape)

    def decimals(self, digits: int) -> Any:
        """Return its numbers rounded to some decimal digits, an array of ``Decimal``."""
        import numpy as np

        wide, close = (Context(prec=each, Emax=MAX_EMAX, Emin=MIN_EMIN) for each in (digits + SPARE, digits))
        power = wide.power(2, self.exponent)
        found = np.empty(self.integers.shape, dtype=object)
        for place, number in np.ndenumerate(self.integers):
            known = number is not LOST
            found[place] = close.plus(wide.multiply(Decimal(number), power)) if known else Decimal("NaN")
        return found

    def __getitem__(self, key: Any) -> Long:
        return self._like(self.integers[key])

    def __neg__(self) -> Long:
        return self._like(-self.integers)

    def __abs__(self) -> Long:
        return self._like(abs(self.integers))

    def __matmul__(self, other: Any) -> Long:
        return self.space.product(operator.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Long:
        return self.space.product(operator.matmul, other, self)

    def __mul__(self, other: Any) -> Long:
        return self.space.product(operator.mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Long:
        return self.space.quotient(self, other)

    def __rtruediv__(self, other: Any) -> Long:
        return self.space.quotient(other, self)

    def __pow__(self, power: Any) -> Long:
        return self.space.power(self, power)

    def __rpow__(self, base: Any) -> Long:
        return self.space.power(base, self)

    __add__, __radd__ = _binary(operator.add), _reflected(operator.add)
    __sub__, __rsub__ = _binary(operator.sub), _reflected(operator.sub)
    __lt__, __le__ = _binary(operator.lt), _binary(operator.le)
    __gt__, __ge__ = _binary(operator.gt), _binary(operator.ge)
    __eq__, __ne__ = _binary(operator.eq), _binary(operator.ne)
    __hash__ = None  # type: ignore[assignment]


class Longs:
    """What makes such arrays with a number of digits, and NumPy's functions of them."""

    def __init__(self, digits: int) -> None:
        self.bits = math.ceil(digits * math.log2(10)) + GUARD
        self.elementary = Elementary(self.bits)

    def of(self, value: Any) -> Long:
        """Return a number or an array as it is, without any rounding."""
        import numpy as np

        if isinstance(value, Long):
            return value
        array = np.asarray(value)
        if array.dtype.kind == "f":
            return self._block([_exact(number) for number in array.ravel().tolist()], array.shape)
        return Long(self, array.astype(object), 0)

    def number(self, value: Expr) -> Long:
        """Return an exact number of SymPy's, rounded once."""
        if value.is_Integer:
            return self.of(int(value))
        digits = math.ceil(self.bits / math.log2(10)) + 5
        return Long(self, *scaled(value.evalf(digits)._to_mpmath(self.bits)._mpf_))

    def functions(self) -> dict[str, Any]:
        """Return NumPy's functions by their names there."""
        import numpy as np

        own, through = self.elementary, self.elementary.through
        mpmath = ("log", "sin", "cos", "tan", "sinh", "cosh", "sqrt")
        found: dict[str, Any] = {name: self._entrywise(through(getattr(libmp, f"mpf_{name}"))) for name in mpmath}
        found |= {name: self._entrywise(getattr(own, name)) for name in ("exp", "expm1", "tanh", "log1p")}
        found |= {name: self._filled(getattr(np, name)) for name in ("ones", "zeros", "eye")}
        return found | {
            "pi": Long(self, *scaled(libmp.mpf_pi(self.bits))),
            "arctan": self._entrywise(through(libmp.mpf_atan)),
            "abs": lambda a: abs(self.of(a)),
            "sign": lambda a: self.of((self.of(a).integers > 0).astype(int) - (self.of(a).integers < 0)),
            "maximum": lambda a, b: self.aligned(np.maximum, a, b),
            "minimum": lambda a, b: self.aligned(np.minimum, a, b),
            "where": lambda condition, a, b: self.aligned(lambda *both: np.where(condition, *both), a, b),
            "sum": lambda a, axis=None, keepdims=False: self.like(np.sum, a, axis=axis, keepdims=keepdims),
            "max": lambda a, axis=None, keepdims=False: self.like(np.max, a, axis=axis, keepdims=keepdims),
            "concatenate": lambda parts, axis=0: self.aligned(lambda *all_: np.concatenate(all_, axis=axis), *parts),
            "linalg": SimpleNamespace(inv=self.inverse, det=self.determinant),
            "diagflat": lambda a: self.like(np.diagflat, a),
            "arange": np.arange,
            "full": lambda shape, value: self.of(np.ones(shape, dtype=int)) * value,
            "ones_like": lambda a: self.of(np.ones(a.shape, dtype=int)),
            "zeros_like": lambda a: self.of(np.zeros(a.shape, dtype=int)),
        }

    @property
    def erf(self) -> Function:
        """The error function."""
        return self._entrywise(self.elementary.through(libmp.mpf_erf))

    def _filled(self, function: Function) -> Function:
        return lambda shape: self.of(function(shape, dtype=int))

    def like(self, function: Function, a: Any, **options: Any) -> Long:
        """Return what a function makes of the integers, with the same power of two."""
        long = self.of(a)
        return Long(self, function(long.integers, **options), long.exponent)

    def aligned(self, function: Function, *operands: Any) -> Any:
        """Apply a function to integers that have one power of two in common; a comparison is an array of its own."""
        import numpy as np

        longs = [each if type(each) is Long else self.of(each) for each in operands]
        exponents = [each.exponent for each in longs]
        exponent = max(min(exponents), max(exponents) - self.bits - RANGE)
        found = function(*[_shifted(each.integers, each.exponent - exponent) for each in longs])
        if np.asarray(found).dtype.kind == "b":
            return found
        return self._rounded(found, exponent) if max(exponents) > exponent + SPARE else Long(self, found, exponent)

    def product(self, function: Function, first: Any, second: Any) -> Long:
        """Apply a product to integers and round."""
        a, b = self.of(first), self.of(second)
        found = function(a.integers, b.integers)
        if isinstance(first, int) or isinstance(second, int):  # A whole number in a program is a short one.
            return Long(self, found, a.exponent + b.exponent)
        return self._rounded(found, a.exponent + b.exponent)

    def quotient(self, above: Any, below: Any) -> Long:
        """Divide; by zero there is no number."""
        import numpy as np

        a, b = self.of(above), self.of(below)
        lengths = _lengths(divisors := b.integers)
        if len(lengths) < divisors.size:
            divisors = np.where(divisors == 0, _array(LOST), divisors)
        shift = self.bits + max(lengths, default=0)
        return self._rounded(_shifted(a.integers, shift) // divisors, a.exponent - shift - b.exponent)

    def power(self, base: Any, power: Any) -> Long:
        """Raise to a power: a whole one is a product."""
        import numpy as np

        if isinstance(power, int) and power > 0:
            return reduce(operator.mul, [self.of(base)] * power)
        if isinstance(power, int) and power < 0:
            return self.quotient(1, self.power(base, -power))
        a, b = self.of(base), self.of(power)
        function = self.elementary.through(libmp.mpf_pow)
        bases, powers = np.broadcast_arrays(a.integers, b.integers)
        numbers = zip(bases.ravel().tolist(), powers.ravel().tolist(), strict=True)
        return self._block([function((n, a.exponent), (e, b.exponent)) for n, e in numbers], bases.shape)

    def inverse(self, a: Any) -> Long:
        """Return the inverse of a matrix: that of doubles, then Newton's steps, each of which doubles its digits."""
        import numpy as np

        long = self.of(a)
        size = long.shape[-1]
        try:
            found = self.of(np.linalg.inv(long.floats()))
        except np.linalg.LinAlgError:
            return self._like_lost(long)
        twice = self.of(2 * np.eye(size, dtype=int))
        for _ in range(max(1, math.ceil(math.log2(self.bits / DOUBLE_BITS)) + 2)):
            found = found @ (twice - long @ found)
        return found

    def determinant(self, a: Any) -> Long:
        """Return the determinant of a matrix, by elimination without fractions (Bareiss 1968)."""
        long = self.of(a)
        found = _bareiss([list(row) for row in long.integers.tolist()])
        return self._rounded(found, long.exponent * long.shape[-1])

    def _like_lost(self, long: Long) -> Long:
        import numpy as np

        return Long(self, np.full(long.shape, LOST, dtype=object), 0)

    def _rounded(self, integers: Any, exponent: int) -> Long:
        """Drop the bits that are more than every entry needs."""
        lengths = _lengths(integers := _array(integers))
        shift = max(min(lengths) - self.bits, max(lengths) - self.bits - RANGE) if lengths else 0
        return Long(self, integers >> shift, exponent + shift) if shift > 0 else Long(self, integers, exponent)

    def _entrywise(self, function: Callable[[Scaled], Scaled]) -> Function:
        """Return a function of single numbers as one of arrays."""

        def entrywise(operand: Any) -> Long:
            long = self.of(operand)
            numbers, exponent = long.integers.ravel().tolist(), long.exponent
            return self._block([LOST_PAIR if n is LOST else function((n, exponent)) for n in numbers], long.shape)

        return entrywise

    def _block(self, pairs: Sequence[Scaled], shape: tuple[int, ...]) -> Long:
        """Return numbers of many sizes as integers with one power of two."""
        import numpy as np

        tops = [number.bit_length() + exponent for number, exponent in pairs if number]
        exponent = max(min(tops), max(tops) - RANGE) - self.bits if tops else 0
        integers = np.empty(len(pairs), dtype=object)
        integers[:] = [_shifted(number, by - exponent) for number, by in pairs]
        return Long(self, integers.reshape(shape), exponent)


DOUBLE_BITS = 40
"""Bits that the inverse of doubles has right, of a matrix that is not close to a singular one."""


def _bareiss(rows: list[list[int]]) -> int:
    sign, before = 1, 1
    for at in range(len(rows) - 1):
        pivot = next((other for other in range(at, len(rows)) if rows[other][at]), None)
        if pivot is None:
            return 0
        if pivot != at:
            rows[at], rows[pivot], sign = rows[pivot], rows[at], -sign
        for row in rows[at + 1 :]:
            row[at + 1 :] = [
                (one * rows[at][at] - row[at] * other) // before
                for one, other in zip(row[at + 1 :], rows[at][at + 1 :], strict=True)
            ]
        before = rows[at][at]
    return sign * rows[-1][-1]


def _shifted(integers: Any, by: int) -> Any:
    return integers << by if by > 0 else integers >> -by if by < 0 else integers


def _lengths(integers: Any) -> list[int]:
    """Return the bits of every number that is not zero."""
    return list(filter(None, map(int.bit_length, integers.ravel().tolist())))


def _array(value: Any) -> Any:
    """Return what NumPy may have made a single number of as an array again."""
    import numpy as np

    return value if isinstance(value, np.ndarray) else np.array(value, dtype=object)


def _exact(number: float) -> Scaled:
    if not math.isfinite(number):
        return LOST_PAIR
    above, below = number.as_integer_ratio()
    return above, 1 - below.bit_length()


def _float(number: int, exponent: int) -> float:
    if number is LOST:
        return math.nan
    shift = max(0, number.bit_length() - 64)
    try:
        return math.ldexp(number >> shift, exponent + shift)
    except OverflowError:
        return math.copysign(math.inf, number)
