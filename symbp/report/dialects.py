"""How mathematics is spelled: LaTeX, Unicode for a terminal, ASCII. One row each; the printer reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from symbp.report.scalar import entrywise_latex, entrywise_text, scalar_latex, scalar_text

Index = int | str | None
"""The layer of a symbol: a number, a letter such as ``l``, or None for a symbol without one."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between LaTeX, Unicode and ASCII; ``column`` picks a letter's spelling.

    ``matrix`` takes letter, layer (already placed by the notation) and whether it is transposed;
    ``function`` a label, its layer and whether its slope is meant; ``argument`` brackets what a function is taken
    of. ``tight``: a gradient is one token, so that it is transposed without brackets;
    ``factors`` stands between the factors of a product.
    """

    name: str
    column: int
    minus: str
    hadamard: str
    joint: str
    dots: str
    ones: str
    zero: str
    identity: str
    diagonal: str
    matrix: Callable[[str, Index, bool, str], str]
    function: Callable[[str, Index, bool], str]
    transposed: Callable[[str], str]
    partial: Callable[[str, str], str]
    bracket: Callable[[str], str]
    over: Callable[[str, str, str], str]
    argument: Callable[[str], str]
    scalar: Callable[..., str]
    entrywise: Callable[..., str]
    loss_sum: Callable[[str, str, str], str]
    tight: bool = False
    factors: str = " "

    @property
    def short(self) -> Dialect:
        """The dialect that writes dX for ∂ℒ/∂X."""
        d, between = (r"\mathrm{d}", r" \, ") if self.column == 0 else ("d", " ")
        return replace(self, partial=lambda loss, of: d + of, tight=True, factors=between)


SUBSCRIPTS = str.maketrans("0123456789lL+-", "₀₁₂₃₄₅₆₇₈₉ₗL₊₋")
_ONE_TOKEN = re.compile(r"(\\[A-Za-z]+|\\mathrm\{[A-Za-z]+\}(_\{\\?[a-z]+\})?|[A-Za-z])(_\{?\w+\}?)?\Z")


def _latex_matrix(transpose: str) -> Callable[[str, Index, bool, str], str]:
    def matrix(letter: str, layer: Index, transposed: bool, place: str) -> str:
        upper = ("" if layer is None else place.format(layer)) + (transpose if transposed else "")
        return f"{letter}^{{{upper}}}" if upper else letter

    return matrix


def _latex_function(label: str, layer: Index, slope: bool) -> str:
    text = label if layer is None else f"{label}_{{{layer}}}" if len(str(layer)) > 1 else f"{label}_{layer}"
    if not slope:
        return text
    return f"{text}'" if _ONE_TOKEN.match(text) else f"({text})'"


def _latex_bracket(text: str) -> str:
    return rf"\bigl({text}\bigr)" if "(" in text.replace("^{(", "") or r"\frac" in text else f"({text})"


def _latex_argument(text: str) -> str:
    return rf"\Bigl({text}\Bigr)" if r"\frac" in text else f"({text})"


def _latex_loss_sum(columns: str, a: str, y: str) -> str:
    if not columns:
        return rf"\sum_{{i}} \ell\bigl({_entry(a)}, {_entry(y)}\bigr)"
    return rf"\frac{{1}}{{{columns}}} \sum_{{i,j}} \ell\bigl({_entry(a, 'ij')}, {_entry(y, 'ij')}\bigr)"


def _entry(letter: str, index: str = "i") -> str:
    """Put an entry's index under a symbol that may have an upper index, and a lower one of its own."""
    base, caret, rest = letter.lower().partition("^")
    base, _, own = base.partition("_")
    return f"{base}_{{{', '.join(filter(None, (own.strip('{}'), index)))}}}{caret}{rest}"


def latex_dialect(name: str, transpose: str, loss_sum: Callable[[str, str, str], str] = _latex_loss_sum) -> Dialect:
    """Return a LaTeX dialect whose transposes are written with this command."""
    return Dialect(
        name=name,
        column=0,
        minus="-",
        hadamard=r" \odot ",
        joint=r"\, ",
        dots=r"\cdots",
        ones=r"\mathbf{1}",
        zero=r"\mathbf{0}",
        identity="I",
        diagonal=r"\mathrm{diag}",
        matrix=_latex_matrix(transpose),
        function=_latex_function,
        transposed=lambda text: f"{text}^{{{transpose}}}",
        partial=lambda loss, of: rf"\frac{{\partial {loss}}}{{\partial {of}}}",
        bracket=_latex_bracket,
        argument=_latex_argument,
        over=lambda above, bracketed, below: rf"\frac{{{above}}}{{{below}}}",
        scalar=scalar_latex,
        entrywise=entrywise_latex,
        loss_sum=loss_sum,
    )


LATEX = latex_dialect("latex", r"\top")
"""Plain LaTeX that KaTeX, MathJax and GitHub understand too."""

TEX = latex_dialect("tex", r"\symbpT")
"""LaTeX for TeX itself, where a lecturer can restyle the transpose."""


def _unicode_matrix(letter: str, layer: Index, transposed: bool, place: str) -> str:
    return letter + ("" if layer is None else str(layer).translate(SUBSCRIPTS)) + ("ᵀ" if transposed else "")


def _ascii_matrix(letter: str, layer: Index, transposed: bool, place: str) -> str:
    index = "" if layer is None else f"_{layer}" if isinstance(layer, str) else str(layer)
    return letter + index + ("^T" if transposed else "")


def _text_function(prime: str, subscript: bool) -> Callable[[str, Index, bool], str]:
    def function(label: str, layer: Index, slope: bool) -> str:
        index = "" if layer is None else str(layer).translate(SUBSCRIPTS) if subscript else str(layer)
        text = label + index
        return f"({text}){prime}" if slope and " " in text else text + prime * slope

    return function


def _over(columns: str) -> str:
    if not columns:
        return ""
    return f"1/{columns} " if columns.isalnum() else f"1/({columns}) "


UNICODE = Dialect(
    name="unicode",
    column=1,
    minus="−",
    hadamard=" ⊙ ",
    joint=" ",
    dots="⋯",
    ones="1",
    zero="0",
    identity="I",
    diagonal="diag",
    matrix=_unicode_matrix,
    function=_text_function("′", True),
    transposed=lambda text: f"{text}ᵀ",
    partial=lambda loss, of: f"∂{loss}/∂{of}",
    bracket=lambda text: f"({text})",
    argument=lambda text: f"({text})",
    over=lambda above, bracketed, below: f"{bracketed}/{below}",
    scalar=scalar_text,
    entrywise=entrywise_text,
    loss_sum=lambda columns, a, y: f"{_over(columns)}Σ ℓ({a}, {y})",
)

ASCII = Dialect(
    name="ascii",
    column=2,
    minus="-",
    hadamard=" .* ",
    joint=" ",
    dots="...",
    ones="1",
    zero="0",
    identity="I",
    diagonal="diag",
    matrix=_ascii_matrix,
    function=_text_function("'", False),
    transposed=lambda text: f"{text}^T",
    partial=lambda loss, of: f"d{loss}/d{of}",
    bracket=lambda text: f"({text})",
    argument=lambda text: f"({text})",
    over=lambda above, bracketed, below: f"{bracketed}/{below}",
    scalar=lambda expr, names: scalar_text(expr, names, ascii_only=True),
    entrywise=lambda expr, names, varying=None: entrywise_text(expr, names, varying, ascii_only=True),
    loss_sum=lambda columns, a, y: f"{_over(columns)}sum l({a}, {y})",
)
