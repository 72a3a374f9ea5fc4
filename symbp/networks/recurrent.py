"""Recurrent layers, unrolled: the same weights at every step, so that a gradient is a sum over the steps.

The inputs are X1 … XT, n_0×m each; what goes on to the next layer is the last state (``sequence=True``: all of
them, for another recurrent layer). The state starts at zero, or at an input H0 (``initial=True``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from sympy import Expr, MatrixExpr, S

from symbp.domain import From, described, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_STEPS
from symbp.networks.blocks import Kind
from symbp.networks.builder import Builder
from symbp.networks.given import FunctionName
from symbp.networks.layers import activation_of, require_units
from symbp.networks.origins import Origin
from symbp.nodes import hadamard, matadd, matmul, ones, zeros
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.structure import Rows, Stack
from symbp.symbols import Role, Variable


@dataclass(frozen=True)
class _Affine:
    """W·X + U·H + b·1ᵀ with one step's X and H: W is n×n_0, U is n×n, each bias n×1; PyTorch has two, b and bh."""

    w: Variable
    u: Variable
    biases: tuple[Variable, ...]

    @classmethod
    def declared(cls, builder: Builder, gate: str, rows: Expr | int, inputs: Expr | int, biases: int) -> _Affine:
        """Declare the parameters of one gate."""
        w = builder.parameter(f"W{gate}", Role.WEIGHT, rows, inputs)
        builder.origins.brings(w, 0, Origin.UNITS)
        u = builder.parameter(f"U{gate}", Role.WEIGHT, rows, rows)
        return cls(w, u, tuple(_bias(builder, f"{stem}{gate}", rows) for stem in ("b", "bh")[:biases]))

    def of(self, x: Variable, h: Variable) -> MatrixExpr:
        """Return the sum for one step."""
        return matadd(matmul(self.w, x), matmul(self.u, h), *_spread(self.biases, x.args[2]))


def _bias(builder: Builder, stem: str, rows: Expr | int) -> Variable:
    return builder.parameter(stem, Role.BIAS, rows, 1)


def _spread(biases: Sequence[Variable], columns: Expr) -> list[MatrixExpr]:
    return [matmul(bias, ones(1, columns)) for bias in biases]


Steps = Sequence[tuple[int, Variable]]
"""The inputs of a layer with the numbers of their steps, in the order in which it reads them."""


