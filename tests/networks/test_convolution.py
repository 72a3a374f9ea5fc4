"""Convolution and pooling layers: their geometry, their closed forms in index form, their numbers, their refusals."""

from itertools import product

import numpy as np
import pytest

from symbp import (
    AvgPool1d,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Dense,
    Image,
    MaxPool1d,
    MaxPool2d,
    Network,
    ShapeError,
    SpecError,
    check,
    derive,
)
from symbp.calculus.factor import Acts
from symbp.networks.layers import Activation
from symbp.networks.normalisation import BatchNorm
from symbp.networks.residual import Residual
from symbp.numeric import engines
from symbp.op import FactorRole
from symbp.ops.convolution import Convolve, channels, convolve, kernel_correlation, transposed_convolve
from symbp.ops.pooling import MaxPool, average_pool, max_pool, max_pool_transpose
from symbp.ops.windows import Window
from symbp.symbols import BATCH, Role, Variable

CNN = (
    Conv2d(3, (3, 2), stride=2, padding=1, activation="relu"),
    MaxPool2d((2, 3), stride=1),
    Conv2d(2, 2, activation="tanh"),
    AvgPool2d((1, 2)),
    Dense(4, "softmax"),
)
WINDOWS = [
    Window(5, 4, 3, 2),
    Window(5, 4, 3, 2, 2, 1, 1, 0),
    Window(4, 7, 2, 3, 1, 2, 0, 2),
    Window(6, 5, 1, 1, 3, 2),
    Window(1, 7, 1, 3, 1, 2, 0, 1),
    Window(3, 4, 3, 4),
]


IMAGE = Image(2, 7, 8)


def network(*layers, inputs=IMAGE, **options):
    return Network(layers, **{"inputs": inputs, "loss": "cross_entropy", "batch": True, **options})


def numbers(window, c_in=2, c_out=3, m=2):
    random = np.random.default_rng(7)
    k = random.normal(size=(c_out, c_in * window.entries))
    x = random.normal(size=(c_in * window.pixels, m))
    return k, x, random.normal(size=(c_out * window.count, m))


