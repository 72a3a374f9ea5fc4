"""From what a model does to a network: every operation by its row, what nobody reads left out, the loss at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symbp.equations import Equation
from symbp.errors import ShapeError, SpecError, nearest
from symbp.networks.importing.layout import Reader
from symbp.networks.importing.losses import LOSSES
from symbp.networks.importing.message import Argument, Message, Operation, Reference
from symbp.networks.importing.modules import together, tree, with_letters
from symbp.networks.importing.recurrent import cell, recurrent
from symbp.networks.importing.table import TABLE
from symbp.networks.importing.tensors import Source, Tensor
from symbp.networks.matrix_expressions import Parsed
from symbp.networks.network import Network
from symbp.sample import Axes
from symbp.symbols import Role, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS: Mapping[str, Any] = {
    **TABLE,
    **LOSSES,
    **{name: recurrent(name) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    "lstm_cell": cell("lstm"),
    "gru_cell": cell("gru"),
    "rnn_tanh_cell": cell("rnn_tanh"),
    "rnn_relu_cell": cell("rnn_relu"),
}
"""Every operation that can be read."""

IGNORED = ("_assert_tensor_metadata", "_assert_scalar", "sym_constrain_range_for_size", "_assert_async")
"""Operations that compute nothing."""


NOISE = "call eval(), or give the noise as an input"

ADVICE = {
    **dict.fromkeys(("native_dropout", "dropout", "rand", "rand_like", "randn", "randn_like", "bernoulli"), NOISE),
    **dict.fromkeys(("view_as_complex", "view_as_real", "polar", "complex"), "of complex numbers write both parts"),
    **dict.fromkeys(
        ("topk", "scatter", "sort", "index", "nonzero", "index_put"), "which entries it takes depends on values"
    ),
}
"""What to do about some operations that cannot be read."""

PRECISIONS = {
    "float16": "half precision", "bfloat16": "half precision", "complex64": "complex numbers",
    "complex128": "complex numbers",
}  # fmt: skip
"""Types of numbers that no derivation has."""

TARGET = "target"
"""What the export calls what the loss compares with."""


@dataclass(frozen=True)
class Imported:
    """A model as a network, and the numbers of everything that is given to it, by name, at the model's example."""

    network: Network
    values: Mapping[str, NDArray[Any]]
    axes: Mapping[str, Axes]
    message: Message


def imported(message: Message, name: str = "model") -> Imported:
    """Return a model as a network.

    Raises:
        SpecError: operations that symbp does not know, all at once with their lines, or one that it cannot follow.
    """
    require_known(message, name)
    r = Reader(message)
    known = given(r)
    for operation in message.operations:
        if operation.kind in IGNORED:
            continue
        r.begin(operation)
        try:
            row = ROWS[operation.kind]
            found = row(
                r,
                *(resolved(known, each) for each in operation.arguments),
                **{key: resolved(known, each) for key, each in operation.named.items() if key not in _SETTINGS},
            )
        except (SpecError, ShapeError) as error:
            raise SpecError(f"{name}{where(operation)}: {operation.kind}: {error}") from None
        except TypeError as error:
            raise SpecError(f"{name}{where(operation)}: {operation.kind} is called as symbp does not know") from error
        known[operation.name] = found if isinstance(found, tuple) else (found,)
    loss = known[message.result][0]
    assert loss is not None
    return finished(r, loss)


_SETTINGS = ("memory_format", "layout", "device", "pin_memory", "non_blocking", "copy")
"""Arguments that change no numbers."""


def require_known(message: Message, name: str) -> None:
    """Refuse operations without a row, all of them at once.

    Raises:
        SpecError: their names with the lines they stand in.
    """
    unknown = [each for each in message.operations if each.kind not in ROWS and each.kind not in IGNORED]
    if unknown:
        places = dict.fromkeys(f"{each.kind}{where(each)}" for each in unknown)
        advice = dict.fromkeys(ADVICE[each.kind] for each in unknown if each.kind in ADVICE)
        near = nearest(unknown[0].kind, ROWS) if len(places) == 1 and not advice else ""
        raise SpecError(f"{name}: symbp cannot read {', '.join(places)}{near}{''.join(f'; {each}' for each in advice)}")
    for each in message.operations:
        kinds = {PRECISIONS[result.type] for result in each.results if result.type in PRECISIONS}
        if kinds:
            raise SpecError(f"{name}: {each.kind}{where(each)} computes in {kinds.pop()}")


