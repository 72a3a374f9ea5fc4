"""Every architecture against PyTorch: the same numbers, the loss and all gradients in float64."""

import numpy as np
import pytest
from architecture_files import ARCHITECTURES, losses_of, networks
from corpus import Case

from symbp import derive

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

from pytorch.architectures import TWINS, Given  # noqa: E402 - it needs torch

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # Its own, of second derivatives.

TOLERANCE = 1e-9


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_every_file_has_a_twin_and_every_twin_a_file():
    assert set(TWINS) == {place.stem for place in ARCHITECTURES}


def drawn(place, found):
    """Return numbers for all that the networks of a file are given."""
    case = Case(place.stem, lambda: found[0], sizes={"m": 5, "p": 4}, draws=TWINS[place.stem].draws)
    given = {symbol.name: symbol for network in found for symbol in network.forward.given}
    return case.values(given.values(), seed=1)


def tensors(values, parameters):
    return {name: torch.tensor(array, requires_grad=name in parameters) for name, array in values.items()}


def distances(network, values, loss, twin):
    """Return how far the loss and every gradient are from the twin's, relative to the twin's."""
    parameters, inputs = (
        {each.name: values[each.name] for each in group} for group in (network.parameters, network.inputs)
    )
    given = {each.name: values[each.name] for each in network.forward.given}
    targets = {name: array for name, array in given.items() if name not in {**parameters, **inputs}}
    ours, gradients = derive(network).compile()(parameters, inputs or None, targets or None)
    leaves = tensors(values, parameters)
    wanted = twin(Given(**leaves))
    wanted = (wanted if loss is None else wanted[loss]).squeeze()
    slopes = torch.autograd.grad(wanted, [leaves[name] for name in gradients])
    found = {"loss": abs(ours - wanted.item()) / abs(wanted.item())}
    for (name, gradient), slope in zip(gradients.items(), slopes, strict=True):
        found[name] = np.linalg.norm(gradient - slope.numpy()) / np.linalg.norm(slope.numpy())
    return found


@pytest.mark.parametrize("place", ARCHITECTURES, ids=lambda place: place.stem)
def test_loss_and_gradients_are_those_of_the_twin(place):
    found = networks(place)
    values = drawn(place, found)
    for network, loss in zip(found, losses_of(place), strict=True):
        apart = distances(network, values, loss, TWINS[place.stem].loss)
        assert all(each <= TOLERANCE for each in apart.values()), (loss, apart)


def test_another_loss_and_another_gradient_are_seen():
    (place,) = (each for each in ARCHITECTURES if each.stem == "softmax-regression")
    (network,) = networks(place)
    values = drawn(place, [network])
    loss = TWINS[place.stem].loss
    assert all(each <= TOLERANCE for each in distances(network, values, None, loss).values())
    apart = distances(network, values, None, lambda v: loss(v) + 1e-6 * v.W[0, 0])
    assert apart["W"] > TOLERANCE
    assert apart["b"] <= TOLERANCE
