"""The table of losses: one row each, ℓ(a, y) of one output and its target.

Every loss sums over the outputs and averages over the batch; the row states how that compares with
PyTorch's default reduction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symbp.errors import SpecError, later, nearest

if TYPE_CHECKING:
    from sympy import Rational, Symbol

    from symbp.ops import letters
    from symbp.ops.letters import LossFormula
else:
    letters = later("symbp.ops.letters")


@dataclass(frozen=True)
class LossRow:
    """One loss: ℓ(a, y) of one output and what it asks of the targets.

    ``make`` writes ℓ, ∂ℓ/∂a and its kinks with the names of ``symbp.ops.letters``; ``targets`` is real, binary (0 or
    1), sign (−1 or 1) or one_hot; ``torch`` says how the value compares with PyTorch's default reduction; ``link``
    names the output activation that belongs to it; ``unit_outputs`` says that outputs must lie between 0 and 1.
    """

    name: str
    make: Callable[[Any], LossFormula]
    targets: str
    torch: str
    link: str | None = None
    unit_outputs: bool = False
    aliases: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()

    @cached_property
    def formula(self) -> LossFormula:
        """ℓ(a, y), its slope in a, and what is zero at its kinks, built when first used."""
        return self.make(letters)

    @cached_property
    def parameters(self) -> tuple[tuple[Symbol, Rational], ...]:
        """The parameters' symbols with the exact numbers that stand for them."""
        return letters.numbers(self.numbers)


_ROWS = (
    LossRow(
        "mse", lambda s: s.LossFormula(s.e**2 / 2, s.e), "real", "n_L/2 times MSELoss", aliases=("squared_error", "l2")
    ),
    LossRow(
        "mae",
        lambda s: s.LossFormula(s.Abs(s.e), s.sign(s.e), (s.e,)),
        "real",
        "n_L times L1Loss",
        aliases=("l1", "absolute_error"),
    ),
    LossRow(
        "huber",
        lambda s: s.LossFormula(
            s.Piecewise((s.e**2 / 2, s.Abs(s.e) <= s.delta), (s.delta * (s.Abs(s.e) - s.delta / 2), True)),
            s.Piecewise((s.e, s.Abs(s.e) <= s.delta), (s.delta * s.sign(s.e), True)),
        ),
        "real",
        "n_L times HuberLoss",
        numbers=(("delta", "1"),),
        aliases=("smooth_l1",),
    ),
    LossRow(
        "log_cosh",
        lambda s: s.LossFormula(s.softplus(2 * s.e) - s.e - s.log(2), s.tanh(s.e)),
        "real",
        "not in PyTorch",
        aliases=("logcosh",),
    ),
    LossRow(
        "binary_cross_entropy",
        lambda s: s.LossFormula(
            -s.y * s.log(s.a) - (1 - s.y) * s.log(1 - s.a),
            (1 - s.y) / (1 - s.a) - s.y / s.a,
        ),
        "binary",
        "n_L times BCELoss",
        link="sigmoid",
        unit_outputs=True,
        aliases=("bce", "logistic_loss"),
    ),
    LossRow(
        "cross_entropy",
        lambda s: s.LossFormula(-s.y * s.log(s.a), -s.y / s.a),
        "one_hot",
        "CrossEntropyLoss",
        link="softmax",
        unit_outputs=True,
        aliases=("ce", "categorical_cross_entropy", "crossentropy", "xent"),
    ),
    LossRow(
        "hinge",
        lambda s: s.LossFormula(s.relu(1 - s.y * s.a), -s.y * s.step(1 - s.y * s.a), (1 - s.y * s.a,)),
        "sign",
        "n_L times relu(1 - y a).mean()",
    ),
)

LOSSES: dict[str, LossRow] = {row.name: row for row in _ROWS}
"""Every loss by name."""

LOSS_ALIASES: dict[str, str] = {alias: row.name for row in _ROWS for alias in row.aliases}
"""Other names people type."""


def loss_row(name: str) -> LossRow:
    """Return the row of a loss by its name or an alias.

    Raises:
        SpecError: no such loss; the message suggests the nearest name.
    """
    key = name.lower().replace("-", "_")
    try:
        return LOSSES[LOSS_ALIASES.get(key, key)]
    except KeyError:
        known = [*LOSSES, *LOSS_ALIASES]
        raise SpecError(
            f"unknown loss {name[:60]!r}{nearest(name[:60], known)} "
            "(symbp list losses shows all; or an expression in a and y)"
        ) from None
