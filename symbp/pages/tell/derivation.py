"""The page of a derivation: its sections in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symbp.checking.report import CheckReport
from symbp.collector import pause_collector
from symbp.derivation import Derivation
from symbp.maths.notation import STANDARD, Notation
from symbp.pages.dress import trees_of
from symbp.pages.page import Block, Page, numbers
from symbp.pages.tell import inside, opening
from symbp.pages.tell.backward import backward
from symbp.pages.tell.checked import checked
from symbp.pages.tell.context import Context
from symbp.pages.tell.functions import functions
from symbp.pages.tell.glossary import glossary
from symbp.pages.tell.gradients import gradients
from symbp.pages.tell.graph import drawn_graph
from symbp.pages.tell.levels import Deep, deep
from symbp.pages.tell.model import with_agreement
from symbp.pages.tell.notation import table_of_notation
from symbp.pages.tell.operation import operation_page
from symbp.pages.tell.picture import picture
from symbp.pages.tell.remarks import remarks
from symbp.pages.tell.result import result
from symbp.pages.tell.time_matrices import time_matrices, time_rows
from symbp.pages.tell.tour import tour
from symbp.pages.words import Words, language
from symbp.views.layout import LAYOUTS, Layout
from symbp.views.levels import levels
from symbp.views.reading import Reading, reading
from symbp.views.scale import SCALES


def one_level(c: Context, check: CheckReport | None = None) -> list[Block]:
    """Return the sections of a network as one list."""
    return [
        *opening.network(c),
        result(c),
        *(picture(c) or drawn_graph(c)),
        *(replace(each, detail=3) for each in functions(c)),
        *backward(c),
        *time_matrices(c),
        *gradients(c),
        *remarks(c, check),
        *table_of_notation(c, time_rows(c)),
    ]


def two_levels(c: Deep, check: CheckReport | None = None) -> list[Block]:
    """Return the sections of a network with blocks, each of which is shown once."""
    return [
        *inside.network(c),
        inside.result(c),
        *(inside.drawing(c) or drawn_graph(c)),
        *inside.forward(c),
        *(replace(each, detail=3) for each in functions(c)),
        *inside.backward(c),
        *inside.gradients(c),
        *remarks(c, check),
        *inside.notation(c),
    ]


def context(
    derivation: Derivation,
    notation: Notation = STANDARD,
    *,
    words: Words | None = None,
    by_output: bool = False,
    roles: bool = True,
    complete: bool = False,
    show: Sequence[int] | None = None,
    pair: tuple[int, int] | None = None,
    read: Reading | None = None,
    view: Layout | None = None,
    named: bool = False,
) -> Context:
    """Return what the sections of a derivation's page have at hand; ``read`` are its lists where they are read.

    ``view`` goes before the layout of the notation. Every error is ``named``, or one may hold all, as the notation has.
    """
    found = read or reading(
        derivation,
        view or LAYOUTS[notation.layout],
        SCALES[notation.scale],
        batch=notation.examples == "batch",
        count=(notation.index, notation.last),
        diagonals=notation.slope == "diagonal",
        one_unit_each=notation.units == "one",
        steps=notation.gradient == "update",
        threshold=notation.bias_place == "threshold",
        one_error=notation.has_one_error and not (complete or named),
    )
    own = (words or language()).variant(found.layout.words).variant(found.scale.name)
    own = own.variant("in-place") if found.is_in_place else own
    return Context(
        found,
        notation,
        own if derivation.network.general is None else own.variant("general"),
        by_output,
        roles,
        complete,
        None if show is None else frozenset(show),
        pair,
    )


@pause_collector()
def derivation_page(
    derivation: Derivation,
    check: CheckReport | None = None,
    notation: Notation = STANDARD,
    *,
    stem: str = "symbp",
    command: str = "",
    steps: bool = False,
    **options: Any,
) -> Page:
    """Return the page of a derivation; ``options`` are those of ``context``, of which an operation alone has none.

    With ``steps`` it can be stepped through.
    """
    if derivation.is_alone:
        return operation_page(derivation, check, stem=stem, command=command)
    found = levels(derivation, options.get("view") or LAYOUTS[notation.layout])
    c = context(derivation, notation, read=None if found is None else found.top, **options)
    c = c if found is None else deep(c, found)
    blocks = two_levels(c, check) if isinstance(c, Deep) else one_level(c, check)
    if check is not None:
        blocks.append(checked(c.words, check, c.depths(check.counts)))
    about = with_agreement(c.words, opening.subtitle(c), derivation)
    page = Page(opening.title(c), about, tuple(blocks), stem, command)
    walk = tour(c, blocks) if steps else None
    if walk is None:
        return page
    return replace(page, tour=walk, glossary=glossary(c, trees_of((page, walk)), numbers(page)))
