"""Under which keys code has the parameters of a page, where its letters do not say it: W_cls is ``W4``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from sympy import MatrixSymbol

from symbp.maths.names import ACCENTS, GREEK, commonprefix
from symbp.maths.tree import Id, Node, Num, walk
from symbp.networks.blocks import Kind
from symbp.pages.page import Text
from symbp.pages.tell.context import Context
from symbp.views.lines import Indexed

MOST_KEYS = 3
"""Longest list of the keys of one letter; of a longer one the first and the last are said."""


def with_keys(c: Context, meaning: Text, keys: Sequence[str]) -> Text:
    """Return what letters mean, with their keys; of blocks that repeat, what every block has: hidden.W."""
    if not keys:
        return meaning
    first, *others = scopes(c) or [""]
    own = [key.removeprefix(f"{first}.") for key in keys] if others else keys
    return c.words("notation.key", meaning=meaning, keys=", ".join(_factored(own)))


def keys_of(c: Context, symbol: MatrixSymbol) -> list[str]:
    """Return the keys of a parameter, of all that have its letter; nothing where the letters spell them."""
    if c.any_number is not None and not isinstance(symbol, Indexed):
        return []  # Behind layers of any number it has no number of its own.
    members = [(each.name, spelled) for each, spelled in c.members(symbol) if each.name in c.keys]
    return [] if all(_spell(c, members)) else [name for name, _ in members]


def _spell(c: Context, members: Sequence[tuple[str, MatrixSymbol]]) -> Iterator[bool]:
    """Yield whether each letter spells its key; numbers that count on are not spelled one by one."""
    stem = ""
    for name, spelled in members:
        numbers = [str(each) for each in getattr(spelled, "indices", ())]
        if stem and len(numbers) == 1:
            yield name == stem + numbers[0]
            continue
        letters = spelling(c.names.symbol(spelled))
        if len(numbers) == 1 and letters.endswith(numbers[0]):
            stem = letters.removesuffix(numbers[0])
        yield letters == _plain(name)


def scopes(c: Context) -> list[str]:
    """Return what the keys of blocks that repeat begin with, one a block."""
    names = [each.name for each in c.reading.derivation.blocks if each.kind is Kind.TRANSFORMER]
    return [name for name in names if any(key.startswith(f"{name}.") for key in c.keys)]


def spelling(tree: Node) -> str:
    """Return the letters and the numbers of a name one behind another, Greek letters by their names, without marks."""
    found = (GREEK_NAMES.get(each.name, each.name) if isinstance(each, Id) else each.digits for each in _atoms(tree))
    return "".join(found)


GREEK_NAMES = {letter: name for name, letter in GREEK.items()}


def _atoms(tree: Node) -> Iterator[Id | Num]:
    return (each for each in walk(tree) if isinstance(each, Id | Num))


def _plain(name: str) -> str:
    """Return a key as its letters alone would be: without what joins its words, without the words of marks."""
    return "".join(each for each in name.split("_") if each not in ACCENTS)


def shortened(keys: Sequence[str], endless: bool = False) -> tuple[str, ...]:
    """Return the keys of one letter; of many the first and the last, of any number the first ones."""
    if len(keys) <= MOST_KEYS:
        return tuple(keys)
    return (*keys[:2], MORE) if endless else (keys[0], MORE, keys[-1])


MORE = "…"


def _factored(keys: Sequence[str]) -> Iterator[str]:
    """Yield keys with a path that several have said once: attention.{WQ, WK, WV}."""
    for _, group in groupby(_scoped(keys), key=itemgetter(0)):
        paths = [tuple(key.split(".")) for _, key in group]
        shared = commonprefix([path[:-1] for path in paths if path != (MORE,)])
        inside = ", ".join(".".join(path if path == (MORE,) else path[len(shared) :]) for path in paths)
        start = ".".join(shared)
        yield inside if not shared else f"{start}.{inside}" if len(paths) == 1 else f"{start}.{{{inside}}}"


def _scoped(keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield keys with what their paths begin with; keys that are left out belong to those around them."""
    scopes_ = [key.partition(".")[0] if "." in key else "" for key in keys]
    for at, key in enumerate(keys):
        is_inside = key == MORE and scopes_[at - 1] == scopes_[(at + 1) % len(keys)]
        yield scopes_[at - 1] if is_inside else scopes_[at], key
