"""The derivations of well-known initialisations as a page or for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sympy import Eq, latex, pretty

from symbp.analysis.derivations import Derivation
from symbp.report.page import Block, Display, Heading, Page, Say
from symbp.report.rich import Span, dollars
from symbp.report.text import to_ascii

WIDE = 76
"""Characters of a line of words in the terminal."""

_WORDS = (
    (r"^{\top}", "ᵀ"), (r"\delta", "δ"), (r"\sigma_w^2", "σ_w²"), (r"\sigma", "σ"), (r"\alpha", "α"),
    (r"\lambda", "λ"), (r"\sqrt{L}", "√L"), ("^2", "²"), ("'", "′"), ("{", ""), ("}", ""),
)  # fmt: skip
"""What the terminal shows for the LaTeX in a sentence."""


def derivation_page(derivation: Derivation, command: str | None = None) -> Page:
    """Return a derivation as a page."""
    blocks: list[Block] = [Say((Span("text", f"{derivation.source}."),))]
    for step in derivation.steps:
        blocks += [Say(dollars(step.words)), Display(_equation(step.equation))]
    blocks.append(Heading("Result"))
    blocks += [Display(_equation(each)) for each in derivation.result]
    return Page(derivation.title, tuple(blocks), command)


def derivation_terminal(derivation: Derivation, *, ascii_only: bool = False) -> str:
    """Return a derivation for a terminal."""
    lines = [derivation.title, derivation.source]
    for step in derivation.steps:
        lines += ["", *_wrapped(_said(step.words)), "", *_drawn(step.equation, ascii_only)]
    lines += ["", "Result", ""]
    for each in derivation.result:
        lines += _drawn(each, ascii_only)
    text = "\n".join(lines)
    return to_ascii(text) if ascii_only else text


def _said(words: str) -> str:
    for code, letter in _WORDS:
        words = words.replace(code, letter)
    return words.replace("$", "")


def _wrapped(words: str) -> Sequence[str]:
    return re.findall(rf".{{1,{WIDE}}}(?:\s|$)", words)


def _equation(equation: Eq) -> str:
    return f"{latex(equation.lhs)} = {latex(equation.rhs)}"


def _drawn(equation: Eq, ascii_only: bool) -> list[str]:
    text = pretty(equation, use_unicode=not ascii_only, wrap_line=False)
    return [f"    {line}".rstrip() for line in text.splitlines()]
