"""The schema of network files: every type of layer with its keys.

pydantic is imported here and in ``spec_problems`` alone, and only when a file is read or the schema is printed.
``spec_network`` builds the network of data that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Annotated, Any, ForwardRef, Literal, Union, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    create_model,
)

from symbp.errors import SpecError
from symbp.limits import MAX_UNITS
from symbp.networks.attention import Attention, CrossAttention
from symbp.networks.concat import Concat
from symbp.networks.convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from symbp.networks.embedding import Embedding
from symbp.networks.gated import GEGLU, GLU, PReLU, ReGLU, SwiGLU
from symbp.networks.layers import EXTENSIONS, Activation, Dense, Extension, Layer, Linear
from symbp.networks.normalisation import BatchNorm, BatchNorm2d, GroupNorm, InstanceNorm2d, LayerNorm, RMSNorm
from symbp.networks.pooling import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
    Upsample,
)
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.regularisation import Dropout
from symbp.networks.residual import Residual
from symbp.networks.sequences import SequenceEncoder, Tokens
from symbp.networks.tokens import ClassToken, Patches, PickToken, TokenMean
from symbp.networks.transformer import DecoderBlock, Encoder, Positions, TransformerBlock
from symbp.networks.weights import SpectralNorm, WeightNorm
from symbp.ops.functions import LARGEST
from symbp.symbols import MAX_NAME, NAME


def _number(value: object) -> str:
    """Return a number as text, which is read exactly: 0.1 is 1/10."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a finite number")
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"a number between -{LARGEST:.0e} and {LARGEST:.0e}")
    return repr(value)


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > 40 or not NAME.match(value) or "." in value:
        raise ValueError("a name of letters, digits and _ after a letter")
    return value


def _sides(value: object) -> object:
    if isinstance(value, list) and len(value) == 2:
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number or two of them, [height, width]")
    return value


def _kind_of_inputs(value: object) -> str:
    return "image" if isinstance(value, Mapping | Table) else "number"


Number = Annotated[str, BeforeValidator(_number), WithJsonSchema({"type": ["number", "string"]})]
Whole = Annotated[int, Field(ge=1)]
Units = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Sides = Annotated[
    Any,
    BeforeValidator(_sides),
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}}]}
    ),
]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$"})]
Reference = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Size = Annotated[
    list[Any],
    WithJsonSchema(
        {
            "type": "array", "minItems": 2, "maxItems": 2,
            "items": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_UNITS}, {"type": "string"}]},
        }
    ),
]  # fmt: skip

CONFIG = ConfigDict(extra="forbid", strict=True, frozen=True)


class Table(BaseModel):
    """A table of a file: unknown keys are refused, a number is no text and text no number."""

    model_config = CONFIG


@dataclass(frozen=True)
class Row:
    """A type of layer in a file: what it builds, and its keys, each with type and default (``...``: needed).

    The keys are the names of the arguments. ``let`` is passed to what takes it.
    """

    layer: Callable[..., Layer]
    about: str
    keys: Mapping[str, tuple[Any, Any]]


INSIDE: Any = list[ForwardRef("AnyLayer")]  # type: ignore[misc] # a table of any type, its own too
"""The layers inside a layer."""

