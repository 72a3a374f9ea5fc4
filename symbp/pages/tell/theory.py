"""The page of an activation's mean-field theory: its critical initialisation, and where the common ones stand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from symbp.analysis.correlations import Prospect
from symbp.analysis.critical import Critical, none
from symbp.analysis.lengths import Kind, MeanField
from symbp.analysis.solution import Solution, number
from symbp.maths.build import primed
from symbp.maths.functions import own_name
from symbp.maths.scalars import Scalars
from symbp.maths.tree import (
    APPLY,
    COMMA,
    EQUALS,
    PLUS,
    PRIME,
    SLASH,
    TIMES,
    Fence,
    Id,
    Node,
    Num,
    Script,
    Sign,
    row,
)
from symbp.ops.elementwise import Formula
from symbp.pages.page import Block, Equations, Line, Page, Para, Table, Text
from symbp.pages.words import Words, language


def theory_page(of: Solution, *, words: Words | None = None, command: str = "", stem: str = "theory") -> Page:
    """Return the page of an activation."""
    w = words or language()
    blocks = [*_lines(w, of), *(block for each in of.found for block in _critical(w, each)), *_common(w, of)]
    return Page(answer(w, of), (), tuple(blocks), stem, command)


KEPT = "\u00a0"
"""The space inside of what a reader copies, at which no line ends."""


def answer(w: Words, of: Solution) -> Text:
    """Return the critical initialisation, as a reader takes it."""
    if not of.found:
        return (none(MeanField(of.function), of.sigma_b),)
    first = of.found[0]
    biases = f"{KEPT}--sigma-b{KEPT}{first.sigma_b:g}" if first.sigma_b else ""
    key = "theory.critical" if first.point.stable else "theory.critical_unstable"
    return w(
        key,
        name=of.function.name,
        option=f"--init{KEPT}{first.init}{biases}",
        sigma_w=_sigma("w", number(first.sigma_w)),
        sigma_b=_sigma("b", f"{first.sigma_b:g}"),
    )


def _sigma(below: str, value: str = "") -> Node:
    letter = Script(Id("σ"), Id(below))
    return row(letter, EQUALS, Num(value)) if value else letter


Q, CHI = Id("q"), Script(Id("χ"), Num("1"))


def _squared(node: Node) -> Node:
    return Script(node.base, node.sub, Num("2")) if isinstance(node, Script) else Script(node, None, Num("2"))


def _mean(function: Node) -> Node:
    """Return E f(z)²."""
    square = Script(Fence(row(function, APPLY, Fence(Id("z")))), None, Num("2"))
    return row(Id("E", "upright"), TIMES, square)


def _lines(w: Words, of: Solution) -> Iterator[Block]:
    """Yield what the letters stand for, and the two moments in closed form where there is one."""
    name = Id("f") if isinstance(of.function, Formula) else own_name(of.function)
    slope = primed(name)
    square, factor = _squared(_sigma("w")), row(CHI, EQUALS, _squared(_sigma("w")), TIMES, _mean(slope))
    lengths = row(Id("V"), APPLY, Fence(Q), EQUALS, square, TIMES, _mean(name), PLUS, _squared(_sigma("b")))
    normal = row(Id("z"), Sign("∼", "rel"), Id("N"), Fence(row(Num("0"), COMMA, Q)))
    yield Equations((Line((lengths, factor), "theory-maps", normal),))
    yield Para(w("theory.maps", V=Id("V"), q=Q, chi=CHI, z=Id("z")))
    if of.closed is not None:
        write = Scalars({}).tree
        moments = [row(_mean(name), EQUALS, write(of.closed.square))]
        moments.append(row(_mean(slope), EQUALS, write(of.closed.slope_square)))
        yield Equations((Line(tuple(moments), "theory-closed"),))


def _critical(w: Words, of: Critical) -> Iterator[Block]:
    """Yield one critical initialisation: its numbers, and its fixed point."""
    is_said = of.exact is None or of.exact.is_Integer
    exact = [] if is_said else [EQUALS, Scalars({}).tree(of.exact)]
    sigma_w = row(_sigma("w", number(of.sigma_w)), *exact)
    text = w(f"theory.point.{_kind(of)}", sigma_w=sigma_w, sigma_b=_sigma("b", f"{of.sigma_b:g}"), q=_point(of.point.q))
    slope = row(Script(Id("V"), None, PRIME), APPLY, Fence(Q), EQUALS, Num(f"{of.length_slope:.6g}"))
    bound = (f"{of.error:.0e}",) if of.error else ()
    text = (*text, " ", *w("theory.slope", slope=slope))
    yield Para((*text, " ", *w("theory.within", bound=bound)) if bound else text, title=w("theory.title.critical"))


def _kind(of: Critical) -> str:
    if of.point.kind is Kind.POINT and not of.point.stable:
        return "left"
    return str(of.point.kind)


def _point(q: float | None) -> Node:
    return row(Q, EQUALS, Num(number(q or 0.0)))


COLUMNS = ("init", "sigma_w", "q", "chi", "slope", "correlation", "length_depth", "correlation_depth", "phase")


def _common(w: Words, of: Solution) -> Iterator[Block]:
    """Yield where the common initialisations stand."""
    xi = Id("ξ")
    letters: dict[str, Node] = {
        "sigma_w": _sigma("w"), "q": Q, "chi": CHI, "slope": row(Script(Id("V"), None, PRIME), APPLY, Fence(Q)),
        "correlation": Id("c"), "length_depth": Script(xi, Id("q")), "correlation_depth": Script(xi, Id("c")),
    }  # fmt: skip
    head = tuple((letters[key],) if key in letters else w(f"theory.head.{key}") for key in COLUMNS)
    rows = tuple(_row(w, name, each) for name, each in of.common)
    yield Para(w("theory.common", sigma_b=_sigma("b", f"{of.sigma_b:g}")))
    yield Table(head, rows, wraps=8, align="lrrrrrrrl", wide=True)
    yield Para(w("theory.depths", None, **{key: letters[key] for key in ("correlation", "length_depth")}, xi=xi))
    yield Para(w("theory.width", chi=CHI, delta=_squared(Fence(Id("δ"), "‖", "‖")), order=_order(), width=Id("n")))


def _order() -> Node:
    return row(Id("O"), APPLY, Fence(row(Num("1"), SLASH, Id("n"))))


def _row(w: Words, name: str, of: Prospect) -> tuple[Text, ...]:
    q = w(f"theory.length.{of.point.kind}") if of.point.kind is not Kind.POINT else short(of.point.q)
    return (
        (name,),
        (f"{of.sigma_w:.4g}",),
        q,
        short(None if of.chi is None else of.chi.value),
        short(of.length_slope),
        short(of.fixed_correlation),
        short(of.length_depth),
        short(of.correlation_depth),
        w(f"theory.phase.{of.phase.partition(':')[0].replace(' ', '_')}"),
    )


def short(value: float | None) -> Text:
    """Return a number in four digits, nothing where there is none."""
    if value is None or math.isnan(value):
        return ()
    return (Sign("∞", "ord"),) if math.isinf(value) else (f"{value:.4g}",)
