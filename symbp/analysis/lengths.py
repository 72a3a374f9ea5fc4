"""Mean-field theory of wide networks: how the length of a signal and the size of its gradient change by a layer.

In a wide layer the entries of z are normal with variance q. With weights of variance σ_w²/n_in and biases of
variance σ_b² the next layer has variance V(q) = σ_w²·E[f(x)²] + σ_b², x ~ N(0, q) (Poole et al. 2016, equation 3),
and the squared norm of the error changes by χ = σ_w²·E[f′(x)²] (Schoenholz et al. 2017, equation 14).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sympy import Expr, Piecewise, Rational, Symbol, limit, nsimplify, simplify

from symbp.analysis.moment import Moment
from symbp.analysis.pieces import Pieces, pieces
from symbp.analysis.quadrature import DivergentError, expectations
from symbp.errors import SpecError
from symbp.ops.elementwise import GenericFunction, ScalarFunction
from symbp.ops.letters import X
from symbp.ops.scalar import Primitive

SMALLEST, LARGEST = 1e-12, 1e8
"""Variances between which a fixed point is looked for; below the smallest it is 0, above the largest there is none."""

STEP = 10.0**0.5
SAME = 1e-12
"""Rates nearer to one than this are one."""

POSITIVE = Symbol("p", positive=True)
TINY = Rational(1, 10**30)


class Kind(StrEnum):
    """What the fixed points of a length map are."""

    POINT = "point"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True)
class FixedPoint:
    """Where lengths settle that start at q = 1: a variance ``q``, every one, or none that is finite.

    ``stable``: lengths nearby return to it.
    """

    kind: Kind
    q: float | None = None
    stable: bool = True

    @property
    def text(self) -> str:
        """The answer in words."""
        if self.kind is Kind.ANY:
            return "any q: every length is kept"
        if self.kind is Kind.NONE:
            return "no finite one: lengths grow without end"
        return f"{self.q:.10g}" + ("" if self.stable else ", but lengths nearby leave it")


@dataclass(frozen=True)
class MeanField:
    """The moments of one activation under a normal variable; ``function`` is a closed one."""

    function: ScalarFunction

    def __post_init__(self) -> None:
        if isinstance(self.function, GenericFunction):
            raise SpecError('the activation is left open: name one with --activation (activation="tanh" in Python)')

    @cached_property
    def value(self) -> Expr:
        """f with its parameters' values."""
        return self.function.expr.xreplace(dict(self.function.parameters))

    @cached_property
    def slope(self) -> Expr:
        """f′ with its parameters' values."""
        return self.function.slopes[0].xreplace(dict(self.function.parameters))

    @cached_property
    def kinks(self) -> tuple[float, ...]:
        """Where the slope jumps, as far as the table says."""
        return tuple(float(each) for each in self.function.kinks)

    @cached_property
    def pieces(self) -> Pieces | None:
        """f as straight pieces, whose moments are known in closed form; None where it is none."""
        return pieces(self.value, X)

    def moments(self, q: float) -> tuple[Moment, Moment, Moment]:
        """Return E[f²], E[f′²] and E[f·f′·x] for x ~ N(0, q).

        Raises:
            DivergentError: one is infinite, or no bound of it is found.
        """
        if self.pieces is not None:
            return self.pieces.moments(q)
        f, s = self.value, self.slope
        return expectations((f**2, s**2, f * s * X), q, self.kinks)  # type: ignore[return-value]

    def square(self, q: float) -> Moment:
        """Return E[f(x)²], x ~ N(0, q); f(0)² at q = 0."""
        return self.moments(q)[0] if q > 0 else Moment(self.origin**2, 0.0)

    def slope_square(self, q: float) -> Moment:
        """Return E[f′(x)²]; at q = 0 its limit, the mean over both sides of a kink."""
        if q > 0:
            return self.moments(q)[1]
        left, right = self.sides
        return Moment((left**2 + right**2) / 2, 0.0)

    def length(self, q: float, sigma_w: float, sigma_b: float = 0.0) -> Moment:
        """Return V(q) = σ_w²·E[f²] + σ_b²: the variance of the next layer's z."""
        found = self.square(q)
        return Moment(sigma_w**2 * found.value + sigma_b**2, sigma_w**2 * found.error)

    def chi(self, q: float, sigma_w: float) -> Moment:
        """Return χ = σ_w²·E[f′²]: what a layer multiplies the mean squared norm of the error by."""
        found = self.slope_square(q)
        return Moment(sigma_w**2 * found.value, sigma_w**2 * found.error)

    def length_slope(self, q: float, sigma_w: float) -> float:
        """Return V′(q) = σ_w²·E[f·f′·x]/q; at q = 0 its limit where f(0) = 0, else that of nearby q."""
        if q > 0:
            return sigma_w**2 * self.moments(q)[2].value / q
        return self.chi(0.0, sigma_w).value if self.origin == 0 else self.length_slope(SMALLEST, sigma_w)

    @cached_property
    def origin(self) -> float:
        """f(0), as a limit."""
        if self.pieces is not None:
            return self.pieces.lines[self.pieces.around_zero[1]][1]
        return float(_limit(self.value.xreplace({X: POSITIVE})))

    @cached_property
    def sides(self) -> tuple[float, float]:
        """The slopes left and right of zero."""
        return tuple(map(float, self.exact_sides))  # type: ignore[return-value]

    @cached_property
    def exact_sides(self) -> tuple[Expr, Expr]:
        """The slopes left and right of zero, exact."""
        if self.pieces is not None:
            at_left, at_right = self.pieces.around_zero
            return self.pieces.slopes[at_left], self.pieces.slopes[at_right]
        return _limit(self.slope.xreplace({X: -POSITIVE})), _limit(self.slope.xreplace({X: POSITIVE}))

    @cached_property
    def rays(self) -> tuple[Expr, Expr] | None:
        """The slopes of a function made of two rays from the origin, such as leaky ReLU; None for any other."""
        return self.exact_sides if self.pieces is not None and self.pieces.is_rays else None

    def fixed_point(self, sigma_w: float, sigma_b: float = 0.0, start: float = 1.0) -> FixedPoint:
        """Return where lengths settle that start at q = ``start``.

        Raises:
            SpecError: a σ that is no finite number of the right sign.
            DivergentError: E[f²] is infinite at the start already.
        """
        require_sigmas(sigma_w, sigma_b)
        if self.rays is not None:
            return self._of_rays(sigma_w, sigma_b)
        rising = self._compare(start, sigma_w, sigma_b) > 0
        bracket = self._upwards(start, sigma_w, sigma_b) if rising else self._downwards(start, sigma_w, sigma_b)
        if bracket is None:
            return FixedPoint(Kind.NONE) if rising else FixedPoint(Kind.POINT, 0.0, self.attracts(sigma_w))
        q = root(lambda q: self.length(q, sigma_w, sigma_b).value / q - 1, *bracket)
        return FixedPoint(Kind.POINT, q, abs(self.length_slope(q, sigma_w)) < 1)

    def attracts(self, sigma_w: float) -> bool:
        """Say whether small lengths shrink to zero: by V at one that is small, but for which knots still count."""
        ends = [] if self.pieces is None else [abs(knot) for knot in self.pieces.ends[1:-1] if knot]
        q = (min(ends) / 4) ** 2 if ends else 1e-3
        return self.length(q, sigma_w).value < q

    def _of_rays(self, sigma_w: float, sigma_b: float) -> FixedPoint:
        """V is a straight line."""
        slope = self.chi(0.0, sigma_w).value
        if abs(slope - 1) <= SAME and sigma_b == 0:
            return FixedPoint(Kind.ANY)
        if slope >= 1 - SAME:
            return FixedPoint(Kind.NONE)
        return FixedPoint(Kind.POINT, sigma_b**2 / (1 - slope))

    def _compare(self, q: float, sigma_w: float, sigma_b: float) -> int:
        """Return the sign of V(q) − q; 0 where the error bound does not tell."""
        found = self.length(q, sigma_w, sigma_b)
        excess = found.value - q
        return 0 if abs(excess) <= found.error else 1 if excess > 0 else -1

    def _upwards(self, q: float, sigma_w: float, sigma_b: float) -> tuple[float, float] | None:
        while q < LARGEST:
            try:
                if self._compare(STEP * q, sigma_w, sigma_b) < 0:
                    return q, STEP * q
            except DivergentError:
                return None
            q *= STEP
        return None

    def _downwards(self, q: float, sigma_w: float, sigma_b: float) -> tuple[float, float] | None:
        while q > SMALLEST:
            if self._compare(q / STEP, sigma_w, sigma_b) > 0:
                return q / STEP, q
            q /= STEP
        return None


