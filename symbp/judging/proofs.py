"""What a file itself says of the sign and the scale of its gradients: its own step, its own loss."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence

from symbp.judging.finding import Found
from symbp.judging.vocabulary import WORDS, plain_name

SAME = 1e-6
"""Relative difference up to which two factors are one: people add 1e-12 inside a logarithm."""


_SQUARES = re.compile(
    r"sum\((?P<one>[^()]+) \* (?P=one)\)|norm\(.+\) \*\* 2|(?=.*sum\().*(?:\*\* 2|square\()", re.DOTALL
)
"""np.sum(W * W), np.linalg.norm(W) ** 2, np.sum(W ** 2), np.sum(np.square(W)): as Python unparses them."""


def is_added(found: Found) -> bool:
    """Whether the file adds what the function returns to its parameters, and never subtracts it."""
    name = found.signature.name
    signs: set[type[ast.operator]] = set()
    for scope in ast.walk(found.source.tree):
        if not isinstance(scope, ast.FunctionDef) or scope is found.signature.node:
            continue
        results = _results(scope, name)
        for each in ast.walk(scope):
            match each:
                case ast.AugAssign(op=(ast.Add() | ast.Sub()) as sign, value=value) if _holds(value, results):
                    signs.add(type(sign))
                case ast.Assign(
                    targets=[target], value=ast.BinOp(left=left, op=(ast.Add() | ast.Sub()) as sign, right=right)
                ):
                    if ast.unparse(left) == ast.unparse(target) and _holds(right, results):
                        signs.add(type(sign))
    return signs == {ast.Add}


def penalty_share(found: Found) -> float | None:
    """Return what stands before λ times a sum of squares in the file: ½ in ``lam / (2 * m) * np.sum(W1 ** 2)``.

    None where no such product is there, or several that disagree.
    """
    shares: set[float] = set()
    products = [each for each in ast.walk(found.source.tree) if _is_product(each)]
    inside = {id(part) for each in products for part in ast.iter_child_nodes(each)}
    for each in products:
        factors = [] if id(each) in inside else list(_factors(each))
        if any(_is_strength(part) for part, _ in factors) and any(_is_square(part) for part, _ in factors):
            numbers = [_number(part) ** power for part, power in factors]
            shares.add(math.prod(numbers))
    return shares.pop() if len(shares) == 1 else None


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)


def _factors(node: ast.AST, power: int = 1) -> Iterator[tuple[ast.expr, int]]:
    """Yield the factors of a product, each with 1, or -1 where it is divided by."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as sign, right=right):
            yield from _factors(left, power)
            yield from _factors(right, power if isinstance(sign, ast.Mult) else -power)
        case ast.expr():
            yield node, power


def _is_strength(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return "penalty" in WORDS.get(plain_name(name), ())


def _is_square(node: ast.expr) -> bool:
    """Whether a factor is a sum of squares."""
    text = ast.unparse(node)
    return _SQUARES.search(text) is not None


def _number(node: ast.expr) -> float:
    """Return a number; 1 for what is none."""
    value = node.value if isinstance(node, ast.Constant) else 1.0
    return float(value) if isinstance(value, int | float) and value else 1.0


def _results(scope: ast.FunctionDef, name: str) -> set[str]:
    """Return the names that hold what the function returned, and what is taken out of it in loops."""
    found: set[str] = set()
    for each in ast.walk(scope):
        match each:
            case ast.Assign(targets=[target], value=ast.Call(func=ast.Name(id=own) | ast.Attribute(attr=own))) if (
                own == name
            ):
                found |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    for each in ast.walk(scope):
        match each:
            case ast.For(target=target, iter=iterated) if _holds(iterated, found):
                found |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    return found


def _holds(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def is_of_its_loss(factors: Sequence[float], theirs: Sequence[float | None], ours: Sequence[float]) -> bool:
    """Whether the loss that the function returned is ours times the same number as its gradients are."""
    pairs = list(zip(factors, theirs, ours, strict=True))
    return all(
        loss is not None and own and abs(loss / own - factor) <= SAME * abs(factor) for factor, loss, own in pairs
    )
