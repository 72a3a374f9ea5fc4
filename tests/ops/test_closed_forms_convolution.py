"""The convolution pair, symbolically: what symbp derives is, entry by entry, the sums of the literature."""

from itertools import product

import numpy as np
import pytest
from sympy import Symbol, expand

from symbp.derivation import derive
from symbp.networks.convolution import Conv1d, Conv2d
from symbp.networks.images import Image
from symbp.networks.network import Network
from symbp.op import meaning_of
from symbp.ops.convolution import KernelCorrelation, TransposedConvolve
from symbp.ops.windows import NUMBERS, Window
from symbp.symbols import Adjoint

C_IN, C_OUT, M = 2, 3, 2
WINDOWS = [
    Window(4, 3, 2, 2),
    Window(5, 4, 3, 2, 2, 1, 1, 0),
    Window(5, 6, 3, 3, 2, 2, 1, 1),
    Window(6, 4, 2, 3, 2, 3, 0, 1),
    Window(1, 7, 1, 3, 1, 2, 0, 1),
]
"""Sides all different somewhere; stride 2, padding 1, a stride that leaves an edge over, one dimension."""


class Namespace:
    """NumPy on arrays of symbols."""

    concatenate = staticmethod(np.concatenate)
    zeros = staticmethod(lambda shape: np.zeros(shape, dtype=int).astype(object))


def symbols(letter, *sides):
    """An array of symbols, one an entry, in C order."""
    return np.array([Symbol(f"{letter}_{index}") for index in range(int(np.prod(sides)))], dtype=object).reshape(sides)


def derived(window):
    """The two gradients of the backward list of a network of one convolution, on arrays of symbols."""
    network = Network(
        [Conv2d(C_OUT, (window.kh, window.kw), (window.sh, window.sw), (window.ph, window.pw), bias=False)],
        inputs=Image(C_IN, window.height, window.width),
        batch=True,
    )
    d = derive(network, wrt=["W1", "X"])
    for_kernel, for_image = d.backward["dW1"].rhs, d.backward["dX"].rhs
    assert isinstance(for_kernel, KernelCorrelation)
    assert isinstance(for_image, TransposedConvolve)
    down, right = window.places
    k = symbols("k", C_OUT, C_IN, window.kh, window.kw)
    v = symbols("v", C_IN, window.height, window.width, M)
    g = symbols("g", C_OUT, down, right, M)
    names = {"W1": k.reshape(C_OUT, -1), "X": v.reshape(-1, M)}

    def run(node):
        arrays = [
            g.reshape(-1, M) if isinstance(a, Adjoint) else names.get(getattr(a, "name", ""), a) for a in node.args
        ]
        return meaning_of(node)(Namespace, *(a if isinstance(a, np.ndarray) else int(a) for a in arrays))

    return k, v, g, run(for_kernel).reshape(k.shape), run(for_image).reshape(v.shape)


def padded(v, window):
    """V with its zeros around, as Goodfellow et al. take it to be: the formulas below know no padding."""
    return np.pad(v, ((0, 0), (window.ph, window.ph), (window.pw, window.pw), (0, 0)))


def same(found, expected):
    return found.shape == expected.shape and all(
        expand(a - b) == 0 for a, b in zip(found.flat, expected.flat, strict=True)
    )


def goodfellow_9_11(g, v, k, window):
    """∂J/∂K_{i,j,k,l} = Σ_{m,n} G_{i,m,n} V_{j,(m−1)s+k,(n−1)s+l} (Deep Learning, eq. 9.11), over the examples.

    Indices there count from 1.
    """
    expected = np.zeros(k.shape, dtype=object)
    for i, j, kk, ll in product(*(range(1, side + 1) for side in k.shape)):
        for m, n, example in product(range(1, g.shape[1] + 1), range(1, g.shape[2] + 1), range(M)):
            row, column = (m - 1) * window.sh + kk, (n - 1) * window.sw + ll
            expected[i - 1, j - 1, kk - 1, ll - 1] += (
                g[i - 1, m - 1, n - 1, example] * v[j - 1, row - 1, column - 1, example]
            )
    return expected


