"""Every public door refuses what it does not take by one line, and takes NumPy's numbers as numbers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest

import symbp
from symbp import Dense, Image, Network, SpecError, analyze, check, derive, render, write
from symbp.domain import From, Outside, described, domain, takes
from symbp.networks.layers import Scoped
from symbp.networks.recurrent import RNN

ODD = [
    None, -1, 0, 1.5, "a", "", b"x", max, np.tanh, Dense, [1], [], {"a"}, {1, 2}, {"a": 1}, ["b"], object(),
    float("nan"), float("inf"), 10**400, 10**5000, (1, 2, 3), np.array([[1.5]]), np.float64(0.5),
]  # fmt: skip
"""Values that a door may take or refuse, never stumble over."""

NETWORK = Network([Dense(3, "tanh"), Dense(2, "softmax")], inputs=4, loss="cross_entropy")
DERIVATION = derive(NETWORK)
OPEN = derive(layers=2)
RECURRENT = derive("lstm-classifier")
EQUATIONS = {
    "equations": ["H = tanh(W @ X)", "loss = mse(H, Y)"],
    "shapes": {"W": (2, 3), "X": (3, "m"), "Y": (2, "m")},
}
"""The derivation of each is made once: the doors are what is tested."""

LAYERS: Mapping[str, Mapping[str, Any]] = {
    **{key: {} for key in ("Activation", "BatchNorm", "BatchNorm2d", "Dense", "Dropout", "GRU", "LSTM", "LayerNorm")},
    **{key: {} for key in ("GLU", "GEGLU", "GroupNorm", "InstanceNorm2d", "PReLU", "ReGLU", "SwiGLU")},
    **{key: {"layers": [Dense(2)]} for key in ("SpectralNorm", "WeightNorm")},
    "ConcatWith": {"name": "before"},
    **{key: {} for key in ("Linear", "RMSNorm", "RNN")},
    **{key: {"tokens": 2} for key in ("Attention", "Positions", "TransformerBlock")},
    **{key: {"tokens": 2, "memory": 3} for key in ("CrossAttention", "DecoderBlock")},
    **{key: {} for key in ("ClassToken", "PickToken", "TokenMean")},
    "Patches": {"size": 1},
    "Tokens": {},
    "SequenceEncoder": {"layers": [RNN(2, 3, sequence=True)], "steps": 3},
    "Encoder": {"layers": [Dense(2)], "tokens": 2},
    **{key: {"kernel": 2} for key in ("AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d")},
    **{key: {"channels": 2, "kernel": 2} for key in ("Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d")},
    **{key: {} for key in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Upsample")},
    "Concat": {"layers": [Dense(2)]},
    "DenseBlock": {"stages": [[Dense(2)]]},
    "Embedding": {"vocabulary": 4},
    "Residual": {"layers": [Dense(4)]},
}
"""What each layer needs at least."""


def built(name: str) -> Callable[..., object]:
    def build(**options: Any) -> object:
        layer = getattr(symbp, name)(**options)
        before = [Scoped("before", Dense(2))] if name == "ConcatWith" else []
        before += [RNN(2, 3, sequence=True)] if name == "Tokens" else []
        inputs = Image(1, 1 if "1d" in name else 4, 4) if name.endswith("d") or name in ("Upsample", "Patches") else 4
        return Network([*before, layer, Dense(2)], inputs=inputs, loss="mse")

    return build


DOORS: dict[str, tuple[Callable[..., object], Mapping[str, Any]]] = {
    **{name: (built(name), base) for name, base in LAYERS.items()},
    "Network": (Network, {"layers": [Dense(2)], "inputs": 4, "loss": "mse"}),
    "Network.mlp": (Network.mlp, {"layers": 2, "activation": "tanh", "loss": "mse"}),
    "Network.equations": (Network.equations, EQUATIONS),
    "Network.load": (Network.load, {"path": "lstm-classifier"}),
    "Image": (Image, {"channels": 1, "height": 2, "width": 2}),
    "derive": (derive, {"network": NETWORK}),
    "Derivation.compile": (OPEN.compile, {"f": "tanh", "loss": "mse"}),
    "Derivation.jacobian": (RECURRENT.jacobian, {"to": "s2", "of": "s1"}),
    "check": (check, {"derivation": DERIVATION, "thorough": False}),
    "analyze": (analyze, {"what": NETWORK}),
    "render": (render, {"derivation": DERIVATION, "only": "W1"}),
    "write": (write, {"derivation": DERIVATION, "path": "notes.md", "force": True}),
}


def arguments(name: str, door: Callable[..., object]) -> list[str]:
    """The arguments of a door, of a layer its fields."""
    target = getattr(symbp, name) if name in LAYERS else door
    found = inspect.signature(target).parameters.values()
    return [each.name for each in found if each.kind is not each.VAR_KEYWORD]


@pytest.mark.parametrize("name", DOORS)
def test_a_door_refuses_by_one_line_or_takes(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    door, base = DOORS[name]
    refusals = []
    for argument in arguments(name, door):
        # What is called later may raise what it likes; the doubles of a big run are no door's business.
        for value in (each for each in ODD if argument != "progress" or not callable(each)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    door(**{**base, argument: value})
            except symbp.SymbpError as error:
                refusals.append(str(error))
    assert refusals or not arguments(name, door)
    assert not [each for each in refusals if "\n" in each or len(each) > 700]


def test_all_layers_are_doors():
    public = {name for name in symbp.__all__ if hasattr(getattr(symbp, name), "build")}
    assert public == set(LAYERS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check(DERIVATION, seed=-1), "seed is -1: give a whole number from 0"),
        (lambda: check(DERIVATION, seed="a"), "seed is 'a': give a whole number from 0"),
        (lambda: check(DERIVATION, seed=1.5), "seed is 1.5: give a whole number from 0"),
        (lambda: check(None), "derivation is None: give a Derivation, which derive(network) returns"),
        (lambda: derive(activation=np.tanh), "activation is <ufunc 'tanh'>: give a name such as 'tanh'"),
        (lambda: derive(loss=3), "loss is 3: give a name such as 'mse'"),
        (lambda: derive(layers=2, activation="tanh", let=["b"]), "let is ['b']: give a mapping from names to numbers"),
        (lambda: derive("softmax-classifier", [1.0]), "inputs and target go with a torch.nn.Module, as in derive(mod"),
        (lambda: derive(layerz=2), "derive has no option 'layerz'; did you mean 'layers'?"),
        (lambda: derive(widths={3, 4}), "widths is {3, 4}: give a list of whole numbers or a whole number"),
        (lambda: Network([Dense]), "layers[0] is the class Dense: give a layer, such as Dense(5)"),
        (lambda: Network("dense"), "layers is 'dense': give a list of layers"),
        (lambda: Network.load(3), "path is 3: give the name of a file, an example or an operation or a path"),
        (lambda: derive("lstm-clasifier"), "did you mean 'lstm-classifier'?"),
        (lambda: Dense(10**400), "a layer cannot have 100000… (401 digits) units"),
    ],
)
def test_a_refusal_says_what_was_given_and_what_would_fit(call, message):
    with pytest.raises(SpecError) as caught:
        call()
    assert message in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    net = Network.mlp(np.int64(2), np.array([3, 4, 2]), "tanh", loss="mse", bias=np.bool_(False))
    assert net.widths == (3, 4, 2)
    assert len(net.parameters) == 2
    assert derive(Network([Dense(np.int32(2))], np.uint8(3), "mse", l2=np.float64(0.01))).gradients
    assert check(DERIVATION, seed=np.int64(0), thorough=np.bool_(False)).passed


def test_a_name_is_read_as_on_the_command_line(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('inputs = 3\nloss = "mse"\n[[layers]]\ntype = "dense"\nunits = 2\n', encoding="utf-8")
    for name in (file, str(file)):
        assert list(derive(name).gradients) == ["W1", "b1"]
    assert derive("attention").is_alone
    assert str(derive("two-two-two").backward) == str(derive(Network.load(Path("examples/two-two-two.toml"))).backward)


def test_a_function_keeps_its_signature_and_python_its_own_errors():
    assert list(inspect.signature(check).parameters)[:2] == ["derivation", "seed"]
    with pytest.raises(TypeError, match="missing a required argument: 'derivation'"):
        check()


@takes
def planted(count: Annotated[int, From(2)], names: list[str] | None = None, ratio: float = 1.0) -> tuple[Any, ...]:
    return count, names, ratio


def test_the_values_come_out_as_pythons():
    count, names, ratio = planted(np.int64(3), ["a"], np.float32(0.5))
    assert (type(count), names, type(ratio)) == (int, ("a",), float)
    for wrong in ({"count": 1}, {"count": True}, {"count": 2, "names": ["a", 1]}, {"count": 2, "ratio": "0.5"}):
        with pytest.raises(SpecError):
            planted(**wrong)


def test_everything_can_be_quoted():
    class Odd:
        def __repr__(self) -> str:
            raise ValueError

    assert described(Odd()) == "a Odd"
    assert described("x\ny" * 100).endswith("…")
    assert described(10**5000) == "100000… (5,001 digits)"
    inner = domain(list[int])
    assert inner is not None
    with pytest.raises(Outside):
        inner.read([1, "b"])
