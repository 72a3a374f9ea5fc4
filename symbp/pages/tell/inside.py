"""The sections of a page on two levels: the network by its blocks, the result, the inside of each block both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sympy import MatAdd

from symbp.equations import symbols_in
from symbp.maths.build import map_of
from symbp.maths.scalars import number
from symbp.maths.tree import COMMA, EQUALS, TIMES, Id, Node, Num, joined, row
from symbp.networks.blocks import Kind, module_of
from symbp.pages.page import Aside, Block, Equations, Heading, Para, Ref, Steps, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.backward import reason
from symbp.pages.tell.context import Spelled
from symbp.pages.tell.gradients import SHIFTS, rows
from symbp.pages.tell.keys import scopes
from symbp.pages.tell.levels import Deep, Group, call_label, kinds_in, map_label
from symbp.pages.tell.notation import Meaning, table_of_notation
from symbp.pages.tell.opening import definitions, tiles
from symbp.pages.tell.picture import figure, rail_to
from symbp.pages.tell.stream import EXPLICIT
from symbp.pages.tell.ways import Way, farthest, product
from symbp.pages.words import commas
from symbp.views.lines import Index, Indexed
from symbp.views.shared import Shared


def network(c: Deep) -> list[Block]:
    """Return the network with its blocks as functions, and the list of a block that repeats."""
    inner = {id(pair[0].line) for group in c.groups for pair in group.forward}
    pairs = [pair for pair in c.pairs if id(pair[0].line) not in inner]
    first = Para(_first(c), detail=3 if c.stacked is None else 1)
    return [first, Equations(tuple(_line(c, pair) for pair in pairs)), Para(definitions(c))]


def _line(c: Deep, pair: tuple[Spelled, ...]) -> PageLine:
    return PageLine(tuple(map(c.equation, pair)), pair[0].label, pair[0].where)


def _first(c: Deep) -> Text:
    if c.repeated is None or c.stacked is None:
        return c.words("opening.network")
    output, index = c.repeated
    read, written = (c.tree(Indexed(output.of, at)) for at in (index.symbol - 1, index.symbol))
    start = c.tree(Indexed(output.of, index.symbol * 0 + index.first - 1))
    return c.words(
        "levels.stacked",
        range=c.ranges(index),
        last=c.here(index),
        l=number(index.symbol),
        input=row(c.tree(c.stacked.part.input), EQUALS, read),
        output=row(written, EQUALS, c.tree(c.stacked.part.output)),
        start=start,
    )


def result(c: Deep) -> Aside:
    """Return the frame: the errors by the maps of blocks, and a gradient as a product of such maps."""
    whole = _whole(c)
    shown = c.top[:-1] if whole else c.top
    lines = [PageLine((c.equation(each),), each.label, each.where) for each in shown]
    blocks: list[Block] = [Para(c.words("levels.errors")), Equations((*lines, *whole)), Para(_maps(c))]
    way = farthest(c)
    if way is not None:
        blocks += [Para(c.words("levels.product"), detail=3), Equations((PageLine((product(c, way),), EXPLICIT),))]
        blocks += [Para(text, detail=3) for text in _where(c, way)]
    ways = _ways(c)
    return Aside((*blocks, *([Para(ways, detail=3)] if ways else [])), c.words("section.result"))


def _whole(c: Deep) -> list[PageLine]:
    """Return the map of a block that repeats as the product of the maps of its parts: ℬ = (I + 𝒩₁𝒜)(I + 𝒩₂ℱ)."""
    if c.repeated is None or c.stacked is None:
        return []
    maps: list[Node] = []
    error = c.stacked.above
    for each in c.stacked.reading.errors:
        found = map_of(c.builder, each.rhs)
        if found is None or found[1] != error:
            return []
        maps.insert(0, found[0])
        error = each.lhs
    left = c.map_at(c.repeated[1].symbol)
    return [PageLine((row(left, EQUALS, joined(maps, TIMES)),), map_label(c.stacked))]


def drawing(c: Deep) -> list[Block]:
    """Return the picture: of the network, or of a block that repeats."""
    if c.stacked is None:
        by_lhs = {each.lhs: each for each in c.levels.forward}
        loss = c.levels.forward[-1]
        compared = [each for each in symbols_in(loss.rhs) if each in by_lhs]
        return figure(c, *rail_to(compared[0] if compared else None, by_lhs))
    by_lhs = {each.lhs: each for each in c.stacked.part.forward}
    alone = replace(c, reading=replace(c.reading, folded=c.stacked.reading.folded))
    return figure(alone, *rail_to(c.stacked.part.output, by_lhs), whole=False)


def _maps(c: Deep) -> Text:
    """Return which map carries an error back through what, with the line where it is complete."""
    functions = [(c.function_of(each.inside), " ", Ref(each.errors[-1].label)) for each in c.groups]
    letters = c.words.listed([(c.map(each.inside),) for each in c.groups])
    values = tuple(span for index in dict.fromkeys(each.index for each in c.shared) for span in _values(c, index))
    text = c.words("levels.maps", n=len(c.groups), maps=letters, functions=c.words.listed(functions), values=values)
    return (*text, " ", *c.words("levels.skip", identity=Id("I"))) if _skips(c) else text


def _where(c: Deep, way: Way) -> Iterator[Text]:
    """Yield what the product takes from the inside of its block: the part of the map, the input of the weight."""
    said: list[Text] = []
    if way.is_partial:
        ends, refs = c.tree(way.error), c.errors_in(way.gradient)
        part, above = way.part(c), c.tree(c.outside(way.inside, way.above))
        said.append(c.words("levels.part", part=part, map=c.map(way.inside), above=above, error=ends, refs=refs))
    label = c.forward_labels.get(way.input.name, "")
    if label:
        said.append(c.words("levels.input", input=c.tree(way.input), ref=Ref(label)))
    if said:
        yield c.words("levels.where", said=c.words.listed(said))


def _values(c: Deep, index: Index) -> Text:
    """Return for which values an index stands: j = 1, 2."""
    values = joined([Num(str(each)) for each in range(index.first, index.last + 1)], COMMA)
    return c.words("levels.values", values=row(number(index.symbol), EQUALS, values))


def _skips(c: Deep) -> int:
    """Return around how many parts a skip goes."""
    return sum(isinstance(each.rhs, MatAdd) and any(kinds_in(each.rhs)) for each in c.around.errors)


def _ways(c: Deep) -> Text:
    """Return how many ways back there are, one of them the identity alone."""
    count = 2 ** _skips(c)
    if count == 1:
        return ()
    key = "levels.ways" if c.stacked is None else "levels.ways_stacked"
    return c.words(key, number=c.words.number(count), identity=Id("I"))


def forward(c: Deep) -> list[Block]:
    """Return the section: the equations of each block."""
    blocks: list[Block] = [Heading(c.words("section.inside"))]
    said = tiles(c)
    for each in c.groups:
        blocks.append(Steps(tuple(_line(c, pair) for pair in each.forward), group=name_of(c, each)))
        if each.inside.part.kind is Kind.ATTENTION:
            blocks += [Para(text) for text in said]
            said = []
        if all(line.label != call_label(each.inside) for line, *_ in each.forward):
            made = row(c.applied(each.inside), EQUALS, c.tree(c.outside(each.inside, each.inside.output)))
            blocks.append(Para(c.words("levels.made", made=made), detail=3))
    return blocks


def name_of(c: Deep, group: Group) -> Text:
    """Return what a block is, with its number, and of a model the modules that it is."""
    kind, at = group.inside.part.kind, group.inside.part.number
    part = c.words(f"part.{kind}")
    if isinstance(group.inside, Shared):
        part = c.words("levels.shared", part=part, index=number(group.inside.index.symbol))
    elif at:
        part = c.words("levels.numbered", part=part, number=str(at))
    found = modules(c, group) if c.reading.derivation.network.from_model else []
    return c.words("levels.module", part=part, modules=", ".join(found)) if found else part


def modules(c: Deep, group: Group) -> list[str]:
    """Return the paths of the modules that a block is, with a letter where blocks repeat: blocks.l.attn."""
    insides = group.inside.insides if isinstance(group.inside, Shared) else (group.inside,)
    found = [module_of([each.lhs.path for each in inside.part.forward]) for inside in insides]
    return [_counted(c, each) for each in dict.fromkeys(found) if each]


def _counted(c: Deep, module: str) -> str:
    """Return a path with the letter of the blocks that repeat for the number of the first of them."""
    names = scopes(c)
    if c.repeated is None or len(names) < 2 or not module.startswith(f"{names[0]}."):
        return module
    ends = zip(*(each.split(".") for each in names[:2]), strict=False)
    own = ".".join(one if one == two else str(c.repeated[1].symbol) for one, two in ends)
    return own + module.removeprefix(names[0])


def backward(c: Deep) -> list[Block]:
    """Return the section: the errors inside each block with a reason beside each, and which lines its map is."""
    blocks: list[Block] = [Heading(c.words("section.backward"))]
    shown: set[str] = set()
    for each in c.groups[::-1]:
        lines = tuple(PageLine((c.equation(e),), e.label, e.where, reason(c, e, shown)) for e in each.errors)
        blocks.append(Steps(lines, group=name_of(c, each)))
    said = [_said(c, each) for each in c.groups[::-1]]
    return [*blocks, Para(c.words("levels.so", maps=c.words.listed(said)), detail=3)]


def _said(c: Deep, group: Group) -> Text:
    """Return that a map is these lines, from one error to another."""
    labels = [each.label for each in group.errors]
    lines = Ref.to(labels)
    name, above = c.map(group.inside), c.tree(c.outside(group.inside, group.inside.above))
    if group.inside.closes:
        below = c.tree(c.outside(group.inside, group.inside.result))
        return c.words("levels.map", map=name, lines=lines, above=above, below=below)
    return c.words("levels.map_open", map=name, lines=lines, above=above)


def gradients(c: Deep) -> list[Block]:
    """Return the section."""
    said = c.words("gradients.rows")
    if c.repeated is not None:
        said = (*said, " ", *c.words("levels.repeated", l=number(c.repeated[1].symbol)))
    return [Heading(c.words("section.gradients")), Para(said, detail=3), rows(c)]


def notation(c: Deep) -> list[Block]:
    """Return the section; what follows one another is one row: of one shape, a weight and what is added behind it."""
    shifts = [c.words(f"notation.{role.value}") for role in SHIFTS]
    return table_of_notation(c, map_rows(c), partial(_together, shifts=shifts))


def _together(rows: Iterable[Meaning], shifts: Sequence[Text]) -> Iterator[Meaning]:
    """Yield the rows of a table of notation, up to three of them as one."""
    waiting: list[Meaning] = []
    for each in rows:
        follows = bool(waiting and each.shape)
        alike = follows and (each.shape == waiting[-1].shape or (each.words in shifts and len(waiting) == 1))
        named = follows and bool(each.keys) == bool(waiting[-1].keys)
        if waiting and (len(waiting) == MOST_TOGETHER or not alike or not named):
            yield _one(waiting)
            waiting = []
        waiting.append(each)
    if waiting:
        yield _one(waiting)


MOST_TOGETHER = 3
"""Most rows of a table of notation as one."""


def _one(rows: Sequence[Meaning]) -> Meaning:
    letters, meanings = commas([each.letters for each in rows]), commas([each.words for each in rows])
    shapes = commas(list(dict.fromkeys(each.shape for each in rows)))
    return Meaning(letters, meanings, shapes, tuple(key for each in rows for key in each.keys))


def map_rows(c: Deep) -> Iterator[Meaning]:
    """Yield the rows of the blocks and of their maps for the table of notation."""
    parts = [each for each in c.told if not each.has_calls]
    whole = [] if c.stacked is None else [c.stacked]
    yield Meaning((joined([c.function_of(each) for each in (*whole, *parts)], COMMA),), c.words("levels.functions"))
    yield Meaning((joined([c.map(each) for each in (*whole, *parts)], COMMA),), c.words("levels.notation"))
