"""The derivations of well-known initialisations as a page or for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sympy import Add, Eq, Expr
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty import PrettyPrinter

from symbp.analysis.derivations import N_IN, N_OUT, Derivation
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


class _PlusFirst:
    """Writes a sum with a term that is added in front, where there is one: π − 1, not −1 + π."""

    def _as_ordered_terms(self, expr: Add, order: str | None = None) -> list[Expr]:
        terms: list[Expr] = super()._as_ordered_terms(expr, order)  # type: ignore[misc]
        return sorted(terms, key=_is_taken_away) if _is_taken_away(terms[0]) else terms


def _is_taken_away(term: Expr) -> bool:
    return bool(term.could_extract_minus_sign())


class _Latex(_PlusFirst, LatexPrinter):
    """SymPy's LaTeX."""


class _Pretty(_PlusFirst, PrettyPrinter):
    """SymPy's text on several lines."""


NAMES = {N_IN: r"n_{\mathrm{in}}", N_OUT: r"n_{\mathrm{out}}"}
"""Symbols with words below them."""

UPRIGHT = re.compile(r"_\{(in|out)\}")
"""Words below a letter."""


def derivation_page(derivation: Derivation, command: str | None = None) -> Page:
    """Return a derivation as a page."""
    blocks: list[Block] = [Say((Span("text", f"{derivation.source}."),))]
    for step in derivation.steps:
        blocks += [Say(dollars(UPRIGHT.sub(r"_{\\mathrm{\1}}", step.words))), Display(_equation(step.equation))]
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
    printer = _Latex({"symbol_names": NAMES})
    return f"{printer.doprint(equation.lhs)} = {printer.doprint(equation.rhs)}"


def _drawn(equation: Eq, ascii_only: bool) -> list[str]:
    text = _Pretty({"use_unicode": not ascii_only, "wrap_line": False}).doprint(equation)
    return [f"    {line}".rstrip() for line in text.splitlines()]
