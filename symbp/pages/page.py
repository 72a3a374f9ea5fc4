"""A page before it has a format: frozen blocks of words, trees and references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from symbp.maths.tree import EQUALS, Node, joined
from symbp.maths.tree import Table as Matrix

if TYPE_CHECKING:
    from symbp.pages.tour import Entry, Tour


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a numbered line; with ``last``, to all from one to the other."""

    label: str
    last: str = ""

    @classmethod
    def to(cls, labels: Sequence[str]) -> Ref:
        """Return a reference to lines that follow one another: the first and the last."""
        return cls(labels[0], labels[-1] if len(labels) > 1 else "")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a cell of a table: how long it is, by the longest there may be."""

    share: float


Span: TypeAlias = str | Node | Ref | Bar
"""A piece of a sentence."""

Text: TypeAlias = tuple[Span, ...]
"""A sentence: words, formulas, references to numbered lines; in a cell also a bar."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section; ``level`` 2 stands in a section. ``short`` is a word for it where room is little."""

    text: Text
    level: int = 1
    detail: int = 1
    short: Text = ()


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph; ``title`` is set bold in front of it."""

    text: Text
    title: Text = ()
    detail: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A line of equations: its parts stand beside each other, each a relation ``left = right``.

    ``label`` numbers it, so that a ``Ref`` can point here; ``where`` says for which indices it holds (l = 3, …, 1);
    ``reason`` says in a few words where it comes from.
    """

    parts: tuple[Node, ...]
    label: str = ""
    where: Node | None = None
    reason: Text = ()


@dataclass(frozen=True, slots=True)
class Equations:
    """Displayed lines under each other, aligned at their first relation. ``group`` is a word for what they are."""

    lines: tuple[Line, ...]
    detail: int = 1
    group: Text = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Lines with a reason beside each: left side, right side, reason, number. ``group`` is what they belong to.

    A reason that has no room beside its line is left to a page of more detail, unless they are ``explained``.
    """

    lines: tuple[Line, ...]
    group: Text = ()
    detail: int = 1
    explained: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A formula with its numbers: of a column what each entry is computed from (nothing: no arithmetic), and its value.

    Of a matrix, and of a column without arithmetic, ``values`` is one tree.
    """

    formula: Node
    arithmetic: tuple[Node, ...]
    values: tuple[Node, ...]

    @property
    def line(self) -> Line:
        """Both as columns in brackets: z = W x + b = [0.15 · 0.05 + …] = [0.3775]."""
        sides = [_column(each) for each in (self.arithmetic, self.values) if each]
        return Line((joined([self.formula, *sides], EQUALS),))


def _column(entries: tuple[Node, ...]) -> Node:
    return entries[0] if len(entries) == 1 else Matrix(tuple((each,) for each in entries))


@dataclass(frozen=True, slots=True)
class Computation:
    """Formulas with their numbers, each from those above: in text a line an entry, elsewhere columns in brackets."""

    lines: tuple[Computed, ...]
    detail: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``groups`` are the rows before which a rule stands, ``wraps`` the column that may wrap.

    ``align`` has a letter for each column, l, c or r; nothing: all of them l. In text a ``wide`` one takes the whole
    width, two spaces between its columns.
    """

    head: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    groups: tuple[int, ...] = ()
    wraps: int | None = None
    align: str = ""
    detail: int = 1
    wide: bool = False


PictureRole: TypeAlias = Literal["value", "error", "weight", "activation", "slope", "part", "learnt"]
"""What a part of a picture is."""


@dataclass(frozen=True, slots=True)
class Box:
    """A value on a rail of a picture, an operation between two, or their sum; an operation may have a role."""

    value: Node
    kind: Literal["value", "op", "sum"] = "value"
    role: PictureRole | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """What leaves the rail and is added to it again: its boxes, from where it leaves to the sum."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Two rails: values to the right above, errors to the left below, box under box.

    ``backward[k]`` stands under ``forward[k]``; a ``Branch`` stands over, and its error under, the rail, its boxes in
    the direction in which values go, or errors. The loss, the last box above and below, is one box.
    """

    forward: tuple[Box | Branch, ...]
    backward: tuple[Box | Branch, ...]


@dataclass(frozen=True, slots=True)
class Vertex:
    """A value of a network and its error: a dot where that has no name, None where there is none.

    ``column`` and ``row`` say where it stands; ``learnt`` are the parameters in it. ``line`` is the label of the line
    that makes it, ``error_line`` that of its error; what is given has none.
    """

    value: Node
    error: Node | None
    column: int
    row: float
    learnt: tuple[Node, ...] = ()
    line: str = ""
    error_line: str = ""
    is_loss: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """From one vertex to another, by their places: values go along, errors back; ``rows`` of the columns it passes."""

    start: int
    end: int
    rows: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """What a network makes of what: values to the right, errors to the left."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, or a graph where values do not follow each other on a rail, and the sentence under it.

    ``key`` has a word for every role in it, for a figure that stands alone.
    """

    picture: Picture | Graph
    caption: Text = ()
    detail: int = 1
    key: tuple[tuple[PictureRole, Text], ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A figure in a file beside the page, numbered; the sentence under it says what is drawn and what to see."""

    file: str
    caption: Text
    label: str = ""
    detail: int = 1


@dataclass(frozen=True, slots=True)
class Code:
    """Program text."""

    text: str
    language: str = "python"
    detail: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the numeric check found; ``title`` is set bold in front of it."""

    passed: bool
    text: Text
    detail: int = 1
    title: Text = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """Blocks in a frame: the result of the page."""

    blocks: tuple[Block, ...]
    title: Text = ()
    detail: int = 1


Block: TypeAlias = Heading | Para | Equations | Steps | Computation | Table | Figure | Image | Code | Verdict | Aside
"""What a page consists of; ``detail`` is 1 for what nobody may miss, up to 4."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: title, a line under it, blocks. ``stem`` begins every label, ``command`` is what made it.

    Where it can be stepped through it has a ``tour`` and, in its ``glossary``, every symbol.
    """

    title: Text
    subtitle: Text
    blocks: tuple[Block, ...]
    stem: str = "symbp"
    command: str = ""
    tour: Tour | None = None
    glossary: tuple[Entry, ...] = ()


def lines(blocks: tuple[Block, ...]) -> Iterator[Line]:
    """Yield the lines of equations of a page in order, those in frames among them."""
    for block in blocks:
        if isinstance(block, Equations | Steps):
            yield from block.lines
        elif isinstance(block, Aside):
            yield from lines(block.blocks)


def numbers(page: Page) -> dict[str, int]:
    """Return the number of every labelled line, from 1 in the order of the page."""
    labels = [line.label for line in lines(page.blocks) if line.label]
    return {label: number for number, label in enumerate(labels, 1)}


def images(blocks: tuple[Block, ...]) -> tuple[Image, ...]:
    """Return the figures in files of a page, in order."""
    return tuple(block for block in blocks if isinstance(block, Image))
