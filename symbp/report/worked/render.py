"""A worked example as LaTeX, Markdown, text or data."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from symbp.errors import SpecError
from symbp.numeric.data import json_data
from symbp.report.dialects import ASCII, UNICODE
from symbp.report.notation import notation_named
from symbp.report.page import Block, Display, Heading, Page, Say, Table
from symbp.report.products import TEXT_WIDTH, chunks, latex_width, rows
from symbp.report.templates import TEMPLATES, document_text
from symbp.report.text import said, table
from symbp.report.worked.document import Example, Line, Section, example
from symbp.report.worked.numbers import composed, matrix_width, width_of
from symbp.worked.run import Training, Worked
from symbp.writing.formats import MARK, format_named

FORMATS = ("gfm", "markdown", "latex", "text")
"""What a worked example can be written as."""

MOST_ROWS = 14
"""Lines of text one display may be high, so that a page can hold it."""

_MATRIX = re.compile(r"\\begin\{bmatrix\} (.*?) \\end\{bmatrix\}")


def render_worked(
    worked: Worked,
    to: str = "gfm",
    notation: str = "standard",
    *,
    training: Training | None = None,
    digits: int | None = None,
    show: Sequence[int] | None = None,
    standalone: bool = False,
    width: int = 80,
    ascii_only: bool = False,
    mark: bool = True,
    template_dir: str | None = None,
    command: str | None = None,
) -> str:
    """Return a worked example in one format: gfm, markdown, latex or text.

    Raises:
        SpecError: an unknown format or one that holds no document, notation or layer.
    """
    row, letters = format_named(to), notation_named(notation)
    if row.name not in FORMATS:
        raise SpecError(f"a worked example is no {row.name} file: choose from {', '.join(FORMATS)}")
    is_text = row.name == "text"
    dialect = (ASCII if ascii_only else UNICODE) if is_text else TEMPLATES[row.name].dialect
    content = example(
        worked, letters, dialect, training=training, digits=digits, show=show,
        loss_letter=None if is_text else TEMPLATES[row.name].loss,
        command=command,
    )  # fmt: skip
    if is_text:
        text = "\n".join(_text(content, width))
        return f"{row.comment.format(MARK)}\n\n{text}\n" if mark else f"{text}\n"
    return document_text(_page(content), row, standalone=standalone, template_dir=template_dir)


def _page(content: Example) -> Page:
    """Return the example as a document."""
    blocks: list[Block] = [Say(words) for words in (content.subject, *content.remarks)]
    for section in content.sections:
        blocks += [Heading(section.heading), Say(section.words)]
        if section.rows:
            blocks.append(Table(section.head, section.rows, "r" * len(section.head)))
        blocks += map(Display, _displays(section))
    return Page(content.title, tuple(blocks), content.command)


def worked_data(worked: Worked, training: Training | None) -> dict[str, Any]:
    """Return every number of a worked example as JSON data."""
    loss, gradients = worked.result
    names = [equation.name for equation in worked.derivation.forward.equations[:-1]]
    found: dict[str, Any] = {
        "loss": loss,
        "learning_rate": worked.given.learning_rate,
        "frozen": list(worked.given.frozen),
        "parameters": _lists(worked.given.parameters),
        "forward": _lists({name: worked.numbers[name] for name in names}),
        "backward": _lists({each.name: worked.numbers[each.name] for each in worked.derivation.backward}),
        "gradients": _lists(gradients),
    }
    if worked.given.learning_rate is not None:
        found |= {"updated": _lists(worked.updated), "loss_after": worked.loss_after}
    if training is not None:
        found["training"] = {
            "losses": json_data(training.losses),
            "parameters": _lists(training.parameters),
        }
    return found


def _lists(arrays: Any) -> dict[str, Any]:
    return {name: json_data(array.tolist()) for name, array in arrays.items()}


def _displays(section: Section) -> tuple[str, ...]:
    """Return a section's lines as displays that fit the page."""
    if section.side_by_side:
        cells = [f"{line.left} = {line.rights[0]}" for line in section.lines]
        sized = [
            (rf"{cell}, \quad " if at < len(cells) - 1 else cell, _wide(cell) + 14.0) for at, cell in enumerate(cells)
        ]
        return tuple(row.removesuffix(r", \quad") for row in rows(sized, TEXT_WIDTH, TEXT_WIDTH)) if sized else ()
    found: list[list[str]] = [[]]
    used = 0
    for line in section.lines:
        lines = _latex(line)
        high = sum(_high(each) for each in lines)
        if found[-1] and used + high > MOST_ROWS:
            found.append([])
            used = 0
        found[-1].append(" \\\\[4pt]\n".join(lines))
        used += high
    body = " \\\\[10pt]\n".join
    return tuple(f"\\begin{{aligned}}\n{body(group)}\n\\end{{aligned}}" for group in found if group)


