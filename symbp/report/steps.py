"""What a recurrent layer repeats, step by step: its part of both lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.symbols import Variable

ByStep = Mapping[int, Sequence[Equation]]


@dataclass(frozen=True)
class Steps:
    """A layer of ``last`` steps, from 1 on: its equations and its errors by step (0: what it starts from)."""

    layer: int
    last: int
    path: str
    forward: ByStep
    backward: ByStep

    @property
    def kind(self) -> str:
        """The kind of cell that the path ends in: lstm of ``encoder.lstm2``."""
        return self.path.rpartition(".")[2].rstrip("0123456789_")

    @property
    def inner(self) -> int:
        """The step whose errors stand for those of all but the last: one with a later step behind it."""
        return self.last - 1

    def at(self, step: int) -> Sequence[Equation]:
        """Return the forward equations of a step."""
        return self.forward.get(step, ())

    def errors_at(self, step: int) -> Sequence[Equation]:
        """Return the backward equations of a step."""
        return self.backward.get(step, ())


def steps_of(derivation: Derivation) -> dict[int, Steps]:
    """Return what repeats itself step by step, by layer; of one step nothing repeats."""
    ahead: dict[int, dict[int, list[Equation]]] = {}
    for equation in derivation.forward:
        if isinstance(equation.lhs, Variable) and equation.lhs.step is not None and equation.lhs.layer:
            ahead.setdefault(equation.lhs.layer, {}).setdefault(equation.lhs.step, []).append(equation)
    back: dict[int, dict[int, list[Equation]]] = {}
    for equation in derivation.backward:
        of = equation.lhs.of
        if of.step is not None and of.layer in ahead:
            back.setdefault(of.layer, {}).setdefault(of.step, []).append(equation)
    return {
        layer: Steps(layer, max(found), found[max(found)][-1].lhs.path, found, back.get(layer, {}))
        for layer, found in ahead.items()
        if max(found) > 1
    }
