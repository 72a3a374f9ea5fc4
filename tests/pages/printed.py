"""A reader of the formulas of a printed LaTeX page: a text and the row of its notation, no tree and no derivation.

Everything is known by what is printed: ``Z^{[l]}`` at l = 2 is Z with 2 above. Lines are worked out in whatever order
they can be; a name that two lines state must be twice the same, and a displayed line that cannot be worked out is an
error. Of the row it reads what tells signs from letters (⊤ or T, ⊙ or ∗, d, brackets). Where an error is updated in
place, g ←, the lines are run as a program: one layer after another from the last, its gradients before the next line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

Name = tuple[Any, ...]
"""A letter, what stands below it and above it; a derivative is ∂ and the name of what it is by."""


class LackingError(Exception):
    """Something that no line has stated yet."""


class UnreadableError(Exception):
    """What is printed is no formula to this reader."""


def _softmax(value: Any, axis: int) -> Any:
    powers = np.exp(value - np.max(value, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


FUNCTIONS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "σ": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
    "log": (np.log, lambda z: 1 / z),
    "sign": (np.sign, np.zeros_like),
    "sgn": (np.sign, np.zeros_like),
    "diag": (lambda v: np.diag(np.ravel(v)), np.zeros_like),
}
"""Functions that a page names, and their slopes."""

SIGNS = {"odot": r"\odot", "star": "*", "circ": r"\circ", "bullet": r"\bullet", "otimes": r"\otimes"}
TRANSPOSES = {"top": [r"\top"], "T": ["T"], "roman": [r"\mathrm", "{", "T", "}"]}
NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell"
)
GREEK = dict(zip(NAMES.split(), "αβγδεζηθκλμνξπρστϕφχψωΓΔΘΛΞΠΣΦΨΩℓ", strict=True))
DERIVATIVES = ("∂", "d", "Δ")
"""How names of derivatives begin."""

MOST = 50
"""No index of an entry goes further."""

IDENTITY = "I"
FACES = (r"\mathbf", r"\boldsymbol", r"\mathrm", r"\mathcal", r"\mathbb")
ACCENTS = (r"\hat", r"\bar", r"\tilde")
BRACKETS = {"(": ")", "[": "]", r"\lVert": r"\rVert"}
TOKEN = re.compile(r"\\mathrm\{[A-Za-z]{2,}\}|\\[A-Za-z]+|\\.|\d+|\S")
NOTHING = re.compile(
    r"\\(?:[,;!:]|quad\b|qquad\b|(?:[bB]ig+[lr]?|left|right)\b\.?|textstyle\b|displaystyle\b|allowbreak\b|notag\b)\s?"
)


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a formula, spaces and sizes of brackets left out."""
    return TOKEN.findall(NOTHING.sub(" ", text))


@dataclass
class Page:
    """What is known while a page is read: the row, values by name, letters that are numbers now."""

    row: Any
    values: dict[Name, Any]
    numbers: dict[str, int]
    examples: int
    entries: dict[str, int] = field(default_factory=dict)
    """Indices of entries, counted from 1."""

    @property
    def indices(self) -> set[str]:
        """Letters that may count entries."""
        return set("hijkr") - {*self.numbers}

    @property
    def ones(self) -> Any:
        """A column of ones, a row for each example."""
        return np.ones((self.examples, 1))


