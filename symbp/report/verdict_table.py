"""The verdict about somebody's gradient as a document of its own: a sentence, both versions, a row a gradient."""

from __future__ import annotations

from symbp.checking.theirs.judging import Judged
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.report.check_table import FORMATS
from symbp.report.formats import MARK, format_named
from symbp.report.page import Block, Page, Say, Step, Table
from symbp.report.rich import Rich, code, rich
from symbp.report.subject import subject
from symbp.report.templates import document_text
from symbp.report.verdict import HEADINGS, headline, table_rows, verdict_text


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
    return document_text(_page(judged, derivation, command), row, standalone=standalone)


def _page(judged: Judged, derivation: Derivation, command: str | None) -> Page:
    """Return the verdict as a document."""
    about = rich("{source} compared with the derived gradients.", source=code(judged.source))
    blocks: list[Block] = [Say(subject(derivation)), Say(about), Step("Verdict:", rich("{s}.", s=headline(judged)))]
    sides = [pair for each in judged.sides for pair in (("yours", each.yours), ("right", each.right))]
    if sides:
        blocks.append(Table(("", "equation"), [(_said(who), (code(text),)) for who, text in sides], "lp"))
    rows = [((code(name),), _said(digits), _said(said)) for name, digits, said in table_rows(judged)]
    if rows:
        blocks.append(Table(HEADINGS, rows, "lrp"))
    notes = (*judged.diagnosis.notes, *judged.notes)
    if notes:
        blocks.append(Say(rich("{notes}.", notes="; ".join(notes))))
    return Page("Verdict on a gradient", tuple(blocks), command)


def _said(words: str) -> Rich:
    return rich("{words}", words=words)
