"""PyTorch's losses with their own reductions; what compares with classes is fused with its softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sympy import Expr, Integer, MatrixExpr, S

from symbp.errors import SpecError
from symbp.networks.importing.exact import exact
from symbp.networks.importing.layout import Reader
from symbp.networks.importing.table import TABLE as ROWS
from symbp.networks.importing.table import log_softmax, power_of, scaled, sub, sum_
from symbp.networks.importing.tensors import Axes, Axis, Numbers, Source, Tensor, count, together
from symbp.networks.matrix_arithmetic import product
from symbp.nodes import hadamard, times
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.losses import EntrywiseLoss, SigmoidBinaryCrossEntropy, SoftmaxCrossEntropy, entry_loss
from symbp.ops.softmax import Softmax
from symbp.symbols import Role

MEAN, SUM = 1, 2
"""How torch adds up the losses of the entries; 0 leaves them as they are."""

IGNORED = -100


def entrywise(name: str, scale: int = 1, *, over: bool = False) -> Callable[..., Tensor]:
    """Return the row of a loss entry by entry: ``scale`` times that of our table, ``over`` its own number."""

    def loss(r: Reader, x: Tensor, target: Tensor, reduction: int = MEAN, *number: float) -> Tensor:
        """Its mean, its sum, or the losses of all entries."""
        given = [exact(float(each)) for each in number]
        function = entry_loss(name, *given)
        factor = scale / given[0] if over and given else Integer(scale)
        if reduction == 0 and name in _ENTRIES:
            return _ENTRIES[name](r, sub(r, x, target))
        if reduction == 0:
            entries = r.entrywise(lambda a, b: Elementwise(function, r.name(a), r.name(b)), x, target)
            return scaled(r, entries, factor)
        (x, target), axes = together([x, target])
        x = _filled(r, x, axes)
        (y,) = r.expressions(target, x.rows, x.columns)
        share = factor / x.symbol.shape[0] if reduction == MEAN else factor * x.symbol.shape[1]
        made = _number(r, EntrywiseLoss(function, x.symbol, r.name(y)))
        return made if share == 1 else _number(r, times(share, made.symbol))

    return loss


_ENTRIES: Mapping[str, Callable[[Reader, Tensor], Tensor]] = {
    "mse": lambda r, x: power_of(r, x, 2),
    "mae": lambda r, x: ROWS["abs"](r, x),
}
"""Losses whose entries are those of a difference."""


def _filled(r: Reader, x: Tensor, axes: Sequence[Axes]) -> Tensor:
    """Return the output as one matrix that has an entry for every one of the result."""
    x = r.joined(r.named(x), x.parts)
    missing = tuple(axis for each in axes for axis in each if axis not in x.own)
    return r.laid(x, x.rows, (*x.columns, *missing)) if missing else x


def _number(r: Reader, expr: MatrixExpr) -> Tensor:
    return Tensor((), (r.define(expr, "loss", Role.LOSS),))


def cross_entropy(
    r: Reader, x: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = MEAN,
    ignore_index: int = IGNORED, label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Cross-entropy of the softmax of the class axis, with targets as classes or as probabilities."""
    return _cross_entropy(r, x, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(
    r: Reader,
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: int = MEAN,
    ignore_index: int = IGNORED,
) -> Tensor:
    """−Σ y ⊙ x; behind a log-softmax the cross-entropy of its softmax."""
    logits = r.logarithms.get(x.symbols[0]) if len(x.symbols) == 1 else None
    if logits is not None:
        return _cross_entropy(r, replace(x, symbols=(logits,), made=None), target, weight, reduction, ignore_index, 0.0)
    y, share, _ = _classes(r, x, target, weight, reduction, ignore_index, 0.0)
    return _weighted(r, x, y, share)


def _cross_entropy(
    r: Reader, x: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignored: int, smoothing: float
) -> Tensor:
    y, share, whole = _classes(r, x, target, weight, reduction, ignored, smoothing)
    if not whole:
        return _weighted(r, log_softmax(r, x, _class_axis(x)), y, share)
    (x, y), _ = together([x, y])
    rows = x.axes[_class_axis(x)]
    x = r.laid(r.named_in(x, rows), rows)
    p = r.define(Softmax(x.symbol), "P", Role.ACTIVATION)
    (t,) = r.expressions(y, rows, x.columns)
    loss = SoftmaxCrossEntropy(x.symbol, p, r.name(t))
    if share * count(x.columns) == 1:
        return _number(r, loss)
    return _number(r, times(share * count(x.columns), _number(r, loss).symbol))


def _class_axis(x: Tensor) -> int:
    return 0 if len(x.axes) == 1 else 1


def _weighted(r: Reader, x: Tensor, y: Tensor, share: Expr) -> Tensor:
    """−share·Σ y ⊙ x."""
    products = r.entrywise(lambda a, b: hadamard(a, b), x, y, stem="E")
    made = sum_(r, products)
    return _number(r, product(-share, r.made_by(made.symbol) or made.symbol))


def _classes(
    r: Reader, x: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignored: int, smoothing: float
) -> tuple[Tensor, Expr, bool]:
    """Return the targets as columns, what their losses are multiplied by, and whether every column adds up to 1."""
    import numpy as np

    if reduction == 0:
        raise SpecError("a loss without its mean or its sum")
    at = _class_axis(x)
    rows = x.axes[at]
    classes = int(count(rows))
    numbers = target.values
    if numbers is None or numbers.array.dtype.kind == "f":
        if weight is not None or smoothing:
            raise SpecError("probabilities as targets with weights of classes or smoothing")
        columns = count(axis for place, each in enumerate(x.axes) if place != at for axis in each)
        return target, (S.One if reduction == SUM else 1 / columns), True
    array = numbers.array
    hot = np.eye(classes)[np.where(array == ignored, 0, array)] * (array != ignored)[..., None]
    factors = None if weight is None else weight.values
    if factors is not None:
        hot = hot * factors.array
    elif weight is not None:
        raise SpecError("weights of classes that are trained")
    kept = hot.sum()
    if smoothing:
        spread = (array != ignored)[..., None] * (1 if factors is None else factors.array) / classes
        hot = (1 - smoothing) * hot + smoothing * spread
    source = Source("Y", Role.TARGET, "Y", alone=False)
    own = Axis(classes)
    y = Tensor(target.axes, values=Numbers(hot, (*numbers.axes, own), source))
    y = y.with_axes((*y.axes[:at], (own,), *y.axes[at:]))
    whole = bool(np.allclose(hot.sum(-1), 1, atol=1e-12, rtol=0))
    if reduction == SUM:
        return y, S.One, whole
    if whole and factors is None:
        return y, 1 / count(numbers.axes), True
    return y, (Integer(1) / int(kept) if factors is None else 1 / exact(float(kept))), False


def binary(r: Reader, x: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = MEAN) -> Tensor:
    """Binary cross-entropy of probabilities."""
    if weight is not None:
        raise SpecError("binary cross-entropy with weights")
    made = r.made_by(x.symbol) if len(x.symbols) == 1 else None
    if isinstance(made, Elementwise) and made.function == activation("sigmoid"):
        return _fused_binary(r, replace(x, symbols=(made.args[1],)), target, reduction)
    return entrywise("binary_cross_entropy")(r, x, target, reduction)


def binary_with_logits(
    r: Reader,
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = MEAN,
) -> Tensor:
    """Binary cross-entropy of the sigmoid."""
    if weight is not None or pos_weight is not None:
        raise SpecError("binary cross-entropy with weights")
    return _fused_binary(r, x, target, reduction)


def _fused_binary(r: Reader, z: Tensor, target: Tensor, reduction: int) -> Tensor:
    (z, target), _ = together([z, target])
    z = r.joined(r.named(z), z.parts)
    p = r.define(Elementwise(activation("sigmoid"), z.symbol), "A", Role.ACTIVATION)
    (y,) = r.expressions(target, z.rows, z.columns)
    loss = _number(r, SigmoidBinaryCrossEntropy(z.symbol, p, r.name(y)))
    share = 1 / z.symbol.shape[0] if reduction == MEAN else z.symbol.shape[1]
    return loss if share == 1 else _number(r, times(share, loss.symbol))


LOSSES: dict[str, Callable[..., Any]] = {
    "mse_loss": entrywise("mse", 2),
    "l1_loss": entrywise("mae"),
    "huber_loss": entrywise("huber"),
    "smooth_l1_loss": entrywise("huber", over=True),
    "cross_entropy_loss": cross_entropy,
    "nll_loss_nd": nll_loss,
    "nll_loss": nll_loss,
    "nll_loss2d": nll_loss,
    "binary_cross_entropy": binary,
    "binary_cross_entropy_with_logits": binary_with_logits,
}
"""Every loss by the name that ATen has for it."""
