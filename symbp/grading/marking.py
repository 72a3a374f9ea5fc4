"""One submission judged: a row of marks and a page of feedback. Nothing that it does ends more than its own row."""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from symbp.derivation import Derivation, derive
from symbp.errors import SymbpError
from symbp.grading.submissions import Submission
from symbp.judging.data import judge_data, load
from symbp.judging.diagnosis.diagnose import RATHER
from symbp.judging.diagnosis.diagnosis import Mark
from symbp.judging.explicit import Said
from symbp.judging.judging import How, Judged, judge_file
from symbp.judging.process import TimeLimitError
from symbp.pages.page import Page
from symbp.pages.tell.verdict import headline, verdict_page
from symbp.pages.words import language
from symbp.writing.formats import format_named
from symbp.writing.render import page_text
from symbp.writing.setting import Setting
from symbp.writing.text import words_text

PATIENCE = 4
"""How many times longer what took too long may take when it is tried again: other work may have been in its way."""

NOT_JUDGED = "not judged"
FORMAT = "gfm"
"""The format of feedback."""

FINE = (Mark.RIGHT, Mark.CARRIED)
"""Marks of gradients that are right, or right given an earlier mistake of their own."""

_FILE = re.compile(r"([^\s:,]+\.\w+)(?:, line (\d+)|: line (\d+))?: ")
_PLACE = re.compile(r"([^\s:]+\.py:\d+)")


@dataclass(frozen=True)
class Row:
    """The marks of a submission.

    ``verdict`` is right, right up to a scale, wrong, incomplete or not judged; ``right`` of ``of`` gradients are right,
    ``carried`` right given an earlier mistake of their own; ``mistake`` is the first, ``where`` its line, ``gradient``
    the first that is wrong; ``marks`` has a word for each gradient.
    """

    file: str
    verdict: str
    right: int = 0
    carried: int = 0
    of: int = 0
    mistake: str = ""
    where: str = ""
    gradient: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @property
    def is_judged(self) -> bool:
        """Whether there is a verdict."""
        return self.verdict != NOT_JUDGED


@dataclass(frozen=True)
class Marked:
    """A row with its page of feedback."""

    row: Row
    feedback: str


def mark(submission: Submission) -> Marked:
    """Judge a submission in an empty folder and a guarded process of its own."""
    try:
        if submission.problem:
            raise SymbpError(submission.problem)
        judged = _patiently(submission)
    except SymbpError as error:
        return not_judged(submission, str(error))
    except Exception as error:  # A crash of ours is a row as well: the others have a right to theirs.
        return not_judged(submission, f"internal error: {type(error).__name__}: {error}")
    derivation = _derivation(submission.network)
    row = replace(_row(submission, judged, derivation), digest=submission.digest)
    return Marked(row, feedback(verdict_page(judged, command=f"symbp check {submission.file}")))


def ended(submission: Submission) -> Marked:
    """Return the row of a submission that ended every process that judged it."""
    marked = not_judged(submission, "".join(map(str, language()("grade.ended"))))
    return replace(marked, row=replace(marked.row, digest=""))  # It is tried again when the table is gone on with.


def not_judged(submission: Submission, why: str) -> Marked:
    """Return the row of a submission that could not be judged, and why as its feedback."""
    place = _FILE.match(why)
    name, line = (place[1], place[2] or place[3]) if place else ("", "")
    where = f"{name}:{line}" if line else ""
    mistake = _line(why[place.end() :] if place else why)
    row = Row(submission.file, NOT_JUDGED, mistake=mistake, where=where, digest=submission.digest)
    return Marked(row, feedback(Page((f"{NOT_JUDGED}: {why}",), (), (), command=f"symbp check {submission.file}")))


def feedback(page: Page) -> str:
    """Return a page of feedback as its file has it."""
    return page_text(page, format_named(FORMAT), Setting())


@lru_cache(maxsize=4)
def _derivation(network: bytes) -> Derivation:
    return derive(pickle.loads(network))


def _patiently(submission: Submission) -> Judged:
    """Judge a submission; where it takes too long, once more with time enough for a machine that has much to do.

    Raises:
        TimeLimitError: it takes too long again; the limit is that which was asked for.
    """
    try:
        return _judged(submission)
    except TimeLimitError as error:
        longer = replace(submission.settings, timeout=PATIENCE * submission.settings.timeout)
        try:
            return _judged(replace(submission, settings=longer))
        except TimeLimitError:
            raise error from None


def _judged(submission: Submission) -> Judged:
    derivation, settings = _derivation(submission.network), submission.settings
    rows, reduction = settings.rows, settings.reduction
    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as name:
        place = Path(name, Path(submission.file).name)
        place.write_bytes(submission.source)
        if place.suffix.lower() != ".py":
            return judge_data(derivation, load(place), place.name, rows=rows, reduction=reduction)
        return judge_file(
            derivation, place, settings.function,
            rows=rows, timeout=settings.timeout, seed=settings.seed, reduction=reduction,
            how=How(None if settings.call is None else Said.of(settings.call)),
        )  # fmt: skip


def _row(submission: Submission, judged: Judged, derivation: Derivation) -> Row:
    rows = {each.name: each for each in judged.diagnosis.rows}
    names = [each.name for each in derivation.wrt]
    marks = {name: str(rows[name].mark) if name in rows else str(Mark.MISSING) for name in names}
    right, carried = (sum(marks[name] == each for name in names) for each in FINE)
    verdict = "right up to a scale" if str(judged.diagnosis.verdict) == "scaled" else str(judged.diagnosis.verdict)
    wrong = [each.gradient for each in judged.diagnosis.rows if each.mark not in FINE]
    found = judged.diagnosis.findings
    said = found[0].sentence if found else words_text(headline(judged)).partition(": ")[2]
    mistake = "" if judged.right else _line(said.removesuffix(RATHER))
    where = "" if judged.right else next((_where(each.yours) for each in judged.sides), "")
    return Row(submission.file, verdict, right, carried, len(names), mistake, where, wrong[0] if wrong else "", marks)


def _line(text: str) -> str:
    return " ".join(text.split())


def _where(text: str) -> str:
    found = _PLACE.search(text)
    return found[1] if found else ""
