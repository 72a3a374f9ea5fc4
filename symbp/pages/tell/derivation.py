"""The page of a derivation: its sections in their order."""

from __future__ import annotations

from symbp.checking.report import CheckReport
from symbp.derivation import Derivation
from symbp.maths.notation import STANDARD, Notation
from symbp.pages.page import Block, Heading, Page
from symbp.pages.tell import opening
from symbp.pages.tell.backward import backward
from symbp.pages.tell.checked import checked
from symbp.pages.tell.context import Context
from symbp.pages.tell.functions import functions
from symbp.pages.tell.gradients import gradients
from symbp.pages.tell.notation import notation
from symbp.pages.tell.picture import picture
from symbp.pages.tell.result import result
from symbp.pages.words import Words, language
from symbp.views.reading import reading


def derivation_page(
    derivation: Derivation,
    check: CheckReport | None = None,
    *,
    notation_: Notation = STANDARD,
    words: Words | None = None,
    by_output: bool = False,
    roles: bool = True,
    stem: str = "symbp",
    command: str = "",
) -> Page:
    """Return the page of a network's derivation."""
    c = Context(reading(derivation), notation_, words or language(), by_output, roles)
    blocks: list[Block] = [*opening.network(c), result(c), *picture(c), *functions(c), *backward(c)]
    blocks += [*gradients(c), *notation(c)]
    if check is not None:
        blocks += [Heading(c.words("section.checked")), checked(c.words, check)]
    return Page(opening.title(c), opening.subtitle(c), tuple(blocks), stem, command)
