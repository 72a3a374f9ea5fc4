"""Unstable spellings of stable functions: 1/(1 + e^−u), log(1 + e^u), (e^u − e^−u)/(e^u + e^−u) …

They overflow or cancel as typed, so they are rewritten before they are differentiated. Bottom-up, one pass,
each rule an identity of real numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Abs, Add, Basic, Expr, Mul, Pow, S, cosh, exp, log, sign, sinh, tanh

from symbp.ops.scalar import absolute, expm1, log_sigmoid, sigmoid, signum, softplus


def stable(expr: Basic) -> Basic:
    """Return the expression in functions that neither overflow nor cancel."""
    if not expr.args:
        return expr
    node = expr.func(*map(stable, expr.args))
    rewrite = RULES.get(node.func)
    return rewrite(node) if rewrite else node


def _exponent_beside_one(expr: Expr) -> Expr | None:
    """Return u of 1 + e^u, else None."""
    if isinstance(expr, Add) and len(expr.args) == 2 and S.One in expr.args:
        other = expr - 1
        return other.args[0] if isinstance(other, exp) else None
    return None


def _stable_sum(expr: Expr) -> Expr:
    """e^u ± e^−u = 2 cosh u or 2 sinh u, and e^u − 1 = expm1(u)."""
    if not isinstance(expr, Add) or len(expr.args) != 2:
        return expr
    (first, left), (second, right) = (term.as_coeff_Mul() for term in expr.as_ordered_terms())
    if S.One in (left, right) and first == -second:
        scale, grown = (first, left) if right is S.One else (second, right)
        return scale * expm1(grown.args[0]) if isinstance(grown, exp) else expr
    if isinstance(left, exp) and isinstance(right, exp) and left.args[0] == -right.args[0]:
        if first == second:
            return 2 * first * cosh(left.args[0])
        if first == -second:
            return 2 * first * sinh(left.args[0])
    return expr


def _stable_power(expr: Expr) -> Expr:
    """1/(1 + e^u) = σ(−u)."""
    if not isinstance(expr, Pow) or not expr.exp.is_negative:
        return expr
    content, base = expr.base.primitive()
    exponent = _exponent_beside_one(base)
    return expr if exponent is None else content**expr.exp * sigmoid(-exponent) ** -expr.exp


def _stable_product(expr: Expr) -> Expr:
    """e^u σ(−u) = σ(u), sinh u/cosh u = tanh u, expm1(u) σ(−u) = tanh(u/2), and x^b/x = x^(b−1)."""
    factors = list(Mul.make_args(expr))
    for first in factors:
        for second in factors:
            merged = None if first is second else _merged(first, second)
            if merged is not None:
                rest = [factor for factor in factors if factor is not first and factor is not second]
                return _stable_product(Mul(merged, *rest))
    return expr


def _merged(first: Expr, second: Expr) -> Expr | None:
    """Return the stable form of a product of two factors, or None where there is none."""
    base, power = second.as_base_exp()
    same, other = first.as_base_exp()
    if same == base and base.free_symbols:
        return base ** (other + power)
    if isinstance(base, sigmoid) and power.is_Integer and power > 0:
        u = -base.args[0]
        if isinstance(first, exp):
            times = first.args[0] / u
            if times.is_Integer and 0 < times <= power:
                return sigmoid(u) ** times * base ** (power - times)
        if first == expm1(u):
            return tanh(u / 2) * base ** (power - 1)
    if isinstance(base, cosh) and power.is_Integer and power < 0 and first == sinh(base.args[0]):
        return tanh(base.args[0]) * base ** (power + 1)
    return None


def _stable_log(expr: Expr) -> Expr:
    """log(1 + e^u) = softplus(u), log σ(u) by its own name."""
    if not isinstance(expr, log):
        return expr
    exponent = _exponent_beside_one(expr.args[0])
    if exponent is not None:
        return softplus(exponent)
    return log_sigmoid(expr.args[0].args[0]) if isinstance(expr.args[0], sigmoid) else expr


RULES: dict[type[Basic], Callable[[Expr], Expr]] = {
    Add: _stable_sum,
    Pow: _stable_power,
    Mul: _stable_product,
    log: _stable_log,
    Abs: lambda expr: absolute(expr.args[0]),
    sign: lambda expr: signum(expr.args[0]),
}
"""What rewrites a node of each type; SymPy may have evaluated it to another by then."""