LINEAR: dict[str, Any] = {"units": (Units | None, None), "bias": (bool, True)}
SLIDING: dict[str, tuple[Any, Any]] = {
    "channels": (Units | None, None),
    "kernel": (Sides, ...),
    "stride": (Sides, 1),
    "padding": (Sides, 0),
    "dilation": (Sides, 1),
    "groups": (Whole, 1),
    "bias": (bool, True),
    "activation": (Text | None, None),
}
TURNED: dict[str, tuple[Any, Any]] = {**SLIDING, "output_padding": (Sides, 0)}
POOLING: dict[str, tuple[Any, Any]] = {"kernel": (Sides, ...), "stride": (Sides | None, None), "padding": (Sides, 0)}
PARTS: dict[str, tuple[Any, Any]] = {"size": (Sides, 1)}
TOKENS: dict[str, tuple[Any, Any]] = {
    "tokens": (Whole, ...),
    "heads": (Whole, 1),
    "kv_heads": (Whole | None, None),
    "bias": (bool, False),
    "relative": (bool, False),
    "padding": (bool, False),
}
ITSELF: dict[str, tuple[Any, Any]] = {"causal": (bool, False), "rotary": (bool, False)}
OTHER: dict[str, tuple[Any, Any]] = {"memory": (Whole | None, None), "width": (Units | None, None)}
STEPS: dict[str, tuple[Any, Any]] = {
    "units": (Units | None, None),
    "steps": (Whole, ...),
    "bias": (bool, True),
    "initial": (bool, False),
    "sequence": (bool, False),
    "bidirectional": (bool, False),
    "depth": (Whole, 1),
    "two_biases": (bool, False),
    "carried": (bool, False),
}
NORMALISED: dict[str, tuple[Any, Any]] = {"epsilon": (Number, "1e-5")}
BLOCK: dict[str, tuple[Any, Any]] = {
    "hidden": (Units | None, None),
    "activation": (Text, "gelu_tanh"),
    "post_norm": (bool, False),
    **NORMALISED,
}

Projection = create_model("Projection", __base__=Table, __doc__="An affine layer on the skip.", **LINEAR)

