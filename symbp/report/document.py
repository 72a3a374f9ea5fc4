"""From a derivation to a document: everything a report says, as frozen data that the templates read.

Formats differ in how they mark a heading or a formula; what is said is decided here and in the shared
templates, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbp.derivation import Derivation
from symbp.domain import described
from symbp.errors import SpecError
from symbp.ops.losses import LinkedLoss
from symbp.report import composed, composed_depends, composed_table, facts
from symbp.report.checked import CheckPart, check_part
from symbp.report.composed_table import Operation
from symbp.report.desk import Desk, Row
from symbp.report.dialects import LATEX, Dialect
from symbp.report.geometry import flattening, masking
from symbp.report.gradients import DEPENDS, Form, depends, forms, remedies, result, scalar_form
from symbp.report.meanings import Activation, LossPart, activations, collapse, loss, notation_rows
from symbp.report.notation import STANDARD, Notation
from symbp.report.passes import Block, backward, forward, recursion
from symbp.report.recurrent_parts import variants
from symbp.report.rich import Rich, Span, capital, listed, math, rich

ALL_SHOWN = 8
"""Deepest network written out in full."""

FIRST, LAST = 2, 3
"""Layers a deeper one shows at its two ends."""


@dataclass(frozen=True)
class Document:
    """A report before it has a format; mathematics is LaTeX, words are spans still to be escaped.

    ``body`` is its template.
    """

    title: str
    label: str
    depth: int
    plain: bool
    coupled: bool
    batch: bool
    bias: bool
    roles: bool
    subject: Rich
    left_out: Rich
    remarks: tuple[Rich, ...]
    reading: tuple[Rich, ...]
    result: tuple[str, ...]
    scalar: tuple[str, ...]
    notation: tuple[Row, ...]
    activations: tuple[Activation, ...]
    operations: tuple[Operation, ...]
    forward: tuple[str, ...]
    loss: LossPart
    collapse: tuple[str, ...]
    collapse_name: str
    backward: tuple[Block, ...]
    recursion: str
    forms: tuple[Form, ...]
    source: str
    depends_head: tuple[str, ...]
    depends: tuple[Row, ...]
    remedies: tuple[Row, ...]
    check: CheckPart | None
    command: str | None
    math: dict[str, str]
    body: str = "report.j2"


def document(
    derivation: Derivation,
    notation: Notation = STANDARD,
    dialect: Dialect = LATEX,
    check: Any = None,
    *,
    roles: bool = True,
    show: Sequence[int] | None = None,
    by_output: bool = False,
    command: str | None = None,
    factor_macro: str = "",
    loss_letter: str | None = None,
    pair: tuple[int, int] | None = None,
) -> Document:
    """Return the document of a derivation.

    Raises:
        SpecError: ``show`` names a layer the network does not have.
    """
    network = derivation.network
    shown = shown_layers(network.depth, show)
    desk = Desk.open(derivation, notation, dialect, shown, by_output, factor_macro if roles else "", loss_letter)
    desk = replace(desk, pair=pair)
    return Document(
        title=title(network.depth),
        label=f"eq:backprop-{network.depth}-",
        depth=network.depth,
        plain=desk.plain,
        coupled=derivation.entire,
        batch=desk.batch,
        bias=any(symbol.stem == "b" for symbol in network.parameters),
        roles=roles,
        subject=subject(derivation),
        left_out=left_out(network.depth, shown),
        remarks=_remarks(desk, check),
        activations=activations(desk),
        operations=composed_table.operations(desk),
        loss=loss(desk),
        collapse=collapse(desk),
        collapse_name=network.loss_node.name if isinstance(network.loss_node, LinkedLoss) else "",
        remedies=remedies(desk),
        check=check_part(check, desk) if check is not None else None,
        command=command,
        math=desk.letters(),
        forms=forms(desk),
        **(_plain_parts(desk, roles) if desk.plain else _composed_parts(desk, roles)),
    )


def _remarks(desk: Desk, check: Any) -> tuple[Rich, ...]:
    """Return what a reader must know before the result."""
    found = (composed.coupling(desk), flattening(desk), masking(desk), *composed.zeros(desk, check))
    return (*variants(desk), *filter(None, found))


def _plain_parts(desk: Desk, roles: bool) -> dict[str, Any]:
    """Return what is said of a plain stack only: one recursion, four kinds of factors."""
    return {
        "reading": (), "result": result(desk, roles), "scalar": scalar_form(desk), "notation": notation_rows(desk),
        "forward": forward(desk), "backward": backward(desk), "recursion": recursion(desk),
        "source": "", "depends_head": DEPENDS, "depends": depends(desk),
    }  # fmt: skip


def _composed_parts(desk: Desk, roles: bool) -> dict[str, Any]:
    head, rows = composed_depends.depends(desk)
    return {
        "reading": composed.reading(desk), "result": composed.result(desk, roles), "scalar": (),
        "notation": composed_table.notation_rows(desk), "forward": composed.forward(desk),
        "backward": composed.backward(desk), "recursion": "",
        "source": composed.common_source(desk), "depends_head": head, "depends": rows,
    }  # fmt: skip


def title(depth: int) -> str:
    """Return what the report is about."""
    if not depth:
        return "Backpropagation"
    return f"Backpropagation through {depth} layer{'s' * (depth != 1)}"


def shown_layers(depth: int, show: Sequence[int] | None) -> frozenset[int] | None:
    """Return the layers to write out, None for all: by default both ends of a deep network.

    Raises:
        SpecError: a layer the network does not have.
    """
    if show is not None:
        wrong = next((layer for layer in show if not 1 <= layer <= depth), None)
        if wrong is not None or not show:
            raise SpecError(f"there is no layer {described(wrong)} to show: give layers from 1 to {depth}")
        return None if set(show) >= set(range(1, depth + 1)) else frozenset(show)
    if depth <= ALL_SHOWN:
        return None
    return frozenset({*range(1, FIRST + 1), *range(depth - LAST + 1, depth + 1)})


def left_out(depth: int, shown: frozenset[int] | None) -> Rich:
    """Say which layers the report leaves out; nothing where it shows all."""
    if shown is None:
        return ()
    gaps = [layer for layer in range(1, depth + 1) if layer not in shown]
    runs: list[tuple[int, int]] = []
    for layer in gaps:
        if runs and runs[-1][1] == layer - 1:
            runs[-1] = (runs[-1][0], layer)
        else:
            runs.append((layer, layer))
    names = [f"{run[0]} to {run[1]}" if run[1] > run[0] else str(run[0]) for run in runs]
    words = ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
    plural = len(gaps) > 1
    return rich(
        "Layer{s} {which} {repeat} the same steps and {are} left out.",
        s="s" * plural, which=words, repeat="repeat" if plural else "repeats", are="are" if plural else "is",
    )  # fmt: skip


def subject(derivation: Derivation) -> Rich:
    """Return the sentence that says which network this is."""
    network = derivation.network
    cells = facts.cells(derivation)
    used = facts.uses_outside_cells(derivation) if cells else facts.uses(derivation)
    if derivation.tokens:
        examples = rich("one sequence of {tokens} tokens", tokens=str(derivation.tokens))
    else:
        examples = rich("a batch of {m} examples", m=math("m")) if derivation.batch else rich("one example")
    activations = _activation_phrase(used) if used else ()
    phrases = [cells, activations, facts.blocks(derivation), facts.loss_words(network.loss_node)]
    parts: list[Span | Rich] = [*(phrase for phrase in phrases if phrase), examples]
    gap = "; " if len(used) > 1 else ", "
    return capital(rich("{all}.", all=listed(parts, gap, gap)))


def _activation_phrase(used: tuple[facts.Use, ...]) -> Rich:
    plural = "s" * (sum(len(use.layers) for use in used) > 1)
    if all(facts.is_generic(use.function) for use in used):
        return rich("any activation{s} {f}", s=plural, f=math(_names(used[0].layers)))
    named: list[Span | Rich] = []
    for use in used:
        is_open = facts.is_generic(use.function)
        name = rich("any {f}", f=math(_names(use.layers))) if is_open else facts.activation_words(use)
        where = f" in {facts.layer_words(use.layers)}" if len(used) > 1 else ""
        named.append(rich("{name}{where}", name=name, where=where))
    return rich("activation{s} {named}", s="s" * (len(used) > 1), named=listed(named, last=", "))


def _names(layers: tuple[int, ...]) -> str:
    names = [f"f_{{{layer}}}" if layer > 9 else f"f_{layer}" for layer in layers]
    return ", ".join(names) if len(names) <= 3 else rf"{names[0]}, \ldots, {names[-1]}"