def terms(window, k, x, g):
    """(o, p, q, c, i, j, y, x) of every product of the sum, in index form: y = s·p + i − padding, inside the image."""
    w, (down, right) = window, window.places
    kernels = k.reshape(k.shape[0], -1, w.kh, w.kw)
    images, errors = x.reshape(-1, w.height, w.width, x.shape[1]), g.reshape(-1, down, right, x.shape[1])
    places = []
    for o, p, q, c, i, j in product(*map(range, (k.shape[0], down, right, images.shape[0], w.kh, w.kw))):
        row, column = w.sh * p + i - w.ph, w.sw * q + j - w.pw
        if 0 <= row < w.height and 0 <= column < w.width:
            places.append((o, p, q, c, i, j, row, column))
    return kernels, images, errors, places


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_convolution_is_its_index_form(window):
    k, x, g = numbers(window)
    kernels, images, errors, places = terms(window, k, x, g)
    wanted = np.zeros_like(errors)
    for o, p, q, c, i, j, row, column in places:
        wanted[o, p, q] += kernels[o, c, i, j] * images[c, row, column]
    found = convolve(np, k, x, *map(int, window.args))
    np.testing.assert_allclose(found, wanted.reshape(g.shape), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_kernel_gradient_is_the_error_correlated_with_the_input(window):
    k, x, g = numbers(window)
    kernels, images, errors, places = terms(window, k, x, g)
    wanted = np.zeros_like(kernels)
    for o, p, q, c, i, j, row, column in places:
        wanted[o, c, i, j] += errors[o, p, q] @ images[c, row, column]
    found = kernel_correlation(np, g, x, *map(int, window.args))
    np.testing.assert_allclose(found, wanted.reshape(k.shape), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_image_gradient_is_a_full_convolution_with_the_flipped_kernel(window):
    """Errors set ``stride`` apart, kh − 1 and kw − 1 zeros around, the flipped kernel over it, the padding cut off."""
    k, x, g = numbers(window)
    kernels, images, errors, _ = terms(window, k, x, g)
    w, (down, right) = window, window.places
    apart = np.zeros((errors.shape[0], w.height + 2 * w.ph + w.kh - 1, w.width + 2 * w.pw + w.kw - 1, x.shape[1]))
    rows = slice(w.kh - 1, w.kh - 1 + w.sh * down, w.sh)
    apart[:, rows, w.kw - 1 : w.kw - 1 + w.sw * right : w.sw] = errors
    flipped = kernels[:, :, ::-1, ::-1]
    wanted = np.zeros_like(images)
    for c, row, column in product(*map(range, images.shape[:3])):
        under = apart[:, row + w.ph : row + w.ph + w.kh, column + w.pw : column + w.pw + w.kw]
        wanted[c, row, column] = np.tensordot(flipped[:, c], under, axes=3)
    found = transposed_convolve(np, k, g, *map(int, window.args))
    np.testing.assert_allclose(found, wanted.reshape(x.shape), rtol=1e-13, atol=1e-13)


def test_a_maximum_leaves_the_padding_out_and_a_mean_counts_it():
    x, window = -np.ones((4, 1)), tuple(map(int, Window(2, 2, 2, 2, 1, 1, 1, 1).args))
    a = max_pool(np, x, *window)
    assert a.ravel().tolist() == [-1] * 9
    assert max_pool_transpose(np, x, a, np.ones((9, 1)), *window).ravel().tolist() == [4, 2, 2, 1]
    assert average_pool(np, x, *window).ravel().tolist() == [-0.25, -0.5, -0.25, -0.5, -1, -0.5, -0.25, -0.5, -0.25]


def test_a_tie_goes_to_the_first_and_overlapping_windows_add_up():
    x = np.array([[1.0, 2.0, 2.0, 0.0, 2.0, 2.0]]).T
    window = tuple(map(int, Window(2, 3, 2, 2, 1, 1).args))
    a = max_pool(np, x, *window)
    assert a.T.tolist() == [[2, 2]]
    assert max_pool_transpose(np, x, a, np.array([[3.0], [5.0]]), *window).T.tolist() == [[0, 8, 0, 0, 0, 0]]


def test_the_meanings_run_on_long_numbers():
    digits, window = engines.digits(), tuple(map(int, WINDOWS[1].args))
    k, x, _ = numbers(WINDOWS[1])
    for function, arguments in ((convolve, (k, x)), (max_pool, (x,)), (average_pool, (x,))):
        found = function(digits.np, *map(digits.array, arguments), *window)
        np.testing.assert_allclose(found.floats(), function(np, *arguments, *window), rtol=1e-14, atol=1e-15)
    assert channels(np, np.array([[1.0], [2.0]]), 3).T.tolist() == [[1, 1, 1, 2, 2, 2]]


@pytest.mark.parametrize(
    ("layers", "inputs"),
    [
        (CNN, IMAGE),
        ((Conv2d(3, 3, padding=1, bias=False), BatchNorm(), Activation("tanh"), Dense(2, "softmax")), Image(2, 4, 3)),
        (
            (
                Conv2d(3, 3, padding=1),
                Residual([Activation("tanh"), Conv2d(3, 3, padding=1)]),
                Residual([Conv2d(5, 2, stride=2)], projection=Conv2d(5, 1, stride=2, bias=False)),
                Dense(2, "softmax"),
            ),
            Image(2, 4, 6),
        ),
        (
            (
                Conv1d(3, 3, stride=2, padding=1, activation="sigmoid"),
                MaxPool1d(3, stride=1),
                Conv1d(4, 2, activation="tanh"),
                AvgPool1d(2),
                Dense(3, "softmax"),
            ),
            Image(2, 1, 13),
        ),
        ((Conv2d(None, 2, activation="tanh"), AvgPool2d(2), Dense(None, "softmax")), Image(None, 3, 4)),
    ],
    ids=["cnn", "batch norm", "residual", "one dimension", "symbolic channels"],
)
def test_every_gradient_agrees(layers, inputs):
    report = check(derive(network(*layers, inputs=inputs)))
    assert report.passed, report.rows


def test_the_equations_and_sizes_of_a_layer():
    net = network(*CNN)
    assert [equation.name for equation in net.forward][:5] == ["C1", "R1", "Z1", "A1", "P1"]
    assert {p.name: tuple(map(int, p.shape)) for p in net.parameters} == {
        "W1": (3, 12), "b1": (3, 1), "W2": (2, 12), "b2": (2, 1), "W3": (4, 4), "b3": (4, 1),
    }  # fmt: skip
    assert [equation.name for equation in network(Conv2d(1, 2, bias=False)).forward] == ["Z1", "loss"]


def test_the_factors_and_their_sentences():
    derived = derive(network(*CNN))
    roles = [(factor.role, factor.acts, factor.layer) for factor in derived.gradients["W1"].factors]
    assert roles == [
        (FactorRole.LOSS, Acts.SOURCE, 3),
        (FactorRole.WEIGHT, Acts.LEFT, 3),
        (FactorRole.CONSTANT, Acts.OPERATOR, 2),
        (FactorRole.SLOPE, Acts.HADAMARD, 2),
        (FactorRole.WEIGHT, Acts.OPERATOR, 2),
        (FactorRole.MASK, Acts.OPERATOR, 1),
        (FactorRole.SLOPE, Acts.HADAMARD, 1),
        (FactorRole.PREVIOUS, Acts.OPERATOR, 0),
    ]
    assert "input correlated with the error" in derived.backward["dW1"].steps[0].why
    assert "flipped kernel" in derived.backward["dP1"].steps[0].why


def test_a_kernel_that_covers_the_image_is_a_dense_layer():
    """A convolution with one place is W·x, and its gradients are those of a dense layer."""
    random = np.random.default_rng(3)
    sizes = {"W1": (3, 12), "b1": (3, 1), "W2": (2, 3), "b2": (2, 1)}
    parameters = {name: random.normal(size=size) for name, size in sizes.items()}
    x, y = random.normal(size=(12, 5)), np.eye(2)[:, random.integers(0, 2, 5)]
    as_image = network(Conv2d(3, (2, 3), activation="tanh"), Dense(2, "softmax"), inputs=Image(2, 2, 3))
    as_column = network(Dense(3, "tanh"), Dense(2, "softmax"), inputs=12)
    (loss, found), (same_loss, wanted) = (derive(net).compile()(parameters, x, y) for net in (as_image, as_column))
    assert loss == pytest.approx(same_loss, rel=1e-14)
    for name in parameters:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: network(Conv2d(2, 9)), r"Conv2d: a window of 9×9 does not fit into an image of 7×8 with padding 0×0"),
        (lambda: network(MaxPool2d(8), Dense(2)), r"MaxPool2d: a window of 8×8 does not fit into an image of 7×8"),
        (lambda: network(CNN[0], CNN[1], AvgPool2d((1, 4))), r"AvgPool2d: a window of 1×4 does not fit .* of 3×3"),
        (
            lambda: Conv2d(2, 3, stride=-1),
            "Conv2d cannot have stride -1: give a whole number from 1 to 1,000,000, or",
        ),
        (lambda: Conv2d(2, 3, stride=0), "cannot have stride 0"),
        (lambda: Conv2d(2, 3, padding=-1), "cannot have padding -1: give a whole number from 0"),
        (lambda: Conv2d(2, 3, padding=(1, -1)), r"cannot have padding \(1, -1\)"),
        (lambda: Conv2d(2, 2.5), "kernel is 2.5: give a whole number or a pair of whole numbers"),
        (lambda: Conv2d(2, (1, 2, 3)), r"kernel is \(1, 2, 3\): give"),
        (lambda: Conv2d(2, True), "kernel is True: give"),
        (lambda: Conv2d(0, 2), "cannot have 0 units"),
        (lambda: MaxPool2d(2, stride=0), "MaxPool2d cannot have stride 0"),
        (lambda: Conv1d(2, (1, 3)), r"Conv1d cannot have kernel \(1, 3\): give a whole number from 1 to 1,000,000$"),
        (lambda: network(Conv1d(2, 3)), r"Conv1d needs a signal, channels×1×length, and X is 2×7×8: use Conv2d"),
        (lambda: network(Conv2d(2, 3), inputs=18), "Conv2d needs an image and X is a plain column of 18 values"),
        (lambda: network(Dense(112), Conv2d(2, 3)), "Conv2d needs an image and A1 is a plain column"),
        (lambda: network(Dense(4), MaxPool2d(2)), "MaxPool2d needs an image and A1"),
        (lambda: Image(0, 2, 3), "an image cannot have channels 0"),
        (lambda: Image(1, 2, None), "Image: width is None: give a whole number"),
        (lambda: Image(3, 2000, 2000), "at most 1,000,000"),
        (lambda: Conv2d(1, 10**9, padding=10**9), "Conv2d cannot have kernel 1000000000: give a whole number from 1"),
        (lambda: Window(3, 3, 2, 2, 0), "strides are whole numbers from 1"),
    ],
)
def test_refused(build, message):
    with pytest.raises(SpecError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_a_node_refuses_other_channels():
    x, k = Variable("X", 40, BATCH, Role.INPUT, "X"), Variable("W1", 3, 10, Role.WEIGHT, "W", 1)
    with pytest.raises(ShapeError, match=r"W1 is 3×10 and X is 40×m: a kernel of 3×2 needs 6 columns"):
        Convolve(k, x, *Window(5, 4, 3, 2).args)
    with pytest.raises(ShapeError, match="its rows must be channels times 12"):
        MaxPool(x, *Window(3, 4, 2, 2).args)
