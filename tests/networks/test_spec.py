"""Networks from files: what each key does, one clear line for what is wrong, and no file that takes long."""

import json
import math
import os
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.limits import MAX_FILE
from symbp.networks import spec, spec_network
from symbp.networks.concat import ConcatWith
from symbp.networks.convolution import Conv2d, ConvTranspose2d
from symbp.networks.examples import EXAMPLES, about
from symbp.networks.files import network_of
from symbp.networks.images import Image
from symbp.networks.layers import Linear, Scoped, layer_type
from symbp.networks.normalisation import BatchNorm
from symbp.networks.pooling import MaxPool2d
from symbp.networks.residual import Residual

TOML = """
inputs = 3
loss = "cross_entropy"
batch = true

[[layers]]
type = "dense"
units = 5
activation = "x*sigmoid(beta*x)"

[[layers]]
type = "residual"
repeat = 2
layers = [{ type = "batch_norm", epsilon = 0.1 }, { type = "linear", units = 4, bias = false }]
projection = { units = 4 }

[[layers]]
type = "dense"
units = 2
activation = "softmax"

[let]
beta = 1.702
"""


def stack():
    block = Residual([BatchNorm("0.1"), Linear(4, bias=False)], projection=Linear(4))
    first = Dense(5, "x*sigmoid(beta*x)", let={"beta": "1.702"})
    return Network([first, block, block, Dense(2, "softmax")], 3, "cross_entropy", batch=True)


def toml(text, **options):
    return network_of(text.encode(), "network.toml", **options)


def test_a_file_is_the_network_of_its_layers():
    found = toml(TOML)
    assert found.forward.equations == stack().forward.equations
    assert found.batch
    assert check(derive(found), thorough=False).passed


def test_json_is_the_same(tmp_path):
    place = tmp_path / "network.json"
    place.write_text(json.dumps(tomllib.loads(TOML)))
    assert Network.load(place).forward.equations == stack().forward.equations


def test_equations_in_a_file():
    found = toml(
        """
        equations = ["H = tanh(W @ X + b)", "P = softmax(V @ H)", "loss = cross_entropy(P, Y)"]
        parameters = ["W", "b", "V"]
        inputs = ["X"]
        [shapes]
        W = [5, 3]
        b = [5, 1]
        V = ["k", 5]
        X = [3, "m"]
        Y = ["k", "m"]
        """
    )
    assert [each.name for each in found.parameters] == ["W", "b", "V"]
    assert check(derive(found)).passed


TEXT = b"""# A network of one hidden layer.
W: 5 x 3; b, c: 5x1
X: 3 \xc3\x97 m        # the data
T: 5 x m   target
H = tanh(W @ X + b)

loss = mse(H * c, T)
"""


def test_equations_in_a_text(tmp_path):
    (tmp_path / "mine.txt").write_bytes(TEXT)
    found = Network.load(tmp_path / "mine.txt")
    kinds = [[each.name for each in group] for group in (found.parameters, found.inputs, [found.y])]
    assert kinds == [["W", "b", "c"], ["X"], ["T"]]
    assert check(derive(found)).passed


def test_a_name_stands_in_front_of_the_symbols():
    found = toml('layers = [{type = "linear", name = "encoder"}, {type = "dense", activation = "tanh"}]\nloss = "mse"')
    assert [each.name for each in found.parameters] == ["encoder.W1", "encoder.b1", "W2", "b2"]
    assert check(derive(found)).passed


def test_left_open():
    found = toml('layers = [{type = "dense", repeat = 3}]')
    assert (found.depth, [str(each) for each in found.widths]) == (3, ["n0", "n1", "n2", "n3"])
    assert not found.batch
    assert toml('layers = [{type = "dense"}]', batch=True).batch


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_loads_and_agrees(name):
    assert check(derive(Network.load(EXAMPLES[name])), thorough=False).passed
    assert about(EXAMPLES[name]).endswith(".")


def test_the_schema_says_what_the_reader_takes():
    found = spec.schema()
    assert json.loads(json.dumps(found)) == found
    assert {f"{kind}_layer" for kind in spec.ROWS} <= set(found["$defs"])
    assert found["$defs"]["dense_layer"]["additionalProperties"] is False


NEEDED = {
    "layers": [{"type": "batch_norm"}],
    "kernel": 2,
    "size": 2,
    "tokens": 3,
    "steps": 3,
    "vocabulary": 72,
    "memory": 2,
}


