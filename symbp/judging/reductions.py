"""How somebody's loss treats the batch and the outputs: what it is in units of symbp's own, the mean over examples."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, Rational, S

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.ops.loss_table import rows
from symbp.symbols import BATCH

REDUCTIONS = ("mean", "sum", "torch")
"""Names of what a loss may be: symbp's mean over the examples, their sum, or PyTorch's default."""


def factor(derivation: Derivation, reduction: str) -> Expr:
    """Return their loss of the data divided by ours, in the letters of the network's sizes.

    Raises:
        SpecError: an unknown reduction, or PyTorch has no loss of this name.
    """
    if reduction == "mean":
        return S.One
    if reduction == "sum":
        return BATCH
    if reduction != "torch":
        raise SpecError(f"reduction {reduction!r}: give one of {', '.join(REDUCTIONS)}")
    name = derivation.network.loss_name or "this loss"
    row = rows().get(name)
    if row is None:
        raise SpecError(f"--reduction torch: PyTorch has no {name} to be held to; give mean or sum")
    own = 1 / Rational(str(Fraction(row.share)))
    return own / derivation.network.output.shape[0] if row.per_output else own


def share(derivation: Derivation, reduction: str, examples: int, outputs: int) -> float:
    """Return their loss of the data divided by ours, for so many examples and outputs.

    Raises:
        SpecError: an unknown reduction, or PyTorch has no loss of this name.
    """
    sizes = {BATCH: examples, derivation.network.output.shape[0]: outputs}
    return float(factor(derivation, reduction).subs(sizes))
