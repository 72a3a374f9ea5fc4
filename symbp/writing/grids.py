"""Products whose factors have names: the names over columns, and in the columns the factors of all lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

from symbp.maths.tree import DOTS, Node, Row, Script, Sign, Tag, row
from symbp.pages.page import Line
from symbp.writing.breaking import relation
from symbp.writing.formula import Speller, bare, items_of
from symbp.writing.letters import columns, padded
from symbp.writing.sentences import Setting, wrapped

GAPS, AROUND = (3, 2), (2, 1)
"""The space between two columns, and that around the relation, the first that fits."""

HEADS = (20, 12)
"""The least columns that a name is wrapped in, the first that fits."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class _Cell:
    """Factors of one name beside each other."""

    label: Words
    factors: tuple[str, ...]

    def __add__(self, other: _Cell) -> _Cell:
        """Return the factors of both, under both names."""
        return _Cell(tuple(dict.fromkeys((*self.label, *other.label))), (*self.factors, *other.factors))


@dataclass(frozen=True)
class _Product:
    left: str
    cells: tuple[_Cell, ...]

    @property
    def key(self) -> tuple[Words, ...]:
        return tuple(cell.label for cell in self.cells)


def has_names(line: Line) -> bool:
    """Say whether the factors of a line have names, as under braces; dots need none."""
    found = relation(line.parts[0])
    factors = [] if found is None else [row(*each) for each in _factors(items_of(found[1])[1:])]
    told = [factor for factor in factors if bare(factor) != DOTS and not _is_big(factor)]
    return len(told) > 1 and all(labelled(factor) for factor in told)


def _is_big(node: Node) -> bool:
    """Say whether a factor is the sign of a sum or a product over an index."""
    inside = bare(node)
    sign = bare(inside.base) if isinstance(inside, Script) else inside
    return isinstance(sign, Sign) and sign.kind == "big"


def grid(lines: Sequence[Line], setting: Setting, width: int) -> list[str] | None:
    """Return lines whose factors have names as grids, or None where even merged columns are too wide."""
    numbers = [setting.number(line.label) for line in lines]
    margin = max(map(len, numbers))
    before = [f"{number.ljust(margin)} " if margin else "" for number in numbers]
    products = [_product(line, setting.speller, number) for line, number in zip(lines, before, strict=True)]
    found: list[str] = []
    for _, together in groupby(products, key=lambda product: product.key):
        same = list(together)
        narrow = [_Product(each.left, _merged(each.cells)) for each in same]
        ways = product(AROUND, (same, narrow), HEADS, GAPS)
        drawn = [_drawn(each, gap, around, head) for around, each, head, gap in ways]
        fitting = next((each for each in drawn if max(map(columns, each)) <= width), None)
        if fitting is None:
            return None
        found += fitting
    return found


def _product(line: Line, speller: Speller, number: str) -> _Product:
    split = relation(line.parts[0])
    assert split is not None
    sign, *right = items_of(split[1])
    rest = [*line.parts[1:], *([line.where] if line.where is not None else [])]
    cells = [*_cells(tuple(right), speller), *(_cell(each, speller) for each in rest)]
    return _Product(f"{number}{speller.line(split[0])}\0{speller.line(sign)}", tuple(_joined(cells)))


def _cells(items: tuple[Node, ...], speller: Speller) -> Iterator[_Cell]:
    """Yield the factors of a product."""
    for factor in _factors(items):
        yield _cell(row(*factor), speller)


def _factors(items: tuple[Node, ...]) -> list[list[Node]]:
    found: list[list[Node]] = [[]]
    for item in items:
        sign = bare(item)
        if isinstance(sign, Sign) and sign.kind == "times":
            found.append([])
        else:
            found[-1].append(item)
    return [each for each in found if each]


def _cell(node: Node, speller: Speller) -> _Cell:
    tag = labelled(node)
    inside = bare(node)
    parts = _factors(inside.items) if tag is not None and isinstance(inside, Row) else [[node]]
    label = () if tag is None else tuple(map(speller.alphabet.spell, tag.label))
    return _Cell(label, tuple(speller.line(row(*part)) for part in parts))


def _joined(cells: Sequence[_Cell]) -> Iterator[_Cell]:
    """Yield cells; neighbours of one name are one cell."""
    for label, same in groupby(cells, key=lambda cell: cell.label):
        yield _Cell(label, tuple(factor for cell in same for factor in cell.factors))


def _merged(cells: Sequence[_Cell]) -> tuple[_Cell, ...]:
    """Return fewer columns: what stands from the first to the last column of a repeated name is one."""
    cells = [_Cell((" ".join(cell.label),) if cell.label else (), cell.factors) for cell in cells]
    repeated = [at for at, cell in enumerate(cells) if cell.label and sum(c.label == cell.label for c in cells) > 1]
    if not repeated:
        return tuple(cells)
    first, last = min(repeated), max(repeated)
    one = cells[first]
    for cell in cells[first + 1 : last + 1]:
        one += cell
    return (*cells[:first], _Cell((", ".join(one.label),), one.factors), *cells[last + 1 :])


def _drawn(products: Sequence[_Product], gap: int, around: int, narrowest: int) -> list[str]:
    lefts = [product.left.split("\0") for product in products]
    wide = max(columns(left) for left, _ in lefts)
    near = " " * around
    starts = [f"{padded(left, wide)}{near}{sign}{near}" for left, sign in lefts]
    blocks = [_column([product.cells[at] for product in products], narrowest) for at in range(len(products[0].cells))]
    tall = max(len(head) for head, _ in blocks)
    between = " " * gap
    filled = [[" " * columns(body[0])] * (tall - len(head)) + head for head, body in blocks]
    heads = [between.join(each[at] for each in filled) for at in range(tall)]
    rows = [between.join(body[at] for _, body in blocks) for at in range(len(products))]
    blank = " " * columns(starts[0])
    return [*(blank + head for head in heads if head.strip()), *map("".join, zip(starts, rows, strict=True))]


def _column(cells: Sequence[_Cell], narrowest: int) -> tuple[list[str], list[str]]:
    """Return the lines over a column and the factors below, the last ones of all lines under each other."""
    most = max(len(cell.factors) for cell in cells)
    full = [("",) * (most - len(cell.factors)) + cell.factors for cell in cells]
    widths = [max(columns(factors[at]) for factors in full) for at in range(most)]
    body = [" ".join(padded(text, width) for text, width in zip(factors, widths, strict=True)) for factors in full]
    inside = sum(widths) + most - 1
    label = " ".join(cells[0].label)
    head = wrapped(label, max(inside, narrowest)) if label else []
    width = max([inside, *map(columns, head)])
    ragged = len({len(cell.factors) for cell in cells}) > 1
    side = "right" if ragged else "left"
    return [padded(line, width) for line in head], [padded(line, width, side) for line in body]


def labelled(node: Node) -> Tag | None:
    """Return the tag with words for a brace that stands outermost around a node, or None."""
    while isinstance(node, Tag):
        if node.label:
            return node
        node = node.body
    return None
