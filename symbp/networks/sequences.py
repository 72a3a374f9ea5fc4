"""Two recurrent sequences with attention between them: an encoder over inputs of its own, all states as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sympy import Integer

from symbp.domain import From, takes_fields
from symbp.errors import SpecError
from symbp.limits import MAX_STEPS
from symbp.networks.blocks import Kind
from symbp.networks.builder import OTHER_MASK, Builder, Memory
from symbp.networks.layers import Layer, SequenceLayer, require_units
from symbp.networks.origins import Origin
from symbp.ops.rearrange import rearranged
from symbp.ops.structure import Stack
from symbp.symbols import BATCH, Role, Variable, width


@dataclass(frozen=True)
@takes_fields
class Tokens:
    """The matrices of all steps beside each other, as the tokens of one sequence: n × m for each of T makes n × T·m.

    What stands behind it reads every step at once: ``Dense`` an output a step, attention all of them.
    """

    begins_tokens: ClassVar[bool] = True
    """The layers before it have a column an example."""

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Refuse a single input.

        Raises:
            SpecError: always; it reads a sequence.
        """
        raise SpecError(f"Tokens reads a sequence and {incoming.name} is one matrix: put it behind sequence = true")

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> Variable:
        """Add K, all of them above one another, and T, beside one another."""
        found = side_by_side(builder, incoming)
        builder.columns = found.args[2]
        return found


def side_by_side(builder: Builder, states: Sequence[Variable]) -> Variable:
    """Add matrices of an equal shape as the tokens of one sequence."""
    rows, count = states[0].args[1], len(states)
    with builder.block(Kind.CONCATENATION):
        stacked = builder.define("K", Role.STACKED, Stack(*states), rows * count)
        node = rearranged(stacked, {"t": count, "i": rows}, {"e": BATCH}, ("i",), ("e", "t"))
        tokens = builder.define("T", Role.REARRANGED, node, rows, count * BATCH)
    builder.origins.shares(tokens, 0, states[0])
    builder.origins.brings(tokens, 1, Origin.TOKENS)
    return tokens


@dataclass(frozen=True)
@takes_fields
class SequenceEncoder:
    """Recurrent ``layers`` over a sequence C1 … CS of its own, ``inputs`` × m each, which a decoder behind it reads.

    What comes in goes out unchanged. A recurrent layer with ``carried`` starts from the last state in here (Sutskever
    et al. 2014), and ``CrossAttention`` behind ``Tokens`` reads all states of the last layer (Bahdanau et al. 2015;
    Luong et al. 2015, with the scaled products of Vaswani et al. 2017). That layer returns its sequence.

    Raises:
        SpecError: no layer, or a number of ``inputs`` that is none.
    """

    layers: Sequence[Layer]
    steps: Annotated[int, From(1, MAX_STEPS)]
    inputs: int | None = None

    reads_another: ClassVar[bool] = True
    """Its steps are not those of the sequence that passes through it."""

    def __post_init__(self) -> None:
        if not self.layers:
            raise SpecError("an encoder needs at least one layer")
        if self.inputs is not None:
            require_units(self.inputs)

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layers beside a single input."""
        self._encoded(builder)
        return incoming

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> tuple[Variable, ...]:
        """Add the layers; what they return is what attention reads.

        Raises:
            SpecError: a layer that reads no sequence, or a last one that returns none.
        """
        self._encoded(builder)
        return tuple(incoming)

    def _encoded(self, builder: Builder) -> None:
        rows = width(0) if self.inputs is None else Integer(self.inputs)
        steps = range(1, self.steps + 1)
        out: Variable | tuple[Variable, ...] = tuple(
            builder.input("C", Role.INPUT, rows, BATCH, step=step) for step in steps
        )
        with builder.block(Kind.ENCODER):
            for layer in self.layers:
                if not isinstance(layer, SequenceLayer) or isinstance(out, Variable):
                    raise SpecError("an encoder of a sequence has recurrent layers, each with sequence = true")
                out = layer.build_steps(builder, out)
            if isinstance(out, Variable):
                raise SpecError("the last layer of an encoder returns all its states: give it sequence = true")
            tokens = side_by_side(builder, out)
        builder.remember(Memory(tokens, self.steps, OTHER_MASK))
