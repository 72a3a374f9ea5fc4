"""Every operation that a page of a network can show is defined entry by entry, and its meaning is that definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import operations  # noqa: F401 - imports every file of operations
import pytest
from sympy import Indexed, MatrixExpr, MatrixSymbol, Piecewise, S, Symbol

from symbp.checking.entries import computed
from symbp.equations import operands
from symbp.op import Op, meaning_of
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels, NormaliseChannelsJacobian
from symbp.ops.columns import Argmax, CumulativeSum, LogSumExp, Maximum
from symbp.ops.convolution import Channels, ChannelSums, Convolve, KernelCorrelation, TransposedConvolve
from symbp.ops.entries import Total, index
from symbp.ops.normalisation import EPSILON, InverseDeviation, Normalise, NormaliseJacobian
from symbp.ops.pooling import AveragePool, AveragePoolTranspose, MaxPool, MaxPoolPick, MaxPoolTranspose
from symbp.ops.positions import Offsets, OffsetSums, Rotate, Sinusoids, SumExamples, Tile
from symbp.ops.rearrange import rearranged
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.ops.square import Det, Inv, LogDet, Tr
from symbp.ops.stop import Stop
from symbp.ops.structure import Pad, Rows, Stack
from symbp.ops.windows import Window
from symbp.ops.within import Gram, Mix, Outer
from symbp.pages.tell.operations import WRITTEN_OUT
from symbp.pages.words import language


def matrix(name, rows, columns):
    return MatrixSymbol(name, rows, columns)


Z, P, G = (matrix(name, 5, 3) for name in "ZPG")
PLAIN, STRIDED, SIGNAL = Window(3, 4, 2, 2), Window(3, 5, 2, 3, 2, 1, 1, 0), Window(1, 7, 1, 3, 1, 2, 0, 1)
APART, GROUPED = Window(4, 7, 2, 3, 1, 2, 1, 0, 2, 3), Window(3, 5, 2, 3, 2, 1, 1, 0, 1, 2, groups=2)


def of_window(window):
    """Every windowed operation, with 2 channels in and 3 out, of each group if there are several, 2 examples."""
    w, inputs, outputs = window.args, 2 * window.groups, 3 * window.groups
    image, kernel = matrix("X", inputs * window.pixels, 2), matrix("K", outputs, 2 * window.entries)
    error, pooled = matrix("G", outputs * window.count, 2), matrix("G", inputs * window.count, 2)
    slid = [
        Convolve(kernel, image, *w),
        TransposedConvolve(kernel, error, *w),
        KernelCorrelation(error, image, *w),
    ]
    largest = [] if window.ph or window.pw else [MaxPool(image, *w)]
    pools = [*largest, AveragePool(image, *w), AveragePoolTranspose(pooled, *w)]
    return slid + (pools if window.groups == 1 else [])


NODES = [
    Softmax(Z),
    LogSumExp(Z),
    Maximum(Z),
    *(CumulativeSum(Z, back) for back in (0, 1)),
    Stop(Z),
    Tr(matrix("A", 4, 4)),
    SoftmaxJacobian(P, G),
    *(MaskedSoftmax(matrix("S", 3, 6), 3, causal) for causal in (0, 1)),
    MaskedSoftmax(matrix("S", 4, 6), 3, 0),
    *(MaskedSoftmax(matrix("S", 3, 6), 3, causal, matrix("N", 3, 2)) for causal in (0, 1)),
    *(Normalise(Z, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    *(NormaliseJacobian(Z, P, G, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    *(InverseDeviation(Z, over, centred, EPSILON) for over in (0, 1) for centred in (0, 1)),
    NormaliseChannels(matrix("Z", 6, 4), 3, EPSILON),
    NormaliseChannelsJacobian(matrix("Z", 6, 4), matrix("N", 6, 4), matrix("G", 6, 4), 3, EPSILON),
    *(node for window in (PLAIN, STRIDED, SIGNAL, APART, GROUPED) for node in of_window(window)),
    Channels(matrix("b", 3, 2), 4),
    ChannelSums(matrix("G", 12, 5), 4),
    Rows(Z, 2, 2),
    Pad(Z, 2, 9),
    Stack(matrix("A", 2, 3), matrix("B", 4, 3)),
    Stack(matrix("A", 2, 3), matrix("B", 4, 3), matrix("C", 1, 3), matrix("D", 3, 3)),
    rearranged(matrix("A", 6, 20), {"h": 2, "d": 3}, {"e": 4, "t": 5}, "d", "eht"),
    rearranged(matrix("A", 6, 20), {"h": 2, "d": 3}, {"e": 4, "t": 5}, "dt", "e"),
    rearranged(matrix("A", 7, 5), {"i": 7}, {"j": 5}, "i", "j", parts={"i": (2, 3), "j": (-2, 9)}),
    rearranged(matrix("A", 2, 3), {"i": 2}, {"t": 3}, "i", "et", repeats={"e": 4}),
    Tile(matrix("A", 2, 3), 4),
    SumExamples(matrix("A", 2, 12), 3),
    Offsets(matrix("r", 1, 6), 3, 4),
    OffsetSums(matrix("B", 3, 4), 3, 4),
    *(Rotate(matrix("X", 6, 10), 5, back) for back in (0, 1)),
    Sinusoids(6, 5),
    Gram(matrix("A", 5, 6), matrix("B", 5, 8), 3, 4),
    Mix(matrix("A", 5, 6), matrix("B", 3, 8), 3, 4),
    Outer(matrix("A", 5, 8), matrix("B", 3, 8), 3, 4),
]
"""One node of every kind and every setting that changes the meaning, all sizes different."""

IN_WORDS = [
    Argmax(Z),
    *(kind(matrix("A", 4, 4)) for kind in (Inv, Det, LogDet)),
    MaxPool(matrix("X", 30, 2), *STRIDED.args),
    MaxPoolTranspose(matrix("X", 24, 2), matrix("A", 12, 2), matrix("G", 12, 2), *PLAIN.args),
    MaxPoolPick(matrix("X", 24, 2), matrix("A", 12, 2), matrix("V", 24, 2), *PLAIN.args),
    Stack(*(matrix(f"A{rows}", rows, 3) for rows in range(1, 6))),
]
"""What a sentence says better."""


def drawn(node):
    rng = np.random.default_rng(7)
    values = [rng.normal(size=tuple(map(int, each.shape))) for each in operands(node)]
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


WRONG = {
    "a sum left out": (
        SoftmaxJacobian(P, G),
        lambda value: value.replace(Total, lambda term, k: term.xreplace({k: index("i")})),
    ),
    "a sign": (NormaliseJacobian(Z, P, G, 0, 1, EPSILON), lambda value: -value),
    "a factor": (AveragePool(matrix("X", 24, 2), *PLAIN.args), lambda value: 2 * value),
    "a flipped kernel": (
        Convolve(matrix("K", 3, 8), matrix("X", 24, 2), *PLAIN.args),
        lambda value: value.replace(
            Indexed, lambda letter, *at: letter[tuple(1 - n if n == index("i") else n for n in at)]
        ),
    ),
    "an axis too far": (
        rearranged(matrix("A", 7, 5), {"i": 7}, {"j": 5}, "i", "j", parts={"i": (2, 3)}),
        lambda value: value.xreplace({index("i"): index("i") + 1}),
    ),
    "a row too far": (Rows(Z, 2, 2), lambda value: value.xreplace({index("p"): index("p") + 1})),
    "a strict mask": (
        MaskedSoftmax(matrix("S", 3, 6), 3, 1),
        lambda value: Piecewise((value.args[0][0], index("i") < index("j")), (0, True)),
    ),
    "an angle turned back": (
        Rotate(matrix("X", 6, 10), 5, 0),
        lambda value: value.xreplace({Symbol("omega"): -Symbol("omega")}),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_form_is_caught(name):
    node, change = WRONG[name]
    form = node.entry()
    assert agrees(node, form)
    assert not agrees(node, replace(form, parts=tuple((at, change(value)) for at, value in form.parts)))


def of_networks():
    """Every operation of symbp that a network's lists can hold."""
    found, waiting = [], [Op]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("symbp.ops.") and not kind.__name__.startswith("_"):
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__name__)


BASES = {"Windowed", "Within", "Loss", "LinkedLoss"}
ALONE = {"Upstream"}
"""The gradient from above: only an operation derived alone has it."""


@pytest.mark.parametrize("kind", of_networks(), ids=lambda kind: kind.__name__)
def test_every_operation_of_a_network_is_defined(kind):
    if kind.__name__ in BASES | ALONE or issubclass(kind, WRITTEN_OUT):
        return
    nodes = [node for node in (*NODES, *IN_WORDS) if type(node) is kind]
    assert nodes, f"{kind.__name__} has no entry form in NODES and is not written out by a line"
    for node in nodes:
        form = node.entry()
        assert form is not None
        assert form.parts or language().has(f"entry.{form.says}")
        assert not form.says or language().has(f"entry.{form.says}")
        assert not form.applies or language().has(f"applies.{form.applies}")
