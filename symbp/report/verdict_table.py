"""The verdict about somebody's gradient as a document of its own: a sentence, both versions, a row a gradient."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.checking.theirs.judging import Judged
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.report.check_table import FORMATS
from symbp.report.desk import Row
from symbp.report.document import subject
from symbp.report.formats import MARK, format_named
from symbp.report.rich import Rich, code, rich
from symbp.report.templates import document_text
from symbp.report.verdict import headline, table_rows, verdict_text


@dataclass(frozen=True)
class VerdictDocument:
    """A verdict before it has a format."""

    title: str
    subject: Rich
    source: str
    about: Rich
    headline: str
    sides: tuple[Row, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    command: str | None
    body: str = "verdict.j2"


def render_verdict(
    judged: Judged, derivation: Derivation, to: str = "gfm", *, standalone: bool = False, command: str | None = None
) -> str:
    """Return a verdict as a table in one format.

    Raises:
        SpecError: an unknown format or one that holds no table.
    """
    row = format_named(to)
    if row.name not in FORMATS:
        raise SpecError(f"a verdict is no {row.name} file: choose from {', '.join(FORMATS)}")
    if row.name == "text":
        return f"{row.comment.format(MARK)}\n\n{verdict_text(judged)}\n"
    pairs = [("yours", each.yours) for each in judged.sides], [("right", each.right) for each in judged.sides]
    sides = [cell for both in zip(*pairs, strict=True) for cell in both]
    content = VerdictDocument(
        "Verdict on a gradient",
        subject(derivation),
        judged.source,
        rich("compared with the derived gradients."),
        headline(judged),
        tuple((rich(who), (code(text),)) for who, text in sides),
        tuple(((code(name),), rich("{d}", d=digits), rich("{s}", s=said)) for name, digits, said in table_rows(judged)),
        (*judged.diagnosis.notes, *judged.notes),
        command,
    )
    return document_text(content, row, standalone=standalone)
