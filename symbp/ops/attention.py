"""The softmax of attention: every token weighs the tokens of its own example, and with a causal mask no later ones.

Columns are (token, example), the tokens of an example side by side: column e·T + t is token t of example e.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, Piecewise, Sum, exp, sympify

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.op import Entry, Op, meaning, rule
from symbp.ops.entries import COLUMN, EXAMPLE, OTHER, ROW, Total, base
from symbp.ops.softmax import Softmax, SoftmaxJacobian


class MaskedSoftmax(Op):
    """P = softmax of every column of the scores S over the keys its query may attend to, zero elsewhere.

    Args: S (keys × queries·m, a row a key, a column a query of an example), the number of queries an example has,
    ``causal`` (1: a token attends to itself and to earlier tokens only), and, where keys are padding, N (keys × m),
    which is 1 for the keys an example has and 0 for the others. Vaswani et al. 2017, "Attention is all you need",
    §3.2.1 and §3.2.3.

    Raises:
        ShapeError: a causal mask of scores that are not square for one example, or an N of another shape.
    """

    label: ClassVar[str] = "softmax"

    def __new__(
        cls, s: MatrixExpr, queries: Expr | int, causal: bool | int | Integer, *kept: MatrixExpr
    ) -> MaskedSoftmax:
        keys, tokens = s.shape[0], sympify(queries)
        if causal and keys != tokens:
            raise ShapeError(f"the scores {s} have {keys} keys and {tokens} queries: a causal mask needs equally many")
        for each in kept:
            if each.shape != (keys, s.shape[1] / tokens):
                raise ShapeError(
                    f"the mask {each} is {text(each.shape)}, and the scores {s}, {text(s.shape)}, need "
                    f"{text((keys, s.shape[1] / tokens))}: a row a key, a column an example"
                )
        return cast("MaskedSoftmax", Basic.__new__(cls, s, tokens, Integer(causal), *kept))

    shape = property(lambda self: self.args[0].shape)
    is_masked = property(lambda self: bool(self.args[2]) or len(self.args) > 3)
    mark = property(lambda self: "causal" if self.args[2] else "")

    def entry(self) -> Entry:
        """Return softmax over the keys k ≤ j that query j may attend to, each with its w_k where keys are padding."""
        s, w = base("s"), base("w")
        (keys, columns), queries, causal = self.shape, self.args[1], bool(self.args[2])
        examples, kept = columns / queries, len(self.args) > 3
        if not self.is_masked:
            return Softmax(self.args[0]).entry()

        def weight(key: Expr) -> Expr:
            return exp(s[key, EXAMPLE, COLUMN]) * (w[key, EXAMPLE] if kept else 1)

        total = Sum(weight(OTHER), (OTHER, 1, COLUMN)) if causal else Total(weight(OTHER), OTHER)
        value = weight(ROW) / total
        return Entry(
            operands=((s, (keys, examples, queries)), *([(w, (keys, examples))] if kept else [])),
            sizes=(keys, examples, queries),
            parts=(((ROW, EXAMPLE, COLUMN), Piecewise((value, ROW <= COLUMN), (0, True)) if causal else value),),
            ranges={ROW: keys, OTHER: keys, EXAMPLE: examples, COLUMN: queries},
            each=(EXAMPLE,) if causal else (EXAMPLE, COLUMN),
            applies="example" if causal else "column",
            says="kept" if kept else "",
        )


@meaning(MaskedSoftmax)
def masked_softmax(xp: Any, s: Any, queries: int, causal: int, kept: Any = None) -> Any:
    """Exponentials over their sum in every column, both over the attended keys alone."""
    keys = s.shape[-2]
    scores = s.reshape(*s.shape[:-1], s.shape[-1] // queries, queries)
    mask = xp.arange(keys).reshape(keys, 1, 1) <= xp.arange(queries) + keys * (1 - causal)
    if kept is not None:
        mask = xp.where(mask, 1, 0) * kept.reshape(*kept.shape, 1) > 0.5
    # The least score in place of a masked one: that is never the largest alone, and its exponential never overflows.
    scores = xp.where(mask, scores, -xp.max(-scores, axis=-3, keepdims=True))
    e = xp.where(mask, xp.exp(scores - xp.max(scores, axis=-3, keepdims=True)), 0)
    return (e / xp.sum(e, axis=-3, keepdims=True)).reshape(*s.shape)


@rule(
    MaskedSoftmax,
    "A weight that is masked is zero and stays zero; among the others the derivative is that of softmax.",
    short="the weights of a query sum to one",
)
def masked_softmax_vjp(node: MaskedSoftmax, output: MatrixSymbol, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """S̄ = P ⊙ (P̄ − 1·(P̄ ⊙ P)ᵀ1): softmax's own rule, since P is zero where the mask is."""
    return (SoftmaxJacobian(output, adjoint), *[None] * (len(node.args) - 3))
