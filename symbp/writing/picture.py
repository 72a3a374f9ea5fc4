"""The picture of a network as text: values on a rail to the right, errors on one to the left, below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symbp.maths.tree import Id, Node, Row
from symbp.pages.page import Box as Station
from symbp.pages.page import Branch, Picture
from symbp.writing.formula import Speller
from symbp.writing.letters import columns, padded

MOST_ROWS = 2
"""A plain rail that needs more rows than this shows its two ends."""


EMPTY = (Row(()), Id("·"))
"""What stands below a value whose error has no name."""

MOST_BRANCHES, KEPT = 5, 2
"""More rows with branches than the first show so many of both ends."""


@dataclass(frozen=True, slots=True)
class Rail:
    """The signs that a picture is drawn with."""

    dash: str
    right: str
    left: str
    over: tuple[str, str]
    under: tuple[str, str]
    leave_up: str
    leave_down: str
    dots: str


UNICODE = Rail("─", "→", "←", ("┌", "┐"), ("└", "┘"), "┴", "┬", "⋯")
ASCII = Rail("-", ">", "<", ("+", "+"), ("+", "+"), "+", "+", "...")


def picture_text(picture: Picture, *, ascii: bool = False, width: int = 80, errors: bool = True) -> str:
    """Return a picture as text; without ``errors`` one with branches shows its values alone."""
    speller = Speller.of(_trees(picture), ascii=ascii)
    return "\n".join(drawn(picture, speller, width, errors))


def drawn(picture: Picture, speller: Speller, width: int, errors: bool = True) -> list[str]:
    """Return the lines of a picture, in the letters of the page around it."""
    rail = ASCII if speller.alphabet.ascii else UNICODE
    branched = any(isinstance(each, Branch) for each in picture.forward)
    lines = _branched(picture, speller, rail, width, errors) if branched else _plain(picture, speller, rail, width)
    return [line.rstrip() for line in lines]


def _trees(picture: Picture) -> Iterator[Node]:
    for each in (*picture.forward, *picture.backward):
        for station in each.boxes if isinstance(each, Branch) else (each,):
            yield station.value


def _text(speller: Speller, station: Station | Branch | None) -> str:
    if station is None or isinstance(station, Branch) or station.value in EMPTY:
        return ""
    return speller.line(station.value)


def _is_operation(each: Station | Branch) -> bool:
    return isinstance(each, Station) and each.kind == "op"


# One rail without branches: operations stand over its arrows, errors below


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of both rails: what stands over, on, below and under them, and whether a row may end with it."""

    lines: tuple[str, str, str, str]
    end: bool

    @property
    def width(self) -> int:
        return max(map(columns, self.lines))


def _plain(picture: Picture, speller: Speller, rail: Rail, width: int) -> list[str]:
    pieces = _pieces(picture, speller, rail)
    longest = max((piece.width for piece in pieces if not piece.end), default=0)
    even = _pieces(picture, speller, rail, longest - 2)
    pieces = even if _wide(even) <= width else pieces
    rows = _wrapped(pieces, width)
    if len(rows) > MOST_ROWS:
        rows = [_ends(pieces, rail, width)]
    lines: list[str] = []
    for row in rows:
        drawn_row = [line for line in map("".join, zip(*(_four(piece) for piece in row), strict=True)) if line.strip()]
        lines += [""] * bool(lines) + drawn_row
    return lines


def _four(piece: _Piece) -> list[str]:
    return [padded(line, piece.width) for line in piece.lines]


def _pieces(picture: Picture, speller: Speller, rail: Rail, long: int = 3) -> list[_Piece]:
    """Return values and the arrows between them, at least ``long``; both rails of each."""
    below = [*picture.backward, *[None] * (len(picture.forward) - len(picture.backward))]
    names = [(_text(speller, up), _text(speller, down)) for up, down in zip(picture.forward, below, strict=True)]
    errors = (at for at, (_, down) in enumerate(names) if down and not _is_operation(picture.forward[at]))
    first = next(errors, len(names))
    found: list[_Piece] = []
    after_value = False
    for at, (station, (up, down)) in enumerate(zip(picture.forward, names, strict=True)):
        is_value = not _is_operation(station)
        if is_value:
            found += [_arrow("", "", rail, at > first, long)] * after_value
            wide = max(columns(up), columns(down), 1)
            found.append(_Piece(("", padded(up, wide), padded(down, wide), ""), True))
        else:
            found += [_Piece((" ", " ", " ", " "), True)] * (bool(found) and not after_value)
            found.append(_arrow(up, down if at > first else "", rail, at > first, long))
        after_value = is_value
    return found


def _arrow(up: str, down: str, rail: Rail, back: bool, long: int) -> _Piece:
    """Return an arrow with the operation over it and what takes errors back under it."""
    long = max(columns(up) + 1, columns(down) + 1, long)
    forward = rail.dash * (long - 1) + rail.right
    backward = rail.left + rail.dash * (long - 1) if back else ""
    return _Piece(
        (f" {padded(up, long, 'centre')} ", f" {forward} ", f" {backward}", f" {padded(down, long, 'centre')} "), False
    )


def _wrapped(pieces: Sequence[_Piece], width: int) -> list[list[_Piece]]:
    """Return rows that fit; one ends with a value, and the next begins with it."""
    rows: list[list[_Piece]] = [[]]
    waiting: list[_Piece] = []
    for piece in pieces:
        waiting.append(piece)
        if not piece.end and piece is not pieces[-1]:
            continue
        if _wide(rows[-1]) + _wide(waiting) > width and rows[-1]:
            rows.append([rows[-1][-1]])
        rows[-1] += waiting
        waiting = []
    return rows


def _wide(pieces: Sequence[_Piece]) -> int:
    return sum(piece.width for piece in pieces)


