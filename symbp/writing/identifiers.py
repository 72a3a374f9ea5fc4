"""The letters of a notation as names in a program: W1, delta2, Z_hat1; what a notation has no letter for keeps its own.

A gradient by what is given is dW1 whatever the letter of errors, as its page writes ∂ℒ/∂W, and so is every error where
errors have no letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace

from sympy import MatrixSymbol

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.maths.names import GREEK
from symbp.maths.notation import Notation
from symbp.maths.tree import Accent, Fence, Id, Node, Num, Row, Script, Sign, Tag
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.symbols import Adjoint

WORDS: Mapping[str, str] = {letter: name for name, letter in GREEK.items()} | {"ℓ": "ell", "∂": "d", "∇": "grad"}
"""How a program spells what is no letter of its alphabet."""

LOSS = "loss"
"""What the loss is called in every program."""


def identifiers(derivation: Derivation, notation: Notation) -> dict[str, str]:
    """Return the name of each symbol of a derivation in a program, by its key; none for what has no letter there.

    Raises:
        SpecError: the notation has no page for the network.
    """
    network = copy(derivation.network)
    network.batch = True  # A program has all examples: Z and A, not z and a.
    c = context(replace(derivation, network=network), notation, complete=True)
    repeated = {each.name: indexed for each, indexed in c.reading.folded.names.items()}
    given = {each.name for each in derivation.forward.given}
    equations: tuple[Equation, ...] = (*derivation.unstacked.forward, *derivation.unstacked.backward)
    found: dict[str, str] = {}
    apart: dict[str, str] = {}
    for symbol in (*derivation.forward.given, *(each.lhs for each in equations)):
        of = symbol.of if isinstance(symbol, Adjoint) else symbol
        whole, is_error = repeated.get(of.name, of), isinstance(symbol, Adjoint)
        is_gradient = is_error and (of.name in given or not notation.named_error)
        name = _joined(_of(c, Adjoint(whole) if is_error and not is_gradient else whole))
        name = f"d{name}" if is_gradient and name else name
        if not (name.isidentifier() and name.isascii()):
            continue
        name += apart.get(of.name, "") if is_error else ""  # The error of Z2_ is no other's than delta_Z2_.
        alike = [each for each in found.values() if each.rstrip("_") == name]
        if alike and not is_error:
            apart[symbol.name] = "_" * len(alike)
        found[symbol.name] = name + apart.get(symbol.name, "")
    return found


def _of(c: Context, symbol: MatrixSymbol) -> list[str]:
    """Return the words of a symbol; none where the page has no letter for it."""
    of = symbol.of if isinstance(symbol, Adjoint) else symbol
    return [*_words(c.names.symbol(symbol))] if c.names.slot(of) in c.names.parts else []


def _words(node: Node) -> Iterator[str]:
    """Yield letters, words and numbers from left to right: what stands below before what stands above."""
    match node:
        case Tag():
            yield from _words(node.body)
        case Id(name, style):
            yield LOSS if style == "script" else WORDS.get(name, name)
        case Num():
            yield node.digits
        case Sign(sign):
            yield from (WORDS[sign],) if sign in WORDS else ()
        case Accent():
            yield from (*_words(node.base), node.mark)
        case Script():
            for part in (node.base, node.sub, node.sup):
                yield from () if part is None else _words(part)
        case Fence():
            yield from _words(node.body)
        case Row():
            for part in node.items:
                yield from _words(part)


def _joined(words: list[str]) -> str:
    """Return words as one name: a number stands at a letter, words and further numbers behind a low line."""
    name = ""
    for word in words:
        is_close = not name or (word[:1].isdigit() and not name[-1:].isdigit())
        name += word if is_close else f"_{word}"
    return re.sub(r"\W", "_", name)
