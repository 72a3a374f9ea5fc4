"""A sweep for a terminal: one row a network, one column a depth, the rate and its standard error in each."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.analysis.sweep import Trend
from symbp.report.text import shown, table, with_error


def sweep_text(found: Sequence[Trend], *, ascii_only: bool = False) -> str:
    """Return the table; an empty cell was not measured."""
    depths = sorted({each.layers for each in found})
    rows: dict[tuple[str, str, int], dict[int, Trend]] = {}
    for each in found:
        rows.setdefault((each.activation, each.init, each.width), {})[each.layers] = each
    head = ("activation", "init", "width", *(f"{depth} layers" for depth in depths))
    lines = [
        (activation, init, str(width), *(_cell(cells.get(depth)) for depth in depths))
        for (activation, init, width), cells in rows.items()
    ]
    title = "What a layer multiplies the gradient by, with the standard error over the draws:"
    return shown("\n".join([title, "", *table([head, *lines])]), ascii_only)


def _cell(trend: Trend | None) -> str:
    if trend is None:
        return ""
    lost = f" ({trend.failed} of {trend.draws} lost)" if trend.failed else ""
    if trend.rate is None:
        return f"-{lost}"
    return with_error(trend.rate, trend.standard_error) + lost
