"""What a check found: a verdict a parameter, the runs it rests on, and whether it passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError
from symbp.numeric.agreement import Agreement
from symbp.numeric.data import json_data
from symbp.representation import Represented


class Verdict(StrEnum):
    """What the comparison of a gradient with differences says, from the worst to the best.

    The first two are failures of the gradient. Of the rest only the last proves one: a forward pass that leaves the
    numbers (overflow, undefined), entries that all stand on a kink, a zero of dead units, a zero where the loss does
    not depend on the parameter, and a zero that rounding hides say nothing against a gradient.
    """

    NOT_FINITE = "not finite"
    WRONG = "wrong"
    OVERFLOW = "overflow"
    UNDEFINED = "undefined"
    AT_KINK = "at a kink"
    PROVES_NOTHING = "proves nothing"
    DEAD = "dead units"
    UNUSED = "no influence"
    ZERO = "zero to rounding"
    AGREES = "agrees"


FAILED = (Verdict.NOT_FINITE, Verdict.WRONG)

NO_NUMBERS = (Verdict.OVERFLOW, Verdict.UNDEFINED)
"""The forward pass has no value here: nothing can be compared."""


class Kind(StrEnum):
    """What a gradient is compared with: a column of the page of a check."""

    COMPLEX = "complex step"
    FLOAT = "float64"
    LONG = "long"
    CENTRAL = "central"
    ENGINE = "engine"


class Outcome(StrEnum):
    """What a whole check says: every gradient agrees, one is wrong, or nothing could tell."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Measured:
    """One method for one parameter: the digits its error model expects, and the digits in which both sides agree."""

    method: str
    entries: str
    expected: float
    reached: float
    kind: Kind


@dataclass(frozen=True)
class Row:
    """One parameter: the largest errors over all runs, and the verdict.

    ``absolute`` and ``relative`` are errors in float64 against ``method``; ``relative`` is measured by the size
    of this gradient alone. ``digits`` is the relative error with 50 digits and ``central`` that of central
    differences in float64, which only illustrate; None where that was not computed. ``entries`` says which entries
    were compared: "every entry", "random directions", or "with all others". ``measured`` has every method with the
    digits expected and reached; ``aside`` counts the entries that stand on a kink and were not compared. ``size`` is
    the norm of the gradient, ``where`` the first value of the forward pass that is no finite number.
    """

    name: str
    shape: str
    method: str
    entries: str
    absolute: float
    relative: float
    digits: float | None
    central: float | None
    verdict: Verdict
    note: str = ""
    measured: tuple[Measured, ...] = ()
    aside: int = 0
    size: float | None = None
    where: str = ""

    @property
    def failed(self) -> bool:
        """Whether this gradient is wrong or not a number."""
        return self.verdict in FAILED


@dataclass(frozen=True)
class Run:
    """One set of numbers the equations were executed with.

    ``activations`` and ``loss`` are the stand-ins for what the network leaves open, the activations in turn
    through the layers. ``method`` and ``digits`` say in words how the loss was differenced in float64 and
    with 50 digits or more ("" where it was not); ``precision`` is how many digits those were, 0 for none.
    """

    widths: tuple[int, ...]
    examples: int
    activations: tuple[str, ...]
    loss: str | None
    method: str
    digits: str
    precision: int = 0

    @property
    def standins(self) -> str:
        """The stand-ins as words: ``f = tanh, sigmoid in turn, loss = mse``; empty where none was needed."""
        turn = " in turn" if len(self.activations) > 1 else ""
        functions = [f"f = {', '.join(self.activations)}{turn}"] if self.activations else []
        return ", ".join([*functions, *([f"loss = {self.loss}"] if self.loss else [])])


