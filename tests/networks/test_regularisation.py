"""Dropout as a mask, the L2 penalty and tied weights."""

import numpy as np
import pytest
from sympy import Rational

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.calculus.factor import Acts
from symbp.networks.layers import Activation, Linear
from symbp.networks.recurrent import RNN
from symbp.networks.regularisation import Dropout
from symbp.op import FactorRole

TIED = [Dense(5, "tanh"), Linear(tied_to="W1", transposed=True)]


def test_every_gradient_agrees():
    for net in (
        Network([Dense(5, "tanh"), Dropout(), Dense(2, "softmax")], inputs=3, loss="ce", batch=True),
        Network([Dense(5, "tanh"), Linear(2)], inputs=3, loss="mse", batch=True, l2="0.1"),
        Network([Dense(5, "tanh"), Dense(2, "softmax")], inputs=3, loss="ce", l2="1/3"),
        Network([RNN(5, 4), Dropout(), Dense(2, "softmax")], inputs=3, loss="ce", batch=True, l2=0.01),
        Network(TIED, inputs=3, loss="mse", batch=True),
        Network(TIED, loss="mse", batch=True, l2="0.1"),
        Network([Dense(3, "tanh"), Linear(tied_to="W1"), Activation("sigmoid")], 3, loss="mse", batch=True),
        Network([Dense(None, "tanh"), Dropout(), Dense()]),
    ):
        report = check(derive(net))
        assert report.passed, (net.forward, report.rows)


def test_dropout_multiplies_by_a_mask_that_is_given():
    net = Network([Dense(5, "tanh"), Dropout(), Dense(2, "softmax")], inputs=3, loss="ce", batch=True)
    derived = derive(net)
    assert [x.name for x in net.inputs] == ["X", "M1"]
    assert str(net.forward["D1"].rhs) == "HadamardProduct(A1, M1)"
    (mask,) = [f for f in derived.gradients["W1"].factors if f.role is FactorRole.MASK]
    assert (str(mask.expr), mask.acts) == ("M1", Acts.HADAMARD)


def test_a_dropped_unit_gets_no_gradient():
    net = Network([Dense(5, "tanh"), Dropout(), Linear(2)], inputs=3, loss="mse")
    random = np.random.default_rng(0)
    values = {p.name: random.normal(size=tuple(map(int, p.shape))) for p in net.parameters}
    mask = np.full((5, 4), 2.0)
    mask[1] = 0
    _, gradients = derive(net).compile()(
        values, {"X": random.normal(size=(3, 4)), "M1": mask}, random.normal(size=(2, 4))
    )
    assert not gradients["W1"][1].any()
    assert gradients["W1"][0].all()


def test_the_penalty_is_an_equation_and_adds_lambda_times_the_weight():
    net = Network([Dense(5, "tanh"), Dense(2)], inputs=3, loss="mse", l2="0.01")
    derived = derive(net)
    assert [e.name for e in net.forward][-3:] == ["data", "penalty", "loss"]
    assert net.forward["penalty"].rhs.args[0] == Rational(1, 100)
    assert str(derived.gradients["W2"].recursive) == "dZ2*A1.T + (1/100)*W2"
    assert len(derived.gradients["W1"].terms) == 2
    assert len(derived.gradients["b1"].terms) == 1


def test_a_tied_weight_adds_up_both_uses():
    derived = derive(Network(TIED, inputs=3, loss="mse", batch=True))
    assert [p.name for p in derived.network.parameters] == ["W1", "b1", "b2"]
    assert str(derived.forward["Z2"].rhs) == "W1.T*A1 + b2*1"
    assert str(derived.gradients["W1"].recursive) == "dZ1*X.T + A1*dZ2.T"
    assert len(derived.gradients["W1"].terms) == 2


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Linear(transposed=True), SpecError, "goes with tied_to="),
        (lambda: Network([Dense(5), Linear(tied_to="W7")]), SpecError, "no weight before this layer is called 'W7'"),
        (lambda: Network([Dense(5), Linear(tied_to="b1")]), SpecError, "no weight before this layer is called 'b1'"),
        (lambda: Network([Dense(5), Linear(tied_to="W1")], 3), ShapeError, "W1 is 5×3 .* behind A1 needs 5×5"),
        (
            lambda: Network([Dense(5), Linear(4, tied_to="W1", transposed=True)], 3),
            ShapeError,
            "transposed W1 is 3×5 but the layer behind A1 needs 4×5",
        ),
        (lambda: Network([Dense(5)], 3, l2="0"), SpecError, "l2 is 0: give a positive number"),
        (lambda: Network([Dense(5)], 3, l2=-1.0), SpecError, "l2 is -1.0: give a positive number"),
        (lambda: Network([Dense(5)], 3, l2="nan"), SpecError, "l2 must be a finite number"),
    ],
)
def test_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()
