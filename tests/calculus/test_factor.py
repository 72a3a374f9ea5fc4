"""Factors: what a gradient is a product of, where it is a sum, and that products are shared."""

import pytest
from sympy import DiagMatrix, HadamardProduct, Identity, MatAdd, MatMul, MatrixExpr, Transpose
from systems import CASES, N1, TANH, W1, X, case, variable

from symbp.calculus.factor import MAX_NESTING, Acts, Factor, Paths, without_repeats
from symbp.calculus.product import flat_product, nested_product
from symbp.derivation import Derivation, derive
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.networks.recurrent import LSTM
from symbp.op import FactorRole
from symbp.ops.elementwise import Elementwise

LOSS, SLOPE, WEIGHT, PREVIOUS = FactorRole.LOSS, FactorRole.SLOPE, FactorRole.WEIGHT, FactorRole.PREVIOUS


def terms(derived: Derivation, name: str) -> tuple[tuple[Factor, ...], ...]:
    variable_ = next(each for each in derived.wrt if each.name == name)
    return Paths(derived.backward, derived.wrt).terms(variable_)


@pytest.mark.parametrize("layers", [1, 2, 4, 9])
def test_a_gradient_is_loss_slopes_weights_and_the_activation_that_enters(layers: int) -> None:
    derived = derive(layers=layers)
    for layer in range(1, layers + 1):
        factors = derived.gradients[f"W{layer}"].factors
        above = [role for _ in range(layers - layer) for role in (SLOPE, WEIGHT)]
        assert [factor.role for factor in factors] == [LOSS, *above, SLOPE, PREVIOUS]
        weights = [factor.layer for factor in factors if factor.role is WEIGHT]
        assert weights == list(range(layers, layer, -1))
        slopes = [factor.layer for factor in factors if factor.role is SLOPE]
        assert slopes == list(range(layers, layer - 1, -1))


def test_factors_say_how_they_act() -> None:
    acts = [factor.acts for factor in derive(layers=2).gradients["W1"].factors]
    assert acts == [Acts.SOURCE, Acts.HADAMARD, Acts.LEFT, Acts.HADAMARD, Acts.RIGHT]


def test_softmax_is_an_operator_and_with_its_own_loss_it_is_gone() -> None:
    mixed = derive(layers=2, activation="tanh", output_activation="softmax", loss="mse").gradients["W2"].factors
    assert [factor.role for factor in mixed] == [LOSS, SLOPE, PREVIOUS]
    assert mixed[1].acts is Acts.OPERATOR
    fused = derive(layers=2, activation="tanh", loss="cross_entropy").gradients["W2"].factors
    assert [factor.role for factor in fused] == [LOSS, PREVIOUS]


def test_a_weight_used_twice_has_two_terms() -> None:
    first, second = terms(CASES["shared"](), "W1")
    assert [factor.role for factor in first] == [LOSS, SLOPE, PREVIOUS]
    assert [factor.role for factor in second] == [LOSS, SLOPE, WEIGHT, SLOPE, PREVIOUS]


def test_a_residual_block_is_a_sum_with_an_identity_branch() -> None:
    (product,) = terms(CASES["residual"](), "W1")
    (total,) = [factor for factor in product if factor.role is FactorRole.SUM]
    assert sorted(map(len, total.branches)) == [0, 2]
    assert total.nesting == 1


def test_the_flat_product_of_a_residual_block_holds_the_identity() -> None:
    (product,) = terms(CASES["residual"](), "W1")
    sums = [arg for arg in flat_product(product).args if isinstance(arg, MatAdd)]
    assert any(isinstance(branch, Identity) for total in sums for branch in total.args)
    assert not flat_product(product).has(HadamardProduct)