def goodfellow_9_13(k, g, v, window):
    """∂J/∂V_{i,j,k} = Σ_{l,m: (l−1)s+m=j} Σ_{n,p: (n−1)s+p=k} Σ_q K_{q,i,m,p} G_{q,l,n} (eq. 9.13)."""
    expected = np.zeros(v.shape, dtype=object)
    for i, j, kk, example in product(*(range(1, side + 1) for side in v.shape[:3]), range(M)):
        for q, ll, m, n, p in product(
            *(range(1, side + 1) for side in (k.shape[0], g.shape[1], k.shape[2], g.shape[2], k.shape[3]))
        ):
            if (ll - 1) * window.sh + m == j and (n - 1) * window.sw + p == kk:
                expected[i - 1, j - 1, kk - 1, example] += (
                    k[q - 1, i - 1, m - 1, p - 1] * g[q - 1, ll - 1, n - 1, example]
                )
    return expected


def dumoulin_visin_14(k, g, window):
    """Relationship 14 (Dumoulin and Visin 2016, §4.6): the transpose of a convolution is a convolution.

    The error is stretched by s − 1 zeros between its values, gets k − p − 1 zeros around and a = (i + 2p − k) mod s
    more at its lower and right edges, and is correlated with stride 1 with the flipped kernel, in and out swapped.
    """
    (down, right), axes = window.places, ((window.sh, window.kh, window.ph), (window.sw, window.kw, window.pw))
    stretched = np.zeros((C_OUT, (down - 1) * window.sh + 1, (right - 1) * window.sw + 1, M), dtype=object)
    stretched[:, :: window.sh, :: window.sw] = g
    left = [(size + 2 * p - k_) % s for size, (s, k_, p) in zip((window.height, window.width), axes, strict=True)]
    around = [(k_ - p - 1, k_ - p - 1 + a) for a, (_, k_, p) in zip(left, axes, strict=True)]
    around = [(0, 0), *around, (0, 0)]
    error = np.pad(stretched, around)
    flipped = k[:, :, ::-1, ::-1].swapaxes(0, 1)
    expected = np.zeros((C_IN, window.height, window.width, M), dtype=object)
    for c, y, x, o, i, j in product(*map(range, (*expected.shape[:3], C_OUT, window.kh, window.kw))):
        expected[c, y, x] += flipped[c, o, i, j] * error[o, y + i, x + j]
    return expected


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_gradient_of_the_kernel_is_the_input_correlated_with_the_error(window):
    k, v, g, for_kernel, _ = derived(window)
    assert same(for_kernel, goodfellow_9_11(g, padded(v, window), k, window))


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_gradient_of_the_input_is_the_sum_of_goodfellow(window):
    k, v, g, _, for_image = derived(window)
    whole = goodfellow_9_13(k, g, padded(v, window), window)
    inside = whole[:, window.ph : whole.shape[1] - window.ph, window.pw : whole.shape[2] - window.pw]
    assert same(for_image, inside)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_gradient_of_the_input_is_the_full_convolution_with_the_flipped_kernel(window):
    k, _, g, _, for_image = derived(window)
    assert same(for_image, dumoulin_visin_14(k, g, window))


def test_an_unflipped_kernel_is_noticed():
    window = WINDOWS[2]
    k, _, g, _, for_image = derived(window)
    assert not same(for_image, dumoulin_visin_14(k[:, :, ::-1, ::-1], g, window))


def test_one_dimension_is_the_same_pair():
    window = WINDOWS[-1]
    network = Network(
        [Conv1d(C_OUT, window.kw, window.sw, window.pw, bias=False)], inputs=Image(C_IN, 1, window.width), batch=True
    )
    assert Window(*map(int, derive(network).backward["dW1"].rhs.args[-NUMBERS:])) == window
