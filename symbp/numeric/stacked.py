"""Many copies of a computation at once, told apart by a leading axis that no program sees.

A program runs on stacks as it runs on arrays: it sums, turns and multiplies the copies, each by itself. What no copy
changes stays a plain array, so that a change in layer l costs nothing in the layers before it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from symbp.numeric.engines import NAMES, Engine, namespace

Function = Callable[..., Any]


def _binary(function: Function) -> Function:
    def operate(self: Stack, other: Any) -> Stack:
        copies = self.copies
        if type(other) is not Stack and getattr(other, "ndim", 0) < copies.ndim:
            return Stack(function(copies, other))
        if type(other) is Stack and other.copies.ndim == copies.ndim:
            return Stack(function(copies, other.copies))
        return _together(function, self, other)

    return operate


def _reflected(function: Function) -> Function:
    return lambda self, other: _together(function, other, self)


class Stack:
    """Copies of one array; ``copies`` has the axis that tells them apart, ``shape`` is that of one copy."""

    __slots__ = ("copies",)

    __array_ufunc__ = None
    """NumPy leaves the arithmetic of an array and a stack to the stack."""

    def __init__(self, copies: Any) -> None:
        self.copies = copies

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one copy."""
        found: tuple[int, ...] = self.copies.shape[1:]
        return found

    @property
    def T(self) -> Stack:  # noqa: N802 - NumPy's name
        """Every copy transposed."""
        return Stack(self.copies.swapaxes(-1, -2))

    def reshape(self, *shape: Any) -> Stack:
        """Return every copy in another shape."""
        sizes = shape[0] if isinstance(shape[0], tuple) else shape
        return Stack(self.copies.reshape(len(self.copies), *sizes))

    def swapaxes(self, first: int, second: int) -> Stack:
        """Return every copy with two axes exchanged."""
        return Stack(self.copies.swapaxes(_behind(first), _behind(second)))

    def __getitem__(self, key: Any) -> Stack:
        return Stack(self.copies[(slice(None), *(key if isinstance(key, tuple) else (key,)))])

    def __neg__(self) -> Stack:
        return Stack(-self.copies)

    def __matmul__(self, other: Any) -> Stack:
        return Stack(_product(self.copies, _plain(other)))

    def __rmatmul__(self, other: Any) -> Stack:
        return Stack(_product(other, self.copies))

    __add__, __radd__ = _binary(operator.add), _reflected(operator.add)
    __sub__, __rsub__ = _binary(operator.sub), _reflected(operator.sub)
    __mul__, __rmul__ = _binary(operator.mul), _reflected(operator.mul)
    __truediv__, __rtruediv__ = _binary(operator.truediv), _reflected(operator.truediv)
    __pow__, __rpow__ = _binary(operator.pow), _reflected(operator.pow)
    __and__, __rand__ = _binary(operator.and_), _reflected(operator.and_)
    __lt__, __le__ = _binary(operator.lt), _binary(operator.le)
    __gt__, __ge__ = _binary(operator.gt), _binary(operator.ge)
    __eq__, __ne__ = _binary(operator.eq), _binary(operator.ne)
    __hash__ = None  # type: ignore[assignment]


def copies_of(value: Any, count: int) -> Any:
    """Return the copies of a stack; of a plain array the same one ``count`` times."""
    import numpy as np

    return value.copies if isinstance(value, Stack) else np.broadcast_to(value, (count, *np.shape(value)))


def stacked(engine: Engine) -> Engine:
    """Return an engine that takes stacks of another one's arrays, and plain ones, which stay plain."""
    library = engine.np
    own = {name: getattr(library, name) for name in NAMES}
    own |= {name: _entrywise(own[name]) for name in _UNARY}
    own |= {name: _lifted(own[name]) for name in _SEVERAL}
    own |= {name: _reduced(own[name]) for name in ("max", "sum")}
    own |= {name: _constant(own[name]) for name in ("ones_like", "zeros_like")}
    of_matrices = {name: _entrywise(getattr(library.linalg, name)) for name in ("inv", "det")}
    own |= {"concatenate": _concatenate, "diagflat": _diagflat, "linalg": SimpleNamespace(**of_matrices)}
    erf = None if engine.erf is None else _entrywise(engine.erf)
    return Engine(f"stacked {engine.name}", namespace(own), engine.number, engine.array, erf)


_UNARY = (
    "abs", "arctan", "cos", "cosh", "exp", "expm1", "log", "log1p", "sign", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
_SEVERAL = ("maximum", "minimum", "where")


def _entrywise(function: Function) -> Function:
    return lambda a: Stack(function(a.copies)) if type(a) is Stack else function(a)


def _lifted(function: Function) -> Function:
    return lambda *arguments: _together(function, *arguments)


def _together(function: Function, *arguments: Any) -> Any:
    """Apply an entrywise function to stacks and arrays, their shapes aligned at the end as NumPy aligns them."""
    if Stack not in map(type, arguments):
        return function(*arguments)
    rank = max([each.copies.ndim - 1 if type(each) is Stack else getattr(each, "ndim", 0) for each in arguments])
    return Stack(function(*[_spread(each, rank) for each in arguments]))


def _spread(argument: Any, rank: int) -> Any:
    if not isinstance(argument, Stack):
        return argument
    copies = argument.copies
    missing = rank + 1 - copies.ndim
    return copies.reshape(len(copies), *(1,) * missing, *copies.shape[1:]) if missing else copies


def _reduced(function: Function) -> Function:
    def reduced(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        if not isinstance(a, Stack):
            return function(a, axis=axis, keepdims=keepdims)
        if axis is None:
            return Stack(function(a.copies.reshape(len(a.copies), -1), axis=1))
        return Stack(function(a.copies, axis=_behind(axis), keepdims=keepdims))

    return reduced


def _constant(function: Function) -> Function:
    return lambda a: function(a.copies[0] if isinstance(a, Stack) else a)


def _concatenate(parts: Sequence[Any], axis: int = 0) -> Any:
    import numpy as np

    count = next((len(part.copies) for part in parts if isinstance(part, Stack)), None)
    if count is None:
        return np.concatenate(parts, axis=axis)
    return Stack(np.concatenate([copies_of(part, count) for part in parts], axis=_behind(axis)))


def _diagflat(a: Any) -> Any:
    import numpy as np

    if not isinstance(a, Stack):
        return np.diagflat(a)
    rows = a.copies.reshape(len(a.copies), -1, 1)
    return Stack(rows * np.eye(rows.shape[1]))


def _product(a: Any, b: Any) -> Any:
    """Return a @ b; a real matrix meets the two parts of complex ones in one real product."""
    import numpy as np

    if np.iscomplexobj(b) and not np.iscomplexobj(a):
        return (a @ np.ascontiguousarray(b).view(float)).view(complex)
    return a @ b


def _plain(argument: Any) -> Any:
    return argument.copies if isinstance(argument, Stack) else argument


def _behind(axis: int) -> int:
    """Return an axis of one copy as an axis of the copies."""
    return axis + 1 if axis >= 0 else axis
