"""Where the well-known initialisations come from: each derived step by step, every right side computed by SymPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from sympy import (
    Eq,
    Expr,
    Function,
    Integer,
    Integral,
    Limit,
    Sum,
    Symbol,
    exp,
    expand,
    expand_func,
    oo,
    pi,
    simplify,
    solve,
    sqrt,
    symbols,
)

DIGITS = 40
"""Digits of constants that have no short form."""

X = Symbol("x", real=True)
Q, S, V = symbols("q s v", positive=True)
N_IN, N_OUT, N = symbols("n_in n_out n", positive=True, integer=True)
ALPHA, LAMBDA, A = symbols("alpha lamda a", positive=True)
DENSITY = exp(-(X**2) / (2 * Q)) / sqrt(2 * pi * Q)
"""Of N(0, q)."""


@dataclass(frozen=True)
class Derivation:
    """A derivation: the equation that each of its steps gives, and those that are its result."""

    steps: tuple[Eq, ...]
    result: tuple[Eq, ...]


def equal(left: Expr, right: Expr) -> Eq:
    """Return left = right as it stands."""
    return Eq(left, right, evaluate=False)


def computed(integrand: Expr, low: Expr, high: Expr) -> Eq:
    """Return an integral over x and what SymPy computes for it."""
    whole = Integral(integrand, (X, low, high))
    return equal(whole, simplify(expand_func(whole.doit())))


def xavier() -> Derivation:
    """Glorot and Bengio 2010, section 4.2.1."""
    i = Symbol("i", integer=True)
    forward = Sum(V * S, (i, 1, N_IN))
    backward = Sum(V * S, (i, 1, N_OUT))
    one, other = solve(Eq(forward.doit(), S), V)[0], solve(Eq(backward.doit(), S), V)[0]
    both = Eq(1 / one * V + 1 / other * V, 2)
    variance = solve(both, V)[0]
    uniform = Integral(X**2 / (2 * A), (X, -A, A))
    bound = solve(Eq(uniform.doit(), variance), A)[0]
    return Derivation(
        (
            equal(forward, forward.doit()),
            equal(V, one),
            equal(backward, backward.doit()),
            equal(V, other),
            equal(both.lhs, both.rhs),
            equal(V, variance),
            equal(uniform, uniform.doit()),
            equal(A, simplify(bound)),
        ),
        (
            equal(V, variance),
            equal(A, simplify(bound)),
        ),
    )


def he() -> Derivation:
    """He et al. 2015, section 2.2."""
    right = computed(X**2 * DENSITY, Integer(0), oo)
    left = computed((ALPHA * X) ** 2 * DENSITY, -oo, Integer(0))
    square = simplify(left.rhs + right.rhs)
    variance = solve(Eq(N_IN * V * square, Q), V)[0]
    slopes = [computed(DENSITY, Integer(0), oo), computed(ALPHA**2 * DENSITY, -oo, Integer(0))]
    mean = simplify(slopes[0].rhs + slopes[1].rhs)
    back = solve(Eq(N_OUT * V * mean, 1), V)[0]
    relu = variance.subs(ALPHA, 0)
    return Derivation(
        (
            right,
            left,
            equal(Function("E")(Function("f")(X) ** 2), square),
            equal(N_IN * V * square, Q),
            equal(V, variance),
            equal(V, relu),
            slopes[0],
            slopes[1],
            equal(V, back),
        ),
        (
            equal(V, relu),
            equal(V, variance),
        ),
    )


def selu() -> Derivation:
    """Klambauer et al. 2017, equations 4, 5 and 14."""
    unit = DENSITY.subs(Q, 1)
    parts = [
        computed(X * unit, Integer(0), oo),
        computed(expand((exp(X) - 1) * unit), -oo, Integer(0)),
        computed(X**2 * unit, Integer(0), oo),
        computed(expand((exp(X) - 1) ** 2 * unit), -oo, Integer(0)),
    ]
    parts[3] = equal(Integral((exp(X) - 1) ** 2 * unit, (X, -oo, 0)), parts[3].rhs)
    first, below, second, square = (each.rhs for each in parts)
    mean = Eq(LAMBDA * (first + ALPHA * below), 0)
    alpha = simplify(solve(mean, ALPHA)[0])
    length = Eq(LAMBDA**2 * (second + ALPHA**2 * square), 1)
    fixed = Symbol("alpha_0")
    scale = [each for each in solve(length.subs(ALPHA, fixed), LAMBDA) if each.evalf(subs={fixed: 2}) > 0]
    value = alpha.evalf(DIGITS)
    lamda = (1 / sqrt(second + alpha**2 * square)).evalf(DIGITS)
    return Derivation(
        (
            parts[0],
            parts[1],
            parts[2],
            parts[3],
            equal(mean.lhs, mean.rhs),
            equal(ALPHA, alpha),
            equal(length.lhs, length.rhs),
            equal(LAMBDA, scale[0].subs(fixed, ALPHA)),
            equal(ALPHA, value),
            equal(LAMBDA, lamda),
        ),
        (
            equal(ALPHA, value),
            equal(LAMBDA, lamda),
        ),
    )


def batchnorm() -> Derivation:
    """Yang et al. 2019, section 3 at infinite batch."""
    unit = DENSITY.subs(Q, 1)
    mean, square = computed(X * unit, Integer(0), oo), computed(X**2 * unit, Integer(0), oo)
    slope = computed(unit, Integer(0), oo)
    spread = simplify(square.rhs - mean.rhs**2)
    sigma = Symbol("sigma_w", positive=True)
    gain = simplify(sigma**2 * slope.rhs / (sigma**2 * spread))
    return Derivation(
        (
            mean,
            square,
            equal(Function("Var")(Function("f")(X)), spread),
            equal(Symbol("s") ** 2, sigma**2 * spread),
            slope,
            equal(Symbol("chi"), gain),
            equal(Symbol("chi"), gain.evalf(10)),
        ),
        (equal(Symbol("chi"), gain),),
    )


def residual() -> Derivation:
    """Taki 2017; Hanin and Rolnick 2018; Zhang, Dauphin and Ma 2019."""
    blocks, scale = Symbol("L", positive=True, integer=True), Symbol("alpha", positive=True)
    sigma = Symbol("sigma_w", positive=True)
    square = computed(X**2 * DENSITY, Integer(0), oo)
    after = expand(Q + scale**2 * sigma**2 * square.rhs)
    growth = simplify(after / Q)
    at_he = growth.subs(sigma, sqrt(2))
    scaled = at_he.subs(scale, 1 / sqrt(blocks))
    total = Limit(scaled**blocks, blocks, oo)
    return Derivation(
        (
            square,
            equal(Symbol("q'"), after),
            equal(Symbol("q'") / Q, growth),
            equal(Symbol("q'") / Q, at_he),
            equal(total, total.doit()),
        ),
        (
            equal(Symbol("q'") / Q, growth),
            equal(total, total.doit()),
        ),
    )


def orthogonal() -> Derivation:
    """Saxe et al. 2014; Pennington et al. 2017."""
    i, j, k = symbols("i j k", integer=True)
    sigma = Symbol("sigma", positive=True)
    entry = sigma**2 / N
    mean = Sum(Sum(entry, (i, 1, N)), (j, 1, N)) / N
    # Isserlis: the three pairings of the four entries W_ij W_kj W_kl W_il leave n³, n³ and n² terms.
    triple, double = Sum(1, (i, 1, N), (j, 1, N), (k, 1, N)), Sum(1, (i, 1, N), (j, 1, N))
    fourth = simplify((entry**2 * (2 * triple + double) / N).doit())
    first = simplify(mean.doit())
    spread = simplify(fourth - first**2)
    return Derivation(
        (
            equal(mean, first),
            equal(entry**2 * (2 * triple + double) / N, fourth),
            equal(Function("Var")(Symbol("s") ** 2), spread),
            equal(Limit(spread, N, oo), Limit(spread, N, oo).doit()),
        ),
        (equal(Function("Var")(Symbol("s") ** 2), spread),),
    )


DERIVATIONS: Mapping[str, Callable[[], Derivation]] = {
    "xavier": xavier,
    "he": he,
    "selu": selu,
    "batchnorm": batchnorm,
    "residual": residual,
    "orthogonal": orthogonal,
}
"""One row a derivation."""


@cache
def derivation_of(name: str) -> Derivation:
    """Return a derivation by name, computed when it is asked for."""
    return DERIVATIONS[name]()
