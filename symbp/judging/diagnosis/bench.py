"""The backward list with numbers in it, one equation at a time: what a hypothesis costs is what it changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import CodeType
from typing import Any

from sympy import Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.checking.rounding import Arithmetic, Rounded, rounding
from symbp.checking.tolerance import magnitude
from symbp.derivation import Derivation
from symbp.equations import symbols_in
from symbp.judging.diagnosis.printed import Printed, printed
from symbp.numeric import engines
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.engines import Engine
from symbp.numeric.matrices import Writer
from symbp.numeric.source import program
from symbp.numeric.values import Values
from symbp.sample import Sample
from symbp.symbols import BATCH, Adjoint

FREE = Symbol("‹c›", real=True)
"""The number a hypothesis leaves open, fitted to what was given: a learning rate, a factor nobody named."""

FREE_NAME = "free_number"

LOSS = "‹loss›"

Overlay = dict[str, Any]


class Bench:
    """The current model of somebody's backward pass: right sides, and their values on every sample.

    ``adopt`` replaces right sides, ``pin`` replaces a value by theirs; ``evaluate`` tries right sides without
    adopting them and computes nothing but what lies between them and the target. ``reach`` says how far rounding may
    take the same computation in a lower precision.
    """

    def __init__(self, derivation: Derivation, samples: Sequence[Sample]) -> None:
        self.derivation = derivation
        self.samples = tuple(samples)
        self.order = [equation.name for equation in derivation.backward]
        self.place = {name: index for index, name in enumerate(self.order)}
        self.rhs: dict[str, MatrixExpr] = {each.name: each.rhs for each in derivation.backward}
        self.spent = 0
        self._program = program(derivation.forward, derivation.backward, derivation.wrt, Standins())
        self.names: Mapping[MatrixSymbol, str] = self._program.names
        self.variable = {symbol.name: own for symbol, own in self.names.items()}
        self._losses: list[float] = []
        self.values = [self._run(sample) for sample in self.samples]
        self._rounded: dict[tuple[float, int], Overlay] = {}
        self._rounded_model: dict[tuple[float, int], Overlay] = {}
        self._arithmetics: dict[tuple[float, int], Arithmetic] = {}
        self._reaches: dict[tuple[str, int, float, bool], Any] = {}
        self._definitions = Definitions((*self.names.values(), FREE_NAME), Standins())
        self._writer = Writer(self.names, self._sizes(), self._definitions)
        self._codes: dict[str, CodeType] = {}
        self._adopted: set[str] = set()
        self._pinned: dict[str, Sequence[Any]] = {}
        self._rewire()

    def _run(self, sample: Sample) -> dict[str, Any]:
        """Return all values of the right backward pass on one sample, by their names in the program."""
        import numpy as np

        found = self._on(engines.real(), sample, np.float64)
        self._losses.append(float(found[LOSS]))
        return found

    def _on(self, engine: Engine, sample: Sample, convert: Callable[[Any], Any]) -> dict[str, Any]:
        targets = {symbol.name: _target(sample, symbol.name) for symbol in self._program.targets}
        values = Values(dict(sample.parameters), dict(sample.x), targets)
        converted = values.converted(convert).arguments(engine.array)
        (loss, _), local = engine.run(self._program, traced=True)(*converted)
        return {"np": engine.np, "math": math, **local, LOSS: loss}

    def loss(self, sample: int) -> float:
        """Return our loss on one sample."""
        return self._losses[sample]

    def _sizes(self) -> dict[Symbol, str]:
        """Give every symbolic dimension a name and put its number beside the values."""
        found: dict[Symbol, str] = {FREE: FREE_NAME}
        for symbol in self.derivation.forward.given:
            for axis, size in enumerate(symbol.shape):
                base, count = _dimension(size)
                if base is not None and base not in found:
                    found[base] = self._definitions.fresh(f"size_{base}")
                    for values in self.values:
                        values[found[base]] = values[self.names[symbol]].shape[axis] // count
        if BATCH not in found:  # One sequence, an operation alone: where nothing counts examples there is one.
            found[BATCH] = self._definitions.fresh("examples")
            for values in self.values:
                values[found[BATCH]] = 1
        self.dimensions = {base: name for base, name in found.items() if base is not FREE}
        return found

    def dimension(self, size: Expr, sample: int = 0) -> float:
        """Return a dimension, or a number made of dimensions, on one sample."""
        numbers = {base: Integer(self.values[sample][name]) for base, name in self.dimensions.items()}
        return float(size.xreplace(numbers))

    def code(self, expr: MatrixExpr) -> CodeType:
        """Return an expression as code, with whatever functions it calls defined beside the values."""
        text = self._writer.code(expr).text
        for values in self.values:
            self._define(values, engines.real())
        return compile(text, "<hypothesis>", "eval")

    def _define(self, values: Overlay, engine: Engine) -> None:
        """Put the constants and functions that code calls beside values, on their number system."""
        for name, number in self._definitions.constants.items():
            if name not in values:
                values[name] = float(number)
        for name, source in self._definitions.sources.items():
            if name not in values and name == self._definitions.erf:
                values[name] = engine.erf
            elif name not in values:
                exec(source, values)

    def _rewire(self) -> None:
        """Find anew what every value is computed from: ``above`` stops at pinned values, ``reaches`` does not."""
        self._above = self._closure(set(self._pinned))
        self._reached = self._closure(set())
        self._paths: dict[tuple[tuple[str, ...], str], list[str]] = {}

    def _closure(self, closed: set[str]) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for name in self.order:
            parents = [] if name in closed else self._used(name)
            found[name] = frozenset({name}).union(*(found.get(parent, frozenset()) for parent in parents))
        return found

    def _used(self, name: str) -> Iterable[str]:
        return {symbol.name for symbol in symbols_in(self.rhs[name]) if isinstance(symbol, Adjoint)}

    def above(self, name: str) -> frozenset[str]:
        """Return the equations a value is computed from, itself among them."""
        return self._above[name]

    def reaches(self, name: str) -> frozenset[str]:
        """Return the equations above a value, those above a pinned value too."""
        return self._reached[name]

    def value(self, name: str, sample: int = 0) -> Any:
        """Return the value the model has for a matrix."""
        return self.values[sample][self.variable[name]]

    def shape(self, symbol: MatrixSymbol) -> tuple[int, ...]:
        """Return the shape of a matrix on the first sample."""
        return tuple(getattr(self.values[0].get(self.names.get(symbol, "")), "shape", ()))

    def evaluate(self, edits: Mapping[str, CodeType], target: str, sample: int, free: float | None = None) -> Any:
        """Return what the target becomes with other right sides; None where their shapes do not fit."""
        values = self.values[sample]
        found: Overlay = {} if free is None else {FREE_NAME: free}
        path = self._path(tuple(edits), target)
        self.spent += sum(self._work[each] for each in path)
        try:
            for name in path:
                found[self.variable[name]] = eval(edits.get(name) or self._code_of(name), values, found)
        except (ValueError, IndexError, ZeroDivisionError, TypeError):  # TypeError: minus a slope of booleans.
            return None
        return found.get(self.variable[target], values[self.variable[target]])

    @cached_property
    def _work(self) -> dict[str, int]:
        """What an equation costs, in units of a small one, some five microseconds: its entries and its products."""
        found = {}
        for equation in self.derivation.backward:
            entries = math.prod(self.shape(equation.lhs))
            columns = max(1, self.shape(equation.lhs)[-1])
            inner = max([math.prod(self.shape(each)) for each in symbols_in(equation.rhs)], default=0) / columns
            found[equation.name] = 1 + int(entries / 1000 + entries * inner / 50_000)
        return found

    def _path(self, edited: tuple[str, ...], target: str) -> list[str]:
        key = (edited, target)
        if key not in self._paths:
            marks = set(edited)
            inside = [name for name in self.order if name in self._above[target] and self._above[name] & marks]
            self._paths[key] = inside
        return self._paths[key]

    def _code_of(self, name: str) -> CodeType:
        if name not in self._codes:
            self._codes[name] = self.code(self.rhs[name])
        return self._codes[name]

    def adopt(self, edits: Mapping[str, MatrixExpr]) -> None:
        """Make right sides part of the model and compute what follows from them."""
        for name, rhs in edits.items():
            self.rhs[name] = rhs
            self._codes.pop(name, None)
        self._adopted |= set(edits)
        self._follow(set(edits))

    def pin(self, name: str, theirs: Sequence[Any]) -> None:
        """Take their value for one equation and go on from it, as a grader does."""
        self._pinned[name] = theirs
        for values, array in zip(self.values, theirs, strict=True):
            values[self.variable[name]] = array
        self._follow({name})

    def _follow(self, changed: set[str]) -> None:
        self._rewire()
        self._rounded_model.clear()
        self._reaches = {key: reach for key, reach in self._reaches.items() if key[-1]}
        for values in self.values:
            self._recompute(changed, values, engines.real())

    def _recompute(self, changed: set[str], values: Overlay, engine: Engine) -> None:
        for name in self.order:
            if name not in self._pinned and self._above[name] & changed:
                code = self._code_of(name)
                self._define(values, engine)
                try:
                    values[self.variable[name]] = eval(code, values)
                except ValueError:  # It is computed from a matrix of another shape: nothing agrees with it.
                    values[self.variable[name]] = values[self.variable[name]] * math.nan

    def reach(
        self, target: str, sample: int, unit: float, edits: Mapping[str, CodeType] | None = None, right: bool = False
    ) -> Any:
        """Return how far rounding may take each entry of a value that is computed in a precision.

        ``edits`` are right sides that are tried, as in ``evaluate``; ``right`` asks for the derivation as it is in the
        place of the model. Nothing reaches what is pinned.
        """
        key = (target, sample, unit, right)
        if edits or key not in self._reaches:
            found = self._reach(target, sample, unit, edits or {}, right)
            if edits:
                return found
            self._reaches[key] = found
        return self._reaches[key]

    def _reach(self, target: str, sample: int, unit: float, edits: Mapping[str, CodeType], right: bool) -> Any:
        engine = rounding(self._arithmetic(unit, sample))
        if target in self._pinned and not right:
            return 0.0
        values = self._right(unit, sample) if right else self._model(unit, sample)
        last = self.code(self.derivation.backward[target].rhs) if right else edits.get(target) or self._code_of(target)
        self._define(values, engine)
        found: Overlay = {}
        for name in self._path(tuple(edits), target):
            if name != target:
                code = edits.get(name) or self._code_of(name)
                self._define(values, engine)
                found[self.variable[name]] = eval(code, values, found)
        # Examples share their weights: what they add up to is judged by the worst case.
        for name in last.co_names:
            value = found.get(name, values.get(name))
            if isinstance(value, Rounded):
                found[name] = value.worst()
        result = eval(last, values, found)
        return result.reach if isinstance(result, Rounded) else 0.0

    def _right(self, unit: float, sample: int) -> Overlay:
        """Return what ``values`` are of the derivation itself, with their rounding errors."""
        key = (unit, sample)
        if key not in self._rounded:
            sizes = {name: self.values[sample][name] for name in self.dimensions.values()}
            arithmetic, form = self._arithmetic(unit, sample), self.printed[sample]

            def known(array: Any) -> Any:
                """What was printed like the gradients has lost as many digits."""
                if form is None or not form.holds(array):
                    return array
                return Rounded(array, arithmetic.held(form.half(array) / math.sqrt(3)), arithmetic)

            self._rounded[key] = self._on(rounding(arithmetic), self.samples[sample], known) | sizes
        return self._rounded[key]

    def switches(self, sample: int, unit: float) -> bool:
        """Whether rounding may turn a comparison round somewhere in the right pass: a ReLU on or off."""
        self._right(unit, sample)
        return self._arithmetic(unit, sample).switched

    def _arithmetic(self, unit: float, sample: int) -> Arithmetic:
        return self._arithmetics.setdefault((unit, sample), Arithmetic(unit))

    @cached_property
    def printed(self) -> list[Printed | None]:
        """For every sample the format its gradients were printed in; None for numbers as they were computed."""
        return [printed(each.given.values()) for each in self.samples]

    def _model(self, unit: float, sample: int) -> Overlay:
        """Return what ``values`` are, with their rounding errors."""
        key, engine = (unit, sample), rounding(self._arithmetic(unit, sample))
        if not self._adopted and not self._pinned:
            return self._right(unit, sample)
        if key not in self._rounded_model:
            values = self._rounded_model[key] = dict(self._right(unit, sample))
            for name, theirs in self._pinned.items():
                values[self.variable[name]] = engine.array(theirs[sample])
            self._recompute(self._adopted | set(self._pinned), values, engine)
        return self._rounded_model[key]

    @cached_property
    def floors(self) -> dict[str, list[float]]:
        """For every equation and sample: the norm of its last product in absolute values, what rounding grows from."""
        import numpy as np

        found: dict[str, list[float]] = {}
        for equation in self.derivation.backward:
            for values in self.values:
                sizes = {base: Integer(values[name]) for base, name in self.dimensions.items()}
                size = magnitude(
                    equation.rhs,
                    lambda node, values=values: values[self.names[node]],  # type: ignore[misc]
                    values[self.variable[equation.name]],
                    sizes,
                )
                found.setdefault(equation.name, []).append(float(np.linalg.norm(size)))
        return found


def _dimension(size: Expr) -> tuple[Symbol | None, int]:
    """Return the symbol a dimension counts and how many of it there are: m and T of T·m."""
    if isinstance(size, Symbol):
        return size, 1
    count, base = size.as_coeff_Mul()
    return (base, int(count)) if isinstance(base, Symbol) and count.is_Integer else (None, 1)


def _target(sample: Sample, name: str) -> Any:
    return sample.y[name] if isinstance(sample.y, Mapping) else sample.y
