"""The words of a formula: names of NumPy code and of course notes, and letters as symbp prints them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from symbp.derivation import Derivation
from symbp.equations import nodes
from symbp.judging.meanings import Activation, Diagonal, Entry, Meaning, Named, Number, Scalar, Size, Symbol
from symbp.judging.names import SCRIPTED, key
from symbp.ops.activations import ACTIVATIONS, ALIASES
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.functions import activation
from symbp.ops.normalisation import EPSILON
from symbp.ops.penalty import Penalty
from symbp.symbols import BATCH, Adjoint, Role, Variable

_SPELLED = str.maketrans(
    {
        **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
        **dict(zip("⁰⁴⁵⁶⁷⁸⁹", "0456789", strict=True)),
        "−": "-", "–": "-", "′": "'", "’": "'", "ʹ": "'", "∘": "⊙", "⊗": "⊙", "×": "·", "⋅": "·", "∙": "·",
        "𝓛": "ℒ", "⊤": "ᵀ", "∇": "∂", "²": "**2", "³": "**3", "⁻": "^-", "¹": "1", "…": "⋯",
        "⁽": "^(", "⁾": ")",
        "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)", "ᵢ": "_i", "ⱼ": "_j", "ₖ": "_k", "ₗ": "_l", "ₙ": "_n", "ₘ": "_m",
    }
)  # fmt: skip

NAMED = (
    "m", "ones", "zeros", "I", "sum", "mean", "var", "std", "dot", "matmul", "mm", "multiply", "mul", "transpose",
    "exp", "log", "ln", "sqrt", "abs", "maximum", "minimum", "diag", "outer", "square", "where", "softmax", "sign",
    "power", "pow", "add", "subtract", "sub", "divide", "div", "sin", "cos", "tan", "sinh", "cosh", "sech", "inv",
    "einsum", "reciprocal", "negative", "trace", "ones_like", "zeros_like", "max", "min",
)  # fmt: skip
"""What needs no derivation."""

ACTIVATION = ("g", "f", "h", "φ", "ϕ", "phi", "σ", "sigma", "act", "activation")
"""Letters that people have for whatever activation a network has."""

SIGMA = ("σ", "sigma")
"""Those of them that are the sigmoid where a network has no activation."""

MOST_SINGLE = 4
"""How many words of a formula are read otherwise one at a time."""

_ERROR = re.compile(r"(?:∂|d)(?:[ℒLJEC]|[Ll]oss)/(?:∂|d)|∂|d|δ_?|delta_?|grad_?|nabla_?")

_ENTRIES = tuple(
    re.compile(
        rf"(?P<base>{base})_\(?(?P<first>[i-np-s])[,_]?(?P<second>[i-np-s])?\)?(?:_?(?P<layer>\d*)|\^\((?P<above>\d+)\))"
    )
    for base in (".+", ".+?")
)

ERRORS = ("d", "∂", "∂ℒ/∂", "dL/d")
"""What stands before a matrix in the name of its gradient."""


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

    def other(self, text: str) -> Iterator[Lexicon]:
        """Yield lexicons in which words of a text have their other meanings: all of them, then one word alone."""
        said = normal(text)
        found = {word: meaning for word, meaning in self.others.items() if word in said}
        if found:
            yield Lexicon({**self.words, **self.others})
        for word, meaning in list(found.items())[:MOST_SINGLE] if len(found) > 1 else ():
            yield Lexicon({**self.words, word: meaning})

    def meaning(self, name: str) -> Meaning | None:
        """Return what a name means, however its indices are written; None where it means nothing, or two things."""
        plain = normal(name)
        found = self.words.get(plain) or self.keys.get(key(plain))
        if found is not None:
            return found
        prefix = _ERROR.match(plain)
        of = self.meaning(plain[prefix.end() :]) if prefix and prefix.end() < len(plain) else None
        if isinstance(of, Symbol) and isinstance(of.of, Variable):
            return Symbol(Adjoint(of.of), of.column)
        return None

    def entry(self, name: str) -> Entry | None:
        """Return what a name with letters below means as an entry of a matrix: w_jk, or w_jk1 of the first layer."""
        for found in (each.fullmatch(normal(name)) for each in _ENTRIES):
            if found is None:
                continue
            base, above = found["base"], found["above"]
            of = (above and self.meaning(f"{base}^({above})")) or self.meaning(f"{base}{found['layer'] or above or ''}")
            if not isinstance(of, Symbol):
                continue
            rows, columns = of.of.shape
            if 1 not in (rows, columns) if found["second"] else 1 in (rows, columns) or columns.has(BATCH):
                return Entry(of.of, found["first"] + (found["second"] or ""))
        return None

    @cached_property
    def keys(self) -> Mapping[str, Meaning]:
        """The meanings by what is equal for all spellings of a name."""
        found: dict[str, Meaning] = {}
        twice = set()
        for word, meaning in self.words.items():
            if isinstance(meaning, Symbol | Size | Diagonal) and SCRIPTED.fullmatch(word):
                name = key(word)
                if _differ(found.setdefault(name, meaning), meaning):
                    twice.add(name)
        return {name: meaning for name, meaning in found.items() if name not in twice}

    def near(self, name: str) -> str:
        """Return the clause that names the words nearest to an unknown one."""
        known = [
            word for word in self.words if len(word) < 20 and isinstance(self.words[word], Symbol | Scalar | Named)
        ]
        close = get_close_matches(name[:40], known, 3, 0.6)
        return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""

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
    found |= _functions(derivation) | dict(_numbers(derivation))
    network = derivation.network
    symbols = dict(network.by_name)
    for symbol in symbols.values():
        for name in _names(symbol, network.depth):
            found[name] = Symbol(symbol)
            found |= {f"{prefix}{name}": Symbol(Adjoint(symbol)) for prefix in ERRORS}
            if symbol.shape[1].has(BATCH) and name != name.lower():
                found.setdefault(name.lower(), Symbol(symbol, True))
                found.setdefault(f"d{name.lower()}", Symbol(Adjoint(symbol), True))
            elif symbol.role is not Role.LOSS:
                found.setdefault(name.lower(), Symbol(symbol))
                found.setdefault(f"d{name.lower()}", Symbol(Adjoint(symbol)))
        if symbol.role is Role.PREACTIVATION and symbol.name == f"Z{symbol.layer}":
            for letter in ("δ", "delta", "Z\u0304"):
                found[normal(f"{letter}{symbol.layer}")] = Symbol(Adjoint(symbol))
    if len(network.inputs) == 1:
        x = network.x
        found |= {"A0": Symbol(x), "a0": Symbol(x, True), "dA0": Symbol(Adjoint(x)), "da0": Symbol(Adjoint(x), True)}
    known = {each.name for each in (*derivation.forward.given, *(e.lhs for e in derivation.forward))}
    return Lexicon({normal(text): meaning for text, meaning in found.items() if not _without_stack(meaning, known)})


def _names(symbol: Variable, depth: int) -> set[str]:
    """Return the names of a matrix in code; a network of one layer needs no number."""
    names = {symbol.name, symbol.name.replace(".", "_")}
    return names | {symbol.stem} if depth == 1 and symbol.name == f"{symbol.stem}1" else names


def _numbers(derivation: Derivation) -> Iterator[tuple[str, Meaning]]:
    """Yield the letters of sizes, of ε and of the strength of a penalty."""
    for symbol in derivation.forward.given:
        for size in symbol.shape:
            for letter in size.free_symbols - {BATCH}:
                yield str(letter), Size(letter)
    for equation in derivation.forward:
        for node in nodes(equation.rhs):
            if isinstance(node, Penalty) and node.args[0].is_number:
                yield from ((name, Number(float(node.args[0]))) for name in ("λ", "lambda", "lam", "lambd", "reg"))
    yield from ((name, Number(float(EPSILON))) for name in ("ε", "eps", "epsilon"))


def _without_stack(meaning: Meaning, known: set[str]) -> bool:
    """Whether it is a recurrent layer's stacked state, which the lists that are shown do not have."""
    if not isinstance(meaning, Symbol):
        return False
    of = meaning.of.of if isinstance(meaning.of, Adjoint) else meaning.of
    return of.name not in known


