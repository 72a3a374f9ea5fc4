"""Small networks written down by hand: one or more for every operation that has a backward rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import operations  # noqa: F401 - registers every rule
from sympy import (
    HadamardProduct,
    Identity,
    Integer,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Rational,
    S,
    Symbol,
    Transpose,
    ZeroMatrix,
    sin,
    sqrt,
)

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import Equation, ForwardSystem, System
from symbp.judging.diagnosis.nodes import UnbiasedNormalise
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.columns import Argmax, CumulativeSum, LogSumExp, Maximum
from symbp.ops.convolution import Channels, ChannelSums, Convolve, KernelCorrelation, TransposedConvolve
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.literal import Literal
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, GenericLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy, entry_loss
from symbp.ops.normalisation import EPSILON, InverseDeviation, Normalise, Over
from symbp.ops.penalty import Penalty
from symbp.ops.pooling import AveragePool, AveragePoolTranspose, MaxPool, MaxPoolPick, MaxPoolTranspose
from symbp.ops.positions import Offsets, OffsetSums, Rotate, Sinusoids, SumExamples, Tile
from symbp.ops.rearrange import rearranged
from symbp.ops.softmax import Softmax
from symbp.ops.square import Det, Inv, LogDet, Tr
from symbp.ops.structure import Pad, Rows, Stack
from symbp.ops.upstream import Upstream
from symbp.ops.windows import Window
from symbp.ops.within import Gram, Mix, Outer
from symbp.symbols import BATCH, Adjoint, Role, Variable, width

N0, N1, N2, N3 = map(width, range(4))
ROLES = {"X": Role.INPUT, "Y": Role.TARGET, "W": Role.WEIGHT, "b": Role.BIAS, "Z": Role.PREACTIVATION, "l": Role.LOSS}


def variable(name: str, rows: Any, cols: Any = BATCH) -> Variable:
    """Return a symbol whose role follows from its letter and whose layer from its number."""
    layer = int("".join(filter(str.isdigit, name)) or 0)
    return Variable(name, rows, cols, ROLES.get(name[0], Role.ACTIVATION), name.rstrip("0123456789"), layer)


def derivation(equations: Sequence[tuple[Variable, MatrixExpr]], given: Sequence[Variable]) -> Derivation:
    """Derive a hand-written forward list, whose last equation is the loss, by its weights and biases."""
    forward = ForwardSystem([Equation(*pair) for pair in equations], given)
    wrt = tuple(symbol for symbol in given if symbol.role in (Role.WEIGHT, Role.BIAS))
    return Derivation(cast("Any", None), forward, reverse(forward, forward[-1].lhs, wrt), wrt)


def with_rhs(derived: Derivation, name: str, rhs: MatrixExpr) -> Derivation:
    """Return the derivation with another right side in one backward equation."""
    equations = [replace(each, rhs=rhs) if each.name == name else each for each in derived.backward]
    return replace(derived, backward=System(equations, derived.backward.given))


X, LOSS = variable("X", N0), variable("loss", 1, 1)
W1, W2, W3 = variable("W1", N1, N0), variable("W2", N2, N1), variable("W3", N3, N2)
b1 = variable("b1", N1, 1)
TANH = activation("tanh")


def _loss(out: MatrixSymbol, name: str = "mse") -> tuple[Variable, MatrixExpr, Variable]:
    y = variable("Y", *out.shape)
    return LOSS, EntrywiseLoss(entry_loss(name), out, y), y


def case(*equations: tuple[Variable, MatrixExpr], given: Sequence[Variable], loss: str = "mse") -> Derivation:
    """Close a list of equations with a loss of its last left side."""
    symbol, node, y = _loss(equations[-1][0], loss)
    return derivation([*equations, (symbol, node)], [*given, y])


def product() -> Derivation:
    """W₂·W₁·X, one product of three."""
    z = variable("Z2", N2)
    return case((z, MatMul(W2, W1, X)), given=[X, W1, W2])


def product_of_columns() -> Derivation:
    """W₁·X·W₄ with a weight behind the data, and a number in front."""
    z, w4 = variable("Z1", N1, N3), variable("W4", BATCH, N3)
    return case((z, MatMul(Rational(-2, 3), W1, X, w4)), given=[X, W1, w4])


def twice() -> Derivation:
    """H = W₁·X + W₁·X + W₁·X: one weight used three times in one sum."""
    z = variable("Z1", N1)
    return case((z, MatAdd(MatMul(W1, X), MatMul(W1, X), MatMul(3, W1, X))), given=[X, W1])


def square() -> Derivation:
    """A ⊙ A."""
    z, a = variable("Z1", N1), variable("A1", N1)
    return case((z, MatMul(W1, X)), (a, HadamardProduct(z, z)), given=[X, W1])


def triple() -> Derivation:
    """A ⊙ B ⊙ A inside a product."""
    a, b, c = variable("A1", N1), variable("B1", N1), variable("Z2", N2)
    v = variable("W4", N1, N0)
    return case(
        (a, MatMul(W1, X)),
        (b, MatMul(v, X)),
        (c, MatMul(W2, HadamardProduct(a, b, a))),
        given=[X, W1, v, W2],
    )


def transposed() -> Derivation:
    """W₄ᵀ·X, the whole transposed, and back."""
    w4 = variable("W4", N0, N1)
    z, t = variable("Z1", N1), variable("T1", BATCH, N1)
    back = variable("A1", N1)
    return case((z, MatMul(Transpose(w4), X)), (t, Transpose(z)), (back, Transpose(t)), given=[X, w4])


def bias() -> Derivation:
    """W₁·X + b₁·1ᵀ through tanh."""
    z, a = variable("Z1", N1), variable("A1", N1)
    return case(
        (z, MatAdd(MatMul(W1, X), MatMul(b1, OneMatrix(1, BATCH)))), (a, Elementwise(TANH, z)), given=[X, W1, b1]
    )


def sums() -> Derivation:
    """1ᵀ(A ⊙ A)1: a loss made of ones alone."""
    z, a = variable("Z1", N1), variable("A1", N1)
    total = MatMul(OneMatrix(1, N1), HadamardProduct(a, a), OneMatrix(BATCH, 1))
    return derivation([(z, MatMul(W1, X)), (a, Elementwise(TANH, z)), (LOSS, total)], [X, W1])


def two_arguments() -> Derivation:
    """An entrywise function of two matrices, x·y + sin x."""
    a, b, c = variable("A1", N1), variable("B1", N1), variable("C1", N1)
    v = variable("W4", N1, N0)
    return case((a, MatMul(W1, X)), (b, MatMul(v, X)), (c, Elementwise(_mix(), a, b)), given=[X, W1, v])


def _mix() -> ScalarFunction:
    x, y = Symbol("x", real=True), Symbol("y", real=True)
    return ScalarFunction("mix", (x, y), x * y + sin(x), (y + sin(x).diff(x), x))


def softmax() -> Derivation:
    """softmax with a loss that is not its own."""
    z, p = variable("Z1", N1), variable("A1", N1)
    return case((z, MatMul(W1, X)), (p, Softmax(z)), given=[X, W1])


def columns() -> Derivation:
    """Log-sum-exp, the largest entry, its mark and running sums of every column."""
    w, x, z = variable("W1", N1, N0), variable("X", N0), variable("Z1", N1)
    sums, largest, marks, running = variable("A1", 1), variable("A2", 1), variable("A3", N1), variable("A4", N1)
    total = variable("A5", N1)
    return case(
        (z, MatMul(w, x)),
        (sums, LogSumExp(z)),
        (largest, Maximum(z)),
        (marks, Argmax(z)),
        (running, CumulativeSum(z)),
        (total, MatAdd(HadamardProduct(marks, z), running, MatMul(OneMatrix(N1, 1), MatAdd(sums, largest)))),
        given=[w, x],
    )


def square_matrices() -> Derivation:
    """Tr, inverse, determinant and its logarithm."""
    w, x = variable("W1", N1, N1), variable("X", N1)
    inverse, size, logarithm, product_, trace_ = (
        variable("A1", N1, N1), variable("A2", 1, 1), variable("A3", 1, 1), variable("Z4", N1), variable("A5", 1, 1),
    )  # fmt: skip
    numbers = MatAdd(size, logarithm, trace_)
    spread = MatMul(OneMatrix(N1, 1), numbers, OneMatrix(1, BATCH))
    return case(
        (inverse, Inv(w)),
        (size, Det(w)),
        (logarithm, LogDet(w)),
        (trace_, Tr(inverse)),
        (product_, MatAdd(MatMul(inverse, MatAdd(Identity(N1), ZeroMatrix(N1, N1)), x), spread)),
        given=[w, x],
    )


def _normalised(over: Over, centred: bool) -> Derivation:
    z, n = variable("Z1", N1), variable("A1", N1)
    return case((z, MatMul(W1, X)), (n, Normalise(z, over, centred, Rational(1, 10))), given=[X, W1], loss="log_cosh")


def unbiased_norm() -> Derivation:
    """Every feature over the examples, the variance divided by N - 1: what a diagnosis holds gradients to."""
    z, n = variable("Z1", N1), variable("A1", N1)
    node = UnbiasedNormalise(z, Integer(1), Integer(1), Rational(1, 10))
    return case((z, MatMul(W1, X)), (n, node), given=[X, W1], loss="log_cosh")


def channel_norm() -> Derivation:
    """Two channels of five places, normalised over places and examples."""
    w, z, n = variable("W1", 10, N0), variable("Z1", 10), variable("A1", 10)
    node = NormaliseChannels(z, 5, Rational(1, 10))
    return case((z, MatMul(w, X)), (n, node), given=[X, w], loss="log_cosh")


def batch_norm() -> Derivation:
    """Every feature over the examples, the variance part of the function."""
    return _normalised(Over.EXAMPLES, True)


def layer_norm() -> Derivation:
    """Every example over its features."""
    return _normalised(Over.FEATURES, True)


def rms_norm() -> Derivation:
    """Every example by its root mean square."""
    return _normalised(Over.FEATURES, False)


def convolution() -> Derivation:
    """Three kernels of 3×2 over two channels of 5×4: stride 2 and 1, padding 1 and 0, one bias a channel."""
    window = Window(5, 4, 3, 2, 2, 1, 1, 0)
    x, k = variable("X", 40), variable("W1", 3, 12)
    c, r, z, bias_ = variable("C1", 27), variable("R1", 27, 1), variable("Z1", 27), variable("b1", 3, 1)
    return case(
        (c, Convolve(k, x, *window.args)),
        (r, Channels(bias_, window.count)),
        (z, MatAdd(c, MatMul(r, OneMatrix(1, BATCH)))),
        given=[x, k, bias_],
        loss="log_cosh",
    )


def grouped_convolution() -> Derivation:
    """Two groups of two channels of 4×3, kernels spread over 3×3; turned round, to three channels of each group."""
    window, back = Window(4, 3, 2, 2, 2, 1, 1, 0, 2, 2, 2), Window(4, 3, 2, 2, 2, 1, 0, 0, 1, 2, 2)
    x, k, w = variable("X", 48), variable("W1", 4, 8), variable("W2", 4, 12)
    z, t = variable("Z1", 4 * window.count), variable("Z2", 6 * back.pixels)
    return case(
        (z, Convolve(k, x, *window.args)), (t, TransposedConvolve(w, z, *back.args)), given=[x, k, w], loss="log_cosh"
    )


def convolution_shared() -> Derivation:
    """One kernel of 1×3 in two layers over signals of symbolic channels: the same symbol twice, and its own input."""
    first, second = Window(1, 7, 1, 3, 1, 2, 0, 1), Window(1, 4, 1, 3, 1, 1, 0, 1)
    x, k = variable("X", 7 * N0), variable("W1", N0, 3 * N0)
    z, a, t = variable("Z1", 4 * N0), variable("A1", 4 * N0), variable("Z2", 4 * N0)
    return case(
        (z, Convolve(k, x, *first.args)), (a, Elementwise(TANH, z)), (t, Convolve(k, a, *second.args)), given=[x, k]
    )


def backward_operators() -> Derivation:
    """What a reverse pass is made of, in a forward pass: convolutions turned round, shares of pools, 1/deviation."""
    window, pool = Window(5, 4, 3, 2, 2, 1, 1, 0), Window(4, 5, 2, 3, 1, 2)
    x, k, w = variable("X", 40), variable("W1", 3, 12), variable("W2", 2 * pool.count, 3)
    c, t, q, s = variable("Z1", 27), variable("Z2", 40), variable("A2", 3, 12), variable("A3", 3)
    g, u, back, total = variable("Z3", 2 * pool.count), variable("A4", 40), variable("A5", 40), variable("Z6", 40)
    features, examples = variable("A6", 1), variable("A7", 40, 1)
    return case(
        (c, Convolve(k, x, *window.args)),
        (t, TransposedConvolve(k, c, *window.args)),
        (q, KernelCorrelation(c, t, *window.args)),
        (back, TransposedConvolve(q, c, *window.args)),
        (s, ChannelSums(c, window.count)),
        (g, MatMul(w, s)),
        (u, AveragePoolTranspose(g, *pool.args)),
        (features, InverseDeviation(t, Integer(Over.FEATURES), Integer(1), EPSILON)),
        (examples, InverseDeviation(u, Integer(Over.EXAMPLES), Integer(0), EPSILON)),
        (total, MatAdd(back, u, MatMul(OneMatrix(40, 1), features), MatMul(examples, OneMatrix(1, BATCH)))),
        given=[x, k, w],
    )


def convolutions_turned_round_of_themselves() -> Derivation:
    """One symbol as kernel and image, and as both images."""
    window = Window(1, 1, 1, 1)
    w, z, back, kernel = variable("W1", 3, 3), variable("Z1", 3, 3), variable("Z2", 3, 3), variable("Z3", 3, 3)
    return case(
        (z, MatMul(w, w)),
        (back, TransposedConvolve(z, z, *window.args)),
        (kernel, KernelCorrelation(back, back, *window.args)),
        given=[w],
    )


OVERLAPPING = Window(4, 5, 2, 3, 1, 2)


def _pooled(kind: type[MaxPool | AveragePool], window: Window = OVERLAPPING) -> Derivation:
    """Windows that overlap, of unequal sides, with an edge that is not visited."""
    w, z, p = variable("W1", 40, N0), variable("Z1", 40), variable("P1", 2 * window.count)
    return case((z, MatMul(w, X)), (p, kind(z, *window.args)), given=[X, w], loss="log_cosh")


def max_pooling() -> Derivation:
    """The largest value."""
    return _pooled(MaxPool)


def max_pooling_inside() -> Derivation:
    """The largest value inside the image, zeros around it left out."""
    return _pooled(MaxPool, Window(4, 5, 2, 3, 1, 2, 1, 1))


def max_pooling_and_back() -> Derivation:
    """Errors at the place of the largest value, and what stands there: the two are each other's way back."""
    window = OVERLAPPING
    w, z, p = variable("W1", 40, N0), variable("Z1", 40), variable("P1", 2 * window.count)
    v, other = variable("W2", 40, N0), variable("Z5", 40)
    back, again, picked = variable("Z2", 40), variable("P2", 2 * window.count), variable("P3", 2 * window.count)
    return case(
        (z, MatMul(w, X)),
        (p, MaxPool(z, *window.args)),
        (back, MaxPoolTranspose(z, p, p, *window.args)),
        (again, MaxPoolPick(z, p, back, *window.args)),
        (other, MatMul(v, X)),
        (picked, MaxPoolPick(z, p, other, *window.args)),
        (variable("P4", 2 * window.count), MatAdd(again, picked)),
        given=[X, w, v],
        loss="log_cosh",
    )


