"""What layers write their equations into: names, layer numbers and parameters in one place."""

from __future__ import annotations

from sympy import Expr, MatrixExpr

from symbp.equations import Equation
from symbp.symbols import BATCH, Role, Variable, width


class Builder:
    """Collects the forward list while layers add to it; the layer number counts weight layers so far."""

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.parameters: list[Variable] = []
        self.layer = 0

    def next_layer(self) -> int:
        """Begin the next weight layer and return its number, from 1."""
        self.layer += 1
        return self.layer

    def units(self, given: int | None) -> Expr | int:
        """Return the number of units of the current layer: as given, else the symbol n_l."""
        return given if given is not None else width(self.layer)

    def parameter(self, stem: str, role: Role, rows: Expr | int, cols: Expr | int) -> Variable:
        """Declare a parameter of the current layer."""
        variable = Variable(f"{stem}{self.layer}", rows, cols, role, stem, self.layer)
        self.parameters.append(variable)
        return variable

    def define(self, stem: str, role: Role, rhs: MatrixExpr, rows: Expr | int, cols: Expr | int = BATCH) -> Variable:
        """Name a matrix of the current layer and add its equation."""
        variable = Variable(f"{stem}{self.layer}", rows, cols, role, stem, self.layer)
        self.equations.append(Equation(variable, rhs))
        return variable
