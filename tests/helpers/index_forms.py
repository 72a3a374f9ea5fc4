"""Reads the index forms that pages print in LaTeX and runs them on numbers: what is typed by hand is held to be true.

A line is a chain of equal sides, ``\\qquad`` between two chains. A line that begins with = goes on with the left side
of the line before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|\d+|\S")
SILENT = {"\\,", "\\;", "\\!", "\\ ", "&", "\\Bigl", "\\Bigr", "\\bigl", "\\bigr", "\\left", "\\right"}
CLOSING = {")": "(", "}": "{"}


@dataclass
class Reader:
    """``values`` are arrays and numbers by letter, ``d`` + letter the gradients; ``ranges`` the indices' values."""

    values: Mapping[str, Any]
    ranges: Mapping[str, range]
    first: int = 1
    at: dict[str, int] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def holds(self, lines: Iterable[str]) -> int:
        """Assert that all sides of every line are equal at every value of its indices; return how many."""
        compared = 0
        left = ""
        for chain in chains(lines):
            sides = ([left] if not chain[0] else []) + [side for side in chain if side]
            left = sides[0]
            free = sorted(set(re.findall(r"[a-z]", " ".join(subscripts(left)))) & set(self.ranges))
            for place in product(*(self.ranges[letter] for letter in free)):
                self.at = dict(zip(free, place, strict=True))
                found = [self.value(side) for side in sides]
                for each in found[1:]:
                    np.testing.assert_allclose(each, found[0], rtol=1e-9, atol=1e-12, err_msg=str(sides))
                    compared += 1
        return compared

    def value(self, text: str) -> Any:
        kept, self.tokens = self.tokens, [each for each in TOKEN.findall(text) if each not in SILENT]
        found = self.sum()
        assert not self.tokens, (text, self.tokens)
        self.tokens = kept
        return found

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def group(self) -> str:
        """Take what stands in braces, or one token."""
        first = self.tokens.pop(0)
        if first != "{":
            return first
        depth, found = 1, []
        while True:
            token = self.tokens.pop(0)
            depth += (token == "{") - (token == "}")
            if not depth:
                return " ".join(found)
            found.append(token)

    def sum(self) -> Any:
        total = 0.0
        sign = 1
        while True:
            while self.peek() in ("+", "-"):
                sign = -sign if self.tokens.pop(0) == "-" else sign
            total = total + sign * self.product()
            if self.peek() not in ("+", "-"):
                return total
            sign = 1

    def product(self) -> Any:
        found = 1.0
        while self.peek() and self.peek() not in ("+", "-", ")"):
            if self.peek() in ("\\sum", "\\max"):
                return found * self.over()
            found = found * self.power()
        return found

    def over(self) -> Any:
        """A sum or a maximum over indices of all that follows in the product."""
        kind = self.tokens.pop(0)
        assert self.tokens.pop(0) == "_"
        below = self.group().replace(" ", "")
        above = self.group() if self.peek() == "^" and self.tokens.pop(0) else None
        rest, kept = list(self.tokens), dict(self.at)
        found = []
        for place in self.places(below, above):
            self.tokens, self.at = list(rest), kept | place
            found.append(self.product())
        self.at = kept
        return sum(found) if kind == "\\sum" else max(found)

    def places(self, below: str, above: str | None) -> Iterable[dict[str, int]]:
        if "=" in below:
            letter, start = below.split("=")
            end = self.index((above or "").replace(" ", ""))
            return [{letter: each} for each in range(int(start), int(end) + 1)]
        if "\\neq" in below:
            letter, other = below.split("\\neq")
            return [{letter: each} for each in self.ranges[letter] if each != self.at[other]]
        letters = below.split(",")
        return [dict(zip(letters, each, strict=True)) for each in product(*(self.ranges[a] for a in letters))]

    def power(self) -> Any:
        base = self.atom()
        if self.peek() == "^":
            self.tokens.pop(0)
            base = base ** float(Fraction(self.group().replace(" ", "")))
        return base

    def atom(self) -> Any:
        token = self.tokens.pop(0)
        if token == "(":
            found = self.sum()
            assert self.tokens.pop(0) == ")"
            return found
        if token == "\\frac":
            above, below = self.group(), self.group()
            return self.slope(above, below) if "\\partial" in above else self.value(above) / self.value(below)
        if token == "\\sqrt":
            return np.sqrt(self.value(self.group()))
        if token == "\\log":
            return np.log(self.power())
        if token.isdigit():
            return float(token)
        return self.symbol(token)

    def slope(self, above: str, below: str) -> Any:
        of = above.replace("\\partial", "").strip()
        by = below.replace("\\partial", "").strip()
        if of == "\\mathcal { L }":
            return self.named("d", by)
        letters = [name(each.partition("_")[0]) for each in (of, by)]
        places = [int(self.index(each.partition("_")[2].strip(" {}"))) for each in (of, by)]
        return self.values["/".join(f"d{letter}" for letter in letters)][tuple(at - self.first for at in places)]

    def named(self, before: str, text: str) -> Any:
        letter, _, below = text.partition("_")
        return self.entry(before + name(letter), below.strip().removeprefix("{").removesuffix("}"))

    def symbol(self, token: str) -> Any:
        letter = f"{token}{{{self.group()}}}" if token in ("\\hat", "\\tilde", "\\mathrm") else token
        if self.peek() != "_":
            return self.entry(name(letter), "")
        self.tokens.pop(0)
        return self.entry(name(letter), self.group())

    def entry(self, key: str, below: str) -> Any:
        array = self.values[key] if key in self.values else self.at[key]
        if not below.strip():
            return array
        indices = [self.index(each) for each in below.replace(" ", "").replace("\\,", "").split(",")]
        places = [index - self.first for index in indices]
        inside = all(at.denominator == 1 and 0 <= at < size for at, size in zip(places, np.shape(array), strict=True))
        return array[tuple(map(int, places))] if inside else 0.0

    def index(self, text: str) -> Fraction:
        """An index such as 2p+i-1 or (u-i)/2, by the values of its letters."""
        spaced = re.sub(r"(\d)([A-Za-z(])", r"\1*\2", text.replace(" ", "").replace("\\,", ""))
        sizes = {letter: size for letter, size in self.values.items() if isinstance(size, int)}
        numbers = {letter: Fraction(size) for letter, size in (sizes | self.at).items()}
        return Fraction(eval(spaced, {"__builtins__": {}}, numbers))


def name(letter: str) -> str:
    """``\\hat{x}`` is xhat, ``\\gamma`` gamma."""
    accent = re.fullmatch(r"\\(hat|tilde)\s*\{\s*(\w)\s*\}", letter.strip())
    return f"{accent[2]}{accent[1]}" if accent else letter.strip().removeprefix("\\")


def subscripts(text: str) -> list[str]:
    return re.findall(r"_\{([^{}]*)\}|_(\w)", text) and [a or b for a, b in re.findall(r"_\{([^{}]*)\}|_(\w)", text)]


def chains(lines: Iterable[str]) -> list[list[str]]:
    """The sides of every equation; words behind an equation are left out."""
    found = []
    for line in lines:
        for part in line.split(r"\qquad"):
            sides = sides_of(re.split(r"\\(?:ast|star|text)\b", part)[0].strip().rstrip(","))
            if len(sides) > 1:
                found.append(sides)
    return found


def sides_of(text: str) -> list[str]:
    """Split at the equals signs outside braces."""
    sides, depth = [""], 0
    for char in text.replace("&", ""):
        depth += (char == "{") - (char == "}")
        if char == "=" and not depth:
            sides.append("")
        else:
            sides[-1] += char
    return [side.strip() for side in sides]
