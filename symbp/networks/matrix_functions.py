"""What an equation may call: one row each, from the name to the operation it builds on plain symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sympy import MatrixExpr, Rational

from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.networks.expressions import FUNCTIONS as SCALARS
from symbp.networks.expressions import custom_function
from symbp.networks.loss_choice import compared
from symbp.nodes import matmul, number_and_factors, ones
from symbp.ops.activations import ACTIVATIONS, ALIASES, row_of
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.loss_table import LOSS_ALIASES, LOSSES, loss_row
from symbp.ops.losses import entry_loss
from symbp.ops.normalisation import EPSILON, Normalise, Over
from symbp.ops.softmax import Softmax
from symbp.ops.structure import Stack


@dataclass(frozen=True)
class Call:
    """What a function is called with; ``made_by`` finds the equation of a name."""

    operands: tuple[MatrixExpr, ...]
    numbers: tuple[Rational, ...]
    made_by: Mapping[str, Equation]


@dataclass(frozen=True)
class Function:
    """A row: how many matrices and at most how many numbers it takes, and what it builds.

    ``affine`` operations take any affine piece and stand anywhere; others take names and get one.
    """

    build: Callable[[Call], MatrixExpr]
    example: str
    matrices: int = 1
    numbers: int = 0
    affine: bool = False


def _normalise(over: Over, centred: bool) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        epsilon = call.numbers[0] if call.numbers else EPSILON
        if epsilon <= 0:
            raise SpecError(f"epsilon is {epsilon}: give a positive number, such as 1e-5,")
        return Normalise(call.operands[0], over, int(centred), epsilon)

    return build


def _loss(name: str) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        output, target = call.operands
        return compared(entry_loss(name, *call.numbers), output, call.made_by.get(output.name), target)

    return build


def _total(call: Call) -> MatrixExpr:
    """1ᵀ·A·1, the sum of all entries."""
    (operand,) = call.operands
    rows, columns = operand.shape
    left = [ones(1, rows)] if rows != 1 else []
    right = [ones(columns, 1)] if columns != 1 else []
    return matmul(*left, operand, *right) if left or right else operand


def _mean(call: Call) -> MatrixExpr:
    """1/(n·m) · 1ᵀ·A·1, the mean of all entries."""
    rows, columns = call.operands[0].shape
    total = _total(call)
    if rows * columns == 1:
        return total
    front, matrices = number_and_factors(total)
    return matmul(front / (rows * columns), *matrices)


_NORMALISATIONS = {
    "batch_norm": _normalise(Over.EXAMPLES, True),
    "layer_norm": _normalise(Over.FEATURES, True),
    "rms_norm": _normalise(Over.FEATURES, False),
}

FUNCTIONS: dict[str, Function] = {
    "softmax": Function(lambda call: Softmax(call.operands[0]), "P = softmax(Z)"),
    "sum": Function(_total, "loss = mse(A, Y) + 0.01 * sum(W * W)", affine=True),
    "mean": Function(_mean, "loss = mean(E * E)", affine=True),
    "vstack": Function(lambda call: Stack(*call.operands), "S = vstack(A, B)", 2),
    **{
        spelling: Function(build, f"N = {spelling}(Z)", numbers=1)
        for name, build in _NORMALISATIONS.items()
        for spelling in (name, name.replace("_", ""))
    },
    **{
        name: Function(_loss(name), f"loss = {name}(A, Y)", 2, len(loss_row(name).parameters))
        for name in (*LOSSES, *LOSS_ALIASES)
    },
}
"""The functions that are not entrywise, by every name."""

_PLAIN = tuple(name for name, (_, least, most) in SCALARS.items() if least == most == 1 and name not in ACTIVATIONS)

ENTRYWISE = (*ACTIVATIONS, *ALIASES, *(name for name in _PLAIN if name not in ALIASES))
"""The names of the functions of one number, which act entry by entry."""


INSTEAD = {
    "max": "; write relu(Z) for max(0, Z)",
    "maximum": "; write relu(Z) for max(0, Z)",
    "dot": "; write A @ B for the product of matrices",
    "matmul": "; write A @ B for the product of matrices",
    "transpose": "; write A.T for the transpose",
    "trace": "; write sum(A * B) for the trace of A.T @ B",
    "norm": "; write sum(A**2) for the squared norm",
    "concat": "; write vstack(A, B), one above the other",
    "concatenate": "; write vstack(A, B), one above the other",
    "hstack": "; write vstack(A.T, B.T).T, one beside the other",
}
"""What to write for functions that people know from elsewhere."""


def entrywise(name: str) -> Function | None:
    """Return the row of an activation or of an ordinary function such as exp; None for an unknown name."""
    key = name.lower()
    if key in ACTIVATIONS or key in ALIASES:
        most = len(row_of(key).parameters)
        return Function(
            lambda call: Elementwise(activation(key, *call.numbers), *call.operands), f"A = {key}(Z)", numbers=most
        )
    if key in _PLAIN:
        function = custom_function(f"{key}(x)").renamed(key, rf"\mathrm{{{key}}}", key)
        return Function(lambda call: Elementwise(function, *call.operands), f"A = {key}(Z)")
    return None
