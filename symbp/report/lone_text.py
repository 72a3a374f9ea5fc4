"""The page of an operation alone for a terminal, and one equation of it alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.errors import SpecError, nearest
from symbp.report.checked import check_text
from symbp.report.dialects import ASCII, LATEX, UNICODE
from symbp.report.layout import aligned, line
from symbp.report.lone import Sheet, displayed, lone_page
from symbp.report.lone_parts import Numbered, Part, Told
from symbp.report.rich import Rich
from symbp.report.text import INDENT, said, shown
from symbp.writing.formats import Format

NUMBER = "  ({})  "
"""What stands in front of a numbered line."""

TEXT_FORMATS = ("text", "numpy")

CONTINUED = r"&\quad"
"""What begins a row that continues an equation."""

WIDEST = 10_000
"""One equation alone is one line."""


def lone_text(derivation: Derivation, check: Any = None, *, ascii_only: bool = False, width: int = 80) -> str:
    """Return the page of an operation alone for a terminal: what it computes, the numbered lines, the check.

    What is set in LaTeX only (index forms) is left to the documents.
    """
    dialect = ASCII if ascii_only else UNICODE
    page = lone_page(derivation, dialect, check)
    blocks = [[page.title, *_words(page.subject, width)], _words(page.layout, width)]
    for part in page.parts:
        blocks += _part(part, width)
    blocks.append([row for sign, about, _ in page.operators for row in _sign(sign, about, width)])
    if check is not None:
        blocks.append(check_text(check, ascii_only=ascii_only).splitlines())
    text = "\n\n".join("\n".join(each.rstrip() for each in block) for block in blocks if block) + "\n"
    return shown(text, ascii_only)


def _part(part: Part, width: int) -> Iterable[list[str]]:
    """Yield the blocks of a part; one that begins with LaTeX has none."""
    told = [each for each in part.told if each.is_plain]
    if part.told and not part.told[0].is_plain:
        return
    yield [f"{INDENT}{part.title}"]
    for each in told:
        yield _told(each, width)
    yield from (_numbered(each, width) for each in part.numbered)
    yield from (_told(each, width) for each in part.closing if each.is_plain)


def _told(told: Told, width: int) -> list[str]:
    return [*_words(told.words, width), *_equations(told.lines, "    ", width)]


def _numbered(numbered: Numbered, width: int) -> list[str]:
    start = NUMBER.format(numbered.number)
    lines = _equations(numbered.lines, " " * len(start), width)
    lines[0] = start + lines[0].lstrip()
    return [*lines, *(f"{' ' * len(start)}{each}" for each in textwrap.wrap(said(numbered.why), width - len(start)))]


def _equations(lines: Iterable[str], indent: str, width: int) -> list[str]:
    """Return equations as lines of a terminal: rows that continue one are joined to it, then broken at spaces."""
    whole: list[str] = []
    for each in lines:
        if each.startswith(CONTINUED):
            whole[-1] += " " + each.removeprefix(CONTINUED).strip()
        else:
            whole.append(each.replace("&", ""))
    further = indent + " " * 4
    return [
        row
        for each in whole
        for row in textwrap.wrap(each, width, initial_indent=indent, subsequent_indent=further, break_long_words=False)
    ]


def _words(sentence: Rich, width: int) -> list[str]:
    return textwrap.wrap(said(sentence), width, initial_indent=INDENT, subsequent_indent=INDENT)


def _sign(sign: Rich, about: Rich, width: int) -> list[str]:
    text = f"{said(sign)}: {said(about)}"
    return textwrap.wrap(text, width, initial_indent="    ", subsequent_indent=" " * 8)


def only_displayed(derivation: Derivation, name: str, row: Format) -> str:
    """Return one displayed equation, by the name of its left side or of the matrix whose gradient it is; or a pass.

    Raises:
        SpecError: no equation of this name; the message suggests the nearest.
    """
    in_text = row.name in TEXT_FORMATS
    sheet = Sheet(derivation, UNICODE if in_text else LATEX)
    lines = [each for equation in _found(sheet, name) for each in line(*sheet.equation(equation))]
    if in_text:
        return "\n".join(_equations(lines, "", WIDEST)) + "\n"
    return row.wrap.format(aligned(lines)) + "\n"


def _found(sheet: Sheet, name: str) -> list[Equation]:
    lists = {"forward": sheet.forward, "backward": sheet.backward}
    if name in lists:
        return list(lists[name])
    known = displayed(sheet)
    own = {each.name for each in sheet.derivation.wrt}
    name = name.replace("_", "") if name not in known and name.replace("_", "") in own else name  # W_i, as printed
    key = f"d{name}" if name in own else name
    if key not in known:
        raise SpecError(f"no equation named {name[:40]!r}{nearest(name[:40], [*lists, *known])}")
    return [known[key]]
