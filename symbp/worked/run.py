"""A derivation at given numbers: every intermediate and gradient, one step of gradient descent, training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import ShapeError, SpecError
from symbp.networks.general import require_number
from symbp.numeric import engines
from symbp.numeric.compiled import Compiled
from symbp.numeric.data import json_data
from symbp.numeric.definitions import Standins
from symbp.numeric.source import Program, program
from symbp.numeric.values import Values
from symbp.symbols import Variable, adjoint_name
from symbp.worked.given import Given, filled
from symbp.worked.numbers import Numbers, decimals, exact, floats


@dataclass(frozen=True)
class Worked:
    """A derivation at the numbers of a values file: ``numbers`` has every value of its lists as they are read."""

    derivation: Derivation
    given: Given
    compiled: Compiled
    program: Program
    local: Mapping[str, Any]
    numbers: Numbers

    @classmethod
    def of(cls, derivation: Derivation, given: Given) -> Worked:
        """Execute both passes.

        Raises:
            SpecError: parameters or targets that are missing or impossible, an activation or loss left open, several
                examples for a derivation of one.
            ShapeError: arrays that do not fit the network.
        """
        import numpy as np

        require_number(derivation.network, "a page with numbers")
        whole = filled(given, derivation)
        try:
            compiled = derivation.compile()
            with np.errstate(all="ignore"):
                compiled(whole.parameters, whole.inputs, whole.targets)  # checks names, shapes and targets
        except (SpecError, ShapeError) as error:
            raise type(error)(f"{given.name}: {error}") from None
        read = derivation.readable
        columns = read.tokens or (0 if derivation.batch else 1)
        if columns and whole.columns != columns:
            what = "one sequence is shown" if read.tokens else "the network is that of one example"
            raise SpecError(f"{given.name}: X has {whole.columns} columns, and {what}: give {columns}")
        # Every symbol has a value in a program of the lists as they are read; the compiled one leaves some out.
        full = program(read.forward, read.backward, read.wrt, Standins())
        local = _executed(full, {name: exact(array) for name, array in whole.parameters.items()}, whole)
        numbers = Numbers(full, local, int(local.get("m", whole.columns)))
        return cls(derivation, whole, compiled, full, local, numbers)

    @property
    def values(self) -> Values:
        """The numbers as a check takes them, every array by its name."""
        return Values(
            dict(self.given.parameters), _by_name(self.compiled.program.inputs, self.given.inputs),
            _by_name(self.compiled.program.targets, self.given.targets),
        )  # fmt: skip

    @property
    def loss(self) -> Decimal:
        """The loss."""
        found: Decimal = self.numbers[self.program.forward[-1].lhs.name][0, 0]
        return found

    @cached_property
    def gradients(self) -> dict[str, Any]:
        """Every gradient, a matrix of ``Decimal``."""
        return {each.name: self.numbers[adjoint_name(each)] for each in self.program.wrt}

    @property
    def trained(self) -> tuple[str, ...]:
        """The parameters that a step changes."""
        return tuple(each for each in self.gradients if each in self.given.parameters and each not in self.given.frozen)

    @cached_property
    def _stepped(self) -> dict[str, Any]:
        """The parameters after one step of gradient descent, with many digits."""
        rate = exact(_array(self.given.learning_rate))
        return {
            symbol.name: self.local[name]
            - rate * self.local[self.program.names[self.program.backward[adjoint_name(symbol)].lhs]]
            if symbol.name in self.trained
            else self.local[name]
            for symbol, name in self.program.names.items()
            if symbol.name in self.given.parameters
        }

    @cached_property
    def updated(self) -> dict[str, Any]:
        """The parameters after one step of gradient descent, matrices of ``Decimal``."""
        return {name: decimals(array) for name, array in self._stepped.items()}

    @cached_property
    def loss_after(self) -> Decimal:
        """The loss after that step."""
        local = _executed(self.program, self._stepped, self.given)
        found: Decimal = decimals(local[self.program.names[self.program.forward[-1].lhs]])[0, 0]
        return found

    def train(self, steps: int) -> Training:
        """Take ``steps`` steps of gradient descent; stop where the loss is no number any more."""
        import numpy as np

        rate = self.given.learning_rate
        assert rate is not None
        parameters = dict(self.given.parameters)
        losses: list[float] = []
        with np.errstate(all="ignore"):
            for _ in range(steps + 1):
                loss, gradients = self.compiled(parameters, self.given.inputs, self.given.targets)
                losses.append(loss)
                if not math.isfinite(loss) or len(losses) > steps:
                    break
                parameters |= {name: parameters[name] - rate * gradients[name] for name in self.trained}
        return Training(tuple(losses), parameters)

    def to_dict(self, training: Training | None = None) -> dict[str, Any]:
        """Return every number, as JSON data."""
        names = [equation.name for equation in self.program.forward][:-1]
        found: dict[str, Any] = {
            "loss": float(self.loss),
            "learning_rate": self.given.learning_rate,
            "frozen": list(self.given.frozen),
            "parameters": {name: array.tolist() for name, array in self.given.parameters.items()},
            "forward": {name: floats(self.numbers[name]) for name in names},
            "backward": {each.name: floats(self.numbers[each.name]) for each in self.program.backward},
            "gradients": {name: floats(array) for name, array in self.gradients.items()},
        }
        if self.given.learning_rate is not None:
            found["updated"] = {name: floats(array) for name, array in self.updated.items()}
            found["loss_after"] = float(self.loss_after)
        if training is not None:
            trained = {name: array.tolist() for name, array in training.parameters.items()}
            found["training"] = {"losses": training.losses, "parameters": trained}
        result: dict[str, Any] = json_data(found)
        return result


def _array(number: float | None) -> Any:
    import numpy as np

    return np.array([[number]])


def _executed(full: Program, parameters: Mapping[str, Any], given: Given) -> Mapping[str, Any]:
    """Run a program with many digits and return all that it has computed, by the names there."""
    groups = [
        {name: exact(array) for name, array in _by_name(variables, arrays).items()}
        for variables, arrays in ((full.inputs, given.inputs), (full.targets, given.targets))
    ]
    x, y = (group if len(group) != 1 else next(iter(group.values())) for group in groups)
    _, local = engines.digits().run(full, traced=True)(parameters, x, y)
    found: Mapping[str, Any] = local
    return found


def _by_name(variables: Sequence[Variable], given: Any) -> dict[str, Any]:
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    return {variables[0].name: given}


@dataclass(frozen=True)
class Training:
    """The loss before every step and after the last one, and the parameters after it."""

    losses: tuple[float, ...]
    parameters: dict[str, Any]

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses) - 1

    @property
    def shown(self) -> list[int]:
        """The steps a table shows: the first few, then 1, 2, 5 times each power of ten, and the last."""
        marks = [0, *(number * 10**power for power in range(6) for number in (1, 2, 5))]
        return [*(each for each in marks if each < self.steps), self.steps]
