"""Networks: names, shapes, defaults, and what is refused."""

import pytest
from sympy import Integer, Symbol

from symbp import Dense, Network, ShapeError, SpecError, derive
from symbp.equations import Equation, ForwardSystem
from symbp.ops.elementwise import Elementwise, GenericFunction
from symbp.ops.losses import EntrywiseLoss, GenericLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy
from symbp.ops.softmax import Softmax
from symbp.symbols import BATCH, Role, Variable, width


def matrix(name, rows, cols, role=Role.WEIGHT):
    return Variable(name, rows, cols, role, name[0], 1)


def test_names_and_symbolic_shapes():
    net = Network.mlp(layers=2)
    assert [p.name for p in net.parameters] == ["W1", "b1", "W2", "b2"]
    assert [p.shape for p in net.parameters] == [
        (width(1), width(0)),
        (width(1), 1),
        (width(2), width(1)),
        (width(2), 1),
    ]
    assert [e.name for e in net.forward] == ["Z1", "A1", "Z2", "A2", "loss"]
    assert net.x.shape == (width(0), BATCH)
    assert net.y.shape == (width(2), BATCH)


def test_given_widths():
    net = Network.mlp(widths=[3, 5, 2], bias=False)
    assert net.widths == (Integer(3), Integer(5), Integer(2))
    assert [p.name for p in net.parameters] == ["W1", "W2"]
    assert Network.mlp(layers=3, widths=4).widths == (4, 4, 4, 4)


def test_a_stack_is_the_same_as_mlp():
    stack = Network([Dense(5, "tanh"), Dense(2, "softmax")], inputs=3, loss="cross_entropy")
    short = Network.mlp(widths=[3, 5, 2], activation="tanh", loss="cross_entropy")
    assert str(stack.forward) == str(short.forward)
    assert stack.parameters == short.parameters


@pytest.mark.parametrize(
    ("loss", "activation", "output", "node"),
    [
        (None, None, Elementwise, GenericLoss),
        ("mse", "tanh", Elementwise, EntrywiseLoss),
        ("bce", "tanh", Elementwise, SigmoidBinaryCrossEntropy),
        ("ce", "relu", Softmax, SoftmaxCrossEntropy),
        ("ce", None, Softmax, SoftmaxCrossEntropy),
    ],
)
def test_the_output_activation_defaults_to_the_link(loss, activation, output, node):
    net = Network.mlp(layers=2, loss=loss, activation=activation)
    assert isinstance(net.forward["A2"].rhs, output)
    assert isinstance(net.loss_node, node)


def test_a_loss_without_its_link_is_composed():
    net = Network.mlp(layers=2, activation="tanh", output_activation="sigmoid", loss="cross_entropy")
    assert isinstance(net.loss_node, EntrywiseLoss)


def test_every_open_activation_knows_its_layer():
    net = Network.mlp(layers=3)
    assert [net.forward[f"A{i}"].rhs.args[0] for i in (1, 2, 3)] == [GenericFunction("f", i) for i in (1, 2, 3)]


def test_custom_functions_get_letters_of_their_own():
    net = Network.mlp(
        layers=2,
        activation="x*sigmoid(beta*x)",
        output_activation="x + c",
        loss="(a - y)**4",
        let={"beta": "1.702", "c": "2"},
    )
    names = [net.forward[name].rhs.args[0].name for name in ("A1", "A2", "loss")]
    assert names == ["f", "h", "custom"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "cannot have 0 layers"),
        ({"layers": True}, "layers is True: give a whole number"),
        ({"layers": 100_001}, "about 1 GB"),
        ({"layers": 2, "widths": [1, 2]}, "2 layers need 3 widths"),
        ({"widths": [3, 0]}, "cannot have 0 units"),
        ({"widths": [3, 2_000_000]}, "1 to 1,000,000"),
        ({"widths": [3]}, "cannot have 0 layers"),
        ({"layers": 2, "activation": "tanhh"}, "did you mean 'tanh'"),
        ({"layers": 2, "loss": "msee"}, "did you mean 'mse'"),
        ({"layers": 2, "activation": "softmax"}, "softmax stands on the output only"),
        ({"layers": 2, "loss": "huber(0)"}, "must be a positive number"),
        ({"layers": 2, "loss": "mse(2)"}, "takes 0 parameters"),
        ({"layers": 2, "loss": "huber(1.2.3)"}, "not a number"),
        ({"layers": 2, "activation": "tanh", "let": {"beta": "1"}}, "no activation or loss has beta in it"),
        ({"layers": 2, "activation": "relu", "output_activation": "tanh", "loss": "bce"}, "outputs between 0 and 1"),
        ({"layers": 2, "loss": "__import__('os')"}, "__import__"),
    ],
)
def test_refused_in_one_line(options, message):
    with pytest.raises(SpecError) as caught:
        Network.mlp(**options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_network():
    with pytest.raises(SpecError, match="at least one layer"):
        Network([], inputs=3)


def test_shapes_are_checked_although_sympy_does_not():
    n, k = Symbol("n"), Symbol("k")
    w, x = matrix("W", n, k), matrix("X", n, BATCH)
    z = matrix("Z", n, BATCH)
    with pytest.raises(ShapeError, match=r"W is n×k and X is n×m: a product needs k = n in: Z = W\*X"):
        ForwardSystem([Equation(z, w * x)], given=[w, x])
    with pytest.raises(ShapeError, match="Z is n×m but its right side is n×k"):
        ForwardSystem([Equation(z, w)], given=[w])
    with pytest.raises(ShapeError, match="the shapes must be equal"):
        ForwardSystem([Equation(z, x + w)], given=[w, x])


def test_a_system_is_ordered_and_single_assignment():
    x, z = matrix("X", 2, 3), matrix("Z", 2, 3)
    with pytest.raises(SpecError, match="X is used before it is defined"):
        ForwardSystem([Equation(z, x)], given=[])
    with pytest.raises(SpecError, match="Z is defined twice"):
        ForwardSystem([Equation(z, x), Equation(z, x)], given=[x])


def test_an_operation_stands_alone():
    x, z = matrix("X", 2, 3), matrix("Z", 2, 3)
    f = GenericFunction("f", 1)
    with pytest.raises(SpecError, match="give Elementwise an equation of its own"):
        ForwardSystem([Equation(z, x + Elementwise(f, x))], given=[x])
    with pytest.raises(SpecError, match="give the operand of Elementwise a name"):
        ForwardSystem([Equation(z, Elementwise(f, x + x))], given=[x])


@pytest.mark.parametrize("name", ["", "1W", "W 1", "$x$", r"\input{a}", "__class__", "W\n", "é", "x" * 81])
def test_names_match_one_strict_pattern(name):
    with pytest.raises(SpecError, match="is not a name"):
        Variable(name, 2, 2, Role.WEIGHT, "W")


def test_symbols_survive_being_rebuilt():
    w = matrix("W1", width(1), width(0))
    rebuilt = (w.T * w).xreplace({width(1): Integer(3)}).args[1]
    assert (rebuilt.role, rebuilt.stem, rebuilt.layer, rebuilt.shape) == (Role.WEIGHT, "W", 1, (3, width(0)))


def test_derive_takes_a_network_or_options():
    with pytest.raises(SpecError, match="give a network or options"):
        derive(Network.mlp(layers=1), layers=2)
    with pytest.raises(SpecError, match="no parameter or input 'W9'; it has W1, b1, W2, b2, X"):
        derive(layers=2, wrt=["W9"])
    assert [v.name for v in derive(layers=2, wrt=["X", "W2"]).wrt] == ["X", "W2"]
