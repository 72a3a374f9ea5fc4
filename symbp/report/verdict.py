"""The verdict about somebody's gradient on a terminal: a sentence, both versions side by side, a row a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.checking.diagnosis.sample import Diagnosis, Finding, GivenRow, Judgement, Mark
from symbp.checking.theirs.judging import Judged


def headline(diagnosis: Diagnosis) -> str:
    """Return the verdict as one sentence: what is wrong and what is not."""
    names = [f"d{row.name}" for row in diagnosis.rows if row.mark not in (Mark.RIGHT, Mark.CARRIED)]
    if diagnosis.verdict is Judgement.RIGHT:
        digits = [row.digits for row in diagnosis.rows if row.digits is not None]
        least = f", to {min(digits):.0f} digits and more" if digits else ""
        return f"right: {_all([f'd{row.name}' for row in diagnosis.rows])} agree{'s' * (len(diagnosis.rows) == 1)}{least}"
    if diagnosis.verdict is Judgement.SCALED and diagnosis.scale is not None:
        return f"right up to a scale: yours is {diagnosis.scale.text} times ours; {diagnosis.scale.why}"
    causes = "; ".join(_cause(each) for each in diagnosis.findings)
    if not causes:
        departs = f": the first that departs is {diagnosis.departs}" if diagnosis.departs else ""
        causes = f"{_all(names)} {'is' if len(names) == 1 else 'are'} wrong, and no single mistake explains it{departs}"
    elif diagnosis.departs:
        causes += f"; beyond that {diagnosis.departs} departs for a reason that no single mistake explains"
    rest = [row for row in diagnosis.rows if row.mark in (Mark.RIGHT, Mark.CARRIED)]
    explained = {name for finding in diagnosis.findings for name in finding.explains}
    alone = len(rest) + len(explained) >= len(diagnosis.rows) and len(diagnosis.rows) > 1 and rest
    return f"{causes}{'; everything else is right' if alone else ''}"


def _cause(finding: Finding) -> str:
    return finding.sentence.rstrip(".")


def _all(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def verdict_text(judged: Judged, *, ascii_only: bool = False) -> str:
    """Return the verdict for a terminal."""
    diagnosis = judged.diagnosis
    lines = [f"{judged.source}: {judged.sentence or headline(diagnosis)}"]
    lines += _sides([(each.yours, each.right) for each in judged.sides] or _equations(diagnosis.findings))
    lines += ["", *_table(diagnosis.rows)] if diagnosis.rows else []
    said = [*diagnosis.notes, *judged.notes]
    lines += ["", *(f"  {each}" for each in said)] if said else []
    text = "\n".join(line.rstrip() for line in lines)
    return text.replace("⊙", "*").replace("−", "-").replace("×", "x") if ascii_only else text


def _equations(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(str(finding.yours), str(finding.right)) for finding in findings]


def _sides(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for yours, right in pairs:
        yield ""
        yield f"  yours  {yours}"
        yield f"  right  {right}"


def _table(rows: Sequence[GivenRow]) -> Iterator[str]:
    cells = [("gradient", "digits", "verdict"), *((f"d{row.name}", _digits(row), _said(row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for each in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True))


def _digits(row: GivenRow) -> str:
    return "-" if row.digits is None else f"{max(row.digits, 0):.0f}"


def _said(row: GivenRow) -> str:
    return f"{row.mark}, {row.note}" if row.note else str(row.mark)
