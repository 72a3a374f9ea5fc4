"""The tables of losses, one row each: ℓ(a, y) of one output and its target, or lines of equations.

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

    ``make`` writes ℓ, ∂ℓ/∂a and its kinks with the names of ``symbp.ops.letters``; ``targets`` is real, count (0, 1,
    2 …), binary (0 or 1), sign (−1 or 1) or one_hot; ``torch`` is what PyTorch calls it, if it has it, and its value
    here is ``share`` times that, and times the number of outputs where ``per_output``; ``link``
    names the output activation that belongs to it; ``unit_outputs`` says that outputs must lie between 0 and 1.
    ``numbers`` are parameters with what stands for them unless somebody says, above 0 and ``below`` a bound.
    """

    name: str
    make: Callable[[Any], LossFormula]
    targets: str
    torch: str = ""
    share: str = "1"
    per_output: bool = True
    link: str | None = None
    unit_outputs: bool = False
    aliases: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    below: str = ""

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
        "mse",
        lambda s: s.LossFormula(s.e**2 / 2, s.e),
        "real",
        "MSELoss",
        "1/2",
        aliases=("squared_error", "l2"),
    ),
    LossRow(
        "mae",
        lambda s: s.LossFormula(s.Abs(s.e), s.sign(s.e), (s.e,)),
        "real",
        "L1Loss",
        aliases=("l1", "absolute_error"),
    ),
    LossRow(
        "huber",
        lambda s: s.LossFormula(
            s.Piecewise((s.e**2 / 2, s.Abs(s.e) <= s.delta), (s.delta * (s.Abs(s.e) - s.delta / 2), True)),
            s.Piecewise((s.e, s.Abs(s.e) <= s.delta), (s.delta * s.sign(s.e), True)),
        ),
        "real",
        "HuberLoss",
        numbers=(("delta", "1"),),
        aliases=("smooth_l1",),
    ),
    LossRow(
        "log_cosh",
        lambda s: s.LossFormula(s.softplus(2 * s.e) - s.e - s.log(2), s.tanh(s.e)),
        "real",
        aliases=("logcosh",),
    ),
    LossRow(
        "binary_cross_entropy",
        lambda s: s.LossFormula(
            -s.y * s.log(s.a) - (1 - s.y) * s.log(1 - s.a),
            (1 - s.y) / (1 - s.a) - s.y / s.a,
        ),
        "binary",
        "BCELoss",
        link="sigmoid",
        unit_outputs=True,
        aliases=("bce", "logistic_loss"),
    ),
    LossRow(
        "cross_entropy",
        lambda s: s.LossFormula(-s.y * s.log(s.a), -s.y / s.a),
        "one_hot",
        "CrossEntropyLoss",
        per_output=False,
        link="softmax",
        unit_outputs=True,
        aliases=("ce", "categorical_cross_entropy", "crossentropy", "xent"),
    ),
    LossRow(
        "hinge",
        lambda s: s.LossFormula(s.relu(1 - s.y * s.a), -s.y * s.step(1 - s.y * s.a), (1 - s.y * s.a,)),
        "sign",
    ),
    LossRow(
        "focal",
        lambda s: s.LossFormula(
            -s.y * (1 - s.a) ** s.gamma * s.log(s.a),
            s.y * (s.gamma * (1 - s.a) ** (s.gamma - 1) * s.log(s.a) - (1 - s.a) ** s.gamma / s.a),
        ),
        "one_hot",
        per_output=False,
        link="softmax",
        unit_outputs=True,
        numbers=(("gamma", "2"),),
        aliases=("focal_loss",),
    ),
    LossRow(
        "binary_focal",
        lambda s: s.LossFormula(
            -s.y * (1 - s.a) ** s.gamma * s.log(s.a) - (1 - s.y) * s.a**s.gamma * s.log(1 - s.a),
            s.y * (s.gamma * (1 - s.a) ** (s.gamma - 1) * s.log(s.a) - (1 - s.a) ** s.gamma / s.a)
            - (1 - s.y) * (s.gamma * s.a ** (s.gamma - 1) * s.log(1 - s.a) - s.a**s.gamma / (1 - s.a)),
        ),
        "binary",
        link="sigmoid",
        unit_outputs=True,
        numbers=(("gamma", "2"),),
        aliases=("sigmoid_focal",),
    ),
    LossRow(
        "poisson",
        lambda s: s.LossFormula(s.exp(s.a) - s.y * s.a, s.exp(s.a) - s.y),
        "count",
        "PoissonNLLLoss",
        aliases=("poisson_nll",),
    ),
    LossRow(
        "pinball",
        lambda s: s.LossFormula(
            s.cases(s.e, (1 - s.tau) * s.e, -s.tau * s.e),
            s.Piecewise((1 - s.tau, s.e > 0), (-s.tau, s.e < 0), (0, True)),
            (s.e,),
        ),
        "real",
        numbers=(("tau", "0.5"),),
        below="1",
        aliases=("quantile", "check_loss"),
    ),
    LossRow(
        "kl",
        lambda s: s.LossFormula(s.y * s.log(s.y) - s.y * s.log(s.a), -s.y / s.a),
        "one_hot",
        "KLDivLoss",
        link="softmax",
        unit_outputs=True,
        aliases=("kl_div", "kullback_leibler"),
    ),
)


