"""Lines of equations and declared shapes as text: their grammar, and that every name is what it is used for.

Nothing is built here: a line is split at its =, its words are held against an allow-list and its right side
becomes a syntax tree. ``matrix_expressions`` builds it and checks the shapes.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Integer, Symbol

from symbp.domain import described
from symbp.errors import SpecError, nearest
from symbp.limits import MAX_UNITS
from symbp.networks.matrix_functions import ENTRYWISE, FUNCTIONS
from symbp.networks.named_losses import KEYWORDS
from symbp.networks.reading import NUMBER_AND_NAME, quote, tokens, tree_of
from symbp.symbols import BATCH

Shape = tuple[Expr, Expr]

TOKEN = re.compile(rf"(?:{'|'.join(KEYWORDS)})\s*=(?!=)|{NUMBER_AND_NAME}|\.T\b|\*\*|[-+*/@(),:\[\]]|\s+", re.ASCII)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
TOKENS = re.compile(r"\(?\s*(\d{1,9})\s*[* ]\s*m\s*\)?", re.ASCII)
"""The columns of sequences: so many tokens of every example."""

LINE = re.compile(r"\s*([^=]*?)\s*=(?!=)(.*)", re.DOTALL)

HINTS = {
    "^": "write A**2 for a power",
    "'": "write W.T for the transpose",
    ".": "write W.T for the transpose, and tanh(Z) rather than np.tanh(Z), sum(Z) rather than Z.sum()",
    "=": "one = a line",
    ">": "write where(M, A, B) with a mask M that is given, or max(A, B)",
    "<": "write where(M, A, B) with a mask M that is given, or min(A, B)",
    "|": "write abs(A), or norm(A) for a length",
    "!": "write where(M, A, B) with a mask M that is given",
    "⊙": "write A * B for the product entry by entry",
    "ᵀ": "write W.T for the transpose",
}
"""What to write for pieces that people type and symbp does not take."""

KEYWORD_HINTS = {
    "dim": "write axis=0, down each column, or axis=1, along each row",
    "keepdims": "leave keepdims out: two dimensions are always kept",
    "keepdim": "leave keepdim out: two dimensions are always kept",
    "reduction": "leave reduction out: a loss is the mean over the examples of a sum over the outputs",
    "ignore_index": "write mask=N, a row that is 0 where an example does not count",
    "reduce": "leave reduce out: a loss is the mean over the examples of a sum over the outputs",
}
"""What to write for arguments that have names elsewhere."""


def read_shape(name: str, given: object) -> Shape:
    """Return a declared shape: two numbers or names of dimensions.

    Raises:
        SpecError: a name or size that is not one.
    """
    _require_name(name, "shapes")
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) != 2:
        raise SpecError(f'the shape of {name} is {_short(given)}: give rows and columns, such as (5, 3) or (3, "m")')
    rows, columns = (_dimension(name, size) for size in given)
    return rows, columns


def _dimension(name: str, size: object) -> Expr:
    if isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= MAX_UNITS:
        return Integer(size)
    if isinstance(size, str) and NAME.fullmatch(size) and not keyword.iskeyword(size):
        return Symbol(size, integer=True, positive=True)
    tokens_ = TOKENS.fullmatch(size) if isinstance(size, str) else None
    if tokens_ and 1 <= int(tokens_[1]) <= MAX_UNITS:
        return Integer(tokens_[1]) * BATCH
    raise SpecError(
        f"the shape of {name} has the size {_short(size)}: give a whole number from 1 to {MAX_UNITS:,} "
        'or a name, such as "n"; "m" is the number of examples, "(5 m)" five tokens of each'
    )


def dimensions_of(sizes: Mapping[str, Shape]) -> dict[str, Symbol]:
    """Return the named dimensions, which stand for numbers in an equation."""
    found = (symbol for shape in sizes.values() for size in shape for symbol in size.free_symbols)
    return {symbol.name: symbol for symbol in sorted(found, key=str)}


def _short(given: object) -> str:
    said = ascii(given) if isinstance(given, str) else described(given)
    return said if len(said) <= 40 else f"{said[:39]}…"


def mapping(shapes: object) -> Mapping[str, object]:
    """Return declared shapes by name.

    Raises:
        SpecError: not a mapping of names.
    """
    if not isinstance(shapes, Mapping) or not all(isinstance(name, str) for name in shapes):
        raise SpecError('shapes must map names to shapes, such as {"W": (5, 3), "X": (3, "m")}')
    return shapes


KINDS = ("inputs", "targets", "parameters", "constants", "frozen")
"""What a given name can be."""


def kinds_of(sizes: Mapping[str, Shape], named: Mapping[str, Sequence[str] | None]) -> dict[str, str]:
    """Return the kind of every declared name, in the order of the declaration; ``named`` has names by their kinds.

    Raises:
        SpecError: a name without a shape, in two kinds or in none.
    """
    found: dict[str, str] = {}
    for kind in KINDS:
        for name in named.get(kind) or ():
            if name not in sizes:
                raise SpecError(f"{kind}: {name[:40]!r} has no shape{nearest(name[:40], sizes)}")
            if name in found:
                raise SpecError(f"{kind}: {name} is named twice; it is one of the {found[name]} already")
            found[name] = kind
    for name, size in sizes.items():
        if name in found:
            continue
        kind = default_kind(name, size)
        if named.get(kind) is not None:
            raise SpecError(f"shapes: {name} is neither a parameter nor an input nor a target: name it as one of them")
        found[name] = kind
    return {name: found[name] for name in sizes}


def default_kind(name: str, size: Shape) -> str:
    """Return what a given name is unless somebody says: Y… targets, what has m in its shape inputs."""
    counts = any(each.has(BATCH) for each in size)
    return "targets" if name.startswith("Y") else "inputs" if counts else "parameters"


def _require_name(name: str, where: str) -> None:
    if keyword.iskeyword(name):
        raise SpecError(f"{where}: {name} is a word of Python and no name: use another, such as {name[:3]}")
    if not NAME.fullmatch(name):
        raise SpecError(f"{where}: {_short(name)} is not a name: use letters, digits and _ after a letter")


@dataclass(frozen=True)
class Line:
    """One line: the name it defines, its right side as text and as a tree, and the names that stand there."""

    source: str
    name: str
    right: str
    tree: ast.expr
    used: tuple[str, ...]

    @classmethod
    def of(cls, source: str) -> Line:
        """Split a line at its = and refuse all that is not a name, a number, an operator or a bracket.

        Raises:
            SpecError: the piece that may not stand there, and what to write for it.
        """
        found = LINE.fullmatch(source[: 2 * 10**4])
        if not found or not found[2].strip():
            raise SpecError(f"{quote(source)} is not an equation: write NAME = …, such as H = tanh(W @ X + b)")
        _require_name(found[1], f"the equation {quote(source)}")
        for token in tokens(found[2], TOKEN, "the equation"):
            if isinstance(token, str):
                word = next((each for each in KEYWORD_HINTS if re.search(rf"\b{each}\s*=", found[2])), "")
                hint = KEYWORD_HINTS[word] if token == "=" and word else HINTS.get(token)
                raise SpecError(
                    f"{token!r} may not stand in the equation {quote(source)}" + (f": {hint}" if hint else "")
                )
        right = " ".join(found[2].split())
        tree = tree_of(right, source, "an equation")
        used = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
        return cls(" ".join(source.split()), found[1], right, tree, tuple(name for name in used if name in plain))


def require_names(lines: Sequence[Line], kinds: Mapping[str, str], dimensions: Collection[str]) -> None:
    """Refuse names that are taken, unknown, used too early, in a circle, or declared for nothing.

    Raises:
        SpecError: the name, its line and what to change.
    """
    defined = {line.name: line for line in reversed(lines)}
    known = {*kinds, *dimensions}
    for line in lines:
        if line.name in kinds:
            raise SpecError(f"{line.name} has a declared shape, so it is given, but {quote(line.source)} defines it")
        if line.name in dimensions:
            raise SpecError(f"{line.name} is a dimension, and {quote(line.source)} defines it: use another name")
        if line.name in known:
            raise SpecError(f"{line.name} is defined twice; second time in {quote(line.source)}: use another name")
        for name in line.used:
            if name not in known:
                raise _unknown(name, line, known, defined)
        known.add(line.name)
    for name in known:
        if name.startswith("d") and name[1:] in known:
            raise SpecError(f"the name {name} is taken: it is the gradient of {name[1:]}; use another name")
    used = {name for line in lines for name in line.used}
    for name, kind in kinds.items():
        if name not in used and kind != "parameters":
            raise SpecError(f"{kind}: no equation uses {name}{nearest(name, used - {name})}")


def chosen(lines: Sequence[Line], kinds: dict[str, str], loss: str | None) -> tuple[list[Line], dict[str, str]]:
    """Return the lines that a loss is made of, it the last, and the kinds of what is given for them.

    Raises:
        SpecError: no line has that name, or several losses stand there and none is chosen.
    """
    defined = {line.name: line for line in lines}
    used = {name for line in lines for name in line.used}
    losses = [line.name for line in lines if line.name.startswith("loss") and line.name not in used]
    if loss is None:
        if len(losses) > 1:
            raise SpecError(f"{len(losses)} losses, {' and '.join(losses)}: choose one, such as --loss {losses[0]}")
        return list(lines), kinds
    if loss not in defined:
        raise SpecError(f"no line defines the loss {loss[:40]!r}{nearest(loss[:40], losses or defined)}")
    needed = {loss, *_needs(loss, defined)}
    kept = [line for line in lines if line.name in needed and line.name != loss]
    return [*kept, defined[loss]], {name: kind for name, kind in kinds.items() if name in needed}


def _unknown(name: str, line: Line, known: Iterable[str], defined: Mapping[str, Line]) -> SpecError:
    where = f"in {quote(line.source)}"
    if name not in defined:
        takes = "; it is a function, so give it a matrix" if name in FUNCTIONS or name in ENTRYWISE else None
        return SpecError(
            f"unknown name {name[:40]!r} {where}{takes or nearest(name, known) or '; declare its shape or define it'}"
        )
    if name == line.name or line.name in _needs(name, defined):
        return SpecError(f"a cycle {where}: {name} needs {line.name} itself, and each name is defined before its use")
    family = name.rstrip("0123456789")
    if name != family == line.name.rstrip("0123456789"):
        return SpecError(f"{name} is used before it is defined {where}: let the repeat count the other way, as 5..1")
    return SpecError(f"{name} is used before it is defined {where}: move {quote(defined[name].source)} up")


def _needs(name: str, defined: Mapping[str, Line]) -> set[str]:
    """Return every name a definition needs, directly or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        line = defined.get(waiting.pop())
        fresh = [each for each in line.used if each not in found] if line else []
        found.update(fresh)
        waiting.extend(fresh)
    return found