def written_out() -> Derivation:
    """A matrix of numbers in a product."""
    numbers = Literal.of([[S.One, S.Half, S.Zero], [S.NegativeOne, Integer(2), S.One]])
    w = variable("W1", 3, N0)
    return case((variable("Z1", 2), MatMul(numbers, w, X)), given=[X, w])


def average_pooling() -> Derivation:
    """The mean value."""
    return _pooled(AveragePool)


def blocks() -> Derivation:
    """Rows, one block of them twice, embedded and stacked: 5 rows of a matrix cut into 1 and 3 that overlap."""
    z, one, three = variable("Z1", 5), variable("A1", 1), variable("A2", 3)
    padded, out = variable("A3", 3), variable("A4", 10)
    w = variable("W1", 5, N0)
    return case(
        (z, MatMul(w, X)),
        (one, Rows(z, 3, 1)),
        (three, Rows(z, 1, 3)),
        (padded, Pad(one, 1, 3)),
        (out, Stack(three, one, padded, three)),
        given=[X, w],
        loss="log_cosh",
    )


def axes() -> Derivation:
    """Axes of 2·n × 5·m exchanged, cut, summed over, put among zeros, and one matrix for every example."""
    x, w, b = variable("X", N0, 5 * BATCH), variable("W1", 2 * N1, N0), variable("b1", N1, 4)
    z, a, s = variable("Z1", 2 * N1, 5 * BATCH), variable("A1", N1, 8 * BATCH), variable("A2", N1, 3 * BATCH)
    p, r, t = variable("A3", N1 + 2, 4 * BATCH), variable("A4", N1 + 2, 4 * BATCH), variable("A5", 4, N1 + 2)
    u, rows, columns = variable("A6", N1 + 2, 3 * N1 * BATCH), {"h": 2, "d": N1}, {"e": BATCH, "t": 5}
    return case(
        (z, MatMul(w, x)),
        (a, rearranged(z, rows, columns, ("d",), ("e", "h", "t"), parts={"t": (1, 4)})),
        (s, rearranged(z, rows, columns, ("d",), ("e", "t"), parts={"t": (-1, 3)})),
        (p, rearranged(a, {"d": N1}, {"e": BATCH, "h": 2, "t": 4}, ("d",), ("e", "t"), parts={"d": (-1, N1 + 2)})),
        (
            r,
            MatAdd(
                p,
                rearranged(b, {"d": N1}, {"t": 4}, ("d",), ("e", "t"), parts={"d": (-2, N1 + 2)}, repeats={"e": BATCH}),
            ),
        ),
        (t, rearranged(r, {"d": N1 + 2}, {"e": BATCH, "t": 4}, ("t",), ("d",))),
        (u, rearranged(s, {"d": N1}, {"e": BATCH, "t": 3}, ("j",), ("d", "e", "t"), repeats={"j": N1 + 2})),
        (variable("A7", 4, u.shape[1]), MatMul(3, t, u)),
        given=[x, w, b],
        loss="log_cosh",
    )


