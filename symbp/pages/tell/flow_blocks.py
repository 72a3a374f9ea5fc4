"""The gradient flow of blocks, a row each: the gain of a block's map, the branch beside the skip, the factors inside.

What does not repeat is told in the same way, part by part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from symbp.analysis.flow import Flow
from symbp.analysis.repetitions import LEAST, Bracket, Run, Segment, Stage, Unit
from symbp.maths.build import primed
from symbp.maths.functions import names_of
from symbp.maths.maps import LETTERS, Letters
from symbp.maths.tree import (
    APPLY,
    COMMA,
    EQUALS,
    PLUS,
    TIMES,
    TRANSPOSE,
    Fence,
    Id,
    Node,
    Num,
    Script,
    Sign,
    Tag,
    changed,
    joined,
    row,
)  # fmt: skip
from symbp.maths.tree import (
    Table as Matrix,
)
from symbp.networks.blocks import Kind
from symbp.pages.page import Block, Equations, Line, Para, Table, Text
from symbp.pages.tell.context import Context
from symbp.pages.tell.flow_parts import (
    Study,
    data,
    ends,
    gain,
    gradient_by,
    inner,
    length,
    norm,
    sentences,
    short,
    span,
    times,
    total_theory,
    transposed,
)
from symbp.pages.words import Words

BRANCH = Letters("branch", "R")
"""The names of a branch that is none of the parts with names of their own."""

UPRIGHT = 0.1
"""Cosines up to this are those of directions that are nearly perpendicular."""

GROWN = 1.2
"""A deviation that grows by less is called the same."""

LESS = 1.5
"""Gradients this many times smaller than others are worth a word."""

COLUMNS = 9
"""A table of more columns than these has none of cosines."""


@dataclass(frozen=True)
class Blocks:
    """A network to tell by blocks or parts."""

    study: Study
    words: Words

    @cached_property
    def run(self) -> Run:
        """What was measured."""
        repetitions = self.study.flow.repetitions
        assert repetitions is not None
        return repetitions.runs[0]

    @property
    def unit(self) -> Unit:
        """What it is cut into."""
        return self.run.unit

    @property
    def c(self) -> Context:
        """What spells its weights."""
        return self.study.context

    @cached_property
    def pattern(self) -> tuple[Bracket, ...]:
        """The maps inside one block, from the input to the loss, where all blocks have the same; else nothing."""
        found = [each for each in self.run.stages if each.number]
        kinds = {tuple((b.kind, b.parts) for b in each.brackets) for each in found}
        is_one = len(kinds) == 1 and any(b.skip for b in found[0].brackets)
        return found[0].brackets[::-1] if is_one else ()

    @cached_property
    def sums(self) -> list[int]:
        """Which of these maps are sums of a skip and a branch."""
        return [at for at, each in enumerate(self.pattern) if each.skip]

    def name(self, stage: Stage) -> Text:
        """Return what a row is called: its number, or what it is."""
        if stage.number:
            return (str(stage.number),)
        if sum(each.kind is stage.kind for each in self.run.stages) > 1:
            return (stage.name,)
        return self.words(f"flow.part.{stage.kind}")

    def called(self, stage: Stage) -> Text:
        """Return the same in a sentence: block 3."""
        if not stage.number:
            return self.words("flow.blocks.named", name=self.name(stage))
        return self.words(f"flow.blocks.at.{self.unit}", number=str(stage.number))


# The answer.


def answer(b: Blocks) -> Text:
    """Return what happens to the error, in all and where most, or how fast; then what else is not as it should be."""
    flow, w = b.study.flow, b.words
    if flow.verdict is Flow.DEAD:
        return w("flow.answer.dead", names=w.listed([each.name for each in flow.rows if each.is_dead]))
    changes = flow.repetitions.changes if flow.repetitions else {}
    verdict = w(f"flow.verdict.{flow.verdict}")
    found = w("flow.blocks.answer", verdict=verdict, error=error_words(b))
    if flow.verdicts.get("error") is not Flow.STABLE:
        return found
    other = next(
        (name for name in ("gradient", "activation") if flow.verdicts.get(name, Flow.STABLE) != Flow.STABLE), ""
    )
    return (*found, *w(f"flow.blocks.also.{other}", change=short(changes[other]))) if other else found


def error_words(b: Blocks) -> Text:
    """Return what the blocks do to the error: each of them, or all in all."""
    run, w = b.run, b.words
    if run.rate is not None:
        return w(f"flow.blocks.each.{b.unit}", rate=short(math.log(run.rate)))
    logs, total = run.logs, short(run.total)
    if len(logs) < LEAST - 1:
        return w(f"flow.blocks.total.{b.unit}.one", total=total)
    low, high = (run.repeated[logs.index(each)] for each in (min(logs), max(logs)))
    return w(
        f"flow.blocks.total.{b.unit}.other",
        number=w.number(len(logs)), total=total,
        low=short(low.log), high=short(high.log), first=b.called(low), last=b.called(high),
    )  # fmt: skip


def about(b: Blocks) -> Text:
    """Return which network this is, with which weights and data."""
    return b.words("flow.about", network=b.c.name, data=data(b.words, b.study.flow))


# The lines.


def equations(b: Blocks) -> Iterator[Block]:
    """Yield a block forward and back, and what a gain is."""
    w = b.words
    if b.pattern:
        yield Para(w(f"flow.blocks.lines.{b.unit}", n=len([each for each in b.run.stages if each.number])))
        forward = tuple(_forward(b))
        back = tuple(_back(b))
        whole = _whole(b)
        lines = [
            Line(forward),
            Line(back),
            *([Line((whole,))] if len(back) > 1 else []),
        ]
        yield Equations(tuple(lines))
        yield Para(_meanings(b))
    yield Para(w("flow.blocks.gain"), title=w("flow.title.gain"))


def _stream(at: int) -> Node:
    """Return what enters a block, or what stands behind one of its sums."""
    return Script(Id("X"), Num(str(at))) if at else Id("X")


def _error(at: int) -> Node:
    return Script(Id("δ"), _stream(at))


def _forward(b: Blocks) -> Iterator[Node]:
    for at, bracket in enumerate(b.pattern):
        x = _stream(at)
        inside = _applied(b, at, x)
        if bracket.kind is Kind.CONCATENATION:
            right: Node = Matrix(((x,), (inside,)))
        elif bracket.skip and _is_identity(bracket):
            right = row(x, PLUS, inside)
        elif bracket.skip:
            right = row(Id("P"), TIMES, x, PLUS, inside)
        else:
            right = inside
        yield row(_stream(at + 1), EQUALS, right)


def _back(b: Blocks) -> Iterator[Node]:
    for at in reversed(range(len(b.pattern))):
        yield row(_error(at), EQUALS, map_of(b, at), TIMES, _error(at + 1))


def _whole(b: Blocks) -> Node:
    maps = [map_of(b, at) for at in range(len(b.pattern))]
    return row(_error(0), EQUALS, joined(maps, TIMES), TIMES, _error(len(b.pattern)))


def _is_identity(bracket: Bracket) -> bool:
    """Whether the error goes beside the branch as it is."""
    return bracket.skip is not None and abs(bracket.skip.log) < 1e-9


def _letters(b: Blocks, at: int) -> list[tuple[Letters, Node | None]]:
    """Return the names of what a branch consists of, from its input on, with their numbers in the block."""
    own = _kinds(b.pattern[at])
    every = [kind for each in b.pattern for kind in _kinds(each)]
    before = Counter(kind for each in b.pattern[:at] for kind in _kinds(each))
    counts = Counter(every)
    return [(LETTERS.get(kind, BRANCH) if kind else BRANCH, Num(str(before[kind] + 1)) if counts[kind] > 1 else None)
            for kind in own]  # fmt: skip


def _kinds(bracket: Bracket) -> list[Kind | None]:
    """Return what a branch consists of; nothing but one None where a part has no name."""
    if bracket.parts and all(kind in LETTERS for kind in bracket.parts):
        return list(bracket.parts)
    return [None]


def _below(letter: Node, number: Node | None) -> Node:
    return letter if number is None else Script(letter, number)


def _applied(b: Blocks, at: int, x: Node) -> Node:
    """Return att(norm₁ X)."""
    words = [_below(Id(each.word, "upright"), number) for each, number in _letters(b, at)]
    inside = x
    for word in words:
        is_last = word is words[-1]
        inside = row(word, APPLY, Fence(inside)) if is_last and inside is not x else _of(word, inside, is_last)
    return inside


def _of(word: Node, x: Node, is_last: bool) -> Node:
    return row(word, APPLY, Fence(x)) if is_last else row(word, TIMES, x)


def branch_map(b: Blocks, at: int) -> Node:
    """Return 𝒩₁𝒜: what takes an error back through a branch."""
    return joined([_below(Id(each.letter, "script"), number) for each, number in _letters(b, at)], TIMES)


def map_of(b: Blocks, at: int, short: bool = False) -> Node:
    """Return (I + 𝒩₁𝒜): what takes an error back through a part of a block; ``short`` without norms and brackets."""
    bracket = b.pattern[at]
    inner_map = short_map(b, at) if short else branch_map(b, at)
    if not bracket.skip:
        return inner_map
    beside = Id("I") if _is_identity(bracket) else transposed(Id("P"))
    if bracket.kind is Kind.CONCATENATION:
        return Matrix(((Id("I"), inner_map),))
    found = row(beside, PLUS, inner_map)
    return found if short else Fence(found)


def short_map(b: Blocks, at: int) -> Node:
    """Return the map of a branch without its norm."""
    found = _letters(b, at)
    kept = [(each, number) for each, number in found if each is not LETTERS[Kind.NORM]] or found
    return joined([_below(Id(each.letter, "script"), number) for each, number in kept], TIMES)


def _meanings(b: Blocks) -> Text:
    """Return what the letters of the maps stand for."""
    found: dict[str, tuple[Node, Node]] = {}
    for at in range(len(b.pattern)):
        for each, number in _letters(b, at):
            index = None if number is None else Id("j")
            found[each.letter] = (_below(Id(each.letter, "script"), index), _below(Id(each.word, "upright"), index))
    w, skips = b.words, [each for each in b.pattern if each.skip]
    maps, names = (w.listed(list(each)) for each in zip(*found.values(), strict=True))
    said = [w("flow.blocks.maps", n=len(found), maps=maps, words=names)]
    if any(_is_identity(each) or each.kind is Kind.CONCATENATION for each in skips):
        said.append(w("flow.blocks.skip", i=Id("I")))
    if any(not _is_identity(each) and each.kind is not Kind.CONCATENATION for each in skips):
        said.append(w("flow.blocks.projection", p=Id("P")))
    return sentences(said)


# The table.


def table(b: Blocks, every: bool) -> Iterator[Block]:
    """Yield a row a block or part, from the loss to the input."""
    yield _patterned(b, every) if b.pattern else _plain(b, every)


def _patterned(b: Blocks, every: bool) -> Table:
    w = b.words
    is_single = len(b.pattern) == 1
    has_cosines = 3 + len(b.pattern) * (not is_single) + 2 * len(b.sums) <= COLUMNS
    maps = [] if is_single else [(map_of(b, at, short=True),) for at in range(len(b.pattern))]
    branches: list[Text] = [(short_map(b, at),) for at in b.sums]
    cosines: list[Text] = (
        [(row(Id("cos", "upright"), APPLY, short_map(b, at)),) for at in b.sums] if has_cosines else []
    )
    head = (
        w(f"flow.head.{b.unit}"),
        (length(_error(len(b.pattern))),),
        w("flow.head.gain"),
        *maps,
        *branches,
        *cosines,
    )
    rows: list[tuple[Text, ...]] = []
    blocks = [each for each in b.run.stages if each.number]
    for stage in b.run.stages:
        if stage is blocks[0] and len(blocks) > 8 and not every:
            rows += _folded(b, blocks, len(maps), has_cosines)
        elif not stage.number or every or len(blocks) <= 8:
            rows.append(_row(b, stage, len(maps), has_cosines))
    last = b.run.stages[-1].below
    if last is not None:
        rows.append((w("flow.head.input"), norm(last), *((),) * (len(head) - 2)))
    return Table(head, tuple(rows), align="l" + "r" * (len(head) - 1), wide=True)


def _row(b: Blocks, stage: Stage, maps: int, has_cosines: bool) -> tuple[Text, ...]:
    first = (b.name(stage), norm(stage.above), gain(stage.log))
    sums = len(b.sums)
    if not stage.number:
        return (*first, *((),) * (maps + sums * (2 if has_cosines else 1)))
    brackets = stage.brackets[::-1]
    skips = [brackets[at].skip for at in b.sums]
    return (
        *first,
        *(gain(each.log) for each in brackets[:maps]),
        *(gain(each.branch) if each else () for each in skips),
        *((cosine(each.cosine),) if each else () for each in (skips if has_cosines else [])),
    )


def _folded(b: Blocks, blocks: Sequence[Stage], maps: int, has_cosines: bool) -> list[tuple[Text, ...]]:
    """Return the rows of many blocks: those at both ends, and one for those between with its ranges."""
    between = blocks[inner(blocks)]
    columns = [[_numbers(b, each, maps, has_cosines)[at] for each in between]
               for at in range(len(_numbers(b, between[0], maps, has_cosines)))]  # fmt: skip
    spans: list[Text] = [span(b.words, column) for column in columns[: 1 + maps + len(b.sums)]]
    spans += [span(b.words, column, lambda value: (cosine(value),)) for column in columns[1 + maps + len(b.sums) :]]
    name = b.words("flow.to", first=str(between[0].number), last=str(between[-1].number))
    middle: tuple[Text, ...] = (name, (), *spans)
    return ends([_row(b, each, maps, has_cosines) for each in blocks], middle, every=False)


def _numbers(b: Blocks, stage: Stage, maps: int, has_cosines: bool) -> list[float]:
    brackets = stage.brackets[::-1]
    skips = [skip for at in b.sums if (skip := brackets[at].skip)]
    found = [stage.log or 0.0, *(each.log for each in brackets[:maps]), *(each.branch for each in skips)]
    return [*found, *(each.cosine for each in (skips if has_cosines else []))]


def cosine(value: float) -> str:
    """Return a cosine with its sign, in two decimals."""
    return f"{value:+.2f}".replace("-", "−")


def _plain(b: Blocks, every: bool) -> Table:
    """Return the rows of parts of any kind: their gain, their gradient, the factors that the gain is the product of."""
    w, stages = b.words, list(b.run.stages)
    logs = {each.name: each.log for each in b.study.flow.rows}
    rows: list[tuple[Text, ...]] = [
        (b.name(each), norm(each.above), gain(each.log), _gradient(each, logs), inside(b, each)) for each in stages
    ]
    between = stages[inner(stages)]
    name = w("flow.more", n=len(between))
    if between and between[0].number and between[-1].number:
        name = w("flow.to", first=str(between[0].number), last=str(between[-1].number))
    found = ends(rows, (name, (), span(w, [each.log for each in between]), (), ()), every)
    last = stages[-1].below
    if last is not None:
        found.append((w("flow.head.input"), norm(last), (), (), ()))
    error, gradient = length(Id("δ")), length(gradient_by(Id("W")))
    head = (w(f"flow.head.{b.unit}"), (error,), w("flow.head.gain"), (gradient,), w("flow.head.factors"))
    used = [at for at in range(len(head)) if at != 3 or _has_one(b)]
    cells = tuple(tuple(each[at] for at in used) for each in found)
    align = "".join("lrrrl"[at] for at in used)
    return Table(tuple(head[at] for at in used), cells, align=align, wraps=len(used) - 1, wide=True)


def _has_one(b: Blocks) -> bool:
    """Whether no part has more than one weight."""
    return all(len(each.weights) < 2 for each in b.run.stages)


def _gradient(stage: Stage, logs: dict[str, float]) -> Text:
    return norm(logs[stage.weights[0]]) if len(stage.weights) == 1 else ()


def inside(b: Blocks, stage: Stage) -> Text:
    """Return the factors of a part from the loss to the input, of sums the two ways."""
    said = [_bracket_words(b, each) for each in stage.brackets]
    return tuple(part for at, each in enumerate(said) for part in ((" × ", *each) if at else each))


def _bracket_words(b: Blocks, bracket: Bracket) -> Text:
    if bracket.skip is None:
        return product(b, bracket.segments)
    return b.words(
        "flow.blocks.sum",
        gain=gain(bracket.log), beside=gain(bracket.skip.log), branch=gain(bracket.skip.branch),
        cosine=cosine(bracket.skip.cosine),
    )  # fmt: skip


def product(b: Blocks, segments: Sequence[Segment]) -> Text:
    """Return factors with their gains: W_inᵀ 0.632 × φ′ 0.623."""
    said: list[Text] = [(*letter(b, each), " ", *gain(each.log)) for each in segments]
    return tuple(part for at, each in enumerate(said) for part in ((" × ", *each) if at else each))


def letter(b: Blocks, segment: Segment) -> Text:
    """Return the letter of a factor, or the word of what has none."""
    if segment.kind is Kind.ACTIVATION:
        functions = names_of(b.study.functions)
        found = next((name for each, name in functions.items() if each.name == segment.function), Id("f"))
        return (primed(found),)
    if segment.weights:
        return (_weights_letter([weight(b, name) for name in segment.weights]),)
    if segment.kind in LETTERS:
        return (Id(LETTERS[segment.kind].letter, "script"),)
    return b.words(f"flow.part.{segment.kind}")


def weight(b: Blocks, name: str) -> Node:
    """Return the letter of a weight; of one of several blocks without the number of the block."""
    symbol = b.study.derivation.readable.network.by_name[name]
    return changed(b.c.names.symbol(b.c.reading.spelled(symbol)), _without_number)


def _without_number(node: Node) -> Node | None:
    if isinstance(node, Tag):
        return changed(node.body, _without_number)
    if isinstance(node, Script) and isinstance(node.sup, Fence):
        return node.base if node.sub is None else Script(node.base, node.sub)
    return None


def _weights_letter(found: Sequence[Node]) -> Node:
    """Return W_Qᵀ, or W_(Q,K,V)ᵀ of several that an error comes back through together."""
    subs = [each.sub for each in found if isinstance(each, Script) and each.sub is not None and each.sup is None]
    bases = {each.base for each in found if isinstance(each, Script)}
    if len(found) > 1 and len(subs) == len(found) and len(bases) == 1:
        return Script(bases.pop(), joined(subs, COMMA), TRANSPOSE)
    return joined([_turned(each) for each in found], COMMA)


def _turned(node: Node) -> Node:
    if isinstance(node, Script) and node.sup is None:
        return Script(node.base, node.sub, TRANSPOSE)
    return transposed(node)


# What to see.


def what_to_see(b: Blocks) -> Iterator[Block]:
    """Yield what the table shows: how branch and skip meet, why branches weaken, whether there is a rate."""
    said = [text for text in (_angle(b), _weaker(b), _rate(b)) if text]
    if said:
        yield Para(sentences(said), title=b.words("flow.title.see"))


def _angle(b: Blocks) -> Text:
    pairs = [(bracket, bracket.skip) for each in b.run.stages for bracket in each.brackets if bracket.skip]
    if not pairs:
        return ()
    cosines = [skip.cosine for _, skip in pairs]
    low, high = cosine(min(cosines)), cosine(max(cosines))
    between = (low,) if low == high else b.words("flow.blocks.between", low=low, high=high)
    if max(map(abs, cosines)) > UPRIGHT or not all(_is_identity(bracket) for bracket, _ in pairs):
        return b.words("flow.blocks.angle", n=len(pairs), cosines=between)
    bracket, skip = max(pairs, key=lambda pair: pair[1].branch)
    sum_of = row(_square(bracket.log), Sign("≈", "rel"), Num("1"), PLUS, _square(skip.branch))
    return b.words("flow.blocks.perpendicular", n=len(pairs), cosines=between, squares=sum_of)


def _square(log: float) -> Node:
    (text,) = gain(log)
    return Script(text if isinstance(text, Node) else Num(str(text)), None, Num("2"))


def _weaker(b: Blocks) -> Text:
    """Return that norms weaken the branches where the stream grows, and by how much it does."""
    blocks = [each for each in b.run.stages if each.number]
    has_norm = any(Kind.NORM in bracket.parts and bracket.skip for each in blocks for bracket in each.brackets)
    if len(blocks) < LEAST or not has_norm:
        return ()
    ends_of = (blocks[0], blocks[-1])
    weakest, strongest = (max(bracket.skip.branch for bracket in each.brackets if bracket.skip) for each in ends_of)
    last, first = (each.deviation for each in ends_of)
    if not (last and first) or last < GROWN * first or weakest >= strongest:
        return ()
    return b.words(
        "flow.blocks.weaker", first=f"{first:.2f}", last=f"{last:.2f}",
        start=b.called(blocks[-1]), end=b.called(blocks[0]),
    )  # fmt: skip


def _rate(b: Blocks) -> Text:
    w = b.words
    if b.run.rate is not None or b.study.flow.verdict is Flow.DEAD:
        return ()
    verdict = b.study.flow.verdicts.get("error", Flow.STABLE)
    total = w(f"flow.blocks.all.{verdict}", total=times(b.run.total))
    if b.unit is Unit.PART:
        return w("flow.blocks.none.part", all=total)
    few = len(b.run.logs) < LEAST
    return w(f"flow.blocks.{'few' if few else 'none'}.{b.unit}", all=total)


# Gradients and factors.


def gradients(b: Blocks, every: bool) -> Iterator[Block]:
    """Yield the norms of the gradients of the weights, a row a block, and why some are smaller than others."""
    logs = {each.name: each.log for each in b.study.flow.rows}
    blocks = [each for each in b.run.stages if each.number and each.weights]
    if b.pattern and blocks and len({len(each.weights) for each in blocks}) == 1:
        yield Para(b.words("flow.blocks.gradients"), title=b.words("flow.title.weights"))
        yield _weights(b, blocks, logs, every)
        yield from _softmax(b, blocks, logs)
    elif not _has_one(b):
        yield Para(b.words("flow.blocks.gradients"), title=b.words("flow.title.weights"))
        names = [name for each in b.run.stages for name in each.weights]
        folded = [logs[name] for name in names[inner(names)]]
        middle = (b.words("flow.more", n=len(folded)), span(b.words, folded, norm))
        rows = ends([((name,), norm(logs[name])) for name in names], middle, every)
        yield Table((b.words("head.key"), (length(gradient_by(Id("W"))),)), tuple(rows), align="lr", wide=True)


def _weights(b: Blocks, blocks: Sequence[Stage], logs: dict[str, float], every: bool) -> Table:
    w, names = b.words, blocks[-1].weights
    rows: list[tuple[Text, ...]] = [
        ((str(each.number),), *(norm(logs[name]) for name in each.weights)) for each in blocks
    ]
    between = blocks[inner(blocks)]
    spans = [span(w, [logs[each.weights[at]] for each in between], norm) for at in range(len(names))]
    name = w("flow.to", first=str(between[0].number), last=str(between[-1].number)) if between else ()
    head: tuple[Text, ...] = (w(f"flow.head.{b.unit}"), *((weight(b, each),) for each in names))
    return Table(head, tuple(ends(rows, (name, *spans), every)), align="l" + "r" * len(names), wide=True)


def _softmax(b: Blocks, blocks: Sequence[Stage], logs: dict[str, float]) -> Iterator[Block]:
    """Yield by how much queries and keys get less than values, behind a softmax."""
    found = {end: [name for each in blocks for name in each.weights if name.endswith(f"attention.{end}")]
             for end in ("WQ", "WK", "WV")}  # fmt: skip
    if not found["WQ"] or len({len(each) for each in found.values()}) > 1:
        return
    ratios = [
        logs[value] - logs[name] for end in ("WQ", "WK") for name, value in zip(found[end], found["WV"], strict=True)
    ]
    if not all(map(math.isfinite, ratios)) or min(ratios) < math.log(LESS):
        return
    low, high = (f"{math.exp(each):.2g}" for each in (min(ratios), max(ratios)))
    much = (low,) if low == high else b.words("flow.from_to", first=low, last=high)
    q, k, v = (weight(b, found[end][0]) for end in ("WQ", "WK", "WV"))
    yield Para(b.words("flow.blocks.softmax", q=q, k=k, v=v, times=much))


def factors(b: Blocks) -> Iterator[Block]:
    """Yield the factors inside the first block."""
    blocks = [each for each in b.run.stages if each.number]
    if b.pattern and blocks and b.unit is Unit.BLOCK:
        yield Para(b.words("flow.blocks.inside", block=b.called(blocks[-1])), title=b.words("flow.title.inside"))
        yield inner_table(b, blocks[-1])


def inner_table(b: Blocks, stage: Stage) -> Table:
    """Return one product a branch."""
    w = b.words
    brackets = stage.brackets[::-1]
    rows: list[tuple[Text, ...]] = []
    for at, each in enumerate(brackets):
        name: Text = (branch_map(b, at),) if b.pattern and stage.number else w(f"flow.part.{each.kind}")
        rows.append((name, gain(each.skip.branch if each.skip else each.log), product(b, each.segments[::-1])))
    return Table(
        (w("flow.head.branch"), w("flow.head.gain"), w("flow.head.factors")),
        tuple(rows),
        align="lrl",
        wraps=2,
        wide=True,
    )


def sections(b: Blocks, every: bool) -> Iterator[Block]:
    """Yield the sections of the page."""
    yield from equations(b)
    yield from table(b, every)
    yield from what_to_see(b)
    yield from gradients(b, every)
    yield from factors(b)
    yield from total_theory(b.words, b.study)


def names(b: Blocks) -> tuple[str, ...]:
    """Return the names of the stages, from the input on."""
    return tuple(_key(b, each) for each in b.run.stages[::-1])


def _key(b: Blocks, stage: Stage) -> str:
    return f"{b.unit}{stage.number}" if stage.number else stage.name


def alone(b: Blocks, name: str) -> tuple[Text, tuple[Block, ...]]:
    """Return title and blocks of the page of one stage."""
    found = next(each for each in b.run.stages if _key(b, each) == name)
    w = b.words
    lines = list(equations(b)) if found.number else [Para(w("flow.blocks.gain"), title=w("flow.title.gain"))]
    title = w("flow.blocks.alone", block=b.called(found), gain=times(found.log))
    return title, (*lines, inner_table(b, found), *_meetings(b, found))


def _meetings(b: Blocks, stage: Stage) -> Iterator[Block]:
    """Yield how skip and branch meet in every sum of a block."""
    for at, each in enumerate(stage.brackets[::-1]):
        if each.skip:
            name: Text = (map_of(b, at, short=True),) if b.pattern else b.words(f"flow.part.{each.kind}")
            yield Para((*name, ": ", *_bracket_words(b, each)))
