"""grade(network, folder, csv): every submission judged, by processes here, by a cluster, or by anybody's executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from symbp.derivation import derive
from symbp.errors import OutputError
from symbp.executors import shared
from symbp.grading import marks
from symbp.grading.marking import Marked, Row, ended, mark
from symbp.grading.submissions import Settings, Submission, submissions
from symbp.inputs import read_regular
from symbp.judging.cases import require_concrete
from symbp.judging.explicit import Said
from symbp.limits import MAX_TABLE
from symbp.networks.network import Network
from symbp.writing.files import require_replaceable, write_bytes

FEEDBACK = "feedback"
"""The folder beside the table that has the pages."""

Watch = Callable[[int, int, Row | None], None]
"""Told how many of how many are done, and the last row."""


@dataclass(frozen=True)
class Grades:
    """What was found: a row a submission, sorted by name, and the files that hold it.

    ``kept`` says how many rows an earlier run had, ``pages`` where the feedback is.
    """

    rows: tuple[Row, ...]
    csv: Path
    pages: Path
    kept: int = 0

    @property
    def judged(self) -> bool:
        """Whether every submission has a verdict."""
        return all(row.is_judged for row in self.rows)


def grade(
    network: Network,
    folder: str | Path,
    csv: str | Path,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    only: Sequence[str] = (),
    settings: Settings | None = None,
    watch: Watch = lambda done, of, row: None,
) -> Grades:
    """Judge every submission of a folder: a row each in ``csv``, a page each in the folder feedback beside it.

    Each runs in a guarded process and an empty folder of its own, with limits; what it does is its row alone. ``jobs``
    processes here share the work, or the workers of an ``executor`` (concurrent.futures, or a Dask client's
    ``get_executor()``): the table is the same byte for byte. What it holds already, of the same bytes, is
    not done again.

    Raises:
        SpecError: no submissions, a network that leaves something open, or a call that is none.
        OutputError: a file that may not be written.
    """
    derivation = derive(network)
    require_concrete(derivation)
    if settings is not None and settings.call is not None:
        Said.of(settings.call)
    names = [each.name for each in derivation.wrt]
    place = Path(csv)
    found = submissions(Path(folder), network, settings or Settings(), only)
    table = _Table(place, place.parent / FEEDBACK, names)
    todo = [each for each in found if not table.has(each)]
    kept = len(found) - len(todo)
    watch(kept, len(found), None)
    for done, marked in enumerate(shared(mark, todo, jobs=jobs, executor=executor, ended=ended), kept + 1):
        table.add(marked)
        watch(done, len(found), marked.row)
    table.save()
    return Grades(tuple(table.rows[each.file] for each in found), place, table.pages, kept)


class _Table:
    """The rows that there are, each written as soon as it is known."""

    def __init__(self, place: Path, pages: Path, names: Sequence[str]) -> None:
        self.place, self.pages, self.names = place, pages, names
        self.rows: dict[str, Row] = {}
        if place.exists():
            try:
                self.rows = marks.finished(read_regular(place, MAX_TABLE).decode("utf-8"), str(place))
            except UnicodeDecodeError:
                raise OutputError(f"cannot read {place}: not a text file") from None
        else:
            require_replaceable(place, False)
        self.save()

    def has(self, submission: Submission) -> bool:
        """Whether an earlier run has the marks of a submission, and its page."""
        row = self.rows.get(submission.file)
        return row is not None and row.digest == submission.digest and self._page(row).exists()

    def add(self, marked: Marked) -> None:
        """Write a page of feedback, then the table with its row."""
        self.rows[marked.row.file] = marked.row
        page = self._page(marked.row)
        page.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(page, marked.feedback.encode())
        try:
            with self.place.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(marks.line(marked.row, self.names))
        except OSError as error:
            raise OutputError(error.errno, f"cannot write {self.place}: {error.strerror or error}") from None

    def save(self) -> None:
        """Write the table sorted, whole or not at all."""
        self.place.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self.place, marks.table(self.rows.values(), self.names).encode(), force=True)

    def _page(self, row: Row) -> Path:
        return self.pages / Path(row.file).with_suffix(".md")
