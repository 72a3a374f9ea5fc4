"""The factors of a formula that is a product: each left out in turn, and the text without it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from symbp.judging.written import TypedSide

SIGNS = "*@·⊙×⋅"
"""What joins two factors."""


def without_one(tree: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield a product without one of its factors, and the factor that is left out."""
    if not isinstance(tree, ast.BinOp) or not isinstance(tree.op, ast.Mult | ast.MatMult):
        return
    for kept, other, left in ((tree.left, tree.right, True), (tree.right, tree.left, False)):
        if not (isinstance(other, ast.BinOp) and isinstance(other.op, ast.Mult | ast.MatMult)):
            yield kept, other
        for shorter, factor in without_one(kept):
            pair = (shorter, tree.right) if left else (tree.left, shorter)
            yield ast.copy_location(ast.BinOp(pair[0], tree.op, pair[1]), tree), factor


def cut(source: TypedSide, factor: ast.expr) -> str:
    """Return a formula as it was typed without one factor and the sign that joins it."""
    start, end = source.span(factor)
    rest = source.source[end:]
    before, after = source.source[:start].rstrip(), rest.lstrip()
    gap = rest[: len(rest) - len(after)]
    if before and before[-1] in SIGNS:
        before = before[:-1].rstrip()
    elif not before and after[:1] in tuple(SIGNS):
        after = after[1:].lstrip()
    if not before or not after or before[-1] == "(":
        return before + after
    return before + (gap if after[0] in f"{SIGNS})." else " ") + after
