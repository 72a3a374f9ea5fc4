"""What layers write their equations into: names, layer numbers and parameters in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.networks.images import Images
from symbp.symbols import BATCH, Role, Variable, width


class Builder:
    """Collects the forward list while layers add to it; the layer number counts weight layers so far.

    ``images`` knows which symbols are images. Inside a ``scope`` the names carry its path
    (``block1.attention.WQ``). A name that is taken gets a suffix.
    """

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.parameters: list[Variable] = []
        self.images = Images()
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

    def parameter(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int) -> Variable:
        """Declare a parameter of the current layer."""
        variable = self._variable(stem, role, rows, cols)
        self.parameters.append(variable)
        return variable

    def define(self, stem: str, role: Role, rhs: MatrixExpr, rows: Expr | int, cols: Expr | int = BATCH) -> Variable:
        """Name a matrix of the current layer and add its equation."""
        variable = self._variable(stem, role, rows, cols)
        self.equations.append(Equation(variable, rhs))
        self.images.follow(variable, rhs)
        return variable

    def _variable(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int) -> Variable:
        base = f"{self.path}.{stem}{self.layer}" if self.path else f"{stem}{self.layer}"
        name = base if base not in self._taken else next(n for n in _suffixed(base) if n not in self._taken)
        self._taken.add(name)
        return Variable(name, rows, cols, role, stem, self.layer, self.path)


def _suffixed(base: str) -> Iterator[str]:
    return (f"{base}_{index}" for index in count(2))
