"""What stands together in a model: heads one behind the other, queries, keys and values by their names, its modules.

The layer tree is the one that the structure shows; the modules of the model widen its blocks and give them names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from sympy import Basic, MatAdd, MatrixExpr, MatrixSymbol

from symbp.equations import Equation, System
from symbp.networks.blocks import Block, Kind, block_of, module_of
from symbp.networks.recognition import recognised
from symbp.nodes import number_and_factors
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.softmax import Softmax
from symbp.ops.structure import Stack
from symbp.ops.within import Gram, Mix
from symbp.symbols import Role, Variable

_HEAD = re.compile(r"(.*?)\.?head(\d+)\Z")

_WIDER = (Kind.ATTENTION,)
"""Blocks that are all that their module does: the products before them as well."""


def together(equations: Sequence[Equation]) -> list[Equation]:
    """Return the equations with those of each head of attention one behind the other."""
    found: list[Equation] = []
    for path, run in groupby(equations, key=_attention):
        part = list(run)
        found += sorted(part, key=_head) if path else part
    return found


def _attention(equation: Equation) -> str:
    """Return the module whose head an equation belongs to."""
    head = _HEAD.match(_path(equation.lhs))
    return head[1] or "." if head else ""


def _head(equation: Equation) -> int:
    head = _HEAD.match(_path(equation.lhs))
    return int(head[2]) if head else 0


def _path(symbol: MatrixSymbol) -> str:
    return symbol.path if isinstance(symbol, Variable) else ""


def with_letters(equations: Sequence[Equation]) -> list[Equation]:
    """Return the equations with Q, K, V, S, P and A where they are attention."""
    made = {each.lhs: each.rhs for each in equations}
    letters: dict[Variable, tuple[str, Role]] = {}
    for equation in equations:
        if not isinstance(equation.rhs, Softmax | MaskedSoftmax):
            continue
        scores = equation.rhs.args[0]
        product = next(_products(scores, made), None)
        if product is None:
            continue
        key, query = product.args[:2]
        letters |= {query: ("Q", Role.QUERY), key: ("K", Role.KEY), scores: ("S", Role.SCORE)}
        letters[equation.lhs] = ("P", Role.ATTENTION)
        for each in equations:
            if isinstance(each.rhs, Mix) and each.rhs.args[1] == equation.lhs:
                letters |= {each.rhs.args[0]: ("V", Role.VALUE), each.lhs: ("A", Role.MIXED)}
    mixed = {symbol for symbol, (stem, _) in letters.items() if stem == "A"}
    for each in equations:
        if isinstance(each.rhs, Stack) and mixed.issuperset(each.rhs.args):
            letters[each.lhs] = ("A", Role.MIXED)
    taken = {each.lhs.name for each in equations if each.lhs not in letters}
    renamed: dict[Basic, Basic] = {}
    for symbol in [each.lhs for each in equations if each.lhs in letters]:
        stem, role = letters[symbol]
        renamed[symbol] = _renamed(symbol, stem, role, taken)
    return [Equation(renamed.get(each.lhs, each.lhs), each.rhs.xreplace(renamed)) for each in equations]


def _products(scores: MatrixExpr, made: dict[MatrixSymbol, MatrixExpr]) -> Iterator[MatrixExpr]:
    """Yield the product of keys and queries that scores are made of, scaled, shifted or masked."""
    expr = made.get(scores, scores)
    for term in expr.args if isinstance(expr, MatAdd) else (expr,):
        _, factors = number_and_factors(term)
        if len(factors) == 1 and isinstance(factors[0], Gram):
            yield factors[0]
        elif len(factors) == 1 and factors[0] in made and factors[0] != scores:
            yield from _products(factors[0], made)


def _renamed(symbol: Variable, stem: str, role: Role, taken: set[str]) -> Variable:
    base = f"{symbol.path}.{stem}" if symbol.path else stem
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return Variable(name, *symbol.shape, role, stem, symbol.layer, symbol.path, symbol.step)


RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
"""Operations whose equations are the steps of a recurrent layer."""


def tree(forward: System, kinds: Mapping[str, str]) -> Block:
    """Return the layer tree of a model: that of its structure, its blocks as wide as their modules, by their names.

    ``kinds`` has the operation that wrote each equation.
    """
    paths = [_HEAD.sub(r"\1", _path(each.lhs)) for each in forward]
    found = _by_modules(_widened(recognised(forward), paths), paths)
    runs = groupby(range(len(forward)), key=lambda at: kinds.get(forward[at].name, ""))
    layers = [_layer(forward, kind, list(run)) for kind, run in runs if kind in RECURRENT]
    return _with_layers(found, layers) if layers else found


def _layer(forward: System, kind: str, places: Sequence[int]) -> Block:
    """Return a recurrent layer with its steps, each from the first equation that has its number to the last."""
    children = []
    for step, run in groupby(places, key=lambda at: getattr(forward[at].lhs, "step", None)):
        own = list(run)
        if step:
            children.append(block_of(Kind.STEP, own[0], own[-1] + 1, (), f"step{step}"))
    name = kind.partition("_")[0]
    return block_of(Kind.RECURRENT, places[0], places[-1] + 1, children, name)


def _with_layers(block: Block, layers: Sequence[Block]) -> Block:
    """Return a tree in which recurrent layers stand for what the structure shows of them."""
    taken = {at for each in layers for at in range(each.first, each.stop)}
    kept = [each for each in block.children if taken.isdisjoint(range(each.first, each.stop))]
    return replace(block, children=tuple(sorted([*kept, *layers], key=lambda each: each.first)))


def _widened(block: Block, paths: Sequence[str]) -> Block:
    """Return a block in which attention has all that its module computes."""
    children = [_widened(each, paths) for each in block.children]
    for child in [each for each in children if each.kind in _WIDER]:
        module = module_of(paths[child.first : child.stop])
        if not module:
            continue
        first, stop = child.first, child.stop
        while first > block.first and _is_in(paths[first - 1], module):
            first -= 1
        while stop < block.stop and _is_in(paths[stop], module):
            stop += 1
        inner = [each for each in children if first <= each.first and each.stop <= stop]
        if any(each.first < first < each.stop or each.first < stop < each.stop for each in children):
            continue
        whole = Block(child.kind, "", first, stop, child.children)
        children = sorted([*(each for each in children if each not in inner), whole], key=lambda each: each.first)
    return replace(block, children=tuple(children))


def _is_in(path: str, module: str) -> bool:
    return path == module or path.startswith(f"{module}.")


def _by_modules(block: Block, paths: Sequence[str], outer: str = "") -> Block:
    """Return a block and those inside with their modules as names, where they have modules of their own."""
    module = module_of(paths[block.first : block.stop])
    children = [_by_modules(each, paths, module) for each in block.children]
    name = module if module != outer and block.kind is not Kind.NETWORK else ""
    found = block_of(block.kind, block.first, block.stop, children, name)
    return replace(found, name=block.name) if block.kind is Kind.NETWORK else found
