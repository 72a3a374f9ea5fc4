"""The heads of attention as one array, with the heads as its first axis, where the lists have the equations of each.

Proved from structure alone: matrices are an array where their equations are one equation but for matrices that are
arrays themselves, or are the same for all. Rows of one matrix that tile it in order are a view of it, any others are
put behind one another; errors that fill the rows of one matrix, as the parts of a stack, are that matrix again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Basic, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol

from symbp.equations import System, symbols_in
from symbp.numeric.schedule import Lists, Rewriting, between
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.positions import Offsets, OffsetSums, Rotate, SumExamples, Tile
from symbp.ops.softmax import Softmax, SoftmaxJacobian
from symbp.ops.structure import Rows, Stack, filling
from symbp.ops.within import Mix, Within
from symbp.symbols import Adjoint, Variable

OF_EACH = (
    *(Within, MaskedSoftmax, Softmax, SoftmaxJacobian, Rotate, Tile, SumExamples, Offsets, OffsetSums),
    *(Elementwise, Slope, HadamardProduct, MatAdd),
)
"""What NumPy does to every matrix of an array of matrices as it does to one."""


class Split(MatrixExpr):
    """The rows of A as ``count`` matrices behind one another: count·r × columns as an array of matrices r × columns."""

    shape = property(lambda self: (self.args[0].shape[0] / self.args[1], self.args[0].shape[1]))


class Merge(MatrixExpr):
    """The ``count`` matrices of an array one above another: what undoes ``Split``."""

    shape = property(lambda self: (self.args[0].shape[0] * self.args[1], self.args[0].shape[1]))


class Pick(MatrixExpr):
    """The matrix of an array at a place, counted from 0."""

    shape = property(lambda self: self.args[0].shape)


def with_heads(forward: System, backward: System, wrt: Sequence[Variable]) -> tuple[Lists, Lists]:
    """Return both lists with one array for the heads of each attention; as they are where there are none."""
    heads = _Heads(forward, backward)
    for equation in forward:
        heads.join(equation.rhs)
    if not heads.arrays:
        return forward, backward
    heads.join_errors()
    ahead, back = heads.scheduled(wrt)
    return (ahead, back) if _in_order(ahead, back) else (forward, backward)


def _in_order(ahead: Lists, back: Lists) -> bool:
    """Say whether every equation has what it needs: a head that reads another head leaves no order for an array."""
    known = set(ahead.given)
    for equation in (*ahead, *back):
        if not known.issuperset(symbols_in(equation.rhs)):
            return False
        known.add(equation.lhs)
    return True


Parts = tuple[MatrixSymbol, ...]


class _Heads(Rewriting):
    """The definitions of both lists while matrices of one shape are made one array."""

    def __init__(self, forward: System, backward: System) -> None:
        super().__init__(forward, backward)
        self.arrays: dict[Parts, MatrixSymbol] = {}
        self._waiting: list[Parts] = []

    def join(self, rhs: MatrixExpr) -> None:
        """Make an array of mixed values, if they are what is stacked, and of all they stem from."""
        if not isinstance(rhs, Stack) or len({*rhs.args}) == 1 or len({part.shape for part in rhs.args}) > 1:
            return
        if all(isinstance(self.defined.get(part), Mix) for part in rhs.args):
            self._array(rhs.args)
            self._define()

    def join_errors(self) -> None:
        """Make arrays of the errors of what is an array; what fills a matrix with an array is the array."""
        for parts in [*self.arrays]:
            if all(Adjoint(part) in self.defined for part in parts):
                self._array(tuple(map(Adjoint, parts)))
        self._define()
        for equation in (*self.forward, *self.backward):
            rhs = equation.rhs
            parts = rhs.args if isinstance(rhs, Stack) else tuple(filling(rhs)) if isinstance(rhs, MatAdd) else ()
            array = self.arrays.get(parts)
            if array is not None and isinstance(self.defined[parts[0]], Pick):
                self.defined[equation.lhs] = Merge(array, len(parts))

    def _array(self, parts: Parts) -> MatrixSymbol:
        """Return the symbol of an array of matrices; it is defined later."""
        if parts not in self.arrays:
            of = tuple(part.of if isinstance(part, Adjoint) else part for part in parts)
            whole = self.arrays[of] if of in self.arrays else self._named(of)
            self.arrays[parts] = Adjoint(whole) if of != parts else whole
            self._waiting.append(parts)
        return self.arrays[parts]

    def _named(self, parts: Parts) -> Variable:
        """Return a symbol of the shape of one part: heads.Q for head1.Q and head2.Q."""
        before, _, behind = between([part.name for part in parts])
        like, (rows, columns) = parts[0], parts[0].shape
        name = self.free(f"{before or like.name}s{behind}")
        return Variable(name, rows, columns, like.role, like.stem, like.layer, like.path, like.step)

    def _define(self) -> None:
        while self._waiting:
            parts = self._waiting.pop()
            whole, equations = self.arrays[parts], [self.defined.get(part) for part in parts]
            once = None if len({*parts}) < len(parts) or len({*equations}) == 1 else self._of_all(equations)
            if once is not None:
                self.defined[whole] = once
                self.defined |= {part: Pick(whole, place) for place, part in enumerate(parts)}
            else:
                self.defined[whole] = Split(_tiled(equations) or Stack(*parts), len(parts))

    def _of_all(self, nodes: Sequence[Any]) -> Any:
        """Return one expression for those of all heads, None where they are not one."""
        first = nodes[0]
        if len({*nodes}) == 1:
            return first
        if len({(type(node), len(node.args) if isinstance(node, Basic) else 0) for node in nodes}) > 1:
            return None
        if isinstance(first, MatrixSymbol):
            return self._array(tuple(nodes)) if len({node.shape for node in nodes}) == 1 else None
        if not isinstance(first, OF_EACH) and not _is_scaled(first):
            return None
        args = [self._of_all(each) for each in zip(*(node.args for node in nodes), strict=True)]
        return None if None in args else first.func(*args)


def _is_scaled(node: MatrixExpr | None) -> bool:
    return isinstance(node, MatMul) and len(node.as_coeff_matrices()[1]) == 1


def _tiled(equations: Sequence[MatrixExpr | None]) -> MatrixExpr | None:
    """Return the matrix whose rows the equations take, all of them in order."""
    first = equations[0]
    if not isinstance(first, Rows) or first.shape[0] * len(equations) != first.args[0].shape[0]:
        return None
    whole, _, count = first.args
    in_order = (
        isinstance(each, Rows) and each.args == (whole, place * count, count) for place, each in enumerate(equations)
    )
    return whole if all(in_order) else None
