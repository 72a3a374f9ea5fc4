"""Displayed lines as text: relations under each other, parts in columns, conditions and reasons at the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symbp.maths.tree import QUAD, Id, Node, Table, joined, row
from symbp.pages.page import Line
from symbp.writing.boxes import Box, beside, boxed, under
from symbp.writing.breaking import relation, rows_of
from symbp.writing.formula import bare, items_of
from symbp.writing.letters import columns
from symbp.writing.sentences import Setting, plain, sentence, wrapped

GAPS = (5, 4, 3)
"""The space between two parts of a line, the first that fits."""

TOLERANCE = 2
"""How much longer a left side may be than the shortest, to have its relation under that of the others."""

NARROWEST = 24
"""The least columns in which a reason is wrapped."""

LOSS = Id("L", "script")

WIDEST = 1000
"""Wider than any row."""

HANG = 4
"""How far below its line a reason is set in that has no room beside it."""


@dataclass(frozen=True)
class _Set:
    """A line that is laid out: where it ends, what it says at the right."""

    box: Box
    reason: str


def display(lines: Sequence[Line], setting: Setting, room: int, *, explained: bool = False) -> list[str]:
    """Return lines of equations at a width; ``explained`` leaves no reason out.

    Short ones that have nothing to say stand two on a row.
    """
    margin = max((columns(setting.number(line.label)) for line in lines), default=0)
    margin += margin > 0
    rows = list(_rows_of(lines, setting, room - margin))
    cells = _cells(rows, setting, room - margin)
    starts, stacked = _columns(cells, room - margin)
    laid = [
        _Set(
            beside(
                (
                    boxed(setting.number(row_[0].label).ljust(margin)),
                    _packed(found, room - margin) if at in stacked else _placed(found, starts),
                )
            ),
            sentence(row_[-1].reason, setting),
        )
        for at, (row_, found) in enumerate(zip(rows, cells, strict=True))
    ]
    return _with_reasons(laid, room, explained=explained or setting.detail > 2)


def _rows_of(lines: Sequence[Line], setting: Setting, room: int) -> Iterator[tuple[Line, ...]]:
    """Yield the lines that share a row: two short ones of one relation each, without a reason."""
    waiting: tuple[Line, ...] = ()
    for line in lines:
        if waiting and _is_short(waiting[0]) and _is_short(line):
            number = setting.number(line.label)
            width = _width(waiting[0], setting) + GAPS[0] + len(number) + bool(number) + _width(line, setting)
            if width <= room:
                yield (*waiting, line)
                waiting = ()
                continue
        if waiting:
            yield waiting
        waiting = (line,)
    if waiting:
        yield waiting


def _is_short(line: Line) -> bool:
    """Whether a line is one relation with nothing beside it; that of the loss ends what stands above it."""
    if len(line.parts) > 1 or line.where is not None or line.reason:
        return False
    found = relation(line.parts[0])
    return found is not None and bare(found[0]) != LOSS


def _width(line: Line, setting: Setting) -> int:
    """Return how wide the equation of a line is; what is higher than a row does not share one."""
    box = setting.speller.box(line.parts[0])
    return box.width if box.height == 1 else WIDEST


def _cells(rows: Sequence[Sequence[Line]], setting: Setting, room: int) -> list[list[Box]]:
    """Return the parts of each row; in a column relations stand under each other."""
    split = [[(part, relation(part)) for line in row_ for part in line.parts] for row_ in rows]
    lefts = [[None if found is None else setting.speller.box(found[0]) for _, found in row_] for row_ in split]
    across = max(map(len, lefts), default=0)
    aligned = [_aligned([row_[at] for row_ in lefts if at < len(row_)]) for at in range(across)]
    cells = [
        [
            _part(part, None if left is None else left.padded(aligned[at]), found, setting, room)
            for at, ((part, found), left) in enumerate(zip(parts, sides, strict=True))
        ]
        for parts, sides in zip(split, lefts, strict=True)
    ]
    for row_, found_cells in zip(rows, cells, strict=True):
        if len(row_) > 1 and (number := setting.number(row_[-1].label)):
            found_cells[-1] = beside((boxed(f"{number} "), found_cells[-1]))
        found_cells += [setting.speller.box(line.where) for line in row_ if line.where is not None]
    return cells


def _aligned(lefts: Sequence[Box | None]) -> int:
    """Return the width of the left sides of a column; one that is much longer than the others sticks out."""
    widths = [box.width for box in lefts if box is not None]
    return max((width for width in widths if width <= min(widths) + TOLERANCE), default=0)


def _part(part: Node, left: Box | None, found: tuple[Node, Node] | None, setting: Setting, room: int) -> Box:
    """Return one relation; where it is too long, its right side in rows under each other."""
    speller = setting.speller
    if left is None or found is None:
        return under(_rows(part, setting, room))
    sign, *right = items_of(found[1])
    head = beside((left, boxed(" "), speller.box(sign), boxed(" ")))
    body = under(_rows(row(*right), setting, room - head.width))
    if head.width + body.width > room or (head.width > room // 2 and body.height > 1):
        return under([*_rows(row(found[0], sign), setting, room), *_hung(row(*right), setting, room)])
    return beside((head, body))


def _rows(tree: Node, setting: Setting, room: int) -> list[Box]:
    box = setting.speller.box
    whole = box(tree)
    if whole.width <= room:
        return [whole]
    return [box(each) for each in rows_of(tree, room, lambda part: box(part).width)]


def _hung(tree: Node, setting: Setting, room: int) -> list[Box]:
    """Return a right side below its left side; cases that are too wide as lines under each other."""
    table = bare(tree)
    parts = [tree]
    if isinstance(table, Table) and not table.close and setting.speller.box(tree).width > room - HANG:
        parts = [joined(cells, QUAD) for cells in table.rows]
    return [beside((boxed(" " * HANG), box)) for part in parts for box in _rows(part, setting, room - HANG)]


def _packed(line: Sequence[Box], room: int) -> Box:
    """Return the parts of a line that is too wide: as many beside each other as fit."""
    rows: list[Box] = []
    for box in line:
        if rows and rows[-1].width + GAPS[-1] + box.width <= room:
            rows[-1] = beside((rows[-1], boxed(" " * GAPS[-1]), box))
        else:
            rows.append(box)
    return under(rows)


def _columns(cells: Sequence[Sequence[Box]], room: int) -> tuple[list[int], set[int]]:
    """Return where the parts of all lines start, and the lines that are too wide to keep to that."""
    stacked: set[int] = set()
    while True:
        kept = [line for at, line in enumerate(cells) if at not in stacked]
        for gap in GAPS:
            starts = _starts(kept, gap)
            if all(starts[len(line) - 1] + line[-1].width <= room for line in kept if len(line) > 1):
                return starts, stacked
        widest = max((at for at, line in enumerate(cells) if at not in stacked), key=lambda at: _natural(cells[at]))
        stacked.add(widest)


def _natural(line: Sequence[Box]) -> int:
    return sum(box.width for box in line) if len(line) > 1 else 0


def _starts(cells: Sequence[Sequence[Box]], gap: int) -> list[int]:
    starts = [0]
    for at in range(1, max(map(len, cells), default=0)):
        starts.append(max(starts[-1] + line[at - 1].width for line in cells if at < len(line)) + gap)
    return starts


def _placed(line: Sequence[Box], starts: Sequence[int]) -> Box:
    ends = [*starts[1 : len(line)], starts[len(line) - 1] + line[-1].width]
    return beside([box.padded(end - start) for box, start, end in zip(line, starts, ends, strict=False)])


def _with_reasons(laid: Sequence[_Set], room: int, *, explained: bool) -> list[str]:
    """Return lines with their reasons beside them; one that does not fit is left to a page of more detail."""
    column = _reason_column(laid, room)
    lines: list[str] = []
    for line in laid:
        free = room - column
        fits = line.box.width < column and columns(line.reason) <= free
        wraps = explained and line.box.width < column and free >= NARROWEST
        if line.reason and (fits or wraps):
            reason = Box(tuple(wrapped(line.reason, free)))
            lines += beside((line.box.padded(column), reason)).lines
        elif line.reason and explained:
            lines += [*line.box.lines, *(" " * HANG + each for each in wrapped(line.reason, room - HANG))]
        else:
            lines += line.box.lines
    return lines


def _reason_column(laid: Sequence[_Set], room: int) -> int:
    """Return the column at which most reasons fit behind their lines, the leftmost of several."""
    spoken = [(line.box.width + GAPS[-1], columns(plain(line.reason))) for line in laid if line.reason]
    fitting = {column: sum(end <= column and column + length <= room for end, length in spoken) for column, _ in spoken}
    return min(fitting, key=lambda column: (-fitting[column], column), default=room)
