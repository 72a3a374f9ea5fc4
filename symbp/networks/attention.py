"""Attention: layers that mix the tokens of an example, or read those of another sequence.

Columns are ordered (example, token): column e·T + t of X is token t of example e, so X is n₀ × T·m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Integer, MatrixExpr, Pow, Rational

from symbp.domain import described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_TOKENS, MAX_UNITS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder, Memory
from symbp.networks.layers import require_units
from symbp.networks.origins import Origin
from symbp.nodes import matadd, matmul, ones, times
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.positions import Offsets, Rotate, Tile
from symbp.ops.structure import Rows, Stack
from symbp.ops.within import Gram, Mix
from symbp.symbols import BATCH, Role, Variable

INVERSE_ROOT = Rational(-1, 2)


@dataclass(frozen=True, kw_only=True)
@takes_fields
class Attention:
    """Scaled dot-product attention (Vaswani et al. 2017, §3.2) with tokens as columns: O = W_O·A, and for each head

    S = Kᵀ·Q/√d, P = softmax of every column of S, A = V·P within every example, with Q = W_Q·X, K = W_K·X, V = W_V·X.

    The weights W_Q, W_K, W_V are units × n and W_O is n × units for tokens of n numbers; ``units`` None makes them
    square. Each head has its block of units/heads rows of Q, K and V, as in ``torch.nn.MultiheadAttention``.
    ``tokens`` is T, ``causal`` hides later tokens, ``bias`` adds b·1ᵀ to each of the four products.

    ``kv_heads`` gives K and V fewer heads, each for heads/kv_heads heads of Q (Ainslie et al. 2023; 1: multi-query).
    ``rotary`` turns queries and keys by their positions (Su et al. 2021), ``relative`` adds a parameter a head and
    distance to the scores. ``padding`` takes a mask N (T × m) with the data: 1 for a token, 0 for padding.
    """

    tokens: int
    heads: int = 1
    causal: bool = False
    bias: bool = False
    units: int | None = None
    kv_heads: int | None = None
    rotary: bool = False
    relative: bool = False
    padding: bool = False

    scope: ClassVar[str] = "attention"

    def __post_init__(self) -> None:
        require_whole(self.tokens, "tokens", MAX_TOKENS)
        require_whole(self.heads, "heads")
        if self.kv_heads is not None:
            require_whole(self.kv_heads, "kv_heads")
            if self.heads % self.kv_heads:
                raise SpecError(f"{self.kv_heads} heads of keys and values do not divide {self.heads} heads of queries")
        if self.units is not None:
            require_units(self.units)
            _require_heads(self.heads, Integer(self.units))

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add Q, K, V, then S, P and A of every head, their stack, and O.

        Raises:
            SpecError: the heads do not divide the width, or its share for a head is odd and turned in pairs.
        """
        number = builder.count(self.scope)
        name = self.scope if number == 1 else f"{self.scope}{number}"
        with builder.scope(name, numbered=False), builder.block(Kind.ATTENTION):
            builder.next_layer()
            units = incoming.args[1] if self.units is None else Integer(self.units)
            _require_heads(self.heads, units)
            if self.rotary and (units / self.heads).is_odd:
                rows = units / self.heads
                raise SpecError(f"rotary positions turn pairs of rows, and a head has {rows}: give an even number")
            source = self._source(builder, incoming)
            shared = units if self.kv_heads is None else units * self.kv_heads / self.heads
            q = self._project(builder, "Q", Role.QUERY, incoming, units)
            k = self._project(builder, "K", Role.KEY, source.states, shared)
            v = self._project(builder, "V", Role.VALUE, source.states, shared)
            if self.units is None:
                builder.origins.shares(q, 0, incoming)
            else:
                builder.origins.brings(q, 0, Origin.UNITS)
            if shared == units:
                builder.origins.shares(k, 0, q)
                builder.origins.shares(v, 0, q)
            kept = builder.padding(source) if self.padding else None
            mixed = self._heads(builder, q, k, v, source.tokens, kept)
            out = self._project(builder, "O", Role.MIXED, mixed, incoming.args[1])
            builder.origins.shares(out, 0, incoming)
            return out

    def _source(self, builder: Builder, incoming: Variable) -> Memory:
        """Return what keys and values are made of."""
        return builder.own(incoming, self.tokens)

    def _project(self, builder: Builder, letter: str, role: Role, incoming: Variable, rows: Expr) -> Variable:
        """Add one product, Q = W_Q·X, with its bias where wanted."""
        weight = builder.parameter(f"W{letter}", Role.WEIGHT, rows, incoming.args[1])
        total: MatrixExpr = matmul(weight, incoming)
        if self.bias:
            bias = builder.parameter(f"b{letter}", Role.BIAS, rows, 1)
            total = matadd(total, matmul(bias, ones(1, incoming.args[2])))
        return builder.define(letter, role, total, rows, incoming.args[2])

    def _heads(
        self, builder: Builder, q: Variable, k: Variable, v: Variable, keys: int, kept: Variable | None
    ) -> Variable:
        """Give every head its rows of Q, K and V, and stack what the heads return; one head has all of them."""
        if self.heads == 1:
            return self._head(builder, self._turned(builder, q), self._turned(builder, k), v, keys, kept)
        size, count = q.args[1] / self.heads, self.kv_heads or self.heads
        builder.origins.divides(self.heads)
        found: list[Variable] = []
        parts: list[Variable] = []

        def part(of: Variable, place: int) -> Variable:
            parts.append(builder.define(of.stem, of.role, Rows(of, place * size, size), size, of.args[2]))
            return parts[-1]

        def pair(place: int) -> tuple[Variable, Variable]:
            own, values = part(k, place), part(v, place)
            return self._turned(builder, own), values

        each = self.heads // count
        shared: tuple[Variable, Variable] | None = None
        for head in range(self.heads):
            if each > 1 and head % each == 0:  # A key belongs to its group; a head's own parameters keep their names.
                with builder.scope(f"group{head // each + 1}"):
                    shared = pair(head // each)
            with builder.scope(f"head{head + 1}"), builder.block(Kind.HEAD):
                query = self._turned(builder, part(q, head))
                found.append(self._head(builder, query, *(shared or pair(head)), keys, kept))
        builder.origins.brings(parts[0], 0, Origin.HEAD_WIDTH)
        for block in parts[1:]:
            builder.origins.shares(block, 0, parts[0])
        mixed = builder.define("A", Role.MIXED, Stack(*found), q.args[1])
        builder.origins.shares(mixed, 0, q)
        return mixed

    def _turned(self, builder: Builder, x: Variable) -> Variable:
        """Turn queries or keys by their places, where that is wanted."""
        if not self.rotary:
            return x
        return builder.define(f"R{x.stem}", x.role, Rotate(x, self.tokens), x.args[1], x.args[2])

    def _head(
        self, builder: Builder, q: Variable, k: Variable, v: Variable, keys: int, kept: Variable | None
    ) -> Variable:
        """Add S = Kᵀ·Q/√d, with the bias of distances in the same equation, P and A = V·P for d rows of Q and K."""
        rows = q.args[1]
        scale = Pow(rows, INVERSE_ROOT)
        scores = times(scale, Gram(k, q, keys, self.tokens))
        if self.relative:
            r = builder.parameter("r", Role.SHIFT, 1, keys + self.tokens - 1)
            bias = builder.define("B", Role.SCORE, Offsets(r, keys, self.tokens), keys, Integer(self.tokens))
            scores = matadd(scores, Tile(bias, BATCH))
        s = builder.define("S", Role.SCORE, scores, keys)
        mask = () if kept is None else (kept,)
        p = builder.define("P", Role.ATTENTION, MaskedSoftmax(s, self.tokens, self.causal, *mask), keys)
        return builder.define("A", Role.MIXED, Mix(v, p, keys, self.tokens), v.args[1])


@dataclass(frozen=True, kw_only=True)
@takes_fields
class CrossAttention(Attention):
    """Attention whose keys and values are made of another sequence C: K = W_K·C, V = W_V·C.

    Vaswani et al. 2017, §3.2.3. C (``width`` × ``memory``·m, ``memory`` tokens an example) is what an ``Encoder``
    before it returns, else an input of the network; without ``width`` its tokens are as wide as those that come in.
    ``padding`` takes a mask NC (``memory`` × m).
    """

    memory: int | None = None
    width: int | None = None

    scope: ClassVar[str] = "cross"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory is not None:
            require_whole(self.memory, "memory tokens", MAX_TOKENS)
        if self.width is not None:
            require_units(self.width)
        if self.rotary or self.causal:
            raise SpecError("cross-attention reads another sequence: causal and rotary say nothing of it")

    def _source(self, builder: Builder, incoming: Variable) -> Memory:
        return builder.memory(self.memory, self.width, incoming)


def require_whole(given: object, what: str, most: int = MAX_UNITS) -> None:
    """Refuse what is not a whole number from 1 to ``most``.

    Raises:
        SpecError: with what was given and what would be right.
    """
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise SpecError(f"attention cannot have {described(given)} {what}: give a whole number from 1 to {most:,}")


def _require_heads(heads: int, width: Expr) -> None:
    if heads > 1 and not isinstance(width, Integer):
        raise SpecError(f"{heads} heads need a width that is a number, and it is {width}: give units or inputs")
    if heads > 1 and width % heads:
        nearest = ", ".join(str(each) for each in range(1, int(width) + 1) if width % each == 0 and each <= 64)
        raise SpecError(f"{heads} heads do not divide a width of {width}: give {nearest} heads, or another width")
