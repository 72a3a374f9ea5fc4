"""What text for a terminal is made of: words, columns, and the signs that ASCII lacks, spelled."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.report.rich import Rich

INDENT = "  "
"""What stands in front of every line below a headline."""

_SPELLED = str.maketrans(
    {"×": "x", "−": "-", "–": "-", "·": "*", "⊙": "*", "±": "+-", "√": "sqrt", "∞": "inf", "≤": "<=", "→": "->"}
    | {"′": "'", "ᵀ": "^T", "²": "^2", "ₗ": "_l", "‖": "|", "…": "...", "∂": "d", "ℒ": "L", "ℓ": "l"}
    | {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "λ": "lambda", "μ": "mu", "ξ": "xi"}
    | {"↓": "down", "↑": "up"}
    | {"π": "pi", "σ": "sigma", "χ": "chi", "✓": "ok", "✗": "FAILED"}
    | {level: str(number) for number, level in enumerate("▁▂▃▄▅▆▇█", 1)}
    | dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
)


def to_ascii(text: str) -> str:
    """Return text without the signs that some terminals cannot show."""
    return text.translate(_SPELLED)


def shown(text: str, ascii_only: bool) -> str:
    """Return text as a terminal can show it."""
    return to_ascii(text) if ascii_only else text


def said(words: Rich) -> str:
    """Return words as plain text, their formulas as they are."""
    return "".join(span.value for span in words)


def power_of_ten(number: str) -> str:
    """Return a number such as ``1.3e-412`` as LaTeX."""
    mantissa, exponent = number.split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def columns(rows: Sequence[Sequence[str]], gap: int = 2, align: str = "<") -> list[str]:
    """Return rows with their cells below each other, ``gap`` spaces between them; a row may lack its last cells."""
    widths = [max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(max(map(len, rows)))]
    return [
        (" " * gap).join(f"{cell:{align}{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    ]


def table(rows: Sequence[Sequence[str]], align: str = "<") -> list[str]:
    """Return a table with its columns aligned and set in."""
    return [f"{INDENT}{line}".rstrip() for line in columns(rows, align=align)]
