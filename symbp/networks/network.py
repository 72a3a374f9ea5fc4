"""A network: its forward list, its parameters and its loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from sympy import Expr, MatrixExpr, MatrixSymbol

from symbp.collector import pause_collector
from symbp.domain import Called, described, takes
from symbp.equations import Equation, ForwardSystem, symbols_in
from symbp.errors import SpecError, later
from symbp.limits import BYTES_PER_LAYER, MAX_LAYERS
from symbp.networks.blocks import Block, Kind
from symbp.networks.builder import Builder, Record
from symbp.networks.general import ANY, General
from symbp.networks.given import FunctionName, Let, LossName, Value, require_used
from symbp.networks.images import Image
from symbp.networks.inner import Inner
from symbp.networks.layers import (
    SOFTMAX,
    Dense,
    Layer,
    SequenceLayer,
    activation_of,
    kind_of,
    require_units,
    tokens_of,
)
from symbp.networks.loss_choice import is_written, link_of, loss_node
from symbp.networks.operations import Operation
from symbp.networks.origins import Origin, Origins
from symbp.networks.places import place
from symbp.nodes import matadd
from symbp.ops.elementwise import ScalarFunction
from symbp.ops.functions import exact
from symbp.ops.literal import Literal
from symbp.ops.losses import LinkedLoss, Loss
from symbp.ops.penalty import Penalty
from symbp.sample import Sample
from symbp.symbols import BATCH, Role, Variable, width

if TYPE_CHECKING:
    from symbp.networks import files, matrix_expressions, recognition
    from symbp.networks.matrix_expressions import Parsed
else:
    files = later("symbp.networks.files")
    matrix_expressions = later("symbp.networks.matrix_expressions")
    recognition = later("symbp.networks.recognition")  # It knows all operations, and deriving needs none of them.

Name = Annotated[str, Called("the name of a file, an example or an operation")]
Letter = Annotated[str, Called("the letter L")]


class Network:
    """A stack of layers with a loss: ``forward`` is the list of its equations, the last one the loss.

    Args:
        layers: at least one layer.
        inputs: the number of inputs n_0, or an ``Image`` for layers that need one; None leaves it symbolic.
        loss: a name, ``name(number)``, an expression in a and y, or None for a loss left open.
        batch: show the derivation for a batch of m columns instead of one example. The calculus always
            carries m columns, T·m where an attention layer says that an example is T tokens; that is always a batch.
        let: exact values of the names in a custom loss.
        l2: λ of an L2 penalty, an exact number: the loss is what the data gives plus λ/2 times the sum of the
            squares of all weights (not of biases).

    The inputs are X, or X1 … XT where a layer has ``steps``; ``inputs`` are all of them, then masks and initial states.

    Raises:
        SpecError: a layer, width or loss that symbp cannot accept.
    """

    images: Mapping[MatrixSymbol, Image] = MappingProxyType({})
    """The geometry of the symbols that are images."""

    origins: Origins = Origins()
    """What layers said of where sizes come from."""

    written: tuple[tuple[str, Variable], ...] = ()
    """The losses that equations spell out: their names, each with the outputs that it compares."""

    inner: tuple[Inner, ...] = ()
    """The gradients that its own equations compute."""

    curved: tuple[Variable, Variable] | None = None
    """By what it gives the Hessian, and the direction that this is multiplied by; None where it gives a gradient."""

    title: str = ""
    """What a file says in its first line that it is."""

    _record: Record | None = None
    """The layer tree as layers wrote it down; None for equations."""

    sample: Sample | None = None
    """The numbers of the model that it was made from, and the model's own gradients; None for any other."""

    from_model: bool = False
    """Whether the paths of its symbols are those of the modules of somebody's model."""

    general: General | None = None
    """How the networks are built that it stands for; None where it is one network and nothing else."""

    alone: ClassVar[bool] = False
    """Whether it is an operation alone, which has a page of its own."""

    @takes
    @pause_collector()
    def __init__(
        self,
        layers: Sequence[Layer],
        inputs: int | Image | None = None,
        loss: LossName | None = None,
        *,
        batch: bool = False,
        let: Let | None = None,
        l2: Value | None = None,
    ) -> None:
        if not layers:
            raise SpecError("a network needs at least one layer")
        self.layers = tuple(layers)
        self._loss, self._let, self._l2 = loss, let, l2
        begins = any(getattr(layer, "begins_tokens", False) for layer in _bare(self.layers))
        columns = (1 if begins else tokens_of(self.layers)) * BATCH
        self.batch = batch or columns != BATCH or begins
        builder = Builder(columns)
        data = _data(self.layers, _rows(inputs), columns)
        if isinstance(inputs, Image):
            for each in data:
                builder.images.add(each, inputs)
        for each in data if not isinstance(inputs, Image) else ():
            builder.origins.brings(each, 0, Origin.INPUTS if columns == BATCH else Origin.WIDTH)
            builder.origins.begin(0)
        builder.origins.brings(data[0], 1, Origin.TOKENS)
        self.output = out = _built(self.layers, builder, data)
        self.inputs: tuple[Variable, ...] = (*data, *builder.inputs)
        self.depth = builder.layer
        self.parameters = tuple(builder.parameters)
        self.images = builder.images.known
        y = Variable("Y", out.args[1], out.args[2], Role.TARGET, "Y", builder.layer)
        self.y: Variable | None = y
        lines = self._loss_lines(builder, y)
        self.loss_node: MatrixExpr = lines[-1].rhs
        self.loss = Variable("loss", 1, 1, Role.LOSS, "loss", builder.layer)
        with builder.block(Kind.LOSS):
            builder.equations += [*lines[:-1], *self._losses(l2)]
        self.forward = ForwardSystem(builder.equations, given=(*self.inputs, y, *self.parameters))
        self._record, self.origins = builder.whole, builder.origins
        self.named = False

    def _loss_lines(self, builder: Builder, y: Variable) -> Sequence[Equation]:
        """Return the equations of the data's loss, the last one the loss: one, or several where it is written out."""
        if self._loss is None or not is_written(self._loss):
            return [Equation(y, loss_node(self._loss, builder.equations, y, self._let or {}))]
        lines, self.written = matrix_expressions.loss_lines(self._loss, builder.equations, y, builder.layer)
        return lines

    def _losses(self, l2: Value | None) -> list[Equation]:
        """Return the equations of the loss: one, or the data's, the penalty and their sum."""
        if l2 is None:
            return [Equation(self.loss, self.loss_node)]
        factor = exact(l2, "l2")
        if factor <= 0:
            raise SpecError(f"l2 is {l2}: give a positive number, such as 0.01, or leave it out")
        data, penalty = (Variable(name, 1, 1, Role.LOSS, name, self.depth) for name in ("data", "penalty"))
        weights = [parameter for parameter in self.parameters if parameter.role is Role.WEIGHT]
        return [
            Equation(data, self.loss_node),
            Equation(penalty, Penalty(factor, *weights)),
            Equation(self.loss, matadd(data, penalty)),
        ]

    @property
    def x(self) -> Variable:
        """The first of what is given to it; a system without inputs has none."""
        return self.inputs[0]

    @property
    def loss_name(self) -> str | None:
        """The name of its loss in the tables, "generic" for one left open; None where it has none."""
        if isinstance(self.loss_node, Loss):
            return self.loss_node.name
        return self.written[-1][0] if self.written else None

    def opened(self) -> Network | None:
        """Return the same network with all widths left open; None where a layer, or the loss, cannot leave its own."""
        if any(isinstance(each.rhs, Literal) for each in self.forward):
            return None
        found: list[Layer] = []
        for layer in self.layers:
            open_ = getattr(layer, "opened", None)
            opened = open_() if open_ is not None else None
            if opened is None:
                return None
            found.append(opened)
        return Network(found, None, self._loss, batch=self.batch, let=self._let, l2=self._l2) if found else None

    @classmethod
    @takes
    def equations(
        cls,
        equations: Sequence[str],
        shapes: Mapping[str, Any],
        parameters: Sequence[str] | None = None,
        inputs: Sequence[str] | None = None,
        targets: Sequence[str] | None = None,
        *,
        constants: Sequence[str] | None = None,
        frozen: Sequence[str] | None = None,
        loss: str | None = None,
        batch: bool | None = None,
    ) -> Network:
        """Return the network of equations of one's own, such as ``H = tanh(W @ X + b)``, the last one the loss.

        ``shapes`` maps each given name to (rows, columns), numbers or names of dimensions, ``"m"`` the number of
        examples. ``parameters``, ``inputs`` and ``targets`` say what the given names are, ``constants`` are given
        with the inputs, and so are ``frozen`` weights, which are not trained; unless they are named, names that begin
        with Y are targets, others with m in their shape inputs, and the rest parameters. A column that meets m
        columns is repeated: b·1ᵀ. Of several losses ``loss`` names one. ``batch`` None shows a batch where a shape
        has m.

        Raises:
            SpecError: a line or name that symbp cannot accept.
            ShapeError: shapes that do not fit, with the equation, both shapes and the dimension.
        """
        named = {
            "inputs": inputs, "targets": targets, "parameters": parameters, "constants": constants, "frozen": frozen,
        }  # fmt: skip
        return cls.of(matrix_expressions.parse_equations(equations, shapes, named, loss), batch)

    @classmethod
    def of(cls, parsed: Parsed, batch: bool | None = None) -> Network:
        """Return the network of a forward list, of lines that were read or made without any."""
        network = cls.__new__(cls)
        network.layers = ()
        network.named = True
        network.forward = parsed.forward
        network.inputs, network.parameters = parsed.inputs, parsed.parameters
        network.depth, network.written, network.inner = parsed.layers, parsed.written, parsed.inner
        network.y = parsed.targets[0] if parsed.targets else None
        network.loss = parsed.equations[-1].lhs
        losses = [each.rhs for each in parsed.equations if isinstance(each.rhs, Loss)]
        network.loss_node = losses[-1] if losses else parsed.equations[-1].rhs
        compared = (each for each in symbols_in(network.loss_node) if each.name in network.forward)
        linked = isinstance(network.loss_node, LinkedLoss)
        network.output = network.loss_node.args[1] if linked else next(compared, network.loss)
        network.batch = (
            BATCH in {size for each in network.forward.given for size in each.shape} if batch is None else batch
        )
        return network

    @classmethod
    @takes
    def load(
        cls,
        path: Name | Path,
        *,
        batch: bool = False,
        unroll: int | None = None,
        loss: str | None = None,
        python: str | None = None,
        inputs: Sequence[Sequence[int]] | None = None,
    ) -> Network:
        """Return a network by name: a file, a model, a shipped example, or an operation that is derived alone.

        ``model.py:make`` is a model of PyTorch: ``make()`` returns a module, or (module, inputs), or (module, inputs,
        target, loss). What it does not return is drawn: ``inputs`` are shapes such as ``[(5, 3, 8)]``, ``loss`` is a
        name of ``torch.nn.functional``. It runs in ``python``, ours unless another is named, and the network has a
        ``sample``. An ``.onnx`` file has no loss, so ``loss`` says it.

        Any other file is ``.toml`` or ``.json`` as ``symbp schema`` says, else lines of equations; it goes before an
        example.

        ``batch`` shows a batch whatever the file says; ``unroll`` is the number of steps of its recurrent layers,
        in place of what the file says; ``loss`` chooses one of several losses of a file of equations.

        Raises:
            SpecError: no such file or name, a file that cannot be read, or what is wrong in it with its place.
            ShapeError: shapes in it that do not fit.
        """
        found = place(path) if isinstance(path, str) else path
        if isinstance(found, Operation):
            files.require_model(found.name, python=python, inputs=inputs)
            if batch or unroll is not None or loss is not None:
                what = "has all its columns, is one step and has no loss: leave out batch, unroll and loss"
                raise SpecError(f"{found.name} alone {what}")
            return found.build()
        return files.load(found, batch=batch, unroll=unroll, loss=loss, python=python, inputs=inputs)

    @classmethod
    @takes
    @pause_collector()
    def mlp(
        cls,
        layers: int | Letter | None = None,
        widths: Sequence[int] | int | None = None,
        activation: FunctionName | None = None,
        output_activation: FunctionName | None = None,
        loss: LossName | None = None,
        bias: bool = True,
        batch: bool = False,
        let: Let | None = None,
    ) -> Network:
        """Return a multilayer perceptron of ``layers`` weight layers; ``"L"`` is any number of them.

        ``widths`` are L + 1 numbers from the inputs to the outputs, or one number for every layer; without
        them the widths stay symbolic. ``activation`` None leaves f open, ``loss`` None leaves 𝓛 open. The
        output activation defaults to the loss's link (softmax, sigmoid), else to ``activation``.

        Raises:
            SpecError: a number of layers, width, activation or loss that symbp cannot accept.
        """
        if isinstance(layers, str):
            _require_any(layers, widths)
            return General(layers, lambda count: cls.mlp(
                count, widths, activation, output_activation, loss, bias, batch, let
            )).shown  # fmt: skip
        sizes = _sizes(layers, widths)
        if activation == SOFTMAX and len(sizes) > 2:
            raise SpecError("softmax stands on the output only here: give it as the output activation")
        last = output_activation or link_of(loss) or activation
        names = [activation] * (len(sizes) - 2) + [last]
        values = dict(let or {})
        require_used(values, [text for text in (activation, output_activation, loss) if text])
        chosen = _activations([name for name in dict.fromkeys(names) if name], values)
        rows = list(zip(sizes[1:], names, strict=True))
        equal = {row: Dense(row[0], chosen.get(row[1]), bias) for row in dict.fromkeys(rows)}
        return cls([equal[row] for row in rows], sizes[0], loss, batch=batch, let=values)

    @cached_property
    def by_name(self) -> dict[str, Variable]:
        """Every symbol of the forward list by its name."""
        symbols = (*self.forward.given, *(equation.lhs for equation in self.forward))
        return {symbol.name: symbol for symbol in symbols}

    @cached_property
    def blocks(self) -> Block:
        """The layer tree: the whole forward list as a block, the layers and what they are made of inside.

        Layers recorded it while they built; in equations it is found from structure.
        """
        if self._record is not None:
            return self._record.block()
        return recognition.recognised(self.forward)

    @property
    def wrt(self) -> tuple[Variable, ...]:
        """What is differentiated by unless somebody says otherwise: the parameters, or by what a Hessian is."""
        return self.parameters if self.curved is None else self.curved[:1]

    @property
    def widths(self) -> tuple[Expr, ...]:
        """n_0 to n_L: numbers where given, symbols where not."""
        rows = [parameter.args[1] for parameter in self.parameters if parameter.role is Role.WEIGHT]
        return (self.x.args[1], *rows)