ROWS: dict[str, Row] = {
    "dense": Row(Dense, "Z = W A + b, then an activation.", {**LINEAR, "activation": (Text | None, None)}),
    "linear": Row(
        Linear,
        "Z = W A + b; tied_to names the weight of an earlier layer to use, transposed its transpose.",
        {**LINEAR, "tied_to": (Reference | None, None), "transposed": (bool, False)},
    ),
    "glu": Row(GLU, "A gated linear unit, (W A + b) ⊙ σ(V A + c).", LINEAR),
    "swiglu": Row(SwiGLU, "A gated linear unit with SiLU in the gate's place.", LINEAR),
    "geglu": Row(GEGLU, "A gated linear unit with GELU in the gate's place.", LINEAR),
    "reglu": Row(ReGLU, "A gated linear unit with ReLU in the gate's place.", LINEAR),
    "prelu": Row(PReLU, "ReLU with a trained slope below 0.", {}),
    "activation": Row(
        Activation, "An activation alone: a name, softmax, or an expression in x.", {"function": (Text | None, None)}
    ),
    "residual": Row(
        Residual,
        "What goes in is added to what comes out of the layers.",
        {"layers": (INSIDE, ...), "projection": (Projection | None, None)},
    ),
    "concat": Row(
        Concat,
        "What goes in above what comes out of the layers; repeated, a dense block.",
        {"layers": (INSIDE, ...)},
    ),
    "batch_norm": Row(
        BatchNorm, "Normalise over the batch: every feature, of an image every channel; scale and shift.", NORMALISED
    ),
    "batch_norm2d": Row(BatchNorm2d, "Normalise every channel of an image over the batch and its pixels.", NORMALISED),
    "group_norm": Row(
        GroupNorm,
        "Normalise each group of an example's channels, then scale and shift by channel.",
        {**NORMALISED, "groups": (Whole, 1), "affine": (bool, True)},
    ),
    "instance_norm2d": Row(
        InstanceNorm2d,
        "Normalise every channel of an image of every example; scale and shift only if affine.",
        {**NORMALISED, "affine": (bool, False)},
    ),
    "weight_norm": Row(
        WeightNorm,
        "The layers with weights of a direction V and a length g a row.",
        {"layers": (INSIDE, ...)},
    ),
    "spectral_norm": Row(
        SpectralNorm,
        "The layers with weights over their spectral norm, by u and v that are given.",
        {"layers": (INSIDE, ...)},
    ),
    "layer_norm": Row(LayerNorm, "Normalise every example over its features, then scale and shift.", NORMALISED),
    "rms_norm": Row(RMSNorm, "Divide every example by its root mean square, then scale.", NORMALISED),
    "attention": Row(
        Attention,
        "Scaled dot-product attention over the tokens of an example.",
        {**TOKENS, **ITSELF, "units": (Units | None, None)},
    ),
    "cross_attention": Row(
        CrossAttention,
        "Attention to another sequence: an encoder's, or an input of its own length, memory.",
        {**TOKENS, **OTHER, "units": (Units | None, None)},
    ),
    "transformer_block": Row(
        TransformerBlock,
        "A transformer block: attention, then two dense layers, each with a skip and a normalisation.",
        {**TOKENS, **ITSELF, **BLOCK},
    ),
    "decoder_block": Row(
        DecoderBlock,
        "A transformer block that reads another sequence too, between its own attention and its dense layers.",
        {**TOKENS, **ITSELF, "causal": (bool, True), **OTHER, **BLOCK},
    ),
    "encoder": Row(
        Encoder,
        "Layers over a second input; decoder blocks and cross-attention behind it read what they return.",
        {"layers": (INSIDE, ...), "tokens": (Whole, ...), "inputs": (Units | None, None)},
    ),
    "positions": Row(
        Positions,
        "A vector for every position, learned or sinusoidal, added to the tokens.",
        {"tokens": (Whole, ...), "sinusoidal": (bool, False)},
    ),
    "sequence_encoder": Row(
        SequenceEncoder,
        "Recurrent layers over another sequence, whose states attention behind it reads.",
        {"layers": (INSIDE, ...), "steps": (Whole, ...), "inputs": (Units | None, None)},
    ),
    "tokens": Row(Tokens, "The states of all steps as the tokens of one sequence.", {}),
    "patches": Row(Patches, "The patches of an image as the tokens of a sequence.", {"size": (Whole, ...)}),
    "class_token": Row(ClassToken, "A trained token in front of every sequence.", {}),
    "pick_token": Row(PickToken, "One token of every sequence.", {"index": (Annotated[int, Field(ge=0)], 0)}),
    "token_mean": Row(TokenMean, "The mean over the tokens of every sequence.", {}),
    "rnn": Row(RNN, "A recurrent layer, unrolled over its steps.", {**STEPS, "activation": (Text, "tanh")}),
    "lstm": Row(
        LSTM,
        "A long short-term memory as torch.nn.LSTM, unrolled over its steps.",
        {**STEPS, "peephole": (bool, False)},
    ),
    "gru": Row(GRU, "A gated recurrent unit as torch.nn.GRU, unrolled over its steps.", STEPS),
    "embedding": Row(
        Embedding,
        "One vector for every word of a vocabulary.",
        {"vocabulary": (Units, ...), "width": (Units | None, None)},
    ),
    "dropout": Row(Dropout, "Every value times a mask that is given with the data.", {}),
    "conv2d": Row(Conv2d, "A convolution over images, as torch.nn.Conv2d.", SLIDING),
    "conv1d": Row(Conv1d, "A convolution over signals, images of height 1.", SLIDING),
    "conv_transpose2d": Row(
        ConvTranspose2d, "A convolution turned round, to a larger image, as torch.nn.ConvTranspose2d.", TURNED
    ),
    "conv_transpose1d": Row(ConvTranspose1d, "A convolution of signals turned round, to a longer one.", TURNED),
    "max_pool2d": Row(MaxPool2d, "The largest value under each window.", POOLING),
    "max_pool1d": Row(MaxPool1d, "The largest value under each window of a signal.", POOLING),
    "avg_pool2d": Row(AvgPool2d, "The mean of the values under each window.", POOLING),
    "avg_pool1d": Row(AvgPool1d, "The mean of the values under each window of a signal.", POOLING),
    "adaptive_avg_pool2d": Row(
        AdaptiveAvgPool2d, "The mean over equal parts of an image, size of them; 1: global average pooling.", PARTS
    ),
    "adaptive_max_pool2d": Row(
        AdaptiveMaxPool2d, "The largest value of equal parts of an image, size of them; 1: global max pooling.", PARTS
    ),
    "upsample": Row(Upsample, "Every value of an image repeated downwards and to the right.", {"factor": (Sides, 2)}),
}
"""The types of layers: to add one, add a row."""

