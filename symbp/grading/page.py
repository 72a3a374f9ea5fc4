"""The page of a course's grades: counts first, a row a submission, what is most often wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from symbp.grading.marking import NOT_JUDGED, Row
from symbp.judging.diagnosis.diagnosis import Mark
from symbp.pages.page import Block, Page, Para, Table, Text
from symbp.pages.words import Words, language

KEYS = {
    "right": "right", "right up to a scale": "scale", "wrong": "wrong", "incomplete": "incomplete",
    NOT_JUDGED: "unjudged",
}  # fmt: skip
"""The word of each verdict, in the order of the first line."""

LONGEST = 44
"""How long a mistake may be in the table; feedback has the whole of it."""

MOST_NAMES = 6


def grade_page(rows: Sequence[Row], *, words: Words | None = None, command: str = "") -> Page:
    """Return the page of the rows of a course, sorted by name."""
    w = words or language()
    return Page(_title(w, rows), (), (_table(w, rows), *_remarks(w, rows)), "grade", command)


def _title(w: Words, rows: Sequence[Row]) -> Text:
    counts = Counter(row.verdict for row in rows)
    parts = [w(f"grade.{key}", counts[verdict]) for verdict, key in KEYS.items() if counts[verdict]]
    return w("grade.title", total=w("grade.files", len(rows)), parts=_joined(parts))


def _joined(parts: Sequence[Text]) -> Text:
    return tuple(span for at, part in enumerate(parts) for span in ((", ", *part) if at else part))


def _table(w: Words, rows: Sequence[Row]) -> Table:
    head = tuple(w(f"grade.head.{key}") for key in ("file", "right", "mistake", "where"))
    return Table(head, tuple(_cells(w, row) for row in rows), wraps=2, align="llll", wide=True)


def _cells(w: Words, row: Row) -> tuple[Text, ...]:
    share = w("grade.of", right=str(row.right), of=str(row.of)) if row.is_judged else ("-",)
    mistake = row.mistake if len(row.mistake) <= LONGEST else f"{row.mistake[: LONGEST - 1].rstrip()}…"
    where = f"{row.where}   {row.gradient}" if row.where and row.gradient else row.where or row.gradient
    name = Path(row.file).with_suffix("").as_posix()
    return (name,), share, (mistake or row.verdict,), (where,)


def _remarks(w: Words, rows: Sequence[Row]) -> Iterator[Block]:
    carried = {_name(row): [name for name, mark in row.marks.items() if mark == Mark.CARRIED] for row in rows}
    some = [
        w("grade.carried_by", name=name, count=str(len(found)), gradients=", ".join(f"d{each}" for each in found))
        for name, found in carried.items()
        if found
    ]
    if some:
        yield Para(w("grade.carried", names=_joined(some[:MOST_NAMES])))
    wrong = Counter(f"d{name}" for row in rows for name, mark in row.marks.items() if mark == Mark.WRONG)
    gradient, count = wrong.most_common(1)[0] if wrong else ("", 0)
    if count > 1:
        names = [_name(row) for row in rows if row.marks.get(gradient[1:]) == Mark.WRONG]
        yield Para(w("grade.often", gradient=gradient, names=", ".join(names[:MOST_NAMES])))


def _name(row: Row) -> str:
    return Path(row.file).with_suffix("").as_posix()
