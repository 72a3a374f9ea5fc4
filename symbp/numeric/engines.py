"""The number systems a program runs on: one frozen namespace, called ``np`` in the program, an engine.

A program's text is the same on all of them. An engine binds ``np`` to its namespace, the error function to
its own, and the constants the text spells as floats to exactly converted SymPy numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache, partial
from types import CodeType, FunctionType, MappingProxyType, SimpleNamespace
from typing import Any

from sympy import Expr

from symbp.errors import RuleNotFoundError
from symbp.numeric.analytic import functions
from symbp.numeric.forms import Line
from symbp.numeric.long import Longs
from symbp.numeric.source import FUNCTION, Program
from symbp.symbols import Adjoint

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
    linalg: Any
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

        ``traced`` makes it return (what it returns anyway, all its local variables): then its lines run one by one.

        Raises:
            RuleNotFoundError: the program needs an error function and this engine has none.
        """
        scope = self._scope(program)
        if traced:
            return _traced(program, scope)
        exec(_compiled(program.function), scope)
        function = scope[FUNCTION]
        assert isinstance(function, FunctionType)
        return function

    def loss(self, program: Program) -> Callable[..., Any]:
        """Return the forward pass of a program, its lines one by one: a function of the same arguments, its loss.

        Raises:
            RuleNotFoundError: as ``run`` does.
        """
        *steps, (_, last, result) = _steps(program, program.lines[: len(program.forward)], self._scope(program))
        freed = list(_last_uses(steps, result))

        def loss(parameters: Mapping[str, Any], x: Any, y: Any = None) -> Any:
            local = _given(program, parameters, x, y)
            for (name, function, operands), dead in zip(steps, freed, strict=True):
                local[name] = function(*[local[each] for each in operands])
                for each in dead:
                    del local[each]
            return last(*[local[each] for each in result])

        return loss

    def _scope(self, program: Program) -> dict[str, Any]:
        scope: dict[str, Any] = {"np": self.np, "math": math}
        exec(_compiled(program.definitions), scope)
        scope.update({name: self.number(value) for name, value in program.constants.items()})
        if program.erf is not None:
            if self.erf is None:
                raise RuleNotFoundError(f"{self.name} has no error function")
            scope[program.erf] = self.erf
        return scope


Step = tuple[str, Callable[..., Any], tuple[str, ...]]
"""A line to run: the name it assigns to, a function, the names of its operands."""


def _traced(program: Program, scope: dict[str, Any]) -> Callable[..., Any]:
    *steps, (_, last, result) = _steps(program, program.lines, scope)
    gradients = [(variable.name, program.names[Adjoint(variable)]) for variable in program.wrt]

    def traced(parameters: Mapping[str, Any], x: Any, y: Any = None) -> Any:
        local = _given(program, parameters, x, y)
        for name, function, operands in steps:
            local[name] = function(*[local[each] for each in operands])
        loss = last(*[local[each] for each in result])
        return (loss, {name: local[own] for name, own in gradients}), local

    return traced


def _steps(program: Program, lines: Sequence[Line], scope: dict[str, Any]) -> list[Step]:
    """Return lines to run, what the program returns as its loss last: a thousand layers are calls of few forms."""
    columns = () if program.columns is None else (program.columns,)
    lines = (*columns, *lines, program.loss)
    forms = list(dict.fromkeys([line.form for line in lines]))
    exec(_compiled("forms = [\n" + "".join([f"{form.function},\n" for form in forms]) + "]"), scope)
    functions = dict(zip(forms, scope["forms"], strict=True))
    return [(line.name, functions[line.form], line.operands) for line in lines]


def _given(program: Program, parameters: Mapping[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """Return what a program is called with by the names it has there."""
    found = {program.names[each]: parameters[each.name] for each in program.parameters}
    for group, given in ((program.inputs, x), (program.targets, y)):
        found |= {program.names[each]: given[each.name] if len(group) > 1 else given for each in group}
    return found


def _last_uses(steps: Sequence[Step], kept: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield behind every step what it is the last to use of what steps before it have made: fresh memory is slow."""
    made = {name for name, _, _ in steps}.difference(kept)
    last = {each: at for at, (_, _, operands) in enumerate(steps) for each in operands if each in made}
    dead: dict[int, list[str]] = {}
    for each, at in last.items():
        dead.setdefault(at, []).append(each)
    return (dead.get(at, []) for at in range(len(steps)))


@lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    """Compile a part of a program, once for all engines."""
    return compile(text, "<symbp>", "exec")


@cache
def real() -> Engine:
    """NumPy itself: what a student runs, sums and maxima without the wrappers, which take longer than a small array."""
    import numpy as np

    erf = np.vectorize(math.erf, otypes=[float])
    bare = {"sum": partial(np.add.reduce, axis=None), "max": partial(np.maximum.reduce, axis=None)}
    return Engine("NumPy", SimpleNamespace(**{**vars(np), **bare, "linalg": _linalg()}), float, np.asarray, erf)


def _linalg() -> SimpleNamespace:
    """NumPy's inverse and determinant; of a singular matrix an inverse that is no number, as 1/0 is none."""
    import numpy as np

    def inverse(a: Any) -> Any:
        try:
            return np.linalg.inv(a)
        except np.linalg.LinAlgError:
            return np.full_like(a, np.nan)

    return SimpleNamespace(inv=inverse, det=np.linalg.det)


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
        "linalg": _linalg(),
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
