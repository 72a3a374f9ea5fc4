r"""The letter l of a formula: a line holds for every layer, as in ``δₗ`` and ``W^{[l+1]T}``; ``L`` is the last one."""

from __future__ import annotations

import re

_BELOW = re.compile(r"(?<=[^\W\d_′])ₗ(?:([₊₋])([₀-₉]+))?|(?<=\bf)l(?=[′'])")
_SCRIPT = re.compile(r"[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\([^()]*\)|\[[^\[\]]*\]|\\ell\b|[lL](?![A-Za-z]))")
_LETTER = re.compile(r"(?<![A-Za-z\\])(?:\\ell(?![A-Za-z])|[lL](?![A-Za-z]))(?:\s*([-+−])\s*(\d+))?")
_BRACKETED = re.compile(r"(?<=\^\{[(\[])\s*k(?:\s*([-+−])\s*(\d+))?\s*(?=[)\]])")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋−", "0123456789+--")


def has_layer(text: str) -> bool:
    """Whether a letter stands for the number of a layer in a formula."""
    return at_layer(text, 1, 1) != text


def at_layer(text: str, layer: int, depth: int) -> str:
    """Return a formula with l as a number, and L as that of the last layer."""

    def number(found: re.Match[str]) -> str:
        base = depth if found[0].strip().startswith("L") else layer
        sign, count = (found[1], found[2]) if found.re.groups else (None, None)
        moved = int(count.translate(_PLAIN)) if count else 0
        return str(base - moved if sign and sign.translate(_PLAIN) == "-" else base + moved)

    def script(found: re.Match[str]) -> str:
        there = _LETTER.sub(number, found[0])
        is_bare = there != found[0] and there[0] == "^" and not re.search(r"[(\[]", there)
        return bracketed(there) if is_bare else there

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
