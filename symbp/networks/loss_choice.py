"""From what a user writes for a loss to the node that computes it."""

from __future__ import annotations

import re

from sympy import Rational

from symbp.equations import Equation
from symbp.errors import SpecError
from symbp.networks.expressions import custom_function
from symbp.networks.given import Let, used_in
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.letters import OUT, TARGET
from symbp.ops.loss_table import LOSS_ALIASES, LOSSES, loss_row, written_loss
from symbp.ops.losses import LINKED, EntrywiseLoss, GenericLoss, Loss, entry_loss
from symbp.ops.softmax import Softmax
from symbp.symbols import Role, Variable, examples_are_rows

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z", re.ASCII)
_HEAD = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*(?:(\()|\Z)", re.ASCII)
_CALL = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)\(([0-9.]{1,30})\)\Z", re.ASCII)


def resolve_loss(text: str, let: Let) -> ScalarFunction:
    """Return ℓ(a, y) for a name, ``name(number)`` or an expression in a and y.

    Raises:
        SpecError: an unknown name (the nearest is suggested) or an expression that is not allowed.
    """
    stripped = text.strip()
    if _NAME.match(stripped):
        return entry_loss(stripped)
    call = _CALL.match(stripped)
    if call and call[1].lower() not in ("exp", "log", "sqrt", "abs"):
        return entry_loss(call[1], _number(call[2], stripped))
    return custom_function(stripped, (OUT, TARGET), used_in(stripped, let)).renamed("custom", "ℓ")


def _number(text: str, source: str) -> Rational:
    try:
        return Rational(text)
    except (TypeError, ValueError):
        raise SpecError(f"loss {source!r}: {text!r} is not a number") from None


def is_written(text: str) -> bool:
    """Whether a loss is built from equations: by its name, or as it has arguments with names of their own."""
    head = _HEAD.match(text)
    return head is not None and (written_loss(head[1]) is not None or (bool(head[2]) and "=" in text))


def link_of(text: str | None) -> str | None:
    """Return the output activation that belongs to a loss, or None."""
    head = None if text is None else _HEAD.match(text)
    if head is None or written_loss(head[1]) is not None:
        return None
    known = head[1].lower().replace("-", "_")
    return None if head[2] and known not in (*LOSSES, *LOSS_ALIASES) else loss_row(known).link


def loss_node(text: str | None, last: list[Equation], y: Variable, let: Let) -> Loss:
    """Return the loss of the network's output: fused with its link where the output has it.

    ``last`` are the forward equations so far; the last one defines the output.

    Raises:
        SpecError: the loss needs outputs between 0 and 1 that the output activation does not give.
    """
    output = last[-1]
    if text is None:
        return GenericLoss(output.lhs, y)
    return compared(resolve_loss(text, let), output.lhs, output, y)


def compared(
    function: ScalarFunction, a: Variable, made_by: Equation | None, y: Variable, is_target: bool | None = None
) -> Loss:
    """Return the loss of a and y: fused with its link where ``made_by``, the equation of a, has it.

    Fused losses hold for targets only, which y is by its role unless ``is_target`` says so: what depends on
    parameters would need a gradient of its own, and the columns of targets sum to one.

    Raises:
        SpecError: the loss needs outputs between 0 and 1 that the output activation does not give.
    """
    link = None if made_by is None else _output_activation(made_by)
    is_target = (y.role is Role.TARGET if is_target is None else is_target) and not examples_are_rows(a)
    row = LOSSES.get(function.name)
    if row is None or not row.unit_outputs:
        return EntrywiseLoss(function, a, y)
    if link == row.link and made_by is not None and row.name in LINKED and is_target:
        return LINKED[row.name](made_by.rhs.args[-1], a, y)
    if link not in ("sigmoid", "softmax", None):
        raise SpecError(
            f"loss {row.name} needs outputs between 0 and 1, and {link} gives others: "
            f"use the output activation {row.link}"
        )
    return EntrywiseLoss(function, a, y)


def _output_activation(output: Equation) -> str | None:
    """Name the activation that made the output; None where it is open or of the user's own."""
    if isinstance(output.rhs, Softmax):
        return "softmax"
    if isinstance(output.rhs, Elementwise) and output.rhs.function.name in ACTIVATIONS:
        return str(output.rhs.function.name)
    return None
