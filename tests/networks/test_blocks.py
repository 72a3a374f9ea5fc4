"""Residual blocks and normalisation layers: their equations, their factors, their numbers."""

import pytest
from sympy import Identity, MatAdd

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.calculus.factor import Acts
from symbp.networks.layers import Activation, Linear
from symbp.networks.normalisation import BatchNorm, LayerNorm, RMSNorm
from symbp.networks.residual import Residual
from symbp.op import FactorRole

POST = Residual([Dense(5, "tanh"), Linear(5)])
PRE = Residual([BatchNorm(), Activation("tanh"), Linear(5), BatchNorm(), Activation("tanh"), Linear(5)])


def network(*layers, **options):
    options = {"inputs": 3, "loss": "cross_entropy", "batch": True, **options}
    return Network([Linear(5), *layers, Dense(2, "softmax")], **options)


@pytest.mark.parametrize(
    "layers",
    [
        (POST,),
        (PRE, PRE),
        (Residual([Dense(4, "relu")], projection=Linear(4)),),
        (Residual([POST, LayerNorm()]), Activation("silu")),
        (BatchNorm(), Activation("sigmoid")),
        (LayerNorm(), Activation("tanh")),
        (RMSNorm("0.1"), Activation("tanh")),
        (Activation("softmax"), Dense(4, "tanh")),
    ],
    ids=["post", "pre", "projection", "nested", "batch", "layer", "rms", "softmax inside"],
)
def test_every_gradient_agrees(layers):
    report = check(derive(network(*layers)))
    assert report.passed, report.rows


def test_a_block_is_identity_plus_product():
    (sum_,) = [f for f in derive(network(POST)).gradients["W1"].factors if f.acts is Acts.SUM]
    assert [len(branch) for branch in sum_.branches] == [0, 3]
    assert [f.role for f in sum_.branches[1]] == [FactorRole.WEIGHT, FactorRole.SLOPE, FactorRole.WEIGHT]


def test_one_example_shows_identity_plus_j():
    expression = derive(network(POST, batch=False)).gradients["W1"].expression
    (block,) = [arg for arg in expression.args if isinstance(arg, MatAdd) and arg.has(Identity)]
    assert isinstance(block.args[0], Identity)


def test_the_bias_before_batch_norm_has_a_gradient_that_is_zero_to_rounding():
    rows = {row.name: row for row in check(derive(network(BatchNorm(), Activation("tanh")))).rows}
    assert rows["b1"].verdict == "zero to rounding"
    assert rows["beta1"].verdict == "agrees"


def test_names_that_are_taken_get_a_suffix():
    names = [p.name for p in network(BatchNorm(), LayerNorm()).parameters]
    assert names == ["W1", "b1", "gamma1", "beta1", "gamma1_2", "beta1_2", "W2", "b2"]


def test_batch_norm_couples_examples_so_its_product_is_that_of_a_batch():
    one, batch = (derive(network(BatchNorm(), batch=batch)) for batch in (False, True))
    assert one.batch
    assert one.gradients["W1"].expression == batch.gradients["W1"].expression


def test_refused():
    with pytest.raises(ShapeError, match=r"adds Z1, 5×m, to A2, 4×m: give it a projection to 4 units, or equal widths"):
        network(Residual([Dense(4, "tanh")]))
    with pytest.raises(SpecError, match="at least one layer"):
        Residual([])
    with pytest.raises(SpecError, match="give a positive number"):
        BatchNorm("0")
    with pytest.raises(SpecError, match="must be a finite number"):
        BatchNorm("nan")