def _latex(line: Line) -> list[str]:
    """Return a line as rows of ``aligned``: one for each equals sign, broken where it is too wide."""
    room = max(TEXT_WIDTH - _wide(line.left) - 24.0, 120.0)
    found = []
    for at, right in enumerate(line.rights):
        sized = [(chunk, _wide(chunk) + 3.0) for chunk in chunks(right)]
        first, *others = rows(sized, room, room - 14.0)
        sign = line.sign if at == 0 else "="
        found += [f"{line.left if at == 0 else ''} &{sign} {first}".strip(), *(rf"&\quad {other}" for other in others)]
    return found


def _wide(text: str) -> float:
    """Estimate the width of a formula with matrices in it: that of a matrix is its columns'."""
    total = latex_width(_MATRIX.sub("", text))
    for match in _MATRIX.finditer(text):
        table = [row.split(" & ") for row in match[1].split(r" \\ ")]
        total += matrix_width(table)
    return total


def _high(text: str) -> int:
    return max([1, *(match[1].count(r"\\") + 1 for match in _MATRIX.finditer(text))])


def _text(content: Example, width: int) -> list[str]:
    """Return the example as lines of text."""
    network = said(content.subject)
    opening = f"{content.title}: {network[:1].lower()}{network[1:]}"
    lines = textwrap.wrap(opening, width, subsequent_indent="  ")
    for remark in content.remarks:
        lines += textwrap.wrap(said(remark), width)
    for section in content.sections:
        lines += ["", section.heading, ""]
        if section.words:
            lines += [*textwrap.wrap(said(section.words), width - 2, initial_indent="  ", subsequent_indent="  "), ""]
        lines += _text_table(section)
        lines += _text_lines(section, content, width)
    return lines


def _text_table(section: Section) -> list[str]:
    if not section.rows:
        return []
    rows = [section.head, *(tuple(said(cell) for cell in row) for row in section.rows)]
    return [*table(rows, align=">"), ""]


def _text_lines(section: Section, content: Example, width: int) -> list[str]:
    grids = content.numeral.grids
    if section.side_by_side:
        cells = [f"{line.left} = {line.rights[0]}" for line in section.lines]
        found, row = [], ""
        for cell in cells:
            longer = f"{row}    {cell}" if row else f"  {cell}"
            if row and width_of(longer, grids) > width:
                found += _spread(row, grids)
                longer = f"  {cell}"
            row = longer
        return [*found, *(_spread(row, grids) if row else [])]
    return [each for line in section.lines for each in _text_line(line, grids, width)]


def _text_line(line: Line, grids: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return one equation: each step of it a row, broken at spaces where it is too wide."""
    left = line.left
    found: list[str] = []
    for at, right in enumerate(line.rights):
        start = f"  {left if at == 0 else ' ' * len(left)} {line.sign if at == 0 else '=':>{len(line.sign)}} "
        row = start
        for word in right.split(" "):
            longer = f"{row}{'' if row in (start, ' ' * (len(start) + 2)) else ' '}{word}"
            if row.strip() and row != start and width_of(longer, grids) > width:
                found += _spread(row, grids)
                longer = " " * (len(start) + 2) + word
            row = longer
        found += _spread(row, grids)
    return [*found, ""] if found and found[-1] else found


def _spread(row: str, grids: Sequence[Sequence[str]]) -> list[str]:
    """Return a row composed, with an empty line behind it where it is higher than one."""
    lines = composed(row, grids)
    return [*lines, ""] if len(lines) > 1 else lines
