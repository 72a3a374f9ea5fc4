"""Recurrent layers of PyTorch, step by step: the gates of a step are blocks of the rows of one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import MatrixExpr, S

from symbp.errors import SpecError
from symbp.networks.importing.layout import Reader
from symbp.networks.importing.table import Result, cat, role, select, stack
from symbp.networks.importing.tensors import Axes, Tensor, count, same
from symbp.nodes import hadamard, matadd, matmul, ones, zeros
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.structure import Rows
from symbp.symbols import Role, Variable

SIGMOID, TANH = activation("sigmoid"), activation("tanh")


class Cell:
    """The weights of one layer in one direction, and a step with them."""

    def __init__(self, r: Reader, kind: str, parameters: Sequence[Tensor], suffix: str = "") -> None:
        self.r, self.kind, self.suffix = r, kind, suffix
        w, u, *biases = parameters
        self.inputs, self.units = w.axes[1], u.axes[1]
        self.w, self.u = (r.settled(role(each, Role.WEIGHT, stem)).symbol for each, stem in ((w, "W"), (u, "U")))
        self.biases = [r.settled(role(each, Role.BIAS, stem)).symbol for each, stem in zip(biases, "bc", strict=False)]
        r.layer += 1

    def step(self, x: Variable, h: Variable, c: Variable | None, step: int | None) -> tuple[Variable, Variable | None]:
        """Return the state after one step, and the memory of an LSTM."""
        self.at = step
        return getattr(self, self.kind)(x, h, c)

    def _define(self, expr: MatrixExpr, stem: str, what: Role) -> Variable:
        return self.r.define(expr, f"{stem}{self.suffix}", what, self.at)

    def _sum(self, *terms: MatrixExpr) -> MatrixExpr:
        return matadd(*terms)

    def _spread(self, biases: Sequence[Variable], like: Variable) -> list[MatrixExpr]:
        return [matmul(each, ones(1, like.shape[1])) for each in biases]

    def _gate(self, z: Variable, place: int, stem: str, function: Any = SIGMOID) -> Variable:
        rows = self.u.shape[1]
        part = self._define(Rows(z, place * rows, rows), f"Z{stem}", Role.PREACTIVATION)
        return self._define(Elementwise(function, part), stem, Role.GATE)

    def plain(self, function: Any, x: Variable, h: Variable) -> tuple[Variable, None]:
        """h_t = f(W·x + U·h + b·1ᵀ + c·1ᵀ)."""
        total = self._sum(matmul(self.w, x), matmul(self.u, h), *self._spread(self.biases, x))
        z = self._define(total, "Z", Role.PREACTIVATION)
        return self._define(Elementwise(function, z), "h", Role.STATE), None

    def rnn_tanh(self, x: Variable, h: Variable, c: None) -> tuple[Variable, None]:
        """With tanh."""
        return self.plain(TANH, x, h)

    def rnn_relu(self, x: Variable, h: Variable, c: None) -> tuple[Variable, None]:
        """With ReLU."""
        return self.plain(activation("relu"), x, h)

    def lstm(self, x: Variable, h: Variable, c: Variable) -> tuple[Variable, Variable]:
        """The gates i, f, g, o stand one above another."""
        total = self._sum(matmul(self.w, x), matmul(self.u, h), *self._spread(self.biases, x))
        z = self._define(total, "Z", Role.PREACTIVATION)
        i, f, g, o = (self._gate(z, place, stem, TANH if stem == "g" else SIGMOID) for place, stem in enumerate("ifgo"))
        memory = self._define(matadd(hadamard(f, c), hadamard(i, g)), "c", Role.STATE)
        out = self._define(Elementwise(TANH, memory), "T", Role.ACTIVATION)
        return self._define(hadamard(o, out), "h", Role.STATE), memory

    def gru(self, x: Variable, h: Variable, c: None) -> tuple[Variable, None]:
        """The gates r, z, n stand one above another; r acts on U·h + c alone."""
        outer = self._define(self._sum(matmul(self.w, x), *self._spread(self.biases[:1], x))
                             if self.biases else matmul(self.w, x), "V", Role.PREACTIVATION)  # fmt: skip
        inner = self._define(self._sum(matmul(self.u, h), *self._spread(self.biases[1:], x))
                             if self.biases else matmul(self.u, h), "Q", Role.PREACTIVATION)  # fmt: skip
        both = self._define(matadd(outer, inner), "Z", Role.PREACTIVATION)
        reset, update = (self._gate(both, place, stem) for place, stem in enumerate("rz"))
        rows = self.u.shape[1]
        new = self._define(Rows(outer, 2 * rows, rows), "Vn", Role.PREACTIVATION)
        old = self._define(Rows(inner, 2 * rows, rows), "Qn", Role.PREACTIVATION)
        z = self._define(matadd(new, hadamard(reset, old)), "Zn", Role.PREACTIVATION)
        n = self._define(Elementwise(TANH, z), "n", Role.GATE)
        rest = matadd(ones(*update.shape), matmul(S.NegativeOne, update))
        return self._define(matadd(hadamard(rest, n), hadamard(update, h)), "h", Role.STATE), None


def recurrent(kind: str) -> Any:
    """Return the row of a layer: ``lstm``, ``gru``, ``rnn_tanh`` or ``rnn_relu``."""

    def layer(
        r: Reader, x: Tensor, hx: Any, params: Sequence[Tensor], has_biases: bool, num_layers: int, dropout: float,
        train: bool, bidirectional: bool, batch_first: bool,
    ) -> Result:  # fmt: skip
        """All layers, both directions."""
        if dropout and train and num_layers > 1:
            raise SpecError("dropout between recurrent layers: call eval()")
        time, ways = (1 if batch_first else 0), 1 + bidirectional
        states = hx if kind == "lstm" else [hx]
        steps = list(_steps(r, x, time))
        each, ends = 4 if has_biases else 2, []
        for number in range(num_layers):
            runs = []
            for way in range(ways):
                at = number * ways + way
                suffix = "" if num_layers * ways == 1 else f"_{number + 1}{'r' * way}"
                cell = Cell(r, kind, params[at * each : (at + 1) * each], suffix)
                first = [select(r, state, 0, at) for state in states]
                runs.append(_run(r, cell, steps, first, bool(way)))
                ends.append(runs[-1][1])
            steps = (
                runs[0][0] if ways == 1 else [_beside(r, pair) for pair in zip(*(run[0] for run in runs), strict=True)]
            )
        out = stack(r, steps, time)
        return (out, *(stack(r, [end[at] for end in ends], 0) for at in range(len(states))))

    return layer


def _beside(r: Reader, tensors: Sequence[Tensor]) -> Tensor:
    return cat(r, list(tensors), -1)


def _steps(r: Reader, x: Tensor, time: int) -> list[Tensor]:
    (axis,) = x.axes[time] or (None,)
    if axis is not None:
        x = r.apart(x, axis)
    return [select(r, x, time, at) for at in range(1 if axis is None else axis.size)]


def _run(
    r: Reader, cell: Cell, steps: Sequence[Tensor], states: Sequence[Tensor], back: bool, counted: bool = True
) -> tuple[list[Tensor], list[Tensor]]:
    """Run a cell over all steps, from the last one on where it goes back."""
    first, _ = same(steps[0], Tensor((cell.inputs,)), -1, 0)
    columns = r.laid(r.named_in(first, first.axes[-1]), first.axes[-1]).columns
    axes = (*steps[0].axes[:-1], cell.units)
    h, *memory = (_state(r, each, cell.units, columns, at) for at, each in enumerate(states))
    c = memory[0] if memory else None
    found = []
    order = range(len(steps) - 1, -1, -1) if back else range(len(steps))
    for number, at in enumerate(order, 1):
        x = r.laid(r.named_in(steps[at], steps[at].axes[-1]), steps[at].axes[-1])
        columns, axes = x.columns, (*steps[at].axes[:-1], cell.units)
        h, c = cell.step(x.symbol, h, c, number if counted else None)
        found.append(Tensor(axes, (h,), cell.units, columns))
    last = [Tensor(axes, (each,), cell.units, columns) for each in (h, c) if each is not None]
    return (found[::-1] if back else found), last


def _state(r: Reader, state: Tensor, units: Axes, columns: Axes, at: int) -> Variable:
    """Return a state before the first step; where it is zero it has an equation, as every other step."""
    numbers = state.values
    if numbers is not None and not numbers.array.any():
        return r.define(zeros_of(units, columns), "hc"[at], Role.STATE, 0)
    laid = r.laid(r.named_in(state, state.axes[-1]), state.axes[-1])
    return laid.symbol


def zeros_of(rows: Axes, columns: Axes) -> MatrixExpr:
    """Return the matrix of zeros over axes."""
    return zeros(count(rows), count(columns))


def cell(kind: str) -> Any:
    """Return the row of a single step: ``lstm`` or ``gru``."""

    def step(r: Reader, x: Tensor, hx: Any, *params: Tensor | None) -> Result | Tensor:
        """One step of a cell."""
        states = hx if isinstance(hx, list | tuple) else [hx]
        made = Cell(r, kind, [each for each in params if each is not None])
        _, last = _run(r, made, [x], states, False, counted=False)
        return tuple(last) if kind == "lstm" else last[0]

    return step
