"""How somebody's loss treats the batch and the outputs: what it is in units of symbp's own, the mean over examples."""

from __future__ import annotations

from fractions import Fraction

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.ops.loss_table import rows

REDUCTIONS = ("mean", "sum", "torch")
"""Names of what a loss may be: symbp's mean over the examples, their sum, or PyTorch's default."""


def share(derivation: Derivation, reduction: str, examples: int, outputs: int) -> float:
    """Return their loss divided by ours; gradients have the same factor.

    Raises:
        SpecError: an unknown reduction, or PyTorch has no loss of this name.
    """
    if reduction == "mean":
        return 1.0
    if reduction == "sum":
        return float(examples)
    if reduction != "torch":
        raise SpecError(f"reduction {reduction!r}: give one of {', '.join(REDUCTIONS)}")
    name = derivation.network.loss_name or "this loss"
    row = rows().get(name)
    if row is None:
        raise SpecError(f"--reduction torch: PyTorch has no {name} to be held to; give mean or sum")
    factor = float(1 / Fraction(row.share))
    return factor / outputs if row.per_output else factor
