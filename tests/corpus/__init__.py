"""Networks that every test of a page runs over: equations as people write them, layers, the shipped examples.

``EQUATIONS`` are files in ``equations/``, also for the command line. The first line says what it is; the second, where
there is one, draws the sizes that are names and what is not normal: ``# m = 5, n = 3; Y one-hot``. ``LAYERS`` are
networks of layers, ``EXAMPLES`` the shipped ones. ``REFUSED`` is what symbp does not take today, with the message: a
row leaves it when its network passes, and comes back never.

``case.network()`` is what is derived, ``case.values(derivation)`` are numbers for all that is given, and
``truth(case, values)`` are the loss and the gradients of a network of equations by NumPy and the complex step, which
know nothing of symbp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from corpus.forward import called
from symbp.derivation import Derivation
from symbp.networks import examples
from symbp.networks.attention import Attention
from symbp.networks.concat import DenseBlock
from symbp.networks.convolution import Conv2d, ConvTranspose2d
from symbp.networks.embedding import Embedding
from symbp.networks.gated import PReLU, SwiGLU
from symbp.networks.images import Image
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from symbp.networks.pooling import AvgPool2d, MaxPool2d, Upsample
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.regularisation import Dropout
from symbp.networks.residual import Residual
from symbp.networks.tokens import ClassToken, Patches, PickToken
from symbp.networks.transformer import DecoderBlock, Encoder, Positions, TransformerBlock
from symbp.networks.weights import WeightNorm
from symbp.symbols import Role, Variable

Arrays = dict[str, Any]

HERE = Path(__file__).parent

STEP = 1e-30
"""The imaginary part of the complex step."""


def _one_hot(random: np.random.Generator, rows: int, columns: int) -> Any:
    array = np.zeros((rows, columns))
    array[random.integers(rows, size=columns), np.arange(columns)] = 1
    return array


def _distribution(random: np.random.Generator, rows: int, columns: int) -> Any:
    array = random.uniform(0.1, 1, (rows, columns))
    return array / array.sum(axis=0)


DRAWS: dict[str, Callable[[np.random.Generator, int, int], Any]] = {
    "normal": lambda random, rows, columns: random.normal(size=(rows, columns)),
    "one-hot": _one_hot,
    "distribution": _distribution,
    "unit": lambda random, rows, columns: random.uniform(0.05, 0.95, (rows, columns)),
    "binary": lambda random, rows, columns: random.integers(0, 2, (rows, columns)).astype(float),
    "sign": lambda random, rows, columns: random.choice([-1.0, 1.0], (rows, columns)),
    "positive": lambda random, rows, columns: random.uniform(0.2, 1.5, (rows, columns)),
    "mask": lambda random, rows, columns: 2.0 * random.integers(0, 2, (rows, columns)),
    "ones": lambda random, rows, columns: np.ones((rows, columns)),
    "identity": lambda random, rows, columns: np.eye(rows, columns),
    "labels": lambda random, rows, columns: np.tile(np.eye(rows), columns // rows),
    "causal": lambda random, rows, columns: np.triu(np.ones((rows, columns))),
}
"""What an array may be drawn as; ``normal`` unless a case says otherwise."""

WEIGHTS = frozenset({Role.WEIGHT})
"""What is drawn smaller, so that nothing saturates."""


@dataclass(frozen=True)
class Case:
    """A network, and how the numbers for it are drawn.

    ``draws`` maps a name to a key of ``DRAWS``; ``sizes`` a name of a dimension to a number. ``f`` and ``loss`` stand
    for what the network leaves open.
    """

    name: str
    build: Callable[[], Network]
    about: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    draws: Mapping[str, str] = field(default_factory=dict)
    f: str | None = None
    loss: str | None = None
    text: str = ""

    def __str__(self) -> str:
        return self.name

    def network(self) -> Network:
        """Return the network, built anew."""
        return self.build()

    def size(self, dimension: Any, sizes: Mapping[str, int]) -> int:
        """Return the number that a dimension is, symbolic ones by their names: open widths differ."""
        letters = {letter: sizes.get(letter.name, _width(letter.name)) for letter in dimension.free_symbols}
        return int(dimension.xreplace(letters)) if letters else int(dimension)

    def values(self, of: Derivation | Iterable[Variable], seed: int = 0, **sizes: int) -> Arrays:
        """Return an array for every given symbol, by its name; ``sizes`` go before those of the case."""
        given = of.forward.given if isinstance(of, Derivation) else of
        random = np.random.default_rng([seed, len(self.name)])
        return {symbol.name: self._drawn(symbol, random, {**self.sizes, **sizes}) for symbol in given}

    def _drawn(self, symbol: Variable, random: np.random.Generator, sizes: Mapping[str, int]) -> Any:
        rows, columns = (self.size(dimension, sizes) for dimension in symbol.shape)
        kind = self.draws.get(symbol.name, self.draws.get(symbol.stem, "normal"))
        array = DRAWS[kind](random, rows, columns)
        return array / np.sqrt(columns) if kind == "normal" and symbol.role in WEIGHTS else array

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The equations of a network of equations."""
        return tuple(line for line in _bare(self.text) if "=" in line)


