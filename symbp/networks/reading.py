"""What every reader of typed mathematics shares: bounds on the text, its numbers and brackets, and Python's ``ast``.

A user's string never reaches SymPy's own parsers, which evaluate it as Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from sympy import Rational

from symbp.errors import SpecError
from symbp.ops.functions import exact

MAX_LENGTH = 1000
MAX_BRACKETS = 40
MAX_DEPTH = 100
MAX_DIGITS = 40

NUMBER_AND_NAME = r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
"""The two kinds of words; a pattern of tokens adds its operators."""


def quote(source: str) -> str:
    """Return a piece of somebody's text as a message can repeat it."""
    return repr(source if len(source) <= 60 else source[:57] + "…")


def tokens(source: str, pattern: re.Pattern[str], what: str) -> Iterator[re.Match[str] | str]:
    """Yield the words and signs of a text, or the first character that fits no token; bound it on the way.

    Raises:
        SpecError: too long, too many brackets inside each other, a number too long or run into a name.
    """
    if len(source) > MAX_LENGTH:
        raise SpecError(f"{what} {quote(source)} has {len(source)} characters; at most {MAX_LENGTH} are read")
    position = depth = 0
    while position < len(source):
        token = pattern.match(source, position)
        if not token:
            yield source[position]
            return
        piece = token[0]
        depth += (piece == "(") - (piece == ")")
        if depth > MAX_BRACKETS:
            raise SpecError(f"{quote(source)} has more than {MAX_BRACKETS} brackets inside each other")
        if token["number"]:
            _check_number(source, piece, source[token.end() : token.end() + 1])
        yield token
        position = token.end()


def _check_number(source: str, digits: str, following: str) -> None:
    if following.isalpha() or following == "_":
        shown = digits[:MAX_DIGITS]
        raise SpecError(f"{shown}{following} in {quote(source)}: write {shown}*{following}")
    if len(digits) > MAX_DIGITS:
        raise SpecError(f"the number {digits[:20]}… in {quote(source)} has more than {MAX_DIGITS} digits")
    number(digits)


def number(digits: str) -> Rational:
    """Return a number of an expression, exactly as its digits say."""
    return exact(digits, "a number in the expression")


def tree_of(text: str, source: str, what: str) -> ast.expr:
    """Return the syntax tree of one expression, nothing evaluated.

    Raises:
        SpecError: it is not one.
    """
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SpecError(f"{quote(source)} is not {what}: look for a missing operand or bracket") from None