class Formula:
    """One side of an equation, read from left to right and worked out on the way."""

    def __init__(self, tokens: list[str], page: Page) -> None:
        self.tokens, self.page, self.at = tokens, page, 0
        self.hadamard = SIGNS[page.row.entrywise]
        self.transpose = TRANSPOSES[page.row.transpose]

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        if self.tokens[self.at : self.at + len(wanted)] != [*wanted]:
            return False
        self.at += len(wanted)
        return True

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise UnreadableError(f"{wanted} expected at {' '.join(self.tokens[self.at :])!r}")

    def whole(self) -> Any:
        """Return the value of all of it."""
        found = self.sum()
        if self.at < len(self.tokens) or self.turns:
            raise UnreadableError(f"left over: {' '.join(self.tokens[self.at :])}")
        return found

    def sum(self) -> Any:
        self.take("{", "}")
        negative = self.take("-")
        found = self.term()
        found = -found if negative else found
        while self.next() in ("+", "-"):
            negative = self.take("-") or not self.take("+")
            other = self.term()
            found = self.added(found, -other if negative else other)
        return found

    def added(self, one: Any, other: Any) -> Any:
        """Return a sum; a number goes to each entry, a column to each example only where the row has no ones."""
        shapes = np.shape(one), np.shape(other)
        if () not in shapes and shapes[0] != shapes[1] and self.page.row.sums != "columns":
            raise UnreadableError(f"a sum of {shapes[0]} and {shapes[1]}")
        return plus(one, other)

    def term(self) -> Any:
        found = self.product()
        while self.take("{", "}", self.hadamard) or self.take(self.hadamard):
            other = self.product()
            if () not in (np.shape(found), np.shape(other)) and np.shape(found) != np.shape(other):
                raise UnreadableError(f"entries of {np.shape(found)} and {np.shape(other)}")
            found = found * other
        return found

    def product(self) -> Any:
        found = self.factor()
        while self.next() not in ("", "+", "-", self.hadamard, ")", "]", "}", r"\rVert", ",", "=", ">", "<") and (
            self.tokens[self.at : self.at + 3] != ["{", "}", self.hadamard]
        ):
            found = times(found, self.factor())
        return found

    def factor(self) -> Any:
        """Return the value of a factor with what stands above it."""
        start = self.at
        if self.take(r"\sum"):
            return self.big_sum()
        if self.take(r"\prod"):
            return self.big_product()
        if self.take("e", "^"):
            return np.exp(self.group_value())
        if self.next() in (r"\frac", r"\tfrac") and not self.derivative_ahead():
            self.at += 1
            over, under = self.group_value(), self.group_value()
            return self.raised(over / under)
        if self.take("(") or self.take("["):
            value = self.sum()
            self.need(BRACKETS[self.tokens[start]])
            return self.raised(value)
        if self.take(r"\lVert"):
            value = self.sum()
            self.need(r"\rVert")
            self.need("^")
            if self.group() != ["2"]:
                raise UnreadableError("a norm that is not squared")
            return float(np.sum(value**2))
        if self.next() == "{" and not self.is_named():
            return self.raised(self.group_value())
        if self.next().isdigit():
            self.at += 1
            return float(self.tokens[start])
        if (function := self.function()) is not None:
            return function
        return self.named()

    def is_named(self) -> bool:
        """Whether a group holds a name alone, so that what stands above the group may stand above the name."""
        inner = Formula(self.peeked_group(), self.page)
        try:
            inner.name()
        except (UnreadableError, IndexError):
            return False
        return inner.at == len(inner.tokens) and not inner.turns

    def peeked_group(self) -> list[str]:
        at = self.at
        found = self.group()
        self.at = at
        return found

    def group(self) -> list[str]:
        """Return the tokens of a group in braces, or the next one."""
        if not self.take("{"):
            self.at += 1
            return [self.tokens[self.at - 1]]
        start, depth = self.at, 1
        while depth:
            if self.at >= len(self.tokens):
                raise UnreadableError("a brace that is not closed")
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
            self.at += 1
        return self.tokens[start : self.at - 1]

    def group_value(self) -> Any:
        return Formula(self.group(), self.page).whole()

    def raised(self, value: Any) -> Any:
        """Return a value with the transposes and powers that stand above it."""
        if self.turns:
            value, self.turns = np.transpose(value), False
        while self.take("^"):
            sup = self.group()
            if sup == self.transpose:
                value = np.transpose(value)
            elif len(sup) == 1 and sup[0].isdigit():
                value = value ** int(sup[0])
            else:
                raise UnreadableError(f"above a bracket: {''.join(sup)}")
        return value

    def big_sum(self) -> Any:
        """Return a sum over examples or entries; where entries end, the sum ends."""
        self.need("_")
        letters, _, first = "".join(self.group()).replace(",", "").partition("=")
        last = self.group_value() if self.take("^") else None
        start, end = self.at, self.at

        def over(rest: str) -> Any:
            nonlocal end
            if not rest:
                self.at = start
                value = self.term()
                end = self.at
                return value
            found = self.along(rest[0], int(first or 1), last, lambda: over(rest[1:]))
            return sum(found[1:], found[0])

        total = over(letters)
        self.at = end
        return total

    def along(self, letter: str, first: int, last: float | None, value: Callable[[], Any]) -> list[Any]:
        """Return a value at every place of an index: to the last one, or as far as there are entries."""
        entries, found = self.page.entries, []
        outer = dict(entries)
        try:
            while last is None or first + len(found) <= last:
                if len(found) > MOST:
                    raise UnreadableError(f"{letter} ends nowhere")
                entries[letter] = first + len(found)
                try:
                    found.append(value())
                except IndexError:
                    if last is not None or not found:
                        raise
                    break
        finally:
            entries.clear()
            entries.update(outer)
        return found

    def big_product(self) -> Any:
        """Return a product over layers, in brackets of its own."""
        self.need("_")
        letter, _, first = "".join(self.group()).partition("=")
        self.need("^")
        last, start = _index("".join(self.group()), self.page.numbers), self.at
        found, numbers = IDENTITY, self.page.numbers
        for value in range(_index(first, numbers), last + 1):
            self.at, self.page.numbers = start, {**numbers, letter: value}
            found = times(found, self.product())
        self.page.numbers, depth, self.at = numbers, 0, start
        while depth or self.next() != ")":
            depth += {"(": 1, ")": -1}.get(self.next(), 0)
            self.at += 1
        return found

    def function(self) -> Any:
        """Return the value of a function of what stands in brackets behind it, none where no function stands."""
        start = self.at
        if self.take(r"\mathbf", "{", "1", "}", "[") or self.take(r"\mathbb", "{", "1", "}", "["):
            value = self.sum()
            self.need(">")
            self.need("0")
            self.need("]")
            return self.raised(1.0 * (value > 0))
        word = self.word()
        known = {**FUNCTIONS, "softmax": (lambda z: _softmax(z, self.column_axis), None)}
        if word not in known or (word == "σ" and self.next() not in ("(", "[", "'")):
            self.at = start
            return None
        prime = self.take("'")
        if word == "log" and self.next() not in ("(", "["):
            return np.log(self.factor())
        opening = self.next()
        if opening not in ("(", "["):
            raise UnreadableError(f"{word} of nothing")
        self.at += 1
        value = self.sum()
        self.need(BRACKETS[opening])
        return self.raised(known[word][prime](value))

    @property
    def column_axis(self) -> int:
        """The axis along which what belongs to one example stands."""
        return 1 if self.page.row.layout.endswith("rows") and self.page.row.layout != "bias-rows" else 0

    def word(self) -> str:
        """Return a letter or a word without its face."""
        token = self.next()
        self.at += 1
        if token in FACES or token in ACCENTS:
            text = Formula(self.group(), self.page).word()
            return f"{token[1:]}:{text}" if token in (r"\mathcal", *ACCENTS) else text
        token = token.removeprefix(r"\mathrm{").strip("\\}")
        return GREEK.get(token, token)

    def derivative_ahead(self) -> bool:
        return self.tokens[self.at + 1 : self.at + 3] == ["{", r"\partial"]

    def derivative(self) -> Name | None:
        """Return the name of a derivative in the way in which the row writes them, none where no derivative stands."""
        start = self.at
        if self.next() == r"\frac" and self.derivative_ahead():
            self.at += 1
            self.group()
            under = Formula(self.group(), self.page)
            under.need(r"\partial")
            return "∂", under.name()
        if self.take(r"\partial"):
            self.word()
            if self.take("/", r"\partial"):
                return "∂", self.name()
        elif self.take(r"\nabla", "_"):
            by = Formula(self.group(), self.page).name()
            self.word()
            return "∂", by
        elif self.page.row.gradient == "d" and self.take("d"):
            return "d", self.name()
        elif self.page.row.gradient == "update" and self.take(r"\Delta"):
            return "Δ", self.name()
        self.at = start
        return None

    def name(self) -> Name:
        """Return a name: a letter with its indices, one of a derivative too; no transpose."""
        if self.next() == "{":
            inner = Formula(self.group(), self.page)
            found = inner.name()
            if inner.at < len(inner.tokens):
                raise UnreadableError(f"no name: {' '.join(inner.tokens)}")
            return found
        found = self.derivative()
        if found is not None:
            return found
        token = self.next()
        if not (token.isalpha() or token.startswith("\\")) or token in (r"\sum", r"\frac", r"\tfrac", r"\lVert"):
            raise UnreadableError(f"no name: {' '.join(self.tokens[self.at :])!r}")
        return self.indexed(self.word())

    def indexed(self, letter: str) -> Name:
        """Return a letter with what stands below and above it, as far as that is an index."""
        below: tuple[Any, ...] = ()
        above: tuple[Any, ...] = ()
        if self.take("_"):
            below = self.indices(self.group())
        if self.next() == "^":
            start = self.at
            self.at += 1
            sup = self.group()
            rest = sup[-len(self.transpose) :] if sup[-len(self.transpose) :] == self.transpose else []
            own = sup[: len(sup) - len(rest)]
            if own[-3::2] == ["(", ")"] and own[-2] in self.page.entries:
                self.example, own = self.page.entries[own[-2]], own[:-3]
            if not own and not rest:
                return letter, below, above
            if not own or ((letter, below) in self.known_bare and own == ["2"]):
                self.at = start
            else:
                above, self.turns = (self.number(own),), bool(rest)
        return letter, below, above

    example: int | None = None
    """The example whose number stands above the last name."""
    turns = False
    """Whether ⊤ stands behind the number of the last name."""

    @property
    def known_bare(self) -> set[tuple[Any, ...]]:
        """Letters with nothing above them that have a value: a number above is a power."""
        return {name[:2] for name in self.page.values if len(name) == 3 and not name[2]}

    def indices(self, tokens: list[str]) -> tuple[Any, ...]:
        """Return what stands below a letter: numbers, words, names, places of entries."""
        pieces: list[list[str]] = [[]]
        depth = 0
        for token in tokens:
            depth += {"{": 1, "}": -1}.get(token, 0)
            if token == "," and not depth:
                pieces.append([])
            else:
                pieces[-1].append(token)
        found: list[Any] = []
        for piece in pieces:
            if all(each in self.page.entries or each == "0" for each in piece):
                found += [("at", self.page.entries[each]) if each in self.page.entries else 0 for each in piece]
            else:
                found.append(self.number(piece))
        return tuple(found)

    def number(self, tokens: list[str]) -> Any:
        """Return an index as a number; of what is none, how it is printed."""
        text = "".join(tokens)
        if re.fullmatch(r"[\[(].*[\])]", text):
            text = text[1:-1]
        letters = self.page.numbers
        if re.fullmatch(r"[0-9A-Za-z+\-]+", text) and all(each in letters for each in re.findall("[A-Za-z]", text)):
            return sum(_signed(each, letters) for each in re.findall(r"[+-]?[0-9A-Za-z]+", text))
        return Formula(list(tokens), self.page).name()

    def named(self) -> Any:
        """Return the value of a name, of an entry of it, of ones, of a number that a letter is."""
        if self.take(r"\mathbf", "{", "1", "}"):
            return self.raised(self.page.ones)
        if self.take(IDENTITY):
            return IDENTITY
        name = self.name()
        value = self.valued(name)
        if self.example is not None:
            value, self.example = np.take(value, [self.example - 1], axis=1 - self.column_axis), None
        return self.raised(value)

    def valued(self, name: Name) -> Any:
        places, bare = split(name)
        if bare[0] in self.page.numbers and bare[1:] == ((), ()):
            return float(self.page.numbers[bare[0]])
        if bare not in self.page.values:
            raise LackingError(spelled(bare))
        value = self.page.values[bare]
        if not places:
            return value
        if len(places) == 1:
            value = np.ravel(value) if 1 in np.shape(value) else value
        return float(value[tuple(place - 1 for place in places)])


