"""Pictures of the flow of the gradient, for notes: drawn with matplotlib where it is installed.

Legible in print and in greyscale: curves differ in their dashes and are named where they end, roles differ in
lightness and hatching. Each function returns a figure; ``saved`` turns one into the bytes of a file.
"""

from __future__ import annotations

import base64
import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle
from typing import Any

from symbp.analysis.flow import GradientFlow
from symbp.analysis.phase import MOST_PANELS, Phases
from symbp.analysis.repetitions import Run
from symbp.analysis.spectrum import Spectrum
from symbp.errors import SpecError
from symbp.maths.names import derivative_of
from symbp.maths.notation import STANDARD
from symbp.maths.tree import COMMA, EQUALS, SLASH, Fence, Id, Node, Num, Script, row
from symbp.op import FactorRole
from symbp.pages.page import Text
from symbp.pages.words import language
from symbp.resources import MARK
from symbp.writing.formats import FIGURES
from symbp.writing.latex import inline_latex

WIDTH, HEIGHT = 4.7, 2.4
"""Inches: the text width of LaTeX's article, at which the letters are 8 pt high."""

STYLE: Any = {
    "font.family": "serif", "font.size": 8, "axes.labelsize": 8, "legend.fontsize": 7, "xtick.labelsize": 7,
    "ytick.labelsize": 7, "mathtext.fontset": "cm", "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "lines.linewidth": 1.2,
    "svg.hashsalt": "symbp", "pdf.fonttype": 42, "savefig.dpi": 200, "hatch.linewidth": 0.4,
}  # fmt: skip

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)))

SHADES = ("#000000", "#1f5fa8", "#b04a1a", "#3c7d3c", "#7a3f8f", "#666666")
"""Dark enough to read on paper; the dashes say the same without colour."""

FILLS = {
    FactorRole.LOSS: ("#4d4d4d", ""),
    FactorRole.WEIGHT: ("#6f9fd0", ""),
    FactorRole.SLOPE: ("#e2a76f", "///"),
    FactorRole.PREVIOUS: ("#d9d9d9", "..."),
    FactorRole.NORMALISATION: ("#8fbf8f", "xxx"),
    FactorRole.SUM: ("#b79ac8", "\\\\\\"),
}
"""The colour and hatching of a role in the budget."""

OTHER_FILL = ("#f2f2f2", "+++")

MOST_BARS = 60
"""A deeper network shows every second, third, … of its layers."""

HALF = 0.425
"""Half the width of a bar, by the distance of two."""

MANY = 3
"""More curves than this are named where they end and not in a box."""


@dataclass(frozen=True)
class Curve:
    """The gradient norms of one network, by layer, as base-10 logarithms; −∞ is left out.

    ``slope`` is how many decades a layer takes or adds as predicted, None without a theory.
    """

    name: str
    layers: tuple[int, ...]
    logs: tuple[float, ...]
    slope: float | None = None

    @classmethod
    def of(cls, name: str, flow: GradientFlow, slope: float | None = None) -> Curve:
        """Return the curve of a flow."""
        return cls(name, tuple(row.layer for row in flow.rows), tuple(row.log10 for row in flow.rows), slope)


def available() -> bool:
    """Whether matplotlib is installed; nothing is imported."""
    return find_spec("matplotlib") is not None


MARGINS = (0.62, 0.1, 0.42, 0.1)
"""Inches left, right, below and above the axes."""


def _figure(height: float = HEIGHT, margins: tuple[float, float, float, float] = MARGINS) -> tuple[Any, Any]:
    """Return a figure and its axes, whose place does not depend on what is drawn."""
    figure = _sheet(height)
    return figure, _panel(figure, (0, 0, WIDTH, height), margins)


def _panel(figure: Any, room: tuple[float, float, float, float], margins: tuple[float, float, float, float]) -> Any:
    """Add axes with margins inside a room: inches left of it and below it, its width and height."""
    (x, y, width, height), (left, right, below, above) = room, margins
    whole_width, whole_height = figure.get_size_inches()
    place = (x + left) / whole_width, (y + below) / whole_height
    return figure.add_axes((*place, (width - left - right) / whole_width, (height - below - above) / whole_height))


