"""An operation alone: its equations end in its outputs, and the gradient of each output comes from above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from sympy import MatrixExpr

from symbp.equations import Equation, ForwardSystem
from symbp.networks.network import Network
from symbp.ops.losses import LinkedLoss, Loss
from symbp.ops.upstream import Upstream, upstream
from symbp.symbols import Adjoint, Role, Variable

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Plan:
    """What the page of an operation shows of its lists; what it says stands in words/.

    ``sections`` are those of its sentences, the first that has one; a sentence may name every symbol of the lists,
    and the ``formulas``: equations, which hold beside those of the lists, and expressions. ``notes`` are paragraphs
    behind the backward pass, ``entries`` the equations that are shown entry by entry as well. Of the errors of
    ``explained`` the sentence of their rule is said where the operation has none of its own.

    ``layout`` is which matrices hold their transpose, ``one`` shows one example. ``step`` is the letter of the index
    of which the operation is one step. ``letters`` are those of symbols that would get others. ``order`` are the names
    whose gradients the backward pass shows in this order, ``inlined`` those that do not stand in the formula of the
    whole operation. ``steps`` builds the same from elementary equations, of which every one is shown.
    """

    sections: tuple[str, ...]
    layout: Literal["columns", "tokens"] = "columns"
    one: bool = False
    step: str = ""
    order: tuple[str, ...] = ()
    inlined: tuple[str, ...] = ()
    letters: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    formulas: Mapping[str, Equation | MatrixExpr] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    explained: tuple[str, ...] = ()
    steps: Callable[[], OperationNetwork] | None = None


class OperationNetwork(Network):
    """One operation: ``equations`` from the given matrices to ``outputs``, whose gradients come from above.

    The gradient of every parameter and of every input is derived. ``inputs`` of another role than
    ``Role.INPUT`` (masks) have none. A ``loss`` in place of outputs is an operation that is a loss itself; its
    targets are ``targets``.

    Raises:
        SpecError: a symbol used before it is defined, or defined twice.
        ShapeError: shapes that do not fit.
    """

    alone = True

    def __init__(
        self,
        name: str,
        equations: Sequence[Equation],
        inputs: Sequence[Variable],
        outputs: Sequence[Variable] = (),
        parameters: Sequence[Variable] = (),
        *,
        plan: Plan,
        source: str = "",
        loss: Loss | None = None,
        targets: Sequence[Variable] = (),
    ) -> None:
        self.name, self.plan, self.source = name, plan, source
        self.layers = ()
        self.named, self.batch = True, True
        self.inputs, self.parameters = tuple(inputs), tuple(parameters)
        self.y = targets[0] if targets else None
        self.depth = 0
        self.loss_node = loss if loss is not None else upstream(*outputs)
        self.loss = Variable("loss", 1, 1, Role.LOSS, "loss")
        self.output = self.loss_node.args[1] if isinstance(self.loss_node, LinkedLoss) else self.loss_node.args[0]
        given = (*self.inputs, *targets, *(Adjoint(y) for y in outputs), *self.parameters)
        self.forward = ForwardSystem([*equations, Equation(self.loss, self.loss_node)], given=given)

    @property
    def is_loss(self) -> bool:
        """Whether the operation is a loss itself, so that nothing comes from above."""
        return not isinstance(self.loss_node, Upstream)

    @property
    def given_gradients(self) -> tuple[tuple[MatrixExpr, MatrixExpr], ...]:
        """The outputs with their gradients from above."""
        return self.loss_node.pairs if isinstance(self.loss_node, Upstream) else ()

    @property
    def wrt(self) -> tuple[Variable, ...]:
        """What is differentiated by: the parameters, and the inputs as well."""
        return (*self.parameters, *(each for each in self.inputs if each.role is Role.INPUT))