def stacked() -> Derivation:
    """Blocks of symbolic heights, one of them twice, under a weight as wide as the stack."""
    a, b, s, z = variable("A1", N1), variable("A2", N2), variable("A3", 2 * N1 + N2), variable("Z4", N3)
    w, v = variable("W2", N2, N0), variable("W4", N3, 2 * N1 + N2)
    return case((a, MatMul(W1, X)), (b, MatMul(w, X)), (s, Stack(a, b, a)), (z, MatMul(v, s)), given=[X, W1, w, v])


def _attention(tokens: int, causal: bool) -> Derivation:
    """Scores and values from the same columns, the queries used as keys as well."""
    x = variable("X", N0, tokens * BATCH)
    q, v = variable("A1", N1, x.shape[1]), variable("A2", N2, x.shape[1])
    s, p, a = variable("Z3", tokens, x.shape[1]), variable("A3", tokens, x.shape[1]), variable("A4", *v.shape)
    w = variable("W2", N2, N0)
    return case(
        (q, MatMul(W1, x)),
        (v, MatMul(w, x)),
        (s, MatMul(1 / sqrt(N1), Gram(q, q, tokens, tokens))),
        (p, MaskedSoftmax(s, tokens, causal)),
        (a, Mix(v, p, tokens, tokens)),
        given=[x, W1, w],
    )


