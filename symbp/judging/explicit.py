"""How somebody says a function is called: ``backprop(weights, biases, x=X, reg=0.1)``, read as data, never run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symbp.errors import SpecError
from symbp.judging.choice import Choice
from symbp.judging.finding import Signature
from symbp.judging.offer import Offer
from symbp.judging.vocabulary import WORDS, plain_name

MAX_CALL = 2000
"""Longest call that is read, in characters."""


@dataclass(frozen=True)
class Said:
    """A call as it was typed: the function, and what each of its arguments is given."""

    function: str
    positional: tuple[ast.expr, ...] = ()
    named: Mapping[str, ast.expr] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Said:
        """Read a call.

        Raises:
            SpecError: it is none, or an argument is still ``?``.
        """
        if "?" in text:
            raise SpecError("--call: give a value in the place of every ?")
        try:
            tree = ast.parse(text[:MAX_CALL], mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SpecError(f'--call {text[:80]!r}: write it as in Python, "backward(X, Y, reg=0.1)"') from None
        if not isinstance(tree, ast.Call) or any(keyword.arg is None for keyword in tree.keywords):
            raise SpecError(f'--call {text[:80]!r}: write it as in Python, "backward(X, Y, reg=0.1)"')
        named = {str(each.arg): each.value for each in tree.keywords}
        return cls(ast.unparse(tree.func), tuple(tree.args), named)

    def choices(
        self, own: Signature, offer: Offer, by_kind: Callable[[str, str], list[Choice]]
    ) -> dict[str, list[Choice]]:
        """Return what each argument takes; ``by_kind`` gives the things of a kind for an argument.

        Raises:
            SpecError: more arguments than the function has, or something that names nothing.
        """
        given = dict(zip(own.arguments, self.positional, strict=False)) | dict(self.named)
        unknown = set(given) - {*own.arguments, *own.keyword_only}
        if len(self.positional) > len(own.arguments) or unknown:
            raise SpecError(f"--call: {own.text} takes no such arguments")
        return {name: self._one(name, node, offer, by_kind) for name, node in given.items()}

    def _one(
        self, name: str, node: ast.expr, offer: Offer, by_kind: Callable[[str, str], list[Choice]]
    ) -> list[Choice]:
        try:
            return [Choice(["value", ast.literal_eval(node)])]
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        if isinstance(node, ast.List | ast.Tuple):
            parts = [self._one(name, each, offer, by_kind)[0].plan for each in node.elts]
            return [Choice(["list" if isinstance(node, ast.List) else "tuple", parts])]
        word = ast.unparse(node)
        exact = offer.symbol(word)
        kinds = WORDS.get(plain_name(word), ())
        found = [offer.matrix(exact)] if exact is not None else [c for kind in kinds for c in by_kind(kind, name)]
        if not found:
            raise SpecError(
                f"--call: {word} for {name} names nothing: give a number, a matrix, parameters, cache, X or Y"
            )
        return found


def line(own: Signature, offer: Offer) -> str:
    """Return the call of a function filled in as far as its names go, ``?`` for the rest."""

    words = {
        "parameters": "parameters", "weights": "weights", "biases": "biases", "cache": "cache", "inputs": "X",
        "targets": "Y", "count": "m",
    }  # fmt: skip
    parts: list[str] = []
    for name in own.required:
        kinds = WORDS.get(plain_name(name), ())
        value = offer.symbol(name) or next((words[kind] for kind in kinds if kind in words), "?")
        is_named = value == "?" or any("=" in each for each in parts) or name in own.keyword_only
        parts.append(f"{name}={value}" if is_named else value)
    return f'--call "{own.called}({", ".join(parts)})"'
