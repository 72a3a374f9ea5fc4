"""What layers write their equations into: names, layer numbers and parameters in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.symbols import BATCH, Role, Variable, width


class Builder:
    """Collects the forward list while layers add to it; the layer number counts weight layers so far.

    Inside a ``scope`` the names carry its path (``block1.attention.WQ``). A name that is taken gets a suffix.
    """

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.parameters: list[Variable] = []
        self.inputs: list[Variable] = []
        self.layer = 0
        self.path = ""
        self._taken: set[str] = set()

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Write what is built inside under a path of its own."""
        outer = self.path
        self.path = f"{outer}.{name}" if outer else name
        yield
        self.path = outer

    def next_layer(self) -> int:
        """Begin the next weight layer and return its number, from 1."""
        self.layer += 1
        return self.layer

    def units(self, given: int | None) -> Expr | int:
        """Return the number of units of the current layer: as given, else the symbol n_l."""
        return given if given is not None else width(self.layer)

    def parameter(
        self, stem: str, role: Role, rows: Expr | int, cols: Expr | int, *, numbered: bool = True
    ) -> Variable:
        """Declare a parameter of the current layer; not ``numbered``, its path alone tells the layer."""
        variable = self._variable(stem, role, rows, cols, str(self.layer) if numbered else "")
        self.parameters.append(variable)
        return variable

    def input(
        self, stem: str, role: Role, rows: Expr | int, cols: Expr | int = BATCH, step: int | None = None
    ) -> Variable:
        """Declare what is given beside the data: a mask of the current layer, or a state a sequence starts from."""
        path, self.path = self.path, ""
        variable = self._variable(stem, role, rows, cols, str(self.layer if step is None else step), step)
        self.path = path
        self.inputs.append(variable)
        return variable

    def define(
        self,
        stem: str,
        role: Role,
        rhs: MatrixExpr,
        rows: Expr | int,
        cols: Expr | int = BATCH,
        step: int | None = None,
    ) -> Variable:
        """Name a matrix of the current layer, at a step of a sequence or outside one, and add its equation.

        The name ends in the layer, ``Z1``; at a step in the step where a path tells the layer, ``rnn1.h3``, else
        in both, ``A1_3``.
        """
        number = str(self.layer) if step is None else str(step) if self.path else f"{self.layer}_{step}"
        variable = self._variable(stem, role, rows, cols, number, step)
        self.equations.append(Equation(variable, rhs))
        return variable

    def _variable(
        self, stem: str, role: Role, rows: Expr | int, cols: Expr | int, number: str, step: int | None = None
    ) -> Variable:
        base = f"{self.path}.{stem}{number}" if self.path else f"{stem}{number}"
        name = base if base not in self._taken else next(n for n in _suffixed(base) if n not in self._taken)
        self._taken.add(name)
        return Variable(name, rows, cols, role, stem, self.layer, self.path, step)


def _suffixed(base: str) -> Iterator[str]:
    return (f"{base}_{index}" for index in count(2))
