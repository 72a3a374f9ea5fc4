"""What a file itself says of the sign and the scale of its gradients: its own step, its own loss."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from symbp.judging.finding import Found

SAME = 1e-6
"""Relative difference up to which two factors are one: people add 1e-12 inside a logarithm."""


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