def _data(layers: Sequence[Layer], rows: Expr | int, columns: Expr) -> tuple[Variable, ...]:
    """Return X, or X1 … XT for the first layer that has steps."""
    steps = next((layer.steps for layer in layers if hasattr(layer, "steps") and not _is_aside(layer)), None)
    if steps is None:
        return (Variable("X", rows, columns, Role.INPUT, "X"),)
    return tuple(Variable(f"X{step}", rows, columns, Role.INPUT, "X", step=step) for step in range(1, steps + 1))


def _built(layers: Sequence[Layer], builder: Builder, data: tuple[Variable, ...]) -> Variable:
    """Build one layer behind the other, on one matrix or on a sequence of them; return the output.

    Raises:
        SpecError: a layer that reads one matrix gets a sequence.
    """
    sequence = any(hasattr(layer, "steps") and not _is_aside(layer) for layer in layers)
    out: Variable | tuple[Variable, ...] = data if sequence else data[0]
    owners: dict[int, int] = {}
    for layer in layers:
        builder.origins.begin(owners.setdefault(id(layer), len(owners) + 1))
        first = len(builder.equations)
        if isinstance(out, Variable):
            out = layer.build(builder, out)
        elif isinstance(layer, SequenceLayer):
            out = layer.build_steps(builder, out)
        else:
            raise SpecError(
                f"{kind_of(layer)} reads one matrix and gets a sequence of {len(out)}: "
                "put it behind the last recurrent layer, which returns its last state (sequence is false)"
            )
        builder.close(first)
    if isinstance(out, Variable) and builder.equations and builder.equations[-1].lhs != out:
        raise SpecError(
            "the network ends in an encoder, which nothing reads: put a block with cross-attention behind it"
        )
    if not isinstance(out, Variable):
        raise SpecError(f"the network ends in a sequence of {len(out)} matrices: leave sequence out of its last layer")
    return out


