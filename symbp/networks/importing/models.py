"""Networks of models: a module of PyTorch that a Python file returns, or an ONNX file; each with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.networks.importing import child, process
from symbp.networks.importing.message import Message
from symbp.networks.importing.module import Module
from symbp.networks.importing.reader import Imported, imported
from symbp.networks.network import Network
from symbp.networks.places import Model
from symbp.sample import Axes, Remark, Sample
from symbp.symbols import Role


def of_torch(
    model: Model,
    *,
    python: str | None = None,
    inputs: Sequence[Sequence[int]] | None = None,
    loss: str | None = None,
) -> Network:
    """Return the network of a module that a Python file returns, with its numbers as ``sample``.

    Raises:
        SpecError: it cannot be run or read, or does what has no formula; the message begins with the file.
        NoModelError: what the name stands for is no model.
    """
    request = {
        "source": str(model.path.resolve()),
        "function": model.function,
        "inputs": None if inputs is None else [list(shape) for shape in inputs],
        "loss": loss,
    }
    return of_message(process.answer(process.TORCH, request, model.name, python=python), model.path.name)


def of_module(module: Module, inputs: Any, target: Any = None, loss: Any = None) -> Network:
    """Return the network of a module of this process, which is copied first, with its numbers as ``sample``.

    Raises:
        SpecError: no inputs, or it does what has no formula.
    """
    name = type(module).__name__
    if inputs is None:
        raise SpecError(f"{name}: give the module with its inputs, as in derive(module, x, y, 'mse_loss')")
    try:
        return of_message(child.document(module, inputs, target, loss), name)
    except child.RefusedError as error:
        line = f" (line {error.line['number']})" if error.line else ""
        raise SpecError(f"{name}{line}: {error}") from None


def of_onnx(place: Path, *, loss: str | None = None) -> Network:
    """Return the network of an ONNX file, with its numbers as ``sample``: drawn inputs, and no gradients.

    Raises:
        SpecError: no such file, the loss is missing, or what in it has no formula.
    """
    if not place.is_file():
        raise SpecError(f"{place}: no such file")
    request = {"source": str(place.resolve()), "loss": loss}
    return of_message(process.answer(process.ONNX, request, place.name), place.name)


def of_message(answer: Any, name: str) -> Network:
    """Return the network that an answer describes.

    Raises:
        SpecError: it is no answer, or has operations that symbp does not know.
    """
    try:
        found = imported(Message.of_data(answer), name)
        found.network.sample = sample_of(found)
    except SpecError:
        raise
    except (LookupError, ArithmeticError, AttributeError, AssertionError, TypeError, ValueError) as error:
        # The schema holds fields, not what they mean together; anybody could have written them.
        raise SpecError(f"{name}: the export does not hang together, or symbp cannot follow it") from error
    return found.network


def sample_of(found: Imported) -> Sample:
    """Return the numbers of a model at its example, and its own gradients, as matrices."""
    message, network, values = found.message, found.network, found.values
    axes = found.axes
    given = {
        key: _matrix(message.gradients[of.name].values, of, values[key].shape)
        for key, of in axes.items()
        if of.name in message.gradients
    }
    trained = {each.name for each in network.parameters}
    targets = {each.name: values[each.name] for each in network.forward.given if each.role is Role.TARGET}
    inputs = {name: array for name, array in values.items() if name not in trained and name not in targets}
    return Sample(
        {name: values[name] for name in trained},
        inputs,
        next(iter(targets.values()), None) if len(targets) < 2 else targets,
        {key: array for key, array in given.items() if key in trained},
        message.loss,
        axes={key: of for key, of in axes.items() if key in trained},
        remarks=tuple(Remark(each.what, each.where, each.line or 0) for each in message.hints),
    )


def _matrix(array: Any, of: Axes, shape: tuple[int, ...]) -> Any:
    """Return a gradient of the model as our matrix."""
    return array.transpose(of.order).reshape(shape)
