"""BatchNorm, LayerNorm and RMSNorm alone: X in, Y = γ ⊙ X̂ + β out, features as rows and examples as columns."""

from __future__ import annotations

from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, OneMatrix, Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page
from symbp.ops.normalisation import EPSILON, Normalise, Over
from symbp.symbols import BATCH, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of features."""

X = Variable("X", N, BATCH, Role.INPUT, "X")
X_HAT = Variable("Xhat", N, BATCH, Role.NORMALISED, "Xhat")
Y = Variable("Y", N, BATCH, Role.SHIFTED, "Y")
GAMMA = Variable("gamma", N, 1, Role.SCALE, "gamma")
BETA = Variable("beta", N, 1, Role.SHIFT, "beta")
ONES = OneMatrix(1, BATCH)


def _affine(centred: bool) -> MatrixExpr:
    scaled = HadamardProduct(MatMul(GAMMA, ONES), X_HAT)
    return MatAdd(scaled, MatMul(BETA, ONES)) if centred else scaled


def _network(name: str, over: Over, centred: bool, page: Page) -> Lone:
    equations = [Equation(X_HAT, Normalise(X, over, centred, EPSILON)), Equation(Y, _affine(centred))]
    return Lone(name, equations, [X], [Y], [GAMMA, BETA] if centred else [GAMMA], page=page)


BATCHNORM = Page("Batch normalisation", "", "")
LAYERNORM = Page("Layer normalisation", "", "")
RMSNORM = Page("RMS normalisation", "", "")


def batchnorm() -> Lone:
    """Every feature over the examples of the batch."""
    return _network("batchnorm", Over.EXAMPLES, True, BATCHNORM)


def layernorm() -> Lone:
    """Every example over its features."""
    return _network("layernorm", Over.FEATURES, True, LAYERNORM)


def rmsnorm() -> Lone:
    """Every example by its root mean square."""
    return _network("rmsnorm", Over.FEATURES, False, RMSNORM)
