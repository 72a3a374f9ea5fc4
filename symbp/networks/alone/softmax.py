"""Softmax alone, and with cross-entropy behind it; a page shows examples as rows."""

from __future__ import annotations

from types import MappingProxyType

from sympy import S, Symbol

from symbp.equations import Equation
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.ops.losses import SoftmaxCrossEntropy
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.symbols import BATCH, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of classes."""

Z = Variable("Z", N, BATCH, Role.INPUT, "Z")
P = Variable("P", N, BATCH, Role.ACTIVATION, "P")
Y = Variable("Y", N, BATCH, Role.TARGET, "Y")

ONE = Variable("p_1", N, S.One, Role.ACTIVATION, "p")
"""One row of P, as a column."""


def softmax() -> OperationNetwork:
    """P = softmax of every column of Z."""
    jacobian = SoftmaxJacobian(ONE, ONE).as_matrix()
    plan = Plan(
        ("softmax",),
        "tokens",
        letters=MappingProxyType({"D": "D", ONE.name: "p"}),
        formulas=MappingProxyType({"jacobian": jacobian}),
        notes=("see", "jacobian"),
        entries=("Z",),
    )
    return OperationNetwork("softmax", [Equation(P, Softmax(Z))], [Z], [P], plan=plan)


def softmax_cross_entropy() -> OperationNetwork:
    """The cross-entropy of softmax(Z) with the targets Y, a column an example."""
    loss = SoftmaxCrossEntropy(Z, P, Y)
    plan = Plan(("softmax-cross-entropy",), "tokens", notes=("see",))
    equations = [Equation(P, Softmax(Z))]
    return OperationNetwork("softmax-cross-entropy", equations, [Z], plan=plan, loss=loss, targets=[Y])