@pytest.mark.parametrize("kind", spec.ROWS)
def test_every_row_builds_its_layer(kind):
    keys = spec.ROWS[kind].keys.items()
    needed = {key: NEEDED[key] for key, (_, default) in keys if default is ... or key == "memory"}
    behind = [{"type": "cross_attention", "tokens": 3}] if kind == "encoder" else []
    before = [{"type": "rnn", "steps": 3, "sequence": True}] if kind == "tokens" else []
    if kind == "sequence_encoder":
        needed["layers"] = [{"type": "rnn", "steps": 3, "sequence": True}]
        behind = [{"type": "linear"}]
    size = {"channels": 2, "height": 1 if kind.endswith("1d") else 6, "width": 6}
    found = spec_network.network_of({"layers": [*before, {"type": kind, **needed}, *behind], "inputs": size})
    assert len(found.forward) >= 2


def test_a_sequence_goes_in_and_carries_its_name():
    found = toml(
        """
        inputs = 5
        loss = "mse"
        l2 = 0.01
        layers = [
          { type = "embedding", vocabulary = 5, width = 3 },
          { type = "gru", units = 4, steps = 3, sequence = true, name = "lower" },
          { type = "lstm", units = 2, steps = 3 },
          { type = "dropout" },
          { type = "dense", units = 3, activation = "tanh" },
        ]
        """
    )
    assert [each.name for each in found.inputs] == ["X1", "X2", "X3", "M3"]
    assert "lower.gru2.Wr" in {each.name for each in found.parameters}
    assert "penalty" in found.forward
    assert check(derive(found), thorough=False).passed


def test_an_image_goes_in():
    found = toml(
        """
        loss = "mse"
        inputs = { channels = 2, height = 5, width = 6 }
        layers = [
          { type = "conv2d", channels = 3, kernel = [2, 3], padding = 1, activation = "tanh" },
          { type = "max_pool2d", kernel = 2 },
          { type = "dense", units = 2, activation = "sigmoid" },
        ]
        """
    )
    layers = [Conv2d(3, (2, 3), padding=1, activation="tanh"), MaxPool2d(2), Dense(2, "sigmoid")]
    assert found.forward.equations == Network(layers, Image(2, 5, 6), "mse").forward.equations


def dense(**keys):
    return {"layers": [{"type": "dense", **keys}]}


def residual(*layers, **keys):
    return {"layers": [{"type": "linear", "units": 4}, {"type": "residual", "layers": list(layers), **keys}]}


def image(**keys):
    return {"inputs": {"channels": 2, "height": 4, "width": 4}, "layers": [{"type": "conv2d", **keys}]}


LOSS = {"equations": ["loss = mse(W @ X, Y)"], "shapes": {"W": [2, 3], "X": [3, "m"], "Y": [2, "m"]}}
DEEP: dict = {"type": "linear", "units": 4}
for _ in range(100):
    DEEP = {"type": "residual", "layers": [DEEP]}