GRADIENT = derivative_of(STANDARD, Id("W"))
"""The gradient by a weight; its norm has bars that matplotlib lacks."""


def label(text: Text) -> str:
    """Return a sentence as matplotlib writes it: formulas between dollars."""
    return "".join(f"${inline_latex(each)}$" if isinstance(each, Node) else str(each) for each in text)


def _sigma(below: str) -> Node:
    return Script(Id("σ"), Id(below))


def _normal(of: str) -> Node:
    """Return the distribution of the entries of weights, by how many enter, or of biases."""
    square = Script(Id("σ"), Id(of), Num("2"))
    variance = row(square, SLASH, Script(Id("n"), Id("in", "upright"))) if of == "w" else square
    return row(Id("N"), Fence(row(Num("0"), COMMA, variance)))


def _sheet(height: float) -> Any:
    if not available():
        raise SpecError("figures need matplotlib: pip install 'symbp[plots]'")
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(STYLE)
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it remarks on the date that fonts were made
    return Figure(figsize=(WIDTH, height))


def norms(curves: Sequence[Curve]) -> Any:
    """Draw the norm of every weight's gradient over its layer, all networks in one figure, on a logarithmic scale."""
    many = len(curves) > MANY
    figure, axes = _figure(1.3 * HEIGHT, (0.62, 1.55, 0.42, 0.1)) if many else _figure()
    ends: list[tuple[float, str, str]] = []
    for number, (curve, shade) in enumerate(zip(curves, cycle(SHADES), strict=False)):
        points = [(layer, log) for layer, log in zip(curve.layers, curve.logs, strict=True) if math.isfinite(log)]
        if not points:
            continue
        dash = DASHES[(number + number // len(SHADES)) % len(DASHES)]
        drawn: Any = {"linestyle": dash, "label": curve.name}
        if len(curves) == 1 and curve.slope is not None:
            drawn = {"linestyle": "", "marker": "o", "ms": 2.5, "mfc": "white", "label": label(language()("plot.dots"))}
            first, (last, top) = points[0][0], points[-1]
            line = (last, first), (top, top + (last - first) * curve.slope)
            axes.plot(*line, color=SHADES[-1], lw=0.8, label=label(language()("plot.predicted")))
        axes.plot(*zip(*points, strict=True), color=shade, **drawn)
        ends.append((points[0][1], curve.name, shade))
    w = language()
    axes.set_xlabel(label(w("plot.layer")))
    axes.set_ylabel(label(w("plot.gradient", gradient=GRADIENT)))
    _powers(axes)
    axes.set_xticks(_layer_ticks(max(curve.layers[-1] for curve in curves)))
    axes.invert_xaxis()  # from the loss on the left to the input on the right, as backpropagation goes
    if many:
        _named_at_the_end(axes, ends, min(curve.layers[0] for curve in curves))
    elif len(axes.get_lines()) > 1:
        axes.legend(frameon=False)
    return figure


def _layer_ticks(last: int) -> list[int]:
    """Return round numbers of layers, and the first."""
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if last / step <= 8)
    return [1, *range(step, last + 1, step)] if step > 1 else list(range(1, last + 1))


def _named_at_the_end(axes: Any, ends: Sequence[tuple[float, str, str]], first: int) -> None:
    """Write each curve's name beside its end; names that would touch are moved apart."""
    low, high = axes.get_ylim()
    ordered = sorted(ends)
    places = spread([(level - low) / (high - low) for level, _, _ in ordered], 1 / 24)
    for (level, name, shade), place in zip(ordered, places, strict=True):
        axes.annotate(
            name, (first, level), xytext=(1.06, place), textcoords="axes fraction", va="center", fontsize=7,
            color=shade, arrowprops={"arrowstyle": "-", "lw": 0.4, "color": shade, "shrinkA": 0, "shrinkB": 1},
        )  # fmt: skip


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Return ascending places moved apart to at least ``gap``, each group around where it was, inside 0 and 1."""
    groups: list[tuple[float, int]] = []  # centre, members
    for place in places:
        groups.append((place, 1))
        while len(groups) > 1 and _ends_above(groups[-2], groups[-1], gap):
            (low, few), (high, more) = groups[-2:]
            groups[-2:] = [((low * few + high * more) / (few + more), few + more)]
    return [start + gap * i for centre, count in groups for start in [_start(centre, count, gap)] for i in range(count)]


def _start(centre: float, count: int, gap: float) -> float:
    half = gap * (count - 1) / 2
    return min(max(centre - half, 0.0), max(0.0, 1.0 - 2 * half))


def _ends_above(low: tuple[float, int], high: tuple[float, int], gap: float) -> bool:
    return _start(*low, gap) + gap * low[1] > _start(*high, gap)


def budget(flow: GradientFlow) -> Any:
    """Draw each gradient's budget: how many decades each role adds or takes, stacked, and the norm they add up to."""
    figure, axes = _figure(1.15 * HEIGHT, (0.62, 0.1, 0.42, 0.5))
    from matplotlib.collections import PolyCollection  # Behind the figure, which says how to install it.

    alive = [row for row in flow.rows if not row.is_dead]
    step = -(-len(alive) // MOST_BARS)
    rows = alive[::-1][::step]
    w = language()
    roles = list(dict.fromkeys(role for row in rows for role in row.roles))
    layers = [row.layer for row in rows]
    places = range(len(rows))
    ends = {True: [0.0] * len(rows), False: [0.0] * len(rows)}  # so far above zero and below it
    for role in roles:
        boxes = []
        for i, each in enumerate(rows):
            value = each.roles.get(role, 0.0)
            start = ends[value >= 0][i]
            ends[value >= 0][i] = end = start + value
            boxes.append([(i + x, y) for x, y in ((-HALF, start), (HALF, start), (HALF, end), (-HALF, end))])
        fill, hatch = FILLS.get(role, OTHER_FILL)
        name = label(w(f"flow.role.{role}"))
        # One artist for all bars: a rectangle each takes a third of a second in a deep network.
        axes.add_collection(
            PolyCollection(
                boxes,
                label=name,
                facecolor=fill,
                hatch=hatch,
                edgecolor="black",
                linewidth=0.3,
            )
        )
    axes.plot(
        places, [row.log10 for row in rows], "o", color="black", ms=2.5, mfc="white", label=label(w("plot.total"))
    )
    axes.axhline(0, color="black", lw=0.6)
    ticks = [layers.index(layer) for layer in _layer_ticks(max(layers)) if layer in layers]
    axes.set_xticks(ticks, [str(layers[place]) for place in ticks])
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(label(w("plot.layer")))
    axes.set_ylabel(label(w("plot.decades")))
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    return figure


def spectra(found: Sequence[tuple[str, Spectrum]]) -> Any:
    """Draw the singular values of end-to-end Jacobians, the largest first, on a logarithmic scale."""
    figure, axes = _figure()
    for number, (name, each) in enumerate(found):
        values, count = each.values, len(each.values) + each.lost
        places = [place / max(1, count - 1) for place in range(len(values))]
        dash, shade = DASHES[number % len(DASHES)], SHADES[number % len(SHADES)]
        axes.plot(places, values, color=shade, linestyle=dash, label=name)
    axes.axhline(0, color="#999999", lw=0.6, zorder=0)
    axes.set_xlabel(label(language()("plot.place")))
    axes.set_ylabel(label(language()("plot.value")))
    _powers(axes)
    if len(found) > 1:
        axes.legend(frameon=False)
    return figure


def branches(run: Run) -> Any:
    """Draw the deviation of the stream that enters each block, and the gains of the branches of the block."""
    figure, axes = _figure()
    blocks = [each for each in run.stages if each.number]
    w, numbers = language(), [each.number for each in blocks]
    axes.plot(numbers, [each.deviation for each in blocks], "o", mfc="white", color=SHADES[0], ms=4,
              label=label(w("plot.deviation")))  # fmt: skip
    for at in range(len(blocks[0].brackets)):
        found = [(each.number, math.exp(skip.branch)) for each in blocks if (skip := each.brackets[-1 - at].skip)]
        if found:
            marker, shade = MARKERS[at % len(MARKERS)], SHADES[at % len(SHADES)]
            axes.plot(*zip(*found, strict=True), marker, color=shade, ms=3, label=label(w("plot.branch", n=at + 1)))
    axes.set_xlabel(label(w("plot.block")))
    axes.set_ylim(bottom=0)
    axes.set_xticks(_layer_ticks(max(numbers)))
    axes.invert_xaxis()  # from the loss on the left to the input on the right, as backpropagation goes
    axes.legend(frameon=False)
    return figure


def parts(shares: Sequence[float], remedied: Sequence[float] = ()) -> Any:
    """Draw the part of every step in a gradient, the last step first, as it is and with a remedy."""
    figure, axes = _figure()
    w, steps = language(), range(len(shares), 0, -1)
    axes.axhline(0, color="#999999", lw=0.6, zorder=0)
    axes.plot(steps, shares, "o", color=SHADES[0], ms=3, label=label(w("plot.as_is")))
    if remedied:
        axes.plot(steps, remedied, "o", mfc="white", color=SHADES[0], ms=4, label=label(w("plot.remedied")))
        axes.legend(frameon=False)
    axes.set_xlabel(label(w("plot.step")))
    axes.set_ylabel(label(w("plot.part")))
    axes.set_xticks(_layer_ticks(len(shares)))
    return figure


MARKERS = "os^DvPXp"

LEGEND_COLUMNS, LEGEND_LINE = 4, 0.17
"""Entries side by side above all panels, and inches that a line of them takes."""

REGIONS = {
    (False, False): "plot.vanish",
    (True, False): "plot.explode",
    (True, True): "plot.explode_endless",
    (False, True): "plot.endless",
}
"""What a region of the phase diagram is called, by whether χ₁ > 1 and whether lengths have no finite fixed point."""

LEAST_DEPTH = 0.11
"""A region has a name where it is at least twice this wide, by the width of its panel."""


def phase(found: Sequence[Phases]) -> Any:
    """Draw the phases over (σ_w, σ_b), one panel an activation, with the edge of chaos and the marks."""
    shown = found[:MOST_PANELS]
    columns, rows = min(2, len(shown)), -(-len(shown) // 2)
    marks = list(dict.fromkeys(mark.name for each in shown for mark in each.marks))
    width, height = WIDTH / columns, 2.0 if columns == 2 else 2.3
    figure = _sheet(rows * height + LEGEND_LINE * -(-(1 + len(marks)) // LEGEND_COLUMNS) + 0.1)
    for number, each in enumerate(shown):
        row, column = divmod(number, columns)
        room = (column * width, (rows - 1 - row) * height, width, height)
        axes = _panel(figure, room, (0.55 - 0.15 * (column > 0), 0.12, 0.42, 0.22))
        _regions(axes, each)
        if each.edge:
            axes.plot(*zip(*each.edge, strict=True), color="black", lw=1.6)
        for mark in each.marks:
            shape = MARKERS[marks.index(mark.name) % len(MARKERS)]
            axes.plot([mark.sigma_w], [mark.sigma_b], shape, color="black", mfc="white", ms=5, clip_on=False, zorder=5)
        axes.set_xlim(0, each.sigma_w[-1])
        axes.set_ylim(0, each.sigma_b[-1])
        axes.set_title(each.name, fontsize=8)
        axes.set_xlabel(label(language()("plot.weights", sigma=_sigma("w"), entries=_normal("w"))))
        if number % columns == 0:
            axes.set_ylabel(label(language()("plot.biases", sigma=_sigma("b"), entries=_normal("b"))))
    _legend(figure, marks)
    return figure


def _legend(figure: Any, marks: Sequence[str]) -> None:
    """Name the edge and the marks above all panels."""
    from matplotlib.lines import Line2D

    chi = row(Script(Id("χ"), Num("1")), EQUALS, Num("1"))
    handles = [Line2D([], [], color="black", lw=1.6, label=label(language()("plot.edge", chi=chi)))]
    handles += [
        Line2D([], [], marker=MARKERS[place % len(MARKERS)], ls="", color="black", mfc="white", ms=5, label=name)
        for place, name in enumerate(marks)
    ]
    figure.legend(handles=handles, loc="upper center", ncols=min(LEGEND_COLUMNS, len(handles)), frameon=False)


def _regions(axes: Any, each: Phases) -> None:
    """Shade where gradients explode, hatch where lengths grow without end, and name what is large enough."""
    import numpy as np

    explodes, diverges = each.chi > 1, np.asarray(each.diverges)
    for mask, style in ((explodes, {"colors": ["#d4d4d4"]}), (diverges, {"colors": "none", "hatches": ["////"]})):
        if mask.any():
            axes.contourf(each.sigma_w, each.sigma_b, mask.astype(float), levels=[0.5, 1.5], zorder=0, **style)
    for (hot, endless), key in REGIONS.items():
        mask = (explodes == hot) & (diverges == endless)
        row, column, depth = deepest(mask)
        if depth >= LEAST_DEPTH * mask.shape[1]:
            axes.text(
                each.sigma_w[column], each.sigma_b[row], label(language()(key)), ha="center", va="center", fontsize=6.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0} if endless else None,
            )  # fmt: skip


def deepest(mask: Any) -> tuple[int, int, int]:
    """Return row and column of a true entry that is farthest from every false one and from the border, and how far."""
    import numpy as np

    inside, depth = np.pad(np.asarray(mask, bool), 1), 0
    while inside.any():
        smaller, depth = inside.copy(), depth + 1
        smaller[1:-1, 1:-1] &= inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
        if not smaller.any():
            break
        inside = smaller
    places = np.argwhere(inside)
    row, column = places[len(places) // 2] if len(places) else (1, 1)
    return int(row) - 1, int(column) - 1, depth


def _powers(axes: Any) -> None:
    """Mark whole powers of ten on an axis of logarithms where two fit, else numbers."""
    low, high = axes.get_ylim()
    whole = range(math.ceil(low), math.floor(high) + 1)
    if len(whole) > 1:
        axes.set_yticks(whole[:: -(-len(whole) // MOST_TICKS)])
    axes.yaxis.set_major_formatter(_power)


MOST_TICKS = 7

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Exponents as letters of the font: a formula at every tick takes half of the time of a figure."""


def _power(value: float, _: int = 0) -> str:
    if value != round(value):
        return f"{10**value:.3g}"
    return f"10{f'{value:.0f}'.translate(RAISED)}"


def saved(figure: Any, kind: str) -> bytes:
    """Return a figure as the bytes of a PDF, SVG or PNG, the same on each run, with our mark in them.

    Raises:
        SpecError: another kind.
    """
    if kind not in FIGURES:
        raise SpecError(f"a figure is {', '.join(FIGURES)}: not {kind[:20]!r}")
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata=_METADATA[kind])
    data = stream.getvalue()
    if kind == "svg":
        first, _, rest = data.partition(b"\n")
        return first + f"\n<!-- {MARK} -->\n".encode() + rest
    return data + f"% {MARK}\n".encode() if kind == "pdf" else data


def address(svg: bytes) -> str:
    """Return an SVG as an address that holds it, for a page that is one file."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": MARK, "Producer": None},
    "svg": {"Date": None, "Creator": MARK},
    "png": {"Software": MARK},
}
