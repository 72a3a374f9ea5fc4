"""The softmax of attention: every token weighs the tokens of its own example, and with a causal mask no later ones.

Columns are (token, example), the tokens of an example side by side: column e·T + t is token t of example e.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, sympify

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.op import Explanation, Op, ShownStep, meaning, rule
from symbp.ops.softmax import SoftmaxJacobian


class MaskedSoftmax(Op):
    """P = softmax of every column of the scores S over the tokens it may attend to, zero elsewhere.

    Args: S (T·m × T·m, a row a key, a column a query), the number of tokens T of an example, and ``causal`` (1: a
    token attends to itself and to earlier tokens only). Vaswani et al. 2017, "Attention is all you need", §3.2.1
    and §3.2.3; the mask between examples is what their batch axis does.

    Raises:
        ShapeError: the scores are not square.
    """

    label: ClassVar[tuple[str, str, str]] = (r"\mathrm{softmax}", "softmax", "softmax")

    def __new__(cls, s: MatrixExpr, tokens: Expr | int, causal: bool | int | Integer) -> MaskedSoftmax:
        if s.shape[0] != s.shape[1]:
            raise ShapeError(f"the scores {s} are {text(s.shape)}: attention needs a row and a column a token")
        return cast("MaskedSoftmax", Basic.__new__(cls, s, sympify(tokens), Integer(causal)))

    shape = property(lambda self: self.args[0].shape)

    def explanation(self) -> Explanation:
        """Return the softmax with its mask, its gradient with the softmax sum of a query, and that of the scores."""
        causal = bool(self.args[2])
        return Explanation("causal attention" if causal else "attention", (_definition(causal), _GRADIENT, _SCORES))


def _definition(causal: bool) -> ShownStep:
    later = " and are not later" if causal else ""
    return ShownStep(
        "A column is a query, a row a key. A query weighs the keys it may attend to, those that belong to its own "
        f"example{later}; the mask $M$ takes the others out:",
        (
            r"p_{ij} &= \frac{e^{s_{ij} + M_{ij}}}{\sum_{k} e^{s_{kj} + M_{kj}}}",
            r"M_{ij} &= 0 \ \text{ if query } j \text{ may attend to key } i, \qquad -\infty \ \text{ otherwise}",
        ),
    )


_GRADIENT = ShownStep(
    "The weights of a query sum to one, so from the error $g$ of its weights the softmax sum $D$, their mean under the "
    "weights, is taken away. A masked weight is zero, and so is its error:",
    (
        r"D_j &= \sum_{k} g_{kj} \, p_{kj}",
        r"\frac{\partial \mathcal{L}}{\partial s_{ij}} &= p_{ij} \, (g_{ij} - D_j)",
    ),
)


_SCORES = ShownStep(
    r"A score is the inner product of a key and a query over $\sqrt{d}$, the root of their length, which keeps it from "
    "growing with that length and the softmax from saturating. It is linear in both, so the error of a query is a sum "
    "of keys, that of a key a sum of queries:",
    (
        r"s_{ij} &= \frac{1}{\sqrt{d}} \sum_{a=1}^{d} k_{ai} \, q_{aj}",
        r"\frac{\partial \mathcal{L}}{\partial q_{aj}} &= \frac{1}{\sqrt{d}} \sum_{i}"
        r" \frac{\partial \mathcal{L}}{\partial s_{ij}} \, k_{ai}, \qquad"
        r" \frac{\partial \mathcal{L}}{\partial k_{ai}} = \frac{1}{\sqrt{d}} \sum_{j}"
        r" \frac{\partial \mathcal{L}}{\partial s_{ij}} \, q_{aj}",
    ),
)


def attended(xp: Any, columns: int, tokens: int, causal: int) -> Any:
    """Which key (row) each query (column) attends to: those of its example, if causal no later ones."""
    query = xp.arange(columns)
    key = query.reshape(-1, 1)
    return (key // tokens == query // tokens) & (key <= query + columns * (1 - causal))


@meaning(MaskedSoftmax)
def masked_softmax(xp: Any, s: Any, tokens: int, causal: int) -> Any:
    """Exponentials over their sum in every column, both over the attended keys alone."""
    mask = attended(xp, s.shape[1], tokens, causal)
    lowest = -xp.max(-s, axis=0, keepdims=True)
    largest = xp.max(xp.where(mask, s, lowest), axis=0, keepdims=True)
    e = xp.where(mask, xp.exp(xp.where(mask, s, largest) - largest), 0)
    return e / xp.sum(e, axis=0, keepdims=True)


@rule(
    MaskedSoftmax,
    "A weight that is masked is zero and stays zero; among the others the derivative is that of softmax.",
)
def masked_softmax_vjp(node: MaskedSoftmax, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """S̄ = P ⊙ (P̄ − 1·(P̄ ⊙ P)ᵀ1): softmax's own rule, since P is zero where the mask is."""
    return (SoftmaxJacobian(output, adjoint),)
