"""A formula from text to a syntax tree of Python: words become placeholders, products that stand unwritten appear.

Nothing is evaluated here, and the text never reaches Python's or SymPy's evaluation: the tree is walked by
``symbp.judging.values`` against an allow-list.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symbp.errors import SpecError
from symbp.judging.hands import plain
from symbp.judging.lexicon import Lexicon
from symbp.judging.meanings import (
    Activation,
    Diagonal,
    Entry,
    LinearMap,
    Meaning,
    Named,
    Over,
    Scalar,
    Size,
    Sliding,
    Symbol,
)
from symbp.judging.names import SCRIPTED
from symbp.judging.steps import end_of_product
from symbp.networks.reading import MAX_BRACKETS, MAX_DIGITS, MAX_LENGTH, quote, tree_of
from symbp.symbols import BATCH

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"(?!ᵀ)[^\W\d](?:(?!ᵀ)\w)*(?:\[[\w.:]+\])?'?")
_METHOD = re.compile(r"\.(?:(m?T\b|t\(\)|H\b)|([a-z_]+)(?=\())")
_OVER = re.compile(r"(?:[Σ∑]|sum)_\(?([i-np-s](?:[,_]?[i-np-s])?)\)?(?![A-Za-z0-9])\s*")
_MODULE = re.compile(r"(?:(?:np|numpy|torch|jnp|jax|xp|cp|F|nn|functional|linalg|math|scipy|special|tf|K)\.)+(?=[a-z])")
_STRING = re.compile(r"(['\"])[A-Za-z,>\- ]{1,60}\1")
_OPERATORS = ("**", ">=", "<=", "==", "@", "+", "-", "*", "/", ">", "<", "^", "(", ")", ",", "=", "⊙", "·", "∗")
_TURNED = {"⊙": "*", "∗": "*", "·": "@", "^": "**"}
_INVERSE = re.compile(r"\^(?:-1(?!\d)|\(-1\)|\{-1\})")
_INSIDE = r"(?:[^\[\]()]|\([^()]*\))*"
_INDICATOR = re.compile(rf"(?:1\[|ones[\[(])(?=({_INSIDE}[<>]{_INSIDE})[\])])")
_BEFORE_SQUARE = re.compile(r"[^\W\d_]+'?(?=\[)")
_SQUARE = re.compile(rf"\[(?=({_INSIDE})\])")
"""1[z > 0] is 1 where the comparison holds, else 0: what a comparison is anyway; and tanh[z]."""

_KEYWORDS = {"axis": "axis", "dim": "axis", "keepdims": "keepdims", "keepdim": "keepdims", "ddof": "ddof",
             "unbiased": "unbiased"}  # fmt: skip
_CONSTANTS = ("True", "False")

MOST_WRITTEN_OUT = 64 * MAX_LENGTH
"""Longest text that is read once its sums over steps are written out; as typed it may have ``MAX_LENGTH``."""

OF_WHAT_FOLLOWS = ("diag", "log", "ln", "exp")
"""Functions that need no brackets: they bind as tightly as a power."""

ELIDED = ("⋯", "B[")
"""What stands for something that is not written out."""


@dataclass(frozen=True)
class Token:
    """A piece of the Python text with where it stands, there and in what was typed."""

    python: str
    at: int
    start: int
    end: int


@dataclass(frozen=True)
class TypedSide:
    """A right side: as typed, as Python, its tree, and what each placeholder means."""

    source: str
    python: str
    tree: ast.expr
    meanings: Mapping[str, Meaning]
    tokens: tuple[Token, ...]

    @property
    def columns(self) -> bool:
        """Whether a letter of one example stands in it."""
        entries = [each for each in self.meanings.values() if isinstance(each, Entry)]
        if any(len(each.letters) == 2 and each.of.shape[1].has(BATCH) for each in entries):
            return False
        return bool(entries) or any(
            isinstance(each, Diagonal) or (isinstance(each, Symbol) and each.column) for each in self.meanings.values()
        )

    @property
    def letters(self) -> str:
        """The letters that count entries in it, sorted."""
        found = (each.letters for each in self.meanings.values() if isinstance(each, Entry | Over))
        return "".join(sorted(set("".join(found))))

    @property
    def named(self) -> list[Named]:
        """The functions of NumPy in it."""
        return [each for each in self.meanings.values() if isinstance(each, Named)]

    def typed(self, name: str) -> str:
        """Return a word as it was typed."""
        token = next(each for each in self.tokens if each.python == name)
        return self.source[token.start : token.end]

    def text(self, node: ast.AST) -> str:
        """Return a piece as it was typed."""
        start, end = self.span(node)
        return self.source[start:end]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a piece was typed."""
        low, high = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", len(self.python))
        inside = [token for token in self.tokens if low <= token.at < high]
        return (inside[0].start, inside[-1].end) if inside else (0, len(self.source))


def written(source: str, lexicon: Lexicon) -> TypedSide:
    """Read one side of a formula.

    Raises:
        SpecError: too long, an unknown word, or not arithmetic.
    """
    if len(source) > MOST_WRITTEN_OUT:
        raise SpecError(f"the formula {quote(source)} has {len(source)} characters; at most {MAX_LENGTH} are read")
    return _Reading(source, lexicon).read()


