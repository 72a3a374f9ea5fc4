"""A network that was made from a model: its numbers, its own gradients, and what is said where they differ."""

from dataclasses import replace

import numpy as np
import pytest

import symbp
from symbp.numeric.agreement import Agreement
from symbp.pages.tell.check import check_page
from symbp.sample import Axes, Remark, Sample
from symbp.writing.text import write_text

LINES = ["Z = W @ X + b", "loss = mse(tanh(Z), Y)"]
SHAPES = {"W": (2, 3), "b": (2, 1), "X": (3, 4), "Y": (2, 4)}


def network(change=None, remarks=(), loss=1.0):
    """A network whose sample has the right gradients, but for those that ``change`` returns."""
    found = symbp.Network.equations(LINES, SHAPES, parameters=["W", "b"], inputs=["X"], targets=["Y"])
    random = np.random.default_rng(0)
    given = {name: random.normal(size=shape) for name, shape in SHAPES.items()}
    parameters = {name: given[name] for name in "Wb"}
    value, right = symbp.derive(found).compile()(parameters, given["X"], given["Y"])
    right |= change(right) if change else {}
    axes = {"W": Axes("0.weight", (2, 3), (0, 1)), "b": Axes("0.bias", (2,), (0,))}
    found.sample = Sample(parameters, {"X": given["X"]}, given["Y"], right, value * loss, axes=axes, remarks=remarks)
    return found


def test_agreement():
    derivation = symbp.derive(network())
    assert derivation.agreement == Agreement(derivation.agreement.rows, 0.0)
    assert derivation.agreement.right
    assert derivation.agreement.worst < 1e-15
    assert symbp.derive(network(), wrt=["W"]).agreement.to_dict()["of"] == 1
    assert symbp.derive(layers=2).agreement is None


@pytest.mark.parametrize(
    "change",
    [
        lambda right: {"W": 2 * right["W"]},
        lambda right: {"W": -right["W"]},
        lambda right: {"W": right["W"] + 1e-8},
        lambda right: {"W": right["W"] * np.nan},
        lambda right: {"W": right["W"].T},
    ],
    ids=["doubled", "negated", "single precision", "no number", "turned"],
)
def test_a_model_with_other_gradients_is_not_derived(change):
    with pytest.raises(symbp.CheckFailedError, match=r"1 of 2 parameters .* forward pass, W: a hook on a .*\(line 7\)"):
        symbp.derive(network(change, (Remark("hook", "a", 7),)))


def test_a_model_with_another_loss_is_not_derived():
    with pytest.raises(symbp.CheckFailedError, match="the loss of the model"):
        symbp.derive(network(loss=1 + 1e-8))


def test_every_page_says_how_the_model_agrees():
    derivation = symbp.derive(network(remarks=(Remark("eval", "norm"), Remark("size", "forward", 3))))
    for page in (symbp.render(derivation), symbp.render(derivation, "latex")):
        assert "agrees with PyTorch on your model: 2 of 2, worst below" in " ".join(page.split())
    assert "norm is in evaluation mode" in symbp.render(derivation)
    assert "depends on a size (line 3)" in symbp.render(derivation)
    report = symbp.check(derivation, thorough=False)
    assert report.to_dict()["model"]["agrees"] == 2
    assert "agrees with PyTorch on your model: 2 of 2, worst" in write_text(check_page(report, derivation), width=200)


def test_where_nothing_can_be_compared_nothing_is_said():
    assert "agrees" not in symbp.render(symbp.derive(network(), wrt=["X"]))


def test_gradients_get_the_shapes_of_the_model():
    tensor = np.arange(24.0).reshape(2, 3, 4)
    axes = Axes("pos", (2, 3, 4), (2, 0, 1))
    matrix = tensor.transpose(axes.order).reshape(4, 6)
    sample = Sample({"pos": matrix}, {}, None, {}, axes={"pos": axes})
    assert (sample.to_torch({"pos": matrix})["pos"] == tensor).all()
    with pytest.raises(symbp.ShapeError, match="shape"):
        sample.to_torch({"pos": tensor})
    with pytest.raises(symbp.SpecError, match="did you mean 'pos'"):
        sample.to_torch({"poss": matrix})
    with pytest.raises(AttributeError):
        sample.loss = 1.0
    assert replace(sample, loss=2.0).loss == 2.0
