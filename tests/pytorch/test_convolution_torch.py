"""Convolution and pooling: every gradient equals PyTorch's autograd in float64."""

import numpy as np
import pytest

from symbp import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    BatchNorm,
    BatchNorm2d,
    Concat,
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    Dense,
    DenseBlock,
    Image,
    MaxPool1d,
    MaxPool2d,
    Network,
    Upsample,
    derive,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

SAME = {"softmax": lambda z: z, None: lambda z: z}  # PyTorch's cross-entropy applies softmax itself.
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, **SAME}
NETWORKS = {
    "cnn": (
        Image(2, 7, 8),
        Conv2d(3, (3, 2), stride=2, padding=1, activation="relu"),
        MaxPool2d((2, 3), stride=1),
        Conv2d(2, 2, activation="tanh"),
        AvgPool2d((1, 2)),
        Dense(4, "softmax"),
    ),
    "strides and paddings": (
        Image(3, 9, 7),
        Conv2d(4, (2, 3), stride=(1, 2), padding=(1, 2), activation="sigmoid"),
        Conv2d(2, 3, stride=(3, 1), bias=False, activation="tanh"),
        Dense(3, "softmax"),
    ),
    "pooling with edges left over": (
        Image(2, 8, 7),
        AvgPool2d(3, stride=(2, 1)),
        Conv2d(3, 1, activation="tanh"),
        MaxPool2d(2),
        Dense(2, "softmax"),
    ),
    "ties": (Image(2, 6, 5), MaxPool2d(3, stride=1), Conv2d(2, 2), MaxPool2d(2, stride=1), Dense(3, "softmax")),
    "batch norm": (
        Image(2, 5, 4),
        Conv2d(3, 3, padding=1, bias=False),
        BatchNorm("1e-3"),
        Conv2d(2, 2, activation="tanh"),
        MaxPool2d(2),
        BatchNorm2d(),
        Dense(3, "softmax"),
    ),
    "dense block": (
        Image(2, 4, 5),
        DenseBlock([[Conv2d(3, 3, padding=1, activation="tanh")], [BatchNorm2d(), Conv2d(2, 1, activation="relu")]]),
        Conv2d(3, 2, activation="tanh"),
        Concat([Conv2d(1, 1)]),
        Dense(3, "softmax"),
    ),
    "groups and dilation": (
        Image(4, 9, 8),
        Conv2d(8, (3, 2), padding=2, dilation=(2, 3), groups=4, activation="tanh"),
        Conv2d(6, 3, stride=2, groups=2, bias=False, activation="relu"),
        MaxPool2d(3, stride=2, padding=1),
        Dense(3, "softmax"),
    ),
    "turned round": (
        Image(3, 4, 5),
        ConvTranspose2d(4, (3, 2), stride=(2, 3), padding=1, output_padding=(1, 2), activation="tanh"),
        AvgPool2d(3, stride=2, padding=1),
        Upsample((2, 1)),
        ConvTranspose2d(2, 2, dilation=2, groups=2, bias=False, activation="sigmoid"),
        AdaptiveMaxPool2d((5, 3)),
        Conv2d(3, 2, activation="tanh"),
        AdaptiveAvgPool2d(),
        Dense(3, "softmax"),
    ),
    "one dimension turned round": (
        Image(2, 1, 6),
        ConvTranspose1d(3, 3, stride=2, padding=1, activation="tanh"),
        Conv1d(3, 3, padding=2, dilation=2, groups=3),
        Dense(2, "softmax"),
    ),
    "one dimension": (
        Image(2, 1, 13),
        Conv1d(3, 3, stride=2, padding=1, activation="relu"),
        MaxPool1d(3, stride=1),
        Conv1d(4, 2, activation="tanh"),
        AvgPool1d(2),
        Dense(3, "softmax"),
    ),
}


def pair(value, line):
    return tuple(value) if isinstance(value, tuple) else (line if line is not None else value, value)


def applied(layer, a, weights):
    """One layer in PyTorch, on examples × channels × height × width."""
    flat = isinstance(layer, Conv1d | ConvTranspose1d | MaxPool1d | AvgPool1d)
    one, none = (1, 0) if flat else (None, None)
    if isinstance(layer, Concat | DenseBlock):
        for stage in [layer.layers] if isinstance(layer, Concat) else layer.stages:
            inner = a
            for each in stage:
                inner = applied(each, inner, weights)
            a = torch.cat([a, inner], 1)
        return a
    if isinstance(layer, BatchNorm):
        gamma, beta = next(weights)[:, 0], next(weights)[:, 0]
        return F.batch_norm(a, None, None, gamma, beta, training=True, eps=float(layer.epsilon))
    if isinstance(layer, Dense):
        w, b = next(weights), next(weights)
        return ACTIVATIONS[layer.activation](a.flatten(1) @ w.T + b.T)
    if isinstance(layer, Upsample):
        return F.interpolate(a, scale_factor=layer.factor, mode="nearest")
    if isinstance(layer, AdaptiveAvgPool2d):
        pool = F.adaptive_max_pool2d if isinstance(layer, AdaptiveMaxPool2d) else F.adaptive_avg_pool2d
        return pool(a, layer.size)
    kernel, stride = pair(layer.kernel, one), pair(layer.kernel if layer.stride is None else layer.stride, one)
    padding = pair(layer.padding, none)
    if isinstance(layer, ConvTranspose2d):
        w = next(weights).reshape(a.shape[1], layer.channels // layer.groups, *kernel)
        b = next(weights)[:, 0] if layer.bias else None
        further, dilation = pair(layer.output_padding, none), pair(layer.dilation, one)
        z = F.conv_transpose2d(a, w, b, stride, padding, further, layer.groups, dilation)
        return ACTIVATIONS[layer.activation](z)
    if isinstance(layer, Conv2d):
        w = next(weights).reshape(layer.channels, a.shape[1] // layer.groups, *kernel)
        b = next(weights)[:, 0] if layer.bias else None
        dilation = pair(layer.dilation, one)
        return ACTIVATIONS[layer.activation](F.conv2d(a, w, b, stride, padding, dilation, layer.groups))
    pool = F.max_pool2d if isinstance(layer, MaxPool2d) else F.avg_pool2d
    return pool(a, kernel, stride, padding)


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_to_autograd(name):
    image, *layers = NETWORKS[name]
    net = Network(layers, inputs=image, loss="cross_entropy", batch=True)
    names = [parameter.name for parameter in net.parameters]
    random = np.random.default_rng(11)
    parameters = {p.name: random.normal(size=[int(n) for n in p.shape]) for p in net.parameters}
    x = random.normal(size=(int(image.rows), 5))
    if name == "ties":
        x = np.round(x)
    classes = int(net.output.shape[0])
    labels = random.integers(0, classes, 5)
    loss, gradients = derive(net, wrt=["X", *names]).compile()(parameters, x, np.eye(classes)[:, labels])

    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in {"X": x, **parameters}.items()}
    a = tensors["X"].T.reshape(5, image.channels, image.height, image.width)
    weights = (tensors[key] for key in names)
    for layer in layers:
        a = applied(layer, a, weights)
    wanted = F.cross_entropy(a, torch.tensor(labels))
    wanted.backward()

    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    for key, tensor in tensors.items():
        error = np.linalg.norm(gradients[key] - tensor.grad.numpy()) / np.linalg.norm(tensor.grad.numpy())
        print(f"{name} {key} {error:.1e}")
        assert error <= 1e-10, key
