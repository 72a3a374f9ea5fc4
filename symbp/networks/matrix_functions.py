"""What an equation may call: one row each, from the name to the operation it builds on plain symbols."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sympy import Expr, Identity, Integer, MatrixExpr, S

from symbp.equations import text
from symbp.errors import ShapeError, SpecError, SymbpError
from symbp.networks.calls import Call, Function
from symbp.networks.expressions import FUNCTIONS as SCALARS
from symbp.networks.expressions import custom_function
from symbp.networks.matrix_arithmetic import product, repeated
from symbp.networks.named_losses import LOSS_FUNCTIONS
from symbp.networks.operation_words import OPERATION_WORDS
from symbp.nodes import hadamard, matadd, ones, transpose, zeros
from symbp.ops.activations import ACTIVATIONS, ALIASES, row_of
from symbp.ops.arithmetic import CHOICE, EXPONENTIAL, LARGER, LENGTH, SMALLER, bounded, clip
from symbp.ops.columns import CumulativeSum, LogSumExp, Maximum
from symbp.ops.elementwise import Elementwise, Formula, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.literal import causal
from symbp.ops.normalisation import EPSILON, Normalise, Over
from symbp.ops.rearrange import rearranged
from symbp.ops.softmax import Softmax
from symbp.ops.square import Det, Inv, LogDet, Tr
from symbp.ops.stop import Stop
from symbp.ops.structure import Stack
from symbp.symbols import BATCH

WORD = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
"""What the name of a function may look like; equations may write it in capitals too."""

MOST_CAUSAL = 32
"""The longest sequence whose mask an equation writes out."""

MOST_PARTS = 64
"""How many matrices are put together in one call."""


def _normalise(over: Over, centred: bool) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        epsilon = call.numbers[0] if call.numbers else EPSILON
        if epsilon <= 0:
            raise SpecError(f"epsilon is {epsilon}: give a positive number, such as 1e-5,")
        return Normalise(call.operands[0], over, int(centred), epsilon)

    return build


def _sums(operand: MatrixExpr, axis: int | None) -> MatrixExpr:
    """1ᵀ·A, A·1 or 1ᵀ·A·1: sums down the columns, along the rows, of all entries."""
    rows, columns = operand.shape
    if axis != 1 and rows != 1:
        operand = product(ones(1, rows), operand)
    return product(operand, ones(columns, 1)) if axis != 0 and columns != 1 else operand


def _count(operand: MatrixExpr, axis: int | None) -> Expr:
    rows, columns = operand.shape
    return {0: rows, 1: columns, None: rows * columns}[axis]


def _means(operand: MatrixExpr, axis: int | None) -> MatrixExpr:
    """The sums over how many there are."""
    return product(1 / _count(operand, axis), _sums(operand, axis))


def _squares(operand: MatrixExpr) -> MatrixExpr:
    return hadamard(operand, operand)


def _norm(call: Call) -> MatrixExpr:
    """The root of the sum of squares."""
    return Elementwise(LENGTH, call.name(_sums(_squares(call.operands[0]), call.axis)))


def _variance(call: Call) -> MatrixExpr:
    """The mean of the squared distances from the mean: divided by n, not by n − 1."""
    (operand,) = call.operands
    centred = call.name(matadd(operand, product(Integer(-1), repeated(_means(operand, call.axis), operand.shape))))
    return _means(_squares(centred), call.axis)


def _along(build: Callable[[MatrixExpr], MatrixExpr]) -> Callable[[Call], MatrixExpr]:
    """Return what applies an operation on columns along an axis, or column by column and then to what they give."""

    def along(call: Call) -> MatrixExpr:
        (operand,) = call.operands
        if call.axis == 1:
            return transpose(call.name(build(call.name(transpose(operand)))))
        found = build(operand)
        return found if call.axis == 0 or found.shape[1] == 1 else build(call.name(transpose(call.name(found))))

    return along


def _softmax(call: Call) -> MatrixExpr:
    (operand,) = call.operands
    if call.axis == 1:
        return transpose(call.name(Softmax(call.name(transpose(operand)))))
    return Softmax(operand)


def _log_softmax(call: Call) -> MatrixExpr:
    """Z − log Σ eᶻ."""
    (operand,) = call.operands
    sums = _along(LogSumExp)(replace(call, axis=call.axis or 0))
    return matadd(operand, product(Integer(-1), repeated(call.name(sums), operand.shape)))


def _max(call: Call) -> MatrixExpr:
    """The larger of two, entry by entry; of one matrix the largest along an axis."""
    if len(call.operands) == 1 and not call.numbers:
        return _along(Maximum)(call)
    if call.numbers == (0,):
        return Elementwise(activation("relu"), *call.operands)
    return _of_two(LARGER, call)


def _min(call: Call) -> MatrixExpr:
    """The smaller of two; of one matrix the smallest, which is −max(−A)."""
    if len(call.operands) == 1 and not call.numbers:
        turned = call.name(product(Integer(-1), call.operands[0]))
        return product(Integer(-1), call.name(_along(Maximum)(replace(call, operands=(turned,)))))
    return _of_two(SMALLER, call)


def _of_two(of_two: Formula, call: Call) -> MatrixExpr:
    if call.axis is not None:
        raise SpecError(f"{'max' if of_two is LARGER else 'min'} goes along an axis of one matrix, not of two,")
    return Elementwise(bounded(of_two, *call.numbers) if call.numbers else of_two, *call.operands)


def _clip(call: Call) -> MatrixExpr:
    if len(call.numbers) != 2 or not call.numbers[0] < call.numbers[1]:
        raise SpecError("clip takes a matrix, its least and its largest value, as in A = clip(Z, -1, 1),")
    return Elementwise(clip(*call.numbers), *call.operands)


def _beside(call: Call) -> MatrixExpr:
    """Matrices one beside another: their transposes one above another, transposed."""
    rows = (each if each.shape == (1, 1) else call.name(transpose(each)) for each in call.operands)
    return transpose(call.name(Stack(*rows)))


def _stacked(call: Call) -> MatrixExpr:
    return Stack(*call.operands)


def _diagonal(call: Call) -> MatrixExpr:
    """I ⊙ v·1ᵀ for a column, (I ⊙ A)·1 for a square matrix."""
    (operand,) = call.operands
    rows, columns = operand.shape
    if columns == 1:
        return hadamard(Identity(rows), repeated(operand, (rows, rows)))
    _require_square(operand, "diag")
    return product(hadamard(Identity(rows), operand), ones(rows, 1))


def _square(name: str, build: Callable[[MatrixExpr], MatrixExpr]) -> Function:
    def checked(call: Call) -> MatrixExpr:
        _require_square(call.operands[0], name)
        return build(call.operands[0])

    return Function(checked, f"B = {name}(A)")


def _solve(call: Call) -> MatrixExpr:
    left, right = call.operands
    _require_square(left, "solve")
    if left.shape[0] != right.shape[0]:
        shapes = f"{left} is {text(left.shape)} and {right} {text(right.shape)}"
        raise ShapeError(f"solve takes two matrices of as many rows, but {shapes},")
    return product(call.name(Inv(left)), right)


def _require_square(operand: MatrixExpr, name: str) -> None:
    if operand.shape[0] != operand.shape[1]:
        raise ShapeError(f"{name} takes a square matrix, and {operand} is {text(operand.shape)},")


def _reshape(call: Call) -> MatrixExpr:
    """The entries row by row in other rows and columns; of every example, where columns are its tokens."""
    (operand,) = call.operands
    if len(call.numbers) != 2:
        raise SpecError("reshape takes a matrix, its rows and its columns, as in B = reshape(A, 2, 3),")
    examples = BATCH if operand.shape[1].has(BATCH) else S.One
    rows, columns = operand.shape[0], operand.shape[1] / examples
    to_rows, to_columns = call.numbers[0], call.numbers[1] / examples
    fewer, more = rows / to_rows, to_rows / rows
    shapes = f"{operand} is {text(operand.shape)}, and {text(call.numbers)} is asked for"
    if rows * columns != to_rows * to_columns:
        hint = "; columns of examples stay a multiple of m" if examples != 1 and not call.numbers[1].has(BATCH) else ""
        raise ShapeError(f"{shapes}: reshape keeps the number of entries{hint},")
    if fewer.is_Integer:
        return rearranged(operand, {"p": to_rows, "r": fewer}, {"e": examples, "t": columns}, "p", "ert")
    if more.is_Integer:
        return rearranged(operand, {"p": rows}, {"e": examples, "r": more, "t": to_columns}, "pr", "et")
    raise ShapeError(f"{shapes}: one number of rows must be a multiple of the other,")


def _of_shape(build: Callable[..., MatrixExpr], count: int, name: str) -> Function:
    """Return the row of a matrix that its size alone makes."""

    def made(call: Call) -> MatrixExpr:
        if len(call.numbers) != count:
            raise SpecError(f"{name} takes {count} size{'s' * (count > 1)}, as in {example},")
        return build(*call.numbers)

    example = f"J = {name}({', '.join('3m'[:count])})"
    return Function(made, example, (0, 0), count, affine=True, sizes=True)


def _causal(size: Expr) -> MatrixExpr:
    if not size.is_Integer or not 1 <= size <= MOST_CAUSAL:
        raise SpecError(f"causal takes a number of tokens from 1 to {MOST_CAUSAL},")
    return causal(int(size))


_NORMALISATIONS = {
    "batch_norm": _normalise(Over.EXAMPLES, True),
    "layer_norm": _normalise(Over.FEATURES, True),
    "rms_norm": _normalise(Over.FEATURES, False),
}

FUNCTIONS: dict[str, Function] = {
    "softmax": Function(_softmax, "P = softmax(Z)", axes=True),
    "log_softmax": Function(_log_softmax, "L = log_softmax(Z)", axes=True),
    "logsumexp": Function(_along(LogSumExp), "s = logsumexp(Z, axis=0)", axes=True),
    "cumsum": Function(_along(CumulativeSum), "C = cumsum(A, axis=1)", axes=True),
    "sum": Function(lambda call: _sums(call.operands[0], call.axis), "s = sum(W * W, axis=0)", affine=True, axes=True),
    "mean": Function(lambda call: _means(call.operands[0], call.axis), "loss = mean(E * E)", affine=True, axes=True),
    "var": Function(_variance, "v = var(A, axis=1)", axes=True),
    "std": Function(lambda call: Elementwise(LENGTH, call.name(_variance(call))), "s = std(A, axis=1)", axes=True),
    "norm": Function(_norm, "n = norm(A, axis=0)", axes=True),
    "max": Function(_max, "M = max(A, B)", (1, 2), 1, axes=True, spread=True),
    "min": Function(_min, "M = min(A, B)", (1, 2), 1, axes=True, spread=True),
    "length": Function(lambda call: Elementwise(LENGTH, *call.operands), "n = length(sum(A * A, axis=0))"),
    "clip": Function(_clip, "A = clip(Z, -1, 1)", numbers=2),
    "where": Function(lambda call: Elementwise(CHOICE, *call.operands), "C = where(M, A, B)", (3, 3), spread=True),
    "stop": Function(lambda call: Stop(call.operands[0]), "T = stop(V)"),
    "vstack": Function(_stacked, "S = vstack(A, B)", (2, MOST_PARTS)),
    "hstack": Function(_beside, "S = hstack(A, B)", (2, MOST_PARTS)),
    "diag": Function(_diagonal, "D = diag(v)", affine=True),
    "trace": _square("trace", Tr),
    "inv": _square("inv", Inv),
    "det": _square("det", Det),
    "logdet": _square("logdet", LogDet),
    "solve": Function(_solve, "W = solve(A, B)", (2, 2)),
    "ones": _of_shape(ones, 2, "ones"),
    "zeros": _of_shape(zeros, 2, "zeros"),
    "eye": _of_shape(Identity, 1, "eye"),
    "reshape": Function(_reshape, "B = reshape(A, 2, 3)", numbers=2, sizes=True),
    "causal": _of_shape(_causal, 1, "causal"),
    **{
        spelling: Function(build, f"N = {spelling}(Z)", numbers=1)
        for name, build in _NORMALISATIONS.items()
        for spelling in (name, name.replace("_", ""))
    },
    **OPERATION_WORDS,
    **LOSS_FUNCTIONS,
}
"""The functions that are not entrywise, by every name; ``word`` adds one."""

_PLAIN = tuple(name for name, (_, least, most) in SCALARS.items() if least == most == 1 and name not in ACTIVATIONS)

ENTRYWISE = (*ACTIVATIONS, *ALIASES, *(name for name in _PLAIN if name not in ALIASES))
"""The names of the functions of one number, which act entry by entry."""


_LAYER = '; it is a layer: a file of layers has it, type = "{}" (symbp schema)'

INSTEAD = {
    "cumprod": "; write exp(cumsum(log(A), axis=0))",
    "diagonal": "; write diag(A): the diagonal of a square matrix as a column",
    "hessian": "; write grad(L, X) twice, or ask for --hessian-vector",
    "jacobian": "; write grad(L, X) for the gradient of a number L",
    "gradient": "; write grad(L, X)",
    "backward": "; write grad(L, X)",
    "prod": "; write exp(sum(log(A), axis=0))",
    "reciprocal": "; write 1 / A",
    "square": "; write A**2",
    "pow": "; write A**2",
    "power": "; write A**2",
    "maximum": "; write max(A, B)",
    "minimum": "; write min(A, B)",
    "clamp": "; write clip(A, -1, 1)",
    "argmax": "; which entry is the largest has no slope: give a mask as a constant",
    "ones_like": "; write ones(n, m)",
    "zeros_like": "; write zeros(n, m)",
    "dilation": '; it belongs to a convolution, which is a layer: type = "conv2d", dilation = 2 (symbp schema)',
    "group_norm": '; write layer_norm(Z) for one group; more are a layer, type = "group_norm" (symbp schema)',
    "instance_norm": _LAYER.format("instance_norm"),
    "conv1d": _LAYER.format("conv1d"),
    "conv2d": _LAYER.format("conv2d"),
    "max_pool2d": _LAYER.format("max_pool2d"),
    "avg_pool2d": _LAYER.format("avg_pool2d"),
    "dropout": "; multiply by a mask that is given: A * M",
    "attention": '; write per_example(K.T @ Q) and softmax, or a file of layers, type = "attention"',
    "embedding": "; write E @ X with one-hot columns X",
    "flatten": "; a column holds all values of an example already; reshape(A, 2, 3) gives it other rows and columns",
    "view": "; write reshape(A, 2, 3)",
    **dict.fromkeys(("detach", "stop_gradient", "no_grad"), "; write stop(A): no gradient goes beyond"),
    **dict.fromkeys(("mm", "bmm", "dot", "matmul", "mul", "einsum"), "; write A @ B for the product of matrices"),
    **dict.fromkeys(("transpose", "T", "t"), "; write A.T for the transpose"),
    **dict.fromkeys(("inverse", "pinv"), "; write inv(A), or solve(A, B) for the inverse times B"),
    **dict.fromkeys(("tr", "Tr"), "; write trace(A)"),
    **dict.fromkeys(
        ("concat", "concatenate", "cat", "stack"),
        "; write vstack(A, B), one above the other, or hstack(A, B), one beside the other",
    ),
}
"""What to write for functions that people know from elsewhere."""


def plain_function(name: str) -> ScalarFunction | None:
    """Return an ordinary function, which has no name of its own on a page: neither it nor its slope."""
    if name not in _PLAIN:
        return None
    if name == "exp":
        return EXPONENTIAL
    made = custom_function(f"{name}(x)")
    return Formula(name, made.variables, made.expr, made.slopes, kinks=made.kinks)


TAKEN = ("grad", "per_example", "repeat")
"""Words of the language that are no functions of matrices."""


def word(
    name: str,
    build: Callable[..., MatrixExpr],
    example: str,
    *,
    matrices: int | tuple[int, int] = 1,
    numbers: int = 0,
) -> None:
    """Add a function to the language of equations: ``A = name(Z, t)`` is what ``build(Z, t)`` returns.

    ``build`` gets symbols, as many as ``matrices`` says (a number, or the least and the most), then up to ``numbers``
    exact numbers; a ShapeError or SpecError that it raises is told with the line. ``example`` is a line to show.

    Raises:
        SymbpError: the language has this word already, or it is not a word.
    """
    known = FUNCTIONS.get(name) or entrywise(name)
    if known is not None or name in TAKEN:
        raise SymbpError(f"{name} is a word of equations already" + (f", as in {known.example}" if known else ""))
    if not WORD.match(name):
        raise SymbpError(f"{name[:40]!r} is no word of equations: use small letters, digits and _ after a letter")
    between = (matrices, matrices) if isinstance(matrices, int) else matrices
    FUNCTIONS[name] = Function(lambda call: build(*call.operands, *call.numbers), example, between, numbers)


def entrywise(name: str) -> Function | None:
    """Return the row of an activation or of an ordinary function such as exp; None for an unknown name."""
    key = name.lower()
    if key in ACTIVATIONS or key in ALIASES:
        most = len(row_of(key).parameters)
        return Function(
            lambda call: Elementwise(activation(key, *call.numbers), *call.operands), f"A = {key}(Z)", numbers=most
        )
    function = plain_function(key)
    if function is None:
        return None
    return Function(lambda call: Elementwise(function, *call.operands), f"A = {key}(Z)")
