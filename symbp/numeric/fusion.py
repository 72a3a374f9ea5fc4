"""The two lists as a program runs them: what the steps of a sequence repeat is one product.

The lists that are derived, printed and checked stay as they are. Here they become others that mean the same:

- The heads of attention are one array (``heads``).
- The gates of a recurrent cell, found as products with the same right factors whose left factors are the same
  parameters at every step, are one product: the parameters stand one above another, and so do the activations of
  gates of one kind, the errors of all gates, and the gradients of the parameters.
- A gradient added up over the steps, Σ_t δ_t·x_tᵀ, is one product of the errors and of the x_t, side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import cast

from sympy import Add, Basic, HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import Equation, System, operands
from symbp.nodes import sum_of
from symbp.numeric.heads import with_heads
from symbp.numeric.schedule import Lists, Rewriting, between, shared
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.structure import Rows, Stack
from symbp.symbols import Adjoint, Variable

FEWEST_STEPS = 4
"""Copying matrices into one pays where at least so many products gain by it."""

LONGEST_LETTERS = 12
"""Longest run of letters in the name of a block: Wifog of Wi, Wf, Wo and Wg."""


class Beside(MatrixExpr):
    """Matrices of equally many rows side by side."""

    def __new__(cls, *parts: MatrixExpr) -> Beside:
        """Place the parts in their order."""
        return cast("Beside", Basic.__new__(cls, *parts))

    shape = property(lambda self: (self.args[0].shape[0], Add(*(part.shape[1] for part in self.args))))


def fused(forward: System, backward: System, wrt: Sequence[Variable]) -> tuple[Lists, Lists]:
    """Return both lists as a program should run them; where nothing repeats they are what they were."""
    ahead, back = with_heads(forward, backward, wrt)
    blocks = _Blocks(ahead, back)
    for steps in _cells(ahead):
        blocks.join_cell(steps)
    for equation in back:
        blocks.join_products(equation.lhs)
    for symbol in [*blocks.defined]:
        if isinstance(symbol, Adjoint):
            blocks.join_sums(symbol)
    return blocks.scheduled(wrt) if blocks.made else (ahead, back)


def _cells(forward: Lists) -> Iterator[list[list[MatrixSymbol]]]:
    """Yield for each recurrent cell its steps: the gates of each, those with the same activation together."""
    given = set(forward.given)
    alike: dict[object, list[Equation]] = defaultdict(list)
    for equation in forward:
        summands = _summands(equation.rhs)
        if all(isinstance(term, MatMul) and term.args[0] in given for term in summands):
            alike[equation.lhs.shape, *(term.args[1:] for term in summands)].append(equation)
    cells: dict[tuple[MatrixSymbol, ...], list[list[MatrixSymbol]]] = defaultdict(list)
    for gates in alike.values():
        parameters = tuple(term.args[0] for gate in gates for term in _summands(gate.rhs))
        if len(gates) > 1 and len(set(parameters)) == len(parameters):
            cells[parameters].append([gate.lhs for gate in gates])
    functions = {each.rhs.args[1]: each.rhs.function for each in forward if _is_activation(each.rhs)}
    kinds = [*dict.fromkeys(functions.values())]
    for steps in cells.values():
        if len(steps) >= FEWEST_STEPS:
            yield [sorted(gates, key=lambda z: kinds.index(functions[z]) if z in functions else -1) for gates in steps]


def _is_activation(rhs: MatrixExpr) -> bool:
    return isinstance(rhs, Elementwise) and len(rhs.args) == 2


def _summands(rhs: MatrixExpr) -> Sequence[MatrixExpr]:
    return rhs.args if isinstance(rhs, MatAdd) else (rhs,)


class _Blocks(Rewriting):
    """The definitions of both lists while matrices of one shape are made parts of blocks, one above another."""

    def __init__(self, forward: Lists, backward: Lists) -> None:
        super().__init__(forward, backward)
        self.made: dict[MatrixSymbol, Sequence[MatrixSymbol]] = {}
        self._home: dict[MatrixSymbol, tuple[MatrixSymbol, int]] = {}
        self._activations = {each.rhs.args[1]: each.lhs for each in forward if _is_activation(each.rhs)}
        self._rows: dict[tuple[MatrixSymbol, ...], MatrixSymbol] = {}

    def join_cell(self, steps: Sequence[Sequence[MatrixSymbol]]) -> None:
        """Make blocks of the parameters of a cell, and at every step of its gates and of their errors."""
        sums = [_summands(self.defined[gate]) for gate in steps[0]]
        parameters = [[term.args[0] for term in terms] for terms in zip(*sums, strict=True)]
        for group in parameters:
            self._make(self._named(group), group, Stack(*group))
        for gates in steps:
            self._join_step(gates)
        for group in parameters:
            gradients = [Adjoint(parameter) for parameter in group]
            self._lift(Adjoint(self._home[group[0]][0]), gradients)

    def _join_step(self, gates: Sequence[MatrixSymbol]) -> None:
        z = self._named(gates)
        if not self._lift(z, gates):
            return
        errors: list[MatrixExpr] = []
        for _, run in groupby(gates, self._function):
            part = [*run]
            errors += self._join_run(z, part) if self._function(part[0]) else [Adjoint(gate) for gate in part]
        whole = Adjoint(z)
        if all(error in self.defined for error in errors) and errors != [whole]:
            self._make(whole, [Adjoint(gate) for gate in gates], Stack(*errors))

    def _function(self, gate: MatrixSymbol) -> object:
        return self.defined[self._activations[gate]].args[0] if gate in self._activations else None

    def _join_run(self, z: MatrixSymbol, gates: Sequence[MatrixSymbol]) -> list[MatrixExpr]:
        """Make a block of gates with one activation, and return the errors that stand for theirs."""
        errors = [Adjoint(gate) for gate in gates]
        if len(gates) == 1:
            return errors
        if len(gates) < len(self.made[z]):
            first, rows = self._home[gates[0]][1], gates[0].shape[0]
            whole = self._named(gates)
            self._make(whole, gates, Rows(z, first * rows, len(gates) * rows))
            z = whole
        activations = [self._activations[gate] for gate in gates]
        a = self._named(activations)
        reached = [Adjoint(each) for each in activations]
        if not self._lift(a, activations) or not all(each in self.defined for each in (*reached, *errors)):
            return errors
        self._make(Adjoint(a), reached, Stack(*reached))
        return [Adjoint(z)] if self._lift(Adjoint(z), errors) else errors

    def join_products(self, symbol: MatrixSymbol) -> None:
        """Replace Σ_k U_kᵀ·δ_k by Uᵀ·δ, where U and δ are blocks of all U_k and δ_k."""
        terms: dict[MatrixExpr, list[MatrixExpr]] = {}
        for term in _summands(self.defined[symbol]):
            terms.setdefault(self._product(term) or term, []).append(term)
        if len(terms) < len(_summands(self.defined[symbol])):
            joined = (
                [product] if product in found or len(found) == len(self._parts_of(product)) else found
                for product, found in terms.items()
            )
            self.defined[symbol] = sum_of([term for group in joined for term in group], symbol.shape)

    def _product(self, term: MatrixExpr) -> MatrixExpr | None:
        """Return the product of blocks that a product U_kᵀ·δ_k is one summand of."""
        if not isinstance(term, MatMul) or not isinstance(term.args[0], Transpose) or len(term.args) != 2:
            return None
        weight, error = (self._home.get(symbol, (None, 0)) for symbol in (term.args[0].arg, term.args[1]))
        return MatMul(Transpose(weight[0]), error[0]) if weight[0] and error[0] and weight[1] == error[1] else None

    def _parts_of(self, product: MatrixExpr) -> Sequence[MatrixSymbol]:
        return self.made[product.args[1]]

    def join_sums(self, symbol: MatrixSymbol) -> None:
        """Replace Σ_t δ_t·x_tᵀ, and Σ_t δ_t·1, by one product of the matrices side by side."""
        terms = _summands(self.defined[symbol])
        for kind in (Transpose, OneMatrix):
            found = [term for term in terms if _is_product(term, kind)]
            if len(found) >= FEWEST_STEPS:
                left = self._row([term.args[0] for term in found], symbol.layer)
                ones = OneMatrix(left.shape[1], found[0].shape[1])
                right = ones if kind is OneMatrix else self._row([term.args[1].arg for term in found], symbol.layer).T
                terms = [MatMul(left, right), *(term for term in terms if term not in found)]
        self.defined[symbol] = sum_of([*terms], symbol.shape)

    def _lift(self, whole: MatrixSymbol, parts: Sequence[MatrixSymbol]) -> bool:
        """Make parts a block that is computed at once, if their equations are one in terms of blocks."""
        if not all(part in self.defined for part in parts):
            return False
        found = {self._in_blocks(self.defined[part], place) for place, part in enumerate(parts)}
        if len(found) != 1 or None in found:
            return False
        self._make(whole, parts, found.pop())
        for place, part in enumerate(parts):
            self.defined[part] = Rows(whole, place * part.shape[0], part.shape[0])
        return True

    def _in_blocks(self, rhs: MatrixExpr, place: int) -> MatrixExpr | None:
        """Return a right side in the blocks whose parts at a place it is computed from row by row; None for others."""
        if isinstance(rhs, MatrixSymbol):
            whole, at = self._home.get(rhs, (None, place))
            return whole if at == place else None
        if isinstance(rhs, MatMul):
            number, (first, *others) = rhs.as_coeff_matrices()
            block = self._in_blocks(first, place)
            return None if block is None else MatMul(*([] if number == 1 else [number]), block, *others)
        if not isinstance(rhs, (MatAdd, HadamardProduct, Elementwise, Slope)):
            return None
        found = [self._in_blocks(each, place) if isinstance(each, MatrixExpr) else each for each in rhs.args]
        return None if None in found else rhs.func(*found)

    def _make(self, whole: MatrixSymbol, parts: Sequence[MatrixSymbol], rhs: MatrixExpr) -> None:
        self.defined[whole] = rhs
        self.made[whole] = parts
        self._home |= {part: (whole, place) for place, part in enumerate(parts)}

    def _row(self, parts: Sequence[MatrixSymbol], layer: int) -> MatrixSymbol:
        """Return the symbol of matrices side by side, one for the same matrices."""
        key = tuple(parts)
        if key not in self._rows:
            beside = Beside(*parts)
            named = [part.of if isinstance(part, Adjoint) else part for part in parts]
            name = self.free(shared([part.name for part in named]) or named[0].name, "_all")
            like = named[0]
            symbol = Variable(name, beside.shape[0], beside.shape[1], like.role, like.stem, layer, like.path)
            self._rows[key] = Adjoint(symbol) if isinstance(parts[0], Adjoint) else symbol
            self._make(self._rows[key], (), beside)
        return self._rows[key]

    def _named(self, parts: Sequence[MatrixSymbol]) -> Variable:
        """Return a symbol for the parts one above another: what their names share, and the letters between in order."""
        before, rest, behind = between([part.name for part in parts])
        letters = "".join(rest)
        name = self.free(f"{before}{letters if len(letters) <= LONGEST_LETTERS else ''}{behind}")
        like, (rows, columns) = parts[0], parts[0].shape
        return Variable(name, len(parts) * rows, columns, like.role, like.stem, like.layer, like.path, like.step)


def _is_product(term: MatrixExpr, behind: type) -> bool:
    """Say whether a term is a symbol times what is of a type: δ·xᵀ."""
    if not isinstance(term, MatMul) or len(term.args) != 2 or not isinstance(term.args[1], behind):
        return False
    return all(isinstance(each, MatrixSymbol) for each in (term.args[0], *operands(term.args[1])))
