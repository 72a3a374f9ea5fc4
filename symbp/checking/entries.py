"""Runs the entry forms of operations on numbers: an evaluator of its own, which knows no meaning and no writer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import numpy as np
from sympy import (
    Abs,
    Basic,
    Indexed,
    Integral,
    Max,
    Min,
    Number,
    Piecewise,
    Pow,
    Sum,
    Symbol,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)  # fmt: skip
from sympy.core.numbers import Exp1, Pi
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, BooleanFalse, BooleanTrue

from symbp.op import Entry, Op
from symbp.ops.entries import Largest, Total
from symbp.ops.scalar import Primitive

NUMPY: dict[type, Callable[..., Any]] = {
    exp: np.exp, log: np.log, cos: np.cos, sin: np.sin, tan: np.tan, tanh: np.tanh, cosh: np.cosh, sinh: np.sinh,
    atan: np.arctan, Abs: lambda x: x if np.real(x) >= 0 else -x, sign: lambda x: np.sign(np.real(x)),
    Max: lambda *xs: max(xs, key=np.real), Min: lambda *xs: min(xs, key=np.real), erf: lambda x: float(erf(float(x))),
}  # fmt: skip

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class Evaluator:
    """Values of expressions: ``known`` numbers by symbol, ``arrays`` by name, ``ranges`` of the indices."""

    def __init__(self, known: Mapping[Any, Any], arrays: Mapping[str, Any], ranges: Mapping[Any, int], first: int = 1):
        self.known, self.arrays, self.ranges, self.first = dict(known), arrays, ranges, first

    def value(self, expr: Basic) -> Any:
        """Return what an expression is here: a number, exact where it is one."""
        if isinstance(expr, Symbol):
            return self.known[expr]
        if expr.is_Integer:
            return int(expr)
        if isinstance(expr, Number):
            return Fraction(int(expr.p), int(expr.q)) if expr.is_Rational else float(expr)
        if isinstance(expr, Exp1 | Pi):
            return float(expr)
        if isinstance(expr, Indexed):
            return self.entry(expr)
        if isinstance(expr, Total | Largest | Sum):
            return self.over(expr)
        if isinstance(expr, Piecewise):
            return next(self.value(value) for value, condition in expr.args if self.value(condition))
        if isinstance(expr, BooleanTrue | BooleanFalse):
            return bool(expr)
        if isinstance(expr, And):
            return all(self.value(each) for each in expr.args)
        if isinstance(expr, Relational):
            return ORDERS[expr.rel_op](np.real(self.value(expr.lhs)), np.real(self.value(expr.rhs)))
        if isinstance(expr, Integral):
            ((letter, low, high),) = expr.limits
            ends = [float(self.value(each)) for each in (low, high)]
            return float(mpmath.quad(lambda x: self.at(letter, float(x), expr.function), ends))
        if isinstance(expr, Primitive):
            return self.value(expr.definition())
        if isinstance(expr, Pow):
            return _number(self.value(expr.base)) ** _number(self.value(expr.exp))
        if expr.is_Add or expr.is_Mul:
            return (sum if expr.is_Add else math.prod)(map(self.value, expr.args))
        return NUMPY[type(expr)](*(_number(self.value(each)) for each in expr.args))

    def at(self, letter: Any, number: float, expr: Basic) -> Any:
        """The value where a letter has another number."""
        return Evaluator({**self.known, letter: number}, self.arrays, self.ranges, self.first).value(expr)

    def entry(self, expr: Indexed) -> Any:
        """Return an entry of an array; outside it is 0."""
        array = self.arrays[str(expr.base)]
        places = [self.place(each) for each in expr.indices]
        inside = all(at.denominator == 1 and 0 <= at < size for at, size in zip(places, array.shape, strict=True))
        return array[tuple(map(int, places))] if inside else 0.0

    def place(self, expr: Basic) -> Fraction:
        """Return an index, counted from 0."""
        return Fraction(self.value(expr)) - self.first

    def over(self, expr: Any) -> Any:
        """Return the sum or the largest over all values of its indices."""
        kept, found = dict(self.known), []
        if isinstance(expr, Sum):
            ((letter, low, high),) = expr.limits
            term, letters = expr.function, (letter,)
            places = [range(int(self.value(low)), int(self.value(high)) + 1)]
        else:
            term, letters = expr.term, expr.indices
            places = [range(self.first, self.first + self.ranges[each]) for each in letters]
        for each in product(*places):
            self.known |= dict(zip(letters, each, strict=True))
            found.append(self.value(term))
        self.known = kept
        return max(found, key=np.real) if isinstance(expr, Largest) else sum(found)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def computed(node: Op, form: Entry, values: list[Any]) -> Any:
    """What an operation makes of matrices by its entry form, as a matrix."""
    arrays = {
        str(letter): value.reshape(tuple(map(int, sizes)))
        for (letter, sizes), value in zip(form.operands, values, strict=True)
    }
    ranges = {letter: int(size) for letter, size in form.ranges.items()}
    found = np.full(tuple(map(int, form.sizes)), np.nan)
    for at, value in form.parts:
        letters = [each for each in ranges if any(each in index.free_symbols for index in at)]
        for place in product(*(range(form.first, form.first + ranges[each]) for each in letters)):
            evaluator = Evaluator(dict(zip(letters, place, strict=True)), arrays, ranges, form.first)
            for letter, number in (*form.counts, *form.numbers, *form.where):
                evaluator.known[letter] = evaluator.value(number)
            where = tuple(int(evaluator.place(each)) for each in at)
            found[where] = evaluator.value(value)
    return found.reshape(tuple(map(int, node.shape)))
