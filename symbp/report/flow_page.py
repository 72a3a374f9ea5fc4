"""The flow of the gradient as a page: the sentence, the account, the figures, one table a network."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.analysis.flow import GradientFlow
from symbp.analysis.spectrum import Spectrum
from symbp.report.flow import HEADINGS, facts, shown_cells
from symbp.report.page import Block, Figure, Heading, Page, Say, Table
from symbp.report.rich import Span, capital, rich

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
        blocks.append(Table(("", ""), [(rich("{a}", a=key), rich("{b}", b=said)) for key, said in facts(flow)], "lp"))
        used, rows = shown_cells(flow)
        head = [HEADINGS[place] for place in used]
        blocks.append(Table(head, [tuple((Span("text", cell),) for cell in row) for row in rows], "l" * len(used)))
    if spectra:
        blocks.append(Heading("Which directions the error keeps"))
        blocks += [Say(rich("{said}", said=spectrum_words(name, each))) for name, each in spectra]
    return Page("The flow of the gradient", tuple(blocks), command)


def spectrum_words(name: str, found: Spectrum) -> str:
    """Say how unequally the directions of an error are treated."""
    lost = f"; {found.lost} more are too small to be told from rounding" if found.lost else ""
    return (
        f"{name}: on its way from the output to {found.below} an error's squared norm is multiplied by "
        f"10^{found.mean_square:.2f} on average; the singular values spread over {found.spread:.1f} decades{lost}."
    )
