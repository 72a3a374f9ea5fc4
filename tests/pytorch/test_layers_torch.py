"""Gated units, trained slopes, normalised groups and normalised weights: every gradient equals PyTorch's autograd."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symbp import (
    GEGLU,
    GLU,
    Attention,
    ClassToken,
    Conv2d,
    Dense,
    GroupNorm,
    Image,
    InstanceNorm2d,
    Linear,
    Network,
    Patches,
    PickToken,
    Positions,
    PReLU,
    ReGLU,
    SpectralNorm,
    SwiGLU,
    TokenMean,
    WeightNorm,
    derive,
)
from symbp.symbols import BATCH

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

EXAMPLES = 5

Tensors = dict[str, Any]


def gated(function: Callable[[Any], Any]) -> Callable[[Tensors], Any]:
    def forward(t: Tensors) -> Any:
        x = t["X"].T
        return F.linear(x, t["W1"], t["b1"][:, 0]) * function(F.linear(x, t["V1"], t["c1"][:, 0]))

    return forward


def glu(t: Tensors) -> Any:
    both = F.linear(t["X"].T, torch.cat([t["W1"], t["V1"]]), torch.cat([t["b1"], t["c1"]])[:, 0])
    return F.glu(both, dim=1)


def prelu(t: Tensors) -> Any:
    return F.prelu(F.linear(t["X"].T, t["W1"], t["b1"][:, 0]), t["alpha1"][0])


def weight_norm(t: Tensors) -> Any:
    w = torch._weight_norm(t["V1"], t["g1"], 0)
    return torch.tanh(F.linear(t["X"].T, w, t["b1"][:, 0]))


def spectral_norm(t: Tensors) -> Any:
    module = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 4, dtype=torch.float64)).eval()
    norm = module.parametrizations.weight[0]
    norm._u.copy_(t["u1"].detach()[:, 0])
    norm._v.copy_(t["v1"].detach()[:, 0])
    return torch.tanh(F.linear(t["X"].T, norm(t["V1"]), t["b1"][:, 0]))


def images(t: Tensors) -> Any:
    return t["X"].T.reshape(EXAMPLES, 4, 3, 5)


def group_norm(t: Tensors) -> Any:
    return F.group_norm(images(t), 2, t["gamma"][:, 0], t["beta"][:, 0], 0.1).flatten(1)


def group_norm_of_columns(t: Tensors) -> Any:
    return F.group_norm(t["X"].T, 2, t["gamma"][:, 0], t["beta"][:, 0])


def instance_norm(t: Tensors) -> Any:
    return F.instance_norm(images(t)).flatten(1)


def normalised_kernel(t: Tensors) -> Any:
    w = torch._weight_norm(t["V1"], t["g1"], 0).reshape(2, 4, 2, 2)
    return F.conv2d(images(t), w, t["b1"][:, 0]).flatten(1)


def patches(t: Tensors) -> Any:
    """A convolution whose kernel is as large as its stride, tokens in rows."""
    kernel = t["W1"].reshape(3, 4, 2, 2)
    return F.conv2d(t["X"].T.reshape(EXAMPLES, 4, 4, 6), kernel, t["b1"][:, 0], stride=2).flatten(2)


def mean_of_patches(t: Tensors) -> Any:
    return patches(t).mean(dim=2)


def picked_patch(t: Tensors) -> Any:
    return patches(t)[:, :, 4]


def attended(t: Tensors) -> Any:
    """A class token in front, sinusoidal positions, attention of one head without biases; the class token."""
    tokens = torch.cat([t["c1"].T.expand(EXAMPLES, 1, 3), patches(t).transpose(1, 2)], dim=1)
    out = F.scaled_dot_product_attention(*(tokens @ t[f"attention.W{each}"].T for each in "QKV"))
    return (out @ t["attention.WO"].T)[:, 0]


def waves(t: Tensors) -> Any:
    """The positions of "Attention is all you need" as tutorials of PyTorch write them."""
    x = t["X"].T.reshape(EXAMPLES, 5, 6)
    pe, position = torch.zeros(5, 6, dtype=torch.float64), torch.arange(5).unsqueeze(1)
    speed = torch.exp(torch.arange(0, 6, 2, dtype=torch.float64) * (-np.log(10000.0) / 6))
    pe[:, 0::2], pe[:, 1::2] = torch.sin(position * speed), torch.cos(position * speed)
    return torch.tanh(F.linear((x + pe).flatten(0, 1), t["W1"], t["b1"][:, 0]))


PICTURE = Image(4, 3, 5)
CUT = (Patches(2), Linear(3))

LAYERS = {
    "glu": (3, GLU(4), glu),
    "swiglu": (3, SwiGLU(4), gated(F.silu)),
    "geglu": (3, GEGLU(4), gated(F.gelu)),
    "reglu": (3, ReGLU(4), gated(F.relu)),
    "prelu": (3, (Linear(4), PReLU()), prelu),
    "weight norm": (3, WeightNorm([Dense(4, "tanh")]), weight_norm),
    "weight norm of a kernel": (PICTURE, WeightNorm([Conv2d(2, 2)]), normalised_kernel),
    "spectral norm": (3, SpectralNorm([Dense(4, "tanh")]), spectral_norm),
    "group norm": (PICTURE, GroupNorm("0.1", groups=2), group_norm),
    "group norm of columns": (6, GroupNorm(groups=2), group_norm_of_columns),
    "mean of patches": (Image(4, 4, 6), (*CUT, TokenMean()), mean_of_patches),
    "one patch": (Image(4, 4, 6), (*CUT, PickToken(4)), picked_patch),
    "class token": (Image(4, 4, 6), (*CUT, ClassToken(), Attention(tokens=7), PickToken()), attended),
    "sinusoids": (6, (Positions(tokens=5, sinusoidal=True), Dense(4, "tanh")), waves),
    "instance norm": (PICTURE, InstanceNorm2d(), instance_norm),
}


@pytest.mark.parametrize("name", LAYERS)
def test_equal_to_autograd(name):
    inputs, layers, forward = LAYERS[name]
    net = Network(list(layers) if isinstance(layers, tuple) else [layers], inputs, "mse", batch=True)
    random = np.random.default_rng(5)

    def draw(symbol):
        return random.normal(size=[int(n.xreplace({BATCH: EXAMPLES})) for n in symbol.shape])

    parameters, given = ({each.name: draw(each) for each in group} for group in (net.parameters, net.inputs))
    y = draw(net.output)
    names = [each.name for each in net.parameters]
    x = given if len(given) > 1 else given["X"]
    loss, gradients = derive(net, wrt=["X", *names]).compile()(parameters, x, y)

    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in {**given, **parameters}.items()}
    short = {key.rstrip("0123456789_") if key[:4] in ("gamm", "beta") else key: each for key, each in tensors.items()}
    wanted = ((forward(short).T - torch.tensor(y)) ** 2).sum() / (2 * y.shape[1])
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    for key in ("X", *names):
        right = tensors[key].grad.numpy()
        assert np.linalg.norm(gradients[key] - right) <= 1e-10 * np.linalg.norm(right) + 1e-14, key
