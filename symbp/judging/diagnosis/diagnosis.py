"""What is answered: findings, verdicts, a row a gradient."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from symbp.equations import Equation


class Judgement(StrEnum):
    """What is said of somebody's whole gradient; incomplete: what was given is right, some was not given."""

    RIGHT = "right"
    INCOMPLETE = "incomplete"
    SCALED = "scaled"
    WRONG = "wrong"


class Mark(StrEnum):
    """What is said of one given gradient."""

    RIGHT = "right"
    CARRIED = "right, given yours"
    SCALED = "right up to a scale"
    WRONG = "wrong"
    MISSING = "missing"
    SHAPE = "wrong shape"
    NAN = "not a number"


@dataclass(frozen=True)
class Finding:
    """One cause: the equation of the backward list that was written otherwise, and both versions of it.

    ``kind`` is a row of the table of edits, ``explains`` names the given gradients this accounts for (W1 for dW1).
    """

    kind: str
    equation: str
    sentence: str
    yours: Equation
    right: Equation
    explains: tuple[str, ...] = ()


@dataclass(frozen=True)
class GivenRow:
    """One given gradient: the mark, the digits it agrees to, and a sentence where there is more to say.

    ``name`` is the variable (W1 for dW1), ``called`` the gradient's own name where it has another (δ₁); ``digits``
    compares with ours, None where that makes no sense.
    """

    name: str
    mark: Mark
    digits: float | None = None
    note: str = ""
    called: str = ""

    @property
    def gradient(self) -> str:
        """What the gradient is called."""
        return self.called or f"d{self.name}"


@dataclass(frozen=True)
class Scale:
    """Their gradient is ``value`` times ours; ``text`` names the number ("2", "m", "1/n_L"), ``why`` the convention."""

    value: float
    text: str
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """Whose gradient is right and, where theirs is not, why.

    ``departs`` names the first backward equation whose value departs for a reason that no finding gives.
    """

    verdict: Judgement
    rows: tuple[GivenRow, ...]
    findings: tuple[Finding, ...] = ()
    scale: Scale | None = None
    departs: str | None = None
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as JSON can hold it."""
        return {
            "verdict": str(self.verdict),
            "scale": None
            if self.scale is None
            else {"value": self.scale.value, "text": self.scale.text, "why": self.scale.why},
            "findings": [
                {
                    "kind": finding.kind,
                    "equation": finding.equation,
                    "sentence": finding.sentence,
                    "yours": str(finding.yours),
                    "right": str(finding.right),
                    "explains": list(finding.explains),
                }
                for finding in self.findings
            ],
            "rows": [
                {"name": row.name, "mark": str(row.mark), "digits": row.digits, "note": row.note} for row in self.rows
            ],
            "departs": self.departs,
            "notes": list(self.notes),
        }
