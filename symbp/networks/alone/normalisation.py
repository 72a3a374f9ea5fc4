"""BatchNorm, LayerNorm and RMSNorm alone: X in, Y = γ ⊙ X̂ + β out, features as rows and examples as columns.

Each exists twice, as one node with its projection and as a list of elementary equations; a test holds that their
gradients are the same, symbolically and in numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType

from sympy import Expr, Identity, MatrixExpr, Rational, S, Symbol

from symbp.equations import Equation
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.nodes import hadamard, matadd, matmul, ones, transpose
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula
from symbp.ops.normalisation import EPSILON, Normalise, Over, mean, spread
from symbp.symbols import BATCH, Adjoint, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of features."""

X = Variable("X", N, BATCH, Role.INPUT, "X")
X_HAT = Variable("X_hat", N, BATCH, Role.NORMALISED, "X_hat")
Y = Variable("Y", N, BATCH, Role.SHIFTED, "Y")
GAMMA = Variable("gamma", N, 1, Role.SCALE, "gamma")
BETA = Variable("beta", N, 1, Role.SHIFT, "beta")
ONES = ones(1, BATCH)
ONE = Variable("x_hat", N, S.One, Role.NORMALISED, "x_hat")
"""What one mean and one deviation normalise, as a column."""

ORDER = ("beta", "gamma", "X_hat", "r", "v", "C", "mu", "X")
"""The order of the backward pass: the parameters first, as the papers have it."""


def _inverse_root() -> Formula:
    x, epsilon = Symbol("b", real=True), Symbol("epsilon", positive=True)
    root = (x + epsilon) ** Rational(-1, 2)
    return Formula("inverse_root", (x,), root, (root.diff(x),), -(OUTPUT**3) / 2, "r", ((epsilon, EPSILON),))


INVERSE_ROOT = _inverse_root()
"""1/√(x + ε), its slope through its own value: −r³/2."""


def _one_over(symbol: Variable) -> MatrixExpr:
    x = Symbol("x", real=True)
    return Elementwise(Formula("one_over", (x,), 1 / x, (-1 / x**2,)), symbol)


def _affine(centred: bool) -> MatrixExpr:
    scaled = hadamard(X_HAT, matmul(GAMMA, ONES))
    return matadd(scaled, matmul(BETA, ONES)) if centred else scaled


def _statistics(over: Over, *names: str) -> list[Variable]:
    """Return what there is one of for all values that the statistics run over."""
    shape: tuple[Expr, Expr] = (N, S.One) if over is Over.EXAMPLES else (S.One, BATCH)
    return [Variable(name, *shape, Role.STATE, name) for name in names]


def _values(centred: bool) -> Variable:
    """Return what is divided by the deviation."""
    return Variable("C", N, BATCH, Role.STATE, "C") if centred else X


def _formulas(over: Over, centred: bool) -> dict[str, Equation | MatrixExpr]:
    """Return what holds on the way from the steps to the projection, by its name in sentences."""
    r, v, mu, p, q = _statistics(over, "r", "v", "mu", "p", "q")
    c, error, count = _values(centred), Adjoint(X_HAT), BATCH if over is Over.EXAMPLES else N
    without = matadd(error, matmul(S.NegativeOne, hadamard(X_HAT, spread(q, over, X))))
    gradient = Adjoint(Y)
    paper = matadd(
        matmul(count, gradient),
        matmul(S.NegativeOne, Adjoint(BETA), ONES),
        matmul(S.NegativeOne, hadamard(X_HAT, matmul(Adjoint(GAMMA), ONES))),
    )
    outer = (matmul(S.NegativeOne / N, ones(N, 1), ones(1, N)), matmul(S.NegativeOne / N, ONE, transpose(ONE)))
    return {
        "jacobian": matadd(Identity(N), *(outer if centred else outer[1:])),
        "closed": Equation(Adjoint(X), matmul(1 / count, hadamard(paper, matmul(GAMMA, ONES), spread(r, over, X)))),
        "slope": matmul(Rational(-1, 2), hadamard(r, r, r)),
        "again_c": Equation(c, hadamard(X_HAT, spread(_one_over(r), over, X))),
        "again_dr": Equation(Adjoint(r), matmul(count, hadamard(q, _one_over(r)))),
        "again_dv": Equation(Adjoint(v), matmul(-count / 2, hadamard(q, r, r))),
        "again_dc": Equation(Adjoint(c), hadamard(without, spread(r, over, X))),
        "again_dmu": Equation(Adjoint(mu), matmul(-count, hadamard(p, r))),
    }


def _network(name: str, over: Over, centred: bool, plan: Plan, *, steps: bool = False) -> OperationNetwork:
    """Return a normalisation as one node, or the same from elementary equations."""
    first = _steps(over, centred) if steps else [Equation(X_HAT, Normalise(X, over, centred, EPSILON))]
    parameters = [GAMMA, BETA] if centred else [GAMMA]
    return OperationNetwork(name, [*first, Equation(Y, _affine(centred))], [X], [Y], parameters, plan=plan)


def _steps(over: Over, centred: bool) -> list[Equation]:
    """Return X̂ from products, sums and ⊙, with one function of every entry: 1/√(variance + ε)."""
    mu, v, r = _statistics(over, "mu", "v", "r")
    c = _values(centred)
    centring = [Equation(mu, mean(X, over)), Equation(c, matadd(X, matmul(S.NegativeOne, *spread(mu, over, X).args)))]
    return [
        *(centring if centred else []),
        Equation(v, mean(hadamard(c, c), over)),
        Equation(r, Elementwise(INVERSE_ROOT, v)),
        Equation(X_HAT, hadamard(c, spread(r, over, X))),
    ]


def _build(name: str, over: Over, centred: bool) -> OperationNetwork:
    plan = Plan(
        (name, "norm"),
        "columns" if over is Over.EXAMPLES else "tokens",
        order=ORDER,
        formulas=MappingProxyType(_formulas(over, centred)),
        notes=("projection", "closed", "see", "jacobian"),
        entries=ORDER if over is Over.EXAMPLES else (),
    )
    steps = partial(_network, name, over, centred, plan, steps=True)
    return _network(name, over, centred, replace(plan, steps=steps))


def batchnorm() -> OperationNetwork:
    """Every feature over the examples of the batch."""
    return _build("batchnorm", Over.EXAMPLES, True)


def layernorm() -> OperationNetwork:
    """Every example over its features."""
    return _build("layernorm", Over.FEATURES, True)


def rmsnorm() -> OperationNetwork:
    """Every example by its root mean square."""
    return _build("rmsnorm", Over.FEATURES, False)
