"""One key for every way to write a symbol: W2, W_2, W₂, W^(2), W^[2] and W_{2} are one name; so are γ and gamma."""

from __future__ import annotations

import re
import unicodedata


def _greek() -> dict[str, str]:
    """Return the Greek letters by their names, as Unicode has them."""
    found = {}
    for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)):
        words = unicodedata.name(chr(code), "final").split()
        if "FINAL" not in words and len(words) == 4:
            name = words[3].replace("LAMDA", "LAMBDA")
            found[name.title() if words[1] == "CAPITAL" else name.lower()] = chr(code)
    return found


GREEK = _greek()

_LETTER = r"(?:[^\W_ᵀ]|[\u0300-\u036f])"
SCRIPTED = re.compile(
    rf"(?:∂(?:[ℒLJEC]/∂)?|d[ℒLJEC]/d)?(?![\dᵀ]){_LETTER}+(?:_?\[[\w.:,+-]*\]|_[({{][^(){{}}]*[)}}]|\^[(\[{{][^()\[\]{{}}]*[)\]}}]"
    rf"|,(?:[a-z](?!\w)|\d+)|_(?={_LETTER})|{_LETTER})*"
)
"""A name with all that stands below and above it, in plain text."""

_STEPS = str.maketrans("ₜ₋₊ₕₓᵣₒ", "t-+hxro")
_SEPARATORS = re.compile(r"[\s_^,(){}\[\]]")
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_ACCENT = re.compile(r"(?<=[^\W\d_])_?(hat|bar|tilde)(?![a-z])")
_NAMED = re.compile("|".join(sorted(GREEK, key=len, reverse=True)))


def key(name: str) -> str:
    """Return what is equal for names that are told apart by nothing but how they are written."""
    name = name.translate(_STEPS)
    bare = _SEPARATORS.sub("", _ACCENT.sub(lambda found: _ACCENTS[found[1]], name))
    return unicodedata.normalize("NFC", _NAMED.sub(lambda found: GREEK[found[0]], bare))
