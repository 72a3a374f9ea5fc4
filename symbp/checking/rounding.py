"""First-order rounding errors, entry by entry, carried along with the numbers of a program.

A number is ``Rounded``: its value, computed in double precision, and how far rounding in a lower precision takes it
from there. Every operation hands the errors of its operands on, times its own slopes, and adds a rounding of its own
(Higham 2002, "Accuracy and Stability of Numerical Algorithms", §2.2, §3.3: running error analysis). Since a program
and every meaning it calls are written against a namespace, this is one more number system: no operation needs a rule
of its own, and one that somebody adds has it at once.

How the errors are added up decides what can still be seen. Added as they are, each layer of n units makes the
bound √n larger than any error is: ten layers of 100 and it allows 10¹² times the gradient. Rounding errors of
different operations are independent of each other near enough (Higham §2.8; Higham and Mary 2019, "A new approach to
probabilistic rounding error analysis", where √k takes the place of k), so that on the way they are added in squares:
what is carried is a standard deviation. In the equation that is judged, where a gradient sums over examples that
share all weights, they may lean one way and are added as they are (``worst``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from symbp.numeric.engines import Engine, namespace, real

FAR = 8
"""How many standard deviations no rounding reaches: right gradients of three libraries stay below 2."""

OWN = 4
"""Roundings of an elementary function: exp, tanh and erf of the libraries in use are good to a few."""


@dataclass(eq=False)
class Arithmetic:
    """A precision, 2⁻²⁴ for float32, and the power in which errors are held and added: 2 squares, 1 as they are.

    ``switched`` notes that in some run rounding could have turned a comparison round, a ReLU on or off.
    """

    unit: float
    power: int = 2
    switched: bool = False

    @cached_property
    def type(self) -> Any:
        """NumPy's type of this precision."""
        import numpy as np

        return np.float16 if self.unit > 2.0**-20 else np.float32 if self.unit > 2.0**-30 else np.float64

    @cached_property
    def underflow(self) -> float:
        """What is smaller may as well be zero (Higham 2002, §2.1); held in the power."""
        import numpy as np

        return float(np.finfo(self.type).tiny) ** self.power

    def of(self, size: Any, roundings: float = 1) -> Any:
        """Return what so many roundings of numbers of this size do, in the power."""
        return self.held(size) * (roundings * self.unit) ** self.power + self.underflow * (size != 0)

    def held(self, size: Any) -> Any:
        """Return sizes in the power in which errors are held."""
        import numpy as np

        return np.abs(size) if self.power == 1 else np.square(size)

    def far(self, error: Any) -> Any:
        """Return how far numbers with these errors may lie from their values."""
        import numpy as np

        return FAR * (error if self.power == 1 else np.sqrt(error))

    def jump(self, size: Any) -> Any:
        """Return the error of numbers that may just as well be another one, so far away."""
        self.switched = self.switched or bool((size > 0).any())
        return self.held(size / FAR)