def _functions(derivation: Derivation) -> dict[str, Meaning]:
    """Return f1, f1' and df1 of every layer, every activation by its names, and the letters of all of them."""
    found: dict[str, Meaning] = {}
    for name in (*ACTIVATIONS, *ALIASES):
        if name not in ("softmax", "none", "linear", "softmin"):
            found |= _both(name, Scalar(activation(ALIASES.get(name, name))))
    found |= _both("ReLU", Scalar(activation("relu")))
    own = [each for each in derivation.forward if isinstance(each.rhs, Elementwise) and len(each.rhs.args) == 2]
    taken = tuple((each.rhs.args[1].name, each.rhs.function) for each in own)
    sigmoid = activation("sigmoid")
    for letter in ACTIVATION if own else ():
        otherwise = sigmoid if letter in SIGMA else None
        found |= {letter: Activation(taken, False, otherwise), f"{letter}'": Activation(taken, True, otherwise)}
    for letter in SIGMA if not own else ():
        found |= _both(letter, Scalar(sigmoid))
    for equation in derivation.forward:
        node = equation.rhs
        if not isinstance(node, Elementwise) or not isinstance(equation.lhs, Variable):
            continue
        function, layer = node.function, equation.lhs.layer
        found |= _both(function.name, Scalar(function))
        if equation.lhs.name == f"A{layer}" and len(node.args) == 2:
            slope = Slope(function, 0, equation.lhs, *node.args[1:])
            for letter in ACTIVATION:
                found[f"{letter}{layer}"] = Scalar(function)
                words = (f"{letter}{layer}'", f"{letter}'{layer}", f"d{letter}{layer}")
                found |= {word: Scalar(function, True, slope) for word in words}
    return found


def _both(name: str, meaning: Scalar) -> dict[str, Meaning]:
    """Return a function and its slope by the names that people have for them."""
    slope = Scalar(meaning.function, True)
    names = (f"{name}'", f"{name}_prime", f"{name}_derivative", f"{name}_grad", f"d{name}", f"d_{name}")
    return {name: meaning, **dict.fromkeys(names, slope)}


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
