"""analyze(network): the exact account of how large every gradient is, and because of which factor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symbp.analysis.flow import GradientFlow, Row, Use
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.scaled import Scaled, share, total
from symbp.analysis.values import Point
from symbp.analysis.walk import State, Walk, tree
from symbp.calculus.factor import Paths
from symbp.derivation import Derivation, derive
from symbp.equations import ForwardSystem
from symbp.errors import SpecError
from symbp.networks.loss_choice import resolve_loss
from symbp.networks.network import Network
from symbp.numeric import engines
from symbp.numeric.arguments import Arguments
from symbp.numeric.compiled import generic_functions
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import Sizes, given_sizes
from symbp.numeric.source import Program, program
from symbp.numeric.values import TARGETS, Values, target_kinds
from symbp.op import FactorRole
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.functions import ACTIVATIONS
from symbp.ops.losses import GenericLoss, Loss
from symbp.symbols import BATCH, Role, Variable

WIDTH = 64
"""Units of every layer whose width is left open."""

EXAMPLES = 32
"""Examples of a batch that is drawn."""

LOSS = "mse"
"""What stands for a loss left open."""

PLAIN = (-640.0, 640.0)
"""Natural logs between which float64 neither under- nor overflows, with room for the entries of a norm."""

ROUNDING = 64 * 2.0**-52
"""A product whose norm is below this, by what it would be if nothing cancelled, is zero but for rounding."""


def analyze(
    what: Network | Derivation,
    init: str = "xavier",
    seed: int = 0,
    examples: int = EXAMPLES,
    *,
    X: Any = None,  # noqa: N803 - the name of the data everywhere in symbp
    Y: Any = None,  # noqa: N803
    bounds: bool = True,
) -> GradientFlow:
    """Measure every factor of every weight's gradient on the gradient that actually flows through it.

    The parameters are drawn by ``init``, a name from ``initialisations.py`` such as ``normal:1.5`` (entries
    N(0, 1.5²/n_in)), the data from a standard normal distribution unless ``X`` and ``Y`` are given. ``examples``
    is the size of the batch that is drawn. ``bounds=False`` leaves out spectral norms and max|f′|.

    Raises:
        SpecError: an activation left open, an unknown initialisation, data or a forward pass that is not finite.
    """
    chosen = initialisation(init)
    derivation = what if isinstance(what, Derivation) else derive(what)
    bench = _Bench.of(derivation)
    sizes = given_sizes(derivation.forward, _columns(X, Y, examples), (WIDTH,))
    values = _given(bench, _drawn(derivation.forward, sizes, chosen, seed), X, Y)
    return _measured(bench, sizes, values, chosen, seed, bounds)


@dataclass(frozen=True)
class _Bench:
    """A derivation as a program, with what stands for the loss it leaves open."""

    derivation: Derivation
    program: Program
    standins: Standins
    notes: tuple[str, ...]

    @classmethod
    def of(cls, derivation: Derivation) -> _Bench:
        forward = derivation.forward
        if generic_functions(forward):
            raise SpecError('the activation is left open: name one with --activation (activation="tanh" in Python)')
        is_open = any(isinstance(equation.rhs, GenericLoss) for equation in forward)
        standins = Standins({}, resolve_loss(LOSS, {}) if is_open else None)
        symbolic = any(not size.is_Integer for symbol in forward.given for size in symbol.shape if size != BATCH)
        notes = [f"widths left open are {WIDTH}"] * symbolic + [f"the loss left open is {LOSS}"] * is_open
        return cls(derivation, program(forward, derivation.backward, derivation.wrt, standins), standins, tuple(notes))


def _columns(x: Any, y: Any, examples: int) -> int:
    """Return the number of examples: that of the data where there is any."""
    import numpy as np

    if isinstance(examples, bool) or not isinstance(examples, int) or not 1 <= examples <= 1_000_000:
        raise SpecError(f"examples is {examples!r}: give a whole number from 1 to 1,000,000")
    data = x if x is not None else y
    array = next(iter(data.values()), None) if isinstance(data, Mapping) else data
    return int(np.shape(array)[1]) if array is not None and np.ndim(array) == 2 else examples


def _drawn(forward: ForwardSystem, sizes: Sizes, chosen: Chosen, seed: int) -> Values:
    """Draw every given matrix from a generator of its own: its place in the list and the seed say which."""
    import numpy as np

    found = Values({}, {}, {})
    kinds = target_kinds(forward)
    for place, symbol in enumerate(forward.given):
        shape = sizes.shapes[symbol.name]
        if symbol.role is Role.INPUT:
            found.inputs[symbol.name] = np.random.default_rng([seed, place]).normal(size=shape)
        elif symbol.role is Role.MASK:
            # Half of the values dropped, the others doubled.
            found.inputs[symbol.name] = 2.0 * np.random.default_rng([seed, place]).integers(0, 2, shape)
        elif symbol.role in (Role.TARGET, Role.UPSTREAM):
            kind = kinds.get(symbol, "real")
            found.targets[symbol.name] = TARGETS[kind](np.random.default_rng([seed, place]), shape)
        else:
            found.parameters[symbol.name] = chosen.parameter(symbol, shape, [seed, place])
    return found


def _given(bench: _Bench, drawn: Values, x: Any, y: Any) -> Values:
    """Put the user's data in the place of what was drawn, after checking it."""
    import numpy as np

    if x is None and y is None:
        return drawn
    own = replace(drawn, inputs=_named(drawn.inputs, x), targets=_named(drawn.targets, y))
    losses = tuple(equation.rhs for equation in bench.derivation.forward if isinstance(equation.rhs, Loss))
    written = bench.program
    Arguments(written.parameters, written.inputs, written.targets, losses).read(
        own.parameters, own.inputs, own.targets or None
    )
    for name, array in {**own.inputs, **own.targets}.items():
        if not np.isfinite(array).all():
            raise SpecError(f"{name} holds a number that is not finite: give finite data")
    return own