def _is_aside(layer: Layer) -> bool:
    """Whether a layer reads another sequence than the one that passes through it."""
    return any(getattr(each, "reads_another", False) for each in _bare([layer]))


def _bare(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Yield layers without what says where they stand or how they are called."""
    for layer in layers:
        inner = getattr(layer, "layer", None)
        yield from [layer] if inner is None else _bare([inner])


def _rows(inputs: int | Image | None) -> Expr | int:
    """Return n_0: as given, the values of an image, or the symbol."""
    if inputs is None:
        return width(0)
    if isinstance(inputs, Image):
        return inputs.rows
    require_units(inputs)
    return inputs


def _sizes(layers: int | None, widths: Sequence[int] | int | None) -> list[int | None]:
    """Return n_0 … n_L, None for each width that stays symbolic."""
    if layers is None:
        layers = 3 if widths is None or isinstance(widths, int) else len(widths) - 1
    require_layers(layers)
    if widths is None:
        return [None] * (layers + 1)
    given = [widths] * (layers + 1) if isinstance(widths, int) else list(widths)
    if len(given) != layers + 1:
        raise SpecError(
            f"{layers} layers need {layers + 1} widths, inputs first and outputs last, or one number for all; "
            f"{len(given)} given"
        )
    for units in given:
        require_units(units)
    return list(given)


def _require_any(letter: str, widths: Sequence[int] | int | None) -> None:
    """Refuse another letter for any number of layers, and a width for each of them."""
    if letter != ANY:
        raise SpecError(
            f"a network cannot have {described(letter)} layers: give a whole number, or {ANY} for any number"
        )
    if not (widths is None or isinstance(widths, int)):
        raise SpecError(f"a network of any depth has one width, or none: give one number beside layers {ANY}")


_SPARE_LETTERS = "hkquvw"


def _activations(names: Sequence[str], let: Let) -> dict[str | None, ScalarFunction | str]:
    """Read each activation once; a second custom function gets a letter of its own."""
    found: dict[str | None, ScalarFunction | str] = {}
    custom: list[ScalarFunction] = []
    for name in names:
        function = SOFTMAX if name == SOFTMAX else activation_of(name, let)
        if isinstance(function, ScalarFunction) and function.name == "f":
            custom.append(function)
            if len(custom) > 1:
                letter = _SPARE_LETTERS[len(custom) - 2]
                function = function.renamed(letter, letter)
        found[name] = function
    return found


def require_layers(layers: object) -> None:
    """Refuse a number of weight layers that is not a whole number from 1 to MAX_LAYERS.

    Raises:
        SpecError: with what was given; too many are refused with the size they would need.
    """
    if isinstance(layers, bool) or not isinstance(layers, int) or layers < 1:
        raise SpecError(f"a network cannot have {described(layers)} layers: give a whole number from 1")
    if layers > MAX_LAYERS:
        size = f"{layers * BYTES_PER_LAYER // 10**9:,} GB" if layers < 10**12 else "more than 10 PB"
        raise SpecError(
            f"{described(layers)} layers would need about {size} of equations: at most {MAX_LAYERS:,} layers"
        )
