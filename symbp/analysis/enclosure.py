"""Enclosing a scalar function of one variable on intervals, and on ellipses around them in the complex plane.

Every expression symbp accepts is real on the real axis, so its values around an interval lie in a rectangle that
is symmetric about that axis. What |Im| adds is bounded by the mean value theorem: |f(x + iy) − f(x)| ≤ |y|·sup|f′|.
Rounding is not tracked; it is far below what these bounds are used for (``quadrature.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import (
    Abs,
    Add,
    Expr,
    Mul,
    Piecewise,
    Pow,
    S,
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
)

from symbp.analysis.rectangles import (
    Image,
    Steepest,
    atan_steepest,
    cosh_image,
    distances,
    erf_image,
    erf_steepest,
    exp_steepest,
    hyperbolic_steepest,
    increasing,
    log_image,
    log_steepest,
    oscillating,
    sine_steepest,
    softplus_image,
    softplus_steepest,
    tanh_steepest,
)
from symbp.errors import SpecError
from symbp.ops.scalar import absolute, expm1, log_sigmoid, maximum, minimum, relu, sigmoid, signum, softplus, step


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Where a function's values lie: arrays, one entry an interval (a row of them for several ellipses).

    On the interval itself f is in [low, high]. On the ellipse the analytic continuation of f from the interval has
    its real part in [left, right] and |Im f| ≤ side; ``side`` is infinite where f is not analytic there.
    """

    low: Any
    high: Any
    left: Any
    right: Any
    side: Any

    @classmethod
    def constant(cls, value: float) -> Enclosure:
        """Return the enclosure of a number."""
        return cls(value, value, value, value, 0.0)

    @classmethod
    def points(cls, x: Any) -> Enclosure:
        """Return intervals of length zero: enclosing evaluates."""
        return cls(x, x, x, x, 0.0)

    @property
    def is_points(self) -> bool:
        """Whether the intervals are known to be points, of which one number says everything."""
        return self.low is self.right

    @property
    def size(self) -> Any:
        """A bound of |f| on the ellipse; infinite where there is none."""
        import numpy as np

        found = np.hypot(np.maximum(np.abs(self.left), np.abs(self.right)), self.side)
        return np.where(np.isnan(found), np.inf, found)

    @property
    def spread(self) -> Any:
        """How far apart values on the interval may be."""
        import numpy as np

        found = np.asarray(self.high - self.low)
        return np.where(np.isnan(found), np.inf, found)


def enclose(expr: Expr, variable: Symbol, x: Enclosure, known: dict[Expr, Enclosure] | None = None) -> Enclosure:
    """Return the enclosure of an expression in one variable; ``known`` keeps parts that expressions share.

    Raises:
        SpecError: a function without a rule here.
    """
    found: dict[Expr, Enclosure] = {} if known is None else known
    found[variable] = x
    return _enclose(expr, found)


def _enclose(expr: Expr, known: dict[Expr, Enclosure]) -> Enclosure:
    if expr not in known:
        known[expr] = _built(expr, known)
    return known[expr]


def _built(expr: Expr, known: dict[Expr, Enclosure]) -> Enclosure:
    if not expr.free_symbols:
        return Enclosure.constant(float(expr))
    if isinstance(expr, Pow):
        return _power(_enclose(expr.base, known), expr, known)
    if isinstance(expr, Piecewise):
        return _cases(expr, known)
    rule = RULES.get(expr.func)
    if rule is None:
        raise SpecError(f"no bound is known for the function {expr.func.__name__}")
    return rule(*(_enclose(argument, known) for argument in expr.args))


def _sum(*terms: Enclosure) -> Enclosure:
    if all(each.is_points for each in terms):
        return Enclosure.points(sum(each.low for each in terms))
    return Enclosure(
        sum(each.low for each in terms),
        sum(each.high for each in terms),
        sum(each.left for each in terms),
        sum(each.right for each in terms),
        sum(each.side for each in terms),
    )


def _product(*factors: Enclosure) -> Enclosure:
    whole, *rest = factors
    for each in rest:
        whole = _times(whole, each)
    return whole


