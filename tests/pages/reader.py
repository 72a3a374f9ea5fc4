"""The judge of pages: it sees a page and numbers, and neither writers nor builders.

- ``closed(page, given)`` lists what is wrong with the page as a text: a symbol that nothing above it defines, one that
  is defined and never used, an index that is printed wrong, two things under one name, an unknown function, a reference
  to no line. An empty list is a page that hangs together.
- ``executed(page, env)`` works the equations of the page out, in their order and nothing else, and returns the values;
  what the page says twice must be twice the same.
- ``read(tree, env)`` is the value of one printed tree.

For which values of its indices a line holds is read from what is printed beside it (``l = 3, …, 1``; ``1 ≤ l < L``);
``values_of`` says it where nothing is printed, by the label of the line or as a function of it. ``numbers`` are letters
that stand for one number on the page, such as L; ``names`` the symbols that lines spell with indices.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from blocks import acts, blocks_said, letters_of
from reading import (
    WORDS,
    Acting,
    Array,
    Defined,
    Env,
    Map,
    Word,
    entries_of,
    head_of,
    key_of,
    meant,
    read,
    read_any,
    settled,
)
from spelling import LackingError, Letters, UnreadableError, at, letters_in, name_of, text
from statements import (
    Item,
    Known,
    Names,
    Statement,
    Uses,
    ValuesOf,
    as_page,
    called,
    defines,
    is_dummy,
    is_named,
    items,
    letter_key,
    letters_defined,
    names_only,
    ordered,
    refs,
    said,
    shown_letters,
    texts,
)
from sympy import MatrixExpr, MatrixSymbol, Symbol

from symbp.maths.tree import Node, Row, Script, Tag, walk
from symbp.ops.elementwise import GenericFunction, ScalarFunction
from symbp.pages.page import Line, Page, Para, numbers
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed

__all__ = ["Env", "Map", "UnreadableError", "closed", "executed", "gradients_of", "read"]

TOLERANCE = 1e-9
"""How far two statements of one thing may differ, relative to its largest entry."""

EVERYBODY_KNOWS = frozenset({*WORDS, "diag", "max", "min", "det", "tr", "argmax", "erf", "max_{i,j}", "script:L"})
"""Words that a page uses without saying what they are."""


@dataclass
class _Walk:
    """What is known while a page is walked, and what was seen on the way."""

    names: Names
    numbers: Mapping[str, float]
    words: set[Any]
    tiles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heads: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    """What lines that stand in no box define."""
    used: set[str] = field(default_factory=set)
    defined: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    """The label of the line that defines something; a line that holds for many values of an index is used by one."""
    printed: dict[str, str] = field(default_factory=dict)
    meant: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seen: dict[Any, Uses] = field(default_factory=dict)
    shown: dict[int, frozenset[str]] = field(default_factory=dict)

    def uses(self, node: Node, statement: Statement) -> Uses:
        """Return what stands in a node."""
        place = id(node), tuple(statement.letters.items())
        if place not in self.seen:
            line = id(statement.line)
            if line not in self.shown:
                self.shown[line] = shown_letters(statement.line)
            found = Uses(self.names, statement.letters, self.numbers, self.shown[line], self.heads)
            found.of(node)
            self.seen[place] = found
        return self.seen[place]

    def step(self, statement: Statement, known: Known) -> list[str]:
        """Add what a statement defines; return what it needs and does not have."""
        kind = defines(statement.left, statement.letters, self.names)
        if names_only(statement, self.names):
            if kind is not None and is_named(statement.left):
                known.add(kind[1])
            return []
        right = self.uses(statement.right, statement)
        symbols, words = list(right.symbols), list(right.words)
        bound: set[str] = set()
        if kind is None:
            left = self.uses(statement.left, statement)
            symbols += left.symbols
            words += left.words
        elif kind[0] == "function":
            bound = {key_of(each, self.names) for each in _bound(statement)}
        lacking = [use for use in symbols if not self.has(use.key, known) and use.key not in bound]
        unknown = [word for word in words if not self.knows(word, known)]
        found = [f"{use.name} is used before it is defined in: {statement}" for use in lacking]
        found += [f"{word.text} is used and nothing says what it is in: {statement}" for word in unknown]
        key = _defined_key(kind)
        if key and not (statement.promised is not None and lacking and key in self.outside):
            known.add(key)
        elif kind is not None and kind[0] == "function":
            word, _ = kind[1]
            known |= {("word", word.text), ("of", word.of)}
        # What a box lacks is judged when the page is read to its end.
        return found[len(lacking) :] if statement.promised is not None else found

    def has(self, key: str, known: Known) -> bool:
        """Tell whether a symbol is known, by itself, as rows of what is known, or because all its rows are."""
        if key in known:
            return True
        wholes = [whole for whole, parts in self.tiles.items() if key in parts]
        return any(whole in known for whole in wholes) or bool(
            key in self.tiles and all(part in known for part in self.tiles[key])
        )

    def knows(self, word: Word, known: Known) -> bool:
        """Tell whether a reader knows what a word is: everybody does, a line said it, or words did."""
        if isinstance(word.of, GenericFunction) and any(isinstance(each, GenericFunction) for each in self.words):
            return True
        if word.text in EVERYBODY_KNOWS or word.text in self.words or (word.of is not None and word.of in self.words):
            return True
        return ("word", word.text) in known or (word.of is not None and ("of", word.of) in known)

    def note(self, statement: Statement) -> None:
        """Write down what a statement uses, defines and prints, once the order is found."""
        kind = defines(statement.left, statement.letters, self.names)
        left, right = self.uses(statement.left, statement), self.uses(statement.right, statement)
        for use in (*left.symbols, *right.symbols):
            other = self.printed.setdefault(use.name, use.identity)
            if other != use.identity:
                self.problems.append(f"{use.name} stands for {use.identity} in {statement} and for {other} elsewhere")
        for word in (*left.words, *right.words):
            if not isinstance(word.of, str | ScalarFunction) or isinstance(word.of, GenericFunction):
                continue
            other = self.meant.setdefault(word.text, word.of)
            if other != word.of:
                self.problems.append(f"{word.text} is {word.of} in {statement} and {other} elsewhere")
        self.problems.extend(left.problems + right.problems)
        if names_only(statement, self.names):
            return
        self.used |= {use.key for use in right.symbols} | left.named | right.named
        if kind is None or kind[0] == "function":
            self.used |= {use.key for use in left.symbols}
        if kind is not None and kind[0] == "symbol":
            self.defined.setdefault(kind[1], str(statement))
            if statement.line.label:
                self.lines.setdefault(kind[1], statement.line.label)


def _bound(statement: Statement) -> list[MatrixSymbol]:
    """Return the symbols that stand for the arguments and subscripts of the function that a statement defines."""
    call = called(statement.left)
    word, arguments = call if call is not None else (head_of(statement.left), ())
    subscripts = [tag for node in word.subscripts for tag in walk(node) if isinstance(tag, Tag)]
    return [at(tag.of, statement.letters) for tag in (*arguments, *subscripts) if isinstance(tag.of, MatrixSymbol)]


def closed(
    page: Page | Sequence[Line],
    given: Iterable[MatrixSymbol | str],
    values_of: ValuesOf | None = None,
    *,
    numbers_of: Letters | None = None,
    names: Names | None = None,
    words: Iterable[Any] = (),
    results: Iterable[str] | None = None,
    tiles: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Return what is wrong with a page, walked in its order; see the module.

    ``given`` are inputs, targets and parameters. ``words`` are functions and operators that need no definition, by word
    or by what their tag says, beside those that everybody knows and those that a sentence or a table names. ``results``
    are what may be defined and not used: by default the loss and the gradients of what is given. ``tiles`` are matrices
    and their blocks of rows, which define each other (the page says so in words).
    """
    page = as_page(page)
    names, numbers_of = names or {}, said(page, numbers_of or {})[0]
    problems: list[str] = []
    symbols = [each for each in given if not isinstance(each, str)]
    keys = {each if isinstance(each, str) else key_of(each, names) for each in (*symbols, *given)}
    heads = letters_defined(page, numbers_of)
    walk_ = _Walk(names, numbers_of, {*words, *_words_said(page)}, both_ways(tiles or {}), heads)
    known: Known = set(keys)
    found = list(items(page, values_of, numbers_of, problems))
    walk_.outside = _outside(found, names)
    order, lacking = ordered(found, known, walk_.step)
    problems += lacking
    for statement in order:
        walk_.note(statement)
    problems += walk_.problems
    problems += _promises(order, walk_, keys)
    ends = {f"d{key}" for key in keys} if results is None else set(results)
    ends |= _losses(page) if results is None else set()
    mentioned = {key_of(each, names) for each in _mentioned(page)}
    in_use = {label for key, label in walk_.lines.items() if key in walk_.used}
    for key, where in walk_.defined.items():
        if walk_.lines.get(key) in in_use:
            continue
        kin = {*walk_.tiles.get(key, ()), *(whole for whole, parts in walk_.tiles.items() if key in parts)}
        if not walk_.used & {key, f"d{key}", *kin} and key not in {*ends, *keys, *mentioned}:
            problems.append(f"{key} is defined and never used: {where}")
    labels = numbers(page)
    for ref in refs(page.blocks):
        problems += [
            f"a reference to ({label}), which no line has"
            for label in (ref.label, ref.last)
            if label and label not in labels
        ]
    return list(dict.fromkeys(problems))


