"""Every operation that a page of a network can show is defined entry by entry, and the definition is what it computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import operations  # noqa: F401 - imports every file of operations
import pytest
from entry_forms import computed, shapes
from sympy import MatrixExpr, MatrixSymbol, S

from symbp.op import Op, meaning_of
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels, NormaliseChannelsJacobian
from symbp.ops.convolution import Channels, ChannelSums, Convolve, KernelCorrelation, TransposedConvolve
from symbp.ops.normalisation import EPSILON, InverseDeviation, Normalise, NormaliseJacobian
from symbp.ops.pooling import AveragePool, AveragePoolTranspose, MaxPool, MaxPoolTranspose
from symbp.ops.positions import Offsets, OffsetSums, Rotate, SumExamples, Tile
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.ops.structure import Pad, Rows, Stack
from symbp.ops.windows import Window
from symbp.ops.within import Gram, Mix, Outer


def matrix(name, rows, columns):
    return MatrixSymbol(name, rows, columns)


Z, P, G = (matrix(name, 5, 3) for name in "ZPG")
PLAIN, STRIDED, SIGNAL = Window(3, 4, 2, 2), Window(3, 5, 2, 3, 2, 1, 1, 0), Window(1, 7, 1, 3, 1, 2, 0, 1)


def of_window(window):
    """Every windowed operation, with 2 channels in, 3 out, 2 examples."""
    w = window.args
    image, kernel = matrix("X", 2 * window.pixels, 2), matrix("K", 3, 2 * window.entries)
    error, pooled = matrix("G", 3 * window.count, 2), matrix("G", 2 * window.count, 2)
    return [
        Convolve(kernel, image, *w),
        TransposedConvolve(kernel, error, *w),
        KernelCorrelation(error, image, *w),
        MaxPool(image, *w),
        AveragePool(image, *w),
        AveragePoolTranspose(pooled, *w),
    ]


NODES = [
    Softmax(Z),
    SoftmaxJacobian(P, G),
    *(MaskedSoftmax(matrix("S", 3, 6), 3, causal) for causal in (0, 1)),
    MaskedSoftmax(matrix("S", 4, 6), 3, 0),
    *(MaskedSoftmax(matrix("S", 3, 6), 3, causal, matrix("N", 3, 2)) for causal in (0, 1)),
    *(Normalise(Z, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    *(NormaliseJacobian(Z, P, G, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    *(InverseDeviation(Z, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    NormaliseChannels(matrix("Z", 6, 4), 3, EPSILON),
    NormaliseChannelsJacobian(matrix("Z", 6, 4), matrix("N", 6, 4), matrix("G", 6, 4), 3, EPSILON),
    *(node for window in (PLAIN, STRIDED, SIGNAL) for node in of_window(window)),
    Channels(matrix("b", 3, 2), 4),
    ChannelSums(matrix("G", 12, 5), 4),
    Rows(Z, 2, 2),
    Pad(Z, 2, 9),
    Stack(matrix("A", 2, 3), matrix("B", 4, 3)),
    Stack(matrix("A", 2, 3), matrix("B", 4, 3), matrix("C", 1, 3), matrix("D", 3, 3)),
    Tile(matrix("A", 2, 3), 4),
    SumExamples(matrix("A", 2, 12), 3),
    Offsets(matrix("r", 1, 6), 3, 4),
    OffsetSums(matrix("B", 3, 4), 3, 4),
    *(Rotate(matrix("X", 6, 10), 5, back) for back in (0, 1)),
    Gram(matrix("A", 5, 6), matrix("B", 5, 8), 3, 4),
    Mix(matrix("A", 5, 6), matrix("B", 3, 8), 3, 4),
    Outer(matrix("A", 5, 8), matrix("B", 3, 8), 3, 4),
]
"""One node of every kind and every setting that changes the meaning, all sizes different."""

IN_WORDS = [
    MaxPoolTranspose(matrix("X", 24, 2), matrix("A", 12, 2), matrix("G", 12, 2), *PLAIN.args),
    Stack(*(matrix(f"A{rows}", rows, 3) for rows in range(1, 6))),
]
"""What a sentence says better."""


def drawn(node):
    rng = np.random.default_rng(7)
    values = [rng.normal(size=shape) for shape in shapes(node)]
    if isinstance(node, MaskedSoftmax) and len(values) > 1:
        values[1] = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    return values


def exact(node, values):
    """What the registered meaning gives: matrices and numbers where they stand among the args."""
    matrices = iter(values)
    given = [next(matrices) if isinstance(each, MatrixExpr) else number(S(each)) for each in node.args]
    return meaning_of(node)(np, *given)


def number(value):
    return int(value) if value.is_Integer else float(value)


def agrees(node, form):
    values = drawn(node)
    found, wanted = computed(node, form, values), exact(node, values)
    return bool(np.max(np.abs(found - wanted)) <= 1e-12 * max(1, np.max(np.abs(wanted))))


@pytest.mark.parametrize("node", NODES, ids=lambda node: str(type(node).__name__))
def test_an_entry_form_is_what_the_operation_computes(node):
    assert agrees(node, node.entry())
