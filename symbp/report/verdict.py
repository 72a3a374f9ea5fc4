"""The verdict about somebody's gradient on a terminal: a sentence, both versions side by side, a row a gradient."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.checking.diagnosis.sample import Diagnosis, GivenRow, Judgement, Mark
from symbp.checking.theirs.judging import Judged
from symbp.report.text import shown, table

MOST_NAMES = 6
"""Most gradients that a sentence names."""


def headline(judged: Judged) -> str:
    """Return the verdict as one sentence: what is wrong and what is not."""
    if judged.sentence:
        return judged.sentence
    return HEADLINES[judged.diagnosis.verdict](judged.diagnosis)


def _right(diagnosis: Diagnosis) -> str:
    return f"right: {_agree(diagnosis.rows)}"


def _incomplete(diagnosis: Diagnosis) -> str:
    given = [row for row in diagnosis.rows if row.mark is not Mark.MISSING]
    missing = [row for row in diagnosis.rows if row.mark is Mark.MISSING]
    return f"incomplete: {_agree(given)}, but {_all(missing)} {'is' if len(missing) == 1 else 'are'} missing"


def _agree(rows: Sequence[GivenRow]) -> str:
    digits = [row.digits for row in rows if row.digits is not None]
    least = f" to {min(digits):.0f} digits" if digits else ""
    return f"{_all(rows)} agree{'s' * (len(rows) == 1)}{least}"


def _scaled(diagnosis: Diagnosis) -> str:
    scale = diagnosis.scale
    return f"right up to a scale: yours is {scale.text} times ours; {scale.why}" if scale else "right up to a scale"


def _wrong(diagnosis: Diagnosis) -> str:
    causes = "; ".join(each.sentence.rstrip(".") for each in diagnosis.findings)
    if not causes:
        wrong = [row for row in diagnosis.rows if row.mark not in (Mark.RIGHT, Mark.CARRIED, Mark.MISSING)]
        missing = [row for row in diagnosis.rows if row.mark is Mark.MISSING]
        causes = f"{_all(wrong or missing)} {'is' if len(wrong or missing) == 1 else 'are'} " + (
            "wrong, and no known mistake reproduces the numbers" if wrong else "missing"
        )
    if diagnosis.departs:
        causes += f"; the first equation that departs is that of {diagnosis.departs}"
    return f"wrong: {causes}"


HEADLINES = {
    Judgement.RIGHT: _right,
    Judgement.INCOMPLETE: _incomplete,
    Judgement.SCALED: _scaled,
    Judgement.WRONG: _wrong,
}
"""The sentence of each verdict."""


def _all(rows: Sequence[GivenRow]) -> str:
    names = [f"d{row.name}" for row in rows]
    shown = names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def verdict_text(judged: Judged, *, ascii_only: bool = False) -> str:
    """Return the verdict for a terminal."""
    lines = [f"{judged.source}", f"  {headline(judged)}"]
    for side in judged.sides:
        lines += ["", f"  yours  {side.yours}", f"  right  {side.right}"]
    lines += ["", *table([HEADINGS, *table_rows(judged)])] if judged.diagnosis.rows else []
    said = [*judged.diagnosis.notes, *judged.notes]
    lines += ["", *(f"  {each}" for each in said)] if said else []
    text = "\n".join(line.rstrip() for line in lines)
    return shown(text, ascii_only)


HEADINGS = ("gradient", "digits", "verdict")


def table_rows(judged: Judged) -> list[tuple[str, str, str]]:
    """Return a row a gradient: its name, how many digits agree, the verdict."""
    return [(f"d{row.name}", _digits(row), _said(row)) for row in judged.diagnosis.rows]


def _digits(row: GivenRow) -> str:
    return "-" if row.digits is None else f"{max(row.digits, 0):.0f}"


def _said(row: GivenRow) -> str:
    """Return the mark and the note; what is right given theirs has its whole sentence in the note."""
    if row.mark is Mark.CARRIED and row.note:
        return row.note
    return f"{row.mark}, {row.note}" if row.note else str(row.mark)
