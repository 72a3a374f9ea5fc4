"""The check of a network as a document of its own: verdicts, the digits expected and reached, the conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import EntrywiseLoss
from symbp.ops.pooling import MaxPool
from symbp.report.check_text import check_text
from symbp.report.checked import CheckPart, check_blocks, check_part
from symbp.report.desk import Desk, Row
from symbp.report.formats import MARK, format_named
from symbp.report.notation import notation_named
from symbp.report.page import Block, Checked, Heading, Page, Say, Table
from symbp.report.rich import math, rich
from symbp.report.subject import shown_layers, subject
from symbp.report.templates import document_text
from symbp.report.text import shown, table

FORMATS = ("gfm", "markdown", "latex", "text")
"""What the table of a check can be written as."""

DIGITS_HEAD = ("gradient", "method", "compared", "expected", "reached")
TERMINAL_DIGITS_HEAD = ("parameter", "method", "compared", "digits expected", "reached")

CONVENTIONS = {
    "relu": "ReLU'(0) = 0, as in torch.relu and jax.nn.relu; maximum(x, 0) has 1/2 in PyTorch, JAX and autograd, "
    "torch.clamp has 1",
    "leaky_relu": "leaky ReLU has its lower slope at 0, as in PyTorch; JAX has 1",
    "mae": "the absolute error has slope 0 at 0, as in PyTorch and autograd; JAX's abs has 1",
    "max_pool": "at a tie the first largest value takes the whole error, as in PyTorch's pooling and max(dim); "
    "torch.amax, JAX's and autograd's max share it",
}
"""What the derivative at a kink is here and where other libraries differ; measured, see docs/trust.md."""


def conventions(derivation: Derivation) -> tuple[str, ...]:
    """Return what is agreed upon at the kinks that a network has, and who does it otherwise."""
    found: dict[str, None] = {}
    for equation in derivation.forward:
        node = equation.rhs
        if isinstance(node, MaxPool):
            found["max_pool"] = None
        elif isinstance(node, Elementwise | EntrywiseLoss) and node.function.name in CONVENTIONS:
            found[node.function.name] = None
    return tuple(CONVENTIONS[name] for name in found)


def render_check(
    report: Any,
    derivation: Derivation,
    to: str = "gfm",
    notation: str = "standard",
    *,
    standalone: bool = False,
    command: str | None = None,
) -> str:
    """Return a CheckReport as a table in one format.

    Raises:
        SpecError: an unknown format or one that holds no table, or an unknown notation.
    """
    row, letters = format_named(to), notation_named(notation)
    if row.name not in FORMATS:
        raise SpecError(f"a check is no {row.name} file: choose from {', '.join(FORMATS)}")
    if row.name == "text":
        return f"{row.comment.format(MARK)}\n\n{check_terminal(report, derivation)}\n"
    desk = Desk.open(
        derivation, letters, row.dialect, shown_layers(derivation.network.depth, None), False, "", row.loss
    )
    page = _page(derivation, check_part(report, desk), _digits(report, desk), command)
    return document_text(page, row, standalone=standalone)


DIGITS_WORDS = "How many digits each method's own error model lets one expect, and in how many both sides agree."


def _page(derivation: Derivation, check: CheckPart, digits: Sequence[Row], command: str | None) -> Page:
    """Return the check as a document."""
    blocks: list[Block] = [Say(subject(derivation)), Checked(check.passed, check.verdict), *check_blocks(check)]
    if digits:
        blocks += [Heading("Digits"), Say(rich(DIGITS_WORDS)), Table(DIGITS_HEAD, digits, "lllrr")]
    agreed = conventions(derivation)
    if agreed:
        said = rich("Where a slope jumps, the derivative is a convention: {agreed}.", agreed="; ".join(agreed))
        blocks += [Heading("Conventions at kinks"), Say(said)]
    return Page("Check of the gradients", tuple(blocks), command)


ROWS_HEAD = ("parameter", "shape", "method", "entries", "absolute", "relative", "50 digits", "central", "verdict")
"""What the columns of the terminal are."""


def check_terminal(report: Any, derivation: Derivation, *, ascii_only: bool = False) -> str:
    """Return the whole check for a terminal: the rows, the digits of every method, the verdict, the conventions."""
    rows = table([ROWS_HEAD, *map(_cells, report.rows)])
    measured = [(row.name if not at else "", *cells) for row in report.rows for at, cells in enumerate(_measured(row))]
    digits = table([TERMINAL_DIGITS_HEAD, *measured]) if measured else []
    agreed = [f"  at kinks: {each}" for each in conventions(derivation)]
    parts = ["\n".join(rows), "\n".join(digits), check_text(report, ascii_only=ascii_only), "\n".join(agreed)]
    return shown("\n\n".join(part for part in parts if part), ascii_only)


def _cells(row: Any) -> tuple[str, ...]:
    """Return one parameter: how it was compared, the largest errors of each method or a dash, the verdict."""
    errors = (row.absolute, row.relative, row.digits, row.central)
    said = ["-" if each is None else f"{each:.1e}" for each in errors]
    verdict = f"{row.verdict}, {row.note}" if row.note else str(row.verdict)
    aside = f" ({row.aside} set aside)" if row.aside else ""
    return (row.name, row.shape, row.method, row.entries + aside, *said, verdict)


def _measured(row: Any) -> list[tuple[str, ...]]:
    """Return each method with what it compared, the digits that its error model expects, and those reached."""
    return [(each.method, each.entries, f"{each.expected:.1f}", f"{each.reached:.1f}") for each in row.measured]


def _digits(report: Any, desk: Desk) -> tuple[Row, ...]:
    """Return a line for each method of each gradient that is shown; the gradient is named once."""
    found: list[Row] = []
    for row in report.rows:
        variable = desk.derivation.network.by_name[row.name]
        if not desk.shows(variable.layer):
            continue
        for at, cells in enumerate(_measured(row)):
            name = (math(desk.printer.symbol(variable)),) if not at else rich("")
            found.append((name, *(rich("{cell}", cell=cell) for cell in cells)))
    return tuple(found)