@dataclass(frozen=True)
@takes_fields
class _Recurrent:
    """``units`` None stays symbolic; ``steps`` is the number of inputs X1 … XT.

    ``depth`` layers stand above one another, each reading all states of the one below. A ``bidirectional`` layer is
    two, the second of which reads the sequence from its end (Schuster and Paliwal 1997); its states are [h_t; h′_t] and
    its last one is that of either direction, as PyTorch's h_n. ``two_biases``: the hidden product has its own bias, bh.
    A layer that is ``carried`` starts from the last state of the recurrent layer before it, that of an encoder.
    """

    units: int | None = None
    steps: int = 1
    bias: bool = field(default=True, kw_only=True)
    initial: bool = field(default=False, kw_only=True)
    sequence: bool = field(default=False, kw_only=True)
    bidirectional: bool = field(default=False, kw_only=True)
    depth: Annotated[int, From(1, MAX_STEPS)] = field(default=1, kw_only=True)
    two_biases: bool = field(default=False, kw_only=True)
    carried: bool = field(default=False, kw_only=True)

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.units is not None:
            require_units(self.units)
        if isinstance(self.steps, bool) or not isinstance(self.steps, int) or not 1 <= self.steps <= MAX_STEPS:
            raise SpecError(f"steps is {described(self.steps)}: give a whole number from 1 to {MAX_STEPS:,}")

    def opened(self) -> _Recurrent:
        """Return the same layer with its width left open."""
        return replace(self, units=None)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Refuse a single input.

        Raises:
            SpecError: always; a recurrent layer reads a sequence.
        """
        raise SpecError(
            f"{type(self).__name__} reads a sequence and {incoming.name} is one matrix: "
            "put it first, behind Embedding, or behind a recurrent layer whose sequence is true"
        )

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> Variable | tuple[Variable, ...]:
        """Add the equations of every step; return the last state, or all of them.

        Raises:
            SpecError: a sequence of another length.
        """
        if len(incoming) != self.steps:
            raise SpecError(f"{type(self).__name__} has {self.steps} steps and the sequence before it {len(incoming)}")
        states: Sequence[Variable] = incoming
        for level in range(self.depth):
            ahead = self._direction(builder, list(enumerate(states, 1)))
            if not self.bidirectional:
                states = ahead
                continue
            back = self._direction(builder, list(enumerate(states, 1))[::-1])[::-1]
            ends = level + 1 == self.depth and not self.sequence
            states = self._joined(builder, [(ahead[-1], back[0])] if ends else list(zip(ahead, back, strict=True)))
        return tuple(states) if self.sequence else states[-1]

    def _direction(self, builder: Builder, steps: Steps) -> tuple[Variable, ...]:
        """Add one layer that reads its inputs in this order."""
        layer = builder.next_layer()
        rows = builder.units(self.units)
        with builder.scope(f"{self.kind}{layer}", numbered=False), builder.block(Kind.RECURRENT):
            return self._unrolled(builder, steps, rows)  # It leaves its last state with the builder.

    def _joined(self, builder: Builder, pairs: Sequence[tuple[Variable, Variable]]) -> list[Variable]:
        """Add the states of both directions, one above the other."""
        nodes = [(ahead.step, Stack(ahead, back)) for ahead, back in pairs]
        with builder.scope(f"{self.kind}{builder.layer}", numbered=False), builder.block(Kind.CONCATENATION):
            return [builder.define("k", Role.STACKED, node, node.shape[0], step=step) for step, node in nodes]

    def _unrolled(self, builder: Builder, steps: Steps, rows: Expr | int) -> tuple[Variable, ...]:
        raise NotImplementedError

    @property
    def _biases(self) -> int:
        """How many biases a gate has."""
        return self.bias + (self.bias and self.two_biases)

    def _h0(self, builder: Builder, rows: Expr | int, before: int) -> Variable:
        """Return the state before the first step."""
        if self.carried:
            return self._carried(builder, rows)
        if self.initial:
            return builder.input("H", Role.INPUT, rows, step=before)
        return builder.define("h", Role.STATE, zeros(rows, builder.columns), rows, step=before)

    def _carried(self, builder: Builder, rows: Expr | int) -> Variable:
        """Return the last state of the recurrent layer before.

        Raises:
            SpecError: there is none, or it has another width.
        """
        state = builder.state
        if state is None or state.args[1] != rows:
            found = "there is none" if state is None else f"its state {state.name} has {state.args[1]} rows, not {rows}"
            raise SpecError(f"{type(self).__name__} starts from the recurrent layer before it, and {found}")
        return state


def _before(steps: Steps) -> int:
    """Return the number of the step before the first that is read, in its direction."""
    first, last = steps[0][0], steps[-1][0]
    return first + 1 if first > last else first - 1


@dataclass(frozen=True)
@takes_fields
class RNN(_Recurrent):
    """H_t = f(W·X_t + U·H_{t−1} + b·1ᵀ) (Elman 1990), f a name or an expression in x.

    Parameters ``rnn1.W`` (n×n_0), ``rnn1.U`` (n×n), ``rnn1.b`` (n×1). In torch.nn.RNN W is weight_ih, U is
    weight_hh and b the sum of its two biases.
    """

    activation: FunctionName = "tanh"

    kind = "rnn"
    title = "recurrent network"

    def _unrolled(self, builder: Builder, steps: Steps, rows: Expr | int) -> tuple[Variable, ...]:
        function = activation_of(self.activation, {})
        h = self._h0(builder, rows, _before(steps))
        affine = _Affine.declared(builder, "", rows, steps[0][1].args[1], self._biases)
        states = []
        for step, x in steps:
            with builder.block(Kind.STEP, f"step{step}"):
                z = builder.define("Z", Role.PREACTIVATION, affine.of(x, h), rows, step=step)
                h = builder.define("h", Role.STATE, Elementwise(function, z), rows, step=step)
            states.append(h)
        builder.state = h
        return tuple(states)


SIGMOID, TANH = activation("sigmoid"), activation("tanh")


def _gate(
    builder: Builder, name: str, rhs: MatrixExpr, rows: Expr | int, step: int, function: ScalarFunction = SIGMOID
) -> Variable:
    """Add the pre-activation of a gate and the gate itself."""
    with builder.block(Kind.GATE, name):
        z = builder.define(f"Z{name}", Role.PREACTIVATION, rhs, rows, step=step)
        return builder.define(name, Role.GATE, Elementwise(function, z), rows, step=step)


@dataclass(frozen=True)
@takes_fields
class LSTM(_Recurrent):
    """Long short-term memory with forget gate, as torch.nn.LSTM (Hochreiter and Schmidhuber 1997).

        I = σ(Wi·X + Ui·H + bi)     F = σ(Wf·X + Uf·H + bf)     G = tanh(Wg·X + Ug·H + bg)
        O = σ(Wo·X + Uo·H + bo)     C_t = F ⊙ C_{t−1} + I ⊙ G   H_t = O ⊙ tanh(C_t)

    H and C are those of the step before, bias columns spread over the examples. Gates stand in PyTorch's order
    i, f, g, o: weight_ih is [Wi; Wf; Wg; Wo], weight_hh [Ui; Uf; Ug; Uo], and b the sum of its two biases.
    From step to step goes the stacked state S_t = [H_t; C_t], 2n×m; ``hin3`` and ``cin3`` are its two parts as
    they enter step 3. ``initial=True`` takes inputs H0 and C0. With ``peephole`` the gates i and f see Vi ⊙ C_{t−1} and
    Vf ⊙ C_{t−1} too, and o sees Vo ⊙ C_t (Gers, Schraudolph and Schmidhuber 2002, eqs. 8–10).
    """

    peephole: bool = field(default=False, kw_only=True)

    kind = "lstm"
    title = "LSTM"

    def _unrolled(self, builder: Builder, steps: Steps, rows: Expr | int) -> tuple[Variable, ...]:
        state = self._s0(builder, rows, _before(steps))
        gates = {g: _Affine.declared(builder, g, rows, steps[0][1].args[1], self._biases) for g in "ifgo"}
        seen = "ifo" if self.peephole else ""
        peepholes = {g: builder.parameter(f"V{g}", Role.SCALE, rows, 1) for g in seen}
        states = []
        for step, x in steps:
            with builder.block(Kind.STEP, f"step{step}"):
                h, state = self._step(builder, gates, peepholes, x, state, step)
            states.append(h)
        builder.state = state
        return (*states[:-1], self._last(builder, state, steps[-1][0]))

    def _s0(self, builder: Builder, rows: Expr | int, before: int) -> Variable:
        if self.carried:
            return self._carried(builder, 2 * rows)
        initial: MatrixExpr = zeros(2 * rows, builder.columns)
        if self.initial:
            initial = Stack(self._h0(builder, rows, before), builder.input("C", Role.INPUT, rows, step=before))
        return builder.define("S", Role.STATE, initial, 2 * rows, step=before)

    def _step(
        self,
        builder: Builder,
        gates: Mapping[str, _Affine],
        peepholes: Mapping[str, Variable],
        x: Variable,
        state: Variable,
        step: int,
    ) -> tuple[Variable, Variable]:
        rows = gates["i"].w.args[1]
        h = builder.define("hin", Role.STATE, Rows(state, S.Zero, rows), rows, step=step)
        c = builder.define("cin", Role.STATE, Rows(state, rows, rows), rows, step=step)

        def gate(name: str) -> Variable:
            total = gates[name].of(x, h)
            if name in peepholes:
                total = matadd(*total.args, hadamard(builder.spread(peepholes[name]), cell if name == "o" else c))
            return _gate(builder, name, total, rows, step, TANH if name == "g" else SIGMOID)

        i, f, g = map(gate, "ifg")
        o = None if peepholes else gate("o")
        total = matadd(hadamard(f, c), hadamard(i, g))
        cell = builder.define("c", Role.STATE, total, rows, step=step)
        o = gate("o") if o is None else o
        squashed = builder.define("T", Role.STATE, Elementwise(TANH, cell), rows, step=step)
        hidden = builder.define("h", Role.STATE, hadamard(o, squashed), rows, step=step)
        return hidden, builder.define("S", Role.STATE, Stack(hidden, cell), 2 * rows, step=step)

    @staticmethod
    def _last(builder: Builder, state: Variable, step: int) -> Variable:
        """Return H out of the last state, so that every step's error comes through its state."""
        rows = state.args[1] / 2
        return builder.define("hout", Role.STATE, Rows(state, S.Zero, rows), rows, step=step)


