"""Transformer blocks, and what a network of two sequences is made of: an encoder, blocks that read it, positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sympy import Integer

from symbp.domain import takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_TOKENS
from symbp.networks.attention import Attention, CrossAttention, require_whole
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder, Memory
from symbp.networks.given import FunctionName, Value
from symbp.networks.layers import Dense, Layer, Linear, Scoped, require_units, tokens_of
from symbp.networks.normalisation import LayerNorm
from symbp.networks.residual import Residual
from symbp.nodes import matadd
from symbp.ops.positions import Sinusoids, Tile
from symbp.symbols import BATCH, Role, Variable


@dataclass(frozen=True, kw_only=True)
@takes_fields
class TransformerBlock:
    """A transformer block: attention, then a feed-forward part, each with a skip and a layer normalisation.

    Pre-norm (Xiong et al. 2020) it is X + attention(norm(X)), then + mlp(norm(·)); with ``post_norm`` (Vaswani et al.
    2017) norm(X + attention(X)), then norm(· + mlp(·)), as ``torch.nn.TransformerEncoderLayer`` is unless it says
    norm_first. The mlp is a hidden layer of ``hidden`` units (None: four times the width) and a linear one back to the
    width, which is that of the incoming tokens. The names are ``block1.norm1.gamma``, ``block1.attention.WQ``,
    ``block1.norm2.gamma``, ``block1.hidden.W``, ``block1.output.W``; the two sums are ``block1.S`` and ``block1.S_2``.
    ``bias`` is that of the attention, the mlp has its biases; the other options are those of ``Attention``.
    """

    tokens: int
    heads: int = 1
    hidden: int | None = None
    activation: FunctionName = "gelu_tanh"
    causal: bool = False
    bias: bool = False
    epsilon: Value = "1e-5"
    post_norm: bool = False
    kv_heads: int | None = None
    rotary: bool = False
    relative: bool = False
    padding: bool = False

    def __post_init__(self) -> None:
        self._attention()
        if self.hidden is not None:
            require_units(self.hidden)

    def _attention(self) -> Attention:
        return Attention(
            tokens=self.tokens, heads=self.heads, causal=self.causal, bias=self.bias, kv_heads=self.kv_heads,
            rotary=self.rotary, relative=self.relative, padding=self.padding,
        )  # fmt: skip

    def _parts(self) -> Sequence[Layer]:
        """Return what reads the tokens before the feed-forward part, in order."""
        return (self._attention(),)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the parts, each with its skip and its normalisation.

        Raises:
            SpecError: the width is not a number, or the heads do not divide it.
        """
        width = incoming.args[1]
        if not isinstance(width, Integer):
            raise SpecError(f"a transformer block needs a width that is a number, and it is {width}: give inputs")
        hidden = 4 * int(width) if self.hidden is None else self.hidden
        mlp = (Scoped("hidden", Dense(hidden, self.activation)), Scoped("output", Linear(int(width))))
        out = incoming
        name = f"block{builder.count('block')}"
        with builder.scope(name, numbered=False), builder.block(Kind.TRANSFORMER):
            for number, part in enumerate((*((each,) for each in self._parts()), mlp), 1):
                norm = Scoped(f"norm{number}", LayerNorm(self.epsilon))
                out = Residual(part if self.post_norm else (norm, *part)).build(builder, out)
                out = norm.build(builder, out) if self.post_norm else out
        return out


@dataclass(frozen=True, kw_only=True)
@takes_fields
class DecoderBlock(TransformerBlock):
    """A transformer block that reads another sequence too: causal attention, cross-attention, feed-forward.

    Post-norm it is ``torch.nn.TransformerDecoderLayer``. The other sequence, its ``memory`` tokens and its ``width``
    are those of ``CrossAttention``; its weights are ``block1.cross.WQ`` …, and ``padding`` masks both sequences.
    """

    causal: bool = True
    memory: int | None = None
    width: int | None = None

    def _parts(self) -> Sequence[Layer]:
        cross = CrossAttention(
            tokens=self.tokens, heads=self.heads, bias=self.bias, kv_heads=self.kv_heads, padding=self.padding,
            memory=self.memory, width=self.width,
        )  # fmt: skip
        return (self._attention(), cross)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._parts()


@dataclass(frozen=True, kw_only=True)
@takes_fields
class Encoder:
    """What blocks with cross-attention behind it read: ``layers`` over an input C of its own, ``inputs`` × T·m.

    ``tokens`` is its T, which the layers inside share. What comes in goes out unchanged. Its names begin with
    ``encoder``.

    Raises:
        SpecError: no layer, or ``tokens`` or ``inputs`` that are no whole number from 1.
    """

    layers: Sequence[Layer]
    tokens: int
    inputs: int | None = None

    reads_another: ClassVar[bool] = True
    """Its tokens are not those of the sequence that passes through it."""

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("an encoder needs at least one layer")
        require_whole(self.tokens, "tokens", MAX_TOKENS)
        if tokens_of(self.layers) not in (1, self.tokens):
            raise SpecError(f"an encoder of {self.tokens} tokens has layers of {tokens_of(self.layers)}: give the same")
        if self.inputs is not None:
            require_units(self.inputs)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the encoder's layers; what they return is what later blocks read."""
        source = builder.memory(self.tokens, self.inputs, incoming)
        with builder.scope("encoder"), builder.sequence(source), builder.block(Kind.ENCODER):
            out = source.states
            for layer in self.layers:
                out = layer.build(builder, out)
        builder.remember(Memory(out, self.tokens, source.mask))
        return incoming


@dataclass(frozen=True, kw_only=True)
@takes_fields
class Positions:
    """Position embeddings: X + P beside itself for every example, P of the width of X × ``tokens``.

    P is learned, or with ``sinusoidal`` fixed: sines and cosines (Vaswani et al. 2017, §3.5).
    """

    tokens: int
    sinusoidal: bool = False

    def __post_init__(self) -> None:
        require_whole(self.tokens, "tokens", MAX_TOKENS)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add X + [P, …, P]."""
        number = builder.count("positions")
        with builder.scope("positions" if number == 1 else f"positions{number}", numbered=False):
            rows = incoming.args[1]
            learned = None if self.sinusoidal else builder.parameter("P", Role.SHIFT, rows, self.tokens)
            with builder.block(Kind.POSITIONS):
                waves = Sinusoids(rows, self.tokens)
                positions = learned or builder.define("P", Role.CONSTANT, waves, rows, self.tokens)
                return builder.define("X", Role.SHIFTED, matadd(incoming, Tile(positions, BATCH)), rows)
