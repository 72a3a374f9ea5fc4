"""What every operation of PyTorch is in symbp's language: one row each, by the name that ATen has for it.

A row takes the arguments of its operation, in ATen's order and by ATen's names, as tensors and numbers, and returns a
tensor, or several.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeAlias

from sympy import Expr, HadamardProduct, Integer, MatAdd, MatMul, MatrixExpr, OneMatrix, Rational, S, log, sqrt

from symbp.errors import SpecError
from symbp.networks.importing.exact import exact
from symbp.networks.importing.layout import Reader
from symbp.networks.importing.message import Examples, Size
from symbp.networks.importing.tensors import (
    Axes,
    Axis,
    Numbers,
    Source,
    Tensor,
    axes_of,
    count,
    fresh,
    reshaped,
    same,
    together,
)
from symbp.networks.matrix_arithmetic import plus, product, total
from symbp.networks.matrix_functions import plain_function
from symbp.nodes import hadamard, matadd, matmul, number_and_factors, ones, times
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.arithmetic import CHOICE, EXPONENTIAL, INVERSE, LARGER, POWER, QUOTIENT, SMALLER, bounded, clip, power
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.channel_norm import NormaliseChannels
from symbp.ops.columns import CumulativeSum, LogSumExp, Maximum
from symbp.ops.convolution import Convolve, TransposedConvolve
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.normalisation import Normalise, Over
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.ops.rearrange import rearranged
from symbp.ops.softmax import Softmax
from symbp.ops.stop import Stop
from symbp.ops.structure import Stack
from symbp.ops.windows import Window
from symbp.ops.within import Gram, Mix, Outer
from symbp.symbols import Role, Variable

Result: TypeAlias = Tensor | tuple[Tensor | None, ...]
Number: TypeAlias = bool | int | float
Operand: TypeAlias = Tensor | Number

MASKED = -1e4
"""What is added to scores to hide them: this and all that is less."""


# Numbers


def number_of(value: Operand, beside: Tensor) -> Expr | None:
    """Return a number, or the one that all entries of a constant have; ``beside`` has the shape."""
    if not isinstance(value, Tensor):
        return exact(float(value))
    numbers = value.values
    if numbers is None or numbers.source.role is not Role.CONSTANT or not numbers.array.size:
        return None
    first = numbers.array.flat[0]
    fills = len(value.axes) <= len(beside.axes) and all(
        not mine or other for mine, other in zip(value.axes[::-1], beside.axes[::-1], strict=False)
    )
    return exact(float(first)) if fills and (numbers.array == first).all() else None


def scaled(r: Reader, x: Tensor, factor: Expr) -> Tensor:
    """Return a tensor times a number; a product takes the number in front of itself."""
    if factor == 1:
        return x

    def build(symbol: MatrixExpr) -> MatrixExpr:
        made = r.made_by(symbol) if isinstance(symbol, Variable) else None
        return product(factor, made if isinstance(made, _PRODUCTS) else symbol)

    return r.entrywise(build, x, stem="S" if x.values is None else "A", role=Role.SCORE)


_PRODUCTS = (Gram, Mix, Outer, MatMul)


def add(r: Reader, x: Operand, other: Operand, alpha: Number = 1) -> Tensor:
    """x + α·other."""
    if not isinstance(x, Tensor):
        return add(r, scaled(r, _tensor(other), exact(float(alpha))), x)
    hidden = _hidden(other)
    if hidden is not None:
        return masked_fill(r, x, hidden, -math.inf)
    factor = exact(float(alpha))
    number = number_of(other, x)
    if number is not None:
        return r.entrywise(lambda a: plus(a, factor * number), x, stem="A")
    number = number_of(x, _tensor(other))
    if number is not None:
        return add(r, scaled(r, _tensor(other), factor), float(number))
    terms = (_vector(x, Role.BIAS), _vector(_tensor(other), Role.BIAS))
    return r.entrywise(lambda a, b: total(a, product(factor, b) if factor != 1 else b), *terms, stem="S",
                       role=Role.BLOCK)  # fmt: skip


def _tensor(value: Operand) -> Tensor:
    if not isinstance(value, Tensor):
        raise SpecError("a number stands where a tensor is needed")
    return value


def sub(r: Reader, x: Operand, other: Operand, alpha: Number = 1) -> Tensor:
    """x − α·other."""
    return add(r, x, other, -alpha)


def rsub(r: Reader, x: Tensor, other: Operand, alpha: Number = 1) -> Tensor:
    """Other − α·x."""
    return add(r, scaled(r, x, -exact(float(alpha))), other)


def mul(r: Reader, x: Operand, other: Operand) -> Tensor:
    """x·other, entry by entry."""
    if not isinstance(x, Tensor):
        return mul(r, other, x)
    number = number_of(other, x)
    if number is not None:
        return scaled(r, x, number)
    number = number_of(x, _tensor(other))
    if number is not None:
        return scaled(r, _tensor(other), number)
    for one, two in ((x, _tensor(other)), (_tensor(other), x)):
        normalised = _root_mean_square(r, one, two)
        if normalised is not None:
            return normalised

    def build(a: MatrixExpr, b: MatrixExpr) -> MatrixExpr:
        first, second = (each if _is_spread(each) else r.name(each) for each in (a, b))
        return hadamard(second, first) if _is_spread(second) else hadamard(first, second)

    both = (_vector(x, Role.SCALE), _vector(_tensor(other), Role.SCALE))
    if any(isinstance(r.made_by(symbol), Normalise) for each in both for symbol in each.symbols):
        return r.entrywise(build, *both, stem="B", role=Role.SHIFTED)
    return r.entrywise(build, *both)


def _vector(x: Tensor, what: Role) -> Tensor:
    """Say what a parameter is that stands in every column: a scale or a bias."""
    return role(x, what) if sum(map(bool, x.axes)) == 1 else x


def _is_spread(expr: MatrixExpr) -> bool:
    return isinstance(expr, MatMul) and any(isinstance(each, OneMatrix) for each in expr.args)


def div(r: Reader, x: Operand, other: Operand, rounding_mode: None = None) -> Tensor:
    """x/other, entry by entry."""
    if not isinstance(x, Tensor):
        return scaled(r, reciprocal(r, _tensor(other)), exact(float(x)))
    number = number_of(other, x)
    if number is not None:
        return scaled(r, x, 1 / number)
    return r.entrywise(lambda a, b: Elementwise(QUOTIENT, r.name(a), r.name(b)), x, _tensor(other))


def power_of(r: Reader, x: Operand, exponent: Operand) -> Tensor:
    """x to a power; a square is a product."""
    if not isinstance(x, Tensor):
        return unary(EXPONENTIAL)(r, scaled(r, _tensor(exponent), log(exact(float(x)))))
    number = number_of(exponent, x)
    if number == 2:
        return r.entrywise(lambda a: hadamard(a, a), x)
    if number is not None:
        return unary(power(number))(r, x)
    return r.entrywise(lambda a, b: Elementwise(POWER, r.name(a), r.name(b)), x, _tensor(exponent))


# One number


def unary(function: ScalarFunction) -> Callable[[Reader, Tensor], Tensor]:
    """Return what applies a function to every entry."""
    return lambda r, x: r.entrywise(lambda a: Elementwise(function, a), x)


reciprocal = unary(INVERSE)


def clamp(r: Reader, x: Tensor, min: Number | None = None, max: Number | None = None) -> Tensor:
    """x kept between two numbers, or on one side of one."""
    low, high = (None if each is None else exact(float(each)) for each in (min, max))
    if low == 0 and high is None:
        return unary(activation("relu"))(r, x)
    if low is not None and high is not None:
        return unary(clip(low, high))(r, x)
    return unary(bounded(LARGER, low) if low is not None else bounded(SMALLER, high))(r, x)


def gelu(r: Reader, x: Tensor, approximate: str = "none") -> Tensor:
    """The exact one, or the one by tanh."""
    return unary(activation("gelu" if approximate == "none" else "gelu_tanh"))(r, x)


def softplus(r: Reader, x: Tensor, beta: Number = 1, threshold: Number = 20) -> Tensor:
    """log(1 + e^βx)/β."""
    factor = exact(float(beta))
    return scaled(r, unary(activation("softplus"))(r, scaled(r, x, factor)), 1 / factor)


def elu(r: Reader, x: Tensor, alpha: Number = 1, scale: Number = 1, input_scale: Number = 1) -> Tensor:
    """α(eˣ − 1) below 0."""
    if (scale, input_scale) != (1, 1):
        return unary(activation("selu"))(r, x)
    return unary(activation("elu", exact(float(alpha))))(r, x)


def leaky_relu(r: Reader, x: Tensor, negative_slope: Number = 0.01) -> Tensor:
    """A slope below 0."""
    return unary(activation("leaky_relu", exact(float(negative_slope))))(r, x)


def prelu(r: Reader, x: Tensor, weight: Tensor) -> Tensor:
    """max(x, 0) − w·max(−x, 0), a slope for each channel."""
    side = [(), *weight.axes[:1], *((),) * (len(x.axes) - 2)] if len(x.axes) > 1 else list(weight.axes)
    relu = unary(activation("relu"))
    below = mul(r, relu(r, scaled(r, x, S.NegativeOne)), role(weight, Role.SCALE).with_axes(side))
    return sub(r, relu(r, x), below)


def role(x: Tensor, what: Role, stem: str = "") -> Tensor:
    """Say what a parameter is, where it is one that is not laid out yet."""
    source = None if x.values is None else x.values.source
    if source is not None and source.chosen is None and source.role is Role.WEIGHT:
        source.role = what
        source.stem = stem or _STEMS.get(what, source.stem)
    return x


_STEMS = {Role.WEIGHT: "W", Role.BIAS: "b", Role.SCALE: "gamma", Role.SHIFT: "beta"}


def where(r: Reader, condition: Tensor, x: Operand, other: Operand) -> Tensor:
    """x where the condition holds, else other."""
    if isinstance(x, Tensor) and not isinstance(other, Tensor) and condition.values is not None and other <= MASKED:
        return masked_fill(r, x, opposite(condition), other)
    operands = [each for each in (x, other) if isinstance(each, Tensor)]
    numbers = [None if isinstance(each, Tensor) else exact(float(each)) for each in (x, other)]

    def build(m: MatrixExpr, *found: MatrixExpr) -> MatrixExpr:
        rest = iter(found)
        filled = [next(rest) if each is None else times(each, ones(*m.shape)) for each in numbers]
        return Elementwise(CHOICE, *map(r.name, (m, *filled)))

    return r.entrywise(build, condition, *operands)


def opposite(condition: Tensor) -> Tensor:
    """Return a mask turned round."""
    assert condition.values is not None
    return replace(condition, values=replace(condition.values, array=1 - condition.values.array))


def _hidden(value: Operand) -> Tensor | None:
    """Return where scores are hidden by what is added to them: a constant of zeros and of huge negative numbers."""
    numbers = value.values if isinstance(value, Tensor) else None
    if numbers is None or numbers.source.alone or not (numbers.array <= MASKED).any():
        return None
    assert isinstance(value, Tensor)
    if not ((numbers.array <= MASKED) | (numbers.array == 0)).all():
        return None
    return replace(value, values=replace(numbers, array=(numbers.array <= MASKED).astype(int)))


def masked_fill(r: Reader, x: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """A number where the mask holds; what hides scores waits for their softmax."""
    number = number_of(value, x)
    if number is None:
        raise SpecError("masked_fill with a tensor")
    if mask.values is not None and (number <= MASKED or number is S.NegativeInfinity):
        if x.hidden is not None and x.hidden.values is not None:
            (one, two), axes = together([x.hidden, mask])
            mask = _either(one, two, axes)
        return replace(r.named(x), hidden=mask)
    if mask.values is None:
        return where(r, mask, float(number), x)
    kept = mul(r, x, opposite(mask))
    return kept if number == 0 else add(r, kept, scaled(r, mask, number))


def _either(one: Tensor, two: Tensor, axes: Sequence[Axes]) -> Tensor:
    """Return a mask that holds where one of two does."""
    first, second = one.values, two.values
    assert first is not None
    assert second is not None
    whole = tuple(axis for each in axes for axis in each if axis in (*first.axes, *second.axes))
    arrays = [
        each.array.transpose([each.axes.index(axis) for axis in whole if axis in each.axes])[
            tuple(slice(None) if axis in each.axes else None for axis in whole)
        ]
        for each in (first, second)
    ]
    array = (arrays[0] + arrays[1] > 0).astype(int)
    return Tensor(tuple(axes), values=replace(first, array=array, axes=whole))


# Shape


def view(r: Reader, x: Tensor, *_: Any) -> Tensor:
    """The same numbers in another shape."""
    return reshaped(x, r.dims)


def same_shape(r: Reader, x: Tensor, *_: Any, **__: Any) -> Tensor:
    """The same."""
    return x


def transposed(r: Reader, x: Tensor, dim0: int = 0, dim1: int = 1) -> Tensor:
    """Two axes exchanged."""
    order = list(range(len(x.axes)))
    if order:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return x.with_axes(x.axes[at] for at in order)


def permute(r: Reader, x: Tensor, dims: Sequence[int]) -> Tensor:
    """The axes in another order."""
    return x.with_axes(x.axes[at] for at in dims)


def expand(r: Reader, x: Tensor, *_: Any, **__: Any) -> Tensor:
    """Repeated along axes of length 1: nothing is written out."""
    wanted = axes_of(r.dims)
    old = ((),) * (len(wanted) - len(x.axes)) + x.axes
    return x.with_axes(mine or new for mine, new in zip(old, wanted, strict=True))


def repeat_interleave(r: Reader, x: Tensor, repeats: int, dim: int, **_: Any) -> Tensor:
    """Every entry of an axis several times, one behind the other."""
    at = x.at(dim)
    return x.with_axes((*each, Axis(repeats)) if place == at else each for place, each in enumerate(x.axes))


def repeat(r: Reader, x: Tensor, repeats: Sequence[int]) -> Tensor:
    """The tensor several times, one behind the other."""
    old = ((),) * (len(repeats) - len(x.axes)) + x.axes
    return x.with_axes(
        (*((Axis(int(count)),) if count != 1 else ()), *each) for count, each in zip(repeats, old, strict=True)
    )


def slice_(
    r: Reader, x: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Some places of an axis."""
    axes = x.axes[x.at(dim)]
    if step != 1:
        raise SpecError("a slice with steps")
    size = _length_of(axes)
    first, last = (_place(each, size, otherwise) for each, otherwise in ((start, 0), (end, size)))
    if size is None or (first, last) == (0, size):
        return x
    return _part(r, x, x.at(dim), first, last - first)


