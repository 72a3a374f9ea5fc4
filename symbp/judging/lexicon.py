"""The words of a formula: names of NumPy code and of course notes, and letters as symbp prints them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from symbp.derivation import Derivation
from symbp.judging.meanings import Meaning, Named, Scalar, Symbol
from symbp.ops.elementwise import Elementwise, Slope
from symbp.symbols import BATCH, Adjoint, Role, Variable

_SPELLED = str.maketrans(
    {
        **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
        **dict(zip("⁰⁴⁵⁶⁷⁸⁹", "0456789", strict=True)),
        "−": "-", "–": "-", "′": "'", "’": "'", "ʹ": "'", "∘": "⊙", "⊗": "⊙", "×": "·", "⋅": "·", "∙": "·",
        "𝓛": "ℒ", "⊤": "ᵀ", "∇": "∂", "²": "**2", "³": "**3", "⁻": "-", "¹": "1", "…": "⋯",
    }
)  # fmt: skip

NAMED = (
    "m", "ones", "I", "sum", "mean", "dot", "matmul", "multiply", "transpose", "exp", "log", "sqrt", "abs", "maximum",
    "minimum", "diag", "outer", "square", "where", "softmax", "sign", "power", "add", "subtract", "divide",
)  # fmt: skip
"""What needs no derivation."""


def normal(text: str) -> str:
    """Return a text in one spelling: plain digits, one kind of minus, prime, transpose and product; single spaces."""
    return spelled(" ".join(unicodedata.normalize("NFC", text).split()))[0]


def spelled(text: str) -> tuple[str, list[int]]:
    """Return a text in one spelling, and for each of its characters, and its end, where it stands in ``text``."""
    pieces = [letter.translate(_SPELLED) for letter in text]
    places = [at for at, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), [*places, len(text)]


@dataclass(frozen=True)
class Lexicon:
    """What each word means; printed words go before names of the same spelling.

    ``others`` is what else words meant that more words of the same spelling were put before.
    """

    words: Mapping[str, Meaning] = field(default_factory=dict)
    others: Mapping[str, Meaning] = field(default_factory=dict)

    def with_words(self, more: Mapping[str, Meaning]) -> Lexicon:
        """Return a lexicon with more words; they go before those it has."""
        new = {normal(text): meaning for text, meaning in more.items()}
        others = {word: self.words[word] for word in new if _differ(new[word], self.words.get(word, new[word]))}
        return Lexicon({**self.words, **new}, {**self.others, **others})

    def other(self, text: str) -> Lexicon | None:
        """Return the lexicon in which words have their other meanings; None where a text has none of these words."""
        said = normal(text)
        return Lexicon({**self.words, **self.others}) if any(word in said for word in self.others) else None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Find a word at a position: the longest, not a part of a longer name."""
        alternatives = sorted(self.words, key=len, reverse=True)
        parts = [re.escape(each) + (r"(?![A-Za-z0-9_\[])" if each[-1:].isalnum() else "") for each in alternatives]
        return re.compile("|".join(parts))


def _differ(one: Meaning, other: Meaning) -> bool:
    """Whether two meanings are of different things; a matrix and its column are one."""
    return one.of != other.of if isinstance(one, Symbol) and isinstance(other, Symbol) else one != other


def basic(derivation: Derivation) -> Lexicon:
    """Return the names that NumPy code and course notes use for the matrices of a derivation."""
    found: dict[str, Meaning] = {name: Named(name) for name in NAMED}
    symbols = dict(derivation.network.by_name)
    for symbol in symbols.values():
        for name in {symbol.name, symbol.name.replace(".", "_")}:
            found[name] = Symbol(symbol)
            found[f"d{name}"] = found[f"∂{name}"] = found[f"∂ℒ/∂{name}"] = found[f"dL/d{name}"] = Symbol(
                Adjoint(symbol)
            )
            if symbol.shape[1].has(BATCH) and name != name.lower():
                found.setdefault(name.lower(), Symbol(symbol, True))
                found.setdefault(f"d{name.lower()}", Symbol(Adjoint(symbol), True))
            elif symbol.role is not Role.LOSS:
                found.setdefault(name.lower(), Symbol(symbol))
                found.setdefault(f"d{name.lower()}", Symbol(Adjoint(symbol)))
        if symbol.role is Role.PREACTIVATION and symbol.name == f"Z{symbol.layer}":
            for letter in ("δ", "delta", "Z\u0304"):
                found[normal(f"{letter}{symbol.layer}")] = Symbol(Adjoint(symbol))
    found |= _functions(derivation)
    if len(derivation.network.inputs) == 1:
        found |= {"A0": Symbol(derivation.network.x), "a0": Symbol(derivation.network.x, True)}
    known = {each.name for each in (*derivation.forward.given, *(e.lhs for e in derivation.forward))}
    return Lexicon({normal(text): meaning for text, meaning in found.items() if not _without_stack(meaning, known)})


def _without_stack(meaning: Meaning, known: set[str]) -> bool:
    """Whether it is a recurrent layer's stacked state, which the lists that are shown do not have."""
    if not isinstance(meaning, Symbol):
        return False
    of = meaning.of.of if isinstance(meaning.of, Adjoint) else meaning.of
    return of.name not in known


def _functions(derivation: Derivation) -> dict[str, Meaning]:
    """Return f1, f1' and df1 of every layer, and activations by their names."""
    found: dict[str, Meaning] = {}
    for equation in derivation.forward:
        node = equation.rhs
        if not isinstance(node, Elementwise) or not isinstance(equation.lhs, Variable):
            continue
        function, layer = node.function, equation.lhs.layer
        found |= {function.name: Scalar(function), f"{function.name}'": Scalar(function, True)}
        if equation.lhs.name == f"A{layer}" and len(node.args) == 2:
            slope = Slope(function, 0, equation.lhs, *node.args[1:])
            found[f"f{layer}"] = Scalar(function)
            found |= {word: Scalar(function, True, slope) for word in (f"f{layer}'", f"f'{layer}", f"df{layer}")}
    return found


def layer_words(derivation: Derivation, shift: int, last: str) -> dict[str, Meaning]:
    """Return the words of a reading: a_l with its index moved by ``shift``, dLoss as the gradient by ``last``L."""
    known = derivation.network.by_name
    depth = derivation.network.depth
    found: dict[str, Meaning] = {}
    for layer in range(1, depth + 2) if shift else ():
        first = derivation.network.inputs[:1] if layer == shift else ()
        own = known.get(f"A{layer - shift}") or next(iter(first), None)
        if own is not None:
            found |= {f"A{layer}": Symbol(own), f"a{layer}": Symbol(own, True)}
    output = known.get(f"{last}{depth}")
    if output is not None:
        adjoint = Adjoint(output)
        found |= {word: Symbol(adjoint) for word in ("dLoss", "dloss", "dL", "dE", "dC", "dJ")}
    return {word: meaning for word, meaning in found.items() if not _missing(meaning, derivation)}


def _missing(meaning: Meaning, derivation: Derivation) -> bool:
    return (
        isinstance(meaning, Symbol) and isinstance(meaning.of, Adjoint) and meaning.of.name not in derivation.backward
    )
