"""Softmax alone, and with cross-entropy behind it; a page shows examples as rows."""

from __future__ import annotations

from types import MappingProxyType

from sympy import Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page, Section
from symbp.op import ShownStep
from symbp.ops.losses import SoftmaxCrossEntropy
from symbp.ops.softmax import Softmax
from symbp.symbols import BATCH, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of classes."""

Z = Variable("Z", N, BATCH, Role.INPUT, "Z")
P = Variable("P", N, BATCH, Role.ACTIVATION, "P")
Y = Variable("Y", N, BATCH, Role.TARGET, "Y")

VECTOR = Section(
    "For one vector",
    (
        ShownStep(
            "Every output depends on every input, through the sum in the denominator:",
            (
                r"p_i &= \frac{e^{z_i}}{\sum_{k} e^{z_k}}",
                r"\frac{\partial p_i}{\partial z_k} &= p_i (1 - p_i) \ \text{ if } i = k, \qquad"
                r" -p_i p_k \ \text{ otherwise}",
            ),
        ),
        ShownStep(
            r"As a matrix, symmetric and with $J \mathbf{1} = \mathbf{0}$ (adding a number to all inputs changes "
            "nothing):",
            (
                r"J &= \mathrm{diag}(p) - p \, p^{\top}",
                r"\frac{\partial \mathcal{L}}{\partial z} &= J \, \frac{\partial \mathcal{L}}{\partial p}"
                r" = p \odot \Bigl( \frac{\partial \mathcal{L}}{\partial p}"
                r" - \bigl( p^{\top} \frac{\partial \mathcal{L}}{\partial p} \bigr) \mathbf{1} \Bigr)",
            ),
        ),
    ),
)

SOFTMAX = Page(
    "Softmax",
    "Every row of {Z} becomes a row of positive numbers that sum to one.",
    "Rows are examples (or tokens), columns are classes.",
    rows=True,
    short=True,
    meanings=MappingProxyType(
        {"Z": "inputs (logits)", "P": "outputs (probabilities)", "D": "row sums of the error under the outputs"}
    ),
    why=MappingProxyType(
        {
            "Z": "A row of {P} sums to one, so an input only moves weight from one output to another: the mean {D} of "
            "the error under the weights {P} is taken away, and what is left counts as much as the output does."
        }
    ),
    sections=(VECTOR,),
)

LEMMA = Section(
    "The lemma, line by line",
    (
        ShownStep(
            "For one example: an input of softmax enters every output, so the chain rule sums over the outputs.",
            (
                r"\frac{\partial \mathcal{L}}{\partial z_k}"
                r" &= \sum_{i} \frac{\partial \mathcal{L}}{\partial p_i} \, \frac{\partial p_i}{\partial z_k}"
                r" = -\frac{y_k}{p_k} \, p_k (1 - p_k) + \sum_{i \neq k} \frac{y_i}{p_i} \, p_i p_k",
                r"&= -y_k + p_k \sum_{i} y_i",
                r"&= p_k - y_k \qquad \text{because } \sum_{i} y_i = 1",
            ),
        ),
        ShownStep(
            "The logarithm cancels the exponential: however wrong and however saturated the prediction is, the "
            "gradient does not vanish.",
            (),
        ),
    ),
)

SOFTMAX_CROSS_ENTROPY = Page(
    "Softmax with cross-entropy",
    "The softmax of every row of {Z} is compared with the targets {Y} by cross-entropy, the mean over the examples.",
    "Rows are examples, columns are classes; every row of {Y} sums to one (one-hot). The loss {ell} of one entry is "
    "minus the target times the logarithm of the prediction.",
    rows=True,
    short=True,
    meanings=MappingProxyType({"Z": "inputs (logits)", "P": "predictions", "Y": "targets"}),
    definitions=(ShownStep("", (r"\ell(p, y) &= -y \log p",)),),
    why=MappingProxyType({"Z": "Softmax and cross-entropy collapse: prediction minus target, over the examples."}),
    sections=(LEMMA,),
)


def softmax() -> Lone:
    """P = softmax of every column of Z."""
    return Lone("softmax", [Equation(P, Softmax(Z))], [Z], [P], page=SOFTMAX)


def softmax_cross_entropy() -> Lone:
    """The cross-entropy of softmax(Z) with the targets Y, a column an example."""
    loss = SoftmaxCrossEntropy(Z, P, Y)
    equations = [Equation(P, Softmax(Z))]
    return Lone("softmax-cross-entropy", equations, [Z], page=SOFTMAX_CROSS_ENTROPY, loss=loss, targets=[Y])