REFUSED = [
    ({}, "layers is missing: give layers"),
    ([], "expected a table with layers or equations"),
    ({"layers": []}, "a network needs at least one layer"),
    ({"layers": 5}, "layers is 5, expected a list"),
    ({"layers": [5]}, "layers[0] is 5, expected a table"),
    ({"layers": [{}]}, "layers[0].type is missing"),
    ({"layers": [{"type": "dens"}]}, "layers[0].type is 'dens': no such type of layer; did you mean 'dense'?"),
    ({"layers": [{"type": ["dense"]}]}, "layers[0].type is a list"),
    ({"layers": [{"type": "ReLU"}]}, 'no such type of layer: write type = "activation", function = "ReLU"'),
    ({"layers": [{"type": "dropout", "rate": 0.5}]}, "layers[0].rate: no such key; did you mean 'repeat'?; the"),
    ({"layers": [{"type": "rnn", "units": 3, "steps": 4, "sequence": True}, {"type": "dense", "units": 3}]},
     "Dense reads one matrix and gets a sequence of 4"),
    ({"inputs": 4, "layers": [{"type": "attention", "tokens": 10**9}]}, "attention cannot have 1000000000 tokens"),
    ({"layers": [{"type": "lstm", "units": 3, "steps": 10**7}]}, "10,000,000 layers with their repeats, steps"),
    ({"layers": [{"type": "lstm", "units": 3, "steps": 10**4, "sequence": True, "repeat": 10**4}]},
     "100,000,000 layers with their repeats, steps and heads; at most 10,000"),
    ({"inputs": 10**5, "layers": [{"type": "attention", "tokens": 2, "heads": 10**5}]}, "100,000 layers with"),
    ({"layers": [{"type": "__getattr__"}]}, "the types are dense"),
    ({"layer": [{"type": "dense"}]}, "layer: no such key; did you mean 'layers'?"),
    ({**dense(), "los": "mse"}, "los: no such key; did you mean 'loss'?"),
    ({**dense(), "zzzz": 1}, "zzzz: no such key; the keys are layers, inputs"),
    (dense(unit=3), "layers[0].unit: no such key; did you mean 'units'?"),
    (dense(units="many"), "layers[0].units is 'many', expected a whole number"),
    (dense(units=3.0), "layers[0].units is 3.0, expected a whole number"),
    (dense(units=True), "layers[0].units is true, expected a whole number"),
    (dense(units=0), "layers[0].units is 0, expected at least 1"),
    (dense(units=-5), "layers[0].units is -5, expected at least 1"),
    (dense(units=10**7), "expected at most 1,000,000"),
    ({"layers": [{"type": "dense"}], "l2": 10**400}, "l2 is 100000… (401 digits), expected a number between"),
    ({"layers": [{"type": "dense"}], "l2": -(10**400)}, "l2 is -100000… (401 digits), expected a number between"),
    ({"layers": [{"type": "dense"}], "let": {"b": 10**5000}}, "let.b is 100000… (5,001 digits), expected a number"),
    ({"layers": [{"type": "layer_norm", "epsilon": 10**400}]}, "layers[0].epsilon is 100000… (401 digits), expected"),
    (dense(activation="\ud800"), "layers[0].activation is '\\ud800', expected text of whole characters"),
    (dense(units=10**4000), "layers[0].units is 100000… (4,001 digits)"),
    (dense(units=math.nan), "layers[0].units is nan: give a finite number"),
    (dense(bias=1), "layers[0].bias is 1, expected true or false"),
    (dense(activation=1), "layers[0].activation is 1, expected text"),
    (dense(activation=""), "layers[0].activation is '', expected text"),
    (dense(activation="tahn"), "layers[0]: no activation named 'tahn'; did you mean 'tanh'?"),
    (dense(activation="__import__('os').system('id')"), "layers[0]"),
    (dense(activation=r"\input{/etc/passwd}"), "layers[0]"),
    (dense(repeat=10**7), "10,000,000 layers with their repeats, steps and heads; at most 10,000"),
    (dense(repeat=0), "layers[0].repeat is 0, expected at least 1"),
    (dense(name=r"\input{x}"), "layers[0].name is '\\\\input{x}', expected a name"),
    (dense(name="$x$"), "layers[0].name is '$x$', expected a name"),
    (dense(name="__class__"), "layers[0].name is '__class__', expected a name"),
    (dense(name="a b; rm -rf /"), "expected a name"),
    ({"layers": [{"type": "dense", "name": "a"}] * 2}, "layers[1].name is a, the name of layers[0] already"),
    ({**dense(), "inputs": "X"}, "inputs is 'X', expected a whole number"),
    ({**dense(), "loss": "msee"}, "unknown loss 'msee'; did you mean 'mse'?"),
    ({**dense(activation="tanh"), "loss": "cross_entropy"}, "use the output activation softmax"),
    ({**dense(), "batch": "yes"}, "batch is 'yes', expected true or false"),
    ({**dense(), "let": {"a": 1}}, "let a=1: no activation or loss has a in it"),
    ({**dense(activation="a*x"), "let": {"a": math.inf}}, "let.a is inf: give a finite number"),
    ({**dense(activation="a*x"), "let": {"a": []}}, "let.a is an empty list, expected a finite number"),
    ({"layers": [{"type": "batch_norm", "epsilon": math.nan}]}, "layers[0].epsilon is nan"),
    ({"layers": [{"type": "batch_norm", "epsilon": -1}]}, "layers[0]: epsilon is -1: give a positive number"),
    ({"layers": [{"type": "batch_norm", "epsilon": "x"}]}, "layers[0]: epsilon must be a finite number"),
    (residual(), "layers[1]: a residual block needs at least one layer"),
    ({"layers": [{"type": "residual"}]}, "layers[0].layers is missing"),
    (residual({"type": "linear", "unit": 3}), "layers[1].layers[0].unit: no such key; did you mean 'units'?"),
    (residual({"type": "dense", "activation": "tahn"}), "layers[1].layers[0]: no activation named"),
    (residual({"type": "linear", "units": 3}), "layers[1]: the residual block that ends in Z2 adds Z1, 4×m"),
    (residual({"type": "linear"}, projection={"unit": 4}), "layers[1].projection.unit: no such key"),
    (residual(*[{"type": "linear", "units": 4, "repeat": 5000}], repeat=5000), "25,005,001 layers"),
    (image(kernel=5), "layers[0]: Conv2d: "),
    ({"inputs": 4, "layers": [{"type": "attention", "tokens": 3, "heads": 3}]}, "layers[0]: "),
    ({"inputs": 4, "layers": [{"type": "attention", "tokens": 0}]}, "layers[0].tokens is 0, expected at least 1"),
    ({"inputs": 4, "layers": [{"type": "attention", "tokens": n} for n in (2, 3)]}, "attention over 2 tokens"),
    (image(kernel=2, stride=-1), "layers[0]: Conv2d cannot have stride -1: give a whole number from 1"),
    (image(kernel=2.5), "layers[0].kernel is 2.5, expected a whole number or two of them"),
    (image(kernel=[1, 2, 3]), "layers[0].kernel is a list, expected a whole number or two of them"),
    (image(kernel=[1, "a"]), "layers[0]: Conv2d: kernel[1] is 'a': give a whole number"),
    (image(), "layers[0].kernel is missing"),
    ({"layers": [{"type": "max_pool2d", "kernel": 2}], "inputs": 4}, "layers[0]: "),
    ({**image(kernel=2), "inputs": {"channel": 2, "width": 3}}, "inputs.channel: no such key; did you mean"),
    ({**image(kernel=2), "inputs": {"width": 3.5}}, "inputs.width is 3.5, expected a whole number"),
    ({**image(kernel=2), "inputs": {"channels": 3}}, "inputs.width is missing"),
    ({**image(kernel=2), "inputs": {"channels": 10**6, "width": 10**6}}, "an image of"),
    ({"layers": [DEEP]}, "nested more than 32 deep"),
    ({**LOSS, **dense()}, "both layers and equations"),
    ({"equations": ["loss = mse(W @ X, Y)"]}, "shapes is missing"),
    ({**LOSS, "shape": 1}, "shape: no such key; did you mean 'shapes'?"),
    ({**LOSS, "equations": [5]}, "equations[0] is 5, expected text"),
    ({**LOSS, "equations": "loss = 1"}, "equations is 'loss = 1', expected a list"),
    ({**LOSS, "shapes": {**LOSS["shapes"], "W": 5}}, "shapes.W is 5, expected rows and columns, such as [5, 3]"),
    ({**LOSS, "shapes": "2x3"}, "shapes is '2x3', expected a table"),
    ({**LOSS, "shapes": {**LOSS["shapes"], "W": [5, 0]}}, "the shape of W has the size 0"),
    ({**LOSS, "shapes": {**LOSS["shapes"], "W": [2, 4]}}, "W is 2×4 and X is 3×m in 'loss = mse(W @ X, Y)'"),
    ({**LOSS, "inputs": ["Q"]}, "inputs: 'Q' has no shape"),
    ({**LOSS, "equations": ["H = G", "G = H", "loss = mse(W @ X, Y)"]}, "a cycle"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), REFUSED, ids=[each[1][:50] for each in REFUSED])
