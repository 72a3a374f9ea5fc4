"""What equal parts of a block share: heads that take the rows of a matrix between them, gates that are one map."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from sympy import MatrixSymbol

from symbp.equations import Equation, System, nodes
from symbp.networks.blocks import Block, Kind, moving
from symbp.ops.structure import Rows


def tiled(system: System, block: Block) -> tuple[MatrixSymbol, ...]:
    """Return the matrices that the heads of an attention tile: head h has block h of their rows, all equally many.

    A matrix that several heads share, as keys of grouped queries, is none of them.
    """
    heads = [child for child in block.children if child.kind is Kind.HEAD]
    taken: dict[MatrixSymbol, list[Rows]] = {}
    for head in heads:
        for equation in system[head.first : head.stop]:
            if isinstance(equation.rhs, Rows):
                taken.setdefault(equation.rhs.args[0], []).append(equation.rhs)
    return tuple(matrix for matrix, rows in taken.items() if _tile(matrix, rows, len(heads)))


def _tile(matrix: MatrixSymbol, rows: Sequence[Rows], count: int) -> bool:
    """Tell whether blocks of rows lie below each other, one a head, and fill the matrix."""
    if len(rows) != count:
        return False
    size = rows[0].shape[0]
    return size * count == matrix.shape[0] and all(each.args[1:] == (at * size, size) for at, each in enumerate(rows))


def equal_maps(system: System, blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """Group blocks whose first equations are one map with parameters of their own, as the gates of a cell are.

    Groups stand in the order of their first blocks; a block that is like no other is a group of its own.
    """
    known = moving(system)
    found: dict[Hashable, list[Block]] = {}
    for block in blocks:
        found.setdefault(tuple(_form(system[block.first], known)), []).append(block)
    return [tuple(group) for group in found.values()]


def _form(equation: Equation, known: set[str]) -> Iterator[Hashable]:
    """Yield a right side node by node: what moves by its name, a parameter by what it is and its shape."""
    for node in nodes(equation.rhs):
        if not isinstance(node, MatrixSymbol):
            yield type(node).__name__
        elif node.name in known:
            yield node.name
        else:
            yield node.role, node.shape
