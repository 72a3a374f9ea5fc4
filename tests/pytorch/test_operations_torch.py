"""Operations alone against PyTorch's autograd, with the same gradient from above, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import derive
from symbp.networks.operations import OPERATIONS

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

SHAPES = {
    "batchnorm": {"X": (3, 6), "gamma": (3, 1), "beta": (3, 1)},
    "layernorm": {"X": (5, 4), "gamma": (5, 1), "beta": (5, 1)},
    "rmsnorm": {"X": (5, 4), "gamma": (5, 1)},
    "softmax": {"Z": (5, 3)},
    "attention": {"Q": (4, 3), "K": (4, 5), "V": (2, 5)},
    "causal-attention": {"Q": (4, 3), "K": (4, 3), "V": (2, 3)},
}


def attended(x, *, is_causal):
    q, k, v = (x[name].T[None] for name in "QKV")
    return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)[0].T


THEIRS = {
    "batchnorm": lambda x: (
        F.batch_norm(x["X"].T, None, None, x["gamma"][:, 0], x["beta"][:, 0], training=True, eps=1e-5).T
    ),
    "layernorm": lambda x: F.layer_norm(x["X"].T, (5,), x["gamma"][:, 0], x["beta"][:, 0], eps=1e-5).T,
    "rmsnorm": lambda x: F.rms_norm(x["X"].T, (5,), x["gamma"][:, 0], eps=1e-5).T,
    "softmax": lambda x: F.softmax(x["Z"], dim=0),
    "attention": lambda x: attended(x, is_causal=False),
    "causal-attention": lambda x: attended(x, is_causal=True),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_gradients_are_pytorchs(name):
    random = np.random.default_rng(5)
    derived = derive(OPERATIONS[name].build())
    arrays = {each: random.normal(size=shape) for each, shape in SHAPES[name].items()}
    theirs = {each: torch.tensor(array, requires_grad=True) for each, array in arrays.items()}
    output = THEIRS[name](theirs)
    above = random.normal(size=tuple(output.shape))
    output.backward(torch.tensor(above))
    parameters = {each.name: arrays[each.name] for each in derived.network.parameters}
    inputs = {each.name: arrays[each.name] for each in derived.network.inputs}
    value, gradients = derived.compile()(parameters, inputs, above)
    assert value == pytest.approx((output.detach().numpy() * above).sum(), rel=1e-12)
    for each, gradient in gradients.items():
        wanted = theirs[each].grad.numpy()
        assert np.abs(gradient - wanted).max() < 1e-10 * np.abs(wanted).max(), each
