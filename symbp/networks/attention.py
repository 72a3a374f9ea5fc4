"""Attention and the transformer block: layers that mix the tokens of an example.

Columns are (token, example): column e·T + t of X is token t of example e, so X is n₀ × T·m.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Integer, MatAdd, MatMul, MatrixExpr, OneMatrix, Pow, Rational

from symbp.domain import described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_TOKENS, MAX_UNITS
from symbp.networks.builder import Builder
from symbp.networks.given import FunctionName, Value
from symbp.networks.layers import Dense, Linear, Scoped, require_units
from symbp.networks.normalisation import LayerNorm
from symbp.networks.residual import Residual
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.structure import Rows, Stack
from symbp.ops.within import Gram, Mix
from symbp.symbols import Role, Variable

INVERSE_ROOT = Rational(-1, 2)


@dataclass(frozen=True, kw_only=True)
@takes_fields
class Attention:
    """Scaled dot-product attention (Vaswani et al. 2017, §3.2) with tokens as columns: O = W_O·A, and for each head

    S = Kᵀ·Q/√d, P = softmax of every column of S, A = V·P within every example, with Q = W_Q·X, K = W_K·X, V = W_V·X.

    The weights W_Q, W_K, W_V are units × n and W_O is n × units for tokens of n numbers; ``units`` None makes them
    square. Each head has its block of units/heads rows of Q, K and V, as in ``torch.nn.MultiheadAttention``.
    ``tokens`` is T, ``causal`` hides later tokens, ``bias`` adds b·1ᵀ to each of the four products.
    """

    tokens: int
    heads: int = 1
    causal: bool = False
    bias: bool = False
    units: int | None = None

    def __post_init__(self) -> None:
        _require_whole(self.tokens, "tokens", MAX_TOKENS)
        _require_whole(self.heads, "heads")
        if self.units is not None:
            require_units(self.units)
            _require_heads(self.heads, Integer(self.units))

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Q, K, V, then S, P and A of every head, their stack, and O.

        Raises:
            SpecError: the heads do not divide the width.
        """
        number = builder.count("attention")
        with builder.scope("attention" if number == 1 else f"attention{number}", numbered=False):
            builder.next_layer()
            units = incoming.args[1] if self.units is None else Integer(self.units)
            _require_heads(self.heads, units)
            q = self._project(builder, "Q", Role.QUERY, incoming, units)
            k = self._project(builder, "K", Role.KEY, incoming, units)
            v = self._project(builder, "V", Role.VALUE, incoming, units)
            mixed = self._head(builder, q, k, v) if self.heads == 1 else self._heads(builder, q, k, v)
            return self._project(builder, "O", Role.MIXED, mixed, incoming.args[1])

    def _project(self, builder: Builder, letter: str, role: Role, incoming: Variable, rows: Expr) -> Variable:
        """Add one product, Q = W_Q·X, with its bias where wanted."""
        weight = builder.parameter(f"W{letter}", Role.WEIGHT, rows, incoming.args[1])
        total: MatrixExpr = MatMul(weight, incoming)
        if self.bias:
            bias = builder.parameter(f"b{letter}", Role.BIAS, rows, 1)
            total = MatAdd(total, MatMul(bias, OneMatrix(1, builder.columns)))
        return builder.define(letter, role, total, rows)

    def _heads(self, builder: Builder, q: Variable, k: Variable, v: Variable) -> Variable:
        """Give every head its rows of Q, K and V, and stack what the heads return."""
        size = q.args[1] / self.heads
        found = []
        for head in range(self.heads):
            with builder.scope(f"head{head + 1}"):
                blocks = [
                    builder.define(each.stem, each.role, Rows(each, head * size, size), size) for each in (q, k, v)
                ]
                found.append(self._head(builder, *blocks))
        return builder.define("A", Role.MIXED, Stack(*found), q.args[1])

    def _head(self, builder: Builder, q: Variable, k: Variable, v: Variable) -> Variable:
        """Add S = Kᵀ·Q/√d, P and A = V·P for d rows of Q and K."""
        rows, tokens = q.args[1], self.tokens
        scale = Pow(rows, INVERSE_ROOT)
        product = Gram(k, q, tokens, tokens)
        s = builder.define("S", Role.SCORE, product if scale == 1 else MatMul(scale, product), tokens)
        p = builder.define("P", Role.ATTENTION, MaskedSoftmax(s, tokens, self.causal), tokens)
        return builder.define("A", Role.MIXED, Mix(v, p, tokens, tokens), v.args[1])


@dataclass(frozen=True, kw_only=True)
@takes_fields
class TransformerBlock:
    """A pre-norm transformer block (Xiong et al. 2020): X + attention(norm(X)), then + mlp(norm(·)).

    The mlp is a hidden layer of ``hidden`` units (None: four times the width) and a linear one back to the width,
    which is that of the incoming tokens. The names are ``block1.norm1.gamma``, ``block1.attention.WQ``,
    ``block1.norm2.gamma``, ``block1.hidden.W``, ``block1.output.W``; the two sums are ``block1.S`` and ``block1.S_2``.
    ``bias`` is that of the attention; the mlp has its biases.
    """

    tokens: int
    heads: int = 1
    hidden: int | None = None
    activation: FunctionName = "gelu_tanh"
    causal: bool = False
    bias: bool = False
    epsilon: Value = "1e-5"

    def __post_init__(self) -> None:
        _require_whole(self.tokens, "tokens")
        _require_whole(self.heads, "heads")

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the two residual parts.

        Raises:
            SpecError: the width is not a number, or the heads do not divide it.
        """
        width = incoming.args[1]
        if not isinstance(width, Integer):
            raise SpecError(f"a transformer block needs a width that is a number, and it is {width}: give inputs")
        attention = Attention(heads=self.heads, tokens=self.tokens, causal=self.causal, bias=self.bias)
        hidden = 4 * int(width) if self.hidden is None else self.hidden
        parts = (
            Residual([Scoped("norm1", LayerNorm(self.epsilon)), attention]),
            Residual([
                Scoped("norm2", LayerNorm(self.epsilon)),
                Scoped("hidden", Dense(hidden, self.activation)),
                Scoped("output", Linear(int(width))),
            ]),
        )  # fmt: skip
        out = incoming
        with builder.scope(f"block{builder.count('block')}", numbered=False):
            for part in parts:
                out = part.build(builder, out)
        return out


def _require_whole(given: object, what: str, most: int = MAX_UNITS) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise SpecError(f"attention cannot have {described(given)} {what}: give a whole number from 1 to {most:,}")


def _require_heads(heads: int, width: Expr) -> None:
    if heads > 1 and not isinstance(width, Integer):
        raise SpecError(f"{heads} heads need a width that is a number, and it is {width}: give units or inputs")
    if heads > 1 and width % heads:
        nearest = ", ".join(str(each) for each in range(1, int(width) + 1) if width % each == 0 and each <= 64)
        raise SpecError(f"{heads} heads do not divide a width of {width}: give {nearest} heads, or another width")
