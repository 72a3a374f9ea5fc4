"""The page of a sweep: a row a network, a column a depth, the rate and its standard error in each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from symbp.analysis.sweep import Trend
from symbp.pages.page import Page, Table, Text
from symbp.pages.words import Words, language


def sweep_page(found: Sequence[Trend], *, words: Words | None = None, command: str = "") -> Page:
    """Return the page of the networks of a sweep; an empty cell was not measured."""
    w = words or language()
    depths = sorted({each.layers for each in found})
    rows: dict[tuple[str, str, int], dict[int, Trend]] = {}
    for each in found:
        rows.setdefault((each.activation, each.init, each.width), {})[each.layers] = each
    head = [w(f"sweep.head.{key}") for key in ("activation", "init", "width")]
    columns = [w("sweep.head.layers", n=depth) for depth in depths]
    cells = tuple(
        ((activation,), (init,), (str(width),), *(_cell(w, measured.get(depth)) for depth in depths))
        for (activation, init, width), measured in rows.items()
    )
    table = Table((*head, *columns), cells, align="llr" + "l" * len(depths), wide=True)
    return Page(w("sweep.title"), w("sweep.subtitle"), (table,), "sweep", command)


def _cell(w: Words, trend: Trend | None) -> Text:
    """Return what a layer multiplies the gradient by, and how many draws were lost."""
    if trend is None:
        return ()
    lost = w("sweep.lost", lost=str(trend.failed), draws=str(trend.draws)) if trend.failed else ()
    if trend.rate is None:
        return lost
    return (f"×{trend.rate:.3g}{_error(trend)}", *((" ", *lost) if lost else ()))


def _error(trend: Trend) -> str:
    """Return the standard error of a rate, which is measured in decades."""
    if trend.standard_error is None or trend.rate is None:
        return ""
    return f" ± {trend.rate * math.log(10) * trend.standard_error:.1g}"
