"""What scalar functions are called on a page: by their own names, told apart where two would have one name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbp.maths.scalars import word
from symbp.maths.tree import Node, Num, Script
from symbp.ops.elementwise import Formula, GenericFunction, ScalarFunction

SHORT: Mapping[str, str] = {"gelu_tanh": "GELU", "logsigmoid": "LogSigmoid"}
"""Names where a function's own text is a formula or longer than a page with no other of its kind needs."""


def own_name(function: ScalarFunction) -> Node:
    """Return the name of a function by itself: a letter, or a word with what stands below it."""
    name, _, below = (function.text if function.name != "logsigmoid" else SHORT[function.name]).partition("_")
    return Script(word(name), word(below)) if below else word(name)


def names_of(functions: Iterable[ScalarFunction]) -> dict[ScalarFunction, Node]:
    """Return the name of every function that has one: short, its own where others are as short, numbered at last."""
    named = [each for each in dict.fromkeys(functions) if not isinstance(each, GenericFunction | Formula)]
    found: dict[ScalarFunction, Node] = {
        each: word(SHORT[each.name]) if each.name in SHORT else own_name(each) for each in named
    }
    for group in _alike(found):
        found |= {each: own_name(each) for each in group}
    for group in _alike(found):
        found |= {each: Script(found[each], Num(str(at))) for at, each in enumerate(group, 1)}
    return found


def _alike(found: Mapping[ScalarFunction, Node]) -> list[list[ScalarFunction]]:
    """Return the functions that have one name, together."""
    groups: dict[Node, list[ScalarFunction]] = {}
    for function, name in found.items():
        groups.setdefault(name, []).append(function)
    return [group for group in groups.values() if len(group) > 1]
