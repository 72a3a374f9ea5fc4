"""One evaluation of a gradient by somebody else: a hand-written backward pass, or a model of another library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symbp.errors import ShapeError, SpecError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Axes:
    """How a parameter of a model stands as our matrix: ``name`` and ``shape`` in the model, the ``order`` of its axes.

    The matrix is the tensor with its axes in that order, those of the rows first, laid out as rows and columns.
    """

    name: str
    shape: tuple[int, ...]
    order: tuple[int, ...]

    def tensor(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return a matrix in the shape of the model's parameter."""
        import numpy as np

        turned = matrix.reshape([self.shape[axis] for axis in self.order])
        return turned.transpose([int(at) for at in np.argsort(self.order)])


@dataclass(frozen=True)
class Remark:
    """What was seen of a model beside its equations: ``what`` is a key of the words, ``where`` a module or parameters.

    ``line`` is the line of the user's file, 0 where it is not known.
    """

    what: str
    where: str = ""
    line: int = 0


@dataclass(frozen=True)
class Sample:
    """One evaluation of somebody's gradient, in symbp's orientation: columns are examples.

    ``x`` maps the name of every input (masks among them) to its array, ``parameters`` every parameter; ``y`` is the
    target, None where there is none, and an array by name where there are several. ``given`` holds theirs by the name
    of the variable each is the gradient of: ``"W1"`` for dW1 and, where they gave intermediates, ``"Z2"`` for dZ2.
    ``loss`` is their loss, where they gave it, ``forward`` holds matrices of their forward pass by name, ``"A1"`` for
    A1. How exact the gradients must be follows from their type: float64, float32, or decimals with fewer digits.
    ``axes`` says of the parameters of a model how they stand there, ``remarks`` what else was seen of it.
    """

    parameters: Mapping[str, NDArray[Any]]
    x: Mapping[str, NDArray[Any]]
    y: NDArray[Any] | Mapping[str, NDArray[Any]] | None
    given: Mapping[str, NDArray[Any]]
    loss: float | None = None
    forward: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    axes: Mapping[str, Axes] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def to_torch(self, gradients: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return gradients of the model's parameters under its own names and in its own shapes.

        Raises:
            SpecError: a name that is no parameter of the model.
            ShapeError: a gradient that does not have the shape of its parameter.
        """
        found = {}
        for name, gradient in gradients.items():
            if name not in self.axes:
                raise SpecError(f"the model has no parameter {name!r}{nearest(name, self.axes)}")
            if gradient.shape != self.parameters[name].shape:
                raise ShapeError(
                    f"the gradient of {name} has shape {gradient.shape}, its parameter {self.parameters[name].shape}"
                )
            found[self.axes[name].name] = self.axes[name].tensor(gradient)
        return found