@dataclass(frozen=True)
class CheckReport(Represented):
    """Every gradient compared with differences of its own forward pass."""

    rows: tuple[Row, ...]
    runs: tuple[Run, ...]
    seed: int
    thorough: bool
    notes: tuple[str, ...] = ()
    given: bool = False
    """Whether it was made at numbers that were given, not drawn."""
    model: Agreement | None = None
    """How the gradients agree with those of the model that the network was made from."""
    counts: tuple[int, ...] = ()
    """How often the networks repeat that stood for one of any depth; nothing for any other."""
    of: Derivation | None = field(default=None, compare=False, repr=False)
    """The derivation that was checked."""

    @property
    def outcome(self) -> Outcome:
        """Failed where a gradient is wrong; passed where none is, the network has numbers, and one is proved right."""
        verdicts = [row.verdict for row in self.rows]
        if any(row.failed for row in self.rows):
            return Outcome.FAILED
        proved = Verdict.AGREES in verdicts or not verdicts
        return Outcome.PASSED if proved and not set(verdicts) & set(NO_NUMBERS) else Outcome.INCONCLUSIVE

    @property
    def passed(self) -> bool:
        """Whether no gradient is wrong and at least one is proved right."""
        return self.outcome is Outcome.PASSED

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the first run."""
        return self.runs[0].widths

    @property
    def batch(self) -> int:
        """The number of examples of the first run."""
        return self.runs[0].examples

    @property
    def standins(self) -> tuple[str, ...]:
        """The stand-ins of every run as words; empty for a network that leaves nothing open."""
        return tuple(dict.fromkeys(run.standins for run in self.runs if run.standins))

    @property
    def relative(self) -> float | None:
        """The largest relative error in float64; None where no gradient was compared."""
        return _largest([row.relative for row in self.rows if row.verdict is not Verdict.ZERO])

    @property
    def digits(self) -> float | None:
        """The largest relative error in long arithmetic; None where that was not computed."""
        return _largest([row.digits for row in self.rows if row.verdict is not Verdict.ZERO])

    @property
    def precision(self) -> str:
        """With how many digits the long arithmetic was done: 50, or more where gradients are small beside the loss."""
        used = sorted({run.precision for run in self.runs if run.precision})
        return "–".join(map(str, dict.fromkeys([*used[:1], *used[-1:]])))

    @property
    def run_notes(self) -> tuple[str, ...]:
        """The notes that say something of the runs, not of what a row says already."""
        return tuple(note for note in self.notes if note not in row_notes(self.rows))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data; what is not a finite number is null."""
        found = {
            "passed": self.passed,
            "outcome": self.outcome,
            "seed": self.seed,
            "thorough": self.thorough,
            "relative": self.relative,
            "digits": self.digits,
            "precision": self.precision,
            "notes": self.notes,
            "runs": [asdict(run) for run in self.runs],
            "rows": [asdict(row) for row in self.rows],
        }
        if self.counts:
            found["counts"] = self.counts
        if self.model is not None:
            found["model"] = self.model.to_dict()
        data: dict[str, Any] = json_data(found)
        return data

    @property
    def why(self) -> str:
        """Why a check that found no wrong gradient proves nothing all the same."""
        verdicts = {row.verdict for row in self.rows}
        return next((words for verdict, words in _NOTHING if verdict in verdicts), _NOTHING[-1][1])

    def raise_if_failed(self) -> None:
        """Raise CheckFailedError with one line that names the worst gradients; do nothing where it passed."""
        if self.passed:
            return
        failed = [row for row in self.rows if row.failed]
        if not failed:
            raise CheckFailedError(f"the check proves nothing: {self.why}")
        named = ", ".join(f"{row.name} ({row.verdict}, relative error {row.relative:.1e})" for row in failed[:4])
        more = f" and {len(failed) - 4} more" if len(failed) > 4 else ""
        raise CheckFailedError(f"{len(failed)} of {len(self.rows)} gradients disagree with differences: {named}{more}")


def row_notes(rows: Sequence[Row]) -> list[str]:
    """Say what a reader must know beside the table."""
    by_verdict = {verdict: [row.name for row in rows if row.verdict is verdict] for verdict in Verdict}
    found = []
    if by_verdict[Verdict.PROVES_NOTHING]:
        found.append(f"{_some(by_verdict[Verdict.PROVES_NOTHING])}: gradient and differences are all zero")
    if by_verdict[Verdict.ZERO]:
        found.append(f"{_some(by_verdict[Verdict.ZERO])}: zero as far as rounding lets one see")
    return [*found, *dict.fromkeys(row.note for row in rows if row.note)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


_NOTHING = (
    (Verdict.OVERFLOW, "the forward pass overflows at these numbers"),
    (Verdict.UNDEFINED, "the forward pass is not a number at these numbers"),
    (Verdict.AT_KINK, "every entry stands on a kink"),
    (Verdict.DEAD, "all units are dead: every gradient and every difference is zero"),
    (Verdict.PROVES_NOTHING, "every gradient and every difference is zero"),
)
"""What to say of a check that proves nothing, by the first verdict that is there."""


def _largest(values: list[float | None]) -> float | None:
    """Return the largest value; one that is not a number counts as the largest."""
    known = [value for value in values if value is not None]
    return max(known, key=lambda value: (value != value, value), default=None)
