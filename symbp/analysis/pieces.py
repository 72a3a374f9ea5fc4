"""Functions made of straight pieces, such as ReLU or min(max(x, −1), 1): found in an expression, with their moments.

The moments of such a function under x ~ N(0, q) are sums of Φ and φ at its knots. What two correlated normal
variables have in common under it is in ``pairs.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

from sympy import Abs, Add, Expr, Mul, Piecewise, Pow, S, Symbol, sign

from symbp.analysis.moment import Moment
from symbp.ops.scalar import absolute, maximum, minimum, relu, signum, step

MOST = 64
"""Knots of a function of straight pieces; one with more is treated as any other function."""

ROUNDING = 8 * 2.0**-52
"""What rounding takes from a sum of products, by the sum of their sizes."""


@dataclass(frozen=True)
class Pieces:
    """``slopes[i]``·x + ``offsets[i]`` between the knots i − 1 and i, exact numbers; it may jump at a knot."""

    knots: tuple[Expr, ...]
    slopes: tuple[Expr, ...]
    offsets: tuple[Expr, ...]

    @cached_property
    def lines(self) -> tuple[tuple[float, float], ...]:
        """Slope and offset of every piece."""
        return tuple((float(a), float(b)) for a, b in zip(self.slopes, self.offsets, strict=True))

    @cached_property
    def ends(self) -> tuple[float, ...]:
        """The knots as floats, with −∞ and ∞ around them."""
        return (-math.inf, *map(float, self.knots), math.inf)

    @property
    def is_rays(self) -> bool:
        """Whether it is made of two rays from the origin."""
        return not any(self.knots) and not any(self.offsets)

    @property
    def around_zero(self) -> tuple[int, int]:
        """The pieces left and right of zero."""
        left = sum(knot < 0 for knot in self.ends[1:-1])
        return left, left + (0.0 in self.ends)

    @property
    def crossings(self) -> list[Expr]:
        """Where it crosses zero between knots."""
        spans = zip(pairwise(self.ends), self.slopes, self.offsets, strict=True)
        return [-b / a for (low, high), a, b in spans if a != 0 and low < float(-b / a) < high]

    def moments(self, q: float) -> tuple[Moment, Moment, Moment]:
        """Return E[f²], E[f′²] and E[f·f′·x] for x ~ N(0, q), q > 0."""
        scale = math.sqrt(q)
        terms: tuple[list[float], list[float], list[float]] = ([], [], [])
        for (low, high), (a, b) in zip(pairwise(end / scale for end in self.ends), self.lines, strict=True):
            mass, first, second = _truncated(low, high)
            terms[0].extend(each * b * b for each in mass)
            terms[0].extend(each * 2 * a * b * scale for each in first)
            terms[0].extend(each * a * a * q for each in second)
            terms[1].extend(each * a * a for each in mass)
            terms[2].extend(each * a * b * scale for each in first)
            terms[2].extend(each * a * a * q for each in second)
        squares, slopes, both = (Moment(math.fsum(part), ROUNDING * math.fsum(map(abs, part))) for part in terms)
        return squares, slopes, both


def _truncated(low: float, high: float) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return E[1], E[z] and E[z²] between two numbers for z ~ N(0, 1), each as the terms of a sum."""
    below, above = density(low), density(high)
    mass = (normal(low, high),)
    return mass, (below, -above), (*mass, low * below if below else 0.0, -high * above if above else 0.0)