def cross_attention() -> Derivation:
    """Five queries over four keys, some of them padding; a bias by distance in the equation of the scores."""
    x, c = variable("X", N0, 5 * BATCH), variable("X2", 7, 4 * BATCH)
    n = Variable("N", 4, BATCH, Role.PADDING, "N")
    q, k, v = variable("A1", N1, x.shape[1]), variable("A2", N1, c.shape[1]), variable("A3", N2, c.shape[1])
    r, bias = variable("b5", 1, 8), variable("Z5", 4, 5)
    s, p, a = variable("Z6", 4, x.shape[1]), variable("A6", 4, x.shape[1]), variable("A7", N2, x.shape[1])
    w2, w3 = variable("W2", N1, 7), variable("W3", N2, 7)
    return case(
        (q, MatMul(W1, x)),
        (k, MatMul(w2, c)),
        (v, MatMul(w3, c)),
        (bias, Offsets(r, 4, 5)),
        (s, MatAdd(MatMul(Rational(1, 2), Gram(k, q, 4, 5)), Tile(bias, BATCH))),
        (p, MaskedSoftmax(s, 5, False, n)),
        (a, Mix(v, p, 4, 5)),
        given=[x, c, n, W1, w2, w3, r],
    )


def within_itself() -> Derivation:
    """Every product within an example of one symbol with itself: Z is 3×3·m."""
    x, w = variable("X", N0, 3 * BATCH), variable("W1", 3, N0)
    z, g, a, o = (variable(name, 3, 3 * BATCH) for name in ("Z1", "Z2", "Z3", "Z4"))
    return case((z, MatMul(w, x)), (g, Gram(z, z, 3, 3)), (a, Mix(g, g, 3, 3)), (o, Outer(a, a, 3, 3)), given=[x, w])