def _signed(text: str, letters: Mapping[str, int]) -> int:
    """Return a term of an index: −1, +2l."""
    sign, digits, letter = re.fullmatch(r"([+-]?)([0-9]*)([A-Za-z]?)", text).groups()  # type: ignore[union-attr]
    return (-1 if sign == "-" else 1) * int(digits or 1) * (letters[letter] if letter else 1)


def plus(one: Any, other: Any) -> Any:
    """Return a sum of matrices, one of which may be the identity."""
    one, other = (np.eye(len(beside)) if each is IDENTITY else each for each, beside in ((one, other), (other, one)))
    return one + other


def times(one: Any, other: Any) -> Any:
    """Return a product of matrices; a number may stand on either side."""
    if one is IDENTITY or other is IDENTITY:
        return other if one is IDENTITY else one
    if () in (np.shape(one), np.shape(other)):
        return one * other
    if one.shape[1] != other.shape[0]:
        raise UnreadableError(f"{one.shape} times {other.shape}")
    return one @ other


def split(name: Name) -> tuple[list[int], Name]:
    """Return the places of an entry in a name, and the name of the whole."""
    if name[0] in DERIVATIVES:
        places, bare = split(name[1])
        return places, (name[0], bare)
    letter, below, above = name
    places, kept = [], []
    for each in below:
        if isinstance(each, tuple) and each[0] == "at":
            places.append(each[1])
        elif isinstance(each, tuple):
            inner, bare = split(each)
            places += inner
            kept.append(bare)
        else:
            kept.append(each)
    return places, (letter, tuple(sorted(kept, key=str)), above)


