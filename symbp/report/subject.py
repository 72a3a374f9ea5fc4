"""Which network a page is about, and which of its layers."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.derivation import Derivation
from symbp.domain import described
from symbp.errors import SpecError
from symbp.report import facts
from symbp.report.rich import Rich, Span, capital, listed, math, rich

ALL_SHOWN = 8
"""Deepest network written out in full."""

FIRST, LAST = 2, 3
"""Layers a deeper one shows at its two ends."""


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