@dataclass(frozen=True)
class WrittenLoss:
    """A loss written in the language of equations, each line over the operands, the numbers and the lines before.

    ``operands`` are letters with the shapes that they must have in common, ``n m`` unless said; the last line is the
    loss. ``share``, ``per_output`` and ``torch`` are as those of a ``LossRow``; ``numbers`` are names with what stands
    for them unless somebody says.
    """

    name: str
    lines: tuple[str, ...]
    about: str
    torch: str = ""
    per_output: bool = False
    share: str = "1"
    operands: tuple[str, ...] = ("A", "Y")
    numbers: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


_WRITTEN = (
    WrittenLoss(
        "multi_class_hinge",
        ("S = sum(Y * A, axis=0)", "loss = sum((1 - Y) * relu(margin + A - S)) / m"),
        "one-hot targets",
        "MultiMarginLoss",
        per_output=True,
        numbers=(("margin", "1"),),
        aliases=("multi_margin", "multiclass_hinge"),
    ),
    WrittenLoss(
        "gaussian_nll",
        ("loss = sum(log(V) + (A - Y)**2 / V) / (2 * m)",),
        "real targets; V the variances",
        "GaussianNLLLoss",
        per_output=True,
        operands=("A", "Y", "V"),
        aliases=("gaussian", "normal_nll"),
    ),
    WrittenLoss(
        "cosine",
        ("loss = mean(1 - sum(A * Y, axis=0) / (norm(A, axis=0) * norm(Y, axis=0)))",),
        "real targets",
        "CosineEmbeddingLoss",
        aliases=("cosine_distance", "cosine_embedding"),
    ),
    WrittenLoss(
        "triplet_margin",
        ("loss = mean(relu(norm(A - P, axis=0) - norm(A - N, axis=0) + margin))",),
        "an anchor, what is like it and what is not",
        "TripletMarginLoss",
        operands=("A", "P", "N"),
        numbers=(("margin", "1"),),
        aliases=("triplet",),
    ),
    WrittenLoss(
        "info_nce",
        ("S = Y.T @ A / temperature", "loss = mean(logsumexp(S, axis=0)) - trace(S) / m"),
        "every example against the columns of all targets",
        numbers=(("temperature", "1"),),
        aliases=("infonce",),
    ),
)

WRITTEN: dict[str, WrittenLoss] = {row.name: row for row in _WRITTEN}
"""Every loss that is written in equations by name."""

LOSSES: dict[str, LossRow] = {row.name: row for row in _ROWS}
"""Every loss by name."""

LOSS_ALIASES: dict[str, str] = {alias: row.name for row in (*_ROWS, *_WRITTEN) for alias in row.aliases}
"""Other names people type."""


def rows() -> dict[str, LossRow | WrittenLoss]:
    """Return the rows of both tables by name."""
    return {**LOSSES, **WRITTEN}


def written_loss(name: str) -> WrittenLoss | None:
    """Return the row of a loss that is written in equations, by its name or an alias."""
    key = name.lower().replace("-", "_")
    return WRITTEN.get(LOSS_ALIASES.get(key, key))


def loss_row(name: str) -> LossRow:
    """Return the row of a loss by its name or an alias.

    Raises:
        SpecError: no such loss; the message suggests the nearest name.
    """
    key = name.lower().replace("-", "_")
    try:
        return LOSSES[LOSS_ALIASES.get(key, key)]
    except KeyError:
        known = [*LOSSES, *WRITTEN, *LOSS_ALIASES]
        raise SpecError(
            f"unknown loss {name[:60]!r}{nearest(name[:60], known)} "
            "(symbp list losses shows all; or an expression in a and y)"
        ) from None
