"""Elementary functions of integers times powers of two, to a number of bits.

The exponential and the hyperbolic tangent, which networks are made of, come from tables and a short series; all
others are mpmath's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate, count, repeat, takewhile
from typing import Any

from mpmath import libmp
from mpmath.libmp import ComplexResult, fone, from_man_exp, mpf_add, mpf_exp, mpf_log, mpf_sub

Scaled = tuple[int, int]
"""n and e of n · 2^e."""

GUARD = 40
"""Bits that the series works with beyond those asked for; a difference from 1 may cost ``SMALL`` of them."""

SMALL, LARGE = -20, 20
"""Arguments between 2^SMALL and 2^LARGE in size are the tables' own."""

HUGE = 60
"""The exponential of 2^HUGE is beyond all numbers."""

REMEMBERED = 2**15
"""How many exponentials are kept: a sigmoid asks for e^−|x| twice, and so does the slope of a softplus once more."""

STEP = 10
"""Bits of the argument that one of the three tables looks up."""


class Lost(int):
    """What is not a number: it takes up whatever it meets, and compares false with all."""

    def _itself(self, *others: Any) -> Lost:
        return self

    def _never(self, other: Any) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _itself
    __floordiv__ = __rfloordiv__ = __lshift__ = __rshift__ = _itself
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = _never
    __hash__ = int.__hash__

    def __ne__(self, other: object) -> bool:
        return True


LOST = Lost()
LOST_PAIR: Scaled = (LOST, 0)


class Elementary:
    """The functions with ``bits`` bits; each takes a number as a pair and returns its value as one."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.width = bits + GUARD
        self._one = 1 << self.width
        self._ln2 = int(libmp.libelefun.ln2_fixed(self.width))
        self._tables = [_powers(number * STEP, self.width) for number in (1, 2, 3)]
        terms = takewhile(bool, (self._one // math.factorial(number) >> 3 * STEP * number for number in count()))
        self._series = [self._one // math.factorial(number) for number, _ in enumerate(terms)][::-1]
        self.exp = lru_cache(REMEMBERED)(self._exponential)

    def through(self, function: Callable[..., Any]) -> Callable[..., Scaled]:
        """Return one of mpmath's functions; where it has no real and finite value, that is lost."""

        def called(*numbers: Scaled) -> Scaled:
            if any(number is LOST for number, _ in numbers):
                return LOST_PAIR
            try:
                return scaled(function(*[from_man_exp(*number) for number in numbers], self.bits, "n"))
            except (ComplexResult, ZeroDivisionError):
                return LOST_PAIR

        return called

    def _exponential(self, x: Scaled) -> Scaled:
        """e^x."""
        number, exponent = x
        size = number.bit_length() + exponent
        if not number:
            return 1, 0
        if size > HUGE:
            return LOST_PAIR if number > 0 else (0, 0)
        if size > LARGE:
            return scaled(mpf_exp(from_man_exp(*x), self.bits))
        found, twos = self._exp(self._fixed(x))
        return found, twos - self.width

    def expm1(self, x: Scaled) -> Scaled:
        """e^x − 1."""
        number, exponent = x
        size = number.bit_length() + exponent
        if size < SMALL:
            more = self.bits - size + GUARD
            return scaled(mpf_sub(mpf_exp(from_man_exp(*x), more), fone, self.bits))
        found, by = self.exp(x)
        return (found << by, 0) if by > 0 else (found - (1 << -by), by)

    def tanh(self, x: Scaled) -> Scaled:
        """(1 − e^(−2x))/(1 + e^(−2x))."""
        number, exponent = x
        size = number.bit_length() + exponent
        if size < SMALL:
            return scaled(libmp.mpf_tanh(from_man_exp(*x), self.bits))
        if size > LARGE:
            return (1 if number > 0 else -1), 0
        found, twos = self._exp(-2 * self._fixed((abs(number), exponent)))
        small = found >> -twos
        value = ((self._one - small) << self.width) // (self._one + small)
        return (value if number > 0 else -value), -self.width

    def log1p(self, x: Scaled) -> Scaled:
        """log(1 + x); mpmath's logarithm looks after an argument close to 1."""
        try:
            return scaled(mpf_log(mpf_add(fone, from_man_exp(*x)), self.bits))
        except ComplexResult:
            return LOST_PAIR

    def _fixed(self, x: Scaled) -> int:
        number, exponent = x
        shift = self.width + exponent
        return number << shift if shift >= 0 else number >> -shift

    def _exp(self, x: int) -> Scaled:
        """Return e^x of a number with ``width`` bits after the point, in the same form, and a power of two with it."""
        width, mask = self.width, (1 << STEP) - 1
        twos, rest = divmod(x, self._ln2)
        first, second, third = self._tables
        product = (first[rest >> width - STEP] * second[(rest >> width - 2 * STEP) & mask]) >> width
        product = (product * third[(rest >> width - 3 * STEP) & mask]) >> width
        rest &= (1 << width - 3 * STEP) - 1
        total = 0
        for coefficient in self._series:
            total = coefficient + (total * rest >> width)
        return (product * total) >> width, twos


def scaled(number: Any) -> Scaled:
    """Return one of mpmath's numbers; its infinities and what is not a number have an exponent without a mantissa."""
    sign, mantissa, exponent, _ = number
    if not mantissa and exponent:
        return LOST_PAIR
    return (-int(mantissa) if sign else int(mantissa)), exponent


def _powers(bits: int, width: int) -> list[int]:
    """Return e^(i/2^bits) for i = 0 … 2^STEP − 1 with ``width`` bits after the point."""
    more = width + 2 * STEP
    step = int(libmp.to_fixed(mpf_exp(from_man_exp(1, -bits), more + STEP), more))
    found = accumulate(repeat(step, (1 << STEP) - 1), lambda power, by: (power * by) >> more, initial=1 << more)
    return [power >> 2 * STEP for power in found]
