"""The program of a derivation and a check of it, as the last section of a page that runs."""

from __future__ import annotations

from symbp.derivation import Derivation
from symbp.judging.diagnosis.reading import left_open
from symbp.numeric.differentiable import BACKENDS
from symbp.pages.page import Block, Code, Heading, Para
from symbp.pages.words import Words, language


def program(derivation: Derivation, *, words: Words | None = None) -> tuple[Block, ...]:
    """Return the NumPy program and lines that compare its gradients with differences; of what is open, what is."""
    say = words or language()
    title = Heading(say("program.title"))
    if missing := left_open(derivation):
        what = say.listed([say(f"program.left.{each}") for each in missing])
        return title, Para(say("program.open", what=what))
    compiled = derivation.compile()
    return (
        title,
        Para(say("program.opening")),
        Code(compiled.source),
        Para(say("program.check")),
        Code(BACKENDS["check"].source(compiled.program, derivation.forward)),
    )
