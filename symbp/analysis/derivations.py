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
class Step:
    """One step: a sentence, LaTeX between dollars in it, and the equation it gives."""

    words: str
    equation: Eq


@dataclass(frozen=True)
class Derivation:
    """A derivation: its source, its steps, and the equations that are its result."""

    title: str
    source: str
    steps: tuple[Step, ...]
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
        "Xavier's initialisation",
        "Glorot and Bengio 2010: Understanding the difficulty of training deep feedforward neural networks",
        (
            Step(
                "An entry of $z = Wx$ sums $n_{in}$ products of independent numbers with mean zero, variance $v$ of a "
                "weight and $s$ of an input. Their variances multiply and add up.",
                equal(forward, forward.doit()),
            ),
            Step("The signal keeps its variance $s$ where", equal(V, one)),
            Step(
                "On the way back an entry of $W^{\\top}\\delta$ sums $n_{out}$ products; with variance $s$ "
                "of an error:",
                equal(backward, backward.doit()),
            ),
            Step("The error keeps its variance where", equal(V, other)),
            Step(
                "Both hold only for $n_{in} = n_{out}$. The compromise asks that the two factors $n_{in} v$ and "
                "$n_{out} v$ are one on average, so that they add up to 2.",
                equal(both.lhs, both.rhs),
            ),
            Step("This gives the variance of a weight.", equal(V, variance)),
            Step("A uniform distribution on $[-a, a]$ has the variance", equal(uniform, uniform.doit())),
            Step("so that $a$ is", equal(A, simplify(bound))),
        ),
        (equal(V, variance), equal(A, simplify(bound))),
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
        "He's initialisation",
        "He, Zhang, Ren and Sun 2015: Delving deep into rectifiers",
        (
            Step(
                "Let $x$ be normal with variance $q$, and $f(x) = x$ for $x > 0$, $\\alpha x$ else; "
                "$\\alpha = 0$ is ReLU. "
                "The positive half contributes to $E[f(x)^2]$",
                right,
            ),
            Step("and the negative half", left),
            Step("together", equal(Function("E")(Function("f")(X) ** 2), square)),
            Step(
                "The next layer sums $n_{in}$ such terms, each times a weight of variance $v$. It keeps $q$ where",
                equal(N_IN * V * square, Q),
            ),
            Step("so that a weight has the variance", equal(V, variance)),
            Step("and for ReLU, $\\alpha = 0$,", equal(V, relu)),
            Step("On the way back the slopes enter: on the positive half", slopes[0]),
            Step("on the negative half", slopes[1]),
            Step(
                "An error sums $n_{out}$ terms. It keeps its size where $v$ is as before with $n_{out}$ in "
                "the place of $n_{in}$.",
                equal(V, back),
            ),
        ),
        (equal(V, relu), equal(V, variance)),
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
        "The two constants of SELU",
        "Klambauer, Unterthiner, Mayr and Hochreiter 2017: Self-normalizing neural networks",
        (
            Step(
                "Let $f(x) = \\lambda x$ for $x > 0$ and $\\lambda\\alpha(e^x - 1)$ else, and $x$ standard "
                "normal. The mean "
                "needs the half moments",
                parts[0],
            ),
            Step("and", parts[1]),
            Step("the second moment", parts[2]),
            Step("and", parts[3]),
            Step("The mean stays zero where", equal(mean.lhs, mean.rhs)),
            Step("which $\\lambda$ does not touch, so that", equal(ALPHA, alpha)),
            Step("The variance stays one where", equal(length.lhs, length.rhs)),
            Step("so that", equal(LAMBDA, scale[0].subs(fixed, ALPHA))),
            Step("In numbers", equal(ALPHA, value)),
            Step("and", equal(LAMBDA, lamda)),
        ),
        (equal(ALPHA, value), equal(LAMBDA, lamda)),
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
        "Batch normalisation makes gradients grow",
        "Yang, Pennington, Rao, Sohl-Dickstein and Schoenholz 2019: A mean field theory of batch normalization",
        (
            Step(
                "Behind batch normalisation an entry is standard normal over a large batch. ReLU leaves the mean", mean
            ),
            Step("and the second moment", square),
            Step(
                "so that the variance over the batch is smaller than the second moment:",
                equal(Function("Var")(Function("f")(X)), spread),
            ),
            Step(
                "The affine map multiplies it by $\\sigma_w^2$, and the next normalisation divides signal "
                "and error by its "
                "root. "
                "The squared norm of the error is divided by",
                equal(Symbol("s") ** 2, sigma**2 * spread),
            ),
            Step("and multiplied by $\\sigma_w^2$ and by $E[f'(x)^2]$, which is", slope),
            Step(
                "so that a layer multiplies it by a number in which $\\sigma_w$ no longer stands:",
                equal(Symbol("chi"), gain),
            ),
            Step("In numbers", equal(Symbol("chi"), gain.evalf(10))),
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
        "How the variance grows through residual blocks",
        "He et al. 2016: Identity mappings; Hanin and Rolnick 2018: How to start training",
        (
            Step(
                "Pre-activation: $x + \\alpha W f(x)$, $f$ ReLU and $x$ normal with variance $q$. The branch sees",
                square,
            ),
            Step("Independent variances add up, so that a block leaves", equal(Symbol("q'"), after)),
            Step("a growth by", equal(Symbol("q'") / Q, growth)),
            Step(
                "which with He's $\\sigma_w^2 = 2$ is, at every block and for the squared error too,",
                equal(Symbol("q'") / Q, at_he),
            ),
            Step(
                "doubling both for $\\alpha = 1$. With $\\alpha = 1/\\sqrt{L}$ the whole of $L$ blocks grows by",
                equal(total, total.doit()),
            ),
        ),
        (equal(Symbol("q'") / Q, growth), equal(total, total.doit())),
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
        "Orthogonal weights are isometric, normal ones only on average",
        "Saxe, McClelland and Ganguli 2014; Pennington, Schoenholz and Ganguli 2017",
        (
            Step(
                "With $\\sigma$ times an orthogonal matrix, $W^{\\top}W = \\sigma^2$ times the identity: "
                "all squared singular "
                "values are $\\sigma^2$. Normal entries of variance $\\sigma^2/n$ give them the same mean,",
                equal(mean, first),
            ),
            Step(
                "but the mean of their squares is, by Isserlis's theorem,",
                equal(entry**2 * (2 * triple + double) / N, fourth),
            ),
            Step("so that they vary: with the variance", equal(Function("Var")(Symbol("s") ** 2), spread)),
            Step(
                "A mean norm that is kept is no isometry: through many layers most directions shrink and a few grow.",
                equal(Limit(spread, N, oo), Limit(spread, N, oo).doit()),
            ),
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