def _width(name: str) -> int:
    """Return a size for a dimension that is left open: m is 3, n0, n1, … differ from their neighbours."""
    number = re.search(r"[0-9]+\Z", name)
    return 2 + (3 * int(number[0]) + 2) % 5 if number else 3


def _bare(text: str) -> list[str]:
    return [part for line in text.splitlines() if (part := line.partition("#")[0].rstrip())]


def case_of(place: Path) -> Case:
    """Return the case of a file of equations."""
    text = place.read_text(encoding="utf-8")
    first, second, *_ = [*text.splitlines(), ""]
    sizes: dict[str, int] = {}
    draws: dict[str, str] = {}
    if second.startswith("#"):
        for piece in re.split(r"[,;]", second.removeprefix("#")):
            if "=" in piece:
                letter, _, number = piece.partition("=")
                sizes[letter.strip()] = int(number)
            elif piece.strip():
                name, kind = piece.split()
                assert kind in DRAWS, f"{place.name}: nothing is drawn as {kind}"
                draws[name] = kind
    return Case(place.stem, lambda: Network.load(place), first.removeprefix("#").strip(), sizes, draws, text=text)


def truth(case: Case, values: Mapping[str, Any], wrt: Iterable[str]) -> tuple[float, Arrays]:
    """Return the loss of a network of equations and its gradients, by NumPy alone and one complex step an entry."""
    sizes = {letter: _size_in(values, case, letter) for letter in case.sizes}

    def loss(arrays: Mapping[str, Any]) -> complex:
        return complex(np.squeeze(called(case.lines, {**sizes, **arrays})))

    gradients: Arrays = {}
    for name in wrt:
        array = np.asarray(values[name], dtype=complex)
        slopes = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            turned = array.copy()
            turned[place] += 1j * STEP
            slopes[place] = loss({**values, name: turned}).imag / STEP
        gradients[name] = slopes
    return loss(values).real, gradients


def _size_in(values: Mapping[str, Any], case: Case, letter: str) -> int:
    """Return what a named dimension is in arrays that were drawn with a size of their own."""
    for line in _bare(case.text):
        names, _, shape = line.partition(":")
        if "=" in line or not shape:
            continue
        for place, side in enumerate(shape.split("x")[:2]):
            if side.split()[:1] == [letter]:
                name = re.sub(r"\[(\d+)\.\..*", r"\1", names.split(",")[0].strip())
                return int(np.shape(values[name])[place])
    return case.sizes[letter]


EQUATIONS: dict[str, Case] = {
    place.stem: case_of(place) for place in sorted((HERE / "equations").glob("*.eq"))
}  # fmt: skip
"""Networks of equations that symbp derives."""

REFUSED: dict[str, str] = {
    "convolution": "unknown function 'conv2d'",
    "custom-loss": "'>' may not stand in the equation",
    "dropout": "unknown function 'dropout'",
    "two-columns-meet": "the loss compares loss_3, 2×p, with Y, 2×m",
}
"""Files of ``refused/`` and a part of the message that refuses them."""


_CE = {"loss": "cross_entropy"}
_ONE_HOT = {"Y": "one-hot"}


def _mlp(**options: Any) -> Callable[[], Network]:
    return lambda: Network.mlp(**options)


