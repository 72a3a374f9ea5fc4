"""The flow of the gradient as a page: the sentence, the account, the figures, one table a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symbp.analysis.budget import label
from symbp.analysis.flow import GradientFlow
from symbp.analysis.outlook import Outlook
from symbp.analysis.spectrum import Spectrum
from symbp.report.flow import HEADINGS, Seen, facts, length, power, shown_cells
from symbp.report.marked import marked
from symbp.report.page import Block, Figure, Heading, Page, Say, Table
from symbp.report.plots import MOST_PANELS
from symbp.report.rich import Rich, Span, capital, code, math, rich
from symbp.report.text import power_of_ten
from symbp.report.theory import short

CAPTIONS = {
    "norms": "Norm of every weight's gradient, from the loss on the left to the input on the right.",
    "budget": "The budget of {name}: the decades each role adds or takes, which add up to the gradient norm.",
    "spectrum": "Singular values of the map from the error at the output to the error at the first layer, one example.",
    "phase": "Where gradients vanish (white) and explode (grey) over the standard deviations of weights and biases, "
    "with the edge of chaos between them and the initialisations marked. Hatched: lengths grow without end.",
}
"""What stands under each figure."""


def flow_page(
    seen: Sequence[Seen],
    spectra: Sequence[tuple[str, Spectrum]],
    command: str,
    figures: Mapping[str, str],
) -> Page:
    """Return the page; ``figures`` are the files of its figures by their names, in order."""
    blocks: list[Block] = [Say(capital(marked(f"{each.flow.sentence}."))) for each in seen]
    blocks += [Figure(file, caption(name, seen)) for name, file in figures.items()]
    blocks += _theory(seen)
    for each in seen:
        blocks.append(Heading(capital_text(each.name)))
        rows = [(rich("{key}", key=key), marked(said)) for key, said in facts(each.flow)]
        blocks.append(Table(("what", "found"), rows, "lp"))
        blocks.append(_layers(each.flow))
    if spectra:
        blocks.append(Heading("Which directions the error keeps"))
        blocks += [Say(spectrum_words(name, found)) for name, found in spectra]
    return Page("The flow of the gradient", tuple(blocks), command)


def caption(name: str, seen: Sequence[Seen]) -> str:
    """Return what stands under a figure, with what it leaves out."""
    said = CAPTIONS[name].format(name=seen[0].name)
    found = dict.fromkeys(each.outlook.function for each in seen if each.outlook is not None and each.outlook.prospects)
    left_out = [label(function) for function in found if function is not None][MOST_PANELS:]
    if name != "phase" or not left_out:
        return said
    return f"{said} The first {MOST_PANELS} activations are drawn; left out: {', '.join(left_out)}."


def _theory(seen: Sequence[Seen]) -> list[Block]:
    """Return the predicted rates beside the measured ones, what mean-field theory foresees, and what folklore blurs."""
    known = [(each, each.outlook) for each in seen if each.outlook is not None and each.outlook.measured is not None]
    blocks: list[Block] = []
    if known:
        blocks += [
            Heading("Predicted beside measured"),
            Say(
                rich(
                    "What a layer multiplies the norm of the error {delta} by, from the last weight to the first "
                    "layer: mean-field theory, walked through the network's own widths and initialisation, beside "
                    "what was measured{draws}.",
                    delta=math(r"\delta"),
                    draws=_drawn([each for each, _ in known]),
                )
            ),
            Table(("network", "predicted", "measured"), [_rates(each, found) for each, found in known], "lll"),
        ]
    blocks += [Say(rich("{name}: no prediction, {why}.", name=capital_text(each.name), why=found.why))
               for each, found in known if found.predicted is None]  # fmt: skip
    rows = [row for each, found in known for row in _prospects(each.name, found)]
    if rows:
        blocks += [Say(marked(PROSPECTS_SAY)), Table(PROSPECTS, rows, "l" * len(PROSPECTS))]
    notes = dict.fromkeys(note for each in seen if each.outlook is not None for note in each.outlook.notes)
    return blocks + [Say(capital(marked(f"{note}."))) for note in notes]


PROSPECTS = ("network", "fixed point", "factor", "length depth", "correlation depth", "phase")

PROSPECTS_SAY = (
    "At infinite width: the fixed point q* of the lengths, the factor χ₁ by which a layer multiplies the squared norm "
    "of the error there, and in how many layers a deviation of a length, or of the correlation of two signals, shrinks "
    "e times."
)


def _prospects(name: str, found: Outlook) -> Iterator[tuple[Rich, ...]]:
    for each in found.prospects:
        chi = None if each.chi is None else each.chi.value
        phase = each.phase.partition(":")[0]
        cells = (name, length(each), short(chi), short(each.length_depth), short(each.correlation_depth), phase)
        yield tuple(map(marked, cells))


def _rates(each: Seen, found: Outlook) -> tuple[Rich, ...]:
    predicted = "-" if found.predicted is None else f"×{found.predicted:.4g}"
    measured = f"×{found.measured_rate:.4g}"
    if each.draws is not None and each.draws.rates:
        rate = each.draws.rates[0].measured
        measured = f"×{rate.rate:.4g} ± {rate.rate_error:.1g}"
    return tuple(rich("{said}", said=cell) for cell in (each.name, predicted, measured))


def _drawn(seen: Sequence[Seen]) -> str:
    counts = {len(each.draws.flows) for each in seen if each.draws is not None}
    return f" over {max(counts)} draws, with its standard error" if counts else " in one draw"


def capital_text(name: str) -> str:
    """Return a name with a capital at its beginning, but for a function's f(x)."""
    return name if name[1:2] == "(" else name[:1].upper() + name[1:]


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
        "the singular values spread over {spread} decades{lost}.{blur}",
        name=capital(rich("{name}", name=name)), below=code(found.below), lost=lost, spread=f"{found.spread:.1f}",
        mean=math(by_logarithm(found.mean_square)),
        blur=" A norm that is kept on average is no isometry." if is_blurred(found) else "",
    )  # fmt: skip


def is_blurred(found: Spectrum) -> bool:
    """Whether the norm is kept on average, within a factor of ten, while directions are over ten apart."""
    return abs(found.mean_square) < 1 and found.spread > 1


def by_logarithm(log10: float) -> str:
    """Return a number as LaTeX, by its logarithm: as it is where it is handy, else as a power of ten."""
    return f"{10**log10:.3g}" if abs(log10) < 3 else power_of_ten(power(log10))
