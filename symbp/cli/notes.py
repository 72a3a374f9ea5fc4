"""Notes judged where they stand: each equation with its line, as compilers name theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from symbp.cli.console import json_document, say, sentence
from symbp.errors import CheckFailedError, ShapeError, SpecError
from symbp.inputs import read_regular
from symbp.judging.formula import Formulas
from symbp.judging.hands import plain
from symbp.judging.judging import Judged
from symbp.judging.meanings import Entry, Symbol
from symbp.judging.notes import GRADIENT, MARKDOWN, MOST_EQUATIONS, Noted, equations
from symbp.judging.sides import split
from symbp.networks.reading import MAX_LENGTH
from symbp.pages.tell.verdict import headline
from symbp.symbols import Adjoint
from symbp.writing.text import words_text

MOST_BYTES = 64_000_000

UNREAD = "unread"
SIGNS = ("∂", "δ", "∇", "d")
"""What a left side begins with that is meant as a gradient."""


@dataclass(frozen=True)
class Line:
    """What is said of an equation: its line, right, wrong or unread, a sentence, and what would be right if known."""

    line: int
    verdict: str
    said: str
    right: str = ""


def judge_notes(over: Formulas, place: Path, json: bool, command: str) -> int:
    """Judge every equation of notes, and print what is wrong; return 1 where something is, 3 where nothing could be.

    Raises:
        SpecError: the file cannot be read, or has no equation for a gradient.
    """
    found = list(lines(over, place))
    if not found:
        raise SpecError(
            f"{place.name}: no equation whose left side is a gradient of this network; mark one with % symbp: dW1"
        )
    counts = Counter(each.verdict for each in found)
    if json:
        json_document({"file": place.name, "command": command, "equations": [asdict(each) for each in found]})
    else:
        for each in found:
            if each.verdict != "right":
                right = f"; {sentence('notes.instead', right=each.right)}" if each.right else ""
                say(f"{place.name}:{each.line}: {each.said}{right}")
        parts = [sentence(f"notes.{key}", counts[key]) for key in ("right", "wrong", UNREAD) if counts[key]]
        say(
            sentence(
                "notes.total", file=place.name, total=sentence("notes.equations", len(found)), parts=", ".join(parts)
            )
        )
    return 1 if counts["wrong"] else 3 if counts[UNREAD] else 0


def lines(over: Formulas, place: Path) -> Iterator[Line]:
    """Yield what is said of every equation, in the order of the file."""
    text = read_regular(place, MOST_BYTES).decode("utf-8", "replace")
    done = 0
    for each in equations(text, markdown=place.suffix.lower() in MARKDOWN):
        if each.problem:
            yield Line(each.line, UNREAD, sentence("notes.problem", problem=each.problem))
            continue
        formula = wanted(over, each)
        if formula is None:
            continue
        done += 1
        if done > MOST_EQUATIONS:
            yield Line(each.line, UNREAD, sentence("notes.most", most=f"{MOST_EQUATIONS:,}"))
            return
        yield said(over, each, formula)


def wanted(over: Formulas, noted: Noted) -> str | None:
    """Return an equation that is marked, or whose left side is a gradient; None for any other."""
    if noted.mark is not None:
        right = noted.text.partition("=")[2]
        return f"{noted.mark} = {right}" if noted.mark else noted.text
    left = noted.text.partition("=")[0]
    try:
        own = plain(left)[0].strip()
        meaning = over.words.meaning(own) or over.words.entry(own)
    except SpecError:
        return noted.text if GRADIENT.match(left) else None
    if isinstance(meaning, Symbol | Entry):
        return noted.text if isinstance(meaning.of, Adjoint) else None
    return noted.text if own.startswith(SIGNS) and len(own) > 1 else None


def said(over: Formulas, noted: Noted, formula: str) -> Line:
    """Return what is said of one equation."""
    try:
        if len(formula) > MAX_LENGTH:
            raise SpecError(f"it has {len(formula):,} characters; at most {MAX_LENGTH:,} are read")
        judged = over.judge(formula)
    except (SpecError, ShapeError, CheckFailedError) as error:
        return Line(noted.line, UNREAD, sentence("notes.problem", problem=str(error)))
    if judged.right:
        return Line(noted.line, "right", words_text(headline(judged)))
    return Line(noted.line, "wrong", words_text(headline(judged)), _right(judged))


def _right(judged: Judged) -> str:
    """Return the right side that would be right."""
    return split(judged.sides[0].right)[-1] if judged.sides and "=" in judged.sides[0].right else ""
