"""The letter t of a recurrent layer's formula: a line holds at every step, a sum over t adds all of them up.

symbp prints one generic step, ``δ_f_t``, ``h_(t-1)``, ``Σ_t``; the words of a formula are those of the steps
themselves, ``δ_f_3``, ``h_2``. Here the first become the second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from symbp.errors import SpecError
from symbp.networks.reading import quote

_INDEX = re.compile(r"_t(?![A-Za-z0-9])|_[({]\s*t\s*(?:([+\-−])\s*(\d+)\s*)?[)}]|ₜ(?:([₊₋])([₀-₉]+))?")
_SUM = re.compile(r"(?:Σ|∑|sum)(?:_t(?![A-Za-z0-9])|ₜ)\s*")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋−", "0123456789+--")

Known = Callable[[str], bool]
"""Whether every symbol of a text means something."""


def has_step(text: str) -> bool:
    """Whether the letter t stands for a step in a formula."""
    return bool(_INDEX.search(text) or _SUM.search(text))


def at_step(text: str, step: int) -> str:
    """Return a formula with t as a number: ``h_(t-1)`` is ``h_2`` at step 3."""

    def number(found: re.Match[str]) -> str:
        sign, count = found[1] or found[3], found[2] or found[4]
        moved = int(count.translate(_PLAIN)) if count else 0
        return f"_{step - moved if sign and sign.translate(_PLAIN) == '-' else step + moved}"

    return _INDEX.sub(number, text)


def written_out(text: str, last: int, known: Known) -> tuple[str, tuple[int, ...]]:
    """Return a formula with its sums over t as sums of terms, and the steps that these run over.

    A term that reaches beyond the first or the last step, such as ``h_(t+1)`` at the last, is not there.

    Raises:
        SpecError: there is no step at which all symbols of a sum mean something.
    """
    steps: tuple[int, ...] = ()
    while found := _SUM.search(text):
        end = end_of_product(text, found.end())
        body = text[found.end() : end].strip()
        steps = tuple(step for step in range(1, last + 1) if known(at_step(body, step)))
        if not steps:
            raise SpecError(f"{quote(text)}: at no step all symbols of {quote(body)} mean something")
        total = _added([f"({at_step(body, step)})" for step in steps])
        text = f"{text[: found.start()]}{total}{text[end:]}"
    return text, steps


def instances(text: str, last: int, known: Known) -> Iterator[tuple[int, str]]:
    """Yield a formula at every step at which all its symbols mean something."""
    for step in range(1, last + 1):
        at = at_step(text, step)
        if known(at):
            yield step, at


def _added(terms: Sequence[str]) -> str:
    """Return a sum in brackets, halves inside: many terms are not nested deeply."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_added(terms[:half])} + {_added(terms[half:])})"


def end_of_product(text: str, start: int) -> int:
    """Return where the product that begins at a place ends: at the next sum or = outside its brackets."""
    depth, seen = 0, False
    for at in range(start, len(text)):
        letter = text[at]
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0 or (depth == 0 and seen and letter in "+-−="):
            return at
        seen = seen or not letter.isspace()
    return len(text)