def outer_of_two() -> Derivation:
    """Two matrices of four tokens an example, their product a matrix of three."""
    x = variable("X", N0, 4 * BATCH)
    w = variable("W2", 3, N0)
    a, b, o = variable("A1", N1, x.shape[1]), variable("A2", 3, x.shape[1]), variable("Z3", N1, 3 * BATCH)
    return case((a, MatMul(W1, x)), (b, MatMul(w, x)), (o, Outer(a, b, 3, 4)), given=[x, W1, w])


def positions() -> Derivation:
    """Two tokens an example: a position added to each, then turned, then added up over the examples and by distance."""
    x = variable("X", N0, 2 * BATCH)
    w, p, waves = variable("W1", 4, N0), variable("b1", 4, 2), Variable("C1", 4, 2, Role.CONSTANT, "C")
    z, r, s, o = (
        variable("Z1", 4, x.shape[1]),
        variable("A1", 4, x.shape[1]),
        variable("Z2", 4, 2),
        variable("Z3", 1, 5),
    )
    return case(
        (waves, Sinusoids(4, 2)),
        (z, MatAdd(MatMul(w, x), Tile(p, BATCH), Tile(waves, BATCH))),
        (r, Rotate(z, 2)),
        (s, SumExamples(r, 2)),
        (o, OffsetSums(s, 4, 2)),
        given=[x, w, p],
    )


