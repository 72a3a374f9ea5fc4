"""An operation alone: its equations end in its outputs, and the gradient of each output comes from above."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sympy import MatrixExpr

from symbp.equations import Equation, ForwardSystem
from symbp.networks.network import Network
from symbp.op import ShownStep
from symbp.ops.losses import LinkedLoss, Loss
from symbp.ops.upstream import Upstream, upstream
from symbp.symbols import Adjoint, Role, Variable

Spelling = tuple[str, str, str]
"""A letter in LaTeX, in Unicode and in ASCII."""


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading: sentences, each with the lines of LaTeX it introduces (``&`` aligns them).

    Mathematics in sentences stands between dollars. ``lines`` of a step may be empty.
    """

    title: str
    steps: tuple[ShownStep, ...]


@dataclass(frozen=True)
class Identity:
    """Another way to compute a matrix that has a letter: a sentence, and the equation as the calculus has it."""

    words: str
    equation: Equation


@dataclass(frozen=True)
class Page:
    """What the page of an operation needs beside its equations, as data.

    ``title`` and ``subject`` say what it is, ``layout`` (a sentence) what its rows and columns are. ``letters``
    spell the symbols by name, those of the rows' layout where ``rows`` transposes the displayed equations.
    ``short`` writes dX for ∂ℒ/∂X. ``meanings`` are words for the symbols by name, in the order of the table.
    ``inlined`` are the names that do not stand in the formula of the whole operation, which comes first where there
    are any.
    ``order`` are the names whose gradients the backward pass shows in this order. ``hidden`` are names of equations
    that have no line: their right sides stand inside what uses them. ``errors`` spell the gradients of some names.
    ``opening`` are sentences before it. ``above`` says of outputs, by name, where their gradient comes from.
    ``over_steps``: the operation is one step t of many, whose parameters are shared: a section adds up what the
    steps give them.
    ``why`` explains the step of the backward pass that leads to a symbol, by its name; where it has no entry the
    rule does, where that is empty the equation stands with the one before it. ``definitions`` stand behind the
    forward pass, ``identities`` and ``remarks`` behind the backward pass, ``sections`` follow it. ``elementary``
    builds the same operation from elementary equations, whose backward pass comes first: the steps students learn.
    """

    title: str
    subject: str
    layout: str
    letters: Mapping[str, Spelling] = field(default_factory=lambda: MappingProxyType({}))
    rows: bool = False
    short: bool = False
    meanings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    inlined: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    errors: Mapping[str, Spelling] = field(default_factory=lambda: MappingProxyType({}))
    above: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    over_steps: bool = False
    opening: tuple[ShownStep, ...] = ()
    why: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    definitions: tuple[ShownStep, ...] = ()
    identities: tuple[Identity, ...] = ()
    remarks: tuple[ShownStep, ...] = ()
    sections: tuple[Section, ...] = ()
    elementary: Callable[[], Lone] | None = None


class Lone(Network):
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
        page: Page,
        source: str = "",
        loss: Loss | None = None,
        targets: Sequence[Variable] = (),
    ) -> None:
        self.name, self.page, self.source = name, page, source
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
