"""An expression as what it does and what it does it to: its operations, and the symbols and numbers in their places."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sympy import Basic, Expr, Integer, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, S, Symbol, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixElement

from symbp.equations import Equation, entries_in, nodes
from symbp.ops.elementwise import GenericFunction
from symbp.ops.structure import Pad, Rows
from symbp.symbols import Adjoint
from symbp.views.turned import Turned

Slot: TypeAlias = MatrixSymbol | Expr
"""What may differ where two expressions do the same: a symbol, the first row of a block, the layer of an open f."""

_FILLED = frozenset({OneMatrix, ZeroMatrix})
_BLOCKS = frozenset({Rows, Pad})


def skeleton(node: MatrixExpr, slots: list[Slot]) -> Hashable:
    """Return an expression without its slots, which are added to ``slots`` from left to right.

    The sizes of ones and zeros follow from what stands beside them; only a single row or column is told apart.
    """
    if isinstance(node, MatrixSymbol):
        slots.append(node)
        return isinstance(node, Adjoint)
    kind = type(node)
    if kind in _FILLED:
        return (kind, *[size is S.One for size in node.args])
    moves = _moves(node)
    parts: list[Any] = [kind]
    for arg in node.args:
        if isinstance(arg, MatrixExpr):
            parts.append(skeleton(arg, slots))
        elif isinstance(arg, GenericFunction):
            slots.append(arg.index)
            parts.append(arg.name)
        elif moves and isinstance(arg, Expr):
            slots.append(arg)
        else:
            parts.append(arg)
    if kind is MatMul and (entries := entries_in(cast("MatMul", node))):
        return _with_entries(parts, entries, slots)
    return tuple(parts)


def _with_entries(parts: list[Any], entries: Sequence[MatrixElement], slots: list[Slot]) -> Hashable:
    """Return what a product does with letters for the entries of matrices in its numbers, whose symbols are slots."""
    letters: dict[Basic, Basic] = {}
    for at, entry in enumerate(entries):
        letters[entry] = Symbol(f"entry{at}")
        parts.append(skeleton(entry.parent, slots))
    return tuple(part.xreplace(letters) if isinstance(part, Expr) else part for part in parts)


def _moves(node: MatrixExpr) -> bool:
    """Whether the numbers of an operation are slots: it takes or fills a block."""
    return (node.form.kind if isinstance(node, Turned) else type(node)) in _BLOCKS


def refilled(node: MatrixExpr, slots: Iterator[Slot]) -> MatrixExpr:
    """Return an expression with other slots, given in the order in which ``skeleton`` lists them."""
    if isinstance(node, MatrixSymbol):
        return cast("MatrixExpr", next(slots))
    kind = type(node)
    if kind in _FILLED:
        return node
    moves = _moves(node)
    args: list[Basic] = []
    for arg in node.args:
        if isinstance(arg, MatrixExpr):
            args.append(refilled(arg, slots))
        elif isinstance(arg, GenericFunction):
            args.append(GenericFunction(arg.name, next(slots)))
        else:
            args.append(next(slots) if moves and isinstance(arg, Expr) else arg)
    if kind is MatMul and (entries := entries_in(cast("MatMul", node))):
        letters = {each: MatrixElement(refilled(each.parent, slots), *each.args[1:]) for each in entries}
        args = [arg if isinstance(arg, MatrixExpr) else arg.xreplace(letters) for arg in args]
    return cast("MatrixExpr", Basic.__new__(kind, *args))


def mapped(expr: MatrixExpr, read: Callable[[Any], Any]) -> MatrixExpr:
    """Return an expression with every slot read otherwise, its nodes kept as they are; of a number, its matrices."""
    if not isinstance(expr, MatrixExpr):
        return expr.xreplace({each: read(each) for each in expr.atoms(MatrixSymbol)})
    slots: list[Slot] = []
    skeleton(expr, slots)
    return refilled(expr, iter([read(slot) for slot in slots]))


def put_in(expr: MatrixExpr, values: Mapping[Expr, Integer]) -> MatrixExpr:
    """Return an expression with values in the place of letters of indices."""
    return mapped(expr, lambda slot: slot.xreplace(values))


class Alike:
    """A change of expressions that looks at what they do and never at the symbols they do it to.

    It is made once for all that do the same, and every other gets its own slots in the places they went to.
    """

    def __init__(self, change: Callable[[MatrixExpr], MatrixExpr]) -> None:
        self.change = change
        self.made: dict[Hashable, tuple[MatrixExpr, list[int]] | None] = {}

    def __call__(self, expr: MatrixExpr) -> MatrixExpr:
        """Return an expression changed."""
        if isinstance(expr, MatrixSymbol):
            return self.change(expr)
        slots: list[Slot] = []
        key = skeleton(expr, slots)
        first: dict[Slot, int] = {}
        same = (key, *[first.setdefault(slot, at) for at, slot in enumerate(slots)])
        if same not in self.made:
            found = self.change(expr)
            self.made[same] = _moved(found, first)
            return found
        made = self.made[same]
        return self.change(expr) if made is None else refilled(made[0], iter([slots[at] for at in made[1]]))


def _moved(expr: MatrixExpr, places: Mapping[Slot, int]) -> tuple[MatrixExpr, list[int]] | None:
    """Return an expression and where its slots were; None where it has sizes of its own, or a slot that is new."""
    slots: list[Slot] = []
    skeleton(expr, slots)
    if any(type(node) in _FILLED for node in nodes(expr)) or not all(slot in places for slot in slots):
        return None
    return expr, [places[slot] for slot in slots]


@dataclass(frozen=True, slots=True)
class Parsed:
    """An equation as what it does and what stands in it, its left side first."""

    equation: Equation
    key: Hashable
    slots: list[Slot]

    @classmethod
    def of(cls, equation: Equation) -> Parsed:
        """Take an equation apart."""
        slots: list[Slot] = []
        skeleton(equation.lhs, slots)
        return cls(equation, skeleton(equation.rhs, slots), slots)
