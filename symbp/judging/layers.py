r"""The letter l of a formula: a line holds for every layer, as in ``δₗ`` and ``W^{[l+1]T}``; ``L`` is the last one."""

from __future__ import annotations

import re

_BELOW = re.compile(r"(?<=[^\W\d_′])ₗ(?:([₊₋])([₀-₉]+))?|(?<=\bf)l(?=[′'])")
_SCRIPT = re.compile(r"[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\([^()]*\)|\[[^\[\]]*\]|\\ell\b|[lL](?![A-Za-z]))")
_OTHER = re.compile(r"[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\([^()]*\)|\[[^\[\]]*\]|[A-Za-z](?![A-Za-z]))")
_LETTER = re.compile(
    r"(?<![A-Za-z\\])(?P<times>\d*)(?P<letter>\\ell(?![A-Za-z])|[lL](?![A-Za-z]))(?:\s*(?P<sign>[-+−])\s*(?P<count>\d+))?"
)
_BRACKETED = re.compile(r"(?<=\^\{[(\[])\s*k(?:\s*([-+−])\s*(\d+))?\s*(?=[)\]])")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋−", "0123456789+--")


_ABOVE = re.compile(r"⁽([ˡᴸᵏᴷⁱᴼᴺ]?(?:[⁺⁻]?[⁰¹²³⁴-⁹]+)?)⁾|(?<=[^\W\d_])([ˡᴸᵏᴷ](?:[⁺⁻][⁰¹²³⁴-⁹]+)?)")
_RAISED = str.maketrans("ˡᴸᵏᴷⁱᴼᴺ⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "lLkKiON+-0123456789")
_UNDER = {"k": "ₖ", "i": "ᵢ", "j": "ⱼ"}

LETTERS = ("l", "L")
"""The letters of any layer and of the last."""


def with_letters(text: str, index: str, last: str) -> str:
    """Return a formula in which any layer is l and the last one is L, whatever letters its notation has for them."""

    def renamed(found: re.Match[str]) -> str:
        before, sign, after = found[0].rpartition("=")  # What counts is no layer: Π_(j=k..l-1).
        return before + sign + re.sub(names, lambda one: own[one[0]], after)

    text = _ABOVE.sub(lambda found: f"^({(found[1] or found[2]).translate(_RAISED)})", text)
    own, names = dict(zip((index, last), LETTERS, strict=True)), rf"(?<![A-Za-z\\])(?:{index}|{last})(?![A-Za-z])"
    if (index, last) == LETTERS:
        return text
    text = text.replace("ₗ", "_L") if last == "l" else text
    text = text.replace(_UNDER.get(index, "ₗ"), "ₗ")
    return _OTHER.sub(renamed, text)


_PRODUCT = re.compile(r"\((?:Π|∏|prod)_\((?P<index>[a-z])=(?P<start>\d+)\.\.(?P<end>\d+(?:[-−]\d+)?)\)\s*")


def multiplied_out(text: str) -> str:
    """Return a formula with its products over layers as their factors, ``(Π_(k=1..2) Dₖ Wₖ₊₁ᵀ)`` as D1 W2ᵀ D2 W3ᵀ."""
    while found := _PRODUCT.search(text):
        end, depth = found.end(), 1
        while depth and end < len(text):
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        whole, _, less = found["end"].replace("−", "-").partition("-")
        body = with_letters(text[found.end() : end - 1], found["index"], "L")
        factors = [at_layer(body, at, 0) for at in range(int(found["start"]), int(whole) - int(less or 0) + 1)]
        text = f"{text[: found.start()]}{' '.join(factors)}{text[end:]}"
    return text


def has_layer(text: str) -> bool:
    """Whether a letter stands for the number of a layer in a formula."""
    return at_layer(text, 1, 1) != text


def at_layer(text: str, layer: int, depth: int) -> str:
    """Return a formula with l as a number, and L as that of the last layer."""

    def number(found: re.Match[str]) -> str:
        sign, count = (found[1], found[2]) if found.re.groups else (None, None)
        moved = int(count.translate(_PLAIN)) if count else 0
        return str(layer - moved if sign and sign.translate(_PLAIN) == "-" else layer + moved)

    def affine(found: re.Match[str]) -> str:
        base = (depth if found["letter"] == "L" else layer) * int(found["times"] or 1)
        moved = int(found["count"] or 0)
        return str(base - moved if found["sign"] in ("-", "−") else base + moved)

    def script(found: re.Match[str]) -> str:
        there = _LETTER.sub(affine, found[0])
        is_bare = there != found[0] and there[0] == "^" and not re.search(r"[(\[]", there)
        is_number = is_plain and there != found[0] and re.fullmatch(r"_\(?\d+\)?", there)
        return bracketed(there) if is_bare else there.strip("_()") if is_number else there

    is_plain = "\\" not in text
    text = _BELOW.sub(number, text)
    text = _BRACKETED.sub(number, text)
    return _SCRIPT.sub(script, text)


def bracketed(script: str) -> str:
    """Return a script with its number in brackets, as that of a layer: ^2 is ^{(2)}, ^{2T} is ^{(2)T}."""
    return re.sub(r"^\^\{?\s*(\d+)([^{}]*)\}?$", r"^{(\1)\2}", script)


_BARE = re.compile(r"(?<=[A-Za-z}])\^(?:\d(?!\d)|\{\d+[^{}\d]*\})")


def with_bare_layers(text: str, before: int = 0) -> str:
    """Return LaTeX in which numbers above letters, without brackets, are layers; ``before`` are counted less."""

    def lowered(found: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda number: str(int(number[0]) - before), bracketed(found[0]), count=1)

    return _BARE.sub(lowered, text)
