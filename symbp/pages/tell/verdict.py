"""The verdict about somebody's gradient: a sentence, both versions of what is wrong, a row a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.judging.diagnosis.diagnosis import Diagnosis, GivenRow, Judgement, Mark
from symbp.judging.judging import Judged
from symbp.pages.page import Block, Code, Page, Para, Table, Text
from symbp.pages.words import Words, language

MOST_NAMES = 6
"""Most gradients that a sentence names."""

FINE = (Mark.RIGHT, Mark.CARRIED, Mark.MISSING)
"""Marks of gradients that are not wrong by themselves."""


def verdict_page(judged: Judged, *, words: Words | None = None, command: str = "") -> Page:
    """Return the page of a verdict; its title is the verdict."""
    w = words or language()
    blocks = [*_sides(w, judged), *_table(w, judged.diagnosis.rows), *_notes(w, judged)]
    return Page(headline(judged, w), (), tuple(blocks), command=command)


def headline(judged: Judged, words: Words | None = None) -> Text:
    """Return the verdict in a sentence: what is wrong and what is not."""
    w = words or language()
    if judged.sentence:
        return (judged.sentence,)
    return HEADLINES[judged.diagnosis.verdict](w, judged.diagnosis)


def _right(w: Words, diagnosis: Diagnosis) -> Text:
    return w("verdict.right", agree=_agree(w, diagnosis.rows))


def _incomplete(w: Words, diagnosis: Diagnosis) -> Text:
    given = [row for row in diagnosis.rows if row.mark is not Mark.MISSING]
    missing = [row for row in diagnosis.rows if row.mark is Mark.MISSING]
    return w("verdict.incomplete", n=len(missing), agree=_agree(w, given), names=_names(w, missing))


def _agree(w: Words, rows: Sequence[GivenRow]) -> Text:
    digits = [row.digits for row in rows if row.digits is not None]
    if not digits:
        return w("verdict.agree", n=len(rows), names=_names(w, rows))
    return w("verdict.agree_to", n=len(rows), names=_names(w, rows), digits=f"{min(digits):.0f}")


def _scaled(w: Words, diagnosis: Diagnosis) -> Text:
    scale = diagnosis.scale
    return w("verdict.scaled", scale=scale.text, why=scale.why) if scale else w("verdict.some_scale")


def _wrong(w: Words, diagnosis: Diagnosis) -> Text:
    causes = _causes(w, diagnosis)
    if diagnosis.departs:
        return w("verdict.wrong_from", causes=causes, departs=diagnosis.departs)
    return w("verdict.wrong", causes=causes)


def _causes(w: Words, diagnosis: Diagnosis) -> Text:
    """Return what is wrong: the mistakes, or the gradients that no known mistake explains, or what is missing."""
    if diagnosis.findings:
        return ("; ".join(each.sentence.rstrip(".") for each in diagnosis.findings),)
    wrong = [row for row in diagnosis.rows if row.mark not in FINE]
    rows = wrong or [row for row in diagnosis.rows if row.mark is Mark.MISSING]
    return w("verdict.unknown" if wrong else "verdict.missing", n=len(rows), names=_names(w, rows))


HEADLINES = {
    Judgement.RIGHT: _right,
    Judgement.INCOMPLETE: _incomplete,
    Judgement.SCALED: _scaled,
    Judgement.WRONG: _wrong,
}
"""The sentence of each verdict."""


def _names(w: Words, rows: Sequence[GivenRow]) -> Text:
    names: list[str | Text] = [row.gradient for row in rows]
    if len(names) > MOST_NAMES:
        names = [*names[: MOST_NAMES - 1], w("verdict.more", n=len(names) - MOST_NAMES + 1)]
    return w.listed(names) or w("verdict.nothing")


def _sides(w: Words, judged: Judged) -> Iterator[Block]:
    """Yield both versions of every line that is wrong, each under the other."""
    named = [w.template("verdict.yours"), w.template("verdict.ours")]
    wide = max(map(len, named))
    for side in judged.sides:
        texts = zip(named, (side.yours, side.right), strict=True)
        yield Code("\n".join(f"{name:<{wide}}  {text}" for name, text in texts), language="")


def _table(w: Words, rows: Sequence[GivenRow]) -> Iterator[Block]:
    """Yield a row a gradient: its name, how many digits agree, the verdict."""
    if rows:
        head = tuple(w(f"head.{each}") for each in ("gradient", "digits", "verdict"))
        cells = tuple(((row.gradient,), _digits(row), _mark(w, row)) for row in rows)
        yield Table(head, cells, wraps=2, align="lll", wide=True)


def _digits(row: GivenRow) -> Text:
    return ("-" if row.digits is None else f"{max(row.digits, 0):.0f}",)


def _mark(w: Words, row: GivenRow) -> Text:
    """Return the mark and the note; what is right given theirs has its whole sentence in the note."""
    mark = w(f"mark.{row.mark}")
    if not row.note:
        return mark
    return (row.note,) if row.mark is Mark.CARRIED else w("verdict.noted", mark=mark, note=row.note)


def _notes(w: Words, judged: Judged) -> Iterator[Block]:
    """Yield whose gradient was read, unless it stands above, and what was read how."""
    if judged.source not in [side.yours for side in judged.sides]:
        yield Para((judged.source,), title=w("verdict.title.read"))
    for at, note in enumerate((*judged.diagnosis.notes, *judged.notes)):
        yield Para((note,), title=() if at else w("verdict.title.note"))
