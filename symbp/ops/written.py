"""How people write a scalar expression: the order of terms and factors, quotients, roots and decimals.

Shared by every printer, so that the report and the generated program show the same formula.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, Function, Integer, Mul, Pow, Rational, S, Symbol, pi

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
"""How tightly a piece of text binds; a negated one counts as a sum."""

FINEST_FRACTION = 50
"""From this denominator on a terminating decimal reads better: 1.702, but 3/2."""

MOST_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Code:
    """Text of an expression and how tightly it binds: ``SUM``, ``PRODUCT``, ``POWER`` or ``ATOM``."""

    text: str
    precedence: int = ATOM

    def __str__(self) -> str:
        return self.text

    def within(self, precedence: int) -> str:
        """Return the text, in parentheses where it binds more loosely than ``precedence``."""
        return self.text if self.precedence >= precedence else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Quotient:
    """±coefficient · over / under, factors in reading order; the coefficient is a positive rational."""

    negative: bool
    coefficient: Rational
    over: tuple[Expr, ...]
    under: tuple[Expr, ...]


def terms(expr: Expr) -> list[tuple[bool, Expr]]:
    """Return the terms of a sum as (is subtracted, term without its sign), a positive one first if there is one."""
    found = [_signed(term) for term in expr.as_ordered_terms()]
    if expr.has(Function):
        found.sort(key=lambda term: not term[1].is_number)
    first = next((index for index, (negative, _) in enumerate(found) if not negative), 0)
    return [found[first], *found[:first], *found[first + 1 :]]


def _signed(term: Expr) -> tuple[bool, Expr]:
    negative = bool(term.as_coeff_Mul()[0].is_negative)
    return negative, -term if negative else term


def quotient(expr: Expr) -> Quotient:
    """Split a product into sign, rational coefficient, numerator and denominator."""
    coefficient, rest = expr.as_coeff_Mul()
    radicand, factors = _roots(rest)
    magnitude, root, inverse_root = _root(abs(coefficient), radicand)
    over = [factor for factor in factors if not _is_inverse(factor)]
    under = [1 / factor for factor in factors if _is_inverse(factor)]
    return Quotient(
        bool(coefficient.is_negative),
        magnitude,
        tuple(sorted([*root, *over], key=_rank)),
        tuple(sorted([*inverse_root, *under], key=_rank)),
    )


def _is_inverse(factor: Expr) -> bool:
    return isinstance(factor, Pow) and bool(factor.exp.as_coeff_Mul()[0].is_negative)


def _roots(product: Expr) -> tuple[Expr, list[Expr]]:
    """Multiply √2, 1/√π and the like into one radicand; return it and the other factors."""
    radicand, others = S.One, []
    for factor in Mul.make_args(product):
        if isinstance(factor, Pow) and abs(factor.exp) == S.Half and (factor.base.is_Rational or factor.base == pi):
            radicand *= factor**2
        elif factor is not S.One:
            others.append(factor)
    return radicand, sorted(others, key=lambda factor: factor.sort_key())


def _root(coefficient: Rational, radicand: Expr) -> tuple[Rational, list[Expr], list[Expr]]:
    """Place √radicand above or below the line, taking 1/2·√(2/π) for 1/√(2π)."""
    squared = coefficient**2 * radicand
    if coefficient.q > 1 and radicand.as_coeff_Mul()[0] != 1 and squared.as_coeff_Mul()[0].p == 1:
        coefficient, radicand = S.One, squared
    above, below = radicand.as_numer_denom()
    if above is S.One:
        return coefficient, [], [Pow(below, S.Half, evaluate=False)] * (below is not S.One)
    return coefficient, [Pow(radicand, S.Half, evaluate=False)], []


def _rank(factor: Expr) -> int:
    """Constants, symbols, functions, sums: x·σ(x)·(1 − σ(x))."""
    base = factor.base if isinstance(factor, Pow) else factor
    if factor.is_number:
        return 0
    kinds = (Symbol, Function, Add)
    return next((rank for rank, kind in enumerate(kinds, 1) if isinstance(base, kind)), 2)


def decimal(value: Rational) -> tuple[Integer, Integer] | None:
    """Return digits and power of ten of a number that reads best as a decimal, (1702, 1000) for 851/500."""
    if value.q < FINEST_FRACTION:
        return None
    power = next((10**places for places in range(2, MOST_DECIMALS + 1) if 10**places % value.q == 0), None)
    return None if power is None else (value.p * (power // value.q), Integer(power))


def decimal_text(value: Rational) -> str | None:
    """Return ``0.044715`` for a number that reads best as a decimal, else None."""
    found = decimal(value)
    if found is None:
        return None
    digits, power = abs(int(found[0])), int(found[1])
    places = len(str(power)) - 1
    sign = "-" if value < 0 else ""
    return f"{sign}{digits // power}.{digits % power:0{places}d}"