class Rounded:
    """An array, the error of each of its entries, held in the power of ``arithmetic``, and that arithmetic."""

    __slots__ = ("arithmetic", "error", "value")
    __array_ufunc__ = None  # An array of NumPy's on the left leaves the operation to us.
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, error: Any, arithmetic: Arithmetic) -> None:
        self.value, self.error, self.arithmetic = value, error, arithmetic

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    T = property(lambda self: self.moved(lambda array: array.T))

    def moved(self, move: Callable[[Any], Any]) -> Rounded:
        """Return the entries in other places, with their errors."""
        return Rounded(move(self.value), move(self.error), self.arithmetic)

    def rounded(self, value: Any, error: Any, roundings: float = 1) -> Rounded:
        """Return a result with the error it inherits and its own."""
        return Rounded(value, error + self.arithmetic.of(value, roundings), self.arithmetic)

    def worst(self) -> Rounded:
        """Return the same errors, from here on added as they are."""
        return Rounded(self.value, self.reach / FAR, Arithmetic(self.arithmetic.unit, 1))

    @property
    def reach(self) -> Any:
        """How far rounding may take each entry from its value."""
        return self.arithmetic.far(self.error)

    def reshape(self, *shape: Any) -> Rounded:
        """Return it in another shape."""
        return self.moved(lambda array: array.reshape(*shape))

    def swapaxes(self, first: int, second: int) -> Rounded:
        """Return it with two axes exchanged."""
        return self.moved(lambda array: array.swapaxes(first, second))

    def __getitem__(self, key: Any) -> Rounded:
        return self.moved(lambda array: array[key])

    def __len__(self) -> int:
        return len(self.value)

    def __neg__(self) -> Rounded:
        return Rounded(-self.value, self.error, self.arithmetic)

    def __abs__(self) -> Rounded:
        return Rounded(abs(self.value), self.error, self.arithmetic)

    def __add__(self, other: Any) -> Rounded:
        return self.rounded(self.value + _value(other), self.error + _error(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Rounded:
        return self.rounded(self.value - _value(other), self.error + _error(other))

    def __rsub__(self, other: Any) -> Rounded:
        return -(self - other)

    def __mul__(self, other: Any) -> Rounded:
        held, factor = self.arithmetic.held, _value(other)
        return self.rounded(self.value * factor, self.error * held(factor) + held(self.value) * _error(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Rounded:
        return _quotient(self, other, self)

    def __rtruediv__(self, other: Any) -> Rounded:
        return _quotient(other, self, self)

    def __pow__(self, power: Any) -> Rounded:
        slope = power * self.value ** (power - 1)
        return self.rounded(self.value**power, self.arithmetic.held(slope) * self.error, OWN)

    def __rpow__(self, base: float) -> Rounded:
        value = base**self.value
        return self.rounded(value, self.arithmetic.held(math.log(base) * value) * self.error, OWN)

    def __matmul__(self, other: Any) -> Rounded:
        return _product(self, other, self.arithmetic)

    def __rmatmul__(self, other: Any) -> Rounded:
        return _product(other, self, self.arithmetic)

    def __gt__(self, other: Any) -> Rounded:
        return self._compared(other, self.value > _value(other))

    def __ge__(self, other: Any) -> Rounded:
        return self._compared(other, self.value >= _value(other))

    def __lt__(self, other: Any) -> Rounded:
        return self._compared(other, self.value < _value(other))

    def __le__(self, other: Any) -> Rounded:
        return self._compared(other, self.value <= _value(other))

    def __ne__(self, other: object) -> Rounded:  # type: ignore[override]
        return 1 - (self == other)

    def __eq__(self, other: object) -> Rounded:  # type: ignore[override]
        found = self._compared(other, self.value == _value(other))
        if isinstance(other, Rounded):  # Two that are equal to the last bit are one number, however it was rounded.
            found.error = found.error * (self.value != other.value)
        return found

    def _compared(self, other: Any, holds: Any) -> Rounded:
        """Return 1 or 0, with an error where rounding may turn it round."""
        return Rounded(1.0 * holds, self.arithmetic.jump(1.0 * self.near(other)), self.arithmetic)

    def near(self, other: Any) -> Any:
        """Whether rounding may exchange it with another number."""
        reach = self.arithmetic.far(self.error + _error(other))
        return (abs(self.value - _value(other)) <= reach) & (reach > 0)


def _value(number: Any) -> Any:
    return number.value if isinstance(number, Rounded) else number


def _error(number: Any) -> Any:
    return number.error if isinstance(number, Rounded) else 0.0


def _quotient(over: Any, under: Any, like: Rounded) -> Rounded:
    held, below = like.arithmetic.held, _value(under)
    value = _value(over) / below
    return like.rounded(value, (_error(over) + held(value) * _error(under)) / held(below))


def _product(left: Any, right: Any, arithmetic: Arithmetic) -> Rounded:
    """A sum of k products in any order: √k roundings of its summands and, in squares, of what they add up to."""
    first, second = _value(left), _value(right)
    value, roundings = first @ second, math.sqrt(first.shape[-1])
    held = arithmetic.held(first)
    error = held @ (_error(right) + arithmetic.of(second, roundings))
    if isinstance(left, Rounded):
        error = error + left.error @ arithmetic.held(second)
    return Rounded(value, error + _of_sum(value, roundings, arithmetic), arithmetic)


def _of_sum(value: Any, roundings: float, arithmetic: Arithmetic) -> Any:
    return arithmetic.of(value, roundings) if arithmetic.power == 2 else 0.0


def _sum(a: Rounded, axis: int | None = None, keepdims: bool = False) -> Rounded:
    import numpy as np

    arithmetic, roundings = a.arithmetic, math.sqrt(a.size if axis is None else a.shape[axis])
    value = np.sum(a.value, axis=axis, keepdims=keepdims)
    error = np.sum(a.error + arithmetic.of(a.value, roundings), axis=axis, keepdims=keepdims)
    return Rounded(value, error + _of_sum(value, roundings, arithmetic), arithmetic)


def _largest(a: Rounded, axis: int | None = None, keepdims: bool = False) -> Rounded:
    import numpy as np

    value = np.max(a.value, axis=axis, keepdims=keepdims)
    reach = np.max(a.value + a.reach, axis=axis, keepdims=keepdims) - value
    return Rounded(value, a.arithmetic.held(reach / FAR), a.arithmetic)


def _larger(a: Any, b: Any) -> Rounded:
    import numpy as np

    one, other = (a, b) if isinstance(a, Rounded) else (b, a)
    either = np.maximum(one.error, _error(other))
    error = np.where(one.near(other), either, np.where(one.value > _value(other), one.error, _error(other)))
    return Rounded(np.maximum(one.value, _value(other)), error, one.arithmetic)


def _smaller(a: Any, b: Any) -> Rounded:
    return -_larger(-a, -b)


def _where(condition: Any, a: Any, b: Any) -> Rounded:
    import numpy as np

    arithmetic = next(each.arithmetic for each in (condition, a, b) if isinstance(each, Rounded))
    chosen = np.asarray(_value(condition)) != 0
    error = np.where(chosen, _error(a), _error(b))
    open_to_both = np.asarray(_error(condition)) > 0
    error = error + np.where(open_to_both, arithmetic.held((np.asarray(_value(a)) - _value(b)) / FAR), 0.0)
    return Rounded(np.where(chosen, _value(a), _value(b)), error, arithmetic)


def _sign(a: Rounded) -> Rounded:
    import numpy as np

    return Rounded(np.sign(a.value), a.arithmetic.jump(2.0 * a.near(0.0)), a.arithmetic)


def _concatenated(parts: Any, axis: int = 0) -> Rounded:
    import numpy as np

    arithmetic = next(each.arithmetic for each in parts if isinstance(each, Rounded))
    errors = [np.broadcast_to(_error(each), each.shape) for each in parts]
    return Rounded(np.concatenate([_value(each) for each in parts], axis), np.concatenate(errors, axis), arithmetic)


def _diagonal(a: Rounded) -> Rounded:
    import numpy as np

    return a.moved(np.diagflat)


def _perturbed(a: Rounded) -> Any:
    """Return the errors of a square matrix with those of its elimination (Higham 2002, §9.3)."""
    return a.error + a.arithmetic.of(a.value, len(a.value))


def _inverse(a: Rounded) -> Rounded:
    """A⁻¹ moves by A⁻¹ δA A⁻¹."""
    value = real().np.linalg.inv(a.value)
    size = a.arithmetic.held(value)
    return a.rounded(value, size @ _perturbed(a) @ size)


def _determinant(a: Rounded) -> Rounded:
    """The determinant moves by its size times the entries of A⁻ᵀ."""
    import numpy as np

    value = np.asarray(np.linalg.det(a.value))
    slopes = value * real().np.linalg.inv(a.value).T
    return a.rounded(value, np.asarray(np.sum(a.arithmetic.held(slopes) * _perturbed(a))))


def _zeros_like(a: Any) -> Any:
    import numpy as np

    return np.zeros(a.shape)


def _ones_like(a: Any) -> Any:
    import numpy as np

    return np.ones(a.shape)


def _smooth(function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> Callable[[Rounded], Rounded]:
    """Return an elementary function; ``slope`` takes its argument and its value."""

    def apply(a: Rounded) -> Rounded:
        value = function(a.value)
        return a.rounded(value, a.arithmetic.held(slope(a.value, value)) * a.error, OWN)

    return apply


def _slopes() -> Mapping[str, Callable[[Any, Any], Any]]:
    import numpy as np

    return {
        "arctan": lambda x, f: 1 / (1 + x * x),
        "cos": lambda x, f: np.sin(x),
        "cosh": lambda x, f: np.sinh(x),
        "exp": lambda x, f: f,
        "expm1": lambda x, f: f + 1,
        "log": lambda x, f: 1 / x,
        "log1p": lambda x, f: 1 / (1 + x),
        "sin": lambda x, f: np.cos(x),
        "sinh": lambda x, f: np.cosh(x),
        "sqrt": lambda x, f: 1 / (2 * f),
        "tan": lambda x, f: 1 + f * f,
        "tanh": lambda x, f: 1 - f * f,
    }


OWN_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "concatenate": _concatenated,
    "diagflat": _diagonal,
    "max": _largest,
    "maximum": _larger,
    "minimum": _smaller,
    "sign": _sign,
    "sum": _sum,
    "where": _where,
}


def _mixed(own: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is NumPy's where nothing among its arguments is rounded."""

    def either(*arguments: Any, **options: Any) -> Any:
        flat = arguments[0] if isinstance(arguments[0], list | tuple) else arguments
        return (own if any(isinstance(each, Rounded) for each in flat) else plain)(*arguments, **options)

    return either


def rounding(arithmetic: Arithmetic) -> Engine:
    """Return the number system of arrays with their rounding errors.

    An array that is no number of that precision has been rounded to it, and has that error from the start.
    """
    import numpy as np

    erf = real().erf
    assert erf is not None

    def array(a: Any) -> Rounded:
        if isinstance(a, Rounded):  # What is not known exactly to begin with.
            return a
        value = np.asarray(a, dtype=float)
        return Rounded(value, arithmetic.held(value - value.astype(arithmetic.type)), arithmetic)

    own = {**OWN_FUNCTIONS, **{name: _smooth(getattr(np, name), slope) for name, slope in _slopes().items()}}
    found = {**vars(np), **{name: _mixed(function, getattr(np, name)) for name, function in own.items()}}
    of_matrices = {"inv": _mixed(_inverse, np.linalg.inv), "det": _mixed(_determinant, np.linalg.det)}
    found |= {"zeros_like": _zeros_like, "ones_like": _ones_like, "linalg": SimpleNamespace(**of_matrices)}
    slope_of_erf = _smooth(erf, lambda x, f: 2 / math.sqrt(math.pi) * np.exp(-x * x))
    return Engine(f"rounding to {arithmetic.unit:.1g}", namespace(found), float, array, _mixed(slope_of_erf, erf))