def _length_of(axes: Axes) -> int | None:
    """Return the length of an axis; None of one that counts examples, which is taken whole."""
    return None if any(each.examples for each in axes) else math.prod(each.size for each in axes)


def _place(given: Any, size: int | None, otherwise: int | None) -> int:
    if given is None or size is None or isinstance(given, Examples):
        return otherwise or 0
    return min(max(int(given) + (size if given < 0 else 0), 0), size)


def _part(r: Reader, x: Tensor, at: int, first: int, length: int) -> Tensor:
    """Return places of an axis that may be made of several: of the outermost, if they are whole ones of it."""
    axes = x.axes[at]
    if not axes:
        return x
    outer, inner = axes[0], _length_of(axes[1:]) or 1
    if len(axes) > 1 and length == 1:
        x = r.part(x, outer, first // inner, 1, outer)
        return _part(r, x, at, first % inner, 1)
    if first % inner or length % inner:
        raise SpecError("a part that divides axes which are one here")
    return r.part(x, outer, first // inner, length // inner, Axis(length // inner))


def select(r: Reader, x: Tensor, dim: int, index: int) -> Tensor:
    """One place of an axis."""
    at = x.at(dim)
    size = _length_of(x.axes[at]) or 1
    found = _part(r, x, at, index % size, 1)
    return found.with_axes((*found.axes[:at], *found.axes[at + 1 :]))


def split(r: Reader, x: Tensor, sizes: int | Sequence[int], dim: int = 0) -> Result:
    """An axis in parts, by their length."""
    at = x.at(dim)
    total_ = _length_of(x.axes[at]) or 1
    if isinstance(sizes, int):
        sizes = [min(sizes, total_ - first) for first in range(0, total_, sizes)]
    starts = accumulate((0, *sizes))
    return tuple(_part(r, x, at, first, length) for first, length in zip(starts, sizes, strict=False))


def chunk(r: Reader, x: Tensor, chunks: int, dim: int = 0) -> Result:
    """An axis in so many parts."""
    return split(r, x, -(-(_length_of(x.axes[x.at(dim)]) or 1) // chunks), dim)


def unbind(r: Reader, x: Tensor, dim: int = 0) -> Result:
    """Every place of an axis."""
    return tuple(select(r, x, dim, at) for at in range(_length_of(x.axes[x.at(dim)]) or 1))


def cat(r: Reader, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one behind the other along an axis."""
    at = tensors[0].at(dim)
    ends = [Axis(_length_of(each.axes[at]) or 1) for each in tensors]
    named = [_named_axis(r, each, at, end) for each, end in zip(tensors, ends, strict=True)]
    others = [each.with_axes((*each.axes[:at], (), *each.axes[at + 1 :])) for each in named]
    others, axes = together(others)
    lead = r.named(max(others, key=lambda each: (len(each.own), each.values is None)))
    whole = Axis(sum(each.size for each in ends))
    inside = tuple(each for each in lead.rows if each not in ends)
    columns = tuple(each for each in lead.columns if each not in ends)
    parts = tuple(dict.fromkeys(axis for each in others for axis in each.parts if axis not in ends))
    for each in (*parts, *(inside if _outer(lead, ends) else ())):
        parts = parts if each in parts else (*parts, each)
        inside, columns = (tuple(axis for axis in axes if axis is not each) for axes in (inside, columns))
    pieces = [
        r.expressions(other, (end, *inside) if end.size > 1 else inside, columns, parts)
        for other, end in zip(others, ends, strict=True)
    ]
    symbols = tuple(r.define(Stack(*map(r.name, each)), "H", Role.STACKED) for each in zip(*pieces, strict=True))
    if len(inside) == 2 and pieces[0][0] in r.images.known:
        r.is_image(Tensor((), symbols), [(whole,), *((each,) for each in inside)])
    return Tensor((*axes[:at], (whole,), *axes[at + 1 :]), symbols, (whole, *inside), columns, parts)


def _named_axis(r: Reader, x: Tensor, at: int, name: Axis) -> Tensor:
    """Return a tensor whose axis is one of ours, of this name."""
    if not x.axes[at]:
        return x
    if len(x.axes[at]) == 1:
        return x.replaced(x.axes[at][0], (name,))
    whole = x.axes[at]
    x = r.named_in(x, whole)
    x = r.joined(x, [axis for axis in x.parts if axis in whole])
    x = r.laid(x, (*whole, *(axis for axis in x.rows if axis not in whole)))
    axes = (*x.axes[:at], (name,), *x.axes[at + 1 :])
    return replace(x, axes=axes, rows=(name, *x.rows[len(whole) :]), made=None)


def _outer(lead: Tensor, ends: Sequence[Axis]) -> bool:
    """Tell whether an axis stands inside other rows: these are taken apart then."""
    return any(axis in ends for axis in lead.rows[1:])


def stack(r: Reader, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors as the places of a new axis: kept apart."""
    found, axes = together(list(tensors))
    at = dim % (len(axes) + 1)
    new = Axis(len(found))
    lead = r.named(max(found, key=lambda each: (len(each.own), each.values is None)))
    wanted = tuple(axis for each in axes for axis in each)
    parts = tuple(dict.fromkeys(axis for each in found for axis in each.parts))
    rows, columns = (tuple(axis for axis in side if axis not in parts) for side in (lead.rows, lead.columns))
    columns = (*columns, *(axis for axis in wanted if axis not in (*rows, *columns, *parts)))
    symbols = tuple(r.name(expr) for each in found for expr in r.expressions(each, rows, columns, parts))
    if len(found) == 1:
        return Tensor((*axes[:at], (), *axes[at:]), symbols, rows, columns, parts)
    return Tensor((*axes[:at], (new,), *axes[at:]), symbols, rows, columns, (new, *parts))


def hstack(r: Reader, tensors: Sequence[Tensor]) -> Tensor:
    """Tensors beside each other."""
    return cat(r, tensors, 0 if len(tensors[0].axes) == 1 else 1)


def broadcast_tensors(r: Reader, tensors: Sequence[Tensor]) -> Result:
    """Tensors in one shape."""
    return tuple(tensors)


# Products


def linear(r: Reader, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """W·x + b·1ᵀ: the last axis of x in the rows."""
    weight = role(weight, Role.WEIGHT, "W")
    x, weight = same(x, weight, -1, -1)
    out, inner = weight.axes[0], weight.axes[-1]
    r.layer += 1
    (w,) = r.expressions(weight, out, inner)
    b = None if bias is None else r.settled(role(bias, Role.BIAS)).symbol

    def build(symbol: Variable) -> MatrixExpr:
        made = matmul(*(w.args if isinstance(w, MatMul) else (w,)), symbol)
        return made if b is None else matadd(made, matmul(b, ones(1, symbol.shape[1])))

    found = r.by_column(build, x, inner, out, "Z", Role.PREACTIVATION)
    return found.with_axes((*x.axes[:-1], out))


def mat_mul(r: Reader, x: Tensor, other: Tensor) -> Tensor:
    """The product over the last axis of x and the last but one of the other; common axes are those of examples."""
    if len(x.axes) == 1:
        found = mat_mul(r, x.with_axes(((), *x.axes)), other)
        return found.with_axes((*found.axes[:-2], found.axes[-1]))
    if len(other.axes) == 1:
        return mat_mul(r, x, other.with_axes((*other.axes, ()))).with_axes((*x.axes[:-1],) if len(x.axes) > 1 else ())
    left, right = x, fresh(other)
    left, right = same(left, right, -1, -2)
    (one, two), batch = together([left.with_axes(left.axes[:-2]), right.with_axes(right.axes[:-2])])
    left, right = one.with_axes((*one.axes, *left.axes[-2:])), two.with_axes((*two.axes, *right.axes[-2:]))
    return products(r, left, right, batch)


def products(r: Reader, left: Tensor, right: Tensor, batch: Sequence[Axes]) -> Tensor:
    """The products of left (…, p, k) and right (…, k, q), whose axes have the same names where they are the same."""
    p, k, q = left.axes[-2], left.axes[-1], right.axes[-1]
    every = [axis for each in batch for axis in each]
    shared = [axis for axis in every if axis in left.own and axis in right.own]
    axes = (*batch, p, q)
    if not shared:
        return _product(r, left, right, axes)
    left, right = (_with_columns(r, each, shared, rows) for each, rows in ((left, k), (right, (*q,))))
    for axis in [each for each in every if not each.examples and not each.label]:
        named = (Axis(axis.size, label="head"),)
        left, right = left.replaced(axis, named), right.replaced(axis, named)
        every, shared = ([named[0] if each is axis else each for each in axes_] for axes_ in (every, shared))
        axes = tuple(tuple(named[0] if each is axis else each for each in axes_) for axes_ in axes)
    for axis in every:
        if not all(axis in each.columns or axis in each.free for each in (left, right)) and not axis.examples:
            left, right = r.apart(left, axis), r.apart(right, axis)
    for axis in k:
        if axis in (*left.parts, *right.parts):
            left, right = r.apart(left, axis), r.apart(right, axis)
    if any(axis in left.parts for axis in k):
        return _sum_of_products(r, left, right, axes)
    examples = tuple(axis for axis in shared if axis in left.columns)
    return _within(r, left, right, examples, axes) if examples else _product(r, left, right, axes)


def _with_columns(r: Reader, x: Tensor, shared: Sequence[Axis], rows: Axes) -> Tensor:
    """Return a tensor with symbols; numbers that are not laid out take the rows that they are wanted with."""
    if x.values is None:
        return r.named(x)
    outer = tuple(axis for axis in shared if not axis.examples)
    if x.values.source.own is not None and outer:
        return r.named_in(x, (*outer, *rows))
    return r.named_in(x, rows)


def _product(r: Reader, left: Tensor, right: Tensor, axes: Sequence[Axes]) -> Tensor:
    """One product of two matrices, one for every part: what has examples stands behind."""
    p, k, q = left.axes[-2], left.axes[-1], right.axes[-1]
    parts = tuple(dict.fromkeys((*left.parts, *right.parts)))

    def is_many(x: Tensor) -> bool:
        return any(axis in x.own and axis not in parts for each in x.axes[:-2] for axis in each)

    first, second, rows = (left, right, p) if is_many(right) else (right, left, q)
    if is_many(first):
        raise SpecError("a product of every pair of examples")
    r.layer += _is_parameter(first)
    rows = tuple(axis for axis in rows if axis not in parts)
    weights = r.expressions(r.named_in(first, rows), rows, k, parts)

    def times_(w: MatrixExpr, x: MatrixExpr) -> MatrixExpr:
        return matmul(*(w.args if isinstance(w, MatMul) else (w,)), x)

    if not parts:
        (w,) = weights
        found = r.by_column(lambda x: times_(w, x), second, k, rows, "Z", Role.PREACTIVATION)
        return found.with_axes(axes)
    second = r.laid(r.named_in(second, k), k)
    others = r.expressions(second, k, second.columns, parts)
    pairs = r.every(parts, zip(weights, others, strict=True))
    symbols = tuple(r.define(times_(w, x), "Z", Role.PREACTIVATION) for w, x in pairs)
    return Tensor(tuple(axes), symbols, rows, second.columns, parts)


def _is_parameter(x: Tensor) -> bool:
    return x.values is not None and x.values.source.own is not None


def _within(r: Reader, left: Tensor, right: Tensor, examples: Axes, axes: Sequence[Axes]) -> Tensor:
    """Products within each example; the rows are those of the right factor, a column for every row of the left one."""
    parts = tuple(dict.fromkeys((*left.parts, *right.parts)))
    p, k, q = (
        tuple(axis for axis in each if axis not in parts) for each in (left.axes[-2], left.axes[-1], right.axes[-1])
    )
    left = _sides(r, left, k, p, examples)
    right = _sides(r, right, k, q, examples)
    pairs = zip(
        r.expressions(left, left.rows, left.columns, parts),
        r.expressions(right, right.rows, right.columns, parts),
        strict=True,
    )
    node, turned = _WITHIN[left.rows == k, right.rows == k]
    rows, last = (p, q) if turned else (q, p)
    inside, outside = ((count(each.columns[len(examples) :])) for each in ((left, right) if turned else (right, left)))
    symbols = []
    for a, b in r.every(parts, pairs):
        first, second = map(r.name, (a, b) if turned else (b, a))
        widths = (count(k), count(last)) if node is Mix else (inside, outside)
        widths = (outside, inside) if node is Outer else widths
        symbols.append(r.define(node(first, second, *widths), "S", Role.SCORE))
    return Tensor(tuple(axes), tuple(symbols), rows, (*examples, *last), parts)


_WITHIN: dict[tuple[bool, bool], tuple[Any, bool]] = {
    (True, True): (Gram, False), (True, False): (Mix, False),
    (False, False): (Outer, False), (False, True): (Mix, True),
}  # fmt: skip
"""The product for tensors whose rows are what is summed over, or not; and whether the left factor stands first."""


def _sides(r: Reader, x: Tensor, k: Axes, other: Axes, examples: Axes) -> Tensor:
    """Return a tensor with one of its two sides in the rows, the other one behind the examples in the columns."""
    for rows, last in ((k, other), (other, k)):
        if x.rows == rows and x.columns == (*examples, *last):
            return x
    return r.laid(x, k, (*examples, *other))


def _sum_of_products(r: Reader, left: Tensor, right: Tensor, axes: Sequence[Axes]) -> Tensor:
    """What is summed over is apart: Σ vₖ ⊙ 1·wₖ."""
    k = left.axes[-1]
    first, *others = [
        mul(r, _placed(r, right, k, at, before=True), _placed(r, left, k, at, before=False)) for at in _places(k)
    ]
    for each in others:
        first = r.entrywise(lambda a, b: total(_written(r, a), _written(r, b)), first, each, stem="V")
    return first.with_axes(axes)


def _written(r: Reader, expr: MatrixExpr) -> MatrixExpr:
    made = r.made_by(expr) if isinstance(expr, Variable) else None
    return made if isinstance(made, HadamardProduct | MatAdd) else expr


def _places(axes: Axes) -> range:
    return range(_length_of(axes) or 1)


def _placed(r: Reader, x: Tensor, k: Axes, at: int, *, before: bool) -> Tensor:
    """Return one place of the axis that is summed over, an axis of length 1 where the other factor has its own."""
    where_ = len(x.axes) - (2 if before else 1)
    found = select(r, x, where_, at)
    rest = found.axes[:-1]
    return found.with_axes((*rest, (), found.axes[-1])) if before else found.with_axes((*rest, found.axes[-1], ()))


def einsum(r: Reader, equation: str, tensors: Sequence[Tensor], **_: Any) -> Tensor:
    """A product of two tensors by their letters."""
    sides, result = equation.replace(" ", "").split("->")
    one, two = sides.split(",")
    both = [each for each in one if each in two and each in result]
    inner = [each for each in one if each in two and each not in result]
    left, right = ([each for each in mine if each not in other] for mine, other in ((one, two), (two, one)))

    def grouped(x: Tensor, letters: str, *groups: Sequence[str]) -> Tensor:
        axes = [x.axes[letters.index(each)] for each in both]
        joined = [tuple(axis for each in group for axis in x.axes[letters.index(each)]) for group in groups]
        return x.with_axes((*axes, *joined))

    a, b = tensors
    for each in (*both, *inner):
        a, b = same(a, b, one.index(each), two.index(each))
    names = {each: a.axes[one.index(each)] for each in one} | {each: b.axes[two.index(each)] for each in right}
    found = products(r, grouped(a, one, left, inner), grouped(b, two, inner, right), [names[each] for each in both])
    names |= dict(zip(both, found.axes, strict=False))
    return found.with_axes(names[each] for each in result)


def attention(
    r: Reader, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: Number = 0.0,
    is_causal: bool = False, scale: Number | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(Q·Kᵀ/√d)·V, with a mask of scores, or of later keys."""
    if dropout_p:
        raise SpecError("dropout in attention: call eval()")
    if enable_gqa:
        times_ = (_length_of(query.axes[-3]) or 1) // (_length_of(key.axes[-3]) or 1)
        key, value = (repeat_interleave(r, each, times_, -3) for each in (key, value))
    scores = mat_mul(r, query, transposed(r, key, -2, -1))
    width = _length_of(query.axes[-1]) or 1
    scores = scaled(r, scores, 1 / sqrt(Integer(width)) if scale is None else exact(scale))
    if attn_mask is not None and attn_mask.values is not None and attn_mask.values.source.logical:
        scores = masked_fill(r, scores, opposite(attn_mask), -math.inf)
    elif attn_mask is not None:
        scores = add(r, scores, attn_mask)
    return mat_mul(r, softmax(r, scores, -1, causal=is_causal), value)


def softmax(r: Reader, x: Tensor, dim: int = -1, dtype: Any = None, *, causal: bool = False) -> Tensor:
    """Softmax of an axis, which stands in the rows; masked scores are zero there."""
    rows = x.axes[x.at(dim)]
    hidden = x.hidden
    x = replace(x, hidden=None)
    if hidden is None and not causal:
        return r.by_column(Softmax, x, rows, rows, "P", Role.ATTENTION)
    queries = x.axes[-2]
    x = r.laid(r.named_in(x, rows), rows)
    is_last = bool(queries) and x.columns[-len(queries) :] == queries
    if not causal and hidden is not None:
        causal, kept = _causes(r, x, hidden, rows, queries)
    else:
        kept = []
    if not is_last or kept is None:
        if hidden is None:
            raise SpecError("a causal mask whose queries are not the last of the columns")
        x = r.named(replace(x, hidden=hidden))
        return r.by_column(Softmax, x, rows, rows, "P", Role.ATTENTION)
    return r.by_column(lambda s: MaskedSoftmax(s, count(queries), causal, *kept), x, rows, rows, "P", Role.ATTENTION)


def _causes(r: Reader, x: Tensor, hidden: Tensor, keys: Axes, queries: Axes) -> tuple[bool, list[MatrixExpr] | None]:
    """Return whether later keys are hidden, and the mask of padding, or None where scores are hidden otherwise."""
    (_, hidden), _ = together([x, hidden])
    numbers = hidden.values
    assert numbers is not None
    if any(axis not in (*x.columns, *x.rows) for axis in numbers.axes):
        return False, None
    outer = tuple(axis for axis in numbers.axes if axis not in (*keys, *queries))
    present = [axis for axis in (*outer, *queries, *keys) if axis in numbers.axes]
    array = numbers.array.transpose([numbers.axes.index(axis) for axis in present]) > 0
    if set(queries) <= set(numbers.axes) and set(keys) <= set(numbers.axes):
        size = (math.prod(each.size for each in queries), math.prod(each.size for each in keys))
        array = array.reshape(-1, *size)
        later = array[:, :1, :].shape[-1] == size[0] and _is_later(array)
        if later and not array[:, -1, :].any():
            return True, []
        if not later:
            return False, None
        padding = array[:, -1, :]
    elif not set(queries) & set(numbers.axes) and set(keys) <= set(numbers.axes):
        later, padding = False, array.reshape(-1, math.prod(each.size for each in keys))
    else:
        return False, None
    if not all(axis in x.columns for axis in outer) or not outer:
        return False, None
    source = replace_source(numbers.source, "N", Role.PADDING)
    kept = Tensor((outer, keys), values=Numbers(1 - padding.astype(int), (*outer, *keys), source))
    if any(each.size != length for each, length in zip(keys, (padding.shape[-1],), strict=False)):
        return False, None
    return later, [r.settled(kept, keys, outer).symbol]


def _is_later(array: Any) -> bool:
    """Tell whether what is hidden in every example is what the last query does not see, and what is later."""
    import numpy as np

    size = array.shape[-1]
    later = np.triu(np.ones((size, size), bool), 1)
    return bool((array == (later | array[:, -1:, :])).all())


def replace_source(source: Source, name: str, what: Role) -> Source:
    """Return where a mask made of numbers comes from."""
    return Source(name, what, alone=False)


def log_softmax(r: Reader, x: Tensor, dim: int = -1, dtype: Any = None) -> Tensor:
    """Z − log Σ eᶻ."""
    rows = x.axes[x.at(dim)]
    x = r.laid(r.named_in(x, rows), rows)
    sums = r.by_column(LogSumExp, x, rows, (), "l", Role.PREACTIVATION)
    sums = sums.with_axes(() if at == x.at(dim) else each for at, each in enumerate(x.axes))
    found = r.entrywise(lambda a, b: matadd(a, product(S.NegativeOne, b)), x, sums, stem="L")
    r.logarithms |= dict(zip(found.symbols, x.symbols, strict=True))
    return found


# Sums


def _dims(x: Tensor, dim: Any) -> list[int]:
    if dim is None or dim == ():
        return list(range(len(x.axes)))
    return [x.at(each) for each in ((dim,) if isinstance(dim, int) else dim)]


def _kept(axes: Sequence[Axes], places: Sequence[int], keepdim: bool) -> list[Axes]:
    if keepdim:
        return [() if at in places else each for at, each in enumerate(axes)]
    return [each for at, each in enumerate(axes) if at not in places]


def sum_(r: Reader, x: Tensor, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The sum along axes."""
    return _summed(r, x, _dims(x, dim), keepdim, S.One)


def mean(r: Reader, x: Tensor, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """The mean along axes."""
    places = _dims(x, dim)
    number = count(axis for at in places for axis in x.axes[at])
    return _summed(r, x, places, keepdim, 1 / number)


def _summed(r: Reader, x: Tensor, places: Sequence[int], keepdim: bool, factor: Expr) -> Tensor:
    """A number times the sum along axes, in as few products as there can be."""
    gone = {axis for at in places for axis in x.axes[at]}
    axes = _kept(x.axes, places, keepdim)
    for axis in [each for each in x.free if each in gone]:
        factor *= axis.count
    x = r.named(x)
    x = _without_parts(r, x, [axis for axis in x.parts if axis in gone])
    rows, columns = ([axis for axis in side if axis not in gone] for side in (x.rows, x.columns))
    window = _whole_window(x, gone, factor)
    if window is not None:
        symbols = tuple(r.define(AveragePool(each, *window.args), "P", Role.POOLED) for each in x.symbols)
        found = Tensor(x.axes, symbols, x.rows[:-2], x.columns, x.parts)
        return found.with_axes(axes)
    symbols = tuple(r.define(_sum_of(each, x, gone, factor), "M", Role.PREACTIVATION, each.step) for each in x.symbols)
    return Tensor(tuple(axes), symbols, tuple(rows), tuple(columns), x.parts)


def _without_parts(r: Reader, x: Tensor, gone: Sequence[Axis]) -> Tensor:
    if not gone:
        return x
    kept = tuple(axis for axis in x.parts if axis not in gone)
    size = int(count(gone))
    symbols = r.expressions(x, x.rows, x.columns, (*kept, *gone))
    sums = tuple(
        r.define(matadd(*symbols[at : at + size]), "M", Role.PREACTIVATION) for at in range(0, len(symbols), size)
    )
    return replace(x, symbols=sums, parts=kept, made=None)


def _whole_window(x: Tensor, gone: set[Axis], factor: Expr) -> Window | None:
    """Return the window that is a whole image, where the mean of every channel is wanted."""
    inside = x.rows[-2:]
    if len(x.rows) < 3 or set(inside) != gone or factor != 1 / count(inside):
        return None
    height, width = (each.size for each in inside)
    return Window(height, width, height, width, height, width)


def _sum_of(symbol: Variable, x: Tensor, gone: set[Axis], factor: Expr) -> MatrixExpr:
    rows = [axis for axis in x.rows if axis in gone]
    columns = [axis for axis in x.columns if axis in gone]
    all_rows, all_columns = len(rows) == len(x.rows), len(columns) == len(x.columns)
    if (rows and not all_rows) or (columns and not all_columns):
        ends = len(x.columns) - len(columns)
        if not rows and tuple(columns) == x.columns[ends:]:
            number, examples = count(columns), count(x.columns[:ends])
            return times(factor, Mix(symbol, ones(number, examples), number, 1))
        found = rearranged(
            symbol,
            {axis: axis.count for axis in x.rows},
            {axis: axis.count for axis in x.columns},
            [axis for axis in x.rows if axis not in gone],
            [axis for axis in x.columns if axis not in gone],
        )
        return times(factor, found)
    left = [ones(1, count(rows))] if rows else []
    right = [ones(count(columns), 1)] if columns else []
    return times(factor, *left, symbol, *right)


def var(
    r: Reader, x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> Tensor:
    """The variance along axes."""
    places = _dims(x, dim)
    number = count(axis for at in places for axis in x.axes[at])
    less = int(correction) if correction is not None else int(unbiased)
    centred = sub(r, x, mean(r, x, dim, True))
    squares = r.entrywise(lambda a: hadamard(a, a), centred)
    return _summed(r, squares, places, keepdim, 1 / (number - less))


def largest(r: Reader, x: Tensor, dim: int, keepdim: bool = False) -> Result:
    """The largest along an axis, the first of equals."""
    rows = x.axes[x.at(dim)]
    found = r.by_column(Maximum, x, rows, (), "M", Role.POOLED)
    return found.with_axes(_kept(x.axes, [x.at(dim)], keepdim)), None


def amax(r: Reader, x: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest along one axis."""
    places = _dims(x, dim)
    if len(places) != 1:
        raise SpecError("amax over several axes")
    found = largest(r, x, places[0], keepdim)
    assert isinstance(found, tuple)
    assert found[0] is not None
    return found[0]


def cumsum(r: Reader, x: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The running sum along an axis."""
    rows = x.axes[x.at(dim)]
    return r.by_column(lambda a: CumulativeSum(a, 0), x, rows, rows, "C", Role.ACTIVATION)


# Normalisation


def weight_norm(r: Reader, v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """g·v/‖v‖, the norm over all axes but one."""
    squares = r.entrywise(lambda a: hadamard(a, a), role(v, Role.WEIGHT))
    size = sum_(r, squares, [at for at in range(len(v.axes)) if at != v.at(dim)], True)
    return mul(r, mul(r, v, unary(RSQRT)(r, size)), role(g, Role.SCALE))


def layer_norm(
    r: Reader, x: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, *_: Any,
) -> Tensor:  # fmt: skip
    """γ ⊙ the normalised last axes + β."""
    rows = tuple(axis for each in x.axes[len(x.axes) - len(normalized_shape) :] for axis in each)
    node = r.by_column(lambda z: Normalise(z, Over.FEATURES, 1, exact(eps)), x, rows, rows, "N", Role.NORMALISED)
    return _scaled_and_shifted(r, node, weight, bias)


def _scaled_and_shifted(r: Reader, n: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """γ·1ᵀ ⊙ N + β·1ᵀ in one equation."""
    if weight is None:
        return n

    def build(a: MatrixExpr, gamma: MatrixExpr, *beta: MatrixExpr) -> MatrixExpr:
        return matadd(hadamard(gamma, a), *beta) if beta else hadamard(gamma, a)

    beta = [] if bias is None else [role(bias, Role.SHIFT)]
    return r.entrywise(build, n, role(weight, Role.SCALE), *beta, stem="B", role=Role.SHIFTED)


def _root_mean_square(r: Reader, x: Tensor, root: Tensor) -> Tensor | None:
    """Return x/√(mean x² + ε) where that is what x is multiplied by: RMSNorm written out."""
    made = r.made_by(root.symbol) if len(root.symbols) == 1 else None
    if not isinstance(made, Elementwise) or made.function != RSQRT or not (len(x.symbols) == 1 or x.values is not None):
        return None
    inside, x = r.made_by(made.args[1]), r.named(x)
    squares = r.find(hadamard(x.symbol, x.symbol))
    if squares is None or not isinstance(inside, MatAdd) or len(inside.args) != 2:
        return None
    mean_, shift = inside.args
    epsilon, ones_ = number_and_factors(shift)
    units = x.symbol.shape[0]
    if r.made_by(mean_) != times(1 / units, ones(1, units), squares) or not isinstance(ones_[0], OneMatrix):
        return None
    return r.by_column(lambda z: Normalise(z, Over.FEATURES, 0, epsilon), x, x.rows, x.rows, "N", Role.NORMALISED)


RSQRT = power(Rational(-1, 2))


def batch_norm(
    r: Reader, x: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float,
) -> Result:  # fmt: skip
    """γ ⊙ the normalised + β: over the examples, of images over all places too."""
    channel, places = x.axes[1], tuple(axis for each in x.axes[2:] for axis in each)
    size = count(places)

    def build(z: Variable) -> MatrixExpr:
        return NormaliseChannels(z, size, exact(eps)) if places else Normalise(z, Over.EXAMPLES, 1, exact(eps))

    rows = (*channel, *places)
    n = r.by_column(build, x, rows, rows, "N", Role.NORMALISED)
    n = replace(n, made=None)
    return _by_channel(r, n, weight, bias), None, None, None, None


def batch_norm_inference(
    r: Reader, x: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor, running_var: Tensor,
    momentum: float, eps: float,
) -> Result:  # fmt: skip
    """γ ⊙ (x − μ)/√(v + ε) + β with constants μ and v."""
    found = []
    for each, name in ((running_mean, "mu"), (running_var, "s")):
        numbers = each.values
        assert numbers is not None
        array = -numbers.array if name == "mu" else (numbers.array + eps) ** -0.5
        made = replace(numbers, array=array, source=Source(name, Role.CONSTANT, alone=False))
        found.append(replace(each, values=made, axes=((), *each.axes, *((),) * (len(x.axes) - 2))))
    n = r.entrywise(lambda z, a, b: hadamard(b, matadd(z, a)), x, *found, stem="N", role=Role.NORMALISED)
    return _by_channel(r, n, weight, bias), None, None


def _by_channel(r: Reader, n: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    def beside(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.with_axes(((), *x.axes, *((),) * (len(n.axes) - 2)))

    if weight is not None:
        role(weight, Role.SCALE)
    return _scaled_and_shifted(r, n, beside(weight), None if bias is None else beside(role(bias, Role.SHIFT)))


def group_norm(
    r: Reader, x: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, *_: Any,
) -> Tensor:  # fmt: skip
    """γ ⊙ the channels of each group normalised together + β."""
    shape = [_size_of(each) for each in x.axes]
    channels = _length_of(x.axes[1]) or 1
    grouped = reshaped(x, [shape[0], num_groups, channels // num_groups, *shape[2:]])
    inside = tuple(axis for each in grouped.axes[2:] for axis in each)
    n = r.by_column(lambda z: Normalise(z, Over.FEATURES, 1, exact(eps)), grouped, inside, inside, "N", Role.NORMALISED)
    return _by_channel(r, reshaped(n, shape), weight, bias)


def _size_of(axes: Axes) -> Size:
    numbers = math.prod(each.size for each in axes if not each.examples)
    return Examples(numbers) if any(each.examples for each in axes) else numbers


# Images


def conv2d(
    r: Reader, x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sequence[int] = (1,),
    padding: Any = (0,), dilation: Sequence[int] = (1,), groups: int = 1,
) -> Tensor:  # fmt: skip
    """K ⋆ X + b, channel by channel the same bias."""
    height, width = (_length_of(each) or 1 for each in x.axes[-2:])
    kernel = [_length_of(each) or 1 for each in weight.axes[-2:]]
    if padding in ("same", "valid"):
        padding = [0 if padding == "valid" else (k - 1) // 2 for k in kernel]
    settings = [*kernel, *_pair(stride), *_pair(padding)]
    window = _window(height, width, settings, _pair(dilation), groups)
    made = _axes_of_numbers(_length_of(weight.axes[0]) or 1, *window.places)
    return _convolution(r, Convolve, x, weight, bias, window, made, weight.axes[0])


def conv_transpose2d(
    r: Reader, x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sequence[int] = (1,),
    padding: Sequence[int] = (0,), output_padding: Sequence[int] = (0,), groups: int = 1,
    dilation: Sequence[int] = (1,),
) -> Tensor:  # fmt: skip
    """K ∗ X + b: every value spread over the places under the kernel."""
    down, right = (_length_of(each) or 1 for each in x.axes[-2:])
    kernel = [_length_of(each) or 1 for each in weight.axes[-2:]]
    steps, edges, more, holes = map(_pair, (stride, padding, output_padding, dilation))
    height, width = (
        (n - 1) * s - 2 * e + d * (k - 1) + m + 1
        for n, s, e, d, k, m in zip((down, right), steps, edges, holes, kernel, more, strict=True)
    )
    window = _window(height, width, [*kernel, *steps, *edges], holes, groups)
    channels = (_length_of(weight.axes[1]) or 1) * groups
    made = _axes_of_numbers(channels, height, width)
    return _convolution(r, TransposedConvolve, x, weight, bias, window, made, weight.axes[0])


def _window(height: int, width: int, settings: Sequence[int], dilation: Sequence[int], groups: int) -> Window:
    return Window(*(height, width, *settings, *dilation, groups))


def _convolution(
    r: Reader, node: Any, x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, made: tuple[Axes, ...],
    first: Axes,
) -> Tensor:  # fmt: skip
    """One convolution with its bias at every place."""
    r.layer += 1
    role(weight, Role.WEIGHT, "W")
    rows = tuple(axis for each in x.axes[1:] for axis in each)
    inner = tuple(axis for each in weight.axes[1:] for axis in each)
    (k,) = r.laid(weight, first, inner).symbols
    out = tuple(axis for each in made for axis in each)
    found = r.by_column(lambda z: node(k, z, *window.args), x, rows, out, "C", Role.CONVOLVED)
    found = found.with_axes((x.axes[0], *made))
    r.is_image(found, made)
    if bias is None:
        return found
    spread = role(bias, Role.BIAS).with_axes((bias.axes[0], (), ()))
    spread = spread.replaced(spread.axes[0][0], made[0]) if bias.axes[0] else spread
    return r.entrywise(matadd, found, spread, stem="Z", role=Role.PREACTIVATION)


def conv1d(
    r: Reader, x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Sequence[int] = (1,),
    padding: Any = (0,), dilation: Sequence[int] = (1,), groups: int = 1,
) -> Tensor:  # fmt: skip
    """A convolution of signals: of images of height 1."""
    x, weight = (each.with_axes((*each.axes[:-1], (), each.axes[-1])) for each in (x, weight))
    edges = padding if isinstance(padding, str) else (0, *padding)
    found = conv2d(r, x, weight, bias, (1, *stride), edges, (1, *dilation), groups)
    return found.with_axes((*found.axes[:-2], found.axes[-1]))


def _pair(sides: int | Sequence[int]) -> list[int]:
    """Return height and width of a setting that may be one number for both."""
    given = (sides,) if isinstance(sides, int) else sides
    return [given[0], given[-1]]


def _axes_of_numbers(*sizes: int) -> tuple[Axes, ...]:
    return axes_of(sizes)


def _pool(node: Any) -> Callable[..., Tensor]:
    def pool(
        r: Reader, x: Tensor, kernel_size: Sequence[int], stride: Sequence[int] = (), padding: Sequence[int] = (0,),
        *more: Any,
    ) -> Tensor:  # fmt: skip
        """What is under each window."""
        kernel = _pair(kernel_size)
        window = _pool_window(x, [*kernel, *(_pair(stride) if stride else kernel), *_pair(padding)])
        return pooled(r, node, x, window)

    return pool


def _pool_window(x: Tensor, settings: Sequence[int]) -> Window:
    return Window(*(_length_of(each) or 1 for each in x.axes[-2:]), *settings)


def pooled(r: Reader, node: Any, x: Tensor, window: Window) -> Tensor:
    """One pooling."""
    rows = tuple(axis for each in x.axes[-3:] for axis in each)
    made = (x.axes[-3], *_axes_of_numbers(*window.places))
    out = tuple(axis for each in made for axis in each)
    found = r.by_column(lambda z: node(z, *window.args), x, rows, out, "P", Role.POOLED)
    found = found.with_axes((*x.axes[:-3], *made))
    r.is_image(found, made)
    return found


def adaptive_pool(r: Reader, x: Tensor, output_size: Sequence[int]) -> Tensor:
    """The mean under windows that fill the image."""
    sides = [_length_of(each) or 1 for each in x.axes[-2:]]
    if any(side % out for side, out in zip(sides, _pair(output_size), strict=True)):
        raise SpecError("adaptive pooling of windows that differ")
    kernel = [side // out for side, out in zip(sides, _pair(output_size), strict=True)]
    return pooled(r, AveragePool, x, _pool_window(x, [*kernel, *kernel]))


# What is looked up, and what stops


def embedding(r: Reader, weight: Tensor, indices: Tensor, padding_idx: int = -1, *_: Any) -> Tensor:
    """E·X, a one-hot column for every token; the column of padding is constant."""
    import numpy as np

    numbers = indices.values
    if numbers is None:
        raise SpecError("an embedding of what is computed")
    words, width = weight.axes
    size = _length_of(words) or 1
    table = r.named_in(role(weight, Role.WEIGHT, "E"), width)
    (e,) = r.expressions(table, width, words)
    columns = numbers.axes
    if not numbers.source.made_of and np.array_equal(numbers.array.ravel(), np.arange(size)):
        found = r.define(e, "P", Role.ACTIVATION) if not isinstance(e, Variable) else e
        axis = _one(columns, words)
        return Tensor((*indices.axes, width), (found,), width, axis)
    hot = np.eye(size)[numbers.array]
    if padding_idx >= 0:
        hot[..., padding_idx] = 0
        if np.any(_values(r, weight)[padding_idx]) and (numbers.array == padding_idx).any():
            raise SpecError("an embedding whose padding is not zero")
    r.layer += 1
    own = Axis(size)
    source = r.token_source(numbers.source)
    x = Tensor((*indices.axes, (own,)), values=Numbers(hot, (*columns, own), source))
    found_ = r.by_column(lambda symbol: matmul(*(e.args if isinstance(e, MatMul) else (e,)), symbol), x, (own,), width,
                         "A", Role.ACTIVATION)  # fmt: skip
    return found_.with_axes((*indices.axes, width))


def _one(columns: Axes, words: Axes) -> Axes:
    return columns


def _values(r: Reader, weight: Tensor) -> Any:
    assert weight.values is not None
    return weight.values.array


def dropout(r: Reader, x: Tensor, p: float = 0.5, train: bool = False) -> Tensor:
    """Nothing, once it is off."""
    if train and p:
        raise SpecError("dropout that draws: call eval(), or give the noise as an input")
    return x


def detach(r: Reader, x: Tensor) -> Tensor:
    """No gradient goes beyond."""
    return r.entrywise(Stop, x, stem="D")


def greater(r: Reader, x: Tensor, other: Operand) -> Tensor:
    """1 where x is greater, else 0: without a slope."""
    return _scalar("step")(r, sub(r, x, other))


def less(r: Reader, x: Tensor, other: Number) -> Tensor:
    """1 where x is less, else 0."""
    return greater(r, scaled(r, x, S.NegativeOne), -other)


def filled(value: float | None) -> Callable[..., Tensor]:
    """Return the row of what makes a tensor like another one, of one number."""

    def like(r: Reader, x: Tensor, fill_value: Any = None, *_: Any, **__: Any) -> Tensor:
        """A constant."""
        import numpy as np

        number = float(fill_value if value is None else value)
        axes = axes_of(r.dims)
        flat = tuple(axis for each in axes for axis in each)
        array = np.full([r.examples if axis.examples else axis.size for axis in flat], number)
        return Tensor(axes, values=Numbers(array, flat, Source("c", Role.CONSTANT, alone=False)))

    return like


_ACTIVATIONS = ("sigmoid", "tanh", "relu", "silu", "hardswish", "mish", "selu", "softsign", "log_sigmoid")


def _scalar(name: str) -> Callable[[Reader, Tensor], Tensor]:
    made = plain_function(name)
    assert made is not None
    return unary(made)


_SAME = ("clone", "contiguous", "alias", "lift_fresh_copy", "to", "type_as", "_to_copy", "positive")

_LARGER, _SMALLER = (
    lambda r, x, other, of_two=of_two: r.entrywise(lambda a, b: Elementwise(of_two, r.name(a), r.name(b)), x, other)
    for of_two in (LARGER, SMALLER)
)


TABLE: dict[str, Callable[..., Any]] = {
    **{name: unary(activation(name)) for name in _ACTIVATIONS if name in ACTIVATIONS},
    **{name: _scalar(name) for name in ("log", "cos", "tan", "abs", "sign")},
    "sin": unary(activation("sin")), "erf": unary(activation("erf")),
    "log1p": lambda r, x: _scalar("log")(r, add(r, x, 1)), "expm1": lambda r, x: sub(r, unary(EXPONENTIAL)(r, x), 1),
    "log2": lambda r, x: scaled(r, _scalar("log")(r, x), 1 / log(Integer(2))),
    **dict.fromkeys(_SAME, same_shape),
    **dict.fromkeys(("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze"), view),
    "exp": unary(EXPONENTIAL), "sqrt": unary(power(Rational(1, 2))), "rsqrt": unary(RSQRT), "reciprocal": reciprocal,
    "square": lambda r, x: power_of(r, x, 2),
    "neg": lambda r, x: scaled(r, x, S.NegativeOne),
    "add": add, "sub": sub, "rsub": rsub, "mul": mul, "div": div, "true_divide": div, "pow": power_of,
    "maximum": _LARGER, "minimum": _SMALLER, "clamp": clamp, "relu6": lambda r, x: clamp(r, x, 0, 6),
    "hardtanh": lambda r, x, low=-1, high=1: clamp(r, x, low, high),
    "clamp_min": lambda r, x, low: clamp(r, x, low), "clamp_max": lambda r, x, high: clamp(r, x, None, high),
    "gelu": gelu, "softplus": softplus, "elu": elu, "leaky_relu": leaky_relu, "prelu": prelu, "_prelu_kernel": prelu,
    "where": where, "masked_fill": masked_fill, "gt": greater, "lt": less,
    "transpose": transposed, "t": transposed, "numpy_T": lambda r, x: permute(r, x, range(len(x.axes))[::-1]),
    "permute": permute, "expand": expand, "expand_as": expand, "repeat_interleave": repeat_interleave, "repeat": repeat,
    "slice": slice_, "select": select, "split": split, "split_with_sizes": split, "chunk": chunk, "unbind": unbind,
    "cat": cat, "stack": stack, "hstack": hstack, "broadcast_tensors": broadcast_tensors,
    "linear": linear, "matmul": mat_mul, "mm": mat_mul, "bmm": mat_mul, "mv": mat_mul, "dot": mat_mul, "einsum": einsum,
    "addmm": lambda r, bias, x, other: add(r, mat_mul(r, x, other), role(bias, Role.BIAS)),
    "scaled_dot_product_attention": attention, "softmax": softmax, "log_softmax": log_softmax,
    "sum": sum_, "mean": mean, "var": var, "max": largest, "amax": amax, "cumsum": cumsum,
    "_weight_norm": weight_norm, "layer_norm": layer_norm, "group_norm": group_norm,
    "_native_batch_norm_legit_functional": batch_norm, "_native_batch_norm_legit_no_training": batch_norm_inference,
    "conv2d": conv2d, "conv1d": conv1d, "conv_transpose2d": conv_transpose2d,
    "max_pool2d": _pool(MaxPool), "avg_pool2d": _pool(AveragePool), "adaptive_avg_pool2d": adaptive_pool,
    "embedding": embedding, "dropout": dropout, "feature_dropout": dropout, "detach": detach,
    "zeros_like": filled(0), "ones_like": filled(1), "full_like": filled(None), "new_zeros": filled(0),
    "new_ones": filled(1), "new_full": lambda r, x, size, value, **_: filled(None)(r, x, value),
    "log_sigmoid": unary(activation("logsigmoid")),
}  # fmt: skip
"""Every operation by the name that ATen has for it; losses and recurrent layers stand in files of their own."""
