"""What every operation of a page is, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sympy import Expr, Indexed, MatrixExpr, MatrixSymbol, Symbol

from symbp.equations import operands
from symbp.maths.build import Builder, axes_name
from symbp.maths.names import Names
from symbp.maths.scalars import Scalars, number
from symbp.maths.tree import APPLY, COMMA, EQUALS, Fence, Node, Num, Row, Script, Sign, joined, row
from symbp.op import Entry, Op
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.entries import OverAll
from symbp.ops.literal import Literal
from symbp.ops.losses import Loss, LossGradient
from symbp.ops.penalty import Penalty
from symbp.ops.rearrange import Rearrange
from symbp.ops.structure import Pad, Rows
from symbp.pages.page import Block, Equations, Para, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context
from symbp.pages.tell.letters import Letters, number_line, sentences
from symbp.views.blocks import Call, Pull
from symbp.views.layout import COLUMNS
from symbp.views.turned import Turned

WRITTEN_OUT = (Elementwise, Slope, Literal, Loss, LossGradient, Penalty, Call, Pull)
"""Operations that a line writes out, or that have a place of their own in the section."""

BLOCKS = (Rows, Pad)
"""Blocks of rows, which are blocks of columns where examples are rows."""

AT_MOST = Sign("≤", "rel")

PLAIN = "entry"
"""What has nothing to say but its entries; it stands first."""

UNNAMED = "xabguv"
"""Letters of operands where an operation has no entry form."""


@dataclass(frozen=True)
class Group:
    """Definitions that share their ``inner`` letters, such as a normalisation and what it makes of an error.

    Those that are ``given`` were defined by another group.
    """

    letters: Letters
    members: list[tuple[Op, Entry]] = field(default_factory=list)
    inner: set[Symbol] = field(default_factory=set)
    given: set[Symbol] = field(default_factory=set)


def operations(c: Context) -> list[Block]:
    """Return the definitions of the operations of the page, those of columns together, and so on."""
    blocks: list[Block] = []
    for applies, groups in _sorted(_groups(c)).items():
        lines = [line for group in groups for line in _lines(c, group)]
        if lines and applies != PLAIN:
            blocks.append(Para(c.words(f"applies.{applies}")))
        blocks += [Equations(tuple(lines))] if lines else []
        notes = [note for group in groups for note in _notes(c, group)]
        blocks += [Para(sentences(notes))] if notes else []
    moved = [node for node in shown(c) if isinstance(node, Rearrange)]
    if moved:
        said = [c.words("entry.axes"), *(_bounds(c, node) for node in moved)]
        blocks.append(Para(sentences(said)))
    if c.arrays:
        blocks.append(Para(c.words("functions.arrays")))
    return blocks


def _bounds(c: Context, node: Rearrange) -> Text:
    """Return how far the indices below a rearrangement count."""
    bounds = [row(number(each), AT_MOST, number(size)) for each, size in node.bounds]
    return c.words("entry.axes_of", name=axes_name(node), bounds=c.words.listed(bounds))


def shown(c: Context) -> list[Op]:
    """Return one node of every operation to define."""
    kinds: dict[object, Op] = {}
    for node in c.nodes:
        if isinstance(node, Op) and not isinstance(node, WRITTEN_OUT):
            settings = [each.shape if isinstance(each, MatrixExpr) else each for each in node.args]
            kinds.setdefault((type(node), *settings), node)
    found: dict[object, Op] = {}
    for node in kinds.values():
        entry = node.entry()
        extent = None if entry is not None and entry.settings else node.extent
        letters = 0 if entry is None else len(entry.counts)
        found.setdefault(
            (node.label, node.sign, node.sign_settings, node.mark, node.size, extent, letters, _parts(entry)), node
        )
    return list(found.values())


def _parts(entry: Entry | None) -> object:
    return None if entry is None else (entry.says, *(without(value, entry.each) for _, value in entry.parts))


def _groups(c: Context) -> list[Group]:
    groups: dict[object, Group] = {}
    for node in (each for each in shown(c) if not isinstance(each, Rearrange)):
        entry = node.entry() or Entry(says="missing")
        where = tuple((letter, without(value, entry.each)) for letter, value in entry.where)
        key = (where, entry.numbers, _applies(entry)) if where else node
        groups.setdefault(key, Group(Letters(c.taken))).members.append((node, entry))
    _choose(groups.values())
    return list(groups.values())


def _choose(groups: Iterable[Group]) -> None:
    """Choose the letters of all groups: an inner letter that another group has for something else is numbered."""
    meant: dict[Node, list[object]] = {}
    for group in groups:
        for node, entry in group.members:
            names = group.letters.choose(_symbols(entry) or map(Symbol, UNNAMED[: len(operands(node))]))
            inner = [(letter, (_applies(entry), without(value, entry.each))) for letter, value in entry.where]
            for letter, meaning in (*inner, *entry.numbers):
                if letter in group.inner:
                    continue
                known = meant.setdefault(names[letter], [])
                if meaning in known:
                    group.given.add(letter)
                else:
                    known.append(meaning)
                group.inner.add(letter)
                number_ = known.index(meaning) + 1
                names[letter] = names[letter] if number_ == 1 else Script(names[letter], Num(str(number_)))


def _sorted(groups: Iterable[Group]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = {PLAIN: []}
    for group in groups:
        found.setdefault(_applies(group.members[0][1]), []).append(group)
    return found


def _applies(entry: Entry) -> str:
    """Return what one definition is of; where there is a single column, entries are all there is to say."""
    single = all(entry.ranges.get(each) == 1 for each in entry.each)
    return PLAIN if not entry.applies or (single and entry.applies != "image") else entry.applies


@lru_cache(maxsize=256)
def without(expr: Expr, indices: tuple[Symbol, ...]) -> Expr:
    """Return an expression without some indices, which are the same everywhere."""

    def fewer(entry: Indexed) -> Expr:
        kept = [each for each in entry.indices if each not in indices]
        return entry.base[tuple(kept)] if kept else entry.base.label

    expr = expr.replace(lambda part: isinstance(part, Indexed), fewer)
    totals = lambda part: isinstance(part, OverAll) and bool(set(part.indices) & set(indices))  # noqa: E731
    return expr.replace(totals, lambda part: part.func(part.term, *(i for i in part.indices if i not in indices)))


MATRICES = (PLAIN, "", "column", "example", "sequence")
"""Definitions whose entries are those of matrices: where examples are rows, their two indices are turned."""


def _shown(c: Context, entry: Entry, value: Expr) -> Expr:
    """Return an expression of an entry form as the page writes it."""
    value = without(value, entry.each)
    if c.reading.layout is COLUMNS or entry.applies not in MATRICES:
        return value
    return value.replace(
        lambda part: isinstance(part, Indexed) and len(part.indices) == 2, lambda part: part.base[part.indices[::-1]]
    )


def _lines(c: Context, group: Group) -> Iterator[PageLine]:
    """Yield the inner letters of a group, then what each operation is."""
    written = set(group.given)
    for node, entry in group.members:
        if not entry.parts:
            continue
        names = group.letters.names
        w = Scalars(names)
        inner = [
            row(names[letter], EQUALS, w.tree(_shown(c, entry, value)))
            for letter, value in entry.where
            if letter not in written
        ]
        settings = [number_line(names[letter], value) for letter, value in entry.numbers if letter not in written]
        written |= {letter for letter, _ in (*entry.where, *entry.numbers)}
        if inner:
            yield PageLine((*inner, *settings))
        name = applied(c, node, entry, names)
        for at, value in entry.parts:
            places = [w.tree(each) for each in at if each not in entry.each]
            is_turned = c.reading.layout is not COLUMNS and entry.applies in MATRICES and len(places) == 2
            left = _at(name, places[::-1] if is_turned else places)
            yield PageLine((row(left, EQUALS, w.tree(_shown(c, entry, value))),))


def _symbols(entry: Entry) -> list[Symbol]:
    """Return the symbols of an entry form, in the order in which letters are chosen."""
    arrays = [letter.label for letter, _ in entry.operands]
    letters = [letter for letter, _ in (*entry.where, *entry.counts, *entry.numbers)]
    shown = {symbol for _, value in entry.parts for symbol in without(value, entry.each).atoms(Symbol)}
    inner = {symbol for _, value in entry.where for symbol in without(value, entry.each).atoms(Symbol)}
    places = {symbol for at, _ in entry.parts for index in at for symbol in index.free_symbols} - {*entry.each}
    indices = [each for each in entry.ranges if each in shown | inner | places]
    return list(dict.fromkeys([*arrays, *letters, *indices]))


def applied(c: Context, node: Op, entry: Entry, names: dict[Symbol, Node]) -> Node:
    """Return an operation applied to letters, as the page writes it."""
    letters = [names[letter.label] for letter, _ in entry.operands] or [
        names[each] for each in map(Symbol, UNNAMED[: len(operands(node))])
    ]
    matrices = [arg for arg in node.args if isinstance(arg, MatrixExpr)]
    extent = [each for each, _ in entry.counts] if entry.settings else []
    rows = extent[-1] - extent[0] + 1 if extent else None
    sizes = [each.shape if rows is None else (rows, each.shape[1]) for each in matrices]
    stand_ins = [MatrixSymbol(f"operand{at}", *size) for at, size in enumerate(sizes)]
    left, settings = iter(stand_ins), iter(entry.settings)
    args = (next(left) if isinstance(arg, MatrixExpr) else next(settings, arg) for arg in node.args)
    generic = node.func(*args)
    spelled = Names((), c.notation, letters=dict(zip(stand_ins, letters, strict=False)))
    if c.reading.layout is not COLUMNS and isinstance(generic, BLOCKS):
        generic = Turned.of(generic, out=True, exchanged=[True], symbols=stand_ins)
    return Builder(spelled).tree(generic)


def _at(name: Node, places: list[Node]) -> Node:
    """Return an entry of what an operation gives: brackets around a sign and its operands."""
    if not places:
        return name
    is_call = isinstance(name, Row) and APPLY in name.items
    return Script(name if is_call else Fence(name), joined(places, COMMA))


def _notes(c: Context, group: Group) -> Iterator[Text]:
    """Yield what is said beside the definitions, or for one."""
    said: set[str] = set()
    names = group.letters.names
    for node, entry in group.members:
        if not entry.parts:
            yield c.words(f"entry.{entry.says}", name=applied(c, node, entry, names))
            continue
        fields: dict[str, Any] = {f"_{symbol.name}": tree for symbol, tree in names.items()}
        fields["counts"] = c.words.listed([names[letter] for letter, _ in entry.counts])
        keys = [entry.says, *(["count"] if entry.where and entry.counts else [])]
        for key in keys:
            if key and key not in said:
                said.add(key)
                yield c.words(f"entry.{key}", **fields)
