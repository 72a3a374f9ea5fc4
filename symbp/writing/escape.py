"""What a format's own characters become when they stand in ordinary text."""

from __future__ import annotations

import re
import unicodedata

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}", "−": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "·": r"\ensuremath{\cdot}",
    "⊙": r"\ensuremath{\odot}", "Σ": r"\ensuremath{\Sigma}", "σ": r"\ensuremath{\sigma}", "…": r"\ldots{}",
    "ᵀ": r"\ensuremath{^{\top}}", "′": r"\ensuremath{'}", "²": r"\ensuremath{^2}", "±": r"\ensuremath{\pm}",
    "δ": r"\ensuremath{\delta}", "∂": r"\ensuremath{\partial}", "ℒ": r"\ensuremath{\mathcal{L}}",
    "⋆": r"\ensuremath{\star}", "∗": r"\ensuremath{\ast}", "ₜ": r"\ensuremath{_t}", "ₗ": r"\ensuremath{_l}",
    **{sign: rf"\ensuremath{{_{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "→": r"\ensuremath{\to}",    "‖": r"\ensuremath{\Vert}", "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}",
    "–": "--", "—": "---", "’": "'", "“": "``", "”": "''", '"': "''",
}  # fmt: skip
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$^])")


def tex(text: str) -> str:
    """Return text for LaTeX: no character of it is a command."""
    return "".join(_TEX.get(char) or _tex_char(char) for char in text)


def _tex_char(char: str) -> str:
    """ASCII stands for itself; accents are taken off, and what TeX's fonts lack is named by its number."""
    if " " <= char <= "~":
        return char
    if char.isspace():
        return " "
    base = unicodedata.normalize("NFKD", char)[0]
    return base if "!" <= base <= "~" and base not in _TEX else f"[U+{ord(char):04X}]"


BREAK = r"\allowbreak{}"
_BREAKABLE = re.compile(r"(?<=[*+/(),=-])(?=.)")


def tex_code(text: str) -> str:
    """Return text in typewriter type that may break behind punctuation."""
    parts = (tex(part).replace("-", "{-}").replace("''", r"\char34{}") for part in _BREAKABLE.split(text))
    return rf"\texttt{{{BREAK.join(parts)}}}"


def markdown(text: str) -> str:
    """Return text for Markdown: none of it is markup or HTML."""
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " ")).replace("&", "&amp;")


def markdown_code(text: str) -> str:
    """Return text as a code span, fenced by more backticks than it holds in a row."""
    plain = text.replace("\n", " ")
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