def density(z: float) -> float:
    """Return φ(z)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal(low: float, high: float) -> float:
    """Return P(low < z < high) for z ~ N(0, 1), small ones to full precision."""
    root = math.sqrt(2)
    if low > 0:
        return (math.erfc(low / root) - math.erfc(high / root)) / 2
    if high < 0:
        return (math.erfc(-high / root) - math.erfc(-low / root)) / 2
    return (math.erf(high / root) - math.erf(low / root)) / 2


@cache
def pieces(expr: Expr, x: Symbol) -> Pieces | None:
    """Return an expression in x as straight pieces; None where it is none, or no rule here finds them."""
    if not expr.free_symbols:
        return Pieces((), (S.Zero,), (expr,)) if expr.is_finite else None
    if expr == x:
        return Pieces((), (S.One,), (S.Zero,))
    if isinstance(expr, Piecewise):
        return _cases(expr, x)
    rule = RULES.get(expr.func)
    arguments = [pieces(each, x) for each in expr.args] if rule is not None else []
    if rule is None or any(each is None for each in arguments):
        return None
    found = rule(*arguments)
    return None if found is None or len(found.knots) > MOST else found


def _aligned(parts: tuple[Pieces, ...]) -> tuple[list[Expr], list[list[tuple[Expr, Expr]]]]:
    """Return the knots of all functions, and for every interval the slope and offset of each."""
    knots = {float(knot): knot for each in parts for knot in each.knots}
    ordered = [knots[key] for key in sorted(knots)]
    inside = [_between(low, high) for low, high in pairwise((None, *ordered, None))]
    return ordered, [[_line(each, float(place)) for each in parts] for place in inside]


def _between(low: Expr | None, high: Expr | None) -> Expr:
    if low is None:
        return S.Zero if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def _line(part: Pieces, place: float) -> tuple[Expr, Expr]:
    at = sum(knot < place for knot in part.ends[1:-1])
    return part.slopes[at], part.offsets[at]


def _joined(knots: list[Expr], lines: list[tuple[Expr, Expr]]) -> Pieces:
    """Return the pieces, those joined that lie on one line."""
    kept: list[Expr] = []
    found = lines[:1]
    for knot, line in zip(knots, lines[1:], strict=True):
        if line != found[-1]:
            kept.append(knot)
            found.append(line)
    slopes, offsets = zip(*found, strict=True)
    return Pieces(tuple(kept), slopes, offsets)


def _sum(*parts: Pieces) -> Pieces:
    knots, lines = _aligned(parts)
    return _joined(knots, [(Add(*(a for a, _ in each)), Add(*(b for _, b in each))) for each in lines])


def _product(*parts: Pieces) -> Pieces | None:
    """Products stay straight where at most one factor has a slope, or another one is zero."""
    knots, lines = _aligned(parts)
    found: list[tuple[Expr, Expr]] = []
    for each in lines:
        factor = Mul(*(b for a, b in each if a == 0))
        sloped = [line for line in each if line[0] != 0] if factor != 0 else []
        if len(sloped) > 1:
            return None
        found.append((factor * sloped[0][0], factor * sloped[0][1]) if sloped else (S.Zero, factor))
    return _joined(knots, found)


def _power(base: Pieces, exponent: Pieces) -> Pieces | None:
    """Return the power of a function that is constant piece by piece."""
    if exponent.knots or exponent.slopes[0] or any(base.slopes):
        return base if (exponent.knots, exponent.offsets) == ((), (S.One,)) else None
    values = [value ** exponent.offsets[0] for value in base.offsets]
    return _joined(list(base.knots), [(S.Zero, each) for each in values]) if all(v.is_finite for v in values) else None


def _by_sign(of: Pieces, above: Pieces, below: Pieces) -> Pieces:
    """Return one function where another is positive, a second one where it is negative."""
    crossings = of.crossings
    cut = Pieces(tuple(crossings), (S.Zero,) * (len(crossings) + 1), (S.Zero,) * (len(crossings) + 1))
    knots, lines = _aligned((of, above, below, cut))
    inside = [_between(low, high) for low, high in pairwise((None, *knots, None))]
    chosen = [up if a * place + b > 0 else down for place, ((a, b), up, down, _) in zip(inside, lines, strict=True)]
    return _joined(knots, chosen)


def _cases(expr: Piecewise, x: Symbol) -> Pieces | None:
    *cases, (otherwise, last) = expr.args
    found = pieces(otherwise, x) if last is S.true else None
    for value, condition in reversed(cases):
        side = pieces(condition.lhs - condition.rhs, x) if condition.is_Relational else None
        here = pieces(value, x)
        if found is None or side is None or here is None or condition.rel_op not in ("<", "<=", ">", ">="):
            return None
        turned = side if condition.rel_op in (">", "<=") else _negative(side)
        found = _by_sign(turned, here, found) if condition.rel_op in ("<", ">") else _by_sign(turned, found, here)
    return found


def _negative(part: Pieces) -> Pieces:
    return Pieces(part.knots, *(tuple(-each for each in row) for row in (part.slopes, part.offsets)))


def _constant(value: int) -> Pieces:
    return Pieces((), (S.Zero,), (S(value),))


def _larger(u: Pieces, v: Pieces) -> Pieces:
    return _by_sign(_sum(u, _negative(v)), u, v)


def _smaller(u: Pieces, v: Pieces) -> Pieces:
    return _by_sign(_sum(u, _negative(v)), v, u)


def _size(u: Pieces) -> Pieces:
    return _by_sign(u, u, _negative(u))


def _positive(u: Pieces) -> Pieces:
    return _by_sign(u, _constant(1), _constant(0))


def _sign(u: Pieces) -> Pieces:
    return _sum(_positive(u), _negative(_positive(_negative(u))))


RULES: Mapping[Any, Callable[..., Pieces | None]] = {
    Add: _sum,
    Mul: _product,
    Pow: _power,
    relu: lambda u: _by_sign(u, u, _constant(0)),
    step: _positive,
    absolute: _size,
    Abs: _size,
    signum: _sign,
    sign: _sign,
    maximum: _larger,
    minimum: _smaller,
}
"""One rule a function that keeps pieces straight; what happens at a knot alone has no weight."""
