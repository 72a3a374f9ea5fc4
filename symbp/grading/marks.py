"""The table of marks: a CSV file, a row a submission, sorted by name; what it holds is not done again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from symbp.errors import SpecError
from symbp.grading.marking import Row

KEYS = ("file", "verdict", "right", "carried", "of", "mistake", "where", "gradient")
LAST = "digest"

FORMULAS = ("=", "+", "-", "@", "\t")
"""What a spreadsheet would compute, were a text to begin with it."""


def table(rows: Iterable[Row], names: Sequence[str]) -> str:
    """Return the CSV of rows, sorted; ``names`` are those of the parameters, a column each."""
    head = _written((*KEYS, *(f"d{name}" for name in names), LAST))
    return head + "".join(line(row, names) for row in sorted(rows, key=lambda each: each.file))


def line(row: Row, names: Sequence[str]) -> str:
    """Return a row as a line of the table."""
    texts = (_safe(str(getattr(row, key))) for key in KEYS)
    return _written((*texts, *(row.marks.get(name, "") for name in names), row.digest))


def _written(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def finished(text: str, place: str) -> dict[str, Row]:
    """Return the rows of a table by file; a line that was not written to its end is left out.

    Raises:
        SpecError: it is no table of marks.
    """
    other = SpecError(f"{place} is no table of marks, whose columns begin with {','.join(KEYS)}: give another file")
    reader = csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))
    try:
        head = next(reader, [])
        if tuple(head[: len(KEYS)]) != KEYS or head[-1:] != [LAST]:
            raise other
        rows = (_row(dict(zip(head, line, strict=True))) for line in reader if len(line) == len(head))
        return {row.file: row for row in rows}
    except (csv.Error, ValueError):
        raise other from None


def _row(cells: Mapping[str, str]) -> Row:
    marks = {name[1:]: cells[name] for name in cells if name not in (*KEYS, LAST) and cells[name]}
    file, verdict, mistake, where, gradient = (
        cells[key].removeprefix("'") for key in ("file", "verdict", "mistake", "where", "gradient")
    )
    right, carried, of = (int(cells[key]) for key in ("right", "carried", "of"))
    return Row(file, verdict, right, carried, of, mistake, where, gradient, marks, cells[LAST])


def _safe(text: str) -> str:
    """Return a text that no spreadsheet computes."""
    return f"'{text}" if text.startswith(FORMULAS) else text
