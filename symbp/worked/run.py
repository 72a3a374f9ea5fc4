"""Executing a worked example: every intermediate and gradient at the given numbers, and descending from there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sympy import Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.derivation import Derivation
from symbp.errors import ShapeError, SpecError
from symbp.numeric import engines
from symbp.numeric.compiled import Compiled
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.matrices import Writer
from symbp.numeric.source import Program, program
from symbp.numeric.values import Values
from symbp.symbols import BATCH, Variable
from symbp.worked.given import Given, filled


class _ByName(Mapping[MatrixSymbol, str]):
    """The names of a program's variables, looked up by a symbol's name: for one example its shape is another."""

    def __init__(self, names: Mapping[MatrixSymbol, str]) -> None:
        self._names = {symbol.name: name for symbol, name in names.items()}

    def __getitem__(self, symbol: MatrixSymbol) -> str:
        return self._names[symbol.name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Numbers:
    """A value for every symbol of both lists, and for any expression over them."""

    def __init__(self, program: Program, local: Mapping[str, Any], examples: int) -> None:
        import numpy as np

        names = _ByName(program.names)
        self._local = {symbol.name: local[name] for symbol, name in program.names.items() if name in local}
        self._definitions = Definitions(program.names.values(), Standins())
        self.sizes: dict[Symbol, Integer] = {BATCH: Integer(examples)} | {
            size: Integer(number)
            for symbol in program.names
            if symbol.name in self._local
            for size, number in zip(symbol.shape, np.shape(self._local[symbol.name]) or (1, 1), strict=True)
            if isinstance(size, Symbol)
        }
        sizes = {size: str(number) for size, number in self.sizes.items()}
        self._writer = Writer(names, sizes, self._definitions)
        self._scope: dict[str, Any] = {"np": np, "math": math, **local}

    def __getitem__(self, name: str) -> Any:
        """Return the value of a symbol as a matrix."""
        import numpy as np

        return np.atleast_2d(self._local[name])

    def __contains__(self, name: str) -> bool:
        return name in self._local

    def value(self, expr: MatrixExpr) -> Any:
        """Return the value of an expression as a matrix."""
        import numpy as np

        code = self._writer.code(expr)
        for name, number in self._definitions.constants.items():
            self._scope.setdefault(name, float(number))
        for name, source in self._definitions.sources.items():
            if name not in self._scope:
                exec(source, self._scope)
        return np.atleast_2d(eval(code.text, self._scope))

    def number(self, value: Expr) -> float:
        """Return a coefficient as a number."""
        return float(value.xreplace(self.sizes))


@dataclass(frozen=True)
class Worked:
    """A derivation at the numbers of a values file."""

    derivation: Derivation
    given: Given
    compiled: Compiled
    numbers: Numbers

    @classmethod
    def of(cls, derivation: Derivation, given: Given) -> Worked:
        """Execute both passes.

        Raises:
            SpecError: parameters or targets that are missing or impossible, an activation or loss left open.
            ShapeError: arrays that do not fit the network.
        """
        import numpy as np

        whole = filled(given, derivation)
        try:
            compiled = derivation.compile()
            with np.errstate(all="ignore"):
                compiled(whole.parameters, whole.inputs, whole.targets)  # checks names, shapes and targets
        except (SpecError, ShapeError) as error:
            raise type(error)(f"{given.name}: {error}") from None
        inputs = whole.inputs
        if isinstance(inputs, Mapping) and len(inputs) == 1:
            (inputs,) = inputs.values()
        targets = whole.targets
        if isinstance(targets, Mapping) and len(targets) == 1:
            (targets,) = targets.values()
        with np.errstate(all="ignore"):
            # Every symbol has a value in a program of the lists as they are; the compiled one leaves some out.
            full = program(derivation.forward, derivation.backward, derivation.wrt, Standins())
            _, local = engines.real().run(full, traced=True)(whole.parameters, inputs, targets)
            numbers = Numbers(full, local, int(local.get("m", whole.columns)))
        return cls(derivation, whole, compiled, numbers)

    @property
    def values(self) -> Values:
        """The numbers as a check takes them, every array by its name."""
        return Values(
            dict(self.given.parameters), _by_name(self.compiled.program.inputs, self.given.inputs),
            _by_name(self.compiled.program.targets, self.given.targets),
        )  # fmt: skip

    @cached_property
    def result(self) -> tuple[float, dict[str, Any]]:
        """The loss and every gradient."""
        return self.compiled(self.given.parameters, self.given.inputs, self.given.targets)

    @property
    def trained(self) -> tuple[str, ...]:
        """The parameters that a step changes."""
        return tuple(name for name in self.result[1] if name in self.given.parameters and name not in self.given.frozen)

    @cached_property
    def updated(self) -> dict[str, Any]:
        """The parameters after one step of gradient descent."""
        return self._stepped(self.given.parameters, self.result[1])

    @property
    def loss_after(self) -> float:
        """The loss after that step."""
        return self.compiled(self.updated, self.given.inputs, self.given.targets)[0]

    def train(self, steps: int) -> Training:
        """Take ``steps`` steps of gradient descent; stop where the loss is no number any more."""
        import numpy as np

        parameters = dict(self.given.parameters)
        losses: list[float] = []
        with np.errstate(all="ignore"):
            for _ in range(steps + 1):
                loss, gradients = self.compiled(parameters, self.given.inputs, self.given.targets)
                losses.append(loss)
                if not math.isfinite(loss) or len(losses) > steps:
                    break
                parameters = self._stepped(parameters, gradients)
        return Training(tuple(losses), parameters)

    def _stepped(self, parameters: Mapping[str, Any], gradients: Mapping[str, Any]) -> dict[str, Any]:
        rate = self.given.learning_rate
        assert rate is not None
        return {
            name: array - rate * gradients[name] if name in self.trained else array
            for name, array in parameters.items()
        }


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
