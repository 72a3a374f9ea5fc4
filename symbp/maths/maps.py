"""The names of blocks: the word of the function, the letter of the map that carries an error back through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import MatAdd, MatrixExpr, MatrixSymbol

from symbp.maths.names import Names
from symbp.maths.tree import Id, Node, Num, Script, Tag
from symbp.networks.blocks import Kind
from symbp.symbols import Adjoint
from symbp.views.blocks import Call, Pull


@dataclass(frozen=True)
class Letters:
    """A word for the function that a block is, and a letter, in script, for its map of errors."""

    word: str
    letter: str


LETTERS: Mapping[Kind, Letters] = {
    Kind.ATTENTION: Letters("att", "A"),
    Kind.FEED_FORWARD: Letters("ffn", "F"),
    Kind.NORM: Letters("norm", "N"),
    Kind.TRANSFORMER: Letters("block", "B"),
}
"""The names of what may be one equation; the writer of text has the words of the letters in a table of its own."""


@dataclass(frozen=True)
class Map:
    """What the letter of a map stands for: the block, by its kind, its number and its output.

    With ``to`` it is the part of the map that ends at the error of a matrix inside.
    """

    kind: Kind
    number: int
    output: MatrixSymbol
    to: MatrixSymbol | None = None


@dataclass(frozen=True)
class Function:
    """What the word of a block stands for."""

    kind: Kind
    number: int


def name_of_call(node: Call, index: Node | None = None) -> Node:
    """Return the word of a block, with its number or an index that stands for it."""
    word = Id(LETTERS[node.kind].word, "upright")
    below = index or (Num(str(node.number)) if node.number else None)
    return Tag(word if below is None else Script(word, below), of=Function(node.kind, node.number))


def name_of_map(names: Names, node: Pull, index: Node | None = None) -> Node:
    """Return the letter of a block's map, with its number (or an index) below and indices of its repetition above."""
    letter = Id(LETTERS[node.kind].letter, "script")
    below = index or (Num(str(node.number)) if node.number else None)
    body = names.counted(letter, below, node.output)
    return Tag(body, of=Map(node.kind, node.number, node.output))


def name_of_part(names: Names, node: Pull, to: MatrixSymbol) -> Node:
    """Return the letter of the part of a map that ends inside: 𝒜 with Q below."""
    letter = Id(LETTERS[node.kind].letter, "script")
    return Tag(Script(letter, bare(names.symbol(to))), of=Map(node.kind, node.number, node.output, to))


def bare(node: Node) -> Node:
    """Return a letter as a mark that stands for nothing by itself."""
    return node.body if isinstance(node, Tag) else node


def mapped_once(expr: MatrixExpr) -> MatrixExpr | None:
    """Return the error that every term of an expression is, or is a map of; None where there is no such error."""
    terms = expr.args if isinstance(expr, MatAdd) else (expr,)
    if not any(isinstance(each, Pull) for each in terms):
        return None
    found = {_error(each) for each in terms}
    common = found.pop()
    return common if not found and isinstance(common, Adjoint) else None


def _error(term: MatrixExpr) -> MatrixExpr:
    while isinstance(term, Pull):
        term = term.error
    return term
