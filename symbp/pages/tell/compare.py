"""The page of a comparison: what to take, the remedies grouped by what they do, what the numbers show and hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symbp.analysis.account import LOG_10
from symbp.analysis.compare import Comparison, Group, Measured
from symbp.analysis.flow import QUANTITIES, TENFOLD, Flow
from symbp.analysis.initialisations import initialisation
from symbp.analysis.remedies import AS_IS, CRITICAL
from symbp.maths.build import primed
from symbp.maths.names import MARKS
from symbp.maths.notation import STANDARD
from symbp.maths.tree import EQUALS, Fence, Id, Node, Num, Script, row
from symbp.op import FactorRole
from symbp.pages.page import Block, Equations, Image, Line, Page, Para, Table, Text
from symbp.pages.tell.flow_layers import generic
from symbp.pages.tell.flow_parts import gradient_by, length, scientific, times, transposed, weights
from symbp.pages.words import Words, language
from symbp.roles import Role

ARROWS = {Flow.VANISHING: " ↘", Flow.EXPLODING: " ↗"}
"""What stands beside a number that is not stable."""


def compare_page(
    found: Comparison,
    files: Mapping[str, str] | None = None,
    *,
    words: Words | None = None,
    command: str = "",
    stem: str = "remedies",
) -> Page:
    """Return the page of a comparison; ``files`` are those of its figures, by their names."""
    w = words or language()
    blocks = [*_keeping(w, found), *_lines(w, found), *_table(w, found), *_sentences(w, found)]
    blocks += [Image(file, w("compare.figure"), label=f"fig-{kind}") for kind, file in (files or {}).items()]
    return Page(answer(w, found), _about(w, found), tuple(blocks), stem, command)


# The answer.


def answer(w: Words, found: Comparison) -> Text:
    """Return what to take, with its three numbers."""
    if not found.recommended:
        return w("compare.none")
    best = found.recommended[0]
    gradient, error, activation = (_rate(each) for each in logs(best))
    return w("compare.take", name=name(w, best), gradient=gradient, error=error, activation=activation)


def _keeping(w: Words, found: Comparison) -> Iterator[Block]:
    """Yield what to take where the activation is to stay, if the best remedy changes it."""
    keeps = next((each for each in found.recommended if each.remedy.activation is None), None)
    if keeps is not None and keeps is not found.recommended[0]:
        yield Para(w("compare.keep", activation=found.stack.activation, name=name(w, keeps)))


def name(w: Words, of: Measured) -> Text:
    """Return the name of a remedy; the critical initialisation with its number."""
    if of.name != CRITICAL:
        return (of.name,)
    return w("compare.critical", sigma=_sigma(initialisation(of.init).sigma))


def _sigma(value: float) -> Node:
    return row(Script(Id("σ"), Id("w")), EQUALS, Num(f"{value:.3g}"))


def logs(of: Measured) -> tuple[float | None, float | None, float | None]:
    """Return what a layer does to gradient, error and activation, as natural logarithms."""
    decades = of.slope, of.activation
    gradient, activation = (None if each is None else each * LOG_10 for each in decades)
    return gradient, of.error, activation


def _rate(log: float | None) -> Text:
    return times(log) if log is not None else ()


def _about(w: Words, found: Comparison) -> Text:
    """Return which network this is, how often it was drawn."""
    stack, draws = found.stack, max(len(each.slopes) for each in found.rows)
    hidden = stack.widths[:-1]
    units = (str(hidden[0]),) if len(set(hidden)) == 1 else w("flow.range", low=str(min(hidden)), high=str(max(hidden)))
    network = w("flow.layers.about", n=len(stack.widths), units=units, activation=stack.activation)
    shown = weights(w, initialisation(found.init))
    return w("compare.about", network=network, weights=shown, draws=w("compare.draws", n=draws))


# The lines and the table.


def _lines(w: Words, found: Comparison) -> Iterator[Block]:
    """Yield what the columns stand for: a layer, and why a gradient is two things."""
    c = generic(found.stack.bias)
    forward = Line(tuple(c.equation(each) for each in c.forward[:2]), "compare-forward")
    gradient = next(each for each in c.gradients if each.equation.lhs.of.role is Role.WEIGHT)
    yield Equations((forward, Line((c.equation(gradient),), "compare-gradient")))
    yield Para(w("compare.product"))


def _table(w: Words, found: Comparison) -> Iterator[Block]:
    """Yield a row a remedy, those that measure alike as one, grouped by what they do."""
    n = len(found.stack.widths)
    low, high = (10 ** (sign * TENFOLD / (n - 1)) for sign in (-1, 1))
    yield Para(w("compare.caption", n=n, low=f"×{low:.3f}", high=f"×{high:.3f}"))
    rows: list[tuple[Text, ...]] = []
    starts: list[int] = []
    for group, members in found.groups.items():
        starts.append(len(rows))
        rows.append((w(f"compare.group.{group}"), (), (), (), ()))
        rows += [_cells(w, found, each) for each in merged(members)]
    letters = [length(gradient_by(_layer("W"))), length(_layer("δ")), length(_layer("z"))]
    heads = zip(("gradient", "error", "activation"), letters, strict=True)
    columns = [w(f"compare.head.{key}", symbol=symbol) for key, symbol in heads]
    head = (w("compare.head.remedy"), *columns, w("compare.head.moves"))
    yield Table(head, tuple(rows), tuple(starts), wraps=4, align="lrrrl", wide=True)


def _layer(letter: str) -> Node:
    return Script(Id(letter), None, Fence(Id("l"), *MARKS[STANDARD.layer]))


def merged(members: Sequence[Measured]) -> list[list[Measured]]:
    """Return remedies that measure alike together, the network as it is before others."""
    found: list[list[Measured]] = []
    for each in sorted(members, key=lambda row: row.name != AS_IS):
        same = next((rows for rows in found if _is_alike(rows[0], each)), None)
        if same is None:
            found.append([each])
        else:
            same.append(each)
    return sorted(found, key=lambda rows: rows[0].distance)


ALIKE = 0.01
"""Rows whose numbers are closer than this, by their size, are one."""


def _is_alike(one: Measured, other: Measured) -> bool:
    pairs = list(zip(logs(one), logs(other), strict=True))
    return all(a is not None and b is not None and abs(a - b) <= ALIKE for a, b in pairs)


def _cells(w: Words, found: Comparison, rows: Sequence[Measured]) -> tuple[Text, ...]:
    first = rows[0]
    called = w.listed([name(w, each) for each in rows])
    if first.problem:
        return called, (), (), (), (first.problem.partition(":")[0],)
    arrows = [ARROWS.get(first.verdicts[each], "") for each in QUANTITIES]
    numbers = [(*_rate(log), arrow) if log is not None else () for log, arrow in zip(logs(first), arrows, strict=True)]
    return called, *numbers, moves(w, found, first)


def moves(w: Words, found: Comparison, of: Measured) -> Text:
    """Return which factors a remedy moved, before and after, the furthest first; of the network as it is all."""
    slopes = of.flow.slopes if of.flow is not None else {}
    if FactorRole.SUM in slopes:
        return w("compare.skip")
    if of.name == AS_IS:
        known = [(role, slopes[role]) for role in LETTERS if role in slopes]
        return _joined([w("compare.has", factor=LETTERS[role], gain=_short(log)) for role, log in known])
    said: list[Text] = []
    for role, before, after in of.moved(found.as_is):
        if role in LETTERS:
            said.append(w("compare.moved", factor=LETTERS[role], before=_short(before), after=_short(after)))
        elif role is FactorRole.NORMALISATION:
            said.append(w("compare.norm", gain=_short(after)))
    return _joined(said) or w("compare.nothing")


def _short(decades: float) -> str:
    """Return a gain in three digits."""
    return f"{10**decades:.2f}" if -2 < decades < 1 else f"{10**decades:.3g}"


LETTERS: Mapping[FactorRole, Node] = {
    FactorRole.SLOPE: primed(Id("f")),
    FactorRole.WEIGHT: transposed(Id("W")),
}
"""Factors that have a letter in the lines."""


def _joined(parts: Sequence[Text]) -> Text:
    return tuple(piece for at, part in enumerate(parts) for piece in ((", ", *part) if at else part))


# What to see.


def _sentences(w: Words, found: Comparison) -> Iterator[Block]:
    """Yield what the table shows, what theory predicts, what norms do not show."""
    seen = [*_masked(w, found)]
    if seen:
        yield Para(_sentence(seen), title=w("flow.title.see"))
    known = [each for each in found.rows if each.predicted is not None]
    if known:
        said = [w("compare.predicts", name=name(w, each), rate=times(each.predicted)) for each in known]
        text = w("compare.predicted", rates=_listed(said))
        if len(known) < len(found.rows):
            text = (*text, " ", *w("compare.others"))
        if found.has_many_outputs:
            text = (*text, " ", *w("compare.many_outputs"))
        yield Para(text, title=w("flow.title.theory"))
    kept = [each for each in found.recommended if each.directions is not None]
    if kept:
        said = [w("compare.keeps", count=f"{each.directions:.0f}", name=name(w, each)) for each in kept]
        text = w("compare.directions", total=str(found.stack.widths[-1]), kept=_listed(said))
        yield Para(text, title=w("flow.title.directions"))
    if found.left_out:
        yield Para(_listed([w(f"compare.left_out.{why}", name=each) for each, why in found.left_out]))


def _masked(w: Words, found: Comparison) -> Iterator[Text]:
    """Yield how much of the input is left where the gradient is stable and what makes it is not."""
    masked = [each for each in found.groups.get(Group.MASKED, ()) if each.activation is not None]
    ordered = sorted(masked, key=_grown)
    steps = len(found.stack.widths) - 2
    for each in [*ordered[:1], *ordered[1:][-1:]]:
        if abs(_grown(each) * steps) >= TENFOLD:
            key = "compare.shrinks" if _grown(each) < 0 else "compare.grows"
            yield w(key, name=name(w, each), share=(scientific(_grown(each) * steps),), n=steps)


def _grown(of: Measured) -> float:
    return of.activation or 0.0


def _sentence(parts: Sequence[Text]) -> Text:
    return tuple(piece for at, part in enumerate(parts) for piece in ((" ", *part) if at else part))


def _listed(parts: Sequence[Text]) -> Text:
    return tuple(piece for at, part in enumerate(parts) for piece in (("; ", *part) if at else part))
