"""The page of an operation alone as a document: the blocks that every page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symbp.report.checked import check_blocks
from symbp.report.lone_parts import LonePage, Part, Told
from symbp.report.page import Block, Checked, Display, Heading, Page, Say, Step, Table
from symbp.report.rich import sentences


def lone_document(page: LonePage) -> Page:
    """Return the page as a document."""
    blocks: list[Block] = [Say(sentences((page.subject, page.layout)))]
    if page.check is not None:
        blocks.append(Checked(page.check.passed, page.check.verdict))
    blocks.append(Table(("symbol", "meaning", "shape"), page.symbols, "lql"))
    for part in page.parts:
        blocks += _part(part)
    if page.check is not None:
        blocks += check_blocks(page.check)
    return Page(page.title, tuple(blocks), page.command)


def _part(part: Part) -> Iterator[Block]:
    yield Heading(part.title)
    yield from _told(part.told)
    for each in part.numbered:
        yield Step(f"({each.number})", each.why)
        yield Display(each.display)
    yield from _told(part.closing)


def _told(told: Iterable[Told]) -> Iterator[Block]:
    for each in told:
        yield Say(each.words)
        if each.lines:
            yield Display(each.display)