def _named(drawn: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return the user's arrays by name; a single one may come without its name, none stays as drawn."""
    if given is None:
        return drawn
    if isinstance(given, Mapping):
        return dict(given)
    return dict.fromkeys(drawn, given) if len(drawn) == 1 else {"": given}


def _measured(bench: _Bench, sizes: Sizes, values: Values, chosen: Chosen, seed: int, bounds: bool) -> GradientFlow:
    import numpy as np

    derivation = bench.derivation
    engine = engines.real()
    with np.errstate(all="ignore"):
        (_, gradients), local = engine.run(bench.program, traced=True)(*values.arguments(engine.array))
        _require_finite(derivation.forward, bench.program, local)
        point = Point(derivation, bench.program, bench.standins, sizes, local)
        paths = Paths(derivation.backward, derivation.wrt)
        weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
        walk = Walk(paths, point, bounds)
        rows = _rows(walk, weights, gradients)
    return GradientFlow(
        rows=rows,
        gains=tuple(walk.gains),
        init=chosen.about,
        seed=seed,
        widths=_widths(weights, sizes, values),
        examples=sizes.examples,
        activations=_activations(derivation.forward),
        loss=_loss(derivation.forward),
        notes=(*bench.notes, *_silent(derivation.forward, bench.program, local)),
    )


def _require_finite(forward: ForwardSystem, written: Program, local: Mapping[str, Any]) -> None:
    """Stop at the first matrix of the forward pass that overflows."""
    import numpy as np

    for equation in forward:
        overflows = not np.isfinite(local[written.names[equation.lhs]]).all()
        if overflows and equation.lhs.role is not Role.LOSS:  # The squares of a loss may, its gradient need not.
            raise SpecError(
                f"the forward pass overflows in layer {equation.lhs.layer}, at {equation.name}: "
                "give a smaller initialisation, such as normal:1.0, or fewer layers"
            )


def _silent(forward: ForwardSystem, written: Program, local: Mapping[str, Any]) -> list[str]:
    """Say which matrix of the forward pass is the first that is all zero: dead units, or a signal that underflowed."""
    zeros = (
        each.name for each in forward if each.lhs.role is not Role.LOSS and not local[written.names[each.lhs]].any()
    )
    return [f"{name} is zero for every example" for name in zeros][:1]


def _rows(walk: Walk, weights: Iterable[Variable], gradients: Mapping[str, Any]) -> tuple[Row, ...]:
    """Walk the products of all weights; one row a weight, in the order of the forward list."""
    wanted = list(weights)
    products = [(variable, product) for variable in wanted for product in walk.paths.products(variable)]
    uses = {variable: len(walk.paths.products(variable)) for variable in wanted}
    rows: dict[Variable, Row] = {v: _row(v, [], gradients[v.name]) for v in wanted if not uses[v]}
    waiting: dict[Variable, list[State]] = {}
    for variable, state in walk.ends(tree(products)):
        waiting.setdefault(variable, []).append(state)
        if len(waiting[variable]) == uses[variable]:
            rows[variable] = _row(variable, waiting.pop(variable), gradients[variable.name])
    return tuple(rows[variable] for variable in wanted)


def _row(variable: Variable, states: list[State], gradient: Any) -> Row:
    """Return the account of one weight from the contributions of its uses."""
    parts = [state.direction for state in states if state.direction is not None]
    whole = total(parts) if parts else Scaled.of(gradient)
    found = [Use(_logs(state), part.log, _share(part, whole)) for state, part in zip(states, parts, strict=True)]
    low = min((state.low for state in states), default=0.0)
    high = max((state.high for state in states), default=0.0)
    is_plain = (PLAIN[0] < low or whole.log == -math.inf) and high < PLAIN[1]
    compiled = Scaled.of(gradient) if is_plain else None
    return Row(
        variable.name,
        variable.layer,
        gradient.size,
        whole.log,
        tuple(found),
        None if compiled is None else compiled.log if compiled.is_finite else math.nan,
        any(state.noise * ROUNDING > 1 for state in states),
    )


def _logs(state: State) -> dict[FactorRole, float]:
    return {role: high for role, (high, _) in state.logs.items()}


def _share(part: Scaled, whole: Scaled) -> float:
    return share(part, whole) if whole.norm else 0.0


def _widths(weights: Iterable[Variable], sizes: Sizes, values: Values) -> tuple[int, ...]:
    first = [sizes.shapes[name][0] for name in values.inputs]
    return (*first, *(sizes.shapes[variable.name][0] for variable in weights))


def _activations(forward: ForwardSystem) -> tuple[str, ...]:
    """Return the names of the hidden activations; those of the output where it has the only one."""
    functions = [equation.rhs.function for equation in forward if isinstance(equation.rhs, Elementwise)]
    last = {equation.lhs for equation in forward[-2:-1]}
    hidden = [each.rhs.function for each in forward if isinstance(each.rhs, Elementwise) and each.lhs not in last]
    return tuple(dict.fromkeys(_label(function) for function in hidden or functions))


def _label(function: ScalarFunction) -> str:
    return function.name if function.name in ACTIVATIONS else f"{function.name}(x) = {function.expr}"


def _loss(forward: ForwardSystem) -> str:
    nodes = [equation.rhs for equation in forward if isinstance(equation.rhs, Loss)]
    names = [LOSS if isinstance(node, GenericLoss) else node.name for node in nodes]
    return " + ".join(dict.fromkeys(names)) if names else "the last equation"