def _stack(blocks: int, **options: Any) -> Callable[[], Network]:
    block = {"tokens": 3, "heads": 2, "hidden": 5, "causal": True, **options}
    return lambda: Network(
        [*(TransformerBlock(**block) for _ in range(blocks)), LayerNorm(), Dense(3, "softmax")], inputs=4, **_CE
    )


def _recurrent(*layers: Any) -> Callable[[], Network]:
    return lambda: Network([*layers, Dense(2, "softmax")], inputs=3, **_CE)


def _layers(*layers: Any, **options: Any) -> Callable[[], Network]:
    return lambda: Network(list(layers), **options)


_OPEN = {"f": "tanh", "loss": "mse"}

_LAYERED = (
    Case("mlp-1", _mlp(layers=1), **_OPEN),
    Case("mlp-2", _mlp(layers=2), **_OPEN),
    Case("mlp-4", _mlp(layers=4), **_OPEN),
    Case("mlp-12", _mlp(layers=12), **_OPEN),
    Case("mlp-100", _mlp(layers=100), **_OPEN),
    Case("mlp-4-batch", _mlp(layers=4, batch=True), **_OPEN),
    Case("mlp-3-tanh-mse", _mlp(layers=3, widths=[3, 5, 4, 2], activation="tanh", loss="mse")),
    Case("mlp-4-tanh-softmax", _mlp(layers=4, widths=[3, 6, 5, 4, 2], activation="tanh", **_CE), draws=_ONE_HOT),
    Case(
        "mlp-3-sigmoid-bce-batch",
        _mlp(layers=3, widths=[3, 5, 4, 2], activation="sigmoid", loss="bce", batch=True),
        draws={"Y": "binary"},
    ),
    Case("mlp-3-leaky-huber", _mlp(layers=3, widths=[3, 5, 4, 2], activation="leaky_relu", loss="huber", bias=False)),
    Case(
        "mlp-2-custom",
        _mlp(
            layers=2,
            widths=[3, 4, 2],
            activation="x*sigmoid(beta*x)",
            output_activation="identity",
            let={"beta": "1.702"},
            loss="mse",
        ),
    ),
    Case(
        "mlp-3-softmax-mse",
        _mlp(layers=3, widths=[3, 5, 4, 2], activation="gelu", output_activation="softmax", loss="mse"),
    ),
    Case("mlp-2-relu-mae-open-widths", _mlp(layers=2, activation="relu", loss="mae")),
    Case(
        "residual-batch",
        _layers(Linear(5), Residual([Dense(4, "tanh"), Linear(5)]), Dense(2, "softmax"), inputs=3, batch=True, **_CE),
        draws=_ONE_HOT,
    ),
    Case(
        "residual-projected",
        _layers(Residual([Dense(4, "tanh"), Linear(5)], projection=Linear(5)), Linear(2), inputs=3, loss="mse"),
    ),
    Case("transformer-1", _stack(1), draws=_ONE_HOT),
    Case("transformer-12", _stack(12), draws=_ONE_HOT),
    Case("transformer-post-norm", _stack(1, post_norm=True, bias=True, causal=False), draws=_ONE_HOT),
    Case(
        "attention-grouped",
        _layers(Attention(tokens=3, heads=4, kv_heads=2, rotary=True), Linear(2), inputs=8, loss="mse"),
    ),
    Case(
        "cross-attention",
        _layers(
            Encoder(layers=[Linear(4)], tokens=2, inputs=3),
            Positions(tokens=3),
            DecoderBlock(tokens=3, heads=2, hidden=5),
            Dense(3, "softmax"),
            inputs=4,
            **_CE,
        ),
        draws=_ONE_HOT,
    ),
    Case("lstm-1", _recurrent(LSTM(4, steps=1)), draws=_ONE_HOT),
    Case("lstm-5", _recurrent(LSTM(4, steps=5)), draws=_ONE_HOT),
    Case("lstm-50", _recurrent(LSTM(4, steps=50)), draws=_ONE_HOT),
    Case("lstm-stacked", _recurrent(LSTM(4, steps=4, sequence=True), LSTM(5, steps=4)), draws=_ONE_HOT),
    Case("gru-5", _recurrent(GRU(4, steps=5)), draws=_ONE_HOT),
    Case("rnn-5", _recurrent(RNN(4, steps=5)), draws=_ONE_HOT),
    Case("rnn-initial", _recurrent(RNN(4, steps=3, initial=True)), draws=_ONE_HOT),
    Case(
        "cnn",
        _layers(
            Conv2d(3, 3, padding=1, activation="relu"),
            MaxPool2d(2),
            Conv2d(4, 2),
            Activation("tanh"),
            Dense(2, "softmax"),
            inputs=Image(2, 6, 5),
            **_CE,
        ),
        draws=_ONE_HOT,
    ),
    Case(
        "cnn-average-pool",
        _layers(Conv2d(2, 3, stride=2, bias=False), AvgPool2d(2), Linear(2), inputs=Image(1, 9, 9), loss="mse"),
    ),
    Case(
        "cnn-batchnorm",
        _layers(Conv2d(3, 3, activation="relu"), BatchNorm(), Linear(2), inputs=Image(2, 5, 4), loss="mse"),
    ),
    Case(
        "cnn-turned",
        _layers(
            Conv2d(4, 3, stride=2, padding=2, dilation=2, groups=2, activation="tanh"),
            Upsample(),
            ConvTranspose2d(2, 3, stride=2, padding=1, groups=2),
            inputs=Image(2, 5, 4),
            loss="mse",
        ),
    ),
    Case("group-norm", _layers(Linear(6), GroupNorm(groups=3), Linear(2), inputs=3, loss="mse")),
    Case(
        "vision-transformer",
        _layers(
            Patches(2),
            Linear(4),
            ClassToken(),
            TransformerBlock(tokens=5, hidden=5),
            PickToken(),
            Dense(2, "softmax"),
            inputs=Image(2, 4, 4),
            **_CE,
        ),
        draws=_ONE_HOT,
    ),
    Case("weight-norm", _layers(WeightNorm([Dense(4, "tanh")]), PReLU(), SwiGLU(3), Linear(2), inputs=3, loss="mse")),
    Case("rnn-both-ways", _recurrent(RNN(4, steps=3, bidirectional=True)), draws=_ONE_HOT),
    Case("lstm-peephole", _recurrent(LSTM(4, steps=3, peephole=True)), draws=_ONE_HOT),
    Case("dense-block", _layers(DenseBlock([[Dense(3, "tanh")], [Dense(2, "tanh")]]), Linear(2), inputs=4, loss="mse")),
    Case(
        "batchnorm",
        _layers(Linear(5), BatchNorm(), Activation("relu"), Dense(2, "softmax"), inputs=3, **_CE),
        draws=_ONE_HOT,
    ),
    Case("layernorm", _layers(Dense(5, "tanh"), LayerNorm(), Linear(2), inputs=3, loss="mse")),
    Case(
        "rmsnorm-batch",
        _layers(Linear(5), RMSNorm(), Activation("silu"), Dense(2, "sigmoid"), inputs=3, loss="bce", batch=True),
        draws={"Y": "binary"},
    ),
    Case(
        "dropout",
        _layers(Dense(5, "relu"), Dropout(), Dense(2, "softmax"), inputs=3, **_CE),
        draws={**_ONE_HOT, "M": "mask"},
    ),
    Case(
        "embedding",
        _layers(Embedding(6, 4), Dense(5, "tanh"), Dense(2, "softmax"), inputs=6, **_CE),
        draws={**_ONE_HOT, "X": "one-hot"},
    ),
    Case("l2", _layers(Dense(5, "tanh"), Linear(2), inputs=3, loss="mse", l2="0.01")),
    Case("tied-layers", _layers(Dense(4, "tanh"), Linear(3, tied_to="W1", transposed=True), inputs=3, loss="mse")),
)

LAYERS: dict[str, Case] = {case.name: case for case in _LAYERED}
"""Networks of layers."""


def _example(name: str, place: Path) -> Case:
    draws = _ONE_HOT if "cross_entropy" in place.read_text(encoding="utf-8") else {}
    return Case(name, lambda: Network.load(place), examples.about(place), draws=draws)


EXAMPLES: dict[str, Case] = {name: _example(name, place) for name, place in examples.EXAMPLES.items()}
"""The shipped examples."""

CASES: dict[str, Case] = {**EQUATIONS, **LAYERS, **EXAMPLES}
"""All networks."""
