"""derive: the two lists, the three forms of a gradient, and their order."""

import pytest
from sympy import DiagMatrix, HadamardProduct, MatMul, Symbol

from symbp import Network, SpecError, check, derive
from symbp.symbols import Adjoint


def roles(gradient):
    return [(factor.role.value, factor.layer) for factor in gradient.factors]


def test_the_backward_list_goes_from_the_loss_to_the_first_layer():
    names = [equation.name for equation in derive(layers=2).backward]
    assert names == ["dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"]


@pytest.mark.parametrize("depth", [1, 2, 5, 60])
def test_a_gradient_is_exactly_the_product_the_course_note_states(depth):
    d = derive(layers=depth)
    for layer in range(1, depth + 1):
        expected = [("loss gradient", depth), ("activation derivative", depth)]
        for above in range(depth, layer, -1):
            expected += [("weight", above), ("activation derivative", above - 1)]
        expected.append(("previous activation", layer - 1))
        assert roles(d.gradients[f"W{layer}"]) == expected
        assert roles(d.gradients[f"b{layer}"])[:-1] == expected[:-1]


def test_the_recursive_form():
    d = derive(layers=2)
    net = d.network
    assert d.gradients["W2"].recursive == MatMul(Adjoint(net.by_name["Z2"]), net.by_name["A1"].T)


def test_one_example_is_a_flat_product_and_a_batch_is_nested():
    flat = derive(layers=3, activation="tanh", loss="mse").gradients["W1"].expression
    assert isinstance(flat, MatMul)
    assert [type(arg).__name__ for arg in flat.args] == [
        "DiagMatrix",
        "Transpose",
        "DiagMatrix",
        "Transpose",
        "DiagMatrix",
        "MatAdd",
        "Transpose",
    ]
    assert Symbol("m", integer=True, positive=True) not in flat.free_symbols
    nested = derive(layers=3, activation="tanh", loss="mse", batch=True).gradients["W1"].expression
    assert isinstance(nested.args[0], HadamardProduct)
    assert not nested.has(DiagMatrix)


def test_too_deep_to_multiply_out():
    with pytest.raises(SpecError, match="51 layers is unreadable"):
        _ = derive(layers=51).gradients["W1"].expression


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(KeyError, match="did you mean"):
        derive(layers=2).gradients["w2"]


def test_input_gradient_on_request():
    d = derive(layers=2, wrt=["X"])
    assert list(d.gradients) == ["X"]
    assert roles(d.gradients["X"])[-1] == ("weight", 1)
    assert "dW1" not in d.backward


def test_nothing_to_differentiate_by_is_refused_in_one_line():
    lonely = Network.equations(["loss = sum(X * X)"], {"X": (3, "m")})
    with pytest.raises(SpecError, match=r'no parameter to differentiate by: .* wrt=\["X"\]'):
        derive(lonely)
    assert check(derive(lonely, wrt=["X"])).passed