def _times(u: Enclosure, v: Enclosure) -> Enclosure:
    import numpy as np

    if u.is_points and v.is_points:
        return Enclosure.points(_zero_times(u.low, v.low))
    low, high = _interval_product(u.low, u.high, v.low, v.high)
    left, right = _interval_product(u.left, u.right, v.left, v.right)
    both = _zero_times(u.side, v.side)
    reach_u = np.maximum(np.abs(u.left), np.abs(u.right))
    reach_v = np.maximum(np.abs(v.left), np.abs(v.right))
    return Enclosure(low, high, left - both, right + both, _zero_times(u.side, reach_v) + _zero_times(v.side, reach_u))


def _interval_product(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any]:
    import numpy as np

    w, x, y, z = _zero_times(a, c), _zero_times(a, d), _zero_times(b, c), _zero_times(b, d)
    least, most = np.minimum(np.minimum(w, x), np.minimum(y, z)), np.maximum(np.maximum(w, x), np.maximum(y, z))
    return least, most


def _zero_times(a: Any, b: Any) -> Any:
    """Return a·b with 0·∞ = 0: a bound of zero stays one."""
    import numpy as np

    found = np.multiply(a, b)
    if not np.isnan(found).any():
        return found
    return np.where((np.asarray(a) == 0) | (np.asarray(b) == 0), 0.0, found)


def negative(u: Enclosure) -> Enclosure:
    """Return the enclosure of −f."""
    if u.is_points:
        return Enclosure.points(-u.low)
    return Enclosure(-u.high, -u.low, -u.right, -u.left, u.side)


def square(u: Enclosure) -> Enclosure:
    """Return the enclosure of f²: tighter than f·f."""
    low, high = _square_image(u.low, u.high)
    left, right = _square_image(u.left, u.right)
    import numpy as np

    return Enclosure(low, high, left - u.side**2, right, 2 * _zero_times(u.side, np.sqrt(right)))


def _square_image(low: Any, high: Any) -> tuple[Any, Any]:
    import numpy as np

    nearest, farthest = distances(low, high)
    return nearest**2, np.square(farthest)


