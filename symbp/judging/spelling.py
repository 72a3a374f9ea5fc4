"""A diagnosis in the signs a formula was typed in: δ₂ for dZ2, ⊙ for *, ᵀ for .T."""

from __future__ import annotations

import re
from collections.abc import Mapping

from symbp.judging.lexicon import Lexicon
from symbp.judging.meanings import Scalar, Symbol
from symbp.symbols import Adjoint

_SIGNS = re.compile(r"[ᵀ⊙·′₀-₉δ∂]")
_ERROR = re.compile(r"δ(?!_[A-Z])\w*")
_NUMBERED = re.compile(r"(?<=[A-Za-zδ])\d+")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def in_signs(text: str) -> bool:
    """Whether a formula is written in mathematical signs."""
    return bool(_SIGNS.search(text))


def names_in_signs(words: Lexicon) -> dict[str, str]:
    """Return how mathematics spells each matrix and each function of a derivation, by its name in code."""
    found: dict[str, str] = {}
    for word, meaning in words.words.items():
        if not isinstance(meaning, Symbol) or (meaning.column and not word.startswith("δ")):
            continue
        name = meaning.of.name
        rank = _rank(word, isinstance(meaning.of, Adjoint))
        if rank and rank > _rank(found.get(name, ""), isinstance(meaning.of, Adjoint)):
            found[name] = word
    signs = {name: _NUMBERED.sub(lambda n: n[0].translate(_SUBSCRIPTS), word) for name, word in found.items()}
    functions = [meaning.function for meaning in words.words.values() if isinstance(meaning, Scalar)]
    return signs | {each.name: each.text for each in functions}


def _rank(word: str, is_error: bool) -> int:
    """Return how well a word stands for a matrix; one with a raised number is none, as it reads like a power."""
    if "**" in word:
        return 0
    if is_error:
        return 2 if _ERROR.fullmatch(word) else 1 if word.startswith("∂ℒ/∂") else 0
    return 1 if re.fullmatch(r"[A-Zb]\d*|[A-Za-z](?:_\w+)?", word) else 0


def spelled_in_signs(text: str, names: Mapping[str, str]) -> str:
    """Return a sentence or a line of code with its matrices and operators as mathematics writes them."""
    ordered = sorted(names, key=len, reverse=True)
    pattern = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, ordered)) + r")(?![\w])")
    found = pattern.sub(lambda name: names[name[0]], text)
    found = re.sub(r"\.T\b", "ᵀ", found).replace(" - ", " − ")
    found = re.sub(r"\*\*(\d)", lambda power: power[1].translate(_SUPERSCRIPTS), found)
    found = re.sub(r"(?<=\d) \* (?=\D)|(?<=\w)\*(?=\()", lambda times: " " * (times[0] != "*"), found)
    return found.replace(" * ", " ⊙ ").replace(" @ ", " ")
