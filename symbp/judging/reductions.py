"""How somebody's loss treats the batch and the outputs: what it is in units of symbp's own, the mean over examples."""

from __future__ import annotations

from collections.abc import Mapping

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.ops.losses import Loss

TORCH: Mapping[str, tuple[float, bool]] = {
    "mse": (2.0, True),
    "mae": (1.0, True),
    "huber": (1.0, True),
    "binary_cross_entropy": (1.0, True),
    "hinge": (1.0, True),
    "cross_entropy": (1.0, False),
}
"""PyTorch's default reduction by loss: times what ours is, and whether the mean is over the n_L outputs as well."""

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
    node = derivation.network.loss_node
    name = node.name if isinstance(node, Loss) else "this loss"
    if name not in TORCH:
        raise SpecError(f"--reduction torch: PyTorch has no {name} to be held to; give mean or sum")
    factor, over_outputs = TORCH[name]
    return factor / outputs if over_outputs else factor
