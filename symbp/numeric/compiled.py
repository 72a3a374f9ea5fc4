"""A derivation as a function: ``compile()`` gives loss and gradients for arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from symbp.equations import ForwardSystem, System
from symbp.errors import SpecError
from symbp.networks.expressions import resolve_activation
from symbp.networks.loss_choice import resolve_loss
from symbp.networks.unstacked import unstacked
from symbp.numeric import engines
from symbp.numeric.arguments import Arguments
from symbp.numeric.definitions import Standins
from symbp.numeric.fusion import fused
from symbp.numeric.source import Program, program
from symbp.ops.elementwise import Elementwise, GenericFunction
from symbp.ops.losses import GenericLoss, Loss
from symbp.symbols import Variable


@dataclass(frozen=True)
class Compiled:
    """Loss and gradients of one network as a function of arrays.

    ``source`` is the program it runs: plain NumPy that stands alone. ``arguments`` is what it takes.
    """

    program: Program
    arguments: Arguments

    @property
    def source(self) -> str:
        """The program as text, to read, to save and to run."""
        return self.program.text

    def __call__(
        self,
        parameters: Mapping[str, Any],
        X: Any = None,  # noqa: N803
        Y: Any = None,  # noqa: N803
    ) -> tuple[float, dict[str, Any]]:
        """Return the loss and its gradients, a dict with the keys of ``parameters``.

        ``X`` (n_0 × m) and ``Y`` (n_L × m) hold one example a column, any number of them; a network with
        several inputs or targets takes mappings by name, constants and frozen weights among the inputs. What there is
        none of is left out; a number is a matrix of one entry. The gradients have the precision of the arrays:
        float32 where all are. Integers become float64.

        Raises:
            SpecError: a missing or unknown name, class labels instead of one-hot columns, impossible targets.
            ShapeError: a shape that does not fit; the message names the array, its shape and the right one.
        """
        values, inputs, targets, precision = self.arguments.read(parameters, X, Y)
        loss, gradients = self._function(values, inputs, targets)
        return float(loss), {name: gradient.astype(precision, copy=False) for name, gradient in gradients.items()}

    @cached_property
    def _function(self) -> Any:
        return engines.real().run(self.program)


def compile_systems(
    forward: ForwardSystem,
    backward: System,
    wrt: Sequence[Variable],
    f: str | Sequence[str] | None = None,
    loss: str | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Compiled:
    """Return the two lists as one function; ``f`` and ``loss`` stand for what they leave open.

    ``names`` are those of symbols in its program, by their own.

    Raises:
        SpecError: something is left open and nothing stands for it, or the other way round.
    """
    losses = tuple(equation.rhs for equation in forward if isinstance(equation.rhs, Loss))
    standins = _standins(forward, losses, f, loss)
    without = unstacked(forward, backward)
    lists = fused(without.forward, without.backward, wrt)
    return Compiled(program(*lists, wrt, standins, names), Arguments.of(forward))


def generic_functions(forward: ForwardSystem) -> list[GenericFunction]:
    """Return the activations left open, in the order of the forward list, each once."""
    found = (node.rhs.function for node in forward if isinstance(node.rhs, Elementwise))
    return list(dict.fromkeys(function for function in found if isinstance(function, GenericFunction)))


def _standins(
    forward: ForwardSystem, losses: Sequence[Loss], f: str | Sequence[str] | None, loss: str | None
) -> Standins:
    generic = generic_functions(forward)
    is_open = any(isinstance(node, GenericLoss) for node in losses)
    problems = list(_problems(generic, is_open, f, loss))
    if problems:
        raise SpecError("; ".join(problems))
    names = [f] * len(generic) if isinstance(f, str) else list(f or ())
    functions = {function: resolve_activation(name) for function, name in zip(generic, names, strict=True)}
    return Standins(functions, resolve_loss(loss, {}) if loss is not None else None)


def _problems(
    generic: Sequence[GenericFunction], is_open: bool, f: str | Sequence[str] | None, loss: str | None
) -> Iterator[str]:
    """Yield what is missing or too much among the stand-ins."""
    if generic and f is None:
        yield 'the activations are left open: name one that stands for them, such as compile(f="tanh")'
    if f is not None and not generic:
        yield "the activations are given by the network: leave out f"
    if f is not None and not isinstance(f, str) and generic and len(f) != len(generic):
        yield f"f names {len(f)} activations for {len(generic)} left open: give one for all or one each"
    if is_open and loss is None:
        yield 'the loss is left open: name one that stands for it, such as compile(loss="mse")'
    if loss is not None and not is_open:
        yield "the loss is given by the network: leave out loss"