def _whole_power(u: Enclosure, exponent: int) -> Enclosure:
    if exponent == 1:
        return u
    half = square(_whole_power(u, exponent // 2))
    return _times(half, u) if exponent % 2 else half


def _power(base: Enclosure, expr: Expr, known: dict[Expr, Enclosure]) -> Enclosure:
    """Return the enclosure of base^exponent: whole powers by products, others through positive bases."""
    exponent = expr.exp
    if exponent.is_Integer:
        found = _whole_power(base, abs(int(exponent)))
        return found if exponent > 0 else _reciprocal(found)
    if not exponent.free_symbols:
        return _root(base, float(exponent))
    return _smooth(_times(_enclose(exponent, known), Enclosure.constant(math.log(float(expr.base)))), *_EXP)


def _reciprocal(u: Enclosure) -> Enclosure:
    import numpy as np

    def image(low: Any, high: Any) -> tuple[Any, Any]:
        crosses = (np.asarray(low) < 0) & (np.asarray(high) > 0) | (np.asarray(low) == 0) & (np.asarray(high) == 0)
        above = np.where(np.asarray(high) == 0, -0.0, high)
        return np.where(crosses, -np.inf, 1 / above), np.where(crosses, np.inf, 1 / (np.asarray(low) + 0.0))

    return _smooth(u, image, lambda left, right, side: 1 / distances(left, right)[0] ** 2)


def _root(u: Enclosure, p: float) -> Enclosure:
    import numpy as np

    def image(low: Any, high: Any) -> tuple[Any, Any]:
        ends = np.power(np.maximum(low, 0.0), p), np.power(np.maximum(high, 0.0), p)
        return ends if p > 0 else ends[::-1]

    def steepest(left: Any, right: Any, side: Any) -> Any:
        nearest = np.maximum(left, 0.0)
        reach = nearest if p < 1 else np.hypot(right, side)
        return np.where(np.asarray(left) > 0, abs(p) * np.power(reach, p - 1), np.inf)

    return _smooth(u, image, steepest)


def _smooth(u: Enclosure, image: Image, steepest: Steepest) -> Enclosure:
    """Return the enclosure of f(u) from f's image of real intervals and a bound of |f′| on rectangles."""
    import numpy as np

    low, high = image(u.low, u.high)
    if u.is_points:
        return Enclosure.points(low)
    left, right = image(u.left, u.right)
    slope = steepest(u.left, u.right, u.side)
    side = np.where(np.asarray(u.side) == 0, 0.0, u.side * np.where(np.isnan(slope), np.inf, slope))
    return Enclosure(low, high, left - side, right + side, side)


_EXP = (increasing("exp"), exp_steepest)
_TANH = (increasing("tanh"), tanh_steepest)
_SOFTPLUS = (softplus_image, softplus_steepest)
ZERO = Enclosure.constant(0.0)
ONE = Enclosure.constant(1.0)
HALF = Enclosure.constant(0.5)


def _sigmoid(u: Enclosure) -> Enclosure:
    return _times(HALF, _sum(ONE, _smooth(_times(HALF, u), *_TANH)))


def choose(above: Any, below: Any, first: Enclosure, second: Enclosure) -> Enclosure:
    """Return the one function where ``above`` holds on the whole interval, the other where ``below`` does.

    Between them: the hull on the interval, and nothing is analytic.
    """
    import numpy as np

    if first.is_points and second.is_points and np.logical_or(above, below).all():
        return Enclosure.points(np.where(above, first.low, second.low))

    def pick(a: Any, b: Any, otherwise: Any) -> Any:
        return np.where(above, a, np.where(below, b, otherwise))

    return Enclosure(
        pick(first.low, second.low, np.minimum(first.low, second.low)),
        pick(first.high, second.high, np.maximum(first.high, second.high)),
        pick(first.left, second.left, -np.inf),
        pick(first.right, second.right, np.inf),
        pick(first.side, second.side, np.inf),
    )


def _by_sign(u: Enclosure, first: Enclosure, second: Enclosure) -> Enclosure:
    import numpy as np

    return choose(np.asarray(u.low) >= 0, np.asarray(u.high) <= 0, first, second)


def _jump(u: Enclosure, above: Enclosure, below: Enclosure, between: Enclosure) -> Enclosure:
    """Return one constant by the sign of u, another where u is zero all along."""
    import numpy as np

    flat = np.logical_and(np.equal(u.low, 0), np.equal(u.high, 0))
    return choose(flat, ~flat, between, _by_sign(u, above, below))


def _cases(expr: Piecewise, known: dict[Expr, Enclosure]) -> Enclosure:
    *cases, (otherwise, last) = expr.args
    if last is not S.true:
        raise SpecError("a function by cases needs a last case for all other values")
    found = _enclose(otherwise, known)
    for value, condition in reversed(cases):
        difference = _enclose(condition.lhs - condition.rhs, known)
        side = difference if condition.rel_op in (">", ">=") else negative(difference)
        found = _by_sign(side, _enclose(value, known), found)
    return found


RULES: Mapping[Any, Callable[..., Enclosure]] = {
    Add: _sum,
    Mul: _product,
    exp: lambda u: _smooth(u, *_EXP),
    expm1: lambda u: _smooth(u, increasing("expm1"), exp_steepest),
    log: lambda u: _smooth(u, log_image, log_steepest),
    sin: lambda u: _smooth(u, oscillating("sin"), sine_steepest),
    cos: lambda u: _smooth(u, oscillating("cos"), sine_steepest),
    tan: lambda u: _times(RULES[sin](u), _reciprocal(RULES[cos](u))),
    sinh: lambda u: _smooth(u, increasing("sinh"), hyperbolic_steepest),
    cosh: lambda u: _smooth(u, cosh_image, hyperbolic_steepest),
    tanh: lambda u: _smooth(u, *_TANH),
    atan: lambda u: _smooth(u, increasing("arctan"), atan_steepest),
    erf: lambda u: _smooth(u, erf_image, erf_steepest),
    sigmoid: _sigmoid,
    softplus: lambda u: _smooth(u, *_SOFTPLUS),
    log_sigmoid: lambda u: negative(_smooth(negative(u), *_SOFTPLUS)),
    relu: lambda u: _by_sign(u, u, ZERO),
    step: lambda u: _jump(u, ONE, ZERO, ZERO),
    absolute: lambda u: _by_sign(u, u, negative(u)),
    Abs: lambda u: _by_sign(u, u, negative(u)),
    signum: lambda u: _jump(u, ONE, negative(ONE), ZERO),
    sign: lambda u: _jump(u, ONE, negative(ONE), ZERO),
    maximum: lambda u, v: _by_sign(_sum(u, negative(v)), u, v),
    minimum: lambda u, v: _by_sign(_sum(u, negative(v)), v, u),
}
"""One rule a function of the expressions users may write; powers and cases are above."""
