"""The verdict of the numeric check in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.checking.models import FLOAT, LONG, steady_digits
from symbp.checking.report import CheckReport
from symbp.maths.tree import Node
from symbp.pages.page import Text, Verdict
from symbp.pages.words import Words

MOST_NAMES, MOST_WIDTHS = 6, 9
"""Longest lists of parameters and of widths written out."""


def checked(words: Words, report: CheckReport, depths: Node | None = None) -> Verdict:
    """Return what the check found: how many digits, with which numbers; ``depths`` are those of the networks."""
    text = _passed(words, report, depths) if report.passed else _failed(words, report)
    return Verdict(report.passed, text, title=words("section.checked"))


def _failed(words: Words, report: CheckReport) -> Text:
    failed = [row.name for row in report.rows if row.failed]
    if not failed:
        return words("checked.nothing", why=report.why)
    names = ", ".join([*failed[:MOST_NAMES], *["…"] * (len(failed) > MOST_NAMES)])
    return words("checked.failed", n=len(failed), total=len(report.rows), names=names)


def _passed(words: Words, report: CheckReport, depths: Node | None) -> Text:
    found = words("checked.agree", n=len(report.rows))
    if depths is not None:
        found += words("checked.for", depths=depths)
    if report.relative is not None:
        found += words("checked.digits", float=str(steady_digits(report.relative, FLOAT)))
    if report.digits is not None:
        found += words("checked.long", long=str(steady_digits(report.digits, LONG)), precision=report.precision)
    settings = [each for each in _settings(words, report) if each]
    said = tuple(span for at, each in enumerate(settings) for span in (("; ", *each) if at else each))
    return words("checked.with", first=found, settings=said) if settings else words("checked.plain", first=found)


def _settings(words: Words, report: CheckReport) -> Iterator[Text]:
    if report.standins:
        first, *others = report.standins
        yield words("checked.standins_more" if others else "checked.standins", runs=first)
    run = report.runs[0] if report.runs else None
    if run is not None and run.widths:
        yield words("checked.widths", widths=ends(run.widths))
        if run.examples > 1:
            yield words("checked.examples", n=run.examples)
    yield drawn(words, report)


def drawn(words: Words, report: CheckReport) -> Text:
    """Return where the numbers come from."""
    return words("checked.given") if report.given else words("checked.seed", seed=str(report.seed))


def ends(widths: Sequence[int]) -> str:
    """Return a list of widths; of a long one both ends."""
    texts = [str(width) for width in widths]
    return ", ".join(texts if len(texts) <= MOST_WIDTHS else [*texts[:3], "…", texts[-1]])
