"""Derived gradients against those that a model of another library has at its own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symbp.numeric.compiled import Compiled
from symbp.sample import Sample

TOLERANCE = 1e-9
"""Largest error of a right gradient, by its own norm."""

NOISE = 1e-12
"""What rounding may leave of a gradient that is zero, by the largest norm of all: of a bias before a normalisation."""


@dataclass(frozen=True)
class Compared:
    """One gradient: its error by the largest norm of all gradients, and whether it is the model's."""

    name: str
    error: float
    right: bool


@dataclass(frozen=True)
class Agreement:
    """Every gradient that a model gave beside the derived one, and the relative error of the loss."""

    rows: tuple[Compared, ...]
    loss: float

    @classmethod
    def of(cls, compiled: Compiled, sample: Sample, names: Sequence[str]) -> Agreement:
        """Run a program at the numbers of a model; ``names`` are the parameters to compare.

        Raises:
            SpecError: the numbers are not what the program takes.
            ShapeError: neither are their shapes.
        """
        import numpy as np

        with np.errstate(all="ignore"):
            loss, gradients = compiled(sample.parameters, sample.x or None, sample.y)
        known = [name for name in names if name in sample.given]
        norms = {name: float(np.linalg.norm(sample.given[name])) for name in known}
        largest = max(filter(math.isfinite, norms.values()), default=0.0) or 1.0
        rows = tuple(_compared(name, gradients[name], sample.given[name], norms[name], largest) for name in known)
        theirs = loss if sample.loss is None else sample.loss
        return cls(rows, abs(loss - theirs) / max(abs(theirs), 1e-300) if loss != theirs else 0.0)

    @property
    def right(self) -> bool:
        """Whether loss and gradients are those of the model."""
        return self.loss <= TOLERANCE and all(each.right for each in self.rows)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The parameters whose gradients differ."""
        return tuple(each.name for each in self.rows if not each.right)

    @property
    def worst(self) -> float:
        """The largest error of a gradient."""
        return max((each.error for each in self.rows), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "agrees": len(self.rows) - len(self.wrong), "of": len(self.rows), "worst": self.worst, "loss": self.loss,
            "wrong": list(self.wrong),
        }  # fmt: skip


def _compared(name: str, ours: Any, theirs: Any, norm: float, largest: float) -> Compared:
    import numpy as np

    if ours.shape != theirs.shape:
        return Compared(name, float("inf"), False)
    error = float(np.linalg.norm(ours - theirs))
    return Compared(name, error / largest, bool(error <= TOLERANCE * norm + NOISE * largest))


CAUSES = {
    "hook": "a hook on {where} changes gradients",
    "function": "{where} has a backward pass of its own",
    "no_grad": "a part runs under torch.no_grad",
    "float32": "a part of it computes in single precision",
}
"""What may make a model's gradients others than those of its forward pass."""

MOST_NAMES = 8
"""Longest list of parameters in a message."""


def disagreement(found: Agreement, sample: Sample) -> str:
    """Return what differs between a derivation and its model, and why where that was seen."""
    seen = [
        CAUSES[each.what].format(where=each.where or "something") + (f" (line {each.line})" if each.line else "")
        for each in sample.remarks
        if each.what in CAUSES
    ]
    why = f": {', '.join(dict.fromkeys(seen))}" if seen else ""
    if not found.wrong:
        return f"the loss of the model is another than that of its equations, by {found.loss:.0e} of it{why}"
    more = len(found.wrong) - MOST_NAMES
    names = ", ".join(found.wrong[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    count = f"{len(found.wrong)} of {len(found.rows)}"
    return (
        f"the model's own gradients of {count} parameters are not those of its forward pass, {names}{why}; "
        "nothing is derived"
    )