def _ends(pieces: Sequence[_Piece], rail: Rail, width: int) -> list[_Piece]:
    """Return as much of both ends as fits, with dots between them."""
    dots = _Piece((" ", f" {rail.dots} ", f" {rail.dots} ", " "), False)
    values = [at for at, piece in enumerate(pieces) if piece.end]
    best: list[_Piece] = [pieces[0], dots, pieces[-1]]
    for kept in range(1, len(values) // 2):
        row = [*pieces[: values[kept] + 1], dots, *pieces[values[-kept - 1] :]]
        if _wide(row) > width:
            break
        best = row
    return best


# Rails with branches: the operations stand on the branch


def _branched(picture: Picture, speller: Speller, rail: Rail, width: int, errors: bool) -> list[str]:
    rows = _BranchRows(speller, rail, width)
    both = [(picture.forward, False)] + [(picture.backward, True)] * (errors and bool(picture.backward))
    across = max(rows.across(stations) for stations, _ in both)
    lines = [line for stations, down in both for line in ["", *rows.lines(stations, down, across)]]
    return lines[1:]


@dataclass(frozen=True, slots=True)
class _BranchRows:
    speller: Speller
    rail: Rail
    width: int

    def across(self, stations: Sequence[Station | Branch]) -> int:
        """Return the width of the widest branch."""
        return max((columns(self._inside(each)) for each in stations if isinstance(each, Branch)), default=0)

    def lines(self, stations: Sequence[Station | Branch], down: bool, across: int) -> list[str]:
        """Return the rows of a rail, each a line for the branch and one for the rail; errors from the loss back."""
        rows = self._rows(stations, down)
        margin = max(columns(_text(self.speller, row[0])) for row in rows)
        for even, indent in ((across, margin), (0, margin), (0, 0)):
            pairs: list[tuple[str, ...]] = [self._row(row, indent, even, down) for row in rows]
            if all(columns(line) <= self.width for pair in pairs for line in pair):
                break
        if len(pairs) > MOST_BRANCHES:
            pairs = [*pairs[:KEPT], (self.rail.dots,), *pairs[-KEPT:]]
        shown = [pair[::-1] for pair in reversed(pairs)] if down else pairs
        return [line for pair in shown for line in pair if line.strip() or len(rows) > 1]

    def _rows(self, stations: Sequence[Station | Branch], down: bool) -> list[list[Station | Branch]]:
        """Return the stations of each row: as many branches as fit, the last value of a row begins the next."""
        shown = [each for each in stations if isinstance(each, Branch) or each.kind != "sum"]
        rows: list[list[Station | Branch]] = [[]]
        for group in _groups(shown):
            if rows[-1] and not self._fits([*rows[-1], *group], down):
                rows.append([rows[-1][-1]])
            for each in group:
                if rows[-1] and not self._fits([*rows[-1], each], down):
                    rows.append([])
                rows[-1].append(each)
        return rows

    def _fits(self, stations: Sequence[Station | Branch], down: bool) -> bool:
        return columns(self._row(stations, 0, 0, down)[1]) <= self.width

    def _row(self, stations: Sequence[Station | Branch], margin: int, across: int, down: bool) -> tuple[str, str]:
        """Return the line of the branches and that of the rail."""
        beside = on = ""
        for at, each in enumerate(stations):
            after = stations[at + 1] if at + 1 < len(stations) else None
            if isinstance(each, Branch):
                top, bottom = self._branch(each, across, down)
                beside = padded(beside, columns(on)) + top
                on += bottom
            else:
                on += padded(_text(self.speller, each), margin if at == 0 else 0, "right")
            on += "" if after is None else self._link(each, after, down)
        return beside, on

    def _link(self, before: Station | Branch, after: Station | Branch, down: bool) -> str:
        """Return what joins two stations: an arrow points at a value behind a sum, for errors at the one before."""
        dash = self.rail.dash
        if isinstance(before, Branch):
            to_value = not down and not _is_operation(after)
            return dash if isinstance(after, Branch) else f"{self.rail.right if to_value else dash} "
        if isinstance(after, Branch):
            return f" {self.rail.left if down and not _is_operation(before) else dash}"
        return f" {dash * 2} "

    def _branch(self, branch: Branch, across: int, down: bool) -> tuple[str, str]:
        """Return a branch and the rail under it; what leaves the rail at one end is added to it at the other."""
        inside = self._inside(branch)
        inside += self.rail.dash * (across - columns(inside))
        start, end = self.rail.under if down else self.rail.over
        ends = ("+", self.rail.leave_down) if down else (self.rail.leave_up, "+")
        return start + inside + end, ends[0] + self.rail.dash * columns(inside) + ends[1]

    def _inside(self, branch: Branch) -> str:
        """Return the operations and values of a branch; where they are too wide, its ends."""
        parts = [self._part(station) for station in branch.boxes]
        room, dots = self.width - 14, f"{self.rail.dash} {self.rail.dots} "
        while len(parts) > 2 and columns("".join(parts)) > room:
            middle = len(parts) // 2
            parts = [*parts[: middle - (parts[middle] == dots)], dots, *parts[middle + 1 :]]
        return "".join(parts) + self.rail.dash

    def _part(self, station: Station) -> str:
        text = _text(self.speller, station)
        return f"{self.rail.dash} {text} " if _is_operation(station) else f"{self.rail.dash}{text}"


def _groups(stations: Sequence[Station | Branch]) -> Iterator[list[Station | Branch]]:
    """Yield what stands up to each value on the rail."""
    group: list[Station | Branch] = []
    for each in stations:
        group.append(each)
        if not isinstance(each, Branch) and not _is_operation(each):
            yield group
            group = []
    if group:
        yield group
