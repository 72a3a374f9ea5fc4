"""The layer tree: recorded by layers, found in equations from structure, the same for the same network."""

import pytest
from layer_kinds import KEYS, NETWORKS

from symbp import Network, derive
from symbp.networks.blocks import Boundaries, Kind, boundary
from symbp.networks.layers import Linear
from symbp.networks.recognition import recognised
from symbp.nodes import matadd
from symbp.symbols import Role

TRANSFORMER = """\
network [0, 29)
  block1 (transformer) [0, 26)
    residual1 [0, 20)
      branch [0, 19)
        norm1 [0, 2)
        attention [2, 19)
          head1 [5, 11)
          head2 [11, 17)
    residual2 [20, 26)
      branch [20, 25)
        norm2 [20, 22)
        feed-forward [22, 25)
          hidden (dense) [22, 24)
          output (linear) [24, 25)
  dense [26, 28)
  loss [28, 29)"""


def named(tree, name):
    (block,) = [block for block in tree if block.name == name]
    return block


def structure(tree):
    return [(block.kind, block.first, block.stop) for block in tree]


def crossing(derivation, block):
    found = boundary(derivation.forward, block)
    return " ".join(each.name for each in found.inputs), " ".join(each.name for each in found.outputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_block_enters_a_key(name):
    assert " ".join(each.name for each in NETWORKS[name]().parameters) == KEYS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_lie_inside_each_other_and_have_names_of_their_own(name):
    network = NETWORKS[name]()
    assert (network.blocks.first, network.blocks.stop) == (0, len(network.forward))
    for block in network.blocks:
        edges = [block.first, *(edge for child in block.children for edge in (child.first, child.stop)), block.stop]
        assert edges == sorted(edges)
        assert all(child.first < child.stop for child in block.children)
        assert len({child.name for child in block.children}) == len(block.children)
    assert network.blocks.children[-1].kind is Kind.LOSS


def test_the_tree_of_a_transformer():
    assert str(Network.load("transformer-block").blocks) == TRANSFORMER


@pytest.mark.parametrize(
    "name",
    [
        "plain", "norms", "residual", "pre-activation", "projection", "nested", "images", "signals", "one head",
        "transformer", "one-head transformer", "post-norm", "transformer-block", "residual-mlp", "small-cnn",
        "batchnorm-mlp", "penalty",
    ],
)  # fmt: skip
def test_structure_alone_finds_what_layers_record(name):
    network = NETWORKS[name]()
    assert structure(recognised(network.forward)) == structure(network.blocks)


MLP = ["Z = W @ X + b", "A = tanh(Z)", "P = V @ A + c", "Q = softmax(P)", "loss = cross_entropy(Q, Y)"]
RESIDUAL = ["Z1 = W1 @ X", "A1 = tanh(Z1)", "F = W2 @ A1", "S = X + F", "R = W3 @ S", "loss = mse(R, Y)"]
SWIGLU = [
    "U = W1 @ X", "V = W2 @ X", "S = silu(U)", "H = S * V", "O = W3 @ H", "R = X + O", "P = W4 @ R", "loss = mse(P, Y)",
]  # fmt: skip
ONE_HEAD = [
    "N1 = layer_norm(X)", "U1 = g1 * N1 + b1", "Q = WQ @ U1", "K = WK @ U1", "V = WV @ U1", "S = K.T @ Q / sqrt(d)",
    "P = softmax(S)", "A = V @ P", "O = WO @ A", "X1 = X + O", "N2 = layer_norm(X1)", "U2 = g2 * N2 + b2",
    "H = W1 @ U2 + b3", "G = gelu_tanh(H)", "F = W2 @ G + b4", "X2 = X1 + F", "Z = W3 @ X2 + b5", "E = softmax(Z)",
    "loss = cross_entropy(E, Y)",
]  # fmt: skip
HEADS = ["g1", "b1", "g2", "b2", "b3", "b4", "b5"]
SHAPES = {
    "MLP": {"X": (4, "m"), "Y": (2, "m"), "W": (5, 4), "b": (5, 1), "V": (2, 5), "c": (2, 1)},
    "residual": {"X": (4, "m"), "Y": (2, "m"), "W1": (5, 4), "W2": (4, 5), "W3": (2, 4)},
    "SwiGLU": {"X": (4, "m"), "Y": (2, "m"), "W1": (5, 4), "W2": (5, 4), "W3": (4, 5), "W4": (2, 4)},
    "one head": {
        "X": ("d", "m"), "Y": (3, "m"), **dict.fromkeys(("WQ", "WK", "WV", "WO"), ("d", "d")), "W1": ("k", "d"),
        "W2": ("d", "k"), "W3": (3, "d"), "b3": ("k", 1), "b5": (3, 1),
        **dict.fromkeys(("g1", "b1", "g2", "b2", "b4"), ("d", 1)),
    },
}  # fmt: skip


def highway(layers):
    """A highway network: H·T + A·(1 − T) a layer."""
    lines, shapes, before = [], {"X": (4, "m"), "Y": (4, "m")}, "X"
    for layer in range(1, layers + 1):
        lines += [
            f"P{layer} = V{layer} @ {before} + c{layer}", f"T{layer} = sigmoid(P{layer})",
            f"Z{layer} = W{layer} @ {before} + b{layer}", f"H{layer} = tanh(Z{layer})",
            f"A{layer} = H{layer} * T{layer} + {before} * (1 - T{layer})",
        ]  # fmt: skip
        shapes |= {f"{letter}{layer}": (4, 4) for letter in "VW"} | {f"{letter}{layer}": (4, 1) for letter in "bc"}
        before = f"A{layer}"
    return Network.equations([*lines, f"loss = mse({before}, Y)"], shapes)


def test_an_mlp_of_equations_has_the_tree_of_its_layers():
    tree = Network.equations(MLP, SHAPES["MLP"]).blocks
    assert str(tree) == "network [0, 5)\n  dense1 [0, 2)\n  dense2 [2, 4)\n  loss [4, 5)"
    assert structure(tree) == structure(Network.load("softmax-classifier").blocks)


def test_a_residual_of_equations():
    assert [block.name for block in Network.equations(RESIDUAL, SHAPES["residual"]).blocks] == [
        "network", "residual", "branch", "feed-forward", "dense", "linear", "linear", "loss",
    ]  # fmt: skip


def test_swiglu_is_a_feed_forward_part_with_a_gate():
    network = Network.equations(SWIGLU, SHAPES["SwiGLU"])
    assert [block.name for block in network.blocks] == [
        "network", "residual", "branch", "feed-forward", "gate", "linear1", "linear2", "activation", "linear",
        "linear", "loss",
    ]  # fmt: skip
    assert crossing(derive(network), named(network.blocks, "feed-forward")) == ("X", "O")


def test_each_layer_of_a_highway_network_is_a_block():
    network = highway(3)
    gates = [block for block in network.blocks if block.kind is Kind.GATE]
    assert [crossing(derive(network), block) for block in gates] == [("X", "A1"), ("A1", "A2"), ("A2", "A3")]


def test_a_transformer_of_equations_has_the_tree_of_its_layers():
    network = Network.equations(ONE_HEAD, SHAPES["one head"])
    assert structure(network.blocks) == structure(NETWORKS["one-head transformer"]().blocks)


ROWS = [
    "Q = X @ WQ", "K = X @ WK", "V = X @ WV", "S = Q @ K.T / sqrt(d)", "P = softmax(S.T).T", "A = P @ V", "O = A @ WO",
    "R = X + O", "loss = mean((R - Y) * (R - Y))",
]  # fmt: skip


def test_tokens_as_rows_attend_as_well():
    shapes = {"X": ("T", "d"), "Y": ("T", "d"), **dict.fromkeys(("WQ", "WK", "WV", "WO"), ("d", "d"))}
    tree = Network.equations(ROWS, shapes, inputs=["X"]).blocks
    assert [block.name for block in tree] == ["network", "residual", "branch", "attention", "loss"]


def test_heads_with_weights_of_their_own_are_heads():
    lines = [
        line
        for h in (1, 2)
        for line in (
            f"Q{h} = WQ{h} @ X", f"K{h} = WK{h} @ X", f"V{h} = WV{h} @ X", f"S{h} = K{h}.T @ Q{h}",
            f"P{h} = softmax(S{h})", f"A{h} = V{h} @ P{h}",
        )
    ]  # fmt: skip
    shapes = {"X": (4, "m"), "Y": (4, "m"), "WO": (4, 4)} | {f"W{x}{h}": (2, 4) for x in "QKV" for h in (1, 2)}
    lines += ["A = vstack(A1, A2)", "O = WO @ A", "R = X + O", "loss = mse(R, Y)"]
    tree = Network.equations(lines, shapes).blocks
    heads = [(block.name, block.first, block.stop) for block in tree if block.kind is Kind.HEAD]
    assert heads == [("head1", 0, 6), ("head2", 6, 12)]


class Doubled:
    """A layer that knows nothing of blocks."""

    def build(self, builder, incoming):
        return builder.define("D", Role.ACTIVATION, matadd(incoming, incoming), incoming.shape[0])


def test_a_layer_that_knows_of_no_blocks_is_one():
    tree = Network([Linear(3), Doubled(), Linear(2), Doubled()], 3, "mse").blocks
    assert [block.name for block in tree.children] == ["linear1", "layer1", "linear2", "layer2", "loss"]


def test_two_networks_beside_each_other_are_their_layers():
    lines = [f"{a} = {b}" for x in "PQ" for a, b in ((f"{x}1", f"tanh(W{x} @ X)"), (x, f"softmax(V{x} @ {x}1)"))]
    shapes = {"X": (4, "m")} | {f"W{x}": (3, 4) for x in "PQ"} | {f"V{x}": (2, 3) for x in "PQ"}
    tree = Network.equations([*lines, "loss = cross_entropy(P, Q)"], shapes).blocks
    assert [block.name for block in tree.children] == ["dense1", "dense2", "dense3", "dense4", "loss"]


def test_names_say_nothing():
    letters = {"Q": "B1", "K": "A7", "V": "T", "S": "W0", "P": "norm", "A": "h", "O": "gate", "X1": "loss2"}

    def renamed(line):
        words = line.replace("(", " ( ").replace(")", " ) ").replace(".T", " .T").split()
        return " ".join(letters.get(word, word) for word in words).replace(" .T", ".T")

    one, other = (Network.equations(lines, SHAPES["one head"]) for lines in (ONE_HEAD, list(map(renamed, ONE_HEAD))))
    assert str(one.blocks) == str(other.blocks)


def test_what_has_no_known_shape_belongs_to_the_block_around_it():
    lines = ["A = tanh(W @ X)", "B = A @ M", "C = B * A", "D = V @ C", "loss = mse(D, Y)"]
    shapes = {"W": (3, 4), "X": (4, "m"), "M": ("m", "m"), "V": (2, 3), "Y": (2, "m")}
    tree = Network.equations(lines, shapes).blocks
    assert (tree.first, tree.stop, tree.children[-1].kind) == (0, 6, Kind.LOSS)


def test_only_what_moves_with_the_data_crosses_a_border():
    derivation = derive("transformer-block")
    tree = derivation.blocks
    assert crossing(derivation, named(tree, "block1")) == ("X", "block1.S_2")
    assert crossing(derivation, named(tree, "attention")) == ("block1.norm1.B", "block1.attention.O")
    head = ("block1.attention.Q block1.attention.K block1.attention.V", "block1.attention.head2.A")
    assert crossing(derivation, named(tree, "head2")) == head
    assert crossing(derivation, named(tree, "feed-forward")) == ("block1.norm2.B", "block1.output.Z")
    assert crossing(derivation, named(tree, "loss")) == ("Z4 A4 Y", "loss")
    cnn = derive("small-cnn")
    assert crossing(cnn, named(cnn.blocks, "convolution")) == ("X", "A1")


def test_a_step_reads_its_input_and_the_state_before():
    stacked = derive("lstm-classifier")
    assert crossing(stacked, named(stacked.blocks, "step1")) == ("lstm1.S0 X1", "lstm1.S1")
    plain = stacked.readable
    assert crossing(plain, named(plain.blocks, "step1")) == ("X1 lstm1.h0 lstm1.c0", "lstm1.c1 lstm1.h1")
    assert crossing(plain, named(plain.blocks, "step4")) == ("X4 lstm1.h3 lstm1.c3", "lstm1.h4")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tree_follows_the_list_as_it_is_read(name):
    derivation = derive(NETWORKS[name]())
    read = derivation.readable
    boundaries = Boundaries(derivation.forward), Boundaries(read.forward)
    pairs = list(zip(derivation.blocks, read.blocks, strict=True))
    for block, other in pairs:
        assert (block.kind, block.name) == (other.kind, other.name)
        before, after = ({each.name for each in found.of(part).outputs} for found, part in
                         zip(boundaries, (block, other), strict=True))  # fmt: skip
        kept = {each for each in before if each in read.forward}
        assert kept <= after
        assert kept == after or block.kind in (Kind.RECURRENT, Kind.STEP)


def test_a_long_list_is_read_once():
    lines, before = [], "X"
    for layer in range(1, 1500):
        lines += [f"Z{layer} = W @ {before}", f"A{layer} = tanh(Z{layer})"]
        before = f"A{layer}"
    network = Network.equations([*lines, f"loss = mse({before}, Y)"], {"W": (3, 3), "X": (3, "m"), "Y": (3, "m")})
    assert len(network.blocks.children) == 1500
