"""What a page states: its relations one by one, for every value of the indices, in an order that works.

Lines that hold for several values of a letter stand in a loop: for one value after the other, upwards or downwards, all
lines of the loop in the order of the page. A line without such letters stands where it is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from reading import Word, gradient_of, head_of, key_of
from spelling import (
    Letters,
    Said,
    UnreadableError,
    at,
    index_letters,
    indices_of,
    is_dots,
    letters_in,
    name_of,
    run_between,
    split,
    text,
    whole,
    without_postfixes,
    words_below,
)
from sympy import Identity, MatrixExpr, MatrixSymbol, Symbol, ZeroMatrix

from symbp.maths.tree import Fence, Frac, Id, Node, Num, Row, Script, Sign, Tag
from symbp.pages.page import Aside, Block, Equations, Line, Page, Para, Ref, Steps, Table
from symbp.pages.page import numbers as labels_of
from symbp.symbols import Adjoint
from symbp.views.lines import Indexed

Values: TypeAlias = Sequence[Letters]
"""The values of the letters for which a line holds, the outermost letter first in each."""

ValuesOf: TypeAlias = "Mapping[str, Values] | Callable[[Line], Values | None]"
"""Where what is printed does not say for which values a line holds: by the label of the line, or by the line itself."""

Names: TypeAlias = Mapping[MatrixSymbol, Indexed]


@dataclass(frozen=True)
class Use:
    """A symbol as it is printed somewhere: what its letters are, what it is, for these values of the indices."""

    name: str
    key: str
    identity: str
    tag: Tag | None
    letters: Letters


@dataclass(frozen=True)
class Statement:
    """``left = right`` for certain values of the letters. ``promised`` are labels that the box around it names."""

    line: Line
    left: Node
    right: Node
    letters: Letters
    promised: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{text(self.left, self.letters)} = {text(self.right, self.letters)}"


@dataclass(frozen=True)
class Item:
    """A line of the page, the sides of its relations, the values of its letters; ``bound`` are those that are set."""

    line: Line
    values: tuple[Letters, ...]
    promised: frozenset[str] | None
    sides: tuple[list[Node], ...]
    bound: Letters = field(default_factory=dict)

    @classmethod
    def of(
        cls, line: Line, values: Iterable[Letters], promised: frozenset[str] | None, numbers: Letters | None = None
    ) -> Item:
        """Return a line as it stands on a page; ``numbers`` are letters that are the same everywhere."""
        return cls(line, tuple(values), promised, tuple(_sides(part) for part in line.parts), dict(numbers or {}))

    def statements(self, letters: Letters) -> Iterator[Statement]:
        """Yield what the line states; of a = b = c, that a is b and that a is c, of a = b = 0 that both are 0."""
        for sides in self.sides:
            last = sides[-1] if sides else None
            pairs = [(each, last) for each in sides[:-1]] if isinstance(last, Num) else []
            for left, right in pairs or [(sides[0], right) for right in sides[1:]]:
                yield Statement(self.line, left, right, {**self.bound, **letters}, self.promised)

    def fixed(self, letter: str, value: int) -> Item:
        """Return the same line for one value of its outermost letter; left to run over are the others."""
        rest = [each for each in self.values if each.get(letter) == value]
        inner = tuple({name: number for name, number in each.items() if name != letter} for each in rest)
        return replace(self, values=inner, bound={**self.bound, letter: value})


def _sides(part: Node) -> list[Node]:
    """Return the sides of a relation: what stands between the signs =."""
    pieces = split(part, "=")
    if any(not piece for piece in pieces):
        return []
    return [piece[0] if len(piece) == 1 else Row(tuple(piece)) for piece in pieces]


def as_page(lines: Page | Sequence[Line]) -> Page:
    """Return a page of lines."""
    return lines if isinstance(lines, Page) else Page((), (), (Equations(tuple(lines)),))


def said(page: Page, numbers: Letters) -> tuple[dict[str, int], dict[str, list[int]]]:
    """Return what sentences and tables say of letters: L = 4, and that l is 1, …, L where a line does not say it."""
    trees = [piece for sentence in texts(page.blocks) for piece in sentence if isinstance(piece, Node)]
    found: dict[str, int] = dict(numbers)
    for tree in trees:
        sides = _sides(tree)
        if len(sides) == 2 and isinstance(sides[0], Id):
            number = whole([sides[1]], {})
            if number is not None:
                found.setdefault(sides[0].name, number)
    for first, second, *_ in (row for block in page.blocks if isinstance(block, Table) for row in block.rows):
        # A row of the table of notation: h, H | head; here 2.
        pieces = [piece for tree in first if isinstance(tree, Node) for piece in split(tree, ",")]
        number = next((int(tree.digits) for tree in second if isinstance(tree, Num) and tree.digits.isdigit()), None)
        if number is not None and len(pieces) == 2 and all(len(p) == 1 and isinstance(p[0], Id) for p in pieces):
            found.setdefault(pieces[1][0].name, number)  # type: ignore[attr-defined]
    ranges: dict[str, list[int]] = {}
    for tree in trees:
        sides = _sides(tree)
        if len(sides) == 2 and isinstance(sides[0], Id) and sides[0].name not in found:
            found |= _words(sides[0].name, sides[1])
            try:
                values = indices_of(tree, found) or []
            except UnreadableError:
                continue
            ranges.setdefault(sides[0].name, [each[sides[0].name] for each in values])
    return found, ranges


def _words(letter: str, values: Node) -> dict[str, Said]:
    """Return the words that an index stands for, k = i, f, o, each with its number; none where they are numbers."""
    pieces = split(values, ",")
    names = [piece[0].name for piece in pieces if len(piece) == 1 and isinstance(piece[0], Id)]
    if len(names) < len(pieces) or len(pieces) < 2:
        return {}
    return {f"{letter}={name}": Said.of(number, name) for number, name in enumerate(names, 1)}


def items(page: Page, values_of: ValuesOf | None, numbers: Letters, problems: list[str]) -> Iterator[Item]:
    """Yield the lines of a page in order, those of boxes and of tables of gradients among them."""
    numbers, ranges = said(page, numbers)
    for block, promised in _blocks(page.blocks, None, list(labels_of(page))):
        if isinstance(block, Para):
            yield from _sentences(block, values_of, ranges, promised, numbers)
            continue
        lines = block.lines if isinstance(block, Equations | Steps) else _lines_of_table(block)
        for line in lines:
            values = _values(line, values_of, numbers, problems)
            if values:  # Of one layer there is none between the first and the last.
                yield Item.of(line, _complete(line, values, ranges, numbers), promised, numbers)


def _blocks(
    blocks: Sequence[Block], promised: frozenset[str] | None, every: Sequence[str]
) -> Iterator[tuple[Any, frozenset[str] | None]]:
    for block in blocks:
        if isinstance(block, Aside):
            yield from _blocks(block.blocks, frozenset(_labels(block, every)), every)
        elif isinstance(block, Equations | Steps | Table | Para):
            yield block, promised


def _complete(
    line: Line, values: Sequence[Letters], ranges: Mapping[str, Sequence[int]], numbers: Letters
) -> list[Letters]:
    """Return the values with those of letters that the line uses and says nothing of, as the page says them."""
    used = {each.name for part in line.parts for tag in _tags(part) for each in index_letters(tag.of)}
    bound = {name for part in line.parts for name in _bound_letters(part)} | set(numbers)
    used |= {each.name for part in line.parts for tag in _tags(part) for each in of_letters(tag)}
    used |= {letter for part in line.parts for letter in _letters_below(part)}
    found = [dict(each) for each in values]
    for letter in reversed([each for each in ranges if each in used - bound]):
        if all(letter not in each for each in found):
            found = [{letter: value, **each} for value in ranges[letter] for each in found]
    return list(found)


def _letters_below(node: Node) -> Iterator[str]:
    """Yield the letters in the indices of a letter that is no symbol of the network: t of 𝒥_t."""
    if head_letter(node):
        yield from letters_in(node.sub) | letters_in(node.sup)  # type: ignore[attr-defined]
    elif not isinstance(node, Tag):
        for part in _parts(node):
            yield from _letters_below(part)


def _bound_letters(node: Node) -> Iterator[str]:
    """Yield the letters that big signs run over."""
    if isinstance(node, Script) and isinstance(node.base, Sign) and node.base.kind == "big" and node.sub is not None:
        below = node.sub.items if isinstance(node.sub, Row) else (node.sub,)
        if isinstance(below[0], Id):
            yield below[0].name
    for part in _parts(node):
        yield from _bound_letters(part)


def _sentences(
    para: Para,
    values_of: ValuesOf | None,
    ranges: Mapping[str, Sequence[int]],
    promised: frozenset[str] | None,
    numbers: Letters,
) -> Iterator[Item]:
    """Yield the equations in a sentence, those with an index only where somebody says its values."""
    for piece, word, behind in zip(para.text, (*para.text[1:], ""), (*para.text[2:], "", ""), strict=False):
        if isinstance(piece, Node) and len(_sides(piece)) > 1:
            line = Line((piece,), where=behind if isinstance(behind, Node) and word == FOR else None)
            said = (values_of(line) if callable(values_of) else None) or _values(line, None, numbers, [])
            values = tuple(_complete(line, said, ranges, numbers))
            if not said:
                continue
            letters = {each.name for tag in _tags(piece) for each in index_letters(tag.of)}
            if all(letters <= {*each, *numbers} for each in values):
                yield Item.of(line, values, promised, numbers)


FOR = " for "
"""The word between an equation in a sentence and the values of its index."""


def of_letters(tag: Tag) -> set[Any]:
    """Return the letters in what a tag stands for, an operation on symbols with indices as well."""
    if isinstance(tag.of, MatrixExpr) and not isinstance(tag.of, MatrixSymbol):
        return set().union(*(index_letters(each) for each in tag.of.atoms(MatrixSymbol)), set())
    return set()


def is_named(node: Node) -> bool:
    """Tell whether a letter stands for an operation on symbols: g for the loss gradient, D for a diagonal of slopes."""
    if isinstance(node, Tag) and isinstance(node.of, ZeroMatrix | Identity):
        return False
    return isinstance(node, Tag) and isinstance(node.of, MatrixExpr) and not isinstance(node.of, MatrixSymbol)


def is_dummy(node: Node) -> bool:
    """Tell whether a letter stands for any operand, in the definition of a function."""
    return isinstance(node, Tag) and type(node.of) in (MatrixSymbol, Symbol)


def names_only(statement: Statement, names: Names) -> bool:
    """Tell whether a statement only says another spelling: δ = ∂ℒ/∂z, or m times that in a scale."""
    right = statement.right
    if isinstance(right, Row) and all(
        isinstance(each, Sign) or each in (Id("m"), Id("η")) for each in right.items[:-1]
    ):
        right = right.items[-1]
    if all(isinstance(each, Tag) and each.role == "entry" for each in (statement.left, right)):
        own, other = (getattr(each, "of", None) for each in (statement.left, right))
        return (isinstance(own, Adjoint) and own == other) or is_named(statement.left)
    kinds = [defines(side, statement.letters, names) for side in (statement.left, right)]
    if kinds[0] is None or kinds[0][0] != "symbol":
        return False
    return kinds[0] == kinds[1] or (is_named(statement.left) and isinstance(getattr(right, "of", None), Adjoint))


def _labels(aside: Aside, every: Sequence[str]) -> Iterator[str]:
    """Yield the labels that a box points at, of (3)–(7) all of them."""
    for ref in refs(aside.blocks):
        if not ref.last or ref.label not in every or ref.last not in every:
            yield from filter(None, (ref.label, ref.last))
        else:
            yield from every[every.index(ref.label) : every.index(ref.last) + 1]


def texts(blocks: Sequence[Block]) -> Iterator[tuple[Any, ...]]:
    """Yield every sentence and cell of a page."""
    for block in blocks:
        for name in ("text", "title", "caption", "group"):
            found = getattr(block, name, ())
            if isinstance(found, tuple):
                yield found
        if isinstance(block, Equations | Steps):
            yield from (line.reason for line in block.lines)
        elif isinstance(block, Table):
            yield from block.head
            yield from (cell for line in block.rows for cell in line)
        elif isinstance(block, Aside):
            yield from texts(block.blocks)


def refs(blocks: Sequence[Block]) -> Iterator[Ref]:
    """Yield every reference to a numbered line."""
    return (piece for sentence in texts(blocks) for piece in sentence if isinstance(piece, Ref))


def _lines_of_table(table: Table) -> Iterator[Line]:
    """Yield the lines of a table of gradients: cells that are equations, and gradients beside their parameters."""
    heads = ["".join(piece for piece in cell if isinstance(piece, str)).strip().lower() for cell in table.head]
    if not any("gradient" in head for head in heads):
        return
    for row in table.rows:
        nodes = [next((p for p in cell if isinstance(p, Node)), None) for cell in row]
        for place, node in enumerate(nodes):
            if node is None:
                continue
            if len(_sides(node)) > 1:
                yield Line((node,))
            elif place < len(heads) and "gradient" in heads[place]:
                left = next((n for n in reversed(nodes[:place]) if isinstance(n, Tag)), None)
                if left is not None and isinstance(left.of, MatrixSymbol) and left.of is not getattr(node, "of", None):
                    gradient = left if isinstance(left.of, Adjoint) else Tag(_gradient(left), Adjoint(left.of))
                    yield Line((Row((gradient, Sign("=", "rel"), node)),))


def _gradient(of: Node) -> Node:
    return Frac(Row((Sign("∂", "prefix"), Id("L", "script"))), Row((Sign("∂", "prefix"), of)))


def _values(line: Line, values_of: ValuesOf | None, numbers: Letters, problems: list[str]) -> list[Letters]:
    """Return for which values a line holds: as is printed beside it, else as is said; both must agree."""
    said = None
    if values_of is not None:
        found = values_of(line) if callable(values_of) else values_of.get(line.label)
        said = None if found is None else [dict(each) for each in found]
    printed = None
    if line.where is not None:
        try:
            printed = indices_of(line.where, numbers)
        except UnreadableError as error:
            problems.append(f"{_shown(line)}: {error}")
    if said is not None and printed is not None:
        letters = {letter for each in printed for letter in each}
        both = [
            {tuple(sorted((k, v) for k, v in each.items() if k in letters)) for each in some}
            for some in (said, printed)
        ]
        if both[0] != both[1]:
            problems.append(f"{_shown(line)}: printed for {text(line.where)}, and it holds for {said}")
    return said if said is not None else printed if printed is not None else [{}]


def _shown(line: Line) -> str:
    return "; ".join(map(text, line.parts))


# What stands in a tree


def defines(left: Node, letters: Letters, names: Names) -> tuple[str, Any] | None:
    """Return what a left side defines: (symbol, key), (function, word and arguments), (letter, text); or None."""
    if is_named(left):
        return "symbol", name_of(left, letters)  # type: ignore[arg-type]
    if is_dummy(left):
        return "letter", text(left)
    if isinstance(left, Tag) and isinstance(left.of, MatrixSymbol):
        if name_of(left, letters) != text(left.body, letters):
            return None
        return "symbol", key_of(at(left.of, letters), names)
    gradient = gradient_of(left)
    if gradient is not None:
        return "symbol", f"d{key_of(at(gradient, letters), names)}"
    if (
        isinstance(left, Script)
        and isinstance(left.base, Tag)
        and isinstance(left.base.of, MatrixSymbol)
        and left.sup is None
    ):
        return "symbol", key_of(at(left.base.of, letters), names)
    call = called(left)
    if call is not None:
        return "function", call
    if isinstance(left, Tag) and left.of is not None:
        return "function", (head_of(left), ())
    if isinstance(left, Id | Script) and whole([left], {}) is None:
        return "letter", text(left, letters)
    return None


def called(node: Node) -> tuple[Word, tuple[Tag, ...]] | None:
    """Return the word and the arguments where a node is a function of symbols, as on the left of a definition."""
    parts = node.items if isinstance(node, Row) else ()
    if len(parts) != 3 or not (isinstance(parts[1], Sign) and parts[1].kind == "apply"):
        return None
    body = parts[2].body if isinstance(parts[2], Fence) else parts[2]
    arguments = [piece[0] for piece in split(body, ",") if len(piece) == 1]
    try:
        word = head_of(parts[0])
    except UnreadableError:
        return None
    return word, tuple(each for each in arguments if isinstance(each, Tag))


@dataclass
class Uses:
    """Collects what stands in a tree: symbols with their printed names, and function words."""

    names: Names
    letters: Letters
    numbers: Mapping[str, float]
    shown: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    symbols: list[Use] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    """What only the name of an error says: s_t in δ_{s_t}."""
    problems: list[str] = field(default_factory=list)

    def of(self, node: Node | None, letters: Letters | None = None) -> None:
        """Add what stands in a node; what is in a big sum, for each of its values."""
        letters = self.letters if letters is None else letters
        if node is None or is_dummy(node) or (isinstance(node, Tag) and isinstance(node.of, ZeroMatrix | Identity)):
            return
        if is_named(node):
            name = name_of(node, letters)  # type: ignore[arg-type]
            self.symbols.append(Use(name, name, name, None, letters))
            return
        if isinstance(node, Script) and is_dummy(node.base):
            self.of(node.sup, letters)
            return
        if isinstance(node, Tag) and isinstance(node.of, MatrixSymbol):
            self.symbol(node, node.of, letters)
            return
        gradient = gradient_of(node)
        if gradient is not None:
            key = f"d{key_of(at(gradient, letters), self.names)}"
            self.symbols.append(Use(text(node, letters), key, key, None, letters))
            return
        if head_letter(node) in self.heads:
            name = text(without_postfixes(node)[0], letters)
            self.symbols.append(Use(name, letter_key(name), name, None, letters))
            return
        if isinstance(node, Tag) and node.of is not None:
            self.word(node, letters)
            return
        if isinstance(node, Row):
            self.row(node.items, letters)
            return
        if isinstance(node, Script) and isinstance(node.base, Tag) and isinstance(node.base.of, MatrixSymbol):
            # a_{ij}: the indices of an entry are no letters of the symbol.
            self.of(node.base, letters)
            return
        if isinstance(node, Script) and isinstance(node.base, Tag) and node.base.of is not None:
            self.word(node, letters)
            return
        for part in _parts(node):
            self.of(part, letters)

    def row(self, parts: Sequence[Node], letters: Letters) -> None:
        place = 0
        while place < len(parts):
            part = parts[place]
            run = dotted(parts, place, letters)
            if run is not None:
                for values in run:
                    self.of(part, {**letters, **values})
                place += DOTTED
                continue
            ranges = self.range(part, letters)
            if ranges is None:
                called_ = (
                    place + 1 < len(parts) and isinstance(parts[place + 1], Sign) and parts[place + 1].kind == "apply"
                )
                if called_ and not (isinstance(part, Tag) and part.of is not None):
                    self.word(part, letters)
                else:
                    self.of(part, letters)
                place += 1
                continue
            end = place + 1
            while end < len(parts) and not (isinstance(parts[end], Sign) and parts[end].sign in ("+", "−", "=")):
                end += 1
            for values in ranges:
                self.row(parts[place + 1 : end], {**letters, **values})
            place = end

    def range(self, node: Node, letters: Letters) -> list[dict[str, int]] | None:
        """Return the values of the letter under a big sign; None for anything else, nothing bound for entries."""
        if not (isinstance(node, Script) and isinstance(node.base, Sign) and node.base.kind == "big" and node.sub):
            return None
        below = node.sub.items if isinstance(node.sub, Row) else (node.sub,)
        words = words_below(below, self.numbers)
        if words:
            return words
        if len(below) < 3 or not (isinstance(below[0], Id) and isinstance(below[1], Sign) and below[1].sign == "="):
            return [{}]
        known = {**letters, **{name: int(size) for name, size in self.numbers.items()}}
        first = whole(below[2:], known)
        last = whole(node.sup.items if isinstance(node.sup, Row) else (node.sup,), known) if node.sup else None
        if first is None or last is None:
            self.problems.append(f"no numbers at the ends of {text(node)}")
            return [{}]
        return [{below[0].name: value} for value in range(first, last + 1)]

    def symbol(self, tag: Tag, symbol: MatrixSymbol, letters: Letters) -> None:
        """Add a symbol; letters of its indices that its line prints nowhere are those of a block, and left out."""
        name = name_of(tag, letters)
        own = {each.name for each in index_letters(symbol)}
        missing = own - set(letters)
        if missing:
            self.problems.append(f"{name}: no values for {', '.join(sorted(missing))}")
        printed = letters_in(tag.body)
        lost = {letter for letter in own - printed if letter in self.shown}
        if lost:
            self.problems.append(f"{name} prints no {', '.join(sorted(lost))}, which its line has")
        seen = {letter: value for letter, value in letters.items() if letter in printed}
        identity = key_of(at(symbol, seen), self.names)
        inside = [each for each in _tags(tag.body) if isinstance(each.of, MatrixSymbol)]
        if isinstance(symbol, Adjoint):
            self.named |= {key_of(at(each.of, letters), self.names) for each in inside}
        for each in inside:
            if isinstance(symbol, Adjoint) and each.of != symbol.of:
                self.problems.append(f"{name} stands for {symbol.name} and names {each.of.name}")
        self.symbols.append(Use(name, key_of(at(symbol, letters), self.names), identity, tag, letters))

    def word(self, node: Node, letters: Letters) -> None:
        """Add a function word and the symbols among its lower indices."""
        try:
            word = head_of(node)
        except UnreadableError as error:
            self.problems.append(str(error))
            return
        if isinstance(node, Id) and node.style == "bold" and node.name == "1":
            return  # 1[x > 0] says itself what it is.
        if not word.text.startswith("max_{"):  # The largest over an index, as a sum over one.
            self.words.append(word)
        for each in word.subscripts:
            self.of(each, letters)


DOTTED = 5
"""How many nodes of a row are one factor, dots, and the last factor, with the signs between them."""


def dotted(parts: Sequence[Node], place: int, letters: Letters) -> list[dict[str, int]] | None:
    """Return for which values a factor is meant by J_{t+1} ⋯ J_T that begins here; None where it does not."""
    piece = parts[place : place + DOTTED]
    if len(piece) < DOTTED or not is_dots(piece[2:3]):
        return None
    return run_between(piece[0], piece[4], letters)


def head_letter(node: Node) -> str:
    """Return the letter of a name that stands for no symbol of the network, such as 𝒥 of 𝒥_t."""
    bare_ = without_postfixes(node)[0]
    return text(bare_.base) if isinstance(bare_, Script) and isinstance(bare_.base, Id) else ""


def letter_key(name: str) -> str:
    """Return the name under which such a letter has its value."""
    return f"letter {name}"


def letters_defined(page: Page, numbers: Letters) -> frozenset[str]:
    """Return the letters that lines of a page define with indices: 𝒥 of 𝒥_t = …"""
    found: set[str] = set()
    for item in items(page, None, numbers, []):
        for sides in item.sides:
            if len(sides) > 1 and head_letter(sides[0]) and defines(sides[0], {}, {}) is not None:
                found.add(head_letter(sides[0]))
    return frozenset(found)


def shown_letters(line: Line) -> frozenset[str]:
    """Return the letters of indices that a line prints somewhere, beside it as well."""
    found = letters_in(line.where)
    for part in line.parts:
        for tag in _tags(part):
            if isinstance(tag.of, MatrixSymbol):
                found |= letters_in(tag.body) & {each.name for each in index_letters(tag.of)}
    return frozenset(found)


def _tags(node: Node) -> Iterator[Tag]:
    if isinstance(node, Tag):
        yield node
    for part in _parts(node):
        yield from _tags(part)


def _parts(node: Node) -> list[Node]:
    found: list[Node] = []
    for name in getattr(node, "__dataclass_fields__", {}):
        value = getattr(node, name)
        cells = value if isinstance(value, tuple) else (value,)
        for cell in cells:
            found.extend(each for each in (cell if isinstance(cell, tuple) else (cell,)) if isinstance(each, Node))
    return found


# The order


Known: TypeAlias = set[Any]
Step: TypeAlias = Callable[[Statement, Known], list[str]]
"""Adds what a statement defines to what is known; returns what it lacks."""


def ordered(found: Sequence[Item], known: Known, step: Step) -> tuple[list[Statement], list[str]]:
    """Return the statements in an order in which each has what it needs, and what is lacking."""
    order: list[Statement] = []
    problems: list[str] = []
    found = list(found)
    place = 0
    while place < len(found):
        letters = _loops_at(found, place)
        if _letter(found[place]) is None and not any(_plain(found[place], set(known), step)[1]):
            letters = []
        attempts = []
        for letter in letters:
            attempts.append(_loop_from(found, place, letter, known, step))
            if not attempts[-1].lacking:
                break
        if not attempts:
            run, lacking = _plain(found[place], known, step)
            order.extend(run)
            problems.extend(lacking)
            place += 1
            continue
        best = min(attempts, key=lambda each: len(each.lacking))
        problems.extend(best.lacking)
        order.extend(best.run)
        known |= best.known
        place = best.stop
    return order, problems


def _plain(item: Item, known: Known, step: Step) -> tuple[list[Statement], list[str]]:
    """Return the statements of a line that stands in no loop, for all its values, and what they lack."""
    order: list[Statement] = []
    problems: list[str] = []
    for letters in item.values or ({},):
        for statement in item.statements(letters):
            problems.extend(step(statement, known))
            order.append(statement)
    return order, problems


@dataclass(frozen=True)
class _Attempt:
    """The lines from a place on as a loop: what they lack, what they state, what is known then, where it ends."""

    lacking: list[str]
    run: list[Statement]
    known: Known
    stop: int


def _loop_from(found: Sequence[Item], place: int, letter: str, known: Known, step: Step) -> _Attempt:
    """Return the longest loop over a letter that begins at a place and lacks nothing, else the shortest."""
    lines: list[Item] = []
    for at_ in range(place, len(found)):
        pinned = _pinned(found, at_, letter)
        if pinned is None and letter not in _letters(found[at_]):
            break
        lines.append(pinned or _outside(found[at_], letter))
    best: _Attempt | None = None
    for count in range(len(lines), 0, -1):
        for backwards in (False, True):
            attempt = set(known)
            run, lacking = _loop(lines[:count], letter, backwards, attempt, step)
            if best is None or not lacking or (len(lacking) <= len(best.lacking) and count == 1):
                best = _Attempt(lacking, run, attempt, place + count)
            if not lacking:
                return best
    assert best is not None
    return best


def _loops_at(found: Sequence[Item], place: int) -> list[str]:
    """Return the letters of loops that may begin at a line, the outermost first."""
    letters = list(dict.fromkeys(letter for item in found[place:] for letter in _letters(item)))
    inside = {letter: {b for item in found for b in _before(item, letter)} for letter in letters}
    may = [each for each in letters if each in _letters(found[place]) or _pinned(found, place, each)]
    return sorted(may, key=lambda letter: len(inside[letter]))


def _before(item: Item, letter: str) -> list[str]:
    """Return the letters outside of another in a line."""
    letters = _letters(item)
    return letters[: letters.index(letter)] if letter in letters else []


def _letters(item: Item) -> list[str]:
    """Return the letters that a line is said for, the outermost first."""
    return list(item.values[0]) if item.values else []


def _outside(item: Item, letter: str) -> Item:
    """Return a line with one of its letters as the outermost."""
    return replace(item, values=tuple({letter: each[letter], **each} for each in item.values))


def _pinned(found: Sequence[Item], place: int, letter: str) -> Item | None:
    """Return a line of a loop that is said for one value only, δ at the last step, as a line for that value."""
    item = found[place]
    symbol = _defined(item)
    if letter in _letters(item) or symbol is None:
        return None
    places = {
        at_
        for each in found
        if (other := _defined(each)) is not None and len(other.indices) == len(symbol.indices)
        for at_, index in enumerate(other.indices)
        if letter in {str(free) for free in index.free_symbols}
    }
    if not places and len(symbol.indices) == 1:
        places = {0}
    if len(places) != 1:
        return None
    index = at(symbol, item.bound).indices[places.pop()]  # type: ignore[attr-defined]
    values = tuple({letter: int(index), **each} for each in item.values or ({},)) if index.is_Integer else ()
    return replace(item, values=values) if values else None


def _defined(item: Item) -> Indexed | None:
    """Return the symbol with indices whose value, or whose error, a line defines."""
    left = item.sides[0][0] if item.sides and item.sides[0] else None
    symbol = left.of.of if isinstance(left, Tag) and isinstance(left.of, Adjoint) else getattr(left, "of", None)
    return symbol if isinstance(symbol, Indexed) else None


def _letter(item: Item) -> str | None:
    """Return the outermost letter of a line."""
    return next((letter for each in item.values for letter in each), None)


def _loop(
    found: Sequence[Item], letter: str, backwards: bool, known: Known, step: Step
) -> tuple[list[Statement], list[str]]:
    values = sorted({each[letter] for item in found for each in item.values if letter in each}, reverse=backwards)
    order: list[Statement] = []
    problems: list[str] = []
    for value in values:
        inside = [item for each in found if (item := each.fixed(letter, value)).values]
        run, lacking = ordered(inside, known, step)
        order.extend(run)
        problems.extend(lacking)
        if lacking:
            break
    return order, problems