def attention() -> Derivation:
    """Three tokens an example, all of them seen."""
    return _attention(3, causal=False)


def causal_attention() -> Derivation:
    """Four tokens an example, only earlier ones seen."""
    return _attention(4, causal=True)


def shared() -> Derivation:
    """One square weight in two layers, as a recurrent network has."""
    w = variable("W1", N0, N0)
    a, b = variable("A1", N0), variable("A2", N0)
    s, t = variable("Z1", N0), variable("Z2", N0)
    return case(
        (s, MatMul(w, X)), (a, Elementwise(TANH, s)), (t, MatMul(w, a)), (b, Elementwise(TANH, t)), given=[X, w]
    )


def product_of_itself() -> Derivation:
    """W·W·Wᵀ·X: one square weight three times in one product."""
    w, z = variable("W1", N0, N0), variable("Z1", N0)
    return case((z, MatMul(w, w, Transpose(w), X)), given=[X, w])


def entrywise_of_itself() -> Derivation:
    """A function of two matrices, x·y + sin x, that are one and the same."""
    a, c = variable("A1", N1), variable("C1", N1)
    return case((a, MatMul(W1, X)), (c, Elementwise(_mix(), a, a)), given=[X, W1])


def loss_of_itself() -> Derivation:
    """The cross-entropy −Σ a log a of outputs with themselves: output and target are one symbol."""
    z, a = variable("Z1", N1), variable("A1", N1)
    node = EntrywiseLoss(entry_loss("cross_entropy"), a, a)
    return derivation([(z, MatMul(W1, X)), (a, Elementwise(activation("sigmoid"), z)), (LOSS, node)], [X, W1])


