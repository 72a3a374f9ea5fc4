"""The number systems a program runs on: one frozen namespace, called ``np`` in the program, an engine.

A program's text is the same on all of them. An engine binds ``np`` to its namespace, the error function to
its own, and the constants the text spells as floats to exactly converted SymPy numbers.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from types import CodeType, FunctionType, MappingProxyType
from typing import Any

from sympy import Expr

from symbp.errors import RuleNotFoundError
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
    tree = ast.parse(text)
    if traced:
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        # What the program frees on its way is wanted here.
        body = function.body = [line for line in function.body if not isinstance(line, ast.Delete)]
        assert isinstance(body[-1], ast.Return)
        assert body[-1].value is not None
        both = ast.Tuple([body[-1].value, ast.parse("locals()", mode="eval").body], ast.Load())
        body[-1].value = ast.copy_location(both, body[-1])
    return compile(tree, "<symbp>", "exec")


@cache
def real() -> Engine:
    """NumPy itself: what a student runs."""
    import numpy as np

    erf = np.vectorize(math.erf, otypes=[float])
    return Engine("NumPy", np, float, np.asarray, erf)


@cache
def complex_() -> Engine:
    """NumPy on complex numbers whose imaginary part is a derivative; comparisons look at the real part."""
    import numpy as np

    def larger(a: Any, b: Any) -> Any:
        return np.where(np.real(a) >= np.real(b), a, b)

    def smaller(a: Any, b: Any) -> Any:
        return np.where(np.real(a) <= np.real(b), a, b)

    def largest(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        place = np.expand_dims(np.argmax(np.real(a), axis=axis), axis or 0)
        found = np.take_along_axis(a, place, axis or 0)
        return found if keepdims else np.squeeze(found, axis)

    own = {
        "abs": lambda a: np.where(np.real(a) < 0, -a, a),
        "sign": lambda a: np.sign(np.real(a)),
        "maximum": larger,
        "minimum": smaller,
        "max": largest,
    }
    return Engine("complex NumPy", _namespace(vars(np), own), float, lambda a: np.asarray(a, dtype=complex), None)


@cache
def digits(precision: int = DIGITS) -> Engine:
    """Arrays of numbers with many decimal digits (mpmath), in a context of their own."""
    import mpmath
    import numpy as np

    context = mpmath.MPContext()
    context.dps = precision

    def number(value: Expr) -> Any:
        if value.is_zero:  # SymPy's own zero becomes an int
            return context.mpf(0)
        return context.make_mpf(value.evalf(precision + 5)._to_mpmath(context.prec)._mpf_)

    def filled(value: int) -> Callable[..., Any]:
        return lambda shape: np.full(shape, context.mpf(value), dtype=object)

    elementary = ("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "sign")
    own: dict[str, Any] = {name: np.frompyfunc(getattr(context, name), 1, 1) for name in elementary}
    own |= {
        "pi": +context.pi,
        "arctan": np.frompyfunc(context.atan, 1, 1),
        "abs": np.frompyfunc(abs, 1, 1),
        "maximum": np.frompyfunc(max, 2, 1),
        "minimum": np.frompyfunc(min, 2, 1),
        "ones": filled(1),
        "zeros": filled(0),
        "zeros_like": lambda a: filled(0)(a.shape),
        "ones_like": lambda a: filled(1)(a.shape),
    }
    convert = np.frompyfunc(context.mpf, 1, 1)

    def array(a: Any) -> Any:
        return convert(np.asarray(a)).astype(object)

    return Engine(f"{precision} digits", _namespace(vars(np), own), number, array, np.frompyfunc(context.erf, 1, 1))


def namespace(own: Mapping[str, Any]) -> Namespace:
    """Return a namespace of an engine's own functions; one that it forgets is a KeyError at once."""
    return Namespace(**{name: own[name] for name in NAMES})


def _namespace(library: Mapping[str, Any], own: Mapping[str, Any]) -> Namespace:
    return namespace({name: own.get(name, library[name]) for name in NAMES})


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({"real": real, "complex": complex_, "digits": digits})
"""One row an engine, by its short name."""