def spelled(name: Name) -> str:
    """Return a name as a text."""
    if name[0] in DERIVATIVES:
        return f"{name[0]}{spelled(name[1])}"
    return f"{name[0]}_{name[1]}^{name[2]}"


@dataclass(frozen=True)
class Statement:
    """One equation as it is printed: both sides, for which numbers it holds, whether it must be worked out."""

    left: str
    right: str
    replaces: bool
    at: tuple[Mapping[str, int], ...]
    is_displayed: bool = True


Instance = tuple[Statement, Mapping[str, int]]
"""A statement at one value of its index."""


def braced(text: str, at: int) -> tuple[str, int]:
    """Return what stands in the braces that open at a place, and where they end."""
    depth, start = 0, at
    while True:
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if not depth:
            return text[start + 1 : at - 1], at


def arguments(text: str, macro: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield where a macro stands and ends, and its arguments."""
    for found in re.finditer(rf"\\{macro}(?![A-Za-z])", text):
        at, parts = found.end(), []
        while at < len(text) and text[at] == "{":
            part, at = braced(text, at)
            parts.append(part)
        yield found.start(), at, parts


def plain(text: str) -> str:
    """Return the body of a page without pictures, roles below braces, functions and reasons."""
    text = text[text.index("\\symbpstart\n") :]
    text = re.sub(r"\\ifdefined\\tikzpicture.*?\n\\fi\n", "", text, flags=re.S)
    text = re.sub(
        r"\\symbpheading\{(Functions|Why)\}.*?(?=\\symbpheading|\\symbptogether|\\symbpend)", "", text, flags=re.S
    )
    while (found := next(arguments(text, "symbpfactor"), None)) is not None:
        start, end, (body, *_) = found
        text = f"{text[:start]} {{{body}}} {text[end:]}"
    text = re.sub(r"\{\\textstyle (\\sum_(?:\{[^{}]*\}|\w))\}", r"\1", text)
    return text.replace(r"\symbploss", r"\mathcal{L}").replace(r"\symbpT", r"\top")


DISPLAY = re.compile(r"\\begin\{(align|equation)(\*?)\}(.*?)\\end\{\1\2\}", re.S)


def equations(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the equations of a page as they are printed, and whether each is displayed."""
    for found in DISPLAY.finditer(text):
        rows: list[str] = []
        for line in re.split(r"\\\\\*?", re.sub(r"\\label\{[^}]*\}", "", found[3])):
            first, _, rest = line.partition("&")
            if not first.strip() and rows:
                rows[-1] += rest
            else:
                rows.append(first + rest)
        for line in rows:
            for part in line.split(r", \quad "):
                yield part, True
    steps: list[str] = []
    for found_at, _, parts in sorted([*arguments(text, "symbpstep"), *arguments(text, "symbpmore")]):
        if text.startswith(r"\symbpmore", found_at):
            steps[-1] += f" {parts[0]} {parts[1]}"
        elif len(parts) > 1:
            steps.append(f"{parts[0]} {parts[1]}")
    for line in steps:
        yield line, True
    rest = DISPLAY.sub("", text)
    for each in re.finditer(r"(?<!\\)\$([^$]+)\$", rest):
        if "=" in each[1] and "symbpstep" not in each[1]:
            yield each[1], False


CODE = re.compile(r"\(([^()]*) in code\)")
GIVEN = re.compile(r"(weights|bias|input|target)\b")


def given(text: str, row: Any) -> dict[str, Name]:
    """Return how what a page is given is printed, by the keys that code has for it, from the table of notation."""
    found, numbers = {}, statements(text, row)[1]
    letter, every = _loop(text)
    for line in text[text.rindex(r"\symbpheading{Notation}") :].splitlines():
        cells = [each.strip() for each in line.split("&")]
        if len(cells) != 3 or not GIVEN.search(cells[1]):
            continue
        keys = CODE.search(cells[1])
        names: list[Name] = []
        for symbol in re.search(r"\$([^$]*)\$", cells[0])[1].partition("=")[0].split(", "):  # type: ignore[index]
            is_generic = letter and re.search(rf"(?<![\\A-Za-z]){letter}(?![A-Za-z])", symbol)
            for value in every if is_generic else [0]:
                names.append(Formula(tokens_of(symbol), Page(row, {}, {**numbers, letter: value}, 1)).name())
        role = GIVEN.search(cells[1])[1]  # type: ignore[index]
        own = keys[1].split(", ") if keys else [OWN.get(role) or _key(each) for each in names]
        found |= dict(zip(own, names, strict=True))
    return found


OWN = {"input": "X", "target": "Y"}
"""Keys of what has one letter in any notation."""


def _key(name: Name) -> str:
    """Return the letters and numbers of a name."""
    return "".join(str(each) for each in (name[0], *name[1], *name[2]))


def _loop(text: str) -> tuple[str, list[int]]:
    """Return the letter of layers that a page says, and the numbers for which it stands."""
    said = re.search(r"For \$([a-z]) = (\d+), \\ldots, ([A-Za-z])\$ \(here \$\3 = (\d+)\$\)", text)
    return (said[1], [*range(int(said[2]), int(said[4]) + 1)]) if said else ("", [0])


RANGE = re.compile(r"\\quad \(([a-z]) = ([^()]*)\)|\\quad \(([^()]*(?:<|\\leq?)[^()]*)\)|\\quad \(([a-z]) ?> ?(\w+)\)")


def statements(text: str, row: Any) -> tuple[list[Statement], dict[str, int]]:
    """Return the equations of a page, and the numbers that letters stand for."""
    letter, every = _loop(text)
    numbers = {each[1]: int(each[2]) for each in re.finditer(r"here \$([A-Za-z]) = (\d+)\$", text)}
    found = []
    for line, displayed in equations(plain(text)):
        own: tuple[Mapping[str, int], ...] = tuple({letter: each} if letter else {} for each in every)
        if (part := RANGE.search(line)) is not None:
            own = tuple(each for each in _range(part, numbers, every))
            line = RANGE.sub("", line)
        replaces = r"\leftarrow" in line
        left, equals, right = line.partition(r"\leftarrow" if replaces else "=")
        if not equals:
            continue
        if letter and not re.search(rf"(?<![\\A-Za-z]){letter}(?![A-Za-z])", re.sub(r"\\[A-Za-z]+", "\\\\", line)):
            own = ({},)
        found.append(Statement(left, right, replaces, own, displayed))
    return found, numbers


def _range(part: re.Match[str], numbers: Mapping[str, int], every: list[int]) -> Iterator[Mapping[str, int]]:
    """Yield the values of an index in what stands in brackets behind a line."""
    if part[1]:
        ends = [_index(each, numbers) for each in part[2].split(",") if "dots" not in each]
        if r"\ldots" in part[2] or r"\dots" in part[2]:
            first, last = ends[0], ends[-1]
            ends = list(range(first, last + 1) if last >= first else range(first, last - 1, -1))
        yield from ({part[1]: each} for each in ends)
        return
    condition = (part[3] or f"{part[4]} > {part[5]}").replace(r"\leq", "<=").replace(r"\le", "<=")
    pieces = re.split(r"(<=|<|>)", condition.replace(" ", ""))
    letter = next(each for each in pieces[::2] if re.fullmatch("[a-z]", each))
    for value in every:
        ends = [_index(each, {**numbers, letter: value}) for each in pieces[::2]]
        tests = {"<": np.less, "<=": np.less_equal, ">": np.greater}
        if all(tests[sign](*pair) for sign, pair in zip(pieces[1::2], pairwise(ends), strict=True)):
            yield {letter: value}


def _index(text: str, numbers: Mapping[str, int]) -> int:
    return sum(_signed(each, numbers) for each in re.findall(r"[+-]?[0-9A-Za-z]+", text.replace(" ", "")))


def worked_out(text: str, row: Any, leaves: Mapping[Name, Any], examples: int) -> dict[Name, Any]:
    """Return the value of every name that a page states.

    Raises:
        UnreadableError: a displayed line that cannot be worked out, or two that disagree.
    """
    found, numbers = statements(text, row)
    page = Page(row, dict(leaves), {**numbers, row.count: examples}, examples)
    waiting = settled([(each, at) for each in found if not each.replaces for at in each.at], page, numbers)
    steps = [(each, at) for each in found if each.replaces for at in each.at]
    letter, every = _loop(text)
    for layer, (each, at) in zip(reversed(every), steps, strict=False):
        page.numbers = {**numbers, row.count: examples, **at}
        name, page.values[name] = whole(each, page)
        here = [(one, its) for one, its in waiting if its in ({}, {letter: layer})]
        waiting = [*(one for one in waiting if one not in here), *settled(here, page, numbers)]
    left = [f"{each.left} = {each.right} at {at}" for each, at in waiting if each.is_displayed]
    if left:
        raise UnreadableError("; ".join(left))
    return page.values


def settled(waiting: list[Instance], page: Page, numbers: Mapping[str, int]) -> list[Instance]:
    """Work out what can be, in whatever order; return what cannot."""
    moved = True
    while waiting and moved:
        moved, rest = False, []
        for each, at in waiting:
            page.numbers = {**numbers, page.row.count: page.examples, **at}
            page.entries = {}
            try:
                state(each, page)
                moved = True
            except DisagreeingError:
                raise
            except (LackingError, UnreadableError, IndexError):
                rest.append((each, at))
        waiting = rest
    return waiting


class DisagreeingError(UnreadableError):
    """Two lines that state different values of one name."""


def state(statement: Statement, page: Page) -> None:
    """Work one statement out.

    Raises:
        LackingError: something in it has no value yet.
        DisagreeingError: it has another value already.
    """
    name, value = entry_by_entry(statement, page) or whole(statement, page)
    if name not in page.values:
        page.values[name] = value
        return
    known = page.values[name]
    if np.shape(known) != np.shape(value) or not np.allclose(known, value, rtol=1e-9, atol=1e-13):
        raise DisagreeingError(f"{spelled(name)} is stated twice: {statement.left} = {statement.right}")


def whole(statement: Statement, page: Page) -> tuple[Name, Any]:
    """Return the name on the left of a statement and the value on the right."""
    left = Formula(tokens_of(statement.left), page)
    name = left.name()
    if left.at < len(left.tokens):
        raise UnreadableError(f"no name: {statement.left}")
    return name, Formula(tokens_of(statement.right), page).whole()


def entry_by_entry(statement: Statement, page: Page) -> tuple[Name, Any] | None:
    """Return the name and the value of what is stated entry by entry, none where no index stands on the left."""
    left, right = tokens_of(statement.left), tokens_of(statement.right)
    letters = [each for each in dict.fromkeys(left[left.index("_") :] if "_" in left else ()) if each in page.indices]
    if page.row.form == "matrix" or not letters:
        return None
    name: Name = ()

    def value() -> Any:
        nonlocal name
        name = split(Formula(left, page).name())[1]
        return Formula(right, page).whole()

    def over(rest: list[str]) -> Any:
        return Formula([], page).along(rest[0], 1, None, lambda: over(rest[1:])) if rest else value()

    try:
        found = np.array(over(letters), float)
    except ValueError:
        raise UnreadableError(f"{statement.left}: rows of different lengths") from None
    return name, found[:, None] if len(letters) == 1 else found