def convolution_of_itself() -> Derivation:
    """Columns that are kernels and signals at once: three kernels of 1×2 over two signals of 1×3."""
    window = Window(1, 3, 1, 2, 1, 1, 0, 0)
    x, a, z = variable("X", N0, 2), variable("A1", 3, 2), variable("Z1", 6, 2)
    w = variable("W1", 3, N0)
    return case((a, MatMul(w, x)), (z, Convolve(a, a, *window.args)), given=[x, w], loss="log_cosh")


def fused_and_used_again() -> Derivation:
    """The fused loss of softmax whose pre-activation and prediction go on to other terms of the loss."""
    z, p, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    first = Variable("l1", 1, 1, Role.LOSS, "l", 1)
    squares = (MatMul(OneMatrix(1, N1), HadamardProduct(each, each), OneMatrix(BATCH, 1)) for each in (z, p))
    return derivation(
        [
            (z, MatMul(W1, X)),
            (p, Softmax(z)),
            (first, SoftmaxCrossEntropy(z, p, y)),
            (LOSS, MatAdd(first, *squares)),
        ],
        [X, y, W1],
    )


def residual() -> Derivation:
    """A₂ = A₁ + tanh(W₂·A₁): a skip connection."""
    v = variable("W2", N1, N1)
    z, a, s, f, out = (variable(name, N1) for name in ("Z1", "A1", "Z2", "F2", "A2"))
    return case(
        (z, MatMul(W1, X)),
        (a, Elementwise(TANH, z)),
        (s, MatMul(v, a)),
        (f, Elementwise(activation("sigmoid"), s)),
        (out, MatAdd(a, f)),
        given=[X, W1, v],
    )


def generic() -> Derivation:
    """f and 𝓛 left open."""
    z, a, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    return derivation(
        [(z, MatMul(W1, X)), (a, Elementwise(GenericFunction("f", 1), z)), (LOSS, GenericLoss(a, y))], [X, y, W1]
    )


def softmax_cross_entropy() -> Derivation:
    """The fused loss of softmax."""
    z, p, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    return derivation([(z, MatMul(W1, X)), (p, Softmax(z)), (LOSS, SoftmaxCrossEntropy(z, p, y))], [X, y, W1])


