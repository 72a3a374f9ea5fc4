"""The number systems a program runs on: one frozen namespace, called ``np`` in the program, an engine.

A program's text is the same on all of them. An engine binds ``np`` to its namespace, the error function to
its own, and the constants the text spells as floats to exactly converted SymPy numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache, partial
from types import CodeType, FunctionType, MappingProxyType, SimpleNamespace
from typing import Any

from sympy import Expr

from symbp.errors import RuleNotFoundError
from symbp.numeric.analytic import functions
from symbp.numeric.long import Longs
from symbp.numeric.source import FUNCTION, Program

DIGITS = 50
"""Decimal digits of the long arithmetic, unless a computation asks for more."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """The functions a program or a meaning may call: those of NumPy under their names there."""

    pi: Any
    abs: Any
    arange: Any
    arctan: Any
    concatenate: Any
    cos: Any
    cosh: Any
    diagflat: Any
    exp: Any
    expm1: Any
    eye: Any
    full: Any
    log: Any
    log1p: Any
    max: Any
    maximum: Any
    minimum: Any
    ones: Any
    ones_like: Any
    sign: Any
    sin: Any
    sinh: Any
    sqrt: Any
    sum: Any
    tan: Any
    tanh: Any
    where: Any
    zeros: Any
    zeros_like: Any


NAMES = tuple(each.name for each in fields(Namespace))
"""What every engine has."""


@dataclass(frozen=True)
class Engine:
    """A number system: its namespace (or the library itself), its constants, its arrays, its erf (None: none)."""

    name: str
    np: Any
    number: Callable[[Expr], Any]
    array: Callable[[Any], Any]
    erf: Callable[[Any], Any] | None

    def run(self, program: Program, *, traced: bool = False) -> Callable[..., Any]:
        """Execute a program's definitions and return its function, running on this engine.

        ``traced`` makes it return (what it returns anyway, all its local variables).

        Raises:
            RuleNotFoundError: the program needs an error function and this engine has none.
        """
        scope: dict[str, Any] = {"np": self.np, "math": math}
        exec(_compiled(program.definitions, False), scope)
        scope.update({name: self.number(value) for name, value in program.constants.items()})
        if program.erf is not None:
            if self.erf is None:
                raise RuleNotFoundError(f"{self.name} has no error function")
            scope[program.erf] = self.erf
        exec(_compiled(program.function, traced), scope)
        function = scope[FUNCTION]
        assert isinstance(function, FunctionType)
        return function


@lru_cache(maxsize=64)
def _compiled(text: str, traced: bool) -> CodeType:
    """Compile a part of a program, once for all engines."""
    return compile(_traced(text) if traced else text, "<symbp>", "exec")


def _traced(text: str) -> str:
    """Return the text of a function that returns its local variables as well, and frees none on its way.

    On the text: a syntax tree in Python's hands takes three times as long as all the rest of compiling.
    """
    body, result = re.sub(r"\n    del .*", "", text).rsplit("\n    return ", 1)
    return f"{body}\n    return ({result}\n    ), locals()"


@cache
def real() -> Engine:
    """NumPy itself: what a student runs, sums and maxima without the wrappers, which take longer than a small array."""
    import numpy as np

    erf = np.vectorize(math.erf, otypes=[float])
    bare = {"sum": partial(np.add.reduce, axis=None), "max": partial(np.maximum.reduce, axis=None)}
    return Engine("NumPy", SimpleNamespace(**{**vars(np), **bare}), float, np.asarray, erf)


@cache
def complex_() -> Engine:
    """NumPy on complex numbers whose imaginary part is a derivative; comparisons look at the real part.

    Arrays stay real until something complex meets them.
    """
    import numpy as np

    def larger(a: Any, b: Any) -> Any:
        return np.where(np.real(a) >= np.real(b), a, b)

    def smaller(a: Any, b: Any) -> Any:
        return np.where(np.real(a) <= np.real(b), a, b)

    def largest(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        place = np.expand_dims(np.argmax(np.real(a), axis=axis), axis or 0)
        found = np.take_along_axis(a, place, axis or 0)
        return found if keepdims else np.squeeze(found, axis)

    own = functions() | {
        "abs": lambda a: np.where(np.real(a) < 0, -a, a),
        "sign": lambda a: np.sign(np.real(a)),
        "maximum": larger,
        "minimum": smaller,
        "max": largest,
    }
    return Engine("complex NumPy", _namespace(vars(np), own), float, np.asarray, None)


@cache
def digits(precision: int = DIGITS) -> Engine:
    """Arrays of numbers with many decimal digits: ``Long``."""
    longs = Longs(precision)
    return Engine(f"{precision} digits", namespace(longs.functions()), longs.number, longs.of, longs.erf)


def namespace(own: Mapping[str, Any]) -> Namespace:
    """Return a namespace of an engine's own functions; one that it forgets is a KeyError at once."""
    return Namespace(**{name: own[name] for name in NAMES})


def _namespace(library: Mapping[str, Any], own: Mapping[str, Any]) -> Namespace:
    return namespace({name: own.get(name, library[name]) for name in NAMES})


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({"real": real, "complex": complex_, "digits": digits})
"""One row an engine, by its short name."""