def require_sigmas(sigma_w: float, sigma_b: float) -> None:
    """Refuse what are no standard deviations.

    Raises:
        SpecError: negative, zero for the weights, or not finite.
    """
    if not (0 < sigma_w < math.inf):
        raise SpecError(f"sigma_w is {sigma_w!r}: a standard deviation of weights is a positive number")
    if not (0 <= sigma_b < math.inf):
        raise SpecError(f"sigma_b is {sigma_b!r}: a standard deviation of biases is a number from 0 on")


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return a zero between two positive numbers where the function changes its sign, to about 1e-15 of it.

    The secant through the ends of the bracket in logarithms, the middle where that is slow (Illinois).
    """
    a, b = math.log(low), math.log(high)
    at_a, at_b = function(low), function(high)
    kept = 0
    for step in range(200):
        if at_a == 0 or at_b == 0 or abs(b - a) < 4e-16:
            break
        middle = (a + b) / 2 if step % 3 == 2 else b - at_b * (b - a) / (at_b - at_a)
        if not min(a, b) < middle < max(a, b):
            break
        at = function(math.exp(middle))
        if (at > 0) == (at_b > 0):
            b, at_b, at_a, kept = middle, at, at_a / 2 if kept == 1 else at_a, 1
        else:
            a, at_a, at_b, kept = middle, at, at_b / 2 if kept == -1 else at_b, -1
    return math.exp(a if abs(at_a) < abs(at_b) else b)


def _limit(expr: Expr) -> Expr:
    """Return the limit where ``POSITIVE`` goes to zero; what SymPy fails at is a number to 12 digits."""
    textbook = _textbook(expr)
    try:
        return limit(textbook, POSITIVE, 0, "+")
    except (NotImplementedError, TypeError, ValueError):
        return nsimplify(textbook.subs(POSITIVE, TINY).evalf(20), rational=True, tolerance=1e-12)


def _textbook(expr: Expr) -> Expr:
    """Write our own functions by SymPy's, which know limits and signs."""
    primitive = lambda node: isinstance(node, Primitive)  # noqa: E731 - one use, a name says nothing more
    while expr.has(Primitive):
        expr = expr.replace(primitive, lambda node: node.definition())
    return simplify(expr) if expr.has(Piecewise) else expr