def where(operation: Operation) -> str:
    """Return the line of an operation as a message says it."""
    return "" if operation.line is None else f" (line {operation.line.number})"


def resolved(known: Mapping[str, tuple[Tensor | None, ...]], value: Argument) -> Any:
    """Return an argument with tensors for the names."""
    if isinstance(value, Reference):
        found = known[value.name]
        if value.at >= len(found) or found[value.at] is None:
            raise SpecError(f"result {value.at} of {value.name} is not read")
        return found[value.at]
    return tuple(resolved(known, each) for each in value) if isinstance(value, tuple) else value


def given(r: Reader) -> dict[str, tuple[Tensor | None, ...]]:
    """Return everything that the model is given, by the names of the export."""
    message = r.message
    parameters = {each.name: each for each in message.parameters}
    found: dict[str, tuple[Tensor | None, ...]] = {}
    own: dict[str, Tensor] = {}
    for at, name in message.parameter_inputs.items():
        if name not in own:
            parameter = parameters[name]
            own[name] = r.parameter(name, parameter.value.values, parameter.trainable)
        found[at] = (own[name],)
    stem = "X" if sum(each.own != TARGET for each in message.inputs) == 1 else ""
    for each in message.inputs:
        alone = each.type.startswith("float")
        source = Source(each.own, Role.INPUT, stem, made_of=(each.own,), alone=alone, logical=each.type == "bool")
        if each.own == TARGET:
            source.name, source.role, source.stem = "Y", Role.TARGET, "Y"
        found[each.name] = (r.numbers(each.value.values, each.dims, source),)
    for constant in message.constants:
        is_target, logical = TARGET in constant.made_of, constant.type == "bool"
        name = "Y" if is_target else "_".join(constant.made_of) or "c"
        role = Role.TARGET if is_target else Role.INPUT if constant.made_of else Role.CONSTANT
        source = Source(name, role, made_of=constant.made_of, alone=False, logical=logical)
        found[constant.name] = (r.numbers(constant.value.values, constant.dims, source),)
    return found


def finished(r: Reader, loss: Tensor) -> Imported:
    """Return the network whose loss is this, without what it does not need."""
    symbol = r.named(loss).symbol
    read = {symbol.name}
    kept: list[Equation] = []
    for equation in reversed(r.equations):
        if equation.name in read:
            kept.append(equation)
            read.update(each.name for each in equation.symbols)
    kept = with_letters(together(kept[::-1]))
    if not kept or kept[-1].lhs != symbol or symbol.shape != (1, 1):
        raise SpecError("the loss must be one number that the model computes")
    kept[-1] = Equation(Variable("loss", 1, 1, Role.LOSS, "loss", max(1, r.layer)), kept[-1].rhs)
    parameters = r.every_parameter()
    groups = {
        what: tuple(each for each in r.given.values() if each.role in roles and each.name in read)
        for what, roles in _GROUPS.items()
    }
    parsed = Parsed(tuple(kept), groups["inputs"], groups["targets"], parameters, max(1, r.layer))
    network = Network.of(parsed)
    network.named, network.from_model = False, True
    network.images = {each: image for each, image in r.images.known.items() if each.name in read}
    network.blocks = tree(network.forward, {name: place.kind for name, place in r.places.items()})
    names = {each.name for each in (*groups["inputs"], *groups["targets"], *parameters)}
    values = {name: array for name, array in r.values.items() if name in names}
    return Imported(network, values, r.laid_out, r.message)


_GROUPS: Mapping[str, Sequence[Role]] = {
    "inputs": (Role.INPUT, Role.MASK, Role.PADDING, Role.CONSTANT, Role.FROZEN),
    "targets": (Role.TARGET,),
}