def test_refused_with_its_place(data, said):
    with pytest.raises((SpecError, ShapeError)) as caught:
        spec_network.network_of(data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


FILES = [
    ("n.toml", b"layers = [", "n.toml: not TOML: "),
    ("n.toml", b"a = nan\nlayers = []", "a is nan: give a finite number"),
    ("n.toml", b"a = 1979-05-27", "give a number, text, a list or a table"),
    ("n.toml", b"\xff\xfe", "not UTF-8 text"),
    ("n.toml", b"a = 1\na = 2", "not TOML"),
    ("n.toml", b"a = " + b"[" * 40_000, "not TOML: nested too deeply"),
    ("n.toml", b".".join([b"a"] * 40_000) + b" = 1", "line 1 has more than 100 dots"),
    ("n.toml", b"a = " + b"9" * 50_000, "not TOML: a number with thousands of digits"),
    ("n.toml", b"", "layers is missing"),
    ("n.json", b"{", "n.json: not JSON: "),
    ("n.json", b"[" * 90_000, "not JSON: nested too deeply"),
    ("n.json", b'{"a": NaN}', "NaN is not a number of JSON"),
    ("n.json", b'{"a": 1e999}', "a is inf: give a finite number"),
    ("n.json", b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
    ("n.json", b"null", "found null"),
    ("n.txt", b"", "no equations: write lines such as W: 5 x 3"),
    ("n.txt", b"W: 5 x 3", "no equations"),
    ("n.txt", b"W: 5\nloss = W", "line 1: 'W: 5' is neither an equation nor a shape"),
    ("n.txt", b"\n\nW: 5 x 0\nloss = W", "line 3: the shape of W has the size 0"),
    ("n.txt", b"W: 5 x 3\nW: 5 x 3\nloss = W", "line 2: the shape of W is declared twice"),
    ("n.txt", b"W: 5 x 3 inputt\nloss = W", "neither an equation nor a shape"),
    ("n.txt", b"hello", "line 1: 'hello' is neither"),
    ("n.txt", b"W = [5, 3]\nX: 3 x m\nloss = sum(W @ X)", "'[5, 3]' in 'W = [5, 3]': write a matrix row by row"),
    ("n.txt", b"W: 5 x 3\0\nloss = W", "is neither an equation nor a shape"),
    ("n", b"inputs = 3\n[[layers]]\ntype = 'dense'", "this reads like TOML: give the file a name that ends in .toml"),
    ("n", b"layers = []", "this reads like TOML"),
    ("n.txt", b' {"layers": []}', "this reads like JSON: give the file a name that ends in .json"),
    ("n.toml", b"inputs = 3\0", "not TOML"),
    ("n.toml", b"inputs = 3\rlayers = []", "not TOML"),
    ("n.toml", b"layers:\n  - type: dense", "not TOML"),
    ("n.toml", "unit\u0455 = 3".encode(), "not TOML"),
    (
        "n.toml",
        'layers = [{type = "dense", "unit\u0455" = 3}]'.encode(),
        r"layers[0].unit\u0455: no such key",
    ),
    ("n.json", b'{"inputs": ' + b"9" * 90_000 + b"}", "n.json: not JSON: a number with thousands of digits"),
    ("n.txt", b"a;" * 40_000, "line 1: 'a' is neither"),
    ("n.txt", b"X: 3 x m\nloss = sum(X @ X)", "X is 3×m and X is 3×m in 'loss = sum(X @ X)': a product needs m = 3"),
]


@pytest.mark.parametrize(("name", "content", "said"), FILES, ids=[each[2][:50] for each in FILES])
def test_files_are_refused_in_one_line(name, content, said):
    start = time.perf_counter()
    with pytest.raises((SpecError, ShapeError)) as caught:
        network_of(content, name)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - start < 2


def test_what_is_not_a_file_of_moderate_size(tmp_path):
    with pytest.raises(SpecError, match=r"none\.toml: No such file"):
        Network.load(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="a folder; name a file in it"):
        Network.load(tmp_path)
    with pytest.raises(SpecError, match="/dev/zero: a pipe or a device"):
        Network.load(Path("/dev/zero"))
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(SpecError, match=r"pipe\.toml: a pipe or a device"):
        Network.load(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (MAX_FILE + 1))
    with pytest.raises(SpecError, match="larger than 1 MB"):
        Network.load(tmp_path / "large.toml")
    with pytest.raises(SpecError, match="no such file"):
        Network.load("a\0b")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
    | st.sampled_from(["dense", "linear", "residual", "tanh", "softmax", "mse", "cross_entropy", 3, 1, 10**9]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "units",
        "bias",
        "activation",
        "function",
        "layers",
        "projection",
        "epsilon",
        "repeat",
        "name",
        "kernel",
        "stride",
        "padding",
        "channels",
    ]
)
LAYER = st.builds(
    lambda kind, keys: {"type": kind, **keys},
    st.sampled_from([*spec.ROWS, "dens"]),
    st.dictionaries(KEYS, VALUES | st.integers(1, 4) | st.booleans(), max_size=3),
)
NESTED = st.recursive(
    LAYER, lambda inner: st.lists(inner, max_size=3).map(lambda found: {"type": "residual", "layers": found})
)
FILE = st.builds(
    lambda layers, keys: {"layers": layers, **keys},
    st.lists(NESTED, max_size=4),
    st.dictionaries(st.sampled_from(["inputs", "loss", "batch", "let", "lett"]), VALUES, max_size=2),
)
LINES = st.builds(
    lambda lines, shapes, keys: {"equations": lines, "shapes": shapes, **keys},
    st.lists(
        st.sampled_from(["H = tanh(W @ X)", "loss = mse(H, Y)", "loss = sum(H)"]) | st.text(max_size=9), max_size=3
    ),
    st.dictionaries(st.sampled_from("WXYZ"), st.sampled_from([[2, 3], [3, "m"], [2, "m"]]) | VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["parameters", "inputs", "targets", "batch"]), VALUES, max_size=2),
)