def _mentioned(page: Page) -> list[MatrixSymbol]:
    """Return the matrices, not errors, that sentences name, such as one of which nothing leads to the loss."""
    spans = [span for block in page.blocks if isinstance(block, Para) for span in block.text]
    symbols = [span.of for span in spans if isinstance(span, Tag) and isinstance(span.of, MatrixSymbol)]
    return [each for each in symbols if not isinstance(each, Adjoint)]


def both_ways(tiles: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return matrices and their rows, and errors of matrices and theirs."""
    return {f"{d}{whole}": tuple(f"{d}{part}" for part in parts) for whole, parts in tiles.items() for d in ("", "d")}


def _promises(order: Sequence[Statement], walk_: _Walk, given: set[str]) -> list[str]:
    """Return what boxes use and no line that they point at defines, nor any line above them."""
    by_label: dict[str, set[str]] = {}
    boxed: list[tuple[frozenset[str], str]] = []  # What a box itself says, in its sentences too.
    above: set[str] = set(given)
    problems: list[str] = []
    for statement in order:
        kind = defines(statement.left, statement.letters, walk_.names)
        key = _defined_key(kind)
        if key and statement.line.label:
            by_label.setdefault(statement.line.label, set()).add(key)
        if key and statement.promised is not None:
            boxed.append((statement.promised, key))
    for statement in order:
        if statement.promised is not None:
            promised = set().union(*(by_label.get(label, set()) for label in statement.promised), set())
            promised |= {key for box, key in boxed if box is statement.promised}
            bound = (
                {key_of(each, walk_.names) for each in _bound(statement)} if _is_function(statement, walk_) else set()
            )
            for use in walk_.uses(statement.right, statement).symbols:
                if not walk_.has(use.key, above | promised | bound):
                    problems.append(f"{use.name} is used in a box that points at no line for it: {statement}")
        key = _defined_key(defines(statement.left, statement.letters, walk_.names))
        if key:
            above.add(key)
    return problems


def _outside(found: Iterable[Item], names: Names) -> frozenset[str]:
    """Return what lines that stand in no box define."""
    statements = (
        statement
        for item in found
        if item.promised is None
        for values in item.values or ({},)
        for statement in item.statements(values)
    )
    return frozenset(_defined_key(defines(each.left, each.letters, names)) for each in statements) - {""}


def _defined_key(kind: tuple[str, Any] | None) -> str:
    """Return the name under which what a left side defines is known, a symbol or a letter with indices."""
    if kind is None or kind[0] not in ("symbol", "letter"):
        return ""
    return kind[1] if kind[0] == "symbol" else letter_key(kind[1])


def _is_function(statement: Statement, walk_: _Walk) -> bool:
    kind = defines(statement.left, statement.letters, walk_.names)
    return kind is not None and kind[0] == "function"


def _words_said(page: Page) -> set[Any]:
    """Return the functions that sentences and tables name, by word and by what their tags say."""
    found: set[Any] = set()
    ranges = said(page, {})[1]
    for item in items(page, None, {}, []):
        for sides in item.sides:
            uses = Uses({}, {}, {})
            if sides:
                uses.of(sides[0])
            for word in uses.words:
                found |= {word.text, word.of} - {None}
    for sentence in (page.title, page.subtitle, *texts(page.blocks)):
        for piece in sentence:
            if isinstance(piece, Node):
                for node in walk(piece):
                    if isinstance(node, Tag) and node.of is not None and not isinstance(node.of, MatrixSymbol):
                        found |= {node.of, *(text(node.body, letters) for letters in letters_of(node.body, ranges))}
                    elif isinstance(node, Tag | Script) and not isinstance(getattr(node, "of", None), MatrixSymbol):
                        found.add(text(node))
    return found


def _losses(page: Page) -> set[str]:
    """Return the names of losses on a page."""
    found: set[str] = set()
    for block in items(page, None, {}, []):
        for part in block.line.parts:
            tags = (node.of for node in walk(part) if isinstance(node, Tag) and isinstance(node.of, MatrixSymbol))
            found |= {str(of.name) for of in tags if getattr(of, "role", None) is Role.LOSS}
    return found


def executed(
    page: Page | Sequence[Line],
    env: Env,
    values_of: ValuesOf | None = None,
    *,
    words: Iterable[Any] = (),
    tiles: Mapping[str, Sequence[str]] | None = None,
    tolerance: float = TOLERANCE,
) -> dict[str, Array]:
    """Return what the equations of a page are worth, by the names of the symbols (``Z1``, ``dW1``).

    ``env`` has the values of what is given; ``words`` are as in ``closed``. A second statement of something is compared
    with the first. ``tiles`` are matrices and their blocks of rows, as in ``closed``.

    Raises:
        UnreadableError: a line that cannot be read, needs what no line above it has, or contradicts another.
    """
    page = as_page(page)
    problems: list[str] = []
    whole_numbers, _ = said(page, {})
    env = replace(env, sizes={**whole_numbers, **env.sizes})
    heads = letters_defined(page, whole_numbers)
    whole_tiles = both_ways(tiles or {})
    said_words = {*words, *env.functions, *env.operators, *_words_said(page)}
    walk_ = _Walk(env.names, env.sizes, said_words, whole_tiles, heads)
    known: Known = set(env.values)
    found = list(items(page, values_of, whole_numbers, problems))
    walk_.outside = _outside(found, env.names)
    order, lacking = ordered(found, known, walk_.step)
    if problems or lacking:
        raise UnreadableError("; ".join(problems + lacking))
    lines = frozenset(_defined_key(defines(each.left, each.letters, env.names)) for each in order)
    env = replace(env, blocks=blocks_said(page, whole_numbers), stated=lines | frozenset(env.values))
    machine = _Machine(env, dict(env.values), {}, tolerance, whole_tiles)
    for statement in order:
        machine.foresee(statement)
    later: list[Statement] = []
    for statement in order:
        if not machine.runs(statement):
            later.append(statement)
        while (waiting := next((each for each in later if machine.runs(each)), None)) is not None:
            later.remove(waiting)
    for statement in later:
        machine.run(statement)  # Raises what it lacks.
    return {key: value for key, value in machine.values.items() if key not in env.values}


@dataclass
class _Machine:
    """Works statements out one by one."""

    env: Env
    values: dict[str, Array]
    functions: dict[Any, Defined]
    tolerance: float
    tiles: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def foresee(self, statement: Statement) -> None:
        """Keep what a line says of a function that everybody knows, such as which GELU: it holds above the line too."""
        call = called(statement.left)
        if call is not None and call[0].text in WORDS and call[1] and all(is_dummy(each) for each in call[1]):
            self.define(statement, call[0])
        kind = defines(statement.left, statement.letters, self.env.names)
        if kind is not None and kind[0] == "letter" and any(is_dummy(each) for each in walk(statement.right)):
            self.env = replace(self.env, short={**self.env.short, kind[1]: statement.right})

    def runs(self, statement: Statement) -> bool:
        """Work a statement out where all that it needs is known; tell whether it is."""
        try:
            self.run(statement)
        except LackingError:
            return False
        return True

    def run(self, statement: Statement) -> None:
        """Work a statement out: a new value, a function, or a second statement of something known."""
        env = replace(self.env, values=self.values, defined=self.functions)
        kind = defines(statement.left, statement.letters, env.names)
        if names_only(statement, env.names) and isinstance(statement.left, Tag):
            self.name(statement.left, env, statement.letters)
        acting = acts(statement.left, statement.letters)
        if acting is not None:
            name, error = acting
            blocks = {**self.env.blocks, name: Acting(error, statement.right, statement.letters)}
            self.env = replace(self.env, blocks=blocks)
        if kind is None or names_only(statement, env.names):
            return
        if kind[0] == "letter":
            with contextlib.suppress(UnreadableError):
                value = read_any(statement.right, env, statement.letters)
                self.values[letter_key(kind[1])] = value
                if not isinstance(value, Map) and np.ndim(value) == 0:
                    self.env = replace(self.env, sizes={kind[1]: value, **self.env.sizes})
            return
        if kind[0] == "function":
            self.define(statement, kind[1][0])
            return
        key, left = kind[1], statement.left
        if isinstance(left, Tag) and left.role == "entry":
            self.entries(statement, key, env)
            return
        if isinstance(left, Script) and not isinstance(left, Tag):
            return
        shape = self.shape(left, key, statement)
        env = replace(env, target=key)
        try:
            value = read_any(statement.right, env, statement.letters)
            value = value if isinstance(value, Map) else settled(value, statement.right, shape)
        except UnreadableError as error:
            raise type(error)(f"{error} in: {statement}") from None
        if isinstance(value, Map):
            self.values[key] = value
            return
        value = np.atleast_2d(value) if np.ndim(value) == 0 else value
        if shape is not None and np.shape(value) != shape:
            raise UnreadableError(f"{np.shape(value)} where {key} is {shape} in: {statement}")
        if key not in self.values:
            self.values[key] = value
            self.tile(key)
            return
        known = self.values[key]
        if isinstance(known, Map):
            raise UnreadableError(f"{key} is a map and a matrix in: {statement}")
        scale = max(float(np.max(np.abs(known), initial=0)), 1e-300)
        if np.shape(known) != np.shape(value) or not np.max(np.abs(known - value), initial=0) <= self.tolerance * scale:
            raise UnreadableError(f"{key} is something else than before in: {statement}")

    def tile(self, key: str) -> None:
        """Give the blocks of rows of a matrix their values, or a matrix that of all its blocks."""
        for whole, parts in self.tiles.items():
            if key == whole:
                rows = np.split(self.values[key], len(parts))
                self.values |= {part: row for part, row in zip(parts, rows, strict=True) if part not in self.values}
            elif whole not in self.values and key in parts and all(part in self.values for part in parts):
                self.values[whole] = np.vstack([self.values[part] for part in parts])

    def entries(self, statement: Statement, key: str, env: Env) -> None:
        """Compare what stands at every place of a matrix with its value."""
        assert isinstance(statement.left, Tag)
        is_new = key not in self.values
        known = np.full(self.shape(statement.left, key, statement), np.nan) if is_new else self.values[key]
        anything = dict.fromkeys(letters_in(statement.left), 1)
        letters = entries_of(statement.left, {**anything, **statement.letters})
        sides = known.shape[1:] if known.shape[0] == 1 and len(letters) == 1 else known.shape[: len(letters)]
        for place in np.ndindex(*sides):
            at_place = dict(zip(letters, (each + 1 for each in place), strict=True))
            value = read(statement.right, env, {**statement.letters, **at_place})
            at_ = (0, *place) if known.shape[0] == 1 and len(place) == 1 else (*place, 0)[:2]
            if is_new and np.size(value) == 1:
                known[at_] = np.reshape(value, ())
            wanted = known[at_]
            near = self.tolerance * max(float(np.nanmax(np.abs(known))), 1e-300)
            if np.size(value) != 1 or not np.max(np.abs(value - wanted)) <= near:
                raise UnreadableError(f"{key} is something else at {at_place} in: {statement}")
        self.values[key] = known

    def name(self, left: Tag, env: Env, letters: Letters) -> None:
        """Keep the gradient of an open loss, which has a letter: what somebody says it is, of prediction and target."""
        gradient = env.operators.get(type(left.of).__name__)
        if gradient is not None and isinstance(left.of, MatrixExpr) and not isinstance(left.of, MatrixSymbol):
            keys = [key_of(at(each, letters), env.names) for each in left.of.args]
            self.values[name_of(left, letters)] = gradient(*(self.values[key] for key in keys))

    def shape(self, left: Node, key: str, statement: Statement) -> tuple[int, int] | None:
        """Return the shape of what is defined: that of its value, or of its symbol where all sizes are known."""
        if key in self.values:
            return np.shape(self.values[key])
        if is_named(left):
            return None
        tags = [node for node in walk(left) if isinstance(node, Tag) and isinstance(node.of, MatrixSymbol)]
        if not tags:
            return None
        of = meant(at(tags[0].of, statement.letters), self.env.names)
        if isinstance(of, Indexed):  # Its shape is that of the one which represents all.
            return None
        sides = of.shape
        sizes = [{each: self.env.sizes.get(each.name) for each in side.free_symbols} for side in sides]
        if any(None in each.values() for each in sizes):
            return None
        rows, columns = (int(side.xreplace(each)) for side, each in zip(sides, sizes, strict=True))
        return rows, columns

    def define(self, statement: Statement, word: Word) -> None:
        """Keep a function that a line defines."""
        call = called(statement.left)
        if call is not None and not call[1]:  # ReLU′(0) = 0 says it of one number.
            return
        arguments = tuple(tag.of for tag in call[1] if isinstance(tag.of, MatrixSymbol | Symbol)) if call else ()
        subscripts = tuple(
            tag.of for node in word.subscripts for tag in walk(node) if isinstance(tag, Tag) and tag.of is not None
        )
        found = Defined(subscripts, arguments, statement.right, statement.letters)
        head = statement.left.items[0] if isinstance(statement.left, Row) else statement.left
        name = text(head, statement.letters)
        for key in (word.text, word.of) if name == text(head) else (name,):
            if key is not None:
                self.functions[key, word.slope] = found


def gradients_of(values: Mapping[str, Array], parameters: Iterable[str]) -> dict[str, Array]:
    """Return the gradients among the values of a page, by parameter; what the page does not say is left out."""
    return {name: values[f"d{name}"] for name in parameters if f"d{name}" in values}
