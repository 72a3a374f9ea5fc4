"""The flow of the gradient as a page: the sentence, the account, the figures, one table a network."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.analysis.flow import GradientFlow
from symbp.analysis.spectrum import Spectrum
from symbp.report.flow import HEADINGS, facts, power, shown_cells
from symbp.report.page import Block, Figure, Heading, Page, Say, Table
from symbp.report.rich import Rich, Span, capital, code, math, rich
from symbp.report.text import power_of_ten

CAPTIONS = {
    "norms": "Norm of every weight's gradient, from the loss on the left to the input on the right.",
    "budget": "The budget of {name}: the decades each role adds or takes, which add up to the gradient norm.",
    "spectrum": "Singular values of the map from the error at the output to the error at the first layer, one example.",
    "phase": "Vanishing and exploding gradients over the two variances, with the edge of chaos between them.",
}
"""What stands under each figure."""


def flow_page(
    flows: Sequence[GradientFlow],
    names: Sequence[str],
    spectra: Sequence[tuple[str, Spectrum]],
    command: str,
    stem: str | None,
) -> Page:
    """Return the page; ``stem`` is the beginning of the figures' file names, None without figures."""
    blocks: list[Block] = [Say(capital(rich("{said}.", said=flow.sentence))) for flow in flows]
    if stem is not None:
        shown = [name for name in ("norms", "budget", "spectrum") if name != "spectrum" or spectra]
        blocks += [Figure(f"{stem}-{name}", CAPTIONS[name].format(name=names[0])) for name in shown]
    for name, flow in zip(names, flows, strict=True):
        blocks.append(Heading(name[:1].upper() + name[1:]))
        rows = [(rich("{key}", key=key), rich("{said}", said=said)) for key, said in facts(flow)]
        blocks.append(Table(("what", "found"), rows, "lp"))
        blocks.append(_layers(flow))
    if spectra:
        blocks.append(Heading("Which directions the error keeps"))
        blocks += [Say(spectrum_words(name, each)) for name, each in spectra]
    return Page("The flow of the gradient", tuple(blocks), command)


def _layers(flow: GradientFlow) -> Table:
    """Return the account layer by layer: the terminal's table without its bars, which the figure shows better."""
    used, cells = shown_cells(flow)
    kept = [(place, column) for column, place in enumerate(used) if HEADINGS[place] in HEADS]
    rows = [tuple((Span("text", row[column]),) for _, column in kept) for row in cells]
    return Table([HEADS[HEADINGS[place]] for place, _ in kept], rows, "l" * len(kept))


HEADS = {
    "weight": "weight", "‖gradient‖": "gradient norm", "W gain": "gain of W", "≤ ‖W‖₂": "at most",
    "f′ gain": "gain of f′", "≤ max f′": "at most", "A gain": "gain of A",
}  # fmt: skip
"""What the columns of the terminal are called on a page."""


def spectrum_words(name: str, found: Spectrum) -> Rich:
    """Say how unequally the directions of an error are treated."""
    lost = f"; {found.lost} more are too small to be told from rounding" if found.lost else ""
    return rich(
        "{name}: on its way from the output to {below} the squared norm of an error is multiplied by {mean} on "
        "average; "
        "the singular values spread over {spread} decades{lost}.",
        name=capital(rich("{name}", name=name)), below=code(found.below), lost=lost, spread=f"{found.spread:.1f}",
        mean=math(by_logarithm(found.mean_square)),
    )  # fmt: skip


def by_logarithm(log10: float) -> str:
    """Return a number as LaTeX, by its logarithm: as it is where it is handy, else as a power of ten."""
    return f"{10**log10:.3g}" if abs(log10) < 3 else power_of_ten(power(log10))
