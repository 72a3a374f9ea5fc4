"""What text is made of: the alphabet of the trees in Unicode and in ASCII, indices, brackets, widths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from symbp.pages.page import Bar


def _pairs(text: str) -> dict[str, str]:
    """Return what stands in a text by twos: a character and its spelling."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


GREEK = _pairs(
    "α alpha β beta γ gamma δ delta ε epsilon ϵ epsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa λ lambda μ mu "
    "ν nu ξ xi π pi ρ rho σ sigma τ tau υ upsilon φ phi ϕ phi χ chi ψ psi ω omega "
    "Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega"
)

MAPS = {"F": "ffn", "A": "att", "N": "norm", "P": "pool", "B": "block", "J": "step", "G": "gate"}
"""A map of errors, a letter in script, by the part of the network that it takes an error back through: 𝓕 is ffnᵀ."""

SCRIPT = {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ"}
"""The script letters of the Basic Multilingual Plane, which every font has."""


def script_letter(name: str) -> str:
    """Return a letter in script; what is no capital stays as it is."""
    return SCRIPT.get(name) or (chr(0x1D49C + ord(name) - ord("A")) if "A" <= name <= "Z" and len(name) == 1 else name)


_BOLD = (("A", "Z", 0x1D400), ("a", "z", 0x1D41A), ("0", "9", 0x1D7CE))
_BOLD_ITALIC = (("A", "Z", 0x1D468), ("a", "z", 0x1D482), ("Α", "Ω", 0x1D71C), ("α", "ω", 0x1D736))


def bold_letters(name: str) -> str:
    """Return a name in bold letters and digits, which are characters of their own; what has none stays as it is."""
    return _from(_BOLD, name)


def bold_italic_letters(name: str) -> str:
    """Return a name in letters that are bold and italic; what has none stays as it is."""
    return _from(_BOLD_ITALIC, name)


def _from(letters: Iterable[tuple[str, str, int]], name: str) -> str:
    """Return a name in other letters: ranges of characters, and where theirs begin."""
    found = {
        char: start + ord(char) - ord(first)
        for first, last, start in letters
        for char in map(chr, range(ord(first), ord(last) + 1))
    }
    return name.translate({ord(char): code for char, code in found.items()})


SUBSCRIPTS = dict(zip("0123456789+−-=aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
SUPERSCRIPTS = dict(
    zip("0123456789+−-=()abcdefghijklmnoprstuvwxyzL", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴸ", strict=True)
)

INDICES = frozenset("bhijklmntL")
"""The letters that count; after δ any other names a matrix: δₕ is an error of head h, δx the error of x."""

HALVES = {("1", "2"): "½", ("1", "4"): "¼", ("3", "4"): "¾"}

MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}

TALL = _pairs("[ ⎡⎢⎣ ] ⎤⎥⎦ ( ⎛⎜⎝ ) ⎞⎟⎠ { ⎧⎪⎩ } ⎫⎪⎭ | │││ ‖ ║║║")
"""What a bracket of several lines is built of: its top, its middle, its bottom."""

_ASCII = {
    **GREEK,
    **_pairs("∑ sum ∏ prod ⊙ .* ∘ o ⋆ star ∗ conv · * × x ⊗ (x) ÷ / − - – - — - ± +- ∂ d ∇ grad ⊤ ^T ᵀ ^T ′ ' ″ ''"),
    **_pairs("∞ inf √ sqrt ‖ || ⟨ < ⟩ > ≤ <= ≥ >= ≠ != ≈ ~= ≔ := → -> ← <- ↦ |-> ⇒ => ∈ in ∀ all ∝ ~ ∼ ~ ∣ |"),
    **_pairs("⋯ ... … ... ⋮ : ℓ ell ℒ L ℝ R ½ 1/2 ¼ 1/4 ¾ 3/4 ² ^2 ³ ^3 ✓ ok ✗ FAILED ↑ up= ↓ down ↗ up ↘ down"),
    **_pairs("’ ' ‘ ' “ \" ” \" ⌊ floor( ⌋ ) ⌈ ceil( ⌉ )"),
    **dict.fromkeys("\u00a0\u2003\u2009", " "),
}


@dataclass(frozen=True, slots=True)
class Alphabet:
    """How text spells what the trees are written in.

    ``plain`` is the text of what has one spelling everywhere; ``lower`` and ``upper`` are the letters that an index
    has as a character of its own, ``marks`` what stands behind a letter with an accent, ``tall`` the parts of a bracket
    of several lines.
    """

    ascii: bool
    plain: Mapping[str, str]
    lower: Mapping[str, str]
    upper: Mapping[str, str]
    marks: Mapping[str, str]
    transpose: str
    prime: str

    def spell(self, text: str) -> str:
        """Return a name, a sign or a sentence in this alphabet."""
        if text in self.plain:
            return self.plain[text]
        return "".join(map(_as_ascii, text)) if self.ascii else text

    def tall(self, bracket: str, height: int) -> list[str]:
        """Return the lines of a bracket that is ``height`` lines tall; nothing for a side that is not seen."""
        if height == 1 or self.ascii or bracket not in TALL:
            return [self.spell(bracket)] * height
        parts = TALL[bracket]
        lines = [parts[0], *[parts[1]] * (height - 2), parts[2]]
        if bracket in "{}" and height > 2:
            lines[(height - 1) // 2] = {"{": "⎨", "}": "⎬"}[bracket]
        return lines


@cache
def _as_ascii(character: str) -> str:
    """Return a character without leaving ASCII: from the table, without its mark, or by its name."""
    if character.isascii():
        return character
    if character in _ASCII:
        return _ASCII[character]
    base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return base or unicodedata.name(character, "?").rpartition(" ")[2].lower()


UNICODE = Alphabet(
    False,
    MappingProxyType({"∑": "Σ", "∏": "Π", "∣": "|"}),
    MappingProxyType(SUBSCRIPTS),
    MappingProxyType(SUPERSCRIPTS),
    MappingProxyType(MARKS),
    "ᵀ",
    "′",
)
ASCII = Alphabet(
    True,
    MappingProxyType(_ASCII),
    MappingProxyType({}),
    MappingProxyType({}),
    MappingProxyType({"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot"}),
    "^T",
    "'",
)


def columns(text: str) -> int:
    """Return how many columns of a terminal a line takes: a combining mark none, a wide character two."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@cache
def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def padded(text: str, width: int, side: str = "left") -> str:
    """Return a line of ``width`` columns with its text at one side."""
    space = " " * max(0, width - columns(text))
    if side == "centre":
        return space[: len(space) // 2] + text + space[len(space) // 2 :]
    return text + space if side == "left" else space + text


BAR, EIGHTHS = 32, " ▏▎▍▌▋▊▉█"
"""The columns of the longest bar, and what its end is made of."""


def bar_text(bar: Bar, *, ascii: bool = False) -> str:
    """Return a bar in characters; what has any length is seen."""
    eighths = max(round(8 * BAR * bar.share), 1 if bar.share else 0)
    if ascii:
        return "#" * -(-eighths // 8)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()