class _Reading:
    """Goes through a text once."""

    def __init__(self, source: str, lexicon: Lexicon) -> None:
        self.typed = " ".join(unicodedata.normalize("NFC", source).split())
        self.source, self.places = plain(self.typed)
        self.lexicon = lexicon
        self.tokens: list[Token] = []
        self.meanings: dict[str, Meaning] = {}
        self.length = self.depth = 0
        self.ends_operand = False
        self.before: Meaning | None = None
        self.calls = self.of_module = False
        self.closing: list[int] = []
        self.indicators: set[int] = set()

    def read(self) -> TypedSide:
        """Return the formula, or raise a SpecError that quotes the piece nobody can read."""
        position = 0
        while position < len(self.source):
            self._close(position)
            if self.source[position] == " ":
                position += 1
                continue
            position = self._next(position)
        self._close(len(self.source))
        python = "".join(token.python for token in self.tokens)
        tree = tree_of(python, self.typed, "a formula")
        return TypedSide(self.typed, python, tree, self.meanings, tuple(map(self._as_typed, self.tokens)))

    def _as_typed(self, token: Token) -> Token:
        last = self.places[token.end - 1] + 1 if token.end > token.start else self.places[token.start]
        last = max(last, self.places[token.end])
        return replace(token, start=self.places[token.start], end=last)

    def _next(self, at: int) -> int:
        for elided in ELIDED:
            if self.source.startswith(elided, at):
                raise SpecError(
                    f"{quote(self.source)}: {elided.rstrip('[')} stands for equations that are not written out: "
                    "paste the lines of the backward pass instead"
                )
        if self.source.startswith(("_)", "_ )"), at):
            return self._placed("·", Named("hole"), at, at + 1)
        if self.source[at] == "√":
            return self._root(at)
        if found := _MODULE.match(self.source, at):
            self.of_module = True
            return found.end()
        readers = (
            self._indicator,
            self._over,
            self._transpose,
            self._method,
            self._word,
            self._number,
            self._name,
            self._string,
            self._operator,
        )
        for reader in readers:
            end = reader(at)
            if end is not None:
                return end
        raise SpecError(f"{self.source[at]!r} may not stand in the formula {quote(self.source)}")

    def _indicator(self, at: int) -> int | None:
        """Square brackets in the place of round ones: behind a function, around what 1 is where it holds."""
        if at in self.indicators:
            return self._add(")", at, at + 1, operand=True)
        found = _INDICATOR.match(self.source, at)
        if self.source[at] == "[" and isinstance(self.before, Scalar | Activation):
            found = _SQUARE.match(self.source, at)
        elif found:
            self._join()
        if not found:
            return None
        self.indicators.add(found.end() + len(found[1]))
        return self._add("(", at, found.end(), operand=False)

    def _over(self, at: int) -> int | None:
        """Σ_k in front of a product: a function of the product behind it."""
        found = _OVER.match(self.source, at)
        if not found:
            return None
        end = self._placed(found[0], Over(re.sub("[,_]", "", found[1])), at, found.end())
        self._append("(", end, end)
        self.ends_operand = False
        self.closing.append(end_of_product(self.source, end))
        return end

    def _close(self, position: int) -> None:
        """Close the brackets of sums whose product ends here."""
        while self.closing and self.closing[-1] <= position:
            self.closing.pop()
            self._append(")", position, position)
            self.ends_operand = True

    def _root(self, at: int) -> int:
        """√2 and √(…): the function in front of its number."""
        end = self._placed("√", Named("sqrt"), at, at + 1)
        found = _NUMBER.match(self.source, end) or SCRIPTED.match(self.source, end)
        if not found:
            return end
        if isinstance(known := self.lexicon.meaning(found[0]), Size | Symbol):
            place = f"v{len(self.meanings)}"
            self.meanings[place] = known
            self._append(f"({place})", end, found.end())
            return found.end()
        if not found[0][0].isdigit():
            return end
        self._append(f"({found[0]})", end, found.end())
        return found.end()

    def _transpose(self, at: int) -> int | None:
        for mark in ("ᵀ", "^T", "^⊤"):
            if self.source.startswith(mark, at) and self.ends_operand:
                return self._add(".T", at, at + len(mark), operand=True)
        found = _INVERSE.match(self.source, at) if self.ends_operand else None
        return self._add(".I", at, found.end(), operand=True) if found else None

    def _method(self, at: int) -> int | None:
        found = _METHOD.match(self.source, at)
        if not found or not self.ends_operand:
            return None
        end = self._add(".T" if found[1] else found[0], at, found.end(), operand=True)
        self.calls = not found[1]
        return end

    def _string(self, at: int) -> int | None:
        """The subscripts of einsum, the one string that may stand in a formula."""
        found = _STRING.match(self.source, at) if self.tokens and self.tokens[-1].python == "(" else None
        return self._add(repr(found[0][1:-1]), at, found.end(), operand=True) if found else None

    def _number(self, at: int) -> int | None:
        found = _NUMBER.match(self.source, at)
        if not found:
            return None
        if len(found[0]) > MAX_DIGITS:
            raise SpecError(f"a number in {quote(self.source)} has more than {MAX_DIGITS} digits")
        following = self.source[found.end() :].lstrip(" ")[:2]
        is_ones = found[0] == "1" and (
            following[:1] == "ᵀ" or following == "^T" or (self.ends_operand and following[:1] != "/")
        )
        if is_ones:
            return self._placed("ones", Named("ones"), at, found.end())
        self._join()
        return self._add(found[0], at, found.end(), operand=True)

    def _word(self, at: int) -> int | None:
        found = self.lexicon.pattern.match(self.source, at)
        scripted = SCRIPTED.match(self.source, at)
        if scripted and scripted.end() > (found.end() if found else at):
            known = self.lexicon.meaning(scripted[0]) or self.lexicon.entry(scripted[0])
            if known is not None:
                return self._placed(scripted[0], known, at, scripted.end())
        name = _NAME.match(self.source, at)
        of_square = _BEFORE_SQUARE.match(self.source, at)
        if of_square and isinstance(known := self.lexicon.words.get(of_square[0]), Scalar | Activation):
            return self._placed(of_square[0], known, at, of_square.end())
        if not found or (
            name and name.end() > found.end() and name[0] not in self.lexicon.words and "'" not in name[0]
        ):
            return None
        meaning = self.lexicon.words[found[0]]
        if isinstance(meaning, Named) and self.of_module:
            meaning = replace(meaning, of_module=True)
        if isinstance(meaning, Sliding):
            return self._sign_between(meaning, at, found.end())
        return self._placed(found[0], meaning, at, found.end())

    def _sign_between(self, meaning: Sliding, at: int, end: int) -> int:
        """W ⋆ X: an operator of three parts, since Python has no sign for it."""
        if not self.ends_operand:
            raise SpecError(f"{quote(self.source[at:end])} stands between two matrices, in {quote(self.source)}")
        place = f"v{len(self.meanings)}"
        self.meanings[place] = meaning
        return self._add(f"%{place}%", at, end, operand=False)

    def _placed(self, word: str, meaning: Meaning, at: int, end: int) -> int:
        self._join()
        place = f"v{len(self.meanings)}"
        self.meanings[place] = meaning
        self._add(place, at, end, operand=True)
        self.before = meaning
        return end

    def _name(self, at: int) -> int | None:
        found = _NAME.match(self.source, at)
        if not found:
            return None
        name = found[0]
        if name in _KEYWORDS or name in _CONSTANTS:
            return self._add(_KEYWORDS.get(name, name), at, found.end(), operand=name in _CONSTANTS)
        if name.isascii() and all(isinstance(self.lexicon.words.get(each), Symbol) for each in name):
            return self._placed(name[0], self.lexicon.words[name[0]], at, at + 1)
        if name in ("sum", "Σ", "∑"):
            raise SpecError(f"{quote(self.source)}: Σ stands in front of a whole product, as in Σ D₂ (a₂ − y) xᵀ")
        raise SpecError(
            f"unknown symbol {name[:40]!r} in the formula {quote(self.typed)}"
            f"{self.lexicon.near(name) or '; use the names of symbp derive, such as W2, Z1, A1, dZ2, X, Y, m'}"
        )

    def _operator(self, at: int) -> int | None:
        for sign in _OPERATORS:
            if not self.source.startswith(sign, at):
                continue
            if sign == "·" and self.source[at + 1 :].lstrip()[:1] == ")":
                return self._placed("·", Named("hole"), at, at + 1)
            return self._signed(sign, at)
        return None

    def _signed(self, sign: str, at: int) -> int:
        if sign == "(":
            self.depth += 1
            if self.depth > MAX_BRACKETS:
                raise SpecError(f"{quote(self.source)} has more than {MAX_BRACKETS} brackets inside each other")
            callable_ = self.calls or isinstance(self.before, Scalar | Activation | LinearMap) or (
                isinstance(self.before, Named) and self.before.name not in ("m", "ones", "I", "hole")
            )  # fmt: skip
            if not (callable_ and self.ends_operand):
                self._join()
        self.depth -= sign == ")"
        if sign == "=" and self.tokens and self.tokens[-1].python in _KEYWORDS.values():
            return self._add("=", at, at + 1, operand=False)
        if sign == "=":
            raise SpecError(f"{quote(self.source)}: one = a formula")
        return self._add(_TURNED.get(sign, sign), at, at + len(sign), operand=sign == ")")

    def _join(self) -> None:
        """Write the product of two factors that stand beside each other."""
        if self.ends_operand:
            of_what_follows = isinstance(self.before, Named) and self.before.name in OF_WHAT_FOLLOWS
            self._append("**" if of_what_follows else "@", len(self.source), len(self.source))

    def _add(self, python: str, start: int, end: int, *, operand: bool) -> int:
        self._append(python, start, end)
        self.ends_operand = operand
        self.before, self.calls, self.of_module = None, False, False
        return end

    def _append(self, python: str, start: int, end: int) -> None:
        self.tokens.append(Token(python, self.length, start, end))
        self.length += len(python)
