"""Which lines of the network stand beside each other on one line of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sympy import ZeroMatrix

from symbp.equations import Equation
from symbp.maths.names import slot_of
from symbp.maths.tree import Node
from symbp.ops.elementwise import Elementwise
from symbp.ops.softmax import Softmax
from symbp.views.lines import Indexed, Line
from symbp.views.turned import plain


class Shown(Protocol):
    """A line as it is printed."""

    @property
    def line(self) -> Line:
        """What stands for all its equations."""

    @property
    def equation(self) -> Equation:
        """How it is written."""

    @property
    def where(self) -> Node | None:
        """For which values of the indices."""


def goes_with(shown: Shown, row: Sequence[Shown]) -> bool:
    """Whether a line stands beside those of a row: their activation, one more gate, one more state that starts at 0."""
    if not row or row[-1].where != shown.where or row[-1].line.indices != shown.line.indices:
        return False
    if is_start(shown) or _gate_of(shown) is not None:
        alike = is_start(row[-1]) if is_start(shown) else _gate_of(row[-1]) == _gate_of(shown)
        return alike and shown.equation.lhs.shape == row[-1].equation.lhs.shape and len(row) < MOST_GATES
    rhs = plain(shown.equation.rhs)
    is_activation = isinstance(rhs, Elementwise | Softmax) and rhs.args[-1] == row[-1].equation.lhs
    return is_activation and len(row) < MOST_BESIDE


MOST_BESIDE = 2
"""Most equations beside each other where one is the activation of the other."""

MOST_GATES = 4
"""Most gates beside each other."""


def is_start(shown: Shown) -> bool:
    """Whether something starts at zero."""
    return isinstance(shown.equation.rhs, ZeroMatrix)


def _gate_of(shown: Shown) -> object:
    """Return the family of which a line is the activation of a member; None where it is of none."""
    rhs = shown.equation.rhs
    operand = rhs.args[-1] if isinstance(rhs, Elementwise) else None
    if not isinstance(operand, Indexed) or len(operand.indices) <= len(shown.line.indices):
        return None
    return slot_of(operand)
