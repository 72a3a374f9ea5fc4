"""Softmax alone, and with cross-entropy behind it: examples as columns."""

from __future__ import annotations

from sympy import Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page
from symbp.ops.losses import SoftmaxCrossEntropy
from symbp.ops.softmax import Softmax
from symbp.symbols import BATCH, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of classes."""

Z = Variable("Z", N, BATCH, Role.INPUT, "Z")
P = Variable("P", N, BATCH, Role.ACTIVATION, "P")
Y = Variable("Y", N, BATCH, Role.TARGET, "Y")

SOFTMAX = Page("Softmax", "", "")
SOFTMAX_CROSS_ENTROPY = Page("Softmax with cross-entropy", "", "")


def softmax() -> Lone:
    """P = softmax of every column of Z."""
    return Lone("softmax", [Equation(P, Softmax(Z))], [Z], [P], page=SOFTMAX)


def softmax_cross_entropy() -> Lone:
    """The cross-entropy of softmax(Z) with the targets Y, a column an example."""
    loss = SoftmaxCrossEntropy(Z, P, Y)
    equations = [Equation(P, Softmax(Z))]
    return Lone("softmax-cross-entropy", equations, [Z], page=SOFTMAX_CROSS_ENTROPY, loss=loss, targets=[Y])
