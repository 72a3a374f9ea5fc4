"""Budgets add up for every architecture the project has: each layer, shared and tied weights, masks and penalties."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest

import symbp
from symbp import (
    GEGLU,
    GLU,
    GRU,
    LSTM,
    RNN,
    Activation,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    Attention,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    BatchNorm2d,
    ClassToken,
    Concat,
    ConcatWith,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    CrossAttention,
    DecoderBlock,
    Dense,
    DenseBlock,
    Dropout,
    Embedding,
    Encoder,
    GroupNorm,
    Image,
    InstanceNorm2d,
    LayerNorm,
    Linear,
    MaxPool1d,
    MaxPool2d,
    Network,
    Patches,
    PickToken,
    Positions,
    PReLU,
    ReGLU,
    Residual,
    RMSNorm,
    SequenceEncoder,
    SpecError,
    SpectralNorm,
    SwiGLU,
    TokenMean,
    Tokens,
    TransformerBlock,
    Upsample,
    WeightNorm,
    analyze,
    derive,
)
from symbp.analysis.flow import GradientFlow
from symbp.networks.operations import OPERATIONS
from symbp.symbols import Role

T = 3
IMAGE = Image(2, 6, 4)
SIGNAL = Image(2, 1, 8)
OUT = Dense(2, "softmax")
SAME = {"padding": 1, "activation": "tanh"}
GROWING = DenseBlock([[Conv2d(3, 3, **SAME)], [BatchNorm2d(), Conv2d(1, 1, activation="tanh")]])
PRE = Residual([BatchNorm(), Activation("tanh"), Linear(5)])

LAYERS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "dense": (3, (Dense(5, "tanh"), Dense(4, "relu"))),
    "dropout": (3, (Dense(5, "tanh"), Dropout(), Dense(4, "relu"), Dropout())),
    "tied": (3, (Dense(5, "tanh"), Linear(tied_to="W1", transposed=True))),
    "tied twice": (4, (Dense(4, "tanh"), Linear(tied_to="W1"), Activation("sigmoid"), Linear(tied_to="W1"))),
    "residual": (3, (Linear(5), PRE, PRE, Residual([Dense(4, "relu")], projection=Linear(4)))),
    "layernorm": (3, (Linear(5), LayerNorm(), Activation("gelu"), Linear(4), RMSNorm())),
    "concat": (IMAGE, (Concat([Conv2d(3, 3, **SAME), BatchNorm2d()]), Activation("relu"))),
    "dense block": (IMAGE, (GROWING, AvgPool2d(2))),
    "conv2d": (IMAGE, (Conv2d(3, 3, **SAME), MaxPool2d(2), BatchNorm2d(), Conv2d(2, 2, activation="tanh"))),
    "conv1d": (SIGNAL, (Conv1d(3, 3, padding=1), MaxPool1d(2), Conv1d(2, 2, activation="tanh"), AvgPool1d(2))),
    "attention": (4, (Attention(tokens=T, heads=2, causal=True), Dense(5, "tanh"))),
    "transformer": (4, (TransformerBlock(tokens=T, heads=2), TransformerBlock(tokens=T))),
    "two sequences": (
        4,
        (
            Positions(tokens=T),
            Encoder(layers=[TransformerBlock(tokens=2, heads=2, padding=True)], tokens=2),
            DecoderBlock(tokens=T, heads=2, kv_heads=1, rotary=True, relative=True, padding=True, post_norm=True),
            CrossAttention(tokens=T, padding=True),
        ),
    ),
    "rnn": (3, (RNN(5, T),)),
    "rnn state": (3, (RNN(5, T, "softplus", bias=False, initial=True),)),
    "lstm": (3, (LSTM(5, T),)),
    "gru": (3, (GRU(5, T),)),
    "two recurrent": (3, (LSTM(5, T, sequence=True), GRU(4, T))),
    "embedding": (3, (Embedding(3, 5), RNN(4, T))),
    "gated": (3, (GLU(4), SwiGLU(4), GEGLU(4), ReGLU(4), PReLU())),
    "normalised weights": (3, (WeightNorm([Dense(4, "tanh")]), SpectralNorm([Dense(4, "tanh")]))),
    "norms of groups": (IMAGE, (Conv2d(4, 3, **SAME), GroupNorm(groups=2), InstanceNorm2d(), Activation("tanh"))),
    "larger images": (IMAGE, (ConvTranspose2d(3, 2, **SAME), Upsample(2), AdaptiveMaxPool2d(2), AdaptiveAvgPool2d(1))),
    "larger signals": (SIGNAL, (ConvTranspose1d(3, 3, activation="tanh"),)),
    "sequences": (
        3,
        (
            SequenceEncoder([GRU(5, 2, sequence=True)], 2, 3),
            GRU(5, T, sequence=True, carried=True),
            Tokens(),
            CrossAttention(tokens=T),
        ),
    ),
    "mean of patches": (Image(4, 4, 6), (Patches(2), Dense(3, "tanh"), TokenMean())),
}


ELSEWHERE = {ConcatWith, ClassToken, PickToken}
"""Layers whose budgets are not added up: a name of another layer, and one token of an image."""


def network(name: str, **options: Any) -> Network:
    inputs, layers = LAYERS[name]
    return Network([*layers, OUT], **{"inputs": inputs, "loss": "cross_entropy", "batch": True} | options)


def require_sound(flow: GradientFlow) -> None:
    """Every weight is compared with its compiled gradient, but those that are zero to rounding."""
    assert flow.agrees, flow.error
    assert flow.error <= 1e-12
    assert flow.compared == sum(not row.rounding for row in flow.rows) > 0
    for row in flow.rows:
        assert math.fsum(row.roles.values()) == pytest.approx(row.log10, rel=1e-12, abs=1e-12)
        assert math.fsum(use.share for use in row.uses) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("init", ["he", "orthogonal"])
@pytest.mark.parametrize("name", LAYERS)
def test_budgets_add_up(name: str, init: str) -> None:
    require_sound(analyze(network(name), init=init, seed=1, examples=6))


@pytest.mark.parametrize("name", ["dense", "tied", "conv2d", "gru", "residual"])
def test_budgets_add_up_with_a_penalty(name: str) -> None:
    """The penalty is a use of its own of every weight."""
    plain, penalised = (analyze(network(name, **options), examples=6) for options in ({}, {"l2": "0.1"}))
    require_sound(penalised)
    for without, row in zip(plain.rows, penalised.rows, strict=True):
        assert len(row.uses) == len(without.uses) + 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_budgets_of_operations_with_weights_add_up(name: str) -> None:
    derivation = derive(OPERATIONS[name].build())
    if any(each.role is Role.WEIGHT for each in derivation.wrt):
        require_sound(analyze(derivation, examples=6))
        return
    with pytest.raises(SpecError, match="no weights here"):
        analyze(derivation)


def test_no_layer_is_left_out() -> None:
    """Every public layer stands in the table: a new one has to be added to it."""
    named = [getattr(symbp, name) for name in symbp.__all__]
    public = {each for each in named if inspect.isclass(each) and is_layer(each)}
    assert {Dense, GRU, BatchNorm2d} < public
    assert public - {kind for _, layers in LAYERS.values() for kind in kinds(layers)} == ELSEWHERE


def is_layer(kind: type) -> bool:
    return hasattr(kind, "build") or hasattr(kind, "build_steps")


def kinds(layers: Any) -> set[type]:
    """Return the kinds of layers and of the layers inside them."""
    found = {type(each) for each in layers if not isinstance(each, list | tuple)}
    for each in layers:
        inner = each if isinstance(each, list | tuple) else getattr(each, "layers", getattr(each, "stages", ()))
        found |= kinds(inner) if inner else set()
    return found
