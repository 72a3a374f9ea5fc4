"""In which orientation somebody writes matrices: examples as columns or rows, weights as in torch.nn.Linear or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symbp.derivation import Derivation
from symbp.symbols import BATCH, Role, Variable


@dataclass(frozen=True)
class Layout:
    """An orientation: which matrices are the transposes of ours. ``flat`` gives biases one axis."""

    name: str
    data: bool = False
    weights: bool = False
    flat: bool = False

    def turns(self, variable: Variable) -> bool:
        """Whether this matrix is the transpose of ours."""
        if variable.role is Role.WEIGHT:
            return self.weights
        return self.data

    def theirs(self, variable: Variable, array: Any) -> Any:
        """Return one of our arrays as they write it, in memory of its own."""
        turned = array.T if self.turns(variable) else array
        vector = (
            self.flat and variable.role is not Role.WEIGHT and not variable.shape[1].has(BATCH) and 1 in turned.shape
        )
        return turned.reshape(-1).copy() if vector else turned.copy()

    def shape(self, variable: Variable, ours: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape they should give a matrix of our shape."""
        return ours[::-1] if self.turns(variable) else ours

    def ours(self, variable: Variable, array: Any) -> Any:
        """Return one of their matrices in our orientation."""
        return array.T if self.turns(variable) else array


COLUMNS = Layout("columns are examples")
COLUMNS_FLAT = Layout("columns are examples, biases have one axis", flat=True)
ROWS = Layout("rows are examples, weights inputs × outputs", data=True, weights=True)
ROWS_FLAT = Layout("rows are examples, weights inputs × outputs, biases have one axis", True, True, True)
ROWS_LINEAR = Layout("rows are examples, weights outputs × inputs", data=True)
ROWS_LINEAR_FLAT = Layout("rows are examples, weights outputs × inputs, biases have one axis", True, False, True)

BY_COLUMNS = (COLUMNS, COLUMNS_FLAT)
BY_ROWS = (ROWS, ROWS_FLAT, ROWS_LINEAR, ROWS_LINEAR_FLAT)


def variables(derivation: Derivation) -> dict[str, Variable]:
    """Return every symbol of the forward list by its name."""
    return dict(derivation.network.by_name)