COMMON: dict[str, tuple[Any, Any]] = {
    "repeat": (Whole | Literal["N"], 1),
    "name": (Name | None, None),
    "concat": (Reference | list[Reference] | None, None),
}
"""What every layer takes: how many of it follow each other, N for any number, a name that its symbols carry, and the
names of earlier layers whose results stand below what comes in."""


def _model(kind: str, row: Row) -> type[Table]:
    keys: dict[str, Any] = {"type": (Literal[kind], ...), **row.keys, **COMMON}
    return create_model(f"{kind}_layer", __base__=Table, __doc__=row.about, **keys)


def _row(extension: Extension) -> Row:
    """Return the row of a layer of another package: its fields as keys."""
    hints, found = get_type_hints(extension.layer), {}
    for each in fields(extension.layer):  # type: ignore[arg-type]
        factory = each.default_factory
        default = each.default if factory is MISSING else factory()
        found[each.name] = (hints[each.name], ... if default is MISSING else default)
    return Row(extension.layer, extension.about, found)


def _about(text: str) -> dict[str, Any]:
    """Return what the schema says of a table; a docstring is gone under ``python -OO``."""
    return {"description": text}


class ImageTable(Table, json_schema_extra=_about("The size of the images that go in; a signal has height 1.")):
    """The table ``inputs`` of a network of images."""

    channels: Units | None = None
    height: Whole = 1
    width: Whole


Inputs = Annotated[
    Annotated[Units, Tag("number")] | Annotated[ImageTable, Tag("image")], Discriminator(_kind_of_inputs)
]


def layers_table() -> type[Table]:
    """Return the model of a file of layers, with the types that other packages have brought so far.

    Raises:
        SpecError: one of them has the name of a type that is symbp's own.
    """
    for name, extension in EXTENSIONS.items():
        if ROWS.setdefault(name, row := _row(extension)).layer is not row.layer:
            raise SpecError(f"{name} is a type of layer of symbp's own: give that of {row.layer} another name")
    return _layers_table(tuple(ROWS))


@cache
def _layers_table(kinds: tuple[str, ...]) -> type[Table]:
    models = [_model(kind, ROWS[kind]) for kind in kinds]
    any_layer: Any = Annotated[Union[tuple(models)], Field(discriminator="type")]  # noqa: UP007
    for each in models:
        each.model_rebuild(_types_namespace={"AnyLayer": any_layer})
    keys: dict[str, Any] = {
        "layers": (list[any_layer], ...),
        "inputs": (Inputs | None, None),
        "loss": (Text | None, None),
        "batch": (bool, False),
        "let": (dict[str, Number], {}),
        "l2": (Number | None, None),
    }
    about = "A stack of layers. Without inputs the widths stay symbolic, without a loss any loss."
    return create_model("Layers", __base__=Table, __doc__=about, **keys)


class Equations(
    Table,
    json_schema_extra=_about(
        "Equations such as H = tanh(W @ X + b), the last one the loss, over matrices of declared shapes."
    ),
):
    """A file of equations."""

    equations: list[str]
    shapes: dict[str, Size]
    parameters: list[str] | None = None
    inputs: list[str] | None = None
    targets: list[str] | None = None
    constants: list[str] | None = None
    frozen: list[str] | None = None
    batch: bool | None = None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a file."""
    files: Any = layers_table() | Equations
    found = TypeAdapter(files).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A network for symbp", **found}
