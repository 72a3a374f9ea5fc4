"""A derivation as a program that can be measured, with what stands for what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.networks.general import require_number
from symbp.networks.loss_choice import resolve_loss
from symbp.numeric.compiled import generic_functions
from symbp.numeric.definitions import Standins
from symbp.numeric.source import Program, program
from symbp.ops.losses import GenericLoss
from symbp.symbols import Role, counts_examples

WIDTH = 64
"""Units of every layer whose width is left open."""

LOSS = "mse"
"""What stands for a loss left open."""


@dataclass(frozen=True)
class Bench:
    """A derivation as a program; ``assumed`` is what stands for what it leaves open, by what that is."""

    derivation: Derivation
    program: Program
    standins: Standins
    assumed: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, derivation: Derivation) -> Bench:
        """Return a derivation as a program.

        Raises:
            SpecError: an activation is left open, or the number of layers.
        """
        require_number(derivation.network, "an analysis")
        forward = derivation.forward
        if generic_functions(forward):
            raise SpecError('the activation is left open: name one with --activation (activation="tanh" in Python)')
        if not any(variable.role is Role.WEIGHT for variable in derivation.wrt):
            raise SpecError("no weights here, only data: analyze a network that has weights, such as transformer-block")
        is_open = any(isinstance(equation.rhs, GenericLoss) for equation in forward)
        standins = Standins({}, resolve_loss(LOSS, {}) if is_open else None)
        sizes = (size for symbol in forward.given for size in symbol.shape if not counts_examples(size))
        symbolic = any(not size.is_Integer for size in sizes)
        assumed = [("widths", str(WIDTH))] * symbolic + [("loss", LOSS)] * is_open
        made = program(forward, derivation.backward, derivation.wrt, standins)
        return cls(derivation, made, standins, tuple(assumed))
