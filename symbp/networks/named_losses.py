"""Losses that an equation may call by name: rows of the tables of losses, and the arguments of cross-entropy."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, MatrixExpr, Rational, Transpose

from symbp.equations import text
from symbp.errors import ShapeError, SpecError
from symbp.networks.calls import Call, Function
from symbp.networks.loss_choice import compared
from symbp.networks.matrix_arithmetic import Parts
from symbp.nodes import matadd, ones, times, transpose
from symbp.ops.loss_table import LOSS_ALIASES, LOSSES, WRITTEN, LossRow, WrittenLoss
from symbp.ops.losses import entry_loss
from symbp.ops.softmax import Softmax
from symbp.symbols import Role, Variable, examples_are_rows

OPTIONS = ("label_smoothing", "weight", "mask")
"""Arguments of cross-entropy: as those of torch.nn.CrossEntropyLoss, ``mask`` for ignore_index."""


def _by_entries(row: LossRow) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        function = entry_loss(row.name, *call.numbers)
        output, target, is_target = _in_columns(call)
        return compared(function, output, call.made_by.get(output.name), target, is_target)

    return build


def _in_columns(call: Call) -> tuple[MatrixExpr, MatrixExpr, bool]:
    """Return what is compared, and whether the second is a target: of examples as rows what a transpose is made of."""
    output, target = call.operands
    is_target = isinstance(target, Variable) and target.role is Role.TARGET
    made_by = call.made_by.get(output.name)
    if examples_are_rows(output) and made_by is not None and isinstance(made_by.rhs, Transpose):
        return made_by.rhs.arg, call.name(transpose(target)), is_target
    return output, target, is_target


def _cross_entropy(call: Call) -> MatrixExpr:
    """Return cross-entropy with smoothed labels, classes that count by weights, and columns that do not count.

    With weights or a mask it is a mean over the weights of the targets, as in PyTorch: −Σ w q log p / Σ w y.
    """
    prediction, target, is_target = _in_columns(call)
    smoothed = _smoothed(call, target)
    weight, mask = (call.options.get(name) for name in ("weight", "mask"))
    made_by = call.made_by.get(prediction.name)
    if weight is None and mask is None:
        return compared(entry_loss("cross_entropy"), prediction, made_by, smoothed, is_target)
    rows, columns = target.shape
    for name, value, shape in (("weight", weight, (rows, 1)), ("mask", mask, (1, columns))):
        if value is not None and getattr(value, "shape", None) != shape:
            found = f", {text(value.shape)}" if isinstance(value, MatrixExpr) else ""
            raise ShapeError(f"{name} is {value}{found}: it must be a matrix, {text(shape)},")
    is_linked = made_by is not None and isinstance(made_by.rhs, Softmax)
    logs = "log_softmax(Z)" if is_linked else "log(P)"
    counts = " * ".join(name for name, value in (("w", weight), ("n", mask)) if value is not None)
    scope = {"P": prediction, "Z": made_by.rhs.args[0] if made_by is not None and is_linked else prediction,
             "Q": smoothed, "Y": target, "w": weight, "n": mask}  # fmt: skip
    given = {name: value for name, value in scope.items() if value is not None}
    return call.write((f"L = {logs}", f"loss = -sum({counts} * Q * L) / sum({counts} * Y)"), given)


def _smoothed(call: Call, target: MatrixExpr) -> MatrixExpr:
    """Return (1 − ε) Y + ε/K for ε, a share of every target that all K classes get alike."""
    share = call.options.get("label_smoothing", Rational(0))
    if not isinstance(share, Rational) or not 0 <= share < 1:
        raise SpecError(f"label_smoothing is {share}: give a number from 0 to below 1, such as 0.1,")
    classes = target.shape[0]
    return call.name(matadd(times(1 - share, target), times(share / classes, ones(*target.shape)))) if share else target


def _written(row: WrittenLoss) -> Callable[[Call], MatrixExpr]:
    def build(call: Call) -> MatrixExpr:
        operands = call.operands
        if examples_are_rows(operands[0]):
            operands = tuple(call.name(transpose(each)) for each in operands)
        shape = operands[0].shape
        for each in operands[1:]:
            if each.shape != shape:
                shapes = f"{operands[0]} is {text(shape)} and {each} {text(each.shape)}"
                raise ShapeError(f"{row.name} compares matrices of one shape, but {shapes},")
        chosen = [*call.numbers, *(Rational(value) for _, value in row.numbers[len(call.numbers) :])]
        scope: dict[str, Parts] = {**dict(zip(row.operands, operands, strict=True)), "m": shape[1]}
        for (name, _), value in zip(row.numbers, chosen, strict=True):
            scope[name] = _positive(value, f"{name} of {row.name}")
        return call.write(row.lines, scope)

    return build


def _positive(value: Expr, what: str) -> Expr:
    if not value.is_positive:
        raise SpecError(f"{what} must be a positive number,")
    return value


def _row_of_entries(name: str) -> Function:
    row = LOSSES[LOSS_ALIASES.get(name, name)]
    names = tuple(letter for letter, _ in row.numbers)
    example = f"loss = {name}({', '.join(('A', 'Y', *(f'{letter}={value}' for letter, value in row.numbers)))})"
    is_entropy = row.name == "cross_entropy"
    build, options = (_cross_entropy, OPTIONS) if is_entropy else (_by_entries(row), ())
    return Function(build, example, (2, 2), len(names), names=names, options=options)


def _row_of_lines(name: str) -> Function:
    row = WRITTEN[LOSS_ALIASES.get(name, name)]
    names = tuple(letter for letter, _ in row.numbers)
    arguments = ", ".join((*row.operands, *(f"{letter}={value}" for letter, value in row.numbers)))
    count = len(row.operands)
    return Function(_written(row), f"loss = {name}({arguments})", (count, count), len(names), names=names)


LOSS_FUNCTIONS: dict[str, Function] = {
    name: (_row_of_lines if LOSS_ALIASES.get(name, name) in WRITTEN else _row_of_entries)(name)
    for name in (*LOSSES, *WRITTEN, *LOSS_ALIASES)
}
"""The functions of equations that are losses, by every name."""

KEYWORDS = ("axis", *OPTIONS, *dict.fromkeys(name for row in LOSS_FUNCTIONS.values() for name in row.names))
"""What may stand in front of an = in a call."""