@given(FILE | LINES | VALUES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_data_is_a_network_or_refused_in_one_line(data):
    start = time.perf_counter()
    try:
        found = spec_network.network_of(data)
    except (SpecError, ShapeError) as error:
        said = str(error)
    else:
        said = ""
        assert len(found.forward) < 50_000
    assert "\n" not in said, said
    assert len(said) < 600, said
    assert time.perf_counter() - start < 10


@given(st.sampled_from(["n.toml", "n.json", "n.txt"]), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_network_or_refused_in_one_line(name, content):
    with pytest.raises((SpecError, ShapeError)) as caught:
        network_of(content, name)
    assert "\n" not in str(caught.value)


UNET = """
inputs = { channels = 2, height = 4, width = 4 }
loss = "mse"
layers = [
  { type = "conv2d", channels = 3, kernel = 3, padding = 1, activation = "tanh", name = "encoder1" },
  { type = "max_pool2d", kernel = 2 },
  { type = "conv2d", channels = 4, kernel = 3, padding = 1, activation = "tanh" },
  { type = "conv_transpose2d", channels = 3, kernel = 2, stride = 2 },
  { type = "conv2d", channels = 2, kernel = 1, concat = "encoder1" },
]
"""


def test_a_skip_of_a_u_net_goes_by_name():
    found = toml(UNET)
    below = [Scoped("encoder1", Conv2d(3, 3, padding=1, activation="tanh")), MaxPool2d(2)]
    above = [Conv2d(4, 3, padding=1, activation="tanh"), ConvTranspose2d(3, 2, stride=2), ConcatWith("encoder1")]
    same = Network([*below, *above, Conv2d(2, 1)], Image(2, 4, 4), "mse")
    assert [str(each.rhs.func) for each in found.forward] == [str(each.rhs.func) for each in same.forward]
    assert check(derive(found), thorough=False).passed
    with pytest.raises(SpecError, match=r"layers\[4\].concat: no layer .* is called 'encoder2'; did"):
        toml(UNET.replace('concat = "encoder1"', 'concat = "encoder2"'))


def test_a_layer_of_another_package_is_a_type_of_files(monkeypatch):
    for known in (spec.EXTENSIONS, spec.ROWS):
        for name in ("twice", "dense"):
            monkeypatch.setitem(known, name, known.get(name))
            known.pop(name) if known[name] is None else None

    @dataclass(frozen=True)
    class Twice:
        units: int
        activation: str = "tanh"

        def build(self, builder, incoming):
            return Dense(self.units, self.activation).build(builder, Dense(self.units).build(builder, incoming))

    layer_type("twice", Twice, "Two dense layers.")
    found = toml('inputs = 3\nloss = "mse"\nlayers = [{ type = "twice", units = 4, repeat = 2 }]')
    assert [each.name for each in found.parameters if each.stem == "W"] == ["W1", "W2", "W3", "W4"]
    assert spec.schema()["$defs"]["twice_layer"]["properties"]["activation"]["default"] == "tanh"
    with pytest.raises(SpecError, match=r"layers\[0\].units is missing"):
        toml('layers = [{ type = "twice" }]')
    with pytest.raises(SpecError, match="twice is a type of layer already, Twice"):
        layer_type("twice", Twice, "Once more.")
    with pytest.raises(SpecError, match="is no layer for files: give a dataclass"):
        layer_type("thrice", object, "None.")
    layer_type("dense", Twice, "In the way.")
    with pytest.raises(SpecError, match="dense is a type of layer of symbp's own"):
        spec.schema()
