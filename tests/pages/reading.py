"""A printed tree as a person reads it: precedence, signs, ⊤, ′, indices, ones; NumPy and arrays of two dimensions.

Nothing is known here of the equation that a tree was built from. A ``Tag`` is asked for one thing: the symbol whose
value its letters have, or the function that its word names. What could be read in two ways raises ``UnreadableError``.

From loose to tight: sums; a big sum, which takes all that follows it in its term; a slash; ⊙; products; a function
and its argument; ⊤, ′ and powers. A product goes from left to right; a power acts entry by entry; a number beside a
matrix in a sum is added to every entry; a bold 1 is a column of ones of the height that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
from corpus.forward import FUNCTIONS as PLAIN
from corpus.forward import erf
from images import Images
from spelling import (
    LackingError,
    Letters,
    UnreadableError,
    at,
    index_letters,
    is_dots,
    name_of,
    run_between,
    split,
    text,
    whole,
    without_postfixes,
    words_below,
)
from sympy import Identity, MatrixExpr, MatrixSymbol, Symbol, ZeroMatrix, lambdify

from symbp.maths.tree import (
    NEGATIVE,
    TRANSPOSE,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    walk,
)
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.scalar import PRIMITIVES
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed

STEP = 1e-30
"""The imaginary part with which a slope is measured."""

SPACES = frozenset({"quad"})

Array: TypeAlias = Any


@dataclass(frozen=True)
class Open:
    """Something repeated as often as fits: b𝟏ᵀ has any number of columns. Open sides have length 1 in ``array``."""

    array: Array
    rows: bool = False
    columns: bool = False


@dataclass(frozen=True)
class Map:
    """A linear map of errors, written like a factor: it acts on what stands right of it.

    ``shape`` is what it takes; ``known`` is where the page works it out.
    """

    apply: Callable[[Array], Array]
    shape: tuple[int, int] | None = None
    known: Array = None


@dataclass(frozen=True)
class Sized:
    """An operator with numbers below its word: ``apply`` takes them in a list, then what it acts on."""

    apply: Callable[..., Array]


@dataclass(frozen=True)
class Placed:
    """An operator whose lower indices say what it does: ``apply`` takes them as a tree, then what it acts on."""

    apply: Callable[..., Array]


@dataclass(frozen=True)
class _Ones:
    """𝟏, a column; 𝟏ᵀ, a row: as long as its neighbour needs."""

    row: bool = False


Value: TypeAlias = Any
"""A number, an array of two dimensions, ``Open``, ``Map`` or ``_Ones``."""

IDENTITY = Map(lambda array: array)


def _tanh_gelu(z: Array) -> Array:
    return z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))) / 2


WORDS: dict[str, Callable[..., Array]] = {
    **PLAIN,
    "σ": PLAIN["sigmoid"],
    "ReLU": PLAIN["relu"],
    "ELU": PLAIN["elu"],
    "SiLU": PLAIN["silu"],
    "GELU": PLAIN["gelu"],
    "GELU_{tanh}": _tanh_gelu,
    "GELU_tanh": _tanh_gelu,
    "ln": np.log,
    "id": lambda z: z,
    "LeakyReLU": lambda z: np.where(np.real(z) > 0, z, z / 100),
    "softsign": lambda z: z / (1 + z * np.sign(np.real(z))),
    "sign": lambda z: np.sign(np.real(z)) + 0 * z,
    "cosh": np.cosh,
    "erf": erf,
    "sinh": np.sinh,
}
"""The words that a reader knows, as they are printed; a page need not define them."""

for _not_a_function in (
    "layernorm",
    "rmsnorm",
    "batchnorm",
    "mse",
    "mae",
    "huber",
    "log_cosh",
    "hinge",
    "bce",
    "cross_entropy",
):
    del WORDS[_not_a_function]


@dataclass(frozen=True)
class Defined:
    """A function that a line of the page defines: what stands for its subscripts and arguments, and the right side."""

    subscripts: tuple[MatrixSymbol, ...]
    arguments: tuple[MatrixSymbol, ...]
    right: Node
    letters: Letters = field(default_factory=dict)


@dataclass(frozen=True)
class Between:
    """The map of a block as a sentence says it: it carries one error to another, lines of the page work both out."""

    above: MatrixSymbol
    below: MatrixSymbol
    letters: Letters


@dataclass(frozen=True)
class Acting:
    """The map of a block as a line says it: what it makes of any error in the place of ``error``."""

    error: MatrixSymbol
    right: Node
    letters: Letters


@dataclass(frozen=True)
class Env:
    """What a reader has at hand.

    ``values`` are arrays by the name of the symbol (``W1``, ``dZ1``); ``sizes`` numbers by how they are printed (m, T,
    n_{1}). ``functions`` are entrywise functions by word, before those that everybody knows; ``operators`` take the
    values of their subscripts, then of their arguments, by word or by what the tag says (the name of a class); a
    ``Map`` among them may stand as a factor. ``names`` says which symbol is meant by one with indices.
    """

    values: Mapping[str, Array]
    sizes: Mapping[str, float] = field(default_factory=dict)
    functions: Mapping[Any, Callable[..., Array]] = field(default_factory=dict)
    operators: Mapping[Any, Callable[..., Array] | Map] = field(default_factory=dict)
    names: Mapping[MatrixSymbol, Indexed] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    target: str = ""
    """The name of what is worked out."""
    defined: Mapping[Any, Defined] = field(default_factory=dict)
    rows: bool = False
    """Whether an example is a row."""
    broadcasts: bool = False
    """Whether a column is added to every column of a matrix, as NumPy has it."""
    blocks: Mapping[str, Between | Acting] = field(default_factory=dict)
    """The maps of blocks by their letters."""
    stated: frozenset[str] = frozenset()
    """What is given, or has a value by a line of the page; other arguments of a function stand for anything."""
    short: Mapping[str, Node] = field(default_factory=dict)
    """What letters are short for, in terms of the argument of the function that they stand in."""


def meant(symbol: MatrixSymbol, names: Mapping[MatrixSymbol, Indexed] | None = None) -> MatrixSymbol:
    """Return the symbol that one with indices spells, itself where nothing says so."""
    if isinstance(symbol, Adjoint):
        return type(symbol)(meant(symbol.of, names))
    if isinstance(symbol, Indexed) and names:
        return _spelled(names).get((symbol.of, symbol.indices), symbol)
    return symbol


def key_of(symbol: MatrixSymbol, names: Mapping[MatrixSymbol, Indexed] | None = None) -> str:
    """Return the name under which a symbol has its value; one with indices is the symbol that is spelled so."""
    return str(meant(symbol, names).name)


def argument_key(symbol: Any, names: Mapping[MatrixSymbol, Indexed]) -> str:
    """Return the name under which an argument of a function has its value: a matrix, or a letter for any number."""
    return key_of(symbol, names) if isinstance(symbol, MatrixSymbol) else f"letter {symbol.name}"


_SPELLED: dict[int, tuple[Any, dict[Any, MatrixSymbol]]] = {}


def _spelled(names: Mapping[MatrixSymbol, Indexed]) -> dict[Any, MatrixSymbol]:
    """Return what each spelling stands for, worked out once for each mapping."""
    known = _SPELLED.get(id(names))
    if known is None or known[0] is not names:
        known = names, {(spelling.of, spelling.indices): symbol for symbol, spelling in names.items()}
        _SPELLED[id(names)] = known
    return known[1]


def read(tree: Node, env: Env, letters: Letters | None = None, shape: tuple[int, int] | None = None) -> Array:
    """Return what a printed tree is worth: a number or an array.

    ``letters`` are the indices of its line, ``shape`` what stands left of the = has, for a right side that is repeated.

    Raises:
        UnreadableError: it cannot be read, or in more than one way, or shapes do not fit.
    """
    return settled(read_any(tree, env, letters), tree, shape)


def settled(value: Value, tree: Node, shape: tuple[int, int] | None = None) -> Array:
    """Return what a tree is worth as a number or an array, as large as what it defines."""
    if isinstance(value, _Ones):
        value = Open(np.ones((1, 1)), not value.row, value.row)
    if isinstance(value, Open):
        if shape is None:
            raise UnreadableError(f"repeated, and nothing says how often: {text(tree)!r}")
        return _fitted(value, shape)
    if isinstance(value, Map):
        raise UnreadableError(f"a map without what it acts on: {text(tree)!r}")
    if shape is not None and np.ndim(value) == 0 and value == 0:
        return np.zeros(shape)
    if shape is not None and np.ndim(value) == 0 and shape != (1, 1):
        raise UnreadableError(f"a number where a matrix is defined: {text(tree)!r}")
    return value


def read_any(tree: Node, env: Env, letters: Letters | None = None) -> Value:
    """Return what a printed tree is worth, a map too."""
    return _Reader(env, dict(letters or {})).value(tree)


def _fitted(value: Open, shape: tuple[int, int]) -> Array:
    sizes = value.array.shape
    if any(
        not free and own != wanted for free, own, wanted in zip((value.rows, value.columns), sizes, shape, strict=True)
    ):
        raise UnreadableError(f"{sizes} cannot be repeated to {shape}")
    return np.broadcast_to(value.array, shape).copy()


@dataclass(frozen=True)
class Blocks:
    """Blocks beside and below each other: 0 and I are as large as those around them, all alike where nothing says."""

    rows: list[list[Value]]

    def value(self) -> Value:
        """Return the matrix; where no block has a size, the map that it is, unless all are numbers."""
        if all(not isinstance(cell, Map | Open | _Ones) and np.ndim(cell) == 0 for line in self.rows for cell in line):
            return np.array(self.rows)
        sides = self.sides()
        if any(side == 0 for side in (*sides[0], *sides[1])):
            return Map(self.on)
        return self.filled(*sides)

    def sides(self) -> tuple[list[int], list[int]]:
        """Return the heights of rows and the widths of columns, 0 where nothing says."""
        heights, widths = [0] * len(self.rows), [0] * len(self.rows[0])
        for _ in range(len(self.rows) + len(widths)):
            for at_, line in enumerate(self.rows):
                for beside, cell in enumerate(line):
                    if cell is IDENTITY:
                        heights[at_] = widths[beside] = heights[at_] or widths[beside]
                    elif np.ndim(cell) == 2:
                        heights[at_], widths[beside] = np.shape(cell)
        return _alike(heights), _alike(widths)

    def on(self, array: Array) -> Array:
        """Return what the blocks make of an array: it has as many parts as they have columns, all alike."""
        width, rest = divmod(array.shape[0], len(self.rows[0]))
        if rest:
            raise UnreadableError("blocks whose sizes nothing says")
        heights, _ = self.sides()
        return self.filled([each or width for each in heights], [width] * len(self.rows[0])) @ array

    def filled(self, heights: list[int], widths: list[int]) -> Array:
        """Return the matrix with blocks of these sizes."""
        rows = [
            [self.block(cell, height, width) for cell, width in zip(line, widths, strict=True)]
            for line, height in zip(self.rows, heights, strict=True)
        ]
        try:
            return np.block(rows)
        except ValueError as error:
            raise UnreadableError(f"blocks that do not fit: {error}") from None

    @staticmethod
    def block(cell: Value, height: int, width: int) -> Array:
        """Return one block."""
        if cell is IDENTITY:
            return np.eye(height, width)
        if isinstance(cell, Map | _Ones | Open):
            raise UnreadableError("a block of no size")
        return np.zeros((height, width)) if np.ndim(cell) == 0 and cell == 0 else np.atleast_2d(cell)


def _alike(sides: list[int]) -> list[int]:
    """Return the sides with those that nothing says like the others, where these are alike."""
    known = {each for each in sides if each}
    return [each or known.copy().pop() for each in sides] if len(known) == 1 else sides


class _Reader:
    """Reads one tree; ``letters`` are the indices that have numbers where it stands."""

    def __init__(self, env: Env, letters: dict[str, int]) -> None:
        self.env, self.letters = env, letters

    def value(self, node: Node) -> Value:
        """Return what a node is worth."""
        match node:
            case Row(items):
                return self.sum(self._seen(items))
            case Tag():
                return self.tagged(node)
            case Num(digits):
                return float(Fraction(digits))
            case Id():
                return self.letter(node)
            case Frac(over, under):
                return self.fraction(node, over, under)
            case Root(body):
                return self.entrywise(np.sqrt, self.value(body))
            case Script():
                return self.scripted(node)
            case Fence(body, left, right):
                return self.fenced(body, left, right)
            case Table():
                return self.table(node)
        raise UnreadableError(f"no value: {text(node)!r} ({type(node).__name__})")

    @staticmethod
    def _seen(items: Sequence[Node]) -> list[Node]:
        return [item for item in items if not (isinstance(item, Sign) and item.kind in SPACES)]

    # Sums

    def sum(self, items: list[Node]) -> Value:
        """Return terms added up; a − at the beginning belongs to the first."""
        if not items:
            raise UnreadableError("nothing where a value should stand")
        if any(isinstance(item, Sign) and item.kind in ("rel", "comma") for item in items):
            raise UnreadableError(f"a relation or a list where a value should stand: {self._said(items)}")
        terms: list[tuple[int, list[Node]]] = []
        current: list[Node] = []
        sign = 1
        for place, item in enumerate(items):
            if not (isinstance(item, Sign) and item.sign in ("+", "−")):
                current.append(item)
                continue
            if current:
                terms.append((sign, current))
            elif place or item.sign == "+":
                raise UnreadableError(f"two signs beside each other: {self._said(items)}")
            sign, current = -1 if item.sign == "−" else 1, []
        if not current:
            raise UnreadableError(f"a sign with nothing behind it: {self._said(items)}")
        terms.append((sign, current))
        total: Value = None
        for sign, term in terms:
            value = self.term(term)
            if total is not None and self._key(term) in self.env.images.added:
                value = self.env.images.spread(value, len(total)) @ np.ones((1, np.shape(total)[1]))
            value = self.scaled(value, -1.0) if sign < 0 else value
            total = value if total is None else self.added(total, value)
        return total

    @staticmethod
    def _said(items: Sequence[Node]) -> str:
        return repr("".join(map(text, items)))

    def added(self, first: Value, second: Value) -> Value:
        """Return a sum: equal shapes, an open side beside any, a number beside a matrix, a map beside a map."""
        if isinstance(first, Map) or isinstance(second, Map):
            one, other = self.as_map(first), self.as_map(second)
            if one.shape and other.shape and one.shape != other.shape:
                raise UnreadableError("two maps of different shapes in a sum")
            known = one.known if other.known is None else other.known
            return Map(lambda array: one.apply(array) + other.apply(array), one.shape or other.shape, known)
        return self.together(np.add, first, second)

    @staticmethod
    def as_map(value: Value) -> Map:
        """Return a map; a matrix in a sum of maps multiplies from the left."""
        if isinstance(value, Map):
            return value
        if np.ndim(value) != 2 or value.shape[0] != value.shape[1]:
            raise UnreadableError("a map and something that is no map in one sum")
        return Map(lambda array: value @ array)

    def together(self, act: Callable[[Array, Array], Array], first: Value, second: Value) -> Value:
        """Return two values combined entry by entry."""
        if isinstance(first, Map | _Ones) or isinstance(second, Map | _Ones):
            if isinstance(first, _Ones) or isinstance(second, _Ones):
                first, second = (
                    Open(np.ones((1, 1)), not each.row, each.row) if isinstance(each, _Ones) else each
                    for each in (first, second)
                )
                return self.together(act, first, second)
            raise UnreadableError("a map combined entry by entry")
        if np.ndim(getattr(first, "array", first)) == 0 or np.ndim(getattr(second, "array", second)) == 0:
            opened = next((each for each in (first, second) if isinstance(each, Open)), None)
            if opened is not None:
                one, other = (getattr(each, "array", each) for each in (first, second))
                return replace(opened, array=act(one, other))
            return act(first, second)
        one, other = (each if isinstance(each, Open) else Open(each) for each in (first, second))
        for free_one, free_other, left, right in (
            (one.rows, other.rows, one.array.shape[0], other.array.shape[0]),
            (one.columns, other.columns, one.array.shape[1], other.array.shape[1]),
        ):
            if left != right and not (free_one or free_other or (self.env.broadcasts and 1 in (left, right))):
                raise UnreadableError(f"shapes {one.array.shape} and {other.array.shape} do not fit")
        array = act(one.array, other.array)
        rows, columns = one.rows and other.rows, one.columns and other.columns
        return Open(array, rows, columns) if rows or columns else array

    # Terms

    def term(self, items: list[Node]) -> Value:
        """Return one term: a big sum or product takes everything that follows it."""
        for place, item in enumerate(items):
            big = self.big(item)
            if big is None:
                continue
            before, after = items[:place], items[place + 1 :]
            if after and isinstance(after[0], Sign) and after[0].kind == "times":
                after = after[1:]
            value = self.repeated(item, big, after)
            if not before:
                return value
            last = before[-1]
            if isinstance(last, Sign) and last.sign == "⊙":
                return self.together(np.multiply, self.slashed(before[:-1]), value)
            if isinstance(last, Sign) and last.kind == "times":
                return self.product([*self.factors(before[:-1]), value])
            raise UnreadableError(f"no sign before a big sum: {self._said(items)}")
        return self.slashed(items)

    @staticmethod
    def big(item: Node) -> str | None:
        """Return ∑ or ∏ where a node is one, with or without its ends."""
        base = item.base if isinstance(item, Script) else item
        return base.sign if isinstance(base, Sign) and base.kind == "big" else None

    def repeated(self, head: Node, sign: str, body: list[Node]) -> Value:
        """Return a big sum or product: over the values below it, entries by their indices, or all entries."""
        if not body:
            raise UnreadableError(f"nothing behind {sign}")
        sub, sup = (head.sub, head.sup) if isinstance(head, Script) else (None, None)
        if sub is None:
            value = self.term(body)
            if sign != "∑" or np.ndim(value) != 2:
                raise UnreadableError(f"{sign} of something that has no entries: {self._said(body)}")
            return np.sum(value, keepdims=True)
        total: Value = None
        for values in self.ends(sub, sup, body):
            value = _Reader(self.env, {**self.letters, **values}).term(body)
            if total is None:
                total = value
            elif sign == "∑":
                total = self.added(total, value)
            else:
                total = self.product([total, value])
        if total is None and sign == "∏":
            return 1.0
        if total is None:
            raise UnreadableError(f"an empty {sign}: {text(head)!r}")
        return total

    def ends(self, sub: Node, sup: Node | None, body: list[Node]) -> list[dict[str, int]]:
        """Return the values that the letters below a big sign take."""
        numbers = {**self.letters, **{name: int(size) for name, size in self.env.sizes.items() if size == int(size)}}
        items = sub.items if isinstance(sub, Row) else (sub,)
        words = words_below(items, self.env.sizes) if sup is None else []
        if words:
            return words
        place = next((i for i, item in enumerate(items) if isinstance(item, Sign) and item.kind == "rel"), None)
        if place is not None:
            first = whole(items[place + 1 :], numbers)
            last = whole(sup.items if isinstance(sup, Row) else (sup,), numbers) if sup is not None else None
            if place != 1 or not isinstance(items[0], Id) or items[place].sign != "=":  # type: ignore[attr-defined]
                raise UnreadableError(f"ends that cannot be read: {text(sub)!r}")
            if first is None or last is None:
                raise UnreadableError(f"no numbers at the ends of {text(sub)!r} to {text(sup)!r}")
            return [{items[0].name: value} for value in range(first, last + 1)]
        letters = [item.name for piece in split(sub, ",") for item in piece if isinstance(item, Id)]
        if not letters or sup is not None:
            raise UnreadableError(f"ends that cannot be read: {text(sub)!r}")
        found: list[dict[str, int]] = [{}]
        for letter in letters:
            length = self.length(letter, Row(tuple(body)), dict.fromkeys(letters, 1))
            found = [{**each, letter: value} for each in found for value in range(1, length + 1)]
        return found

    def length(self, letter: str, node: Node, beside: Letters) -> int:
        """Return how many values an index of entries has: the side of the matrix where it stands."""
        if isinstance(node, Script) and isinstance(node.base, Tag) and isinstance(node.base.of, MatrixSymbol):
            for side, piece in enumerate(self.entry(node) or ()):
                if len(piece) == 1 and isinstance(piece[0], Id) and piece[0].name == letter:
                    return int(np.shape(self.symbol(node.base))[side])
        if isinstance(node, Tag) and isinstance(node.of, MatrixSymbol):
            places = entries_of(node, {**self.letters, **beside})
            if letter in places:
                whole_symbol = self.whole_symbol(node)
                return int(np.shape(whole_symbol)[places.index(letter)])
            raise UnreadableError(f"nothing has an index {letter}")
        for part in _parts(node):
            try:
                return self.length(letter, part, beside)
            except LackingError:
                raise
            except UnreadableError:
                continue
        raise UnreadableError(f"nothing has an index {letter}")

    @staticmethod
    def entry(node: Script) -> list[list[Node]] | None:
        """Return row and column of an entry such as a_{ij} or a_{i,j}; None where the lower index is none."""
        if node.sub is None:
            return None
        pieces = split(node.sub, ",")
        if len(pieces) == 1 and len(pieces[0]) == 2:
            pieces = [[each] for each in pieces[0]]
        return pieces if len(pieces) == 2 else [*pieces, [Num("1")]] if len(pieces) == 1 else None

    def slashed(self, items: list[Node]) -> Value:
        """Return a / b: what stands left, as far as it goes, divided by one thing."""
        places = [place for place, item in enumerate(items) if isinstance(item, Sign) and item.kind == "slash"]
        if not places:
            return self.hadamard(items)
        if len(places) > 1:
            raise UnreadableError(f"two slashes: {self._said(items)}")
        over, under = items[: places[0]], items[places[0] + 1 :]
        if len(under) != 1:
            raise UnreadableError(f"how far the slash goes is not said: {self._said(items)}")
        return self.divided(self.hadamard(over), self.value(under[0]), items)

    def divided(self, over: Value, under: Value, items: Sequence[Node]) -> Value:
        """Return a quotient: by a number, of numbers by a matrix, or of equal shapes entry by entry."""
        if isinstance(under, Map | _Ones | Open):
            raise UnreadableError(f"divided by what is no number: {self._said(items)}")
        if np.ndim(under) == 2 and np.size(under) == 1:
            under = float(under[0, 0]) if not np.iscomplexobj(under) else complex(under[0, 0])
        if np.ndim(under) == 0:
            return self.scaled(over, 1 / under)
        return self.together(np.divide, over, under)

    def hadamard(self, items: list[Node]) -> Value:
        """Return products entry by entry."""
        total: Value = None
        for piece in self._between(items, lambda sign: sign.sign == "⊙"):
            value = self.slid(piece)
            total = value if total is None else self.together(np.multiply, total, value)
        return total

    def slid(self, items: list[Node]) -> Value:
        """Return a product, or two things with the sign of an operation between them, such as K ⋆ x."""
        signs = [place for place, item in enumerate(items) if self.is_sliding(item)]
        if not signs:
            return self.product(self.factors(items))
        if len(signs) > 1:
            raise UnreadableError(f"two signs that slide: {self._said(items)}")
        (at_,) = signs
        sign, sides = items[at_], (items[:at_], items[at_ + 1 :])
        left, right = (self.product(self.factors(side)) for side in sides)
        name, below = sign.sign, text(sign.below)  # type: ignore[attr-defined]
        try:
            if name in self.env.operators:
                return self.env.operators[name](left, right)  # type: ignore[operator]
            keys = [self._key(side) for side in sides]
            if self.env.rows:
                return self.env.images.slid(name, left.T, right.T, keys, below, self.env.target).T
            return self.env.images.slid(name, left, right, keys, below, self.env.target)
        except (ValueError, IndexError) as error:
            raise UnreadableError(f"sides that do not fit: {self._said(items)}: {error}") from None

    def is_sliding(self, item: Node) -> bool:
        """Tell whether a sign is that of an operation between two things."""
        return isinstance(item, Sign) and item.kind == "bin" and item.sign in {*self.env.operators, "⋆", "∗"}

    def _key(self, items: list[Node]) -> str:
        """Return the name of a symbol that stands alone, else nothing."""
        alone = items[0] if len(items) == 1 else None
        while isinstance(alone, Tag) and alone.of is None:  # Words under a factor.
            alone = alone.body
        is_symbol = isinstance(alone, Tag) and isinstance(alone.of, MatrixSymbol)
        return key_of(at(alone.of, self.letters), self.env.names) if is_symbol else ""  # type: ignore[union-attr]

    def _between(self, items: Sequence[Node], is_cut: Callable[[Sign], bool]) -> list[list[Node]]:
        found: list[list[Node]] = [[]]
        for item in items:
            if isinstance(item, Sign) and is_cut(item):
                found.append([])
            else:
                found[-1].append(item)
        if any(not piece for piece in found):
            raise UnreadableError(f"a sign with nothing beside it: {self._said(items)}")
        return found

    # Products

    def factors(self, items: list[Node]) -> list[Value]:
        """Return the factors of a product: what stands between the unseen signs, functions with their arguments."""
        pieces = self._between(items, lambda sign: sign.kind == "times")
        dots = next((place for place, piece in enumerate(pieces) if is_dots(piece)), None)
        if dots is not None:
            return self.dotted(pieces, dots)
        found = []
        for place, piece in enumerate(pieces):
            value, is_open = self.applied(piece)
            if is_open and place + 1 < len(pieces):
                raise UnreadableError(f"how far the argument goes is not said: {self._said(items)}")
            found.append(value)
        return found

    def dotted(self, pieces: list[list[Node]], dots: int) -> list[Value]:
        """Return the factors of a product with dots: J_{t+1} ⋯ J_T has none where t is T."""
        ends = [pieces[place] for place in (dots - 1, dots + 1) if 0 <= place < len(pieces)]
        run = run_between(ends[0][0], ends[1][0], self.letters) if [len(end) for end in ends] == [1, 1] else None
        if run is None:
            shown = self._said([node for piece in pieces for node in piece])
            raise UnreadableError(f"dots that do not say what is left out: {shown}")
        inside = [_Reader(self.env, {**self.letters, **values}).value(ends[0][0]) for values in run]
        around = (pieces[: dots - 1], pieces[dots + 2 :])
        before, behind = ([value for piece in side for value in [self.applied(piece)[0]]] for side in around)
        return [*before, *inside, *behind]

    def applied(self, items: list[Node]) -> tuple[Value, bool]:
        """Return one factor, and whether it ends in an argument without brackets."""
        if len(items) == 1:
            return self.value(items[0]), False
        if _partial(items[0]):
            items = [Row(tuple(items[:2])), *items[2:]]
        if len(items) < 3 or not (isinstance(items[1], Sign) and items[1].kind == "apply"):
            raise UnreadableError(f"no sign between two things: {self._said(items)}")
        head, arguments = items[0], items[2:]
        if len(arguments) > 1:
            inner, _ = self.applied(arguments)
            return self.call(head, [inner]), True
        (argument,) = arguments
        if isinstance(argument, Fence) and argument.open == "[" and isinstance(head, Id) and head.name == "1":
            return 1.0 * self.condition(argument.body), False
        if isinstance(argument, Fence) and argument.open == "(":
            values = [self.sum(self._seen(piece)) for piece in split(argument.body, ",")]
            return self.call(head, values), False
        return self.call(head, [self.value(argument)]), True

    def product(self, factors: list[Value]) -> Value:
        """Return a product from left to right; maps act on what stands right of them."""
        if not factors:
            return IDENTITY
        if any(isinstance(factor, Map) for factor in factors):
            return self.mapped(factors)
        factors = self.spread(factors)
        total = factors[0]
        for factor in factors[1:]:
            total = self.times(total, factor)
        return total

    def spread(self, factors: list[Value]) -> list[Value]:
        """Return the factors with ones of the length that their neighbours need, open where there is none."""
        matrices = [place for place, factor in enumerate(factors) if not self.is_number(factor)]
        found = list(factors)
        for position, place in enumerate(matrices):
            ones = factors[place]
            if not isinstance(ones, _Ones):
                continue
            near = position + (1 if ones.row else -1)
            other = factors[matrices[near]] if 0 <= near < len(matrices) else None
            if isinstance(other, _Ones):
                raise UnreadableError("ones times ones: how many is not said")
            if other is None:
                length, free = 1, True
            else:
                array, length_side = getattr(other, "array", other), 0 if ones.row else 1
                free = isinstance(other, Open) and (other.rows if ones.row else other.columns)
                if free:
                    raise UnreadableError("ones beside something repeated: how many is not said")
                length = array.shape[length_side]
            array = np.ones((1, length) if ones.row else (length, 1))
            found[place] = Open(array, not ones.row, ones.row) if free else array
        return found

    @staticmethod
    def is_number(value: Value) -> bool:
        """Tell whether a factor only scales: a number or a 1×1."""
        return not isinstance(value, Map | _Ones | Open) and np.size(value) == 1

    def times(self, first: Value, second: Value) -> Value:
        """Return a product of two factors."""
        if self.is_number(first) and self.is_number(second):
            return first * second
        if self.is_number(first):
            return self.scaled(second, np.ravel(first)[0])
        if self.is_number(second):
            return self.scaled(first, np.ravel(second)[0])
        one, other = (each if isinstance(each, Open) else Open(each) for each in (first, second))
        if one.columns != other.rows or one.array.shape[1] != other.array.shape[0]:
            raise UnreadableError(f"a product of {one.array.shape} and {other.array.shape}")
        if one.columns and other.rows:
            raise UnreadableError("a sum over a side whose length is not said")
        array = one.array @ other.array
        return Open(array, one.rows, other.columns) if one.rows or other.columns else array

    @staticmethod
    def scaled(value: Value, number: float) -> Value:
        """Return a value times a number."""
        if isinstance(value, Open):
            return replace(value, array=value.array * number)
        if isinstance(value, Map):
            return Map(lambda array: number * value.apply(array), value.shape, value.known)
        if isinstance(value, _Ones):
            return Open(np.full((1, 1), number), not value.row, value.row)
        return value * number

    def mapped(self, factors: list[Value]) -> Value:
        """Return a product with maps in it: each acts on the product to its right as far as its shape is."""
        last = max(place for place, factor in enumerate(factors) if isinstance(factor, Map))
        before, act, behind = factors[:last], factors[last], factors[last + 1 :]
        if not behind:
            if all(isinstance(factor, Map) or self.is_number(factor) or np.ndim(factor) == 2 for factor in before):
                return self._composed([*before, act])
            raise UnreadableError("a map with nothing to act on")
        fits: list[int] = []
        for end in range(1, len(behind) + 1):
            try:
                value = self.product(behind[:end])
            except UnreadableError:
                continue
            if np.ndim(value) == 2 and act.shape in (None, np.shape(value)):
                fits.append(end)
        wanted = [len(behind)] if act.shape is None and len(behind) in fits else fits
        if len(wanted) > 1 and act.known is not None:
            wanted = [end for end in wanted if np.allclose(self.product(behind[:end]), act.known, rtol=1e-9, atol=0)]
        if len(wanted) != 1:
            raise UnreadableError(f"a map of {act.shape} fits {len(wanted)} pieces of what stands right of it")
        value = act.apply(self.product(behind[: wanted[0]]))
        return self.product([*before, value, *behind[wanted[0] :]])

    def _composed(self, factors: list[Value]) -> Map:
        def apply(array: Array) -> Array:
            for factor in reversed(factors):
                array = factor.apply(array) if isinstance(factor, Map) else self.times(factor, array)
            return array

        last = factors[-1] if isinstance(factors[-1], Map) else IDENTITY
        return Map(apply, last.shape, last.known)

    # Functions

    def call(self, head: Node, arguments: list[Value]) -> Value:
        """Return a function or an operator at its arguments."""
        word = replace(head_of(head), name=text(head, self.letters))
        if word.powers:
            value = self.called(word, arguments)
            for power in word.powers:
                value = self.power(value, power)
            return value
        return self.called(word, arguments)

    def called(self, word: Word, arguments: list[Value]) -> Value:
        if word.of is None and word.text == "diag" and len(arguments) == 1:
            (column,) = arguments
            if np.ndim(column) != 2 or column.shape[1] != 1:
                raise UnreadableError("diag of what is no column")
            return np.diagflat(column)
        if word.text == "exp" and word.of is None and not word.slope:
            return self.entrywise(np.exp, *arguments)
        for key in (word.name, word.of, word.text):
            found = self.env.defined.get((key, word.slope)) if key is not None else None
            if found is None:
                continue
            if word.text not in WORDS:
                return self.by_definition(found, word, arguments)
            with suppress(UnreadableError):  # What a page says of a word that everybody knows may be no formula.
                return self.by_definition(found, word, arguments)
        operator = next((self.env.operators[key] for key in (word.of, word.text) if key in self.env.operators), None)
        if operator is not None and not word.slope:
            return self.whole_arrays(lambda *arrays: self.operated(operator, word, arrays), arguments, word)
        function = self.function(word)
        if word.text == "softmax" or word.text in ("sum", "mean", "vstack"):
            return self.whole_arrays(function, arguments, word)
        return self.entrywise(self.slope(function, word), *arguments)

    def operated(self, operator: Any, word: Word, arrays: Sequence[Array]) -> Array:
        """Return what an operator makes of arrays: with the values below its word, or with the text below it."""
        if isinstance(operator, Map):
            return operator.apply(*arrays)
        if isinstance(operator, Sized):
            below = word.below[0] if word.below else None
            pieces = [each for piece in split(below, ",") for each in split(Row(tuple(piece)), ":")]
            sizes = [whole(piece, {**self.env.sizes, **self.letters}) for piece in pieces if piece]  # type: ignore[arg-type]
            return operator.apply([size for size in sizes if size is not None], *arrays)
        if isinstance(operator, Placed):
            return operator.apply(Row(tuple(word.below)) if len(word.below) > 1 else word.below[0], *arrays)
        subscripts = [self.subscript(piece) for each in word.subscripts for piece in split(each, ",")]
        return operator(*subscripts, *arrays)

    def subscript(self, piece: list[Node]) -> Any:
        number = whole(piece, self.letters)
        if number is None and len(piece) == 1 and isinstance(piece[0], Id) and piece[0].style == "upright":
            return piece[0].name
        return self.sum(piece) if number is None else number

    def whole_arrays(self, function: Callable[..., Array], arguments: list[Value], word: Word) -> Array:
        """Return what acts on whole matrices: nothing may be open."""
        if word.slope:
            raise UnreadableError(f"{word.text}′ is no number for every entry")
        if any(isinstance(argument, Open | Map | _Ones) for argument in arguments):
            raise UnreadableError(f"{word.text} of something whose size is not said")
        arrays = (np.atleast_2d(argument) if np.ndim(argument) == 0 else argument for argument in arguments)
        try:
            return function(*arrays)
        except (ValueError, IndexError, TypeError) as error:
            raise UnreadableError(f"{word.text} does not take what it is given: {error}") from None

    def function(self, word: Word) -> Callable[..., Array]:
        """Return an entrywise function by what is printed, and where nobody knows the word, by what it names."""
        for key in (word.text, word.of, getattr(word.of, "name", None)):
            if key is not None and key in self.env.functions:
                return self.env.functions[key]
        if word.text in WORDS and not getattr(word.of, "parameters", ()):
            return WORDS[word.text]
        if isinstance(word.of, ScalarFunction) and len(word.of.args) > 2:
            return by_formula(word.of)
        raise LackingError(f"no function {word.text!r}")

    @staticmethod
    def slope(function: Callable[..., Array], word: Word) -> Callable[..., Array]:
        """Return a function or its slope, in the variable that is said, else in the only one or the first."""
        if not word.slope:
            return function

        def measured(*arrays: Array) -> Array:
            if word.slope > len(arrays):
                raise UnreadableError(f"{word.text} has no variable {word.slope}")
            turned = [array + (1j * STEP if number == word.slope else 0j) for number, array in enumerate(arrays, 1)]
            return np.imag(function(*turned)) / STEP

        return measured

    def entrywise(self, function: Callable[..., Array], *arguments: Value) -> Value:
        """Return a function of numbers at every entry."""
        if any(isinstance(argument, Map) for argument in arguments):
            raise UnreadableError("a function of a map")
        if any(isinstance(argument, _Ones) for argument in arguments):
            raise UnreadableError("a function of ones")
        if len(arguments) == 1:
            (only,) = arguments
            return replace(only, array=function(only.array)) if isinstance(only, Open) else function(only)
        if len(arguments) > 2:
            return function(*arguments)
        first, second = arguments
        return self.together(function, first, second)

    def by_definition(self, found: Defined, word: Word, arguments: list[Value]) -> Value:
        """Return what a line of the page says a function is, its letters standing for what it is given."""
        if len(arguments) != len(found.arguments) or len(word.subscripts) != len(found.subscripts):
            raise UnreadableError(f"{word.text} is defined for {len(found.arguments)} and called with {len(arguments)}")
        if all(isinstance(each, Symbol) for each in found.arguments) and any(np.ndim(each) == 2 for each in arguments):
            return self.by_entry(found, word, arguments)
        values = dict(self.env.values)
        for symbol, value in zip(found.arguments, arguments, strict=True):
            key = argument_key(symbol if isinstance(symbol, Symbol) else at(symbol, found.letters), self.env.names)
            if key in self.env.stated:
                self.is_at(self.env.values, key, value, word.text)
            values[key] = value
        for symbol, node in zip(found.subscripts, word.subscripts, strict=True):
            values[argument_key(symbol, self.env.names)] = self.value(node)
        return _Reader(replace(self.env, values=values), {**self.letters, **found.letters}).value(found.right)

    @staticmethod
    def is_at(values: Mapping[str, Array], key: str, value: Array, name: str) -> None:
        """Refuse a function of a block where the page does not work it out: away from the matrix that it reads."""
        if key not in values:
            raise LackingError(f"{name} is worked out at {key}, which has no value")
        known = values[key]
        near = 1e-9 * max(float(np.max(np.abs(known))), 1e-300)
        if np.shape(known) != np.shape(value) or not np.max(np.abs(known - value)) <= near:
            raise UnreadableError(f"{name} is worked out at {key}, and acts on something else")

    def block(self, name: str) -> Map | None:
        """Return the map of a block by its letter; it acts on errors of one shape."""
        found = self.env.blocks.get(name)
        if found is None:
            return None
        above = found.error if isinstance(found, Acting) else found.above
        start = key_of(at(above, found.letters), self.env.names)
        if start not in self.env.values:
            raise LackingError(f"{name} begins with {start}, which has no value")

        def apply(error: Array) -> Array:
            values = {**self.env.values, start: error}
            if isinstance(found, Between):
                self.is_at(self.env.values, start, error, name)
                below = key_of(at(found.below, found.letters), self.env.names)
                if below not in values:
                    raise LackingError(f"{name} leads to {below}, which has no value")
                return values[below]
            if not any(isinstance(each, Tag) and each.of == found.error for each in walk(found.right)):
                self.is_at(self.env.values, start, error, name)
            return _Reader(replace(self.env, values=values), dict(found.letters)).value(found.right)

        return Map(apply, np.shape(self.env.values[start]), self.env.values[start])

    def by_entry(self, found: Defined, word: Word, arguments: list[Value]) -> Array:
        """Return a function of numbers at every entry of arrays of one shape."""
        if any(np.ndim(each) != 2 or np.shape(each) != np.shape(arguments[0]) for each in arguments):
            raise UnreadableError(f"{word.text} of arrays of several shapes")
        entries = zip(*(np.ravel(each) for each in arguments), strict=True)
        values = [self.by_definition(found, word, list(each)) for each in entries]
        return np.array(values).reshape(np.shape(arguments[0]))

    # Atoms

    def tagged(self, tag: Tag) -> Value:
        """Return the value of a symbol whose letters stand here, with ⊤ where it is printed."""
        if isinstance(tag.of, MatrixSymbol):
            node, postfixes = without_postfixes(tag.body)
            del node
            value = self.symbol(tag)
            for postfix in postfixes:
                value = self.postfixed(value, postfix)
            return value
        if isinstance(tag.of, Symbol):
            bound = argument_key(tag.of, {})
            if bound in self.env.values:
                return self.env.values[bound]
            printed = text(tag)
            return self.letter_named(printed if printed in self.env.sizes else tag.of.name, tag)
        if isinstance(tag.of, MatrixExpr) or (
            isinstance(tag.of, type(None)) and name_of(tag, self.letters) in self.env.values
        ):
            name, (_, postfixes) = name_of(tag, self.letters), without_postfixes(tag.body)
            if name not in self.env.values:
                raise LackingError(f"{name} has no value")
            value = self.env.values[name]
            for postfix in postfixes:
                value = self.postfixed(value, postfix)
            return value
        if tag.of is None:
            return self.value(tag.body)
        block = self.block(text(tag.body, self.letters))
        if block is not None:
            return block
        operator = next(
            (self.env.operators[key] for key in (tag.of, text(tag.body)) if key in self.env.operators), None
        )
        if isinstance(operator, Map):
            return operator
        if operator is not None:
            word = head_of(tag)
            return Map(lambda array: self.operated(operator, word, [array]))
        raise LackingError(f"a function without an argument: {text(tag)!r}")

    def symbol(self, tag: Tag) -> Array:
        """Return the value of the symbol that a tag spells, or its entry where indices of one are printed behind."""
        array = self.whole_symbol(tag)
        if tag.role == "example":
            place = self.letters[example_letter(tag)] - 1
            return array[[place], :] if self.env.rows else array[:, [place]]
        places = [self.letters[name] - 1 for name in entries_of(tag, self.letters)]
        if not places:
            return array
        row, column = (0, *places) if len(places) == 1 and array.shape[0] == 1 else (*places, 0)[:2]
        if not (0 <= row < array.shape[0] and 0 <= column < array.shape[1]):
            raise UnreadableError(f"no such entry of {array.shape}: {text(tag)!r}")
        return array[row : row + 1, column : column + 1]

    def whole_symbol(self, tag: Tag) -> Array:
        """Return the value of the symbol that a tag spells."""
        symbol = at(tag.of, self.letters)  # type: ignore[arg-type]
        if index_letters(symbol):
            raise UnreadableError(f"an index without a number: {name_of(tag, self.letters)!r}")
        key = key_of(symbol, self.env.names)
        if key not in self.env.values:
            raise LackingError(f"{name_of(tag, self.letters)} has no value: {key}")
        return self.env.values[key]

    def letter(self, node: Id) -> Value:
        """Return a letter that is no matrix: a size, an index, 𝟏, I, π."""
        if node.style == "bold" and node.name == "1":
            return _Ones()
        return self.letter_named(node.name, node)

    def letter_named(self, name: str, node: Node) -> Value:
        if name in self.letters:
            return float(self.letters[name])
        if name in self.env.sizes:
            return float(self.env.sizes[name])
        if name in self.env.short:
            return self.value(self.env.short[name])
        if name == "π":
            return float(np.pi)
        if name == "I":
            return IDENTITY
        raise UnreadableError(f"a letter that stands for nothing: {text(node)!r}")

    def fraction(self, node: Node, over: Node, under: Node) -> Value:
        """Return a fraction; ∂ℒ/∂x is one symbol."""
        named = gradient_of(node)
        if named is not None:
            key = f"d{key_of(at(named, self.letters), self.env.names)}"
            if key not in self.env.values:
                raise LackingError(f"{text(node)} has no value: {key}")
            return self.env.values[key]
        return self.divided(self.value(over), self.value(under), [node])

    def fenced(self, body: Node, left: str, right: str) -> Value:
        if (left, right) in (("(", ")"), ("[", "]"), ("{", "}"), ("", "")):
            return self.value(body)
        value = self.value(body)
        if isinstance(value, Map | _Ones | Open):
            raise UnreadableError(f"{left}…{right} of something whose size is not said")
        if (left, right) == ("|", "|"):
            return self.entrywise(lambda array: array * np.sign(np.real(array)), value)
        if (left, right) == ("‖", "‖"):
            return np.sqrt(np.sum(np.square(value), keepdims=np.ndim(value) == 2))
        raise UnreadableError(f"brackets that cannot be read: {left}…{right}")

    def scripted(self, node: Script) -> Value:
        """Return an entry, a transpose, a power, or a size with an index."""
        if self.big(node) is not None:
            raise UnreadableError(f"a sum of nothing: {text(node)!r}")
        base = node.base
        bare, postfixes = without_postfixes(node)
        letter = f"letter {text(bare, self.letters)}"
        if letter in self.env.values and isinstance(bare, Script):
            value = self.env.values[letter]
            for postfix in postfixes:
                value = self.postfixed(value, postfix)
            return value
        whole_name = text(node, self.letters)
        if whole_name in self.env.short:
            return self.value(self.env.short[whole_name])
        if not _tagged(base) and whole_name in self.env.sizes:
            return float(self.env.sizes[whole_name])
        if isinstance(base, Script) and base.sup is not None and node.sup is not None:
            raise UnreadableError(f"an upper index on an upper index: {text(node)!r}")
        if isinstance(base, Tag) and node.sup is not None and _has_upper(base.body):
            raise UnreadableError(f"an upper index on an upper index: {text(node)!r}")
        if (
            isinstance(base, Id)
            and base.name == "e"
            and node.sub is None
            and node.sup is not None
            and "e" not in self.env.sizes
        ):
            return self.entrywise(np.exp, self.value(node.sup))
        value = self.at_entry(node) if node.sub is not None else self.value(base)
        items = node.sup.items if isinstance(node.sup, Row) else () if node.sup is None else (node.sup,)
        if items and all(isinstance(item, Sign) and item.kind == "postfix" for item in items):
            for item in items:
                value = self.postfixed(value, item.sign)  # type: ignore[attr-defined]
            return value
        if len(items) == 2 and items[0] == NEGATIVE and items[1] == TRANSPOSE:
            return np.linalg.inv(value).T
        if isinstance(node.sup, Row) and any(isinstance(item, Sign) and item.kind == "postfix" for item in items):
            raise UnreadableError(f"an upper index that is part power, part sign: {text(node)!r}")
        return value if node.sup is None else self.power(value, node.sup)

    def at_entry(self, node: Script) -> Value:
        """Return a_{ij}, one entry of a symbol; I_{ij} is 1 where i is j."""
        if node.base == Id("I"):
            one, other = (whole(piece, self.letters) for piece in self.entry(node) or ())
            return float(one == other)
        if not (isinstance(node.base, Tag) and isinstance(node.base.of, MatrixSymbol)):
            raise UnreadableError(f"a lower index of something that is no symbol: {text(node)!r}")
        places = [whole(piece, self.letters) for piece in self.entry(node) or ()]
        if len(places) != 2 or None in places:
            raise UnreadableError(f"an entry that cannot be read: {text(node)!r}")
        array = self.tagged(node.base)
        row, column = (int(place) - 1 for place in places)  # type: ignore[arg-type]
        if not (0 <= row < array.shape[0] and 0 <= column < array.shape[1]):
            raise UnreadableError(f"no entry {places} of {array.shape}: {text(node)!r}")
        return array[row : row + 1, column : column + 1]

    def postfixed(self, value: Value, sign: str) -> Value:
        if sign != "⊤":
            raise UnreadableError(f"{sign} behind something that is no function")
        if isinstance(value, _Ones):
            return _Ones(not value.row)
        if value is IDENTITY:
            return value
        if isinstance(value, Open):
            return Open(value.array.T, value.columns, value.rows)
        if isinstance(value, Map) or np.ndim(value) != 2:
            raise UnreadableError("⊤ of what is no matrix")
        return value.T

    def power(self, value: Value, exponent: Node) -> Value:
        """Return a power entry by entry; a negative one of a matrix would be an inverse."""
        number = self.value(exponent)
        if np.ndim(number) == 2 and np.shape(number) == np.shape(value):
            return value**number
        if isinstance(number, Map | Open | _Ones) or np.ndim(number):
            raise UnreadableError(f"an exponent that is no number: {text(exponent)!r}")
        if isinstance(value, Map | _Ones):
            raise UnreadableError("a power of what has no entries")
        array = getattr(value, "array", value)
        if number == -1 and np.ndim(array) == 2 and array.shape[0] == array.shape[1]:
            return np.linalg.inv(array)  # That of every entry is a fraction.
        if number < 0 and np.ndim(array) == 2 and min(array.shape) > 1:
            raise UnreadableError("a negative power of a matrix: its inverse, or that of every entry?")
        return replace(value, array=array**number) if isinstance(value, Open) else value**number

    def table(self, node: Table) -> Value:
        """Return blocks side by side and above each other, or the value of the first case that holds."""
        if node.open != "{":
            return Blocks([[self.plain(cell) for cell in line] for line in node.rows]).value()
        values, conditions = [], []
        for line in node.rows:
            if len(line) != 2:
                raise UnreadableError("a case is a value and a condition")
            values.append(self.value(line[0]))
            conditions.append(self.condition(line[1]))
        return np.select(conditions, values, default=np.nan)

    def plain(self, cell: Node) -> Value:
        """Return a block of a matrix as it is printed, 0 and I without a size."""
        is_filled = isinstance(cell, Tag) and isinstance(cell.of, ZeroMatrix | Identity)
        return self.value(cell.body if is_filled else cell)  # type: ignore[attr-defined]

    def condition(self, node: Node) -> Any:
        """Return where a condition holds; words such as ``else`` hold everywhere."""
        items = [item for item in (node.items if isinstance(node, Row) else (node,)) if not isinstance(item, Words)]
        if not items:
            return np.True_
        places = [place for place, item in enumerate(items) if isinstance(item, Sign) and item.kind == "rel"]
        if len(places) != 1:
            raise UnreadableError(f"a condition that cannot be read: {text(node)!r}")
        left, right = self.sum(items[: places[0]]), self.sum(items[places[0] + 1 :])
        compare = {"<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal}
        compare |= {"=": np.equal, "≠": np.not_equal}
        return compare[items[places[0]].sign](np.real(left), np.real(right))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Word:
    """The head of a call: the word that is printed, what it names, which slope, its lower indices, its powers."""

    text: str
    of: Any = None
    slope: int = 0
    subscripts: tuple[Node, ...] = ()
    powers: tuple[Node, ...] = ()
    below: tuple[Node, ...] = ()
    name: str = ""
    """All that is printed, with the numbers of its indices: norm_{2}."""


def head_of(node: Node) -> Word:
    """Read the head of a call: a word with ′, ∂₁ before it, lower indices with symbols in them, a power."""
    if isinstance(node, Row):
        items = [
            item for item in node.items if not (isinstance(item, Sign) and item.kind in ("apply", "times", "quad"))
        ]
        if len(items) == 2 and (slope := _partial(items[0])):
            return replace(head_of(items[1]), slope=slope)
        if len(items) == 2 and all(isinstance(item, Id | Tag) for item in items):
            return Word(" ".join(map(text, items)))
        raise UnreadableError(f"no function: {text(node)!r}")
    if isinstance(node, Tag):
        inner = head_of(node.body)
        return replace(inner, of=node.of if node.of is not None else inner.of)
    if isinstance(node, Id):
        return Word(text(node))
    if isinstance(node, Script):
        word = head_of(node.base)
        sup = node.sup.items if isinstance(node.sup, Row) else () if node.sup is None else (node.sup,)
        for item in sup:
            if isinstance(item, Sign) and item.sign == "′":
                word = replace(word, slope=1)
            elif isinstance(item, Num):
                word = replace(word, powers=(*word.powers, item))
            elif isinstance(item, Fence):
                word = replace(word, text=f"{word.text}^{{{text(item)}}}")
            else:
                raise UnreadableError(f"an upper index that cannot be read: {text(node)!r}")
        if node.sub is not None:
            if _tagged(node.sub):
                word = replace(word, subscripts=(*word.subscripts, node.sub))
            else:
                word = replace(word, text=f"{word.text}_{{{text(node.sub)}}}", below=(node.sub,))
        return word
    if isinstance(node, Sign) and node.kind == "ord":
        return Word(node.sign)
    raise UnreadableError(f"no function: {text(node)!r}")


def example_letter(tag: Tag) -> str:
    """Return the index of the example that is printed last above a symbol, in round brackets: i of Z^{(i)}."""
    fences = [node for node in walk(tag) if isinstance(node, Fence) and isinstance(node.body, Id)]
    return fences[-1].body.name  # type: ignore[attr-defined]


def entries_of(tag: Tag, letters: Letters) -> list[str]:
    """Return the indices of an entry that are printed behind the name of a symbol: i, j of Y_{c,i,j}."""
    node = without_postfixes(tag.body)[0]
    inner = [each for each in walk(node) if isinstance(each, Tag) and each.role == "entry"]
    if inner:  # The entry of a derivative is that by an entry.
        return entries_of(inner[-1], letters)
    if not isinstance(node, Script) or node.sub is None:
        return []
    own = {each.name for each in index_letters(tag.of)}
    found: list[str] = []
    if isinstance(tag.of, Adjoint) and isinstance(node.sub, Script) and node.sub.sub is not None:
        node = node.sub  # The entry of a named error: δ of Y_{ij}.
    pieces = split(node.sub, ",")
    while pieces and len(pieces[-1]) == 1 and _is_word(pieces[-1][0]):
        pieces.pop()  # The word of a role stands behind the indices: w_{j,0}, z_{j,out}.
    for piece in reversed(pieces):
        piece = [each.body if isinstance(each, Tag) else each for each in piece]
        if len(piece) != 1 or not isinstance(piece[0], Id) or len(piece[0].name) > 1:
            break
        if piece[0].name in own or piece[0].name not in letters:
            break
        found.insert(0, piece[0].name)
    return found


def _is_word(node: Node) -> bool:
    return node == Num("0") or (isinstance(node, Id) and len(node.name) > 1)


def _partial(node: Node) -> int:
    """Return k where ∂ₖ stands, 0 elsewhere."""
    if isinstance(node, Script) and isinstance(node.base, Sign) and node.base.sign == "∂" and isinstance(node.sub, Num):
        return int(node.sub.digits)
    return 0


def gradient_of(node: Node) -> MatrixSymbol | None:
    """Return x where a fraction is ∂ℒ/∂x, spelled with signs and the tag of x."""
    if not isinstance(node, Frac) or not isinstance(node.over, Row) or not isinstance(node.under, Row):
        return None
    over, under = (
        [i for i in row.items if not (isinstance(i, Sign) and i.kind in ("times", "apply"))]
        for row in (node.over, node.under)
    )
    signs = [row[0] for row in (over, under) if len(row) == 2]
    if len(signs) != 2 or any(not isinstance(sign, Sign) or sign.sign != "∂" for sign in signs):
        return None
    return under[1].of if isinstance(under[1], Tag) and isinstance(under[1].of, MatrixSymbol) else None


def _tagged(node: Node | None) -> bool:
    """Tell whether a symbol stands somewhere in a tree."""
    if isinstance(node, Tag) and isinstance(node.of, MatrixSymbol):
        return True
    return any(_tagged(part) for part in _parts(node))


def _parts(node: Node | None) -> list[Node]:
    """Return the nodes right below a node."""
    found: list[Node] = []
    for name in getattr(node, "__dataclass_fields__", {}):
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(
                each
                for line in value
                for each in (line if isinstance(line, tuple) else (line,))
                if isinstance(each, Node)
            )
    return found


def _has_upper(node: Node) -> bool:
    return isinstance(node, Script) and node.sup is not None


@lru_cache(maxsize=256)
def by_formula(function: ScalarFunction) -> Callable[..., Array]:
    """Return a function that the page names and nobody knows, by its formula."""
    own = {kind.__name__: partial(act, np) for kind, act in PRIMITIVES.items()}
    plain = {
        "step": lambda z: 1.0 * (np.real(z) > 0),
        "relu": PLAIN["relu"],
        "sign": lambda z: np.sign(np.real(z)),
        "Abs": lambda z: z * np.sign(np.real(z)),
        "erf": erf,
    }
    expr = function.expr.xreplace(dict(function.parameters))
    return lambdify(tuple(function.variables), expr, [plain, own, "numpy"])