@dataclass(frozen=True)
@takes_fields
class GRU(_Recurrent):
    """Gated recurrent unit as torch.nn.GRU: the reset gate acts after the hidden product (Cho et al. 2014 act before).

        R = σ(Wr·X + Ur·H + br)     Z = σ(Wz·X + Uz·H + bz)
        N = tanh(Wn·X + bn + R ⊙ (Un·H + bhn))     H_t = (1 − Z) ⊙ N + Z ⊙ H

    H is that of the step before, bias columns spread over the examples. PyTorch's order is r, z, n: weight_ih is
    [Wr; Wz; Wn], weight_hh [Ur; Uz; Un]; br and bz are the sums of its two biases, bn and bhn the two of n.
    """

    kind = "gru"
    title = "GRU"

    def _unrolled(self, builder: Builder, steps: Steps, rows: Expr | int) -> tuple[Variable, ...]:
        h = self._h0(builder, rows, _before(steps))
        reset, update, new = (_Affine.declared(builder, g, rows, steps[0][1].args[1], self._biases) for g in "rzn")
        if self.bias and not self.two_biases:
            new = replace(new, biases=(*new.biases, _bias(builder, "bhn", rows)))
        states = []
        for step, x in steps:
            with builder.block(Kind.STEP, f"step{step}"):
                h = self._step(builder, (reset, update, new), x, h, step)
            states.append(h)
        builder.state = h
        return tuple(states)

    @staticmethod
    def _step(
        builder: Builder,
        gates: tuple[_Affine, _Affine, _Affine],
        x: Variable,
        h: Variable,
        step: int,
    ) -> Variable:
        (reset, update, new), rows = gates, gates[0].w.args[1]
        r = _gate(builder, "r", reset.of(x, h), rows, step)
        z = _gate(builder, "z", update.of(x, h), rows, step)
        inner: MatrixExpr = matmul(new.u, h)
        if new.biases:
            inner = matadd(inner, *_spread(new.biases[1:], x.args[2]))
        q = builder.define("Q", Role.STATE, inner, rows, step=step)
        candidate = matadd(matmul(new.w, x), hadamard(r, q), *_spread(new.biases[:1], x.args[2]))
        n = _gate(builder, "n", candidate, rows, step, TANH)
        rest = matadd(ones(rows, builder.columns), matmul(S.NegativeOne, z))
        total = matadd(hadamard(rest, n), hadamard(z, h))
        return builder.define("h", Role.STATE, total, rows, step=step)


CELLS: Mapping[str, type[_Recurrent]] = {cell.kind: cell for cell in (RNN, LSTM, GRU)}
"""Every recurrent layer by the name its matrices carry."""
