"""Which numbers a check runs with: sizes, stand-ins for what is left open, and how much it may compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Identity, Integer, OneMatrix, ZeroMatrix

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import ForwardSystem, nodes
from symbp.networks.expressions import resolve_activation
from symbp.networks.loss_choice import resolve_loss
from symbp.numeric.compiled import generic_functions
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import EXAMPLES, Sizes, distinct_sizes, given_sizes
from symbp.numeric.values import Values
from symbp.ops.elementwise import Elementwise, GenericFunction
from symbp.ops.functions import is_analytic
from symbp.ops.literal import Literal
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, GenericLoss
from symbp.symbols import BATCH, Role

ROUNDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("tanh", "sigmoid", "softplus", "sin"), "mse"),
    (("sigmoid", "softplus", "sin", "tanh"), "log_cosh"),
)
"""Stand-ins: activations that cycle through the layers, neighbours different, and a loss."""

UNIT = "sigmoid"
"""What stands for an output activation whose loss needs outputs between 0 and 1."""

DEEP = 200
"""From this many forward equations on the fast check makes one round of stand-ins."""

FEW_EXAMPLES = 2
"""The batch of a deep network with erf, which 50 digits judge at great cost, and of examples of several tokens."""

LARGE = 8
"""Given widths up to this count as small."""


@dataclass(frozen=True)
class Budget:
    """How much one run may compute before it compares along fewer directions.

    Counts of evaluated equations: ``entries`` for every entry, ``directions`` for ``repeats`` random directions a
    parameter. Microseconds of 50-digit arithmetic: ``digits`` for a direction a parameter, ``joint`` for one
    direction through all parameters at once.
    """

    entries: float
    directions: float
    repeats: int
    digits: float
    joint: float


FAST = Budget(entries=8e3, directions=4e4, repeats=1, digits=8e3, joint=1e5)
THOROUGH = Budget(entries=1e6, directions=2e6, repeats=3, digits=3e6, joint=1.5e7)


@dataclass(frozen=True)
class Plan:
    """One run to make."""

    sizes: Sizes
    standins: Standins
    activations: tuple[str, ...]
    loss: str | None
    use_digits: bool
    opened: Derivation | None = None
    """The same network with its widths left open, where the given equations run at the given widths only."""


def plans(derivation: Derivation, thorough: bool) -> list[Plan]:
    """Return the runs of a check: every round of stand-ins at small distinct sizes, and the given sizes once.

    The fast check of a deep network makes one round.
    """
    forward = derivation.forward
    deep_erf = len(forward) > DEEP and not is_analytic_network(forward)
    has_tokens = any(symbol.role is Role.INPUT and symbol.shape[1] != BATCH for symbol in forward.given)
    examples = FEW_EXAMPLES if deep_erf or has_tokens else EXAMPLES
    first, *others = _sizes(derivation, examples)
    rounds = _rounds(forward)
    if not thorough and len(forward) > DEEP:
        rounds = rounds[:1]
    small = [Plan(first, *each, thorough or index == 0) for index, each in enumerate(rounds)]
    opened = _opened(derivation) if not others else None
    if opened is not None:
        small.insert(0, Plan(given_sizes(opened.forward, examples), *rounds[0], thorough, opened))
    return [*small, *(Plan(sizes, *rounds[0], False) for sizes in others)]


def _opened(derivation: Derivation) -> Derivation | None:
    """Return the derivation with open widths, where given ones stand in its equations as numbers; else None.

    A recurrent layer's zero state has the width it is given; all other equations are the same.
    """
    given = given_sizes(derivation.forward)
    if _is_small_and_distinct(given, derivation.forward) or not _names_a_number(derivation):
        return None
    network = derivation.network.opened() if derivation.network is not None else None
    if network is None:
        return None
    wrt = tuple(network.by_name[variable.name] for variable in derivation.wrt)
    return Derivation(network, network.forward, reverse(network.forward, network.loss, wrt), wrt)


def plan_at(derivation: Derivation, at: Values) -> Plan:
    """Return the one run at given numbers, of the sizes they have."""
    shapes = {name: array.shape for group in (at.parameters, at.inputs, at.targets) for name, array in group.items()}
    per_example = [
        int(shapes[symbol.name][1] / (symbol.shape[1] / BATCH))
        for symbol in derivation.forward.given
        if symbol.shape[1].has(BATCH)
    ]
    sizes = Sizes(shapes, per_example[0] if per_example else 1)
    return Plan(sizes, *_rounds(derivation.forward)[0], True)


def is_analytic_network(forward: ForwardSystem) -> bool:
    """Whether the complex step sees all slopes of a network: no erf in it."""
    nodes_ = (equation.rhs for equation in forward if isinstance(equation.rhs, Elementwise | EntrywiseLoss))
    return all(isinstance(node.function, GenericFunction) or is_analytic(node.function) for node in nodes_)


def _sizes(derivation: Derivation, examples: int) -> list[Sizes]:
    """Return small distinct sizes, then the given ones where they are not of that kind."""
    given = given_sizes(derivation.forward, examples)
    if _is_small_and_distinct(given, derivation.forward):
        return [given]
    return [given] if _names_a_number(derivation) else [distinct_sizes(derivation.forward, examples), given]


def _is_small_and_distinct(sizes: Sizes, forward: ForwardSystem) -> bool:
    shapes = [sizes.shapes[symbol.name] for symbol in forward.given if symbol.role is Role.WEIGHT]
    return all(max(shape) <= LARGE and shape[0] != shape[1] for shape in shapes)


def _names_a_number(derivation: Derivation) -> bool:
    """Whether a size is written in an equation, which then runs at that size only."""
    constants = (OneMatrix, ZeroMatrix, Identity, Literal)
    # The zero gradient of what has no influence has no steps; it is a matrix of any size.
    influential = (equation for equation in derivation.backward if equation.steps)
    return any(
        isinstance(node, constants) and any(isinstance(size, Integer) and size > 1 for size in node.shape)
        for equation in (*derivation.forward, *influential)
        for node in nodes(equation.rhs)
    )


def _rounds(forward: ForwardSystem) -> list[tuple[Standins, tuple[str, ...], str | None]]:
    """Return what stands for what is left open, round by round; nothing, once, where nothing is."""
    generic = generic_functions(forward)
    is_open = any(isinstance(equation.rhs, GenericLoss) for equation in forward)
    if not generic and not is_open:
        return [(Standins(), (), None)]
    rounds = []
    for cycle, loss in ROUNDS:
        names = _names(generic, cycle, _unit_outputs(forward))
        functions = dict(zip(generic, map(resolve_activation, names), strict=True))
        standins = Standins(functions, resolve_loss(loss, {}) if is_open else None)
        rounds.append((standins, tuple(dict.fromkeys(names)), loss if is_open else None))
    return rounds


def _names(generic: Sequence[GenericFunction], cycle: Sequence[str], units: set[GenericFunction]) -> list[str]:
    turn = [cycle[index % len(cycle)] for index in range(len(generic))]
    return [UNIT if function in units else name for function, name in zip(generic, turn, strict=True)]


def _unit_outputs(forward: ForwardSystem) -> set[GenericFunction]:
    """Return the open activations whose outputs must lie between 0 and 1."""
    found = set()
    for equation in forward:
        node = equation.rhs
        row = LOSSES.get(node.function.name) if isinstance(node, EntrywiseLoss) else None
        if row is not None and row.unit_outputs and node.args[1].name in forward:
            source = forward[node.args[1].name].rhs
            if isinstance(source, Elementwise) and isinstance(source.function, GenericFunction):
                found.add(source.function)
    return found
