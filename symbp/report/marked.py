"""Plain sentences of an analysis with their symbols set as mathematics and what a reader types as code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from symbp.report.rich import Rich, Span

SYMBOLS: Mapping[str, str] = {
    "N(0, 2/(n_in + n_out))": r"\mathcal{N}(0,\, 2/(n_{\mathrm{in}} + n_{\mathrm{out}}))",
    "N(0, 2/n_in)": r"\mathcal{N}(0,\, 2/n_{\mathrm{in}})",
    "N(0, σ²/n_in)": r"\mathcal{N}(0,\, \sigma^2/n_{\mathrm{in}})",
    "N(0, 1/n_in)": r"\mathcal{N}(0,\, 1/n_{\mathrm{in}})",
    "E[f′²]/Var f": r"E[f'^2]/\mathrm{Var} f", "max f′": r"\max f'", "q*": r"q^*", "χ₁": r"\chi_1", "V′": "V'",
    "σ_w": r"\sigma_w", "σ_b": r"\sigma_b", "f′": "f'", "δ": r"\delta", "σ": r"\sigma", "∞": r"\infty",
}  # fmt: skip
"""LaTeX for what stands in our sentences, the longer first."""

_OPTION = r"--[a-z][a-z-]*(?: (?:normal|orthogonal):[0-9.e+-]*[0-9])?"
_BIASES = r"N\(0, [0-9.e+-]+²\)"
_PARTS = re.compile("|".join([rf"(?P<code>{_OPTION})", rf"(?P<biases>{_BIASES})", *map(re.escape, SYMBOLS)]))


def marked(sentence: str) -> Rich:
    """Return one of our own plain sentences with its symbols as mathematics and its options as code."""
    found: list[Span] = []
    at = 0
    for match in _PARTS.finditer(sentence):
        found += [Span("text", sentence[at : match.start()]), _span(match)]
        at = match.end()
    found.append(Span("text", sentence[at:]))
    return tuple(span for span in found if span.value)


def _span(match: re.Match[str]) -> Span:
    if match["code"]:
        return Span("code", match[0])
    if match["biases"]:
        return Span("math", rf"\mathcal{{N}}(0,\, {match[0][5:-2]}^2)")
    return Span("math", SYMBOLS[match[0]])