def sigmoid_binary_cross_entropy() -> Derivation:
    """The fused loss of sigmoid."""
    z, p, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    sigmoid = Elementwise(activation("sigmoid"), z)
    return derivation([(z, MatMul(W1, X)), (p, sigmoid), (LOSS, SigmoidBinaryCrossEntropy(z, p, y))], [X, y, W1])


def entrywise_loss(name: str) -> Derivation:
    """A loss of the table on outputs it accepts."""
    z, a = variable("Z1", N1), variable("A1", N1)
    function = activation("sigmoid" if LOSSES[name].unit_outputs else "sin")
    return case((z, MatMul(W1, X)), (a, Elementwise(function, z)), given=[X, W1], loss=name)


def weighted_losses() -> Derivation:
    """3/2 times one loss plus another: the gradient of a loss is not always one."""
    z, y = variable("Z1", N1), variable("Y", N1)
    first, second = Variable("l1", 1, 1, Role.LOSS, "l", 1), Variable("l2", 1, 1, Role.LOSS, "l", 1)
    return derivation(
        [
            (z, MatMul(W1, X)),
            (first, EntrywiseLoss(entry_loss("mse"), z, y)),
            (second, EntrywiseLoss(entry_loss("log_cosh"), z, y)),
            (LOSS, MatAdd(MatMul(Rational(3, 2), first), second)),
        ],
        [X, y, W1],
    )


def masked() -> Derivation:
    """A ⊙ M with a mask that is given."""
    z, a = variable("Z1", N1), variable("A1", N1)
    mask = Variable("M1", N1, BATCH, Role.MASK, "M", 1)
    return case((z, MatMul(W1, X)), (a, HadamardProduct(z, mask)), given=[X, mask, W1])


def penalised() -> Derivation:
    """A loss plus 2/3 times half the squares of two weights, one of them counted twice."""
    z, y = variable("Z2", N2), variable("Y", N2)
    data, penalty = Variable("data", 1, 1, Role.LOSS, "data", 2), Variable("penalty", 1, 1, Role.LOSS, "penalty", 2)
    return derivation(
        [
            (z, MatMul(W2, W1, X)),
            (data, EntrywiseLoss(entry_loss("mse"), z, y)),
            (penalty, Penalty(Rational(2, 3), W1, W2, W1)),
            (LOSS, MatAdd(MatMul(3, penalty), data)),
        ],
        [X, y, W1, W2],
    )


def from_above() -> Derivation:
    """Two outputs whose gradients are given, one as its own adjoint, one (used further) under another name."""
    z1, z2 = variable("Z1", N1), variable("Z2", N2)
    g = Variable("G", N1, BATCH, Role.UPSTREAM, "G")
    return derivation(
        [(z1, MatMul(W1, X)), (z2, MatMul(W2, z1)), (LOSS, Upstream(z1, g, z2, Adjoint(z2)))],
        [X, g, Adjoint(z2), W1, W2],
    )


CASES = {
    build.__name__: build
    for build in (
        product,
        product_of_columns,
        twice,
        square,
        triple,
        transposed,
        bias,
        sums,
        two_arguments,
        columns,
        square_matrices,
        softmax,
        shared,
        batch_norm,
        unbiased_norm,
        channel_norm,
        layer_norm,
        rms_norm,
        blocks,
        axes,
        stacked,
        attention,
        causal_attention,
        cross_attention,
        within_itself,
        outer_of_two,
        positions,
        residual,
        generic,
        softmax_cross_entropy,
        sigmoid_binary_cross_entropy,
        weighted_losses,
        convolution,
        convolution_shared,
        grouped_convolution,
        max_pooling,
        max_pooling_inside,
        max_pooling_and_back,
        written_out,
        average_pooling,
        masked,
        penalised,
        product_of_itself,
        entrywise_of_itself,
        loss_of_itself,
        convolution_of_itself,
        convolutions_turned_round_of_themselves,
        backward_operators,
        fused_and_used_again,
        from_above,
    )
}
