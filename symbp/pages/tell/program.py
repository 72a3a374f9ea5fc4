"""The program of a derivation and a check of it, as the last section of a page that runs."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.pages.page import Block, Code, Heading, Para
from symbp.pages.words import Words, language


def program(source: str, check: str, *, words: Words | None = None) -> tuple[Block, ...]:
    """Return a NumPy program, and lines that compare its gradients with differences of its loss, if there are any."""
    say = words or language()
    found = (Heading(say("program.title")), Para(say("program.opening")), Code(source))
    return (*found, Para(say("program.check")), Code(check)) if check else (*found, Para(say("program.stopped")))


def no_program(missing: Sequence[str], *, words: Words | None = None) -> tuple[Block, ...]:
    """Return what stands in its place where a network leaves something open, its activation or its loss."""
    say = words or language()
    what = say.listed([say(f"program.left.{each}") for each in missing])
    return Heading(say("program.title")), Para(say("program.open", what=what))