def skips(depth: int) -> Derivation:
    """A₁ = tanh(W₁X); then B_k = B_{k−1} + tanh(B_{k−1}) inside one another: B_k = A₁ + f(… inner block …)."""
    z, a = variable("Z1", N1), variable("A1", N1)
    equations: list[tuple[MatrixExpr, MatrixExpr]] = [(z, MatMul(W1, X)), (a, Elementwise(TANH, z))]
    inner = a
    for level in range(depth):
        f, out = variable(f"F{level + 2}", N1), variable(f"B{level + 2}", N1)
        equations += [(f, Elementwise(TANH, inner)), (out, MatAdd(a, f))]
        inner = out
    return case(*equations, given=[X, W1])


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_sums_nest_to_depth_2_and_deeper_ones_are_one_block(depth: int) -> None:
    (product,) = terms(skips(depth), "W1")
    assert max(factor.nesting for factor in product) <= MAX_NESTING
    blocks = [factor for factor in product if factor.role in (FactorRole.BLOCK, FactorRole.SUM)]
    assert len(blocks) == 1


def test_skips_one_behind_another_make_a_product_of_sums() -> None:
    z, a = variable("Z1", N1), variable("A1", N1)
    equations = [(z, MatMul(W1, X)), (a, Elementwise(TANH, z))]
    for level in range(2, 6):
        f, out = variable(f"F{level}", N1), variable(f"A{level}", N1)
        equations += [(f, Elementwise(TANH, a)), (out, MatAdd(a, f))]
        a = out
    (product,) = terms(case(*equations, given=[X, W1]), "W1")
    assert [factor.nesting for factor in product if factor.role is FactorRole.SUM] == [1, 1, 1, 1]


def test_the_product_of_a_chain_is_one_list_however_deep() -> None:
    derived = derive(layers=500)
    products = [product for gradient in derived.gradients.values() for product in gradient.products]
    assert len({id(product.shared) for product in products}) == 1
    assert len(products[0].shared) == max(product.length for product in products) == 2 * 500
    assert len(derived.gradients["W1"].factors) == 2 * 500 + 1


def test_a_product_multiplied_out_for_one_example_is_flat() -> None:
    derived = derive(layers=3)
    expression = derived.gradients["W1"].expression
    assert isinstance(expression, MatMul)
    assert [type(arg).__name__ for arg in expression.args] == [
        "DiagMatrix", "Transpose", "DiagMatrix", "Transpose", "DiagMatrix", "LossGradient", "Transpose",
    ]  # fmt: skip
    assert expression.shape == derived.gradients["W1"].variable.shape
    assert not any(isinstance(arg, DiagMatrix) for arg in derived.gradients["b3"].expression.args[1:])


def test_a_product_multiplied_out_for_a_batch_is_nested() -> None:
    derived = derive(layers=2, batch=True)
    expression = derived.gradients["W1"].expression
    inside = expression.args[0]
    assert isinstance(inside, HadamardProduct)
    assert isinstance(expression.args[1], Transpose)
    assert expression == nested_product(derived.gradients["W1"].factors)


def test_beyond_50_layers_nothing_is_multiplied_out() -> None:
    with pytest.raises(SpecError, match="51 layers is unreadable"):
        _ = derive(layers=51).gradients["W1"].expression


def test_the_products_of_a_recurrent_layer_hold_as_many_factors_as_it_has_steps() -> None:
    held = {}
    for steps in (20, 40):
        derived = derive(Network([LSTM(4, steps)], 3, "mse"))
        products = [product for gradient in derived.gradients.values() for product in gradient.products]
        lists = {id(part.shared): len(part.shared) for product in products for part in product.parts()}
        held[steps] = sum(lists.values()) + sum(len(product.tail) for product in products)
        assert len(list(without_repeats(products))) <= held[steps]
        for product in (products[0], products[-1]):
            whole = list(product)
            assert (len(whole), product.last(3)) == (len(product), tuple(whole[-3:]))
            assert tuple(whole) in derived.gradients["lstm1.Wi"].terms + derived.gradients["lstm1.bo"].terms
    assert held[40] < 2.2 * held[20]
